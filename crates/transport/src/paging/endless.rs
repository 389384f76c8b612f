//! Telling a list that might never end.

use std::collections::HashSet;
use std::fmt::Display;
use std::hash::BuildHasher;

use crate::error::{Error, ErrorKind};

/// How many empty pages may follow one another. A service that filters pages after reading them sends some.
const MOST_EMPTY_PAGES: u32 = 1_000;

/// How many pages a list may have in one run. A service that ignores the position and makes each page anew never sends the
/// last.
const MOST_PAGES: usize = 100_000;

/// The pages of a list so far.
pub(super) struct Endless {
    /// Hashes of their positions.
    seen: HashSet<u64>,
    /// How many empty ones came in a row.
    empty: u32,
}

impl Endless {
    pub(super) fn new() -> Self {
        Self {
            seen: HashSet::new(),
            empty: 0,
        }
    }

    /// Records that a page was received.
    pub(super) fn received(&mut self, is_empty: bool) {
        self.empty = if is_empty { self.empty + 1 } else { 0 };
    }

    /// Records that the page at this position is requested.
    ///
    /// # Errors
    /// If the list might never end.
    pub(super) fn go_to(&mut self, position: &impl Display) -> Result<(), Error> {
        let hash = self.seen.hasher().hash_one(position.to_string());
        let endless = |what| Err(Error::new(ErrorKind::Decode, what));
        if !self.seen.insert(hash) {
            return endless(
                "the service named a page as the next one that it had sent before, which would never end",
            );
        }
        if self.empty > MOST_EMPTY_PAGES {
            return endless(
                "the service sent more than 1,000 empty pages in a row, which may never end",
            );
        }
        if self.seen.len() > MOST_PAGES {
            return endless(
                "the service sent more than 100,000 pages, which may never end; ask for larger pages, or resume the list from \
                 its cursor",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_more_than_100_000_pages_is_an_error() {
        let mut pages = Endless::new();
        for number in 0..100_000 {
            pages.received(false);
            pages.go_to(&number).unwrap();
        }
        assert!(pages.go_to(&100_000).is_err());
    }

    #[test]
    fn more_than_1_000_empty_pages_in_a_row_are_an_error() {
        let mut pages = Endless::new();
        for number in 0..3_000 {
            pages.received(number % 1_001 > 0);
            pages.go_to(&number).unwrap();
        }
        pages.received(false);
        for number in 3_000..=4_000 {
            pages.received(true);
            assert_eq!(pages.go_to(&number).is_err(), number == 4_000);
        }
    }
}
