//! A list item that could not be decoded.

use std::fmt;

use bytes::Bytes;

use crate::paging::Cursor;

/// A list item that could not be decoded, from [`Error::item`](crate::Error::item).
///
/// ```
/// use security_api_transport::Error;
///
/// fn keep(error: &Error, dead_letters: &mut Vec<bytes::Bytes>) -> bool {
///     let Some(item) = error.item() else { return false };
///     dead_letters.push(item.json().clone());
///     true
/// }
/// ```
#[derive(Clone)]
pub struct UndecodedItem {
    json: Bytes,
    cursor: Cursor,
}

impl UndecodedItem {
    pub(crate) fn new(json: Bytes, cursor: Cursor) -> Self {
        Self { json, cursor }
    }

    /// The item as the service sent it. It may hold personal data.
    #[must_use]
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The item's position: a stream that resumes here returns it first. [`Cursor::taken`] is its index on the page.
    #[must_use]
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }
}

/// Shows the position and the length, not the content.
impl fmt::Debug for UndecodedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UndecodedItem")
            .field("cursor", &self.cursor)
            .field("length", &self.json.len())
            .finish()
    }
}
