//! How far the current attempt of a call has come, and whether its request can still be withdrawn.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::CallContext;
use crate::error::Error;

/// The state of the current attempt, which the layers, the transport and the connection report to.
pub(crate) struct SendState {
    current: Mutex<Current>,
    /// A timer is set that fires before the deadline, so the deadline needs none meanwhile.
    is_timed: AtomicBool,
}

struct Current {
    /// The number of the attempt.
    attempt: u32,
    stage: SendStage,
    /// How long connecting may take.
    patience: Duration,
    /// No connection had room for the request in time.
    is_starved: bool,
    /// The end of the last wait between two attempts.
    pause: Option<Instant>,
    /// Why the body of the request failed.
    body_error: Option<Error>,
}

#[derive(Clone, Copy)]
enum SendStage {
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
pub(crate) enum SendProgress {
    /// Nothing is sent yet.
    Waiting { start: Instant, patience: Duration },
    /// When the request was sent. `None` if the attempt is over.
    Sent(Option<Instant>),
}

impl SendState {
    pub(super) fn new() -> Self {
        Self {
            current: Mutex::new(Current {
                attempt: 0,
                stage: SendStage::Over,
                patience: Duration::ZERO,
                is_starved: false,
                pause: None,
                body_error: None,
            }),
            is_timed: AtomicBool::new(false),
        }
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn start(&self, attempt: u32, now: Instant) {
        let mut current = self.current();
        current.attempt = attempt;
        current.stage = SendStage::Started(now);
        current.is_starved = false;
        current.body_error = None;
    }

    /// When the attempt began, if its request has not been passed on yet.
    pub(crate) fn started(&self) -> Option<Instant> {
        match self.current().stage {
            SendStage::Started(at) => Some(at),
            _ => None,
        }
    }

    /// Notes that the request waits for a connection. Returns the number of the attempt, or `None` if the request
    /// counts as sent.
    fn wait_for_connection(&self, patience: Duration) -> Option<u32> {
        let mut current = self.current();
        match current.stage {
            SendStage::Started(start) => {
                current.stage = SendStage::Waiting(start);
                current.patience = patience;
                Some(current.attempt)
            }
            SendStage::Waiting(start) | SendStage::Held { start, .. } => {
                current.stage = SendStage::Started(start);
                None
            }
            SendStage::Withdrawn => {
                current.stage = SendStage::Started(Instant::now());
                None
            }
            SendStage::Sent(_) | SendStage::TimedOut | SendStage::Over => None,
        }
    }

    /// How far the attempt has come.
    pub(crate) fn progress(&self) -> SendProgress {
        let current = self.current();
        match current.stage {
            SendStage::Waiting(start) | SendStage::Held { start, .. } => SendProgress::Waiting {
                start,
                patience: current.patience,
            },
            SendStage::Started(at) | SendStage::Sent(at) => SendProgress::Sent(Some(at)),
            SendStage::TimedOut | SendStage::Withdrawn | SendStage::Over => {
                SendProgress::Sent(None)
            }
        }
    }

    /// Withdraws the request. Returns `false` if the request may have been sent, or can no longer be withdrawn.
    pub(crate) fn withdraw(&self) -> bool {
        let mut current = self.current();
        match current.stage {
            SendStage::Waiting(_)
            | SendStage::Held {
                is_empty: false, ..
            } => {
                current.stage = SendStage::Withdrawn;
                true
            }
            SendStage::Withdrawn | SendStage::Over => true,
            SendStage::Started(_)
            | SendStage::Held { .. }
            | SendStage::Sent(_)
            | SendStage::TimedOut => false,
        }
    }

    /// The request was sent, and no response came in time.
    pub(crate) fn time_out(&self) {
        self.current().stage = SendStage::TimedOut;
    }

    /// No connection took the request in time, or none had a stream for it.
    pub(crate) fn starve(&self) {
        self.current().is_starved = true;
    }

    /// The transport is done with the request of this attempt, or dropped it: if it was not sent, it is withdrawn.
    /// Returns `true` if the attempt timed out on its connection, or while it waited for one.
    pub(crate) fn end_in_transport(&self, attempt: u32) -> bool {
        let mut current = self.current();
        if current.attempt != attempt {
            return false;
        }
        if let SendStage::Waiting(_)
        | SendStage::Held {
            is_empty: false, ..
        } = current.stage
        {
            current.stage = SendStage::Withdrawn;
        }
        current.is_starved || matches!(current.stage, SendStage::TimedOut)
    }

    /// Why the body of the attempt's request failed, if it did.
    pub(crate) fn take_body_error(&self) -> Option<Error> {
        self.current().body_error.take()
    }

    /// Notes whether the attempt's timer fires before the deadline.
    pub(super) fn set_timed(&self, is_timed: bool) {
        self.is_timed.store(is_timed, Ordering::Relaxed);
    }

    /// Whether a timer fires before the deadline.
    pub(crate) fn is_timed(&self) -> bool {
        self.is_timed.load(Ordering::Relaxed)
    }

    /// Notes that the attempt's timer is gone.
    pub(crate) fn end_timer(&self) {
        self.set_timed(false);
    }

    pub(super) fn end(&self) {
        self.end_timer();
        self.current().stage = SendStage::Over;
    }

    pub(super) fn pause_until(&self, until: Instant) {
        self.current().pause = Some(until);
    }

    /// The end of the wait between two attempts, if the call is in it.
    pub(crate) fn pause(&self) -> Option<Instant> {
        let current = self.current();
        let is_over = matches!(current.stage, SendStage::Over);
        current.pause.filter(|_| is_over)
    }
}

/// Tracks when one request is sent, from what its connection does with its body.
pub(crate) struct SendTracker {
    call: CallContext,
    attempt: u32,
}

impl SendTracker {
    /// The tracker of the attempt's request, which now waits for a connection, for up to `patience`. `None` if there is
    /// no attempt, or if a layer of the user sends more than one request in an attempt: then the request counts as
    /// sent.
    pub(crate) fn new(call: &CallContext, patience: Duration) -> Option<Self> {
        let attempt = call.send_state().wait_for_connection(patience)?;
        Some(Self {
            call: call.clone(),
            attempt,
        })
    }

    /// Updates the stage if this is still the current attempt. Returns `false` if the request must not be sent.
    fn advance(&self, next: impl FnOnce(SendStage) -> SendStage) -> bool {
        let mut current = self.call.send_state().current();
        if current.attempt != self.attempt {
            return false;
        }
        current.stage = next(current.stage);
        !matches!(current.stage, SendStage::Withdrawn | SendStage::Over)
    }

    /// A connection has taken the request.
    pub(crate) fn held(&self, is_empty: bool) -> bool {
        self.advance(|stage| match stage {
            SendStage::Waiting(start) => SendStage::Held { start, is_empty },
            stage => stage,
        })
    }

    /// A connection sends the request.
    pub(crate) fn sent(&self) -> bool {
        self.advance(|stage| match stage {
            SendStage::Waiting(_) | SendStage::Held { .. } => SendStage::Sent(Instant::now()),
            stage => stage,
        })
    }

    /// The body failed while the connection read it.
    #[cold]
    pub(crate) fn body_failed(&self, error: Error) {
        let mut current = self.call.send_state().current();
        if current.attempt == self.attempt {
            current.body_error = Some(error);
        }
    }

    /// The connection dropped the body without reading it.
    pub(crate) fn dropped(&self) {
        self.advance(|stage| match stage {
            SendStage::Held { is_empty: true, .. } => SendStage::Sent(Instant::now()),
            stage => stage,
        });
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::context::{CallLimits, CallTerms, Destination};
    use crate::operation::Operation;
    use crate::outcome::Outcome;
    use crate::protocol::PlainHttp;
    use crate::url::base_url::BaseUrl;
    use crate::wire::secret::Secrets;

    fn call() -> CallContext {
        call_of(true)
    }

    /// A call whose first attempt has begun, to the service's own hosts or to one that the service chose.
    pub(crate) fn call_of(is_authorized: bool) -> CallContext {
        static READ: Operation = Operation::new("things.get", http::Method::GET, "/things");
        let destination = Destination {
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
            destination: Arc::new(destination),
            limits,
            secrets: Secrets::default(),
            label: None,
            headers: Box::default(),
        });
        assert!(!call.give_up());
        call.start_attempt(Instant::now());
        call
    }

    /// A call whose transport waits for a connection.
    fn waiting() -> (CallContext, SendTracker) {
        let call = call();
        let tracker = SendTracker::new(&call, Duration::ZERO).unwrap();
        (call, tracker)
    }

    #[test]
    fn what_a_transport_does_not_tell_counts_as_sent() {
        assert!(call().give_up());
    }

    #[test]
    fn a_request_that_no_connection_took_is_withdrawn_for_good() {
        let (call, tracker) = waiting();
        assert!(!call.give_up());
        assert!(!tracker.held(false) && !tracker.sent());
        assert!(!call.give_up());

        let (call, tracker) = waiting();
        assert!(tracker.held(false));
        assert!(!call.give_up());
        assert!(!tracker.sent());

        let (call, tracker) = waiting();
        assert!(!call.send_state().end_in_transport(1) && !tracker.sent());
    }

    #[test]
    fn a_request_that_a_connection_sends_may_have_been_executed() {
        let (call, tracker) = waiting();
        assert!(tracker.held(false) && tracker.sent());
        assert!(call.give_up());

        // Without a body there is nothing to withhold.
        let (call, tracker) = waiting();
        assert!(tracker.held(true));
        assert!(call.give_up());
        assert!(matches!(
            call.send_state().progress(),
            SendProgress::Waiting { .. }
        ));
        tracker.dropped();
        assert!(matches!(
            call.send_state().progress(),
            SendProgress::Sent(_)
        ));
    }

    #[test]
    fn a_body_of_an_earlier_attempt_moves_nothing() {
        let (call, tracker) = waiting();
        tracker.body_failed(Error::invalid("the file changed"));
        call.end_attempt(Outcome::NotSent);
        call.start_attempt(Instant::now());
        let second = SendTracker::new(&call, Duration::ZERO).unwrap();
        assert!(!tracker.held(false) && !tracker.sent());
        tracker.dropped();
        tracker.body_failed(Error::invalid("the file changed"));
        assert!(call.send_state().take_body_error().is_none());
        assert!(!call.send_state().end_in_transport(1));
        assert!(second.held(false) && second.sent());
        assert!(call.give_up());
    }

    #[test]
    fn more_than_one_request_in_an_attempt_counts_as_sent() {
        let (call, _first) = waiting();
        assert!(SendTracker::new(&call, Duration::ZERO).is_none());
        assert!(call.give_up());

        let (call, _first) = waiting();
        call.send_state().end_in_transport(1);
        assert!(SendTracker::new(&call, Duration::ZERO).is_none());
        assert!(call.give_up());
    }
}
