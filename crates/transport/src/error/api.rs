//! What the service says about an error.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::ValidationMessages;
use super::redacted::hide_in;
use super::shown::{self, one_line};
use crate::wire::secret::{Secret, hide};

/// What the service itself said about an error.
///
/// In an [`Error`](crate::Error), each text is one line with control characters escaped, and bounded: a message to 500
/// characters, a code to 60, validation messages to 20 and 4 KiB in total.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ApiError {
    /// The service's error code.
    pub code: Option<Cow<'static, str>>,
    /// The service's message, or one of this crate where the service sends none or a misleading one.
    pub message: Option<String>,
    /// What the service says is wrong with each member of the request.
    pub validation: Vec<String>,
    pub(super) reason: Option<Arc<dyn Any + Send + Sync>>,
}

impl ApiError {
    pub(crate) fn has_reason(&self) -> bool {
        self.reason.is_some()
    }

    /// An error about which the service said nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the message, on one line and bounded.
    #[must_use]
    pub fn with_message(mut self, message: impl AsRef<str>) -> Self {
        self.message = Some(one_line(message.as_ref(), shown::MESSAGE));
        self
    }

    /// Appends a text of this crate to the message, which says what the user can do.
    #[must_use]
    pub fn with_hint(mut self, hint: &str) -> Self {
        self.message = Some(match self.message.take() {
            Some(message) => format!("{message} ({hint})"),
            None => hint.to_owned(),
        });
        self
    }

    /// Sets the code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Sets the validation messages.
    #[must_use]
    pub fn with_validation(mut self, messages: Vec<String>) -> Self {
        self.validation = messages;
        self
    }

    /// Redacts these secrets.
    pub(super) fn hide(&mut self, secrets: &[Secret]) {
        if let Some(code) = &mut self.code {
            hide_in(secrets, code);
        }
        for text in self.message.iter_mut().chain(&mut self.validation) {
            if let Some(hidden) = hide(secrets, text) {
                *text = hidden;
            }
        }
    }

    /// The text as an error may show it.
    pub(super) fn shown(mut self) -> Self {
        self.code = self.code.map(|code| one_line(&code, shown::CODE).into());
        self.message = self
            .message
            .map(|message| one_line(&message, shown::MESSAGE_AND_HINT));
        self.validation = ValidationMessages::bounded(self.validation);
        self
    }

    /// Sets the service's typed reason. [`Error::reason`](crate::Error::reason) returns it.
    #[must_use]
    pub fn with_reason<R: Any + Send + Sync>(mut self, reason: R) -> Self {
        self.reason = Some(Arc::new(reason));
        self
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("code", &self.code)
            .field("message", &self.message)
            .field("validation", &self.validation)
            .finish_non_exhaustive()
    }
}
