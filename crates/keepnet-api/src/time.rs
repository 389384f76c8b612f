//! Dates and spans of time as the service writes them: text, converted when asked.

/// What the two kinds of text have in common.
macro_rules! text {
    ($name:ident, $expected:literal) => {
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(&self.0, f)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                ::security_api_transport::model::scalar(deserializer)
            }
        }

        impl<'de> ::security_api_transport::model::Slot<'de> for $name {}

        impl ::security_api_transport::model::Scalar for $name {
            const EXPECTED: &'static str = $expected;

            fn from_text<E: ::serde::de::Error>(text: &str) -> Result<Self, E> {
                Ok(text.into())
            }

            fn from_integer<E: ::serde::de::Error>(number: i64) -> Result<Self, E> {
                Ok(number.to_string().into())
            }

            fn from_unsigned<E: ::serde::de::Error>(number: u64) -> Result<Self, E> {
                Ok(number.to_string().into())
            }

            fn from_float<E: ::serde::de::Error>(number: f64) -> Result<Self, E> {
                Ok(number.to_string().into())
            }
        }
    };
}

mod date;
mod span;

pub use date::{DateFormat, DateTime, InvalidDateFormat, InvalidDateTime};
pub use span::{InvalidTimeSpan, TimeSpan};
