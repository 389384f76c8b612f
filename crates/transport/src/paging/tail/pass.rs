//! One reading of the list, from the overlap before the newest record to its end.

use std::time::Duration;

use super::returned::Returned;
use super::timeline::Timeline;
use crate::error::{Error, ErrorKind};
use crate::operation::Operation;
use crate::wire::timestamp::Timestamp;

/// How long after the time that it states a record may appear, by default.
pub(super) const OVERLAP: Duration = Duration::from_secs(300);

/// One reading of the list from the cursor's time to its end.
///
/// Of a list in ascending order, the next page is requested by the time of the last record, because numbered pages shift
/// when records are added. Only where one time fills a page is the page after it requested, and where the list turns out
/// not to be in order.
///
/// A list that is requested from the time of a record has to contain that record. Otherwise the service means another
/// time, perhaps one of another zone, and may have left out more.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pass {
    /// When it began. A record added during the pass may have a time that the pass is already beyond; the next pass
    /// finds it.
    began: Timestamp,
    /// The time from which it reads the list. What is older, though the service sends it, was returned before.
    from: Timestamp,
    /// The time from which the current page was requested.
    pub(super) bound: Timestamp,
    /// The bound before this one.
    bound_before: Timestamp,
    /// The time of the newest record received, leaving out those that claim to be of the future.
    pub(super) newest: Timestamp,
    /// The hash of the last record of that time.
    last: u64,
    /// The record from whose time the current page was requested, until it comes again.
    sought: Option<u64>,
    /// How the next page is requested, if not as the one after this.
    turn: Option<Turn>,
    /// A record came after one that is newer, although the list should be in ascending order.
    is_disordered: bool,
    /// The second of the newest record that was returned before and that this pass has to meet. `None` if there is none
    /// or the pass met it, or one that is older, which tells as much.
    due: Option<i64>,
}

/// Another way to the next page than its number.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// By the time of the newest record.
    Onward,
    /// From the bound before, because this page does not begin where it should.
    Back,
}

impl Pass {
    /// A pass that begins now and reads what was not returned before.
    pub(super) fn begin<S: Timeline>(returned: &Returned, overlap: Duration) -> Self {
        let from = returned.from();
        let began = Timestamp::now();
        let started = from.saturating_add(S::RESOLUTION);
        Self {
            began,
            from,
            bound: from,
            newest: from,
            due: match S::ASCENDING {
                true => returned.newest_within(started, began.saturating_add(overlap)),
                false => None,
            },
            ..Self::default()
        }
    }

    /// Whether what was read so far is in ascending order.
    pub(super) fn is_ascending<S: Timeline>(&self) -> bool {
        S::ASCENDING && !self.is_disordered
    }

    /// Whether a record can be of this time, as far as this machine's clock can tell. One that claims to be of the future
    /// says nothing about when the others were added.
    pub(super) fn is_past(&self, time: Timestamp, overlap: Duration) -> bool {
        time <= self.began.saturating_add(overlap)
    }

    /// Takes the next record of the list, which states this time and may be known from before. Returns the time that it
    /// counts for, and `None` if it is older than the pass reads.
    pub(super) fn read<S: Timeline>(
        &mut self,
        stated: Option<Timestamp>,
        overlap: Duration,
        (hash, is_known): (u64, bool),
    ) -> Option<Timestamp> {
        let time = match stated {
            Some(time) => {
                if self.is_past(time, overlap) {
                    self.meet(time, hash, is_known);
                }
                time
            }
            None if S::ASCENDING => self.newest,
            // Without an order, the latest possible time keeps it from being forgotten too early.
            None => self.newest.max(self.began),
        };
        (time.saturating_add(S::RESOLUTION) >= self.from).then_some(time)
    }

    /// Notes what a record with a time tells of the list.
    fn meet(&mut self, time: Timestamp, hash: u64, is_known: bool) {
        if is_known {
            // Later ones were returned in this pass.
            self.due = self.due.filter(|due| time.unix_seconds() > *due);
        }
        self.sought = self.sought.filter(|sought| *sought != hash);
        if time < self.newest {
            self.is_disordered = true;
        } else {
            self.newest = time;
            self.last = hash;
        }
    }

    /// Decides how the page after this one is requested. `has_next` says that there is one.
    pub(super) fn end_page<S: Timeline>(&mut self, has_next: bool) {
        // If one time fills the page, the sought record may be on the next one.
        let is_beyond = self.newest > self.bound || self.is_disordered || !has_next;
        self.turn = if self.sought.is_some() && is_beyond {
            Some(Turn::Back)
        } else if self.is_ascending::<S>() && self.newest > self.bound && has_next {
            Some(Turn::Onward)
        } else {
            None
        };
    }

    /// Whether this page does not begin where it should, so that its records come again after a turn.
    pub(super) fn goes_back(&self) -> bool {
        matches!(self.turn, Some(Turn::Back))
    }

    /// Whether the list is to be requested anew, from another bound.
    pub(super) fn turns(&self) -> bool {
        self.turn.is_some()
    }

    /// Goes on to the list from another bound. All records before `complete` were returned.
    pub(super) fn turn(&mut self, complete: Timestamp) {
        match self.turn.take() {
            Some(Turn::Onward) => {
                self.bound_before = self.bound;
                self.bound = self.newest;
                self.sought = Some(self.last);
            }
            Some(Turn::Back) => {
                self.bound = self.bound_before;
                // A record without a time counts for the same time again.
                self.newest = self.bound;
                self.sought = None;
                // The list is not requested by time any more.
                self.is_disordered = true;
                // What is older may be forgotten.
                self.from = complete;
            }
            None => {}
        }
    }

    /// Ends the pass, which has read the list of this operation to its end.
    ///
    /// # Errors
    /// If the list began later than it should.
    pub(super) fn end(&self, operation: &'static Operation) -> Result<(), Error> {
        if self.due.is_none() {
            return Ok(());
        }
        let error = Error::new(
            ErrorKind::Decode,
            "the list may be incomplete: the service did not send its last records again, although it was asked to begin \
             before the times that they state; these may be of another clock or time zone: set an `overlap` of more than \
             the difference, and start from an earlier time to get what is missing",
        );
        Err(error.in_list(operation))
    }

    /// The time up to which the list is complete once a record of this time was read, but for those that may still
    /// appear: their times lie within the overlap before it, or before the beginning of the pass.
    pub(super) fn complete_at(&self, time: Timestamp) -> Timestamp {
        self.began.min(time)
    }
}
