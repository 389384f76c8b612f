//! Enumerations that accept unknown values.

use std::fmt;
use std::ops::Deref;

use crate::wire::model::{Token, Unfit};

/// An enumeration whose unknown values are kept as text.
///
/// Services add values without notice, and a client that refused them would lose the whole response. Known values are
/// decoded without allocating.
pub trait OpenEnum: Sized {
    /// Integers that the service sends for some values instead of their names, with those names.
    const CODES: &'static [(i64, &'static str)] = &[];

    /// The variant for this wire value, if it is known.
    fn from_known(value: &str) -> Option<Self>;
    /// Keeps a value that is not known.
    fn from_unknown(value: UnknownValue) -> Self;
    /// The value as it stands on the wire.
    fn as_str(&self) -> &str;

    /// The variant for this wire value, known or not.
    fn from_wire(value: &str) -> Self {
        Self::from_known(value).unwrap_or_else(|| Self::from_unknown(value.into()))
    }

    /// The variant for this integer: the one with this code, or otherwise the one for its digits.
    fn from_code(code: i64) -> Self {
        let coded = Self::CODES.iter().find(|(known, _)| *known == code);
        coded.map_or_else(
            || Self::from_wire(&code.to_string()),
            |(_, value)| Self::from_wire(value),
        )
    }
}

/// A value of an enumeration that this version does not know, as it stands on the wire.
///
/// ```
/// use security_api_transport::open_enum::UnknownValue;
///
/// let value = UnknownValue::from("HAIKU");
/// assert_eq!(&*value, "HAIKU");
/// ```
// One pointer: records have many enumerations, and are moved with all of them.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct UnknownValue(Box<Box<str>>);

impl Deref for UnknownValue {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for UnknownValue {
    fn from(value: &str) -> Self {
        Self(Box::new(value.into()))
    }
}

impl fmt::Debug for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

/// Reads a value, known or not; the body of an open enumeration's `Scalar::read`.
///
/// # Errors
/// If it is neither a text nor an integer.
#[doc(hidden)]
#[inline]
pub fn read<T: OpenEnum>(token: Token<'_>) -> Result<T, Unfit> {
    match token {
        Token::Text(text) => Ok(T::from_wire(text)),
        other => coded(other),
    }
}

#[inline(never)]
fn coded<T: OpenEnum>(token: Token<'_>) -> Result<T, Unfit> {
    match token {
        Token::Integer(code) => Ok(T::from_code(code)),
        Token::Unsigned(code) => Ok(T::from_wire(&code.to_string())),
        _ => Err(Unfit),
    }
}

/// Declares an open enumeration: each variant with its value on the wire, then the integers that stand for values. One
/// whose values are integers on the wire says their type; a variant may have several, of which the first is sent.
///
/// ```
/// use security_api_transport::open_enum;
///
/// open_enum! {
///     /// A traffic light.
///     pub enum Light {
///         /// Stop.
///         Red = "RED",
///         Green = "GREEN",
///     }
///     codes { 0 = "RED", 1 = "GREEN" }
/// }
///
/// assert_eq!(Light::from("GREEN"), Light::Green);
/// assert_eq!(serde_json::from_str::<Light>("0").unwrap(), Light::Red);
/// assert_eq!(Light::from("BLUE").to_string(), "BLUE");
///
/// open_enum! {
///     /// Whether a lamp is on.
///     pub enum Lamp: i32 {
///         On = 1,
///         Off = 2 | 0,
///     }
/// }
///
/// assert_eq!(serde_json::from_str::<Lamp>("0").unwrap(), Lamp::Off);
/// assert_eq!(serde_json::to_string(&Lamp::Off).unwrap(), "2");
/// assert_eq!(i32::from(Lamp::from(7)), 7);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! open_enum {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident { $($(#[$note:meta])* $variant:ident = $wire:literal,)* }
        $(codes { $($code:literal = $value:literal),* $(,)? })?
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("`", $wire, "`")]
                ///
                $(#[$note])*
                $variant,
            )*
            /// A value that this version does not know, as it stands on the wire.
            Unrecognized($crate::open_enum::UnknownValue),
        }

        impl $crate::open_enum::OpenEnum for $name {
            $(const CODES: &'static [(i64, &'static str)] = &[$(($code, $value)),*];)?

            #[inline]
            fn from_known(value: &str) -> Option<Self> {
                match value {
                    $($wire => Some(Self::$variant),)*
                    _ => None,
                }
            }

            #[inline]
            fn from_unknown(value: $crate::open_enum::UnknownValue) -> Self {
                Self::Unrecognized(value)
            }

            #[inline]
            fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)*
                    Self::Unrecognized(value) => value,
                }
            }
        }

        $crate::__open_enum!($name);
    };
    (
        $(#[$attribute:meta])*
        pub enum $name:ident: $number:ident {
            $($(#[$note:meta])* $variant:ident = $code:literal $(| $other:literal)*,)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("`", $code, "`" $(, ", or `", $other, "`")*)]
                ///
                $(#[$note])*
                $variant,
            )*
            /// A number that this version does not know.
            Unrecognized($number),
        }

        impl ::std::convert::From<$number> for $name {
            #[inline]
            fn from(code: $number) -> Self {
                match code {
                    $($code $(| $other)* => Self::$variant,)*
                    other => Self::Unrecognized(other),
                }
            }
        }

        impl ::std::convert::From<$name> for $number {
            #[inline]
            fn from(value: $name) -> Self {
                match value {
                    $($name::$variant => $code,)*
                    $name::Unrecognized(code) => code,
                }
            }
        }

        $crate::__numbered_enum!($name: $number);
    };
}

/// Implements what every open enumeration of numbers has in addition to its conversions: `Display`, `Serialize` and
/// `Deserialize`. All of them are those of the number.
#[macro_export]
#[doc(hidden)]
macro_rules! __numbered_enum {
    ($name:ident: $number:ident) => {
        impl ::std::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&$number::from(*self), f)
            }
        }
        impl $crate::model::Shaped for $name {
            #[inline]
            fn shape(&self) -> $crate::model::Shape<'_> {
                $crate::model::Shape::Integer($number::from(*self).into())
            }
        }
        $crate::__scalar!($name);
        impl $crate::model::Scalar for $name {
            const EXPECTED: &'static str = <$number as $crate::model::Scalar>::EXPECTED;

            #[inline]
            fn blank() -> Self {
                <$number as $crate::model::Scalar>::blank().into()
            }

            #[inline]
            fn read(
                token: $crate::model::Token<'_>,
            ) -> ::std::result::Result<Self, $crate::model::Unfit> {
                <$number as $crate::model::Scalar>::read(token).map(Self::from)
            }
        }
        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                $crate::__private::serde::Serialize::serialize(&$number::from(*self), serializer)
            }
        }
    };
}

/// Implements what every open enumeration has in addition to [`OpenEnum`]: `Display`, `From<&str>`, `From<String>`,
/// `AsRef<str>`, `Serialize` and `Deserialize`.
#[macro_export]
#[doc(hidden)]
macro_rules! __open_enum {
    ($($name:ident),* $(,)?) => {$(
        impl ::std::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad($crate::open_enum::OpenEnum::as_str(self))
            }
        }
        impl ::std::convert::AsRef<str> for $name {
            #[inline]
            fn as_ref(&self) -> &str {
                $crate::open_enum::OpenEnum::as_str(self)
            }
        }
        impl ::std::convert::From<&str> for $name {
            #[inline]
            fn from(value: &str) -> Self {
                $crate::open_enum::OpenEnum::from_wire(value)
            }
        }
        impl ::std::convert::From<::std::string::String> for $name {
            #[inline]
            fn from(value: ::std::string::String) -> Self {
                $crate::open_enum::OpenEnum::from_wire(&value)
            }
        }
        impl $crate::model::Shaped for $name {
            #[inline]
            fn shape(&self) -> $crate::model::Shape<'_> {
                $crate::model::Shape::Text($crate::open_enum::OpenEnum::as_str(self).into())
            }
        }
        $crate::__scalar!($name);
        impl $crate::model::Scalar for $name {
            const EXPECTED: &'static str = "a string or an integer";

            #[inline]
            fn blank() -> Self {
                $crate::open_enum::OpenEnum::from_unknown(::std::default::Default::default())
            }

            #[inline]
            fn read(
                token: $crate::model::Token<'_>,
            ) -> ::std::result::Result<Self, $crate::model::Unfit> {
                $crate::open_enum::read(token)
            }
        }
        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::open_enum::OpenEnum::as_str(self))
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    enum Light {
        Red,
        Unrecognized(UnknownValue),
    }

    impl OpenEnum for Light {
        const CODES: &'static [(i64, &'static str)] = &[(0, "RED"), (1, "GREEN")];

        fn from_known(value: &str) -> Option<Self> {
            match value {
                "RED" => Some(Self::Red),
                _ => None,
            }
        }
        fn from_unknown(value: UnknownValue) -> Self {
            Self::Unrecognized(value)
        }
        fn as_str(&self) -> &str {
            match self {
                Self::Red => "RED",
                Self::Unrecognized(value) => value,
            }
        }
    }

    __open_enum!(Light);

    #[test]
    fn known_unknown_and_numeric_values_survive_a_round_trip() {
        for (json, value, back) in [
            (r#""RED""#, Light::Red, r#""RED""#),
            (r#""BLUE""#, Light::Unrecognized("BLUE".into()), r#""BLUE""#),
            ("0", Light::Red, r#""RED""#),
            ("1", Light::Unrecognized("GREEN".into()), r#""GREEN""#),
            ("7", Light::Unrecognized("7".into()), r#""7""#),
            ("-7", Light::Unrecognized("-7".into()), r#""-7""#),
            (
                "18446744073709551615",
                Light::Unrecognized("18446744073709551615".into()),
                r#""18446744073709551615""#,
            ),
        ] {
            let read: Light = serde_json::from_str(json).unwrap();
            assert_eq!(read, value);
            assert_eq!(serde_json::to_string(&read).unwrap(), back);
        }
    }

    #[test]
    fn an_optional_value_is_two_words_wide() {
        assert_eq!(size_of::<Option<Light>>(), 2 * size_of::<usize>());
    }

    #[test]
    fn other_kinds_are_refused() {
        assert!(serde_json::from_str::<Light>("{}").is_err());
    }
}
