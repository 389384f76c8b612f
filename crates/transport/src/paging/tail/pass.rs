//! One reading of the list, from the overlap before the newest record to its end.

use std::time::Duration;

use super::timeline::Timeline;
use crate::wire::timestamp::Timestamp;

/// How long after the time that it states a record may appear, by default.
pub(super) const OVERLAP: Duration = Duration::from_secs(300);

/// One reading of the list from the cursor's time to its end.
///
/// Of a list in ascending order, the next page is requested by the time of the last record, because numbered pages shift
/// when records are added. Only where one time fills a page is the page after it requested, and where the list turns out
/// not to be in order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pass {
    /// When it began. A record added during the pass may have a time that the pass is already beyond; the next pass
    /// finds it.
    began: Timestamp,
    /// The time from which it reads the list. What is older, though the service sends it, was returned before.
    from: Timestamp,
    /// The time from which the current page was requested.
    pub(super) bound: Timestamp,
    /// The time of the newest record received, leaving out those that claim to be of the future.
    pub(super) newest: Timestamp,
    /// Whether the next page is requested by that time.
    pub(super) by_time: bool,
    /// A record came after one that is newer, although the list should be in ascending order.
    is_disordered: bool,
}

impl Pass {
    /// A pass that begins now and reads the list from this time on.
    pub(super) fn begin(from: Timestamp) -> Self {
        Self {
            began: Timestamp::now(),
            from,
            bound: from,
            newest: from,
            by_time: false,
            is_disordered: false,
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

    /// Takes the next record of the list, which states this time. Returns the time that it counts for, and `None` if it
    /// is older than the pass reads.
    pub(super) fn read<S: Timeline>(
        &mut self,
        stated: Option<Timestamp>,
        overlap: Duration,
    ) -> Option<Timestamp> {
        let time = match stated {
            Some(time) => {
                if self.is_past(time, overlap) {
                    self.is_disordered |= time < self.newest;
                    self.newest = self.newest.max(time);
                }
                time
            }
            None if S::ASCENDING => self.newest,
            // Without an order, the latest possible time keeps it from being forgotten too early.
            None => self.newest.max(self.began),
        };
        (time.saturating_add(S::RESOLUTION) >= self.from).then_some(time)
    }

    /// Decides how the page after this one is requested. `has_next` says that there is one.
    pub(super) fn end_page<S: Timeline>(&mut self, has_next: bool) {
        self.by_time = self.is_ascending::<S>() && self.newest > self.bound && has_next;
    }

    /// Goes on to the page that is requested by time.
    pub(super) fn go_by_time(&mut self) {
        self.by_time = false;
        self.bound = self.newest;
    }

    /// The time up to which the list is complete once a record of this time was read, but for those that may still
    /// appear: their times lie within the overlap before it, or before the beginning of the pass.
    pub(super) fn complete_at(&self, time: Timestamp) -> Timestamp {
        self.began.min(time)
    }
}
