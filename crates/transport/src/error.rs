//! The error type of every call.

mod api;
mod common;
mod item;
mod kind;
mod reason;
mod redacted;
mod shown;
mod validation;

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::operation::Operation;
use crate::outcome::{Outcome, Verdict};
use crate::wire::secret::{Secret, hide};

pub use api::ApiError;
pub use item::UndecodedItem;
pub use kind::ErrorKind;
use redacted::{Redacted, hide_in};
pub(crate) use shown::CUT;
pub use shown::one_line;
pub use validation::ValidationMessages;

/// A boxed error, as it passes through tower layers.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Why a call failed.
///
/// `Display` is one line that says what happened and what to do about it. The cause, if there is one, is in
/// [`source`](StdError::source) and not repeated. Neither contains a secret, header, body or query: where the service
/// quotes the credential or another [`Secret`] of the call of at least 4 characters, `[redacted]` replaces it.
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

/// What an error is told about its call.
pub(crate) struct CallFacts<'a> {
    pub(crate) operation: &'static Operation,
    /// The name of the call in errors, if it has no operation.
    pub(crate) label: Option<Arc<str>>,
    pub(crate) attempts: u32,
    pub(crate) is_idempotent: bool,
    pub(crate) may_be_executed: bool,
    /// The secrets to redact in the error's texts.
    pub(crate) secrets: &'a [Secret],
}

impl Error {
    /// An error of this kind. `message` is a sentence without a full stop that names the problem and the remedy. It is put
    /// on one line, since it may quote the service.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: shown::message(message.into()),
            operation: None,
            label: None,
            verdict: Verdict::of_failure(kind, Outcome::usual(kind)),
            idempotent: false,
            attempts: 0,
            retry_after: None,
            response: None,
            item: None,
            context: None,
            source: None,
        }))
    }

    /// Invalid input. The message names the field and the remedy.
    #[must_use]
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// A response of the service as an error. The texts it shows are on one line and bounded, see [`ApiError`].
    #[must_use]
    pub fn from_response(
        status: StatusCode,
        headers: HeaderMap,
        request_id: Option<String>,
        body: Bytes,
        api: ApiError,
    ) -> Self {
        let mut error = Self::new(ErrorKind::Api, "");
        error.edit(|inner| {
            inner.response = Some(Box::new(ErrorResponse {
                status,
                headers,
                request_id: request_id.map(|id| one_line(&id, shown::REQUEST_ID)),
                body,
                api: api.shown(),
            }));
        });
        error
    }

    fn edit(&mut self, change: impl FnOnce(&mut Inner)) {
        change(Arc::make_mut(&mut self.0));
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.with_boxed_source(Box::new(source))
    }

    pub(crate) fn with_boxed_source(mut self, source: BoxError) -> Self {
        self.edit(|inner| inner.source = Some(Arc::from(source)));
        self
    }

    /// Appends a remark to the message, such as what the caller should know or do.
    ///
    /// ```
    /// use security_api_transport::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Timeout, "no response in time").with_hint("the view may be used up");
    /// assert_eq!(error.to_string(), "no response in time; the view may be used up");
    /// ```
    #[must_use]
    pub fn with_hint(mut self, hint: &str) -> Self {
        self.edit(|inner| match &mut inner.response {
            Some(response) if inner.kind == ErrorKind::Api => {
                let message = response.api.message.take();
                response.api.message = Some(match message {
                    Some(message) => format!("{message}; {hint}"),
                    None => hint.to_owned(),
                });
            }
            _ => inner.message = format!("{}; {hint}", inner.message).into(),
        });
        self
    }

    /// Changes the kind. The outcome stays.
    #[must_use]
    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.edit(|inner| inner.kind = kind);
        self
    }

    /// Sets the outcome, for transports and layers that know it. Without it, an error counts as [`Outcome::NotSent`] if
    /// its kind says that nothing was sent, as [`Outcome::Answered`] if its kind says that the service responded, and
    /// as [`Outcome::Unknown`] otherwise.
    ///
    /// For a job that fails before its change was sent, set [`Outcome::NotSent`]: the outcome of the read that failed says
    /// nothing about the change. What was retryable stays so.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        let is_news = outcome == Outcome::NotSent && self.outcome() != outcome;
        let may_pass = is_news && self.is_retryable();
        self.edit(|inner| {
            inner.verdict = match may_pass {
                true => Verdict::NotSent,
                false => Verdict::of_failure(inner.kind, outcome),
            };
        });
        self
    }

    /// Adds what the error means for a job of several calls: what is done, what is not, and how to go on. The text is
    /// appended after that of any earlier context.
    #[must_use]
    pub fn with_context(mut self, context: impl Into<Cow<'static, str>>) -> Self {
        let context = shown::message(context.into());
        self.edit(|inner| {
            inner.context = Some(match inner.context.take() {
                Some(inside) => format!("{inside}; {context}").into(),
                None => context,
            });
        });
        self
    }

    /// Sets the wait after which a retry may succeed.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.edit(|inner| inner.retry_after = Some(wait));
        self
    }

    /// Marks that another attempt would fail in the same way, as with a certificate that is not trusted.
    #[must_use]
    pub fn permanent(mut self) -> Self {
        self.edit(|inner| inner.verdict = inner.verdict.permanent());
        self
    }

    pub(crate) fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.edit(|inner| inner.message = shown::message(message.into()));
        self
    }

    pub(crate) fn with_verdict(mut self, verdict: Verdict) -> Self {
        self.edit(|inner| inner.verdict = verdict);
        self
    }

    /// Sets the operation, for errors that do not come from a call.
    #[must_use]
    pub fn with_operation(mut self, operation: &'static Operation) -> Self {
        self.edit(|inner| inner.operation = Some(operation));
        self
    }

    /// Sets the number of attempts, for errors that do not come from a call.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.edit(|inner| inner.attempts = attempts);
        self
    }

    /// Applies `change` to what the service said, if it responded. For callers that know more about the request than
    /// the protocol does.
    #[must_use]
    pub fn map_api(mut self, change: impl FnOnce(ApiError) -> ApiError) -> Self {
        self.edit(|inner| {
            if let Some(response) = &mut inner.response {
                response.api = change(std::mem::take(&mut response.api)).shown();
            }
        });
        self
    }

    /// Sets the operation whose list the error is about.
    pub(crate) fn in_list(mut self, operation: &'static Operation) -> Self {
        self.edit(|inner| inner.operation = Some(operation));
        self
    }

    /// Adds which call it was and how far it got.
    pub(crate) fn of_call(mut self, facts: CallFacts<'_>) -> Self {
        self.edit(|inner| {
            inner.operation.get_or_insert(facts.operation);
            inner.label = inner.label.take().or(facts.label);
            inner.attempts = inner.attempts.max(facts.attempts);
            inner.idempotent = facts.is_idempotent;
            if facts.may_be_executed {
                inner.verdict = inner.verdict.after_unknown();
            }
            inner.hide(facts.secrets);
        });
        self
    }

    /// Adds the address that no connection could be made to.
    pub(crate) fn with_place(mut self, place: &str) -> Self {
        self.edit(|inner| {
            if inner.kind == ErrorKind::Connect {
                inner.message = format!("{} ({place})", inner.message).into();
            }
        });
        self
    }

    pub(crate) fn boxed(self) -> BoxError {
        Box::new(self)
    }

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

    pub(crate) fn with_item(mut self, item: UndecodedItem) -> Self {
        self.edit(|inner| inner.item = Some(Box::new(item)));
        self
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

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        match (&inner.label, inner.operation) {
            (Some(label), _) => write!(f, "{label}: ")?,
            (None, Some(operation)) => write!(f, "{}: ", operation.id())?,
            (None, None) => {}
        }
        if let Some(response) = &inner.response {
            if inner.kind == ErrorKind::Api {
                write!(f, "{}", response.status)?;
                if let Some(code) = &response.api.code {
                    write!(f, " {code}")?;
                }
                if let Some(message) = &response.api.message
                    && response.status.canonical_reason() != Some(message)
                {
                    write!(f, ": {message}")?;
                }
                if !response.api.validation.is_empty() {
                    write!(f, " ({})", response.api.validation.join("; "))?;
                }
            } else {
                write!(f, "{} (status {})", inner.message, response.status)?;
            }
            if let Some(id) = &response.request_id {
                write!(f, " [request {id}]")?;
            }
        } else {
            f.write_str(&inner.message)?;
        }
        if inner.attempts > 1 {
            write!(f, " after {} attempts", inner.attempts)?;
        }
        if let Some(context) = &inner.context {
            write!(f, "; {context}")?;
        }
        Ok(())
    }
}

/// The text of `Display` followed by the causes, on one line, since a `main` that returns an error prints it. With
/// `{:#?}`, the fields one by one.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return self.fmt_parts(f);
        }
        write!(f, "{self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl Error {
    fn fmt_parts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let mut debug = f.debug_struct("Error");
        debug
            .field("kind", &inner.kind)
            .field("display", &format_args!("{self}"))
            .field("outcome", &self.outcome())
            .field("attempts", &inner.attempts);
        if let Some(wait) = inner.retry_after {
            debug.field("retry_after", &wait);
        }
        if let Some(response) = &inner.response {
            debug
                .field("status", &response.status.as_u16())
                .field("body_length", &response.body.len());
        }
        if let Some(source) = &inner.source {
            debug.field("source", &format_args!("{source}"));
        }
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}
