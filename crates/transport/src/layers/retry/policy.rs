//! How often a call is retried, and after which waits.

use std::time::Duration;

/// How often failed requests are retried, and after which waits, where a retry is safe.
///
/// ```
/// use std::time::Duration;
/// use security_api_transport::RetryPolicy;
///
/// let patient = RetryPolicy::default().retries(6).longest_server_wait(Duration::from_secs(300));
/// let never = RetryPolicy::never();
/// assert_ne!(patient, never);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    pub(crate) retries: u32,
    first: Duration,
    longest: Duration,
    pub(super) longest_server_wait: Duration,
}

impl Default for RetryPolicy {
    /// Three retries. The waits are drawn from 0 to a bound that starts at 200 ms and doubles up to 20 s. A wait that
    /// the service asks for is kept up to 60 s.
    fn default() -> Self {
        Self {
            retries: 3,
            first: Duration::from_millis(200),
            longest: Duration::from_secs(20),
            longest_server_wait: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// Sends every request once. The only exception is a stale token, which the service refused: it is renewed and the
    /// request sent with the new one.
    #[must_use]
    pub fn never() -> Self {
        Self::default().retries(0)
    }

    /// How many times a request may be retried.
    ///
    /// Calls that the service refuses at the same time, with 429 under one limit, share their retries: half as many as
    /// there are calls, but at least this many. Once these were refused as well, all of the calls fail.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The bound of the first wait, and the bound up to which it doubles.
    #[must_use]
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first;
        self.longest = longest;
        self
    }

    /// The longest wait that the service may ask for. If it asks for more, the call fails at once, and
    /// [`Error::retry_after`](crate::Error::retry_after) has the requested wait.
    #[must_use]
    pub fn longest_server_wait(mut self, longest: Duration) -> Self {
        self.longest_server_wait = longest;
        self
    }

    /// The bound of the wait before this retry. `retry` counts from 0.
    pub(super) fn bound(&self, retry: u32) -> Duration {
        self.first
            .saturating_mul(1_u32.checked_shl(retry).unwrap_or(u32::MAX))
            .min(self.longest)
    }

    /// Full jitter: a random wait between 0 and the bound.
    pub(super) fn wait(&self, retry: u32) -> Duration {
        self.bound(retry).mul_f64(fastrand::f64())
    }
}
