//! Values that are one text, number or truth value in JSON.

use super::slot::{Token, Unfit};
use crate::wire::BEYOND_64_BITS;
use crate::wire::secret::Secret;

/// A value that is one text, number or truth value in JSON.
///
/// ```
/// use security_api_transport::model::{Scalar, Token, Unfit};
///
/// #[derive(Debug, PartialEq)]
/// struct Percent(u8);
///
/// impl Scalar for Percent {
///     const EXPECTED: &'static str = "a number from 0 to 100";
///
///     fn blank() -> Self {
///         Self(0)
///     }
///
///     fn read(token: Token<'_>) -> Result<Self, Unfit> {
///         match u8::read(token)? {
///             number @ 0..=100 => Ok(Self(number)),
///             _ => Err(Unfit),
///         }
///     }
/// }
///
/// security_api_transport::__scalar!(Percent);
///
/// assert_eq!(serde_json::from_str::<Percent>("\"7\"").unwrap(), Percent(7));
/// assert!(serde_json::from_str::<Percent>("101").is_err());
/// ```
pub trait Scalar: Sized {
    /// What it is, for error messages.
    const EXPECTED: &'static str;

    /// The value a list or map holds until the element is read.
    fn blank() -> Self;

    /// Makes the value.
    ///
    /// # Errors
    /// If it cannot be made from this.
    fn read(token: Token<'_>) -> Result<Self, Unfit>;

    /// Makes the value of an optional member, which may be `None` for more than `null`.
    ///
    /// # Errors
    /// If it cannot be made from this.
    #[inline]
    fn read_optional(token: Token<'_>) -> Result<Option<Self>, Unfit> {
        Self::read(token).map(Some)
    }
}

/// Implements [`Slot`] for types that have [`Scalar`], and `Deserialize` for those outside of this crate's prelude.
#[macro_export]
#[doc(hidden)]
macro_rules! __scalar {
    ($($name:ty),* $(,)?) => {$(
        $crate::__scalar_slot!($name);
        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::model::deserialize(deserializer)
            }
        }
    )*};
}

/// Implements [`Slot`] for types that have [`Scalar`].
#[macro_export]
#[doc(hidden)]
macro_rules! __scalar_slot {
    ($($name:ty),* $(,)?) => {$(
        impl $crate::model::Slot for $name {
            fn text(&mut self, text: &str) -> ::std::result::Result<(), $crate::model::Unfit> {
                *self = $crate::model::Scalar::read($crate::model::Token::Text(text))?;
                ::std::result::Result::Ok(())
            }

            fn put(
                &mut self,
                token: $crate::model::Token<'_>,
            ) -> ::std::result::Result<(), $crate::model::Unfit> {
                *self = $crate::model::Scalar::read(token)?;
                ::std::result::Result::Ok(())
            }

            fn open(&mut self) -> $crate::model::Inside<'_> {
                $crate::model::Inside::Nothing(<Self as $crate::model::Scalar>::EXPECTED)
            }

            #[inline]
            fn blank() -> Self {
                $crate::model::Scalar::blank()
            }

            #[inline]
            fn read(
                token: $crate::model::Token<'_>,
            ) -> ::std::result::Result<Self, $crate::model::Unfit> {
                $crate::model::Scalar::read(token)
            }

            #[inline]
            fn read_optional(
                token: $crate::model::Token<'_>,
            ) -> ::std::result::Result<::std::option::Option<Self>, $crate::model::Unfit> {
                $crate::model::Scalar::read_optional(token)
            }
        }
    )*};
}

crate::__scalar_slot!(String, Secret, bool, i32, i64, u8, u16, u32, u64, f64);

/// Up to here every whole number is a number of its own as `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Scalar for String {
    const EXPECTED: &'static str = "a string";

    fn blank() -> Self {
        Self::new()
    }

    #[inline]
    fn read(token: Token<'_>) -> Result<Self, Unfit> {
        match token {
            Token::Text(text) => Ok(text.to_owned()),
            other => written(other),
        }
    }
}

/// The text of a number or truth value.
#[inline(never)]
fn written(token: Token<'_>) -> Result<String, Unfit> {
    match token {
        Token::Bool(value) => Ok(value.to_string()),
        Token::Integer(number) => Ok(number.to_string()),
        Token::Unsigned(number) => Ok(number.to_string()),
        // Read again with the number in quotes, as it was sent.
        Token::Float(number) if number.abs() >= BEYOND_64_BITS => Err(Unfit),
        Token::Float(number) => Ok(number.to_string()),
        Token::Text(_) | Token::Json(_) | Token::Null => Err(Unfit),
    }
}

impl Scalar for Secret {
    const EXPECTED: &'static str = String::EXPECTED;

    fn blank() -> Self {
        Self::default()
    }

    fn read(token: Token<'_>) -> Result<Self, Unfit> {
        <String as Scalar>::read(token).map(Self::from)
    }
}

impl Scalar for bool {
    const EXPECTED: &'static str = "true or false";

    fn blank() -> Self {
        false
    }

    #[inline]
    fn read(token: Token<'_>) -> Result<Self, Unfit> {
        match token {
            Token::Bool(value) => Ok(value),
            other => meant(other),
        }
    }
}

/// The truth value that a text or number stands for.
#[inline(never)]
fn meant(token: Token<'_>) -> Result<bool, Unfit> {
    match token {
        Token::Integer(1) => Ok(true),
        Token::Integer(0) => Ok(false),
        Token::Text(text) => match text.trim() {
            "1" => Ok(true),
            "0" => Ok(false),
            word if word.eq_ignore_ascii_case("true") => Ok(true),
            word if word.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(Unfit),
        },
        _ => Err(Unfit),
    }
}

macro_rules! whole_numbers {
    ($($type:ident),*) => {$(
        impl Scalar for $type {
            const EXPECTED: &'static str = stringify!($type);

            fn blank() -> Self {
                0
            }

            fn read(token: Token<'_>) -> Result<Self, Unfit> {
                match token {
                    Token::Integer(number) => Self::try_from(number).map_err(|_| Unfit),
                    Token::Unsigned(number) => Self::try_from(number).map_err(|_| Unfit),
                    Token::Float(number) if number.fract() == 0.0 && number.abs() <= EXACT => {
                        Self::try_from(number as i64).map_err(|_| Unfit)
                    }
                    Token::Text(text) => text.trim().parse().map_err(|_| Unfit),
                    _ => Err(Unfit),
                }
            }
        }
    )*};
}

whole_numbers!(i32, i64, u8, u16, u32, u64);

impl Scalar for f64 {
    const EXPECTED: &'static str = "f64";

    fn blank() -> Self {
        0.0
    }

    fn read(token: Token<'_>) -> Result<Self, Unfit> {
        match token {
            // Rounded to the nearest, as any program does that reads JSON numbers as `f64`.
            Token::Integer(number) => Ok(number as Self),
            Token::Unsigned(number) => Ok(number as Self),
            Token::Float(number) => Ok(number),
            Token::Text(text) => match text.trim().parse() {
                Ok(number) if Self::is_finite(number) => Ok(number),
                _ => Err(Unfit),
            },
            _ => Err(Unfit),
        }
    }
}
