//! Responses and refusals as the service words them.

use bytes::Bytes;
use http::header::{HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use serde_json::Value;

use super::model::names;
use crate::common::service::response;

/// Why a request is refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// No such operation, or no key. A public client saw these words without a key; that unknown paths have them is
    /// inferred from the gateway that uses them.
    MissingToken,
    /// A key that is wrong, or may not do this (inferred; documented is that read-only keys may only read).
    Forbidden,
    /// Documented, without a header that says how long to wait.
    TooMany(Option<u64>),
    /// 400 is documented; its text, which names the field, is inferred.
    Invalid(String),
    /// Inferred.
    NotFound,
}

/// The refusal of a value that is none of these words, by the name of their list.
pub(crate) fn one_of(name: &str, words: &str) -> Refusal {
    let words: Vec<_> = names(words).iter().filter_map(Value::as_str).collect();
    Refusal::Invalid(format!("{name} must be one of: {}", words.join(", ")))
}

impl Refusal {
    pub(crate) fn into_response(self) -> Response<Bytes> {
        let (status, message) = match &self {
            Self::MissingToken => (StatusCode::FORBIDDEN, "Missing Authentication Token"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
            Self::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"),
            Self::Invalid(message) => (StatusCode::BAD_REQUEST, message.as_str()),
            Self::NotFound => (StatusCode::NOT_FOUND, "Not Found"),
        };
        let mut response = message_response(status, message);
        if let Self::TooMany(Some(seconds)) = self {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(crate) fn message_response(status: StatusCode, message: &str) -> Response<Bytes> {
    let body = serde_json::json!({ "message": message });
    json_response(status, body.to_string().into())
}

pub(crate) fn json_response(status: StatusCode, body: Bytes) -> Response<Bytes> {
    response(status, "application/json", body)
}
