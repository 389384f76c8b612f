//! Responses and refusals as the service words them.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::records::names;
use crate::common::service::{not_played, response};

/// Why a request is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: Cow<'static, str>,
    /// In seconds, for a header.
    retry_after: Option<u64>,
}

impl Refusal {
    /// No such operation, or no key. A public client saw these words without a key. Unknown paths have them as well
    /// behind the gateway that uses these words (inferred).
    pub(crate) const MISSING_TOKEN: Self =
        Self::new(StatusCode::FORBIDDEN, "Missing Authentication Token");

    /// The key is wrong, or may not do this (inferred; documented is that read-only keys may only read).
    pub(crate) const FORBIDDEN: Self = Self::new(StatusCode::FORBIDDEN, "Forbidden");

    /// Inferred.
    pub(crate) const NOT_FOUND: Self = Self::new(StatusCode::NOT_FOUND, "Not Found");

    const fn new(status: StatusCode, message: &'static str) -> Self {
        Self {
            status,
            message: Cow::Borrowed(message),
            retry_after: None,
        }
    }

    /// Documented, without a header for the time to wait.
    pub(crate) fn too_many(retry_after: Option<u64>) -> Self {
        Self {
            retry_after,
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests")
        }
    }

    /// 400 is documented; its text, which names the field, is inferred.
    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            message: message.into(),
            ..Self::new(StatusCode::BAD_REQUEST, "")
        }
    }

    /// The value is none of these words, by the name of their list.
    pub(crate) fn one_of(name: &str, words: &str) -> Self {
        let words: Vec<_> = names(words).iter().filter_map(Value::as_str).collect();
        Self::invalid(format!("{name} must be one of: {}", words.join(", ")))
    }

    /// Nobody outside the vendor knows what the service does with it.
    pub(crate) fn not_played(what: impl Into<Cow<'static, str>>) -> Self {
        Self {
            message: what.into(),
            ..Self::new(StatusCode::NOT_IMPLEMENTED, "")
        }
    }

    pub(crate) fn into_response(self) -> Response<Bytes> {
        if self.status == StatusCode::NOT_IMPLEMENTED {
            return not_played(&self.message);
        }
        let mut response = message_response(self.status, &self.message);
        if let Some(seconds) = self.retry_after {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(crate) fn message_response(status: StatusCode, message: &str) -> Response<Bytes> {
    json_response(status, json!({ "message": message }).to_string().into())
}

pub(crate) fn json_response(status: StatusCode, body: Bytes) -> Response<Bytes> {
    response(status, "application/json", body)
}
