//! The position of a stream in a list.

use serde::{Deserialize, Serialize};

/// A position in a list: the page and how many of its items were taken. Store it to resume an export where it stopped.
///
/// The position is exact as long as the data does not change. If items are added meanwhile and the service numbers its
/// pages, go back a little and drop items that were seen before, by id.
///
/// ```
/// use security_api_transport::Cursor;
///
/// let cursor: Cursor = serde_json::from_str(r#"{"page":"0b9972aa","taken":17}"#).unwrap();
/// assert_eq!(serde_json::to_string(&cursor).unwrap(), r#"{"page":"0b9972aa","taken":17}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cursor {
    /// The page's token; `None` for the first page.
    #[serde(default)]
    pub(super) page: Option<String>,
    /// How many items of that page were taken. Required, so that `{}` is not read as the start of the list.
    pub(super) taken: usize,
    /// The page size, if the request set one. `item_walk.rs` compares it with the size of the run that resumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<String>,
    /// Whether the list was read to its end.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) end: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

impl Cursor {
    /// The start of the page with this token.
    #[must_use]
    pub fn page(token: impl Into<String>) -> Self {
        Self {
            page: Some(token.into()),
            ..Self::default()
        }
    }

    /// The token of the page; `None` for the first page.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.page.as_deref()
    }

    /// How many items of the page were taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Whether the list was read to its end.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_cursor_without_a_position_is_an_error_and_no_start_over() {
        let read = serde_json::from_str::<Cursor>;
        let start = serde_json::to_string(&Cursor::default()).unwrap();
        assert_eq!(read(&start).unwrap(), Cursor::default());
        for lost in ["{}", "null", "[]", r#"{"page":"2"}"#, r#"{"other":1}"#] {
            assert!(read(lost).is_err(), "{lost}");
        }
    }
}
