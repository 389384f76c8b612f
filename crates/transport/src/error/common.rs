//! Errors that several layers report.

use super::{Error, ErrorKind};

/// The cursor is of a list that is not paged by number.
#[cold]
#[must_use]
pub fn no_page_number() -> Error {
    Error::invalid(
        "the cursor has no page number, so it does not belong to a list of this service; start the list without it",
    )
}

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
