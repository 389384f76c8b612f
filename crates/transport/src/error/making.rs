//! Making an error, and adding what is known about it.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{
    ApiError, BoxError, Error, ErrorKind, ErrorResponse, Inner, UndecodedItem, shown,
    shown_request_id,
};
use crate::operation::Operation;
use crate::outcome::Outcome;
use crate::retry_table::Verdict;
use crate::wire::secret::Secret;

/// What an error is told about its call.
pub(crate) struct CallFacts<'a> {
    pub(crate) operation: &'static Operation,
    /// The name of the call in errors, if it has no operation.
    pub(crate) label: Option<Arc<str>>,
    pub(crate) attempts: u32,
    pub(crate) is_idempotent: bool,
    /// An attempt may have been executed.
    pub(crate) may_be_executed: bool,
    /// The service refused an attempt.
    pub(crate) was_refused: bool,
    /// The secrets to redact in the error's texts.
    pub(crate) secrets: &'a [Secret],
}

impl Error {
    /// An error of this kind. `message` is a sentence without a full stop that names the problem and the remedy. It is
    /// put on one line, since it may quote the service.
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
                request_id: request_id.as_deref().map(shown_request_id),
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
    /// An error that has this outcome already stays as it is.
    ///
    /// For a job that fails before its change was sent, set [`Outcome::NotSent`]: the outcome of the read that failed
    /// says nothing about the change. What was retryable stays so.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        if self.outcome() == outcome {
            return self;
        }
        let may_pass = outcome == Outcome::NotSent && self.is_retryable();
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
            if facts.was_refused {
                inner.verdict = inner.verdict.after_refused();
            }
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

    pub(crate) fn with_item(mut self, item: UndecodedItem) -> Self {
        self.edit(|inner| inner.item = Some(Box::new(item)));
        self
    }
}
