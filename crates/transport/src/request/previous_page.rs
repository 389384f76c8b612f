//! What the request for the next page of a numbered list remembers of the page before.

use bytes::Bytes;

/// The page before the requested one.
#[derive(Clone)]
pub(crate) struct PreviousPage {
    /// The part of its response that holds its items.
    pub(crate) payload: Bytes,
    /// Whether it may have been the last one, so that the same page once more ends the list.
    pub(crate) may_be_last: bool,
}
