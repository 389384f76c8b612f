//! Members with which services and gateways report a failure beside a status of success.

use serde_json::Value;

/// Whether a member for errors reports one. Some services send it empty, or `false`, with every response.
#[must_use]
pub fn reports_error(member: &Value) -> bool {
    match member {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(errors) => !errors.is_empty(),
        Value::Object(errors) => !errors.is_empty(),
        _ => true,
    }
}

/// Whether a status in the body is that of a failure: a word for it, or a number of 400 or more.
#[must_use]
pub fn is_failure_status(status: &Value) -> bool {
    match status {
        Value::String(text) => ["error", "fail", "failed", "failure"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word)),
        Value::Number(number) => number.as_i64().is_some_and(|status| status >= 400),
        _ => false,
    }
}
