//! The position of a tail, as it is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::record_hash::{DIGITS_OF_HASH, read_hash, siphash, write_hash};
use crate::wire::timestamp::Timestamp;

/// A position in a list that is followed. Store it, and a later run continues there.
///
/// It consists of a time before which every record was returned, and 8 bytes for each later record that was returned as
/// well: those within the [overlap](crate::Tail::overlap), or, in a list without an order, of the pass that is not over
/// yet; at most 50,000. If there are more, the oldest are returned again in a later run.
///
/// As JSON it takes 11 bytes for each of the records and 16 for each second that has any: about 40 KB for 3,000 records
/// in 5 minutes, and never more than 1.4 MB. Store it once a page ([`Tail::at_page_end`](crate::Tail::at_page_end)) or
/// once a second rather than after every record. Records returned since then come again if the program ends before it
/// is stored, and none is missed. Where the records and the cursor are stored together, in one transaction, each record
/// is stored exactly once.
///
/// ```
/// use security_api_transport::{TailCursor, Timestamp};
///
/// let cursor = TailCursor::from("2026-04-01T09:00:00Z".parse::<Timestamp>()?);
/// let stored = serde_json::to_string(&cursor)?;
/// assert_eq!(stored, r#"{"from":"2026-04-01T09:00:00Z"}"#);
/// assert_eq!(serde_json::from_str::<TailCursor>(&stored)?, cursor);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Stored")]
pub struct TailCursor {
    pub(super) from: Timestamp,
    pub(super) seen: BTreeSet<Seen>,
    /// The key of the hashes, so that nobody can construct a record that is mistaken for another; 0 before the first.
    key: u64,
}

/// The second that a record counts for, and its hash. The oldest come first.
pub(super) type Seen = (i64, u64);

/// How many records a cursor has room for.
pub(super) const MOST_REMEMBERED: usize = 50_000;

/// Services may round times down, to the minute at most. So records are remembered this much longer.
const COARSEST: Duration = Duration::from_secs(60);

impl TailCursor {
    /// Every record before this was returned.
    ///
    /// ```
    /// use security_api_transport::{TailCursor, Timestamp};
    ///
    /// let start = Timestamp::now();
    /// assert_eq!(TailCursor::from(start).time(), start);
    /// ```
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.from
    }

    pub(super) fn advance(&mut self, to: Timestamp) {
        self.from = self.from.max(to);
    }

    /// Removes the oldest record, if it is not needed any more or there is no room for it.
    pub(super) fn take_old(&mut self) -> Option<Seen> {
        // Seconds rounded down keep a record for longer, if anything.
        let oldest = self.from.saturating_sub(COARSEST).unix_seconds();
        let (second, _) = self.seen.first()?;
        let old = *second < oldest || self.seen.len() > MOST_REMEMBERED;
        old.then(|| self.seen.pop_first()).flatten()
    }

    /// The hash of the record with this id.
    pub(super) fn hash_of(&mut self, id: &[u8]) -> u64 {
        while self.key == 0 {
            self.key = fastrand::u64(..);
        }
        siphash(self.key, id)
    }
}

impl From<Timestamp> for TailCursor {
    fn from(time: Timestamp) -> Self {
        Self {
            from: time,
            seen: BTreeSet::new(),
            key: 0,
        }
    }
}

/// How a cursor is stored: for each second the hashes of its records, 11 characters each.
#[derive(Serialize, Deserialize)]
struct Stored {
    from: Timestamp,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    key: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    seen: BTreeMap<i64, String>,
}

impl Serialize for TailCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut stored = Stored {
            from: self.from,
            key: String::new(),
            seen: BTreeMap::new(),
        };
        for (second, hash) in &self.seen {
            write_hash(*hash, stored.seen.entry(*second).or_default());
        }
        if !self.seen.is_empty() {
            write_hash(self.key, &mut stored.key);
        }
        stored.serialize(serializer)
    }
}

impl TryFrom<Stored> for TailCursor {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        const NOT_ONE: &str = "not a stored position of a tail";
        let mut cursor = Self::from(stored.from);
        if !stored.key.is_empty() {
            cursor.key = read_hash(stored.key.as_bytes()).ok_or(NOT_ONE)?;
        }
        for (second, hashes) in &stored.seen {
            for hash in hashes.as_bytes().chunks(DIGITS_OF_HASH) {
                let hash = read_hash(hash).ok_or(NOT_ONE)?;
                cursor.seen.insert((*second, hash));
            }
        }
        if cursor.key == 0 && !cursor.seen.is_empty() {
            return Err(NOT_ONE);
        }
        while cursor.seen.len() > MOST_REMEMBERED {
            cursor.seen.pop_first();
        }
        Ok(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_775_001_600 + second).unwrap()
    }

    fn cursor_of(count: u64, per_second: u64) -> TailCursor {
        let mut cursor = TailCursor::from(at(0));
        for number in 0..count {
            let hash = cursor.hash_of(format!("{number:024x}").as_bytes());
            let second = at((number / per_second).cast_signed()).unix_seconds();
            cursor.seen.insert((second, hash));
        }
        cursor
    }

    #[test]
    fn a_stored_cursor_is_as_small_as_it_is_said_to_be_and_comes_back() {
        for (count, per_second, most) in [
            (3_000, 10, 40_000),
            (50_000, 1_000, 560_000),
            (50_000, 1, 1_400_000),
        ] {
            let cursor = cursor_of(count, per_second);
            let stored = serde_json::to_string(&cursor).unwrap();
            assert!(stored.len() < most, "{count}: {}", stored.len());
            let again: TailCursor = serde_json::from_str(&stored).unwrap();
            assert_eq!(again, cursor);
        }
    }

    #[test]
    fn a_cursor_forgets_the_oldest_only_for_room_or_once_it_is_older_than_the_coarsest_time() {
        let most = u64::try_from(MOST_REMEMBERED).unwrap();
        let mut cursor = cursor_of(most, 1_000);
        assert_eq!(cursor.take_old(), None);
        let oldest = *cursor.seen.first().unwrap();
        cursor.seen.insert((at(90).unix_seconds(), 7));
        assert_eq!(cursor.take_old(), Some(oldest));
        assert_eq!(cursor.take_old(), None);

        let mut cursor = cursor_of(2, 1);
        cursor.advance(at(60));
        assert_eq!(cursor.take_old(), None);
        cursor.advance(at(61));
        assert_eq!(
            cursor.take_old().map(|(second, _)| second),
            Some(at(0).unix_seconds())
        );
        assert_eq!(cursor.take_old(), None);
    }

    #[test]
    fn a_stored_cursor_that_is_too_long_or_none_is_not_taken_as_it_is() {
        let too_many = serde_json::to_string(&cursor_of(50_010, 1_000)).unwrap();
        let cursor: TailCursor = serde_json::from_str(&too_many).unwrap();
        assert_eq!(cursor.seen.len(), MOST_REMEMBERED);
        for wrong in [
            r#"{"from":"2026-04-01T09:00:00Z","seen":{"1":"AAAAAAAAAAA"}}"#,
            r#"{"from":"2026-04-01T09:00:00Z","key":"BAAAAAAAAAA","seen":{"1":"AAAA"}}"#,
            r#"{"from":"2026-04-01T09:00:00Z","key":"B"}"#,
            r#"{"seen":{}}"#,
        ] {
            assert!(
                serde_json::from_str::<TailCursor>(wrong).is_err(),
                "{wrong}"
            );
        }
    }
}
