//! How conditions are joined, what they compare, and with what.

use security_api_transport::Timestamp;
use security_api_transport::open_enum::{OpenEnum, UnknownValue};

use crate::time::DateTime;

/// How conditions are joined.
///
/// ```
/// use keepnet_api::search::Condition;
///
/// assert_eq!(Condition::Or.to_string(), "OR");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Condition {
    /// All of them: `AND`.
    #[default]
    And,
    /// One of them: `OR`.
    Or,
    /// Something that this version does not know.
    Unrecognized(UnknownValue),
}

/// How a column is compared with a value. What the service's own programs send is known; it may take others.
///
/// ```
/// use keepnet_api::search::FilterOperator;
///
/// assert_eq!(FilterOperator::from(">="), FilterOperator::AtLeast);
/// assert_eq!(FilterOperator::from("StartsWith").to_string(), "StartsWith");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FilterOperator {
    /// It has the text in it: `Contains`.
    Contains,
    /// It is one of a set: `Include`.
    Include,
    /// It is the value: `=`.
    Is,
    /// It is the value: `Equal`, which some lists want in place of `=`.
    Equal,
    /// It is another value: `!=`.
    IsNot,
    /// It is greater: `>`.
    Above,
    /// It is greater or the same: `>=`.
    AtLeast,
    /// It is less: `<`.
    Below,
    /// It is less or the same: `<=`.
    AtMost,
    /// Something that this version does not know.
    Unrecognized(UnknownValue),
}

/// The words of an open enumeration, as data.
macro_rules! words {
    ($name:ident: $($word:literal = $variant:ident,)*) => {
        impl OpenEnum for $name {
            fn from_known(value: &str) -> Option<Self> {
                [$(($word, Self::$variant)),*]
                    .into_iter()
                    .find(|(word, _)| word.eq_ignore_ascii_case(value))
                    .map(|(_, variant)| variant)
            }

            fn from_unknown(value: UnknownValue) -> Self {
                Self::Unrecognized(value)
            }

            fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Unrecognized(value) => value,
                }
            }
        }

        security_api_transport::__open_enum!($name);
    };
}

words! { Condition:
    "AND" = And,
    "OR" = Or,
}

words! { FilterOperator:
    "Contains" = Contains,
    "Include" = Include,
    "=" = Is,
    "Equal" = Equal,
    "!=" = IsNot,
    ">" = Above,
    ">=" = AtLeast,
    "<" = Below,
    "<=" = AtMost,
}

/// What a column is compared with. Text, numbers, dates and truth values become one by themselves.
///
/// ```
/// use keepnet_api::search::FilterValue;
///
/// assert_eq!(FilterValue::from(5), FilterValue::from("5"));
/// assert_ne!(FilterValue::from(true), FilterValue::from("true"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilterValue {
    /// Text; numbers and dates are written as text as well.
    Text(String),
    /// A truth value, as JSON has it.
    Bool(bool),
    /// A set of texts, written with commas between them.
    Set(Vec<String>),
}

impl Default for FilterValue {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl From<bool> for FilterValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

macro_rules! written_as_text {
    ($($type:ty),*) => {$(
        impl From<$type> for FilterValue {
            fn from(value: $type) -> Self {
                Self::Text(value.to_string())
            }
        }
    )*};
}

// A `Timestamp` is written as RFC 3339.
written_as_text!(
    &str, &String, i32, i64, u32, u64, f64, Timestamp, DateTime, &DateTime
);

impl From<String> for FilterValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
