//! What the layers know about the call.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::HeaderName;
use tokio::time::Instant;

use crate::credential::Credential;
use crate::error::{CallFacts, Error};
use crate::operation::Operation;
use crate::outcome::{Outcome, Verdict};
use crate::protocol::Protocol;
use crate::url::base_url::BaseUrl;
use crate::wire::secret::{Secret, Secrets};

/// The facts of one call, carried as an extension of each of its requests.
///
/// Layers read it with `request.extensions().get::<CallContext>()`.
#[derive(Clone)]
pub struct CallContext(Arc<State>);

struct State {
    terms: CallTerms,
    attempts: AtomicU32,
    /// The retries that the call had used up when it paused last.
    retries: AtomicU32,
    /// How far the current attempt has come.
    flight: Mutex<Flight>,
    /// An earlier attempt may have been executed.
    unknown: AtomicBool,
    /// A timer is set that fires before the deadline, so the deadline needs none meanwhile.
    timed: AtomicBool,
    generation: AtomicU64,
}

/// The state of the current attempt's request.
struct Flight {
    attempt: u32,
    stage: Stage,
    /// How long connecting may take.
    patience: Duration,
    /// No connection had room for the request in time.
    is_starved: bool,
    /// The end of the last wait between two attempts.
    pause: Option<Instant>,
}

#[derive(Clone, Copy)]
enum Stage {
    /// No attempt is under way.
    Over,
    /// The layers of the attempt have the request, or a transport that reports nothing more.
    Started(Instant),
    /// The transport has the request, and no connection has taken it yet.
    Waiting(Instant),
    /// A connection has the request and sends its head as soon as it can: with HTTP/2 it may still wait for a stream.
    /// The rest of the request is in the body, which can still be withheld, unless it is empty.
    Held { start: Instant, is_empty: bool },
    /// The request is on the wire, as far as can be told.
    Sent(Instant),
    /// The request was sent, and no response came in time.
    TimedOut,
    /// The request was given up before it was sent, and its body fails if a connection reads it.
    Withdrawn,
}

/// How far an attempt has come, for its timer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// Nothing is sent yet.
    Waiting { start: Instant, patience: Duration },
    /// When the request was sent. `None` if the attempt is over.
    Sent(Option<Instant>),
}

/// Tracks when one request is sent, from what its connection does with its body.
pub(crate) struct Departure {
    call: CallContext,
    attempt: u32,
}

impl Departure {
    /// Updates the stage if this is still the current attempt. Returns `false` if the request must not be sent.
    fn moves(&self, next: impl FnOnce(Stage) -> Stage) -> bool {
        let mut flight = self.call.flight();
        if flight.attempt != self.attempt {
            return false;
        }
        flight.stage = next(flight.stage);
        !matches!(flight.stage, Stage::Withdrawn | Stage::Over)
    }

    /// A connection has taken the request.
    pub(crate) fn held(&self, is_empty: bool) -> bool {
        self.moves(|stage| match stage {
            Stage::Waiting(start) => Stage::Held { start, is_empty },
            stage => stage,
        })
    }

    /// A connection sends the request.
    pub(crate) fn sent(&self) -> bool {
        self.moves(|stage| match stage {
            Stage::Waiting(_) | Stage::Held { .. } => Stage::Sent(Instant::now()),
            stage => stage,
        })
    }

    /// The connection dropped the body without reading it.
    pub(crate) fn dropped(&self) {
        self.moves(|stage| match stage {
            Stage::Held { is_empty: true, .. } => Stage::Sent(Instant::now()),
            stage => stage,
        });
    }
}

/// Where a call goes, and which protocol, credential and limits apply there.
#[derive(Clone)]
pub(crate) struct Target {
    /// The origin that every request of the call must go to.
    pub(crate) origin: Arc<BaseUrl>,
    /// The protocol of the host at that origin.
    pub(crate) protocol: Arc<dyn Protocol>,
    /// The client's credential, if that origin may know it.
    pub(crate) credential: Option<Arc<dyn Credential>>,
    /// Other secrets that the client sends there, which no error may show.
    pub(crate) secrets: Secrets,
    /// Whether the client's credential is applied.
    pub(crate) is_authorized: bool,
    /// Whether the client's rate limiter applies.
    pub(crate) is_limited: bool,
}

/// What is settled about a call before its first attempt.
#[derive(Clone)]
pub(crate) struct CallTerms {
    pub(crate) operation: &'static Operation,
    pub(crate) target: Arc<Target>,
    pub(crate) limits: CallLimits,
    /// The secrets of the request other than the credential, which no error may show.
    pub(crate) secrets: Secrets,
    /// The name of the call in errors, if it has no operation.
    pub(crate) label: Option<Arc<str>>,
    /// The headers that the caller has set.
    pub(crate) headers: Box<[HeaderName]>,
}

/// The limits of one call.
#[derive(Debug, Clone)]
pub(crate) struct CallLimits {
    pub(crate) deadline: Option<Instant>,
    /// When the last byte of a streamed response must have arrived.
    pub(crate) stream_deadline: Option<Instant>,
    pub(crate) attempt_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) response_limit: Option<u64>,
    pub(crate) retries: u32,
    pub(crate) idempotent: bool,
    pub(crate) streamed: bool,
}

impl CallContext {
    pub(crate) fn new(terms: CallTerms) -> Self {
        Self(Arc::new(State {
            terms,
            attempts: AtomicU32::new(0),
            retries: AtomicU32::new(0),
            flight: Mutex::new(Flight {
                attempt: 0,
                stage: Stage::Over,
                patience: Duration::ZERO,
                pause: None,
                is_starved: false,
            }),
            unknown: AtomicBool::new(false),
            timed: AtomicBool::new(false),
            generation: AtomicU64::new(0),
        }))
    }

    /// Whether the caller has set this header.
    pub(crate) fn sets(&self, name: &HeaderName) -> bool {
        self.0.terms.headers.contains(name)
    }

    /// The same call after a redirect: earlier attempts count, and the deadline stays.
    pub(crate) fn redirected(&self, target: Arc<Target>) -> Self {
        let terms = self.0.terms.clone();
        let next = Self::new(CallTerms { target, ..terms });
        next.0.attempts.store(self.attempt(), Ordering::Relaxed);
        next
    }

    pub(crate) fn of<B>(request: &http::Request<B>) -> Option<&Self> {
        request.extensions().get()
    }

    /// The operation that is being called.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.0.terms.operation
    }

    pub(crate) fn label(&self) -> Option<Arc<str>> {
        self.0.terms.label.clone()
    }

    /// The deadline of the whole call.
    #[must_use]
    pub fn deadline(&self) -> Option<std::time::Instant> {
        self.0.terms.limits.deadline.map(Instant::into_std)
    }

    /// The number of the current attempt, from 1; 0 before the first.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.attempts.load(Ordering::Relaxed)
    }

    /// Whether the call is idempotent, so that it is retried even if an earlier attempt may have been executed.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.0.terms.limits.idempotent
    }

    /// The secrets of the request.
    pub(crate) fn own_secrets(&self) -> &Secrets {
        &self.0.terms.secrets
    }

    /// All secrets that no error of the call may show.
    #[cold]
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let of_client = &self.0.terms.target.secrets;
        let mut secrets: Vec<Secret> = self
            .own_secrets()
            .iter()
            .chain(of_client.iter())
            .cloned()
            .collect();
        if let Some(credential) = &self.0.terms.target.credential {
            secrets.extend(credential.secrets());
        }
        secrets
    }

    pub(crate) fn limits(&self) -> &CallLimits {
        &self.0.terms.limits
    }

    /// The origin that every request of the call must go to.
    pub(crate) fn origin(&self) -> &BaseUrl {
        &self.0.terms.target.origin
    }

    /// Whether the client's rate limiter applies.
    pub(crate) fn is_limited(&self) -> bool {
        self.0.terms.target.is_limited
    }

    /// Whether the request goes to a host that the service chose as the location of a file.
    pub(crate) fn leaves_origin(&self) -> bool {
        !self.0.terms.target.is_authorized
    }

    /// Whether the client's credential applies.
    pub(crate) fn is_authorized(&self) -> bool {
        self.0.terms.target.is_authorized && !self.0.terms.operation.is_anonymous()
    }

    pub(crate) fn protocol(&self) -> &dyn Protocol {
        &*self.0.terms.target.protocol
    }

    /// Whether any attempt so far may have been executed: one that ended without a final response, or one that is in
    /// progress and can no longer be withdrawn. The call is over after this.
    pub(crate) fn may_be_executed(&self) -> bool {
        self.0.unknown.load(Ordering::Relaxed) || !self.give_up()
    }

    fn flight(&self) -> MutexGuard<'_, Flight> {
        self.0.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An attempt starts. It counts as sent, unless the transport says that it [waits](Self::wait_for_connection) for a
    /// connection.
    pub(crate) fn attempt_starts(&self, now: Instant) {
        let attempt = self.0.attempts.fetch_add(1, Ordering::Relaxed) + 1;
        let mut flight = self.flight();
        flight.attempt = attempt;
        flight.stage = Stage::Started(now);
        flight.is_starved = false;
    }

    /// When the attempt began, if its request has not been passed on yet.
    pub(crate) fn attempt_started(&self) -> Option<Instant> {
        match self.flight().stage {
            Stage::Started(at) => Some(at),
            _ => None,
        }
    }

    /// Notes that the attempt's request waits for a connection, for up to `patience`, and returns the handle to notify
    /// when a connection takes it. `None` if there is no attempt, or if a layer of the user sends more than one request
    /// in an attempt: then the request counts as sent.
    pub(crate) fn wait_for_connection(&self, patience: Duration) -> Option<Departure> {
        let mut flight = self.flight();
        match flight.stage {
            Stage::Started(start) => {
                flight.stage = Stage::Waiting(start);
                flight.patience = patience;
                Some(Departure {
                    attempt: flight.attempt,
                    call: self.clone(),
                })
            }
            Stage::Waiting(start) | Stage::Held { start, .. } => {
                flight.stage = Stage::Started(start);
                None
            }
            Stage::Withdrawn => {
                flight.stage = Stage::Started(Instant::now());
                None
            }
            Stage::Sent(_) | Stage::TimedOut | Stage::Over => None,
        }
    }

    /// How far the current attempt has come.
    pub(crate) fn way(&self) -> Way {
        let flight = self.flight();
        match flight.stage {
            Stage::Waiting(start) | Stage::Held { start, .. } => Way::Waiting {
                start,
                patience: flight.patience,
            },
            Stage::Started(at) | Stage::Sent(at) => Way::Sent(Some(at)),
            Stage::TimedOut | Stage::Withdrawn | Stage::Over => Way::Sent(None),
        }
    }

    /// Withdraws the attempt's request. Returns `false` if the request may have been sent, or can no longer be
    /// withdrawn.
    pub(crate) fn give_up(&self) -> bool {
        let mut flight = self.flight();
        match flight.stage {
            Stage::Waiting(_)
            | Stage::Held {
                is_empty: false, ..
            } => {
                flight.stage = Stage::Withdrawn;
                true
            }
            Stage::Withdrawn | Stage::Over => true,
            Stage::Started(_) | Stage::Held { .. } | Stage::Sent(_) | Stage::TimedOut => false,
        }
    }

    /// The attempt's request was sent, and no response came in time.
    pub(crate) fn attempt_times_out(&self) {
        self.flight().stage = Stage::TimedOut;
    }

    /// No connection took the attempt's request in time, or none had a stream for it.
    pub(crate) fn connection_times_out(&self) {
        self.flight().is_starved = true;
    }

    /// The transport is done with the request of this attempt, or dropped it: if it was not sent, it is withdrawn.
    /// Returns `true` if the attempt timed out on its connection, or while it waited for one.
    pub(crate) fn leaf_ends(&self, attempt: u32) -> bool {
        let mut flight = self.flight();
        if flight.attempt != attempt {
            return false;
        }
        if let Stage::Waiting(_)
        | Stage::Held {
            is_empty: false, ..
        } = flight.stage
        {
            flight.stage = Stage::Withdrawn;
        }
        flight.is_starved || matches!(flight.stage, Stage::TimedOut)
    }

    /// Notes when the attempt's timer fires.
    pub(crate) fn attempt_timer(&self, due: Instant) {
        let timed = self
            .0
            .terms
            .limits
            .deadline
            .is_none_or(|deadline| due < deadline);
        self.0.timed.store(timed, Ordering::Relaxed);
    }

    /// Whether a timer fires before the deadline.
    pub(crate) fn is_timed(&self) -> bool {
        self.0.timed.load(Ordering::Relaxed)
    }

    /// Notes that the attempt's timer is gone.
    pub(crate) fn attempt_timer_ends(&self) {
        self.0.timed.store(false, Ordering::Relaxed);
    }

    /// Notes the outcome of the attempt's request.
    pub(crate) fn attempt_ended(&self, outcome: Outcome) {
        self.attempt_timer_ends();
        self.flight().stage = Stage::Over;
        if outcome == Outcome::Unknown {
            self.0.unknown.store(true, Ordering::Relaxed);
        }
    }

    /// The call is to begin again, because what it waits for is of no use any more. Returns whether that is safe.
    pub(crate) fn begins_again(&self) -> bool {
        let may_be_executed = self.may_be_executed();
        let verdict = match may_be_executed {
            true => Verdict::Transient,
            false => Verdict::NotSent,
        };
        self.attempt_ended(verdict.outcome());
        // A request that was sent is sent again at most as often as retries are allowed.
        let has_retries = !may_be_executed || self.attempt() <= self.0.terms.limits.retries;
        has_retries && verdict.allows_retry(self.is_idempotent())
    }

    /// The call waits until then before it sends its request again, with so many retries used up.
    pub(crate) fn pauses_until(&self, until: Instant, retries: u32) {
        self.flight().pause = Some(until);
        self.0.retries.store(retries, Ordering::Relaxed);
    }

    /// The end of the wait between two attempts, if the call is in it.
    pub(crate) fn pause(&self) -> Option<Instant> {
        let flight = self.flight();
        flight.pause.filter(|_| matches!(flight.stage, Stage::Over))
    }

    /// The retries that the call had used up when it paused last.
    pub(crate) fn retries(&self) -> u32 {
        self.0.retries.load(Ordering::Relaxed)
    }

    /// The generation of the credential that was applied to the current attempt.
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
            .field("operation", &self.0.terms.operation.id())
            .field("attempt", &self.attempt())
            .field("limits", &self.0.terms.limits)
            .finish_non_exhaustive()
    }
}

impl Error {
    /// Adds which call it was and how far it got.
    pub(crate) fn in_call(self, call: &CallContext) -> Self {
        self.of_call(CallFacts {
            operation: call.operation(),
            label: call.label(),
            attempts: call.attempt(),
            is_idempotent: call.is_idempotent(),
            may_be_executed: call.may_be_executed(),
            secrets: &call.secrets(),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::protocol::PlainHttp;

    fn call() -> CallContext {
        call_of(true)
    }

    /// A call whose first attempt has begun, to the service's own hosts or to one that the service chose.
    pub(crate) fn call_of(is_authorized: bool) -> CallContext {
        static READ: Operation = Operation::new("things.get", http::Method::GET, "/things");
        let target = Target {
            origin: Arc::new(BaseUrl::parse("https://api.test", false).unwrap()),
            protocol: Arc::new(PlainHttp),
            credential: None,
            secrets: Secrets::default(),
            is_authorized,
            is_limited: true,
        };
        let limits = CallLimits {
            deadline: None,
            stream_deadline: None,
            attempt_timeout: Duration::ZERO,
            idle_timeout: Duration::ZERO,
            response_limit: None,
            retries: 0,
            idempotent: false,
            streamed: false,
        };
        let call = CallContext::new(CallTerms {
            operation: &READ,
            target: Arc::new(target),
            limits,
            secrets: Secrets::default(),
            label: None,
            headers: Box::default(),
        });
        assert!(!call.may_be_executed());
        call.attempt_starts(Instant::now());
        call
    }

    /// A call whose transport waits for a connection.
    fn waiting() -> (CallContext, Departure) {
        let call = call();
        let departure = call.wait_for_connection(Duration::ZERO).unwrap();
        (call, departure)
    }

    #[test]
    fn what_a_transport_does_not_tell_counts_as_sent() {
        assert!(call().may_be_executed());
    }

    #[test]
    fn a_request_that_no_connection_took_is_withdrawn_for_good() {
        let (call, departure) = waiting();
        assert!(!call.may_be_executed());
        assert!(!departure.held(false) && !departure.sent());
        assert!(!call.may_be_executed());

        let (call, departure) = waiting();
        assert!(departure.held(false));
        assert!(!call.may_be_executed());
        assert!(!departure.sent());

        let (call, departure) = waiting();
        assert!(!call.leaf_ends(1) && !departure.sent());
    }

    #[test]
    fn a_request_that_a_connection_sends_may_have_been_executed() {
        let (call, departure) = waiting();
        assert!(departure.held(false) && departure.sent());
        assert!(call.may_be_executed());

        // Without a body there is nothing to withhold.
        let (call, departure) = waiting();
        assert!(departure.held(true));
        assert!(call.may_be_executed());
        assert!(matches!(call.way(), Way::Waiting { .. }));
        departure.dropped();
        assert!(matches!(call.way(), Way::Sent(_)));
    }

    #[test]
    fn a_body_of_an_earlier_attempt_moves_nothing() {
        let (call, departure) = waiting();
        call.attempt_ended(Outcome::NotSent);
        call.attempt_starts(Instant::now());
        let second = call.wait_for_connection(Duration::ZERO).unwrap();
        assert!(!departure.held(false) && !departure.sent());
        departure.dropped();
        assert!(!call.leaf_ends(1));
        assert!(second.held(false) && second.sent());
        assert!(call.may_be_executed());
    }

    #[test]
    fn more_than_one_request_in_an_attempt_counts_as_sent() {
        let (call, _first) = waiting();
        assert!(call.wait_for_connection(Duration::ZERO).is_none());
        assert!(call.may_be_executed());

        let (call, _first) = waiting();
        call.leaf_ends(1);
        assert!(call.wait_for_connection(Duration::ZERO).is_none());
        assert!(call.may_be_executed());
    }
}
