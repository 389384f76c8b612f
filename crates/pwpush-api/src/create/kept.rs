//! What the instance keeps of an option.

use serde_json::Value;

/// How the kept value compares with the value that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kept {
    AsAsked,
    /// Less than asked: a shorter life, fewer views, a flag that is off.
    Less(String),
    /// Something else than asked: more, so that the secret is protected less, or what cannot be compared.
    Other(String),
    /// The response does not tell.
    NotSaid,
}

/// A whole number, possibly as text.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}
