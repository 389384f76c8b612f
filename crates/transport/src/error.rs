//! The error type of every call, and what it tells.

mod api;
mod common;
mod display;
mod item;
pub(crate) mod kind;
mod making;
mod reason;
mod redacted;
pub(crate) mod shown;
mod validation;

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::operation::Operation;
use crate::outcome::Outcome;
use crate::retry_table::Verdict;
use crate::wire::secret::{Secret, hide};

pub use api::ApiError;
pub use common::no_page_number;
pub use item::UndecodedItem;
pub use kind::ErrorKind;
pub(crate) use making::CallFacts;
use redacted::{Redacted, hide_in};
pub use shown::one_line;
pub(crate) use shown::shown_request_id;
pub use validation::ValidationMessages;

/// A boxed error, as it passes through tower layers.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Why a call failed.
///
/// `Display` is one line that says what happened and what to do about it. The cause, if there is one, is in
/// [`source`](StdError::source) and not repeated. Neither contains a secret, nor a header, body or query, except for
/// what the service says about the error: where it quotes the credential or another [`Secret`] of the call of at least
/// 4 characters, `[redacted]` replaces it; a value that was not given as a secret stays visible.
/// [`headers`](Self::headers) and [`body`](Self::body) are unchanged.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    operation: Option<&'static Operation>,
    /// The name of the request in errors, if it has no operation.
    label: Option<Arc<str>>,
    verdict: Verdict,
    /// Whether the call is idempotent, which its options may override.
    idempotent: bool,
    attempts: u32,
    retry_after: Option<Duration>,
    response: Option<Box<ErrorResponse>>,
    item: Option<Box<UndecodedItem>>,
    /// Where in a job of several calls the error happened.
    context: Option<Cow<'static, str>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

#[derive(Clone)]
struct ErrorResponse {
    status: StatusCode,
    headers: HeaderMap,
    request_id: Option<String>,
    body: Bytes,
    api: ApiError,
}

impl Inner {
    /// Redacts these secrets in everything that is shown.
    fn hide(&mut self, secrets: &[Secret]) {
        hide_in(secrets, &mut self.message);
        if let Some(context) = &mut self.context {
            hide_in(secrets, context);
        }
        if let Some(response) = &mut self.response {
            response.api.hide(secrets);
            if let Some(id) = &mut response.request_id
                && let Some(hidden) = hide(secrets, id)
            {
                *id = hidden;
            }
        }
        if let Some(source) = &self.source
            && let Some(hidden) = Redacted::of(secrets, &**source)
        {
            self.source = Some(Arc::new(hidden));
        }
    }
}

impl Error {
    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The status of the response, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.response.as_ref().map(|response| response.status)
    }

    /// The headers of the response, if there was one.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.response.as_ref().map(|response| &response.headers)
    }

    /// What the service said about the error, if it responded.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        self.0.response.as_ref().map(|response| &response.api)
    }

    /// The service's typed reason. Each service crate has its own type.
    #[must_use]
    pub fn reason<R: Any>(&self) -> Option<&R> {
        self.api()?.reason.as_deref()?.downcast_ref()
    }

    /// The id under which the service knows the request. Quote it to the service's support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.response.as_ref()?.request_id.as_deref()
    }

    /// How long to wait before trying again, if known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How many times the request was tried.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The operation that was called.
    #[must_use]
    pub fn operation(&self) -> Option<&'static Operation> {
        self.0.operation
    }

    /// The body of the response as received, cut after 64 KiB if it was an error page. It may hold personal data.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.0.response.as_ref().map(|response| &response.body)
    }

    /// The item of a list that could not be decoded, if the error is about one. The stream goes on after it.
    #[must_use]
    pub fn item(&self) -> Option<&UndecodedItem> {
        self.0.item.as_deref()
    }

    /// What became of the request, over all attempts.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.0.verdict.outcome()
    }

    /// Whether the service responded with 404.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }

    /// Whether the service responded with 401.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.status() == Some(StatusCode::UNAUTHORIZED)
    }

    /// Whether the service responded with 403.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.status() == Some(StatusCode::FORBIDDEN)
    }

    /// Whether the service responded with 429, or the client's own limiter refused to wait.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.0.kind == ErrorKind::RateLimit || self.status() == Some(StatusCode::TOO_MANY_REQUESTS)
    }

    /// Whether a timeout or the deadline expired.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// Whether the call or the client was put together wrongly.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        self.0.kind == ErrorKind::Invalid
    }

    /// Whether the request may have taken effect: its outcome is unknown, or it was executed and the response could not
    /// be read. Before repeating a change, check whether it was made.
    #[must_use]
    pub fn may_be_executed(&self) -> bool {
        self.outcome() == Outcome::Unknown || self.0.verdict == Verdict::Executed
    }

    /// Whether the same call may succeed later and is safe to make again: nothing was sent, the service refused it and
    /// did nothing, or the call is idempotent.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.verdict.is_retryable(self.0.idempotent)
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.0.verdict
    }

    /// Whether another attempt is known to fail in the same way.
    pub(crate) fn is_permanent(&self) -> bool {
        self.0.verdict.is_permanent()
    }
}
