//! Rate limiting.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// A token bucket that also admits at most its capacity in any one second.
///
/// A token bucket alone admits more: all its tokens at once, and those that are added during the same second.
#[derive(Debug)]
pub(crate) struct RateLimit {
    /// The time that one request costs.
    cost: Duration,
    capacity: usize,
    /// Unspent time, at most `capacity` times `cost`.
    credit: Duration,
    seen: Duration,
    /// The times of the last `capacity` requests that were admitted.
    granted: VecDeque<Duration>,
}

const WINDOW: Duration = Duration::from_secs(1);

impl RateLimit {
    /// `per_second` requests a second in the long run, and `burst` more for a moment.
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let cost = WINDOW / per_second;
        let capacity = per_second + burst;
        Self {
            cost,
            capacity: capacity as usize,
            credit: cost * capacity,
            seen: Duration::ZERO,
            granted: VecDeque::with_capacity(capacity as usize),
        }
    }

    /// Admits a request at `now`, or returns how long to wait.
    pub(crate) fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        let full = self.cost * u32::try_from(self.capacity).unwrap_or(u32::MAX);
        let passed = now.saturating_sub(self.seen);
        self.seen = self.seen.max(now);
        self.credit = self.credit.saturating_add(passed).min(full);

        let oldest = (self.granted.len() == self.capacity).then(|| self.granted[0]);
        let window = oldest.map_or(Duration::ZERO, |oldest| {
            (oldest + WINDOW).saturating_sub(self.seen)
        });
        let wait = window.max(self.cost.saturating_sub(self.credit));
        if !wait.is_zero() {
            return Err(wait);
        }
        self.credit -= self.cost;
        if oldest.is_some() {
            self.granted.pop_front();
        }
        self.granted.push_back(self.seen);
        Ok(())
    }
}

/// A limit of five a minute for each key. The minute begins with the first. Source: `rate_limit` in the controllers of
/// Password Pusher's server.
#[derive(Debug, Default)]
pub(crate) struct FiveAMinute(HashMap<String, (Duration, u32)>);

impl FiveAMinute {
    pub(crate) fn admit(&mut self, key: &str, now: Duration) -> bool {
        let (began, count) = self.0.entry(key.to_owned()).or_insert((now, 0));
        if now.saturating_sub(*began) >= Duration::from_secs(60) {
            (*began, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= 5
    }
}
