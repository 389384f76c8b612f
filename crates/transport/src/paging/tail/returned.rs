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

    /// The hash of a record with this id. One without an id, or with a blank one, is identified by its JSON.
    pub(super) fn hash_of(&mut self, id: Option<&str>, json: &[u8]) -> u64 {
        let id = id.filter(|id| !id.trim().is_empty());
        self.cursor.hash_of(id.map_or(json, str::as_bytes))
    }

    pub(super) fn contains(&self, hash: u64) -> bool {
        self.seconds.contains_key(&hash)
    }

    /// The second of the newest record that the cursor remembers, of those after `from` and up to `to`.
    pub(super) fn newest_within(&self, from: Timestamp, to: Timestamp) -> Option<i64> {
        let up_to = (to.unix_seconds(), u64::MAX);
        let (second, _) = self.cursor.seen.range(..=up_to).last()?;
        (*second > from.unix_seconds()).then_some(*second)
    }

    pub(super) fn insert(&mut self, hash: u64, time: Timestamp) {
        let second = time.max(self.cursor.from).unix_seconds();
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
