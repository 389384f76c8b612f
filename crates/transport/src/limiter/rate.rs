//! Rates: how fast requests may start.

use std::time::Duration;

use tokio::time::Instant;

use crate::clock::{FOR_EVER, after};
use crate::error::Error;

/// How much of the time that requests lose in waking up is made up for.
const LATENESS: Duration = Duration::from_millis(10);

/// How many requests may start, and how fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    interval: Duration,
    burst: u32,
}

impl Rate {
    /// `per_second` requests a second, of which `burst` may start at once after a pause.
    ///
    /// In any window of `w` seconds at most `burst + per_second * (w + 0.01)` requests start. A request that wakes up
    /// late, as timers do, does not delay the next ones, so the rate is actually reached. Up to 10 ms are made up for.
    ///
    /// # Errors
    /// If the rate is not above 0 and at most 1,000,000, or the burst is 0.
    pub fn per_second(per_second: f64, burst: u32) -> Result<Self, Error> {
        if !(per_second > 0.0 && per_second <= 1e6) {
            return Err(Error::invalid(
                "rate limit: requests per second must be above 0 and at most 1,000,000",
            ));
        }
        if burst == 0 {
            return Err(Error::invalid("rate limit: the burst must be at least 1"));
        }
        let interval = Duration::try_from_secs_f64(per_second.recip())
            .map_err(|_| Error::invalid("rate limit: requests per second is too small"))?;
        Ok(Self { interval, burst })
    }

    /// At most `count` requests in any `period`, of which `burst` may start at once after a pause. The rest is spread
    /// evenly over the period, so a smaller burst means a higher steady rate.
    ///
    /// Use this for a quota that the service counts in windows of its own, whose start is not known to the client.
    ///
    /// ```
    /// use std::time::Duration;
    /// use security_api_transport::Rate;
    ///
    /// // 20 at once, then 100 a minute: never more than 120 in a minute.
    /// let rate = Rate::quota(120, Duration::from_secs(60), 20)?;
    /// # Ok::<(), security_api_transport::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the period is zero, or the burst is 0 or not below `count`.
    pub fn quota(count: u32, period: Duration, burst: u32) -> Result<Self, Error> {
        if period.is_zero() {
            return Err(Error::invalid("rate limit: the period must not be zero"));
        }
        if burst == 0 || burst >= count {
            return Err(Error::invalid(
                "rate limit: the burst must be at least 1 and below the count",
            ));
        }
        let steady = count - burst;
        // A request may start up to `LATENESS` late and the next ones on time, and no period may hold more than
        // `count`.
        let late = period.saturating_add(LATENESS) / steady.saturating_add(1);
        // Rounded up, otherwise as many intervals as there are requests would fit into less than the period.
        let interval = (period / steady).max(late) + Duration::from_nanos(1);
        Ok(Self { interval, burst })
    }

    /// The time between requests at the steady rate.
    pub(super) fn interval(self) -> Duration {
        self.interval
    }

    /// How far ahead of the steady rate a burst may run.
    pub(super) fn tolerance(self) -> Duration {
        self.interval.saturating_mul(self.burst - 1).min(FOR_EVER)
    }

    /// The theoretical arrival time after the limit was closed: the service's own bucket is empty, so the rate starts
    /// without a burst once the limit opens.
    pub(super) fn after_closed(self, arrival: Instant, closed_until: Option<Instant>) -> Instant {
        closed_until.map_or(arrival, |until| arrival.max(after(until, self.tolerance())))
    }

    /// The theoretical arrival time after a request that starts `now`, where `arrival` was the previous one.
    ///
    /// A request that is late because it, or the one before, woke up late does not delay the next ones. After a pause
    /// nothing is made up for.
    pub(super) fn next(self, arrival: Instant, now: Instant, waited: bool) -> Instant {
        let behind = now.saturating_duration_since(arrival);
        let from = if arrival > now {
            arrival
        } else if waited || behind <= LATENESS {
            now.checked_sub(behind.min(LATENESS)).unwrap_or(now)
        } else {
            now
        };
        after(from, self.interval)
    }
}

/// Rates that apply together: a request starts once all of them allow it, and counts against each.
///
/// A single [`Rate`] converts into `Rates`.
///
/// ```
/// use std::time::Duration;
/// use security_api_transport::{Rate, RateLimiter};
///
/// # fn main() -> Result<(), security_api_transport::Error> {
/// let limiter = RateLimiter::new([
///     Rate::quota(60, Duration::from_secs(1), 30)?,
///     Rate::quota(120, Duration::from_secs(60), 60)?,
/// ]);
/// # let _ = limiter; Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rates(Vec<Rate>);

impl Rates {
    pub(super) fn all(&self) -> &[Rate] {
        &self.0
    }
}

impl From<Rate> for Rates {
    fn from(rate: Rate) -> Self {
        Self(vec![rate])
    }
}

impl From<Option<Rate>> for Rates {
    fn from(rate: Option<Rate>) -> Self {
        Self(rate.into_iter().collect())
    }
}

impl From<Vec<Rate>> for Rates {
    fn from(rates: Vec<Rate>) -> Self {
        Self(rates)
    }
}

impl<const N: usize> From<[Rate; N]> for Rates {
    fn from(rates: [Rate; N]) -> Self {
        Self(rates.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_quota_holds_to_the_nanosecond_with_all_the_lateness_that_is_made_good(
            count in 2..2000_u32,
            burst in 1..2000_u32,
            period in 1..100_000_000_000_u64,
        ) {
            let burst = burst.min(count - 1);
            let period = Duration::from_nanos(period);
            let interval = Rate::quota(count, period, burst).unwrap().interval();
            // The first of `count + 1` requests may be late by all that is made up for, and the last of them in time.
            prop_assert!(interval * (count + 1 - burst) > period + LATENESS);
            // Spread over the period, rounded up, but no further than necessary.
            let even = interval * (count - burst);
            prop_assert!(even > period);
            let most = period.max((period + LATENESS) * (count - burst) / (count - burst + 1));
            prop_assert!(even <= most + Duration::from_nanos(2) * (count - burst));
        }
    }
}
