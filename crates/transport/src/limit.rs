//! Rate limits: how fast requests may start, and when none may.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::{Error, ErrorKind};
use crate::operation::Operation;

/// Decides when a request may start.
///
/// The client asks before every attempt. An implementation of one's own can share a limit among the machines of a
/// fleet; [`RateLimiter`] shares it within a process.
///
/// ```
/// use std::time::{Duration, Instant};
/// use async_trait::async_trait;
/// use security_api_transport::{Error, Limiter, Operation, RateLimiter};
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
/// }
/// ```
#[async_trait]
pub trait Limiter: fmt::Debug + Send + Sync + 'static {
    /// Takes a permit if a request of this operation may start right now; otherwise [`acquire`](Self::acquire) waits for
    /// one.
    fn try_acquire(&self, operation: &'static Operation) -> bool {
        let _ = operation;
        false
    }

    /// Waits until a request of this operation may start.
    ///
    /// # Errors
    /// With [`ErrorKind::RateLimit`], at once, if the wait would outlast `deadline` or the limiter's own bound.
    async fn acquire(
        &self,
        operation: &'static Operation,
        deadline: Option<std::time::Instant>,
    ) -> Result<(), Error>;

    /// The service said that the operation's limit is used up: no request under it may start for this long.
    fn close(&self, operation: &'static Operation, wait: Duration);
}

/// How many requests may start, and how fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    interval: Duration,
    burst: u32,
}

impl Rate {
    /// `per_second` requests a second, of which `burst` may start at once after a pause.
    ///
    /// In any one second at most `per_second + burst` requests start.
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

    /// At most `count` requests in any `period`, wherever it begins, of which `burst` may start at once after a pause.
    /// The rest of them is spread evenly over the period, so a smaller burst means a higher steady rate.
    ///
    /// This keeps to a quota that the service counts in windows of its own, whose beginnings are not known here.
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
        // Rounded up, or as many intervals as there are requests would fit into less than the period.
        let interval = period / (count - burst) + Duration::from_nanos(1);
        Ok(Self { interval, burst })
    }

    /// How far ahead of the steady rate a burst may run.
    fn tolerance(self) -> Duration {
        self.interval.saturating_mul(self.burst - 1).min(FOR_EVER)
    }
}

/// Rates that hold together: a request starts once all of them allow it, and counts against each.
///
/// Wherever one is asked for, a single [`Rate`] will do.
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

/// The limiter within a process: first come, first served, at a steady rate with a burst (GCRA).
///
/// Clones share the limits, and so do all clients built with a clone. A cancelled caller gives its place to the next.
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
    lanes: Mutex<HashMap<&'static str, Arc<Lane>>>,
    general_lane: Arc<Lane>,
}

impl RateLimiter {
    /// The longest that a caller waits for a permit unless [`max_wait`](Self::max_wait) says otherwise.
    pub const DEFAULT_MAX_WAIT: Duration = Duration::from_secs(60);

    /// One limit, of one or several rates, for all operations that have none of their own.
    #[must_use]
    pub fn new(general: impl Into<Rates>) -> Self {
        Self::with(general.into(), Vec::new(), Self::DEFAULT_MAX_WAIT)
    }

    /// No rate, but requests stop while the service says that a limit is used up.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::new(None)
    }

    fn with(general: Rates, named: Vec<(&'static str, Rates)>, max_wait: Duration) -> Self {
        Self(Arc::new(Limits {
            general_lane: Arc::new(Lane::new(general.clone())),
            general,
            named,
            max_wait,
            lanes: Mutex::default(),
        }))
    }

    /// A limit of its own for the operations that name it; none means no rate. Say it before the limiter is cloned: the
    /// result shares nothing with earlier clones.
    #[must_use]
    pub fn named(self, name: &'static str, rates: impl Into<Rates>) -> Self {
        let mut named = self.0.named.clone();
        named.push((name, rates.into()));
        Self::with(self.0.general.clone(), named, self.0.max_wait)
    }

    /// The longest that a caller waits for a permit; what would take longer fails at once. Say it before the limiter is
    /// cloned: the result shares nothing with earlier clones.
    #[must_use]
    pub fn max_wait(self, max_wait: Duration) -> Self {
        Self::with(self.0.general.clone(), self.0.named.clone(), max_wait)
    }

    fn lane(&self, name: &'static str) -> Arc<Lane> {
        let named = self.0.named.iter().rfind(|(key, _)| *key == name);
        // An unknown name counts against the general rate; where there is none, it still has a gate of its own.
        let general = named.is_none() && !self.0.general.0.is_empty();
        if general || name == Operation::GENERAL_LIMIT {
            return Arc::clone(&self.0.general_lane);
        }
        let mut lanes = self.0.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(name).or_insert_with(|| {
            let rates = named.map(|(_, rates)| rates.clone());
            Arc::new(Lane::new(rates.unwrap_or_default()))
        });
        Arc::clone(lane)
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
        self.lane(operation.limit_name()).try_acquire()
    }

    async fn acquire(
        &self,
        operation: &'static Operation,
        deadline: Option<std::time::Instant>,
    ) -> Result<(), Error> {
        let lane = self.lane(operation.limit_name());
        let bounds = Bounds {
            deadline: deadline.map(Instant::from_std),
            patience: after(Instant::now(), self.0.max_wait),
            max_wait: self.0.max_wait,
        };
        lane.acquire(bounds).await
    }

    fn close(&self, operation: &'static Operation, wait: Duration) {
        self.lane(operation.limit_name()).close(wait);
    }
}

/// How long a caller will wait.
#[derive(Clone, Copy)]
struct Bounds {
    deadline: Option<Instant>,
    patience: Instant,
    max_wait: Duration,
}

impl Bounds {
    fn check(&self, start: Instant, now: Instant) -> Result<(), Error> {
        let wait = start.saturating_duration_since(now);
        let refuse =
            |what: String| Err(Error::new(ErrorKind::RateLimit, what).with_retry_after(wait));
        if self.deadline.is_some_and(|deadline| start > deadline) {
            return refuse(format!(
                "the rate limit allows the request only in {}, after the call's deadline",
                seconds(wait)
            ));
        }
        if start > self.patience {
            return refuse(format!(
                "the rate limit allows the request only in {}, and the limiter's `max_wait` is {}: \
                 send less at once or raise it",
                seconds(wait),
                seconds(self.max_wait)
            ));
        }
        Ok(())
    }
}

fn seconds(wait: Duration) -> String {
    format!("{:.1} s", wait.as_secs_f64())
}

/// A wait longer than this is one without end; it also keeps points in time within what the clock can tell.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

pub(crate) fn after(start: Instant, wait: Duration) -> Instant {
    start + wait.min(FOR_EVER)
}

/// A caller who does not come for its permit this long after its turn goes to the end of the line. So a future that
/// someone holds without polling it stops nobody else.
const LATE: Duration = Duration::from_secs(1);

/// One limit: its schedule, and those who wait for it, in order.
struct Lane {
    rates: Rates,
    state: Mutex<LaneState>,
}

struct LaneState {
    /// For each rate the theoretical arrival time of GCRA: a request may start once this is at most `burst - 1`
    /// intervals ahead. None before the first request.
    arrivals: Vec<Instant>,
    closed_until: Option<Instant>,
    waiting: VecDeque<Arc<Notify>>,
}

impl Lane {
    fn new(rates: Rates) -> Self {
        Self {
            state: Mutex::new(LaneState {
                arrivals: Vec::with_capacity(rates.0.len()),
                closed_until: None,
                waiting: VecDeque::new(),
            }),
            rates,
        }
    }

    fn state(&self) -> MutexGuard<'_, LaneState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the turn of the request is that has `ahead` others before it; it may be in the past.
    fn due(&self, state: &LaneState, ahead: usize) -> Option<Instant> {
        let rates = || self.rates.0.iter().zip(&state.arrivals);
        let first = rates()
            .filter_map(|(rate, arrival)| arrival.checked_sub(rate.tolerance()))
            .max()
            .max(state.closed_until);
        let (Some(start), 1..) = (first, ahead) else {
            return first;
        };
        // Those ahead take their slots first: each moves the arrival times on by one interval.
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        rates()
            .filter_map(|(rate, &arrival)| {
                let arrival = after(arrival.max(start), rate.interval.saturating_mul(ahead));
                arrival.checked_sub(rate.tolerance())
            })
            .max()
            .max(first)
    }

    /// When the request that has `ahead` others before it may start.
    fn start(&self, state: &LaneState, now: Instant, ahead: usize) -> Instant {
        self.due(state, ahead).map_or(now, |due| due.max(now))
    }

    fn take(&self, state: &mut LaneState, now: Instant) {
        state.arrivals.resize(self.rates.0.len(), now);
        for (rate, arrival) in self.rates.0.iter().zip(&mut state.arrivals) {
            *arrival = after((*arrival).max(now), rate.interval);
        }
    }

    fn try_acquire(&self) -> bool {
        let mut state = self.state();
        if self.rates.0.is_empty() && state.closed_until.is_none() {
            return true;
        }
        let now = Instant::now();
        if !state.waiting.is_empty() || self.start(&state, now, 0) > now {
            return false;
        }
        self.take(&mut state, now);
        true
    }

    async fn acquire(&self, bounds: Bounds) -> Result<(), Error> {
        let place = Place {
            lane: self,
            notify: Arc::new(Notify::new()),
        };
        loop {
            let wake = {
                let mut state = self.state();
                let now = Instant::now();
                let mut position = place.position(&state);
                let mut ahead = position.unwrap_or(state.waiting.len());
                let late = |due| after(due, LATE) <= now;
                if ahead > 0 && self.due(&state, ahead).is_some_and(late) {
                    state.waiting.drain(..ahead);
                    (position, ahead) = (position.map(|_| 0), 0);
                }
                let start = self.start(&state, now, ahead);
                if ahead == 0 && start <= now {
                    self.take(&mut state, now);
                    return Ok(());
                }
                bounds.check(start, now)?;
                if position.is_none() {
                    state.waiting.push_back(Arc::clone(&place.notify));
                }
                if ahead == 0 {
                    start
                } else {
                    after(start, LATE)
                }
            };
            // A gate that closes meanwhile wakes everyone to look again, and who leaves the line wakes the next.
            let _ = tokio::time::timeout_at(wake, place.notify.notified()).await;
        }
    }

    fn close(&self, wait: Duration) {
        let mut state = self.state();
        let until = after(Instant::now(), wait);
        if state.closed_until.is_some_and(|closed| closed >= until) {
            return;
        }
        state.closed_until = Some(until);
        state.arrivals.resize(self.rates.0.len(), until);
        for (rate, arrival) in self.rates.0.iter().zip(&mut state.arrivals) {
            // The service's own account is empty: begin again at the steady rate, without a burst.
            *arrival = (*arrival).max(after(until, rate.tolerance()));
        }
        for waiting in &state.waiting {
            waiting.notify_one();
        }
    }
}

/// A place in the line, given up when dropped, whether the caller got its permit or went away.
struct Place<'a> {
    lane: &'a Lane,
    notify: Arc<Notify>,
}

impl Place<'_> {
    /// How many are ahead; none if the caller is not in the line.
    fn position(&self, state: &LaneState) -> Option<usize> {
        state
            .waiting
            .iter()
            .position(|waiting| Arc::ptr_eq(waiting, &self.notify))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.lane.state();
        let Some(position) = self.position(&state) else {
            return;
        };
        state.waiting.remove(position);
        if position == 0
            && let Some(first) = state.waiting.front()
        {
            first.notify_one();
        }
    }
}
