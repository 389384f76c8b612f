//! How the service reports errors.

use security_api_transport::{Answer, ApiError, Error, Protocol};
use serde::Deserialize;

/// Why the service refused a call, as far as its response tells.
///
/// The vendor documents the statuses 200, 400, 429 and 500, and no body. The meanings of 401, 403 and 404 rest on
/// observed responses of the gateway and on what gateways of its kind do.
///
/// ```no_run
/// # async fn example(push: push_security_api::Client, id: &str) -> Result<(), push_security_api::Error> {
/// use push_security_api::Reason;
///
/// match push.accounts().delete(id).await {
///     Err(error) if Reason::of(&error) == Some(Reason::ReadOnlyKey) => {
///         eprintln!("this job needs a key with full access");
///     }
///     other => other?,
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The gateway does not know the path. It responds with 403 and the text "Missing Authentication Token", although a
    /// key was sent.
    UnknownPath,
    /// The key was refused for a call that changes something: most likely its permission is `Read only`. The service
    /// does not distinguish this from a wrong key.
    ReadOnlyKey,
    /// The key was refused: 401, or 403 for a call that only reads.
    KeyRefused,
    /// There is no object with this id: 404.
    NotFound,
    /// A parameter is missing or wrong: 400, or 422.
    InvalidInput,
    /// More requests than the service allows: 429. The client has already waited and retried.
    RateLimited,
    /// The service failed: any 5xx.
    ServerError,
}

impl Reason {
    /// The reason in an error. `None` if the service did not respond, or its response is not listed here.
    ///
    /// ```
    /// use push_security_api::{Client, Reason};
    ///
    /// // Nothing was sent, so the service has said nothing.
    /// let error = Client::new("").unwrap_err();
    /// assert_eq!(Reason::of(&error), None);
    /// ```
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        error.reason().copied()
    }
}

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
    fn api_error(&self, answer: &Answer<'_>) -> ApiError {
        let message = serde_json::from_slice::<ErrorBody>(answer.body)
            .ok()
            .and_then(|body| body.message);
        let reason = match answer.status.as_u16() {
            400 | 422 => Some(Reason::InvalidInput),
            401 => Some(Reason::KeyRefused),
            403 if message.as_deref() == Some(UNKNOWN_PATH) => Some(Reason::UnknownPath),
            403 if changes_something(answer) => Some(Reason::ReadOnlyKey),
            403 => Some(Reason::KeyRefused),
            404 => Some(Reason::NotFound),
            429 => Some(Reason::RateLimited),
            500.. => Some(Reason::ServerError),
            _ => None,
        };
        let hint = match reason {
            Some(Reason::UnknownPath) => Some(
                "the gateway answers so for a path it does not know, even with a valid key: check path and base URL",
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
            error = error.with_remedy(hint);
        }
        match reason {
            Some(reason) => error.with_reason(reason),
            None => error,
        }
    }
}

fn changes_something(answer: &Answer<'_>) -> bool {
    answer.operation.method() != http::Method::GET
}
