//! Whether a limit is closed: a refusal by the service closes it, and it opens slowly.

use std::time::Duration;

use tokio::time::Instant;

use super::ramp::Ramp;
use crate::clock::after;

/// What closes a limit, and how it opens again. It is open at first.
#[derive(Default)]
pub(super) struct Gate {
    /// No request starts before. `None` if the limit was never closed, or so long ago that it no longer matters.
    closed_until: Option<Instant>,
    /// How many may start since the limit opened, after a refusal or without a rate.
    ramp: Option<Ramp>,
}

impl Gate {
    pub(super) fn closed_until(&self) -> Option<Instant> {
        self.closed_until
    }

    /// When the request with `ahead` others before it may start, where `first` says when the rate allows the first one.
    /// `None` if the gate is open.
    pub(super) fn due(
        &self,
        ahead: usize,
        first: impl FnOnce() -> Option<Instant>,
    ) -> Option<Instant> {
        let open = self.closed_until?;
        Some(match &self.ramp {
            // The first step begins with the first request, for which the rate may have no room yet.
            Some(ramp) => ramp.due(first().map_or(open, |first| first.max(open)), ahead),
            None => open,
        })
    }

    /// Records the start of a request.
    pub(super) fn started(&mut self, now: Instant, has_rate: bool) {
        let is_over = self.ramp.as_mut().is_none_or(|ramp| ramp.start(now));
        if is_over {
            self.ramp = None;
        }
        if is_over && !has_rate {
            self.closed_until = None;
        }
    }

    /// Closes for this time from now. `is_refused` says that the service refused a request that started no later than
    /// `last_start`. After that, or without a rate, it opens slowly. Returns whether anything changed for those that
    /// wait.
    pub(super) fn close(
        &mut self,
        mut wait: Duration,
        now: Instant,
        last_start: Option<Instant>,
        is_refused: bool,
        has_rate: bool,
    ) -> bool {
        let is_slow = is_refused || !has_rate;
        if is_slow {
            // Also if the limit is already closed for longer: the service is still refusing.
            let refused_before = self.ramp.as_ref().filter(|_| is_refused);
            let ramp = Ramp::new(refused_before, last_start, now);
            wait = wait.max(ramp.least_wait());
            self.ramp = Some(ramp);
        }
        let until = after(now, wait);
        let is_longer = self.closed_until.is_none_or(|closed| closed < until);
        if is_longer {
            self.closed_until = Some(until);
        }
        is_longer || is_slow
    }

    pub(super) fn reopen(&mut self, now: Instant) {
        self.closed_until = self.closed_until.map(|closed| closed.min(now));
    }
}
