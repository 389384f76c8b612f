//! What the layers know of the call they are part of.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::base_url::BaseUrl;
use crate::operation::Operation;
use crate::outcome::Outcome;
use crate::protocol::Protocol;

/// The facts of one call, carried as an extension of every one of its requests.
///
/// Layers read it with `request.extensions().get::<CallContext>()`.
#[derive(Clone)]
pub struct CallContext(Arc<State>);

struct State {
    operation: &'static Operation,
    target: Arc<Target>,
    limits: CallLimits,
    attempts: AtomicU32,
    /// An attempt is under way, and it is not known yet whether it reaches the service.
    in_flight: AtomicBool,
    /// An earlier attempt may have been executed.
    unknown: AtomicBool,
    /// A timer is set that fires before the deadline, so that the deadline needs no timer of its own meanwhile.
    timed: AtomicBool,
    generation: AtomicU64,
}

/// Where a call goes, and what applies there.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The origin that every request of the call must go to.
    pub(crate) origin: Arc<BaseUrl>,
    /// How the host at that origin speaks.
    pub(crate) protocol: Arc<dyn Protocol>,
    /// Whether the client's credential is applied.
    pub(crate) is_authorized: bool,
    /// Whether the client's rate limiter applies.
    pub(crate) is_limited: bool,
}

/// The limits that hold for one call.
#[derive(Debug, Clone)]
pub(crate) struct CallLimits {
    pub(crate) deadline: Option<Instant>,
    /// When the last byte of a streamed answer must have come.
    pub(crate) stream_deadline: Option<Instant>,
    pub(crate) attempt_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) response_limit: Option<u64>,
    pub(crate) retries: u32,
    pub(crate) idempotent: bool,
    pub(crate) streamed: bool,
}

impl CallContext {
    pub(crate) fn new(
        operation: &'static Operation,
        target: Arc<Target>,
        limits: CallLimits,
    ) -> Self {
        Self(Arc::new(State {
            operation,
            target,
            limits,
            attempts: AtomicU32::new(0),
            in_flight: AtomicBool::new(false),
            unknown: AtomicBool::new(false),
            timed: AtomicBool::new(false),
            generation: AtomicU64::new(0),
        }))
    }

    /// The same call after a redirect: earlier attempts count, and the deadline stays.
    pub(crate) fn redirected(&self, target: Arc<Target>) -> Self {
        let next = Self::new(self.0.operation, target, self.0.limits.clone());
        next.0.attempts.store(self.attempt(), Ordering::Relaxed);
        next
    }

    pub(crate) fn of<B>(request: &http::Request<B>) -> Option<&Self> {
        request.extensions().get()
    }

    /// The operation that is being called.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.0.operation
    }

    /// When the whole call must be over.
    #[must_use]
    pub fn deadline(&self) -> Option<std::time::Instant> {
        self.0.limits.deadline.map(Instant::into_std)
    }

    /// The number of the current attempt, from 1; 0 before the first.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.attempts.load(Ordering::Relaxed)
    }

    /// Whether the call is idempotent: whether it is sent again even if an earlier attempt may have been executed.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.0.limits.idempotent
    }

    pub(crate) fn limits(&self) -> &CallLimits {
        &self.0.limits
    }

    /// The origin that every request of the call must go to.
    pub(crate) fn origin(&self) -> &BaseUrl {
        &self.0.target.origin
    }

    /// Whether the client's rate limiter applies.
    pub(crate) fn is_limited(&self) -> bool {
        self.0.target.is_limited
    }

    /// Whether the client's credential applies.
    pub(crate) fn is_authorized(&self) -> bool {
        self.0.target.is_authorized && !self.0.operation.is_anonymous()
    }

    pub(crate) fn protocol(&self) -> &dyn Protocol {
        &*self.0.target.protocol
    }

    /// Whether any attempt so far may have been executed: one that is under way, or one that ended without a response
    /// that settles it.
    pub(crate) fn may_be_executed(&self) -> bool {
        self.0.unknown.load(Ordering::Relaxed) || self.0.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn attempt_starts(&self) {
        self.0.attempts.fetch_add(1, Ordering::Relaxed);
        self.0.in_flight.store(true, Ordering::Relaxed);
    }

    /// Notes when the attempt's timer strikes.
    pub(crate) fn attempt_timer(&self, due: Instant) {
        let timed = self.0.limits.deadline.is_none_or(|deadline| due < deadline);
        self.0.timed.store(timed, Ordering::Relaxed);
    }

    /// Whether a timer strikes before the deadline.
    pub(crate) fn is_timed(&self) -> bool {
        self.0.timed.load(Ordering::Relaxed)
    }

    /// Notes that the attempt's timer is gone.
    pub(crate) fn attempt_timer_ends(&self) {
        self.0.timed.store(false, Ordering::Relaxed);
    }

    /// Notes what became of the attempt's request.
    pub(crate) fn attempt_ended(&self, outcome: Outcome) {
        self.attempt_timer_ends();
        self.0.in_flight.store(false, Ordering::Relaxed);
        if outcome == Outcome::Unknown {
            self.0.unknown.store(true, Ordering::Relaxed);
        }
    }

    /// The credential generation that the current attempt was stamped with.
    pub(crate) fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Relaxed)
    }

    pub(crate) fn set_generation(&self, generation: u64) {
        self.0.generation.store(generation, Ordering::Relaxed);
    }
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext")
            .field("operation", &self.0.operation.id())
            .field("attempt", &self.attempt())
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}
