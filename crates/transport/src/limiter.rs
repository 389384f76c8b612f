//! Rate limits: when a request may start.

mod gate;
mod limit;
mod ramp;
mod rate;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::clock::after;
use crate::error::Error;
use crate::operation::Operation;
use limit::{Bounds, Limit};
pub use rate::{Rate, Rates};

/// Decides when a request may start.
///
/// The client asks the limiter before every attempt. A custom implementation can share a limit among the machines of a
/// fleet; [`RateLimiter`] shares it within a process.
///
/// ```
/// use std::time::{Duration, Instant};
/// use async_trait::async_trait;
/// use security_api_transport::middleware::Limiter;
/// use security_api_transport::{Error, Operation, RateLimiter};
///
/// /// Lets no deletion through; leaves the rest to another limiter.
/// #[derive(Debug)]
/// struct Careful(RateLimiter);
///
/// #[async_trait]
/// impl Limiter for Careful {
///     async fn acquire(&self, operation: &'static Operation, deadline: Option<Instant>) -> Result<(), Error> {
///         if operation.method() == http::Method::DELETE {
///             return Err(Error::invalid("deletions are not allowed here"));
///         }
///         self.0.acquire(operation, deadline).await
///     }
///
///     fn close(&self, operation: &'static Operation, wait: Duration) {
///         self.0.close(operation, wait);
///     }
///
///     fn reopen(&self) {
///         self.0.reopen();
///     }
/// }
/// ```
#[async_trait]
pub trait Limiter: fmt::Debug + Send + Sync + 'static {
    /// Takes a permit if a request of this operation may start right now. Otherwise [`acquire`](Self::acquire) waits
    /// for one.
    fn try_acquire(&self, operation: &'static Operation) -> bool {
        let _ = operation;
        false
    }

    /// Waits until a request of this operation may start.
    ///
    /// # Errors
    /// With [`ErrorKind::RateLimit`](crate::ErrorKind::RateLimit), at once, if the wait would outlast `deadline` or the
    /// limiter's own bound. At `deadline`, if the turn comes later than foreseen.
    async fn acquire(
        &self,
        operation: &'static Operation,
        deadline: Option<std::time::Instant>,
    ) -> Result<(), Error>;

    /// The service refused a request with 429, because the operation's limit is used up: no request under it may start
    /// for `wait`.
    ///
    /// A limiter is only told when a limit is used up, never how much of it is left. So an implementation should not
    /// let all requests start at once when the time is over, and should cap `wait`, because a service can send any
    /// value.
    fn close(&self, operation: &'static Operation, wait: Duration);

    /// The service accepted a request and said that it was the last one under the operation's limit: no other may start
    /// for `wait`. By default the same as [`close`](Self::close).
    fn used_up(&self, operation: &'static Operation, wait: Duration) {
        self.close(operation, wait);
    }

    /// Opens all limits that are closed because the service reported them as used up.
    ///
    /// Called by [`Client::reopen_limits`](crate::Client::reopen_limits). A limiter that wraps another one passes it
    /// on; the default does nothing.
    fn reopen(&self) {}
}

/// The limiter within a process: first in, first out, at a steady rate with a burst (GCRA).
///
/// Clones share the limits, and so do all clients built with a clone. If a caller is cancelled, the next one takes its
/// place.
///
/// While a limit is reported as used up, no request under it starts, for [`LONGEST_CLOSED`](Self::LONGEST_CLOSED) at
/// most. After that, a rate starts without a burst. After a refusal, or without a rate, one request starts, and then
/// twice as many every 100 ms (or in twice the time that the service took to refuse, up to 2 s), until the service
/// refuses again or about a thousand have started.
///
/// ```
/// use security_api_transport::{Rate, RateLimiter};
///
/// # fn main() -> Result<(), security_api_transport::Error> {
/// let limiter = RateLimiter::new(Rate::per_second(10.0, 10)?);
/// let for_both_clients = limiter.clone();
/// # let _ = for_both_clients; Ok(()) }
/// ```
#[derive(Clone)]
pub struct RateLimiter(Arc<Limits>);

struct Limits {
    general: Rates,
    named: Vec<(&'static str, Rates)>,
    max_wait: Duration,
    limits: Mutex<HashMap<&'static str, Arc<Limit>>>,
    general_limit: Arc<Limit>,
}

impl RateLimiter {
    /// The longest that a caller waits for a permit, unless [`max_wait`](Self::max_wait) is set.
    pub const DEFAULT_MAX_WAIT: Duration = Duration::from_secs(60);

    /// The longest that a limit stays closed for one report of the service.
    ///
    /// Wrong headers are more common than limits of more than an hour, and nothing else would open the limit. If it is
    /// still used up, one request finds out.
    pub const LONGEST_CLOSED: Duration = Duration::from_secs(3600);

    /// One limit, of one or several rates, for all operations that name no other.
    #[must_use]
    pub fn new(general: impl Into<Rates>) -> Self {
        Self::with(general.into(), Vec::new(), Self::DEFAULT_MAX_WAIT)
    }

    /// No rate, but requests stop while the service reports a limit as used up.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::new(None)
    }

    fn with(general: Rates, named: Vec<(&'static str, Rates)>, max_wait: Duration) -> Self {
        Self(Arc::new(Limits {
            general_limit: Arc::new(Limit::new(general.clone())),
            general,
            named,
            max_wait,
            limits: Mutex::default(),
        }))
    }

    /// Sets a separate limit for the operations that name it; `None` or an empty list means no rate. Call it before
    /// cloning the limiter: the result shares nothing with earlier clones.
    #[must_use]
    pub fn named(self, name: &'static str, rates: impl Into<Rates>) -> Self {
        let mut named = self.0.named.clone();
        named.push((name, rates.into()));
        Self::with(self.0.general.clone(), named, self.0.max_wait)
    }

    /// The longest that a caller waits for a permit. A longer wait fails at once. Call it before cloning the limiter:
    /// the result shares nothing with earlier clones.
    #[must_use]
    pub fn max_wait(self, max_wait: Duration) -> Self {
        Self::with(self.0.general.clone(), self.0.named.clone(), max_wait)
    }

    /// Opens all limits that are closed because the service reported them as used up. Requests start as they do when
    /// the time is over: without a burst.
    ///
    /// ```
    /// use security_api_transport::RateLimiter;
    ///
    /// fn quota_was_raised(limiter: &RateLimiter) {
    ///     limiter.reopen();
    /// }
    /// ```
    pub fn reopen(&self) {
        self.0.general_limit.reopen();
        // All of them wake callers, who may ask for a limit.
        let limits: Vec<_> = {
            let limits = self.0.limits.lock().unwrap_or_else(PoisonError::into_inner);
            limits.values().cloned().collect()
        };
        limits.iter().for_each(|limit| limit.reopen());
    }

    fn limit(&self, name: &'static str) -> Arc<Limit> {
        let named = self.0.named.iter().rfind(|(key, _)| *key == name);
        // An unknown name counts against the general rate. Without one, it is still closed separately.
        let general = named.is_none() && !self.0.general.all().is_empty();
        if general || name == Operation::GENERAL_LIMIT {
            return Arc::clone(&self.0.general_limit);
        }
        let mut limits = self.0.limits.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = limits.entry(name).or_insert_with(|| {
            let rates = named.map(|(_, rates)| rates.clone());
            Arc::new(Limit::new(rates.unwrap_or_default()))
        });
        Arc::clone(limit)
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter")
            .field("general", &self.0.general)
            .field("named", &self.0.named)
            .field("max_wait", &self.0.max_wait)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Limiter for RateLimiter {
    fn try_acquire(&self, operation: &'static Operation) -> bool {
        self.limit(operation.limit_name()).try_acquire()
    }

    async fn acquire(
        &self,
        operation: &'static Operation,
        deadline: Option<std::time::Instant>,
    ) -> Result<(), Error> {
        let limit = self.limit(operation.limit_name());
        let bounds = Bounds {
            deadline: deadline.map(Instant::from_std),
            patience: after(Instant::now(), self.0.max_wait),
            max_wait: self.0.max_wait,
        };
        limit.acquire(bounds).await
    }

    fn close(&self, operation: &'static Operation, wait: Duration) {
        self.limit(operation.limit_name())
            .close(wait.min(Self::LONGEST_CLOSED), true);
    }

    fn used_up(&self, operation: &'static Operation, wait: Duration) {
        self.limit(operation.limit_name())
            .close(wait.min(Self::LONGEST_CLOSED), false);
    }

    fn reopen(&self) {
        Self::reopen(self);
    }
}
