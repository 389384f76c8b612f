//! The parts of conditions: how they are combined, operators and values.

use security_api_transport::Timestamp;
use security_api_transport::open_enum::{OpenEnum, UnknownValue};

use crate::time::DateTime;

/// How conditions are combined.
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
    /// A value that this version does not know.
    Unrecognized(UnknownValue),
}

/// How a column is compared with a value. The known operators are those that the vendor's own programs send; the
/// service may accept others.
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
    /// Contains the text: `Contains`.
    Contains,
    /// Equals one of a set of values: `Include`.
    Include,
    /// Equals the value: `=`.
    Is,
    /// Equals the value: `Equal`, which some lists require instead of `=`.
    Equal,
    /// Differs from the value: `!=`.
    IsNot,
    /// Greater than the value: `>`.
    Above,
    /// Greater than or equal to the value: `>=`.
    AtLeast,
    /// Less than the value: `<`.
    Below,
    /// Less than or equal to the value: `<=`.
    AtMost,
    /// An operator that this version does not know.
    Unrecognized(UnknownValue),
}

/// The wire names of an open enumeration.
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

/// The value that a column is compared with. Texts, numbers, dates and booleans convert into it.
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
    /// A text; numbers and dates are written as text as well.
    Text(String),
    /// A JSON boolean.
    Bool(bool),
    /// A set of texts, written as one text separated by commas.
    Set(Vec<String>),
}

impl FilterValue {
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Bool(value) => value.to_string(),
            Self::Set(values) => values.join(","),
        }
    }
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
