//! Dates and durations as the service writes them: text that is converted on demand.

/// The implementations that both types need.
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

        impl ::security_api_transport::model::Shaped for $name {
            fn shape(&self) -> ::security_api_transport::model::Shape<'_> {
                ::security_api_transport::model::Shape::Text((&*self.0).into())
            }
        }

        ::security_api_transport::__scalar!($name);

        impl ::security_api_transport::model::Scalar for $name {
            const EXPECTED: &'static str = $expected;

            fn blank() -> Self {
                Self(String::new())
            }

            fn read(
                token: ::security_api_transport::model::Token<'_>,
            ) -> Result<Self, ::security_api_transport::model::Unfit> {
                String::read(token).map(Self)
            }
        }
    };
}

mod date;
mod span;

pub use date::{DateFormat, DateTime, InvalidDateFormat, InvalidDateTime};
pub use span::{InvalidTimeSpan, TimeSpan};
