//! How the service reports errors.

use security_api_transport::{ApiError, Protocol, ResponseParts};
use serde::Deserialize;

use crate::reason::Reason;

#[derive(Debug)]
pub(crate) struct PushSecurity;

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(alias = "Message", alias = "error")]
    message: Option<String>,
}

/// The standard texts of the gateway in front of the API.
const UNKNOWN_PATH: &str = "Missing Authentication Token";

impl Protocol for PushSecurity {
    fn api_error(&self, response: &ResponseParts<'_>) -> ApiError {
        let message = serde_json::from_slice::<ErrorBody>(response.body)
            .ok()
            .and_then(|body| body.message);
        let reason = match response.status.as_u16() {
            401 => Some(Reason::KeyRefused),
            403 if message.as_deref() == Some(UNKNOWN_PATH) => Some(Reason::UnknownPath),
            403 if changes_something(response) => Some(Reason::ReadOnlyKey),
            403 => Some(Reason::KeyRefused),
            _ => None,
        };
        let hint = match reason {
            Some(Reason::UnknownPath) => Some(
                "the gateway also responds this way to a path it does not know, even with a valid key: check path and base URL",
            ),
            Some(Reason::ReadOnlyKey) => Some(
                "a key with the permission Read only can make GET requests only: use one with Full access, if this key is right at all",
            ),
            Some(Reason::KeyRefused) => Some("check the API key"),
            _ => None,
        };
        let mut error = ApiError::new();
        if let Some(text) = message {
            error = error.with_message(text);
        }
        if let Some(hint) = hint {
            error = error.with_hint(hint);
        }
        match reason {
            Some(reason) => error.with_reason(reason),
            None => error,
        }
    }
}

fn changes_something(response: &ResponseParts<'_>) -> bool {
    response.operation.method() != http::Method::GET
}
