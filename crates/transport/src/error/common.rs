//! Errors that several layers report.

use super::{Error, ErrorKind};

impl Error {
    /// The call's deadline has passed.
    #[cold]
    pub(crate) fn deadline_passed() -> Self {
        Self::new(
            ErrorKind::Timeout,
            "the call did not finish before its deadline",
        )
    }

    /// The response ended before it was complete.
    pub(crate) fn response_cut() -> Self {
        Self::new(
            ErrorKind::Io,
            "the connection broke while the response was arriving",
        )
    }
}
