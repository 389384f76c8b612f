//! Responses and refusals as the service words them.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

use super::paging::Invalid;

/// Why a request is refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// No such operation, or no key. A public client saw these words without a key;
    /// that unknown paths have them is inferred from the gateway that uses them.
    MissingToken,
    /// A key that is wrong, or may not do this (inferred; documented is that read-only
    /// keys may only read).
    Forbidden,
    /// Documented, without a header that says how long to wait.
    TooMany(Option<u64>),
    /// 400 is documented; its text is inferred.
    Invalid(String),
    /// Inferred.
    NotFound,
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid.0)
    }
}

impl Refusal {
    pub(crate) fn into_response(self) -> Response<Bytes> {
        let (status, message, wait) = match self {
            Self::MissingToken => (
                StatusCode::FORBIDDEN,
                "Missing Authentication Token".into(),
                None,
            ),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden".into(), None),
            Self::TooMany(wait) => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too Many Requests".into(),
                wait,
            ),
            Self::Invalid(message) => (StatusCode::BAD_REQUEST, message, None),
            Self::NotFound => (StatusCode::NOT_FOUND, "Not Found".into(), None),
        };
        let mut response = json_response(status, message_body(&message));
        if let Some(seconds) = wait {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(crate) fn message_body(message: &str) -> Bytes {
    serde_json::json!({ "message": message }).to_string().into()
}

pub(crate) fn json_response(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
