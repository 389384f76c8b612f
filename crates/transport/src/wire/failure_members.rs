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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_that_is_sent_empty_with_every_response_is_none() {
        for empty in [json!(null), json!(false), json!(""), json!([]), json!({})] {
            assert!(!reports_error(&empty), "{empty}");
        }
        for error in [
            json!(true),
            json!(0),
            json!("x"),
            json!([null]),
            json!({"code": 1}),
        ] {
            assert!(reports_error(&error), "{error}");
        }
    }

    #[test]
    fn a_status_in_a_body_is_a_failure_if_it_says_so_in_a_word_or_a_number() {
        for status in [
            json!("error"),
            json!("Fail"),
            json!("FAILED"),
            json!("failure"),
            json!(400),
            json!(503),
        ] {
            assert!(is_failure_status(&status), "{status}");
        }
        for status in [
            json!("ok"),
            json!("error-free"),
            json!(399),
            json!(200),
            json!(true),
            json!(null),
            json!(["error"]),
        ] {
            assert!(!is_failure_status(&status), "{status}");
        }
    }
}
