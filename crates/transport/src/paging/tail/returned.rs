//! Which records were returned, so that none comes twice.

use std::collections::HashMap;
use std::time::Duration;

use super::cursor::{MOST_REMEMBERED, TailCursor};
use crate::wire::timestamp::Timestamp;

/// The records that were returned: all before the cursor's time, and those that the cursor remembers.
pub(super) struct Returned {
    cursor: TailCursor,
    /// The seconds of the records that the cursor remembers, by the hashes of their ids.
    seconds: HashMap<u64, i64>,
}

impl Returned {
    /// Before this time, all records were returned.
    pub(super) fn from(&self) -> Timestamp {
        self.cursor.from
    }

    /// The position after the last record that was returned.
    pub(super) fn cursor(&self) -> TailCursor {
        let mut cursor = self.cursor.clone();
        while cursor.take_old().is_some() {}
        cursor
    }

    pub(super) fn contains(&mut self, id: &[u8]) -> bool {
        let hash = self.cursor.hash_of(id);
        self.seconds.contains_key(&hash)
    }

    pub(super) fn insert(&mut self, id: &[u8], time: Timestamp) {
        let second = time.max(self.cursor.from).unix_seconds();
        let hash = self.cursor.hash_of(id);
        let before = self.seconds.insert(hash, second);
        if before != Some(second) {
            if let Some(before) = before {
                self.cursor.seen.remove(&(before, hash));
            }
            self.cursor.seen.insert((second, hash));
        }
    }

    /// Records up to this time are complete, but for those that appear within the overlap.
    pub(super) fn complete(&mut self, time: Timestamp, overlap: Duration) {
        self.cursor.advance(time.saturating_sub(overlap));
    }

    /// Removes what need not be remembered any more.
    pub(super) fn forget(&mut self) {
        while let Some((second, hash)) = self.cursor.take_old() {
            if self.seconds.get(&hash) == Some(&second) {
                self.seconds.remove(&hash);
            }
        }
    }

    /// Whether there is no room for more.
    pub(super) fn is_full(&self) -> bool {
        self.cursor.seen.len() > MOST_REMEMBERED
    }
}

impl From<TailCursor> for Returned {
    fn from(cursor: TailCursor) -> Self {
        let seconds = cursor.seen.iter().map(|(second, hash)| (*hash, *second));
        Self {
            seconds: seconds.collect(),
            cursor,
        }
    }
}
