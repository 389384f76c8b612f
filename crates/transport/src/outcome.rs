//! What became of a request.

use std::fmt;

use crate::error::kind::ErrorKind;

/// What became of a request whose call failed.
///
/// ```
/// use security_api_transport::{Error, Outcome};
///
/// fn report(error: &Error) -> &'static str {
///     match error.outcome() {
///         Outcome::NotSent | Outcome::Refused => "nothing happened",
///         Outcome::Unknown => "look whether it happened before doing it again",
///         Outcome::Answered => "the service said no, or its response could not be read",
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The request never reached the service, so it had no effect. Of a job that begins with reads: nothing that changes
    /// something was sent.
    NotSent,
    /// The service refused the request before it did anything: a 429, a 401, or a status that the service documents for
    /// this.
    Refused,
    /// The request may have been executed: its response was lost, or is a 5xx that can be sent after the request took
    /// effect.
    Unknown,
    /// The service responded, and a retry would not help: it refused the request for good, or its response cannot be
    /// read. In the latter case the request was executed; see [`Error::may_be_executed`](crate::Error::may_be_executed).
    Answered,
}

/// One or two words, for logs and labels of metrics.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotSent => "not sent",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Answered => "answered",
        })
    }
}

impl Outcome {
    /// The outcome of a request whose error has only this kind.
    pub(crate) const fn usual(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Invalid
            | ErrorKind::Connect
            | ErrorKind::RateLimit
            | ErrorKind::Credential => Self::NotSent,
            ErrorKind::Io | ErrorKind::Timeout | ErrorKind::Custom => Self::Unknown,
            ErrorKind::Api | ErrorKind::Redirect | ErrorKind::Decode | ErrorKind::TooLarge => {
                Self::Answered
            }
        }
    }
}
