//! Opens a limit slowly where no rate says how fast requests may start.

use std::time::Duration;

use tokio::time::Instant;

use crate::clock::after;

/// How long the number of requests stays the same before it doubles, if the service responds quickly.
const STEP: Duration = Duration::from_millis(100);
/// The longest step, however long the service takes.
const LONGEST_STEP: Duration = Duration::from_secs(2);
/// The limit is fully open at this many requests in a step.
const OPEN_AT: u32 = 1024;

/// Lets one request start, and then, as long as no response closes the limit again, twice as many in each step.
///
/// A step starts with its first request. So unused permits do not accumulate: the number grows only through requests
/// that were not refused.
pub(super) struct Ramp {
    step: Duration,
    /// How many times in a row the first request closed the limit again.
    refused: u32,
    allowed: u32,
    /// When the current step began, and how many requests have started in it.
    current: Option<(Instant, u32)>,
}

impl Ramp {
    /// The ramp after a limit was closed at `now`, replacing one that was still in progress.
    ///
    /// The refusal belongs to a request that started no later than `last_start`, so responses take at least that long.
    /// A step of twice that length sees the responses to the step before.
    pub(super) fn new(previous: Option<&Self>, last_start: Option<Instant>, now: Instant) -> Self {
        let seen = last_start.map_or(Duration::ZERO, |start| now.saturating_duration_since(start));
        let before = previous.map_or(STEP, |ramp| ramp.step);
        let refused = match previous {
            // Further refusals from before the limit was closed.
            Some(ramp) if ramp.current.is_none() => ramp.refused,
            Some(ramp) if ramp.allowed == 1 => ramp.refused.saturating_add(1),
            _ => 0,
        };
        Self {
            step: (seen * 2).clamp(STEP, LONGEST_STEP).max(before),
            refused,
            allowed: 1,
            current: None,
        }
    }

    /// The minimum time that the limit stays closed, so that a service that keeps refusing without asking for a wait is
    /// not called endlessly.
    pub(super) fn least_wait(&self) -> Duration {
        match self.refused {
            0 => Duration::ZERO,
            refused => (STEP * (1 << refused.min(10))).min(LONGEST_STEP),
        }
    }

    /// When the request with `ahead` others before it may start, if the limit opens at `open`.
    pub(super) fn due(&self, open: Instant, mut ahead: usize) -> Instant {
        let (mut start, started) = match self.current {
            Some(current) => current,
            None => (open, 0),
        };
        let mut allowed = self.allowed;
        let mut left = allowed.saturating_sub(started) as usize;
        while ahead >= left && allowed < OPEN_AT {
            ahead -= left;
            allowed *= 2;
            left = allowed as usize;
            start = after(start, self.step);
        }
        start
    }

    /// Records the start of a request. Returns whether the ramp is over.
    pub(super) fn start(&mut self, now: Instant) -> bool {
        match &mut self.current {
            Some((begun, started)) if now < *begun + self.step => *started += 1,
            Some(_) => {
                self.allowed *= 2;
                self.current = Some((now, 1));
            }
            None => self.current = Some((now, 1)),
        }
        self.allowed >= OPEN_AT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limit is closed, whether or not a request started since it was last closed.
    fn closed(ramp: Option<Ramp>, started: bool, now: Instant) -> Ramp {
        let mut ramp = ramp;
        if let Some(ramp) = ramp.as_mut().filter(|_| started) {
            ramp.start(now);
        }
        Ramp::new(ramp.as_ref(), Some(now), now)
    }

    #[test]
    fn a_service_that_refuses_each_first_one_is_asked_less_and_less() {
        let now = Instant::now();
        let mut ramp = closed(None, false, now);
        assert_eq!(ramp.least_wait(), Duration::ZERO);
        for millis in [200, 400, 800, 1600, 2000, 2000] {
            ramp = closed(Some(ramp), true, now);
            assert_eq!(ramp.least_wait(), Duration::from_millis(millis));
            // Refusals of requests that had started before change nothing.
            for _ in 0..3 {
                ramp = closed(Some(ramp), false, now);
            }
            assert_eq!(ramp.least_wait(), Duration::from_millis(millis));
        }
        // Some were accepted before one was refused.
        for step in 0..3 {
            ramp.start(now + Duration::from_secs(step));
        }
        ramp = closed(Some(ramp), false, now);
        assert_eq!(ramp.least_wait(), Duration::ZERO);
    }
}
