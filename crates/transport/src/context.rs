//! What the layers know of the call they are part of.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Sent;
use crate::operation::Operation;

/// The facts of one call, carried as an extension of every one of its requests.
///
/// Layers of the user's own read it with `request.extensions().get::<CallContext>()`.
#[derive(Clone)]
pub struct CallContext(Arc<State>);

struct State {
    operation: &'static Operation,
    limits: CallLimits,
    attempts: AtomicU32,
    sent: AtomicU8,
    /// An attempt is under way, of which it is not known yet whether it reaches the service.
    in_flight: AtomicBool,
    /// A timer is set that strikes before the deadline, so that the deadline needs none of its own meanwhile.
    timed: AtomicBool,
    generation: AtomicU64,
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
    /// The request goes to another origin than the client's, where its limits and credential have no place.
    pub(crate) foreign: bool,
}

impl CallContext {
    pub(crate) fn new(operation: &'static Operation, limits: CallLimits) -> Self {
        Self(Arc::new(State {
            operation,
            limits,
            attempts: AtomicU32::new(0),
            sent: AtomicU8::new(0),
            in_flight: AtomicBool::new(false),
            timed: AtomicBool::new(false),
            generation: AtomicU64::new(0),
        }))
    }

    /// The same call on its way to another URL: what was tried before counts, its time runs on.
    pub(crate) fn sent_on(&self, foreign: bool) -> Self {
        let limits = CallLimits {
            foreign,
            ..self.0.limits.clone()
        };
        let next = Self::new(self.0.operation, limits);
        next.0.attempts.store(self.attempt(), Ordering::Relaxed);
        next.0.sent.store(self.sent() as u8, Ordering::Relaxed);
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

    /// Whether the request may be sent again although an earlier attempt may have been executed.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.0.limits.idempotent
    }

    /// Whether the request goes without the credential.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.0.operation.is_anonymous()
    }

    pub(crate) fn limits(&self) -> &CallLimits {
        &self.0.limits
    }

    /// Whether the request, in any attempt so far, reached the service.
    pub(crate) fn sent(&self) -> Sent {
        match self.0.sent.load(Ordering::Relaxed) {
            0 if !self.0.in_flight.load(Ordering::Relaxed) => Sent::No,
            0 => Sent::Maybe,
            1 => Sent::Maybe,
            _ => Sent::Yes,
        }
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

    pub(crate) fn attempt_ended(&self, sent: Sent) {
        self.0.timed.store(false, Ordering::Relaxed);
        self.0.in_flight.store(false, Ordering::Relaxed);
        self.0.sent.fetch_max(sent as u8, Ordering::Relaxed);
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
