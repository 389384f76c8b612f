//! The timeouts of one attempt: for the response head once the request is sent, and for progress before that. Both
//! start when what was handed to the connection should have reached the peer, see [`SendPace`].

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tower_service::Service;

use super::layer;
use crate::body::SendPace;
use crate::clock::after;
use crate::context::{CallContext, SendProgress};
use crate::error::{BoxError, Error, ErrorKind};
use crate::outcome::Outcome;
use crate::service::{HttpRequest, HttpResponse};

#[derive(Debug, Clone)]
pub(crate) struct AttemptTimeout;

#[derive(Debug, Clone)]
pub(crate) struct AttemptTimeoutService<S> {
    inner: S,
}

layer!(AttemptTimeout => AttemptTimeoutService without settings);

impl<S> Service<HttpRequest> for AttemptTimeoutService<S>
where
    S: Service<HttpRequest, Response = HttpResponse, Error = BoxError>,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = Attempt<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: HttpRequest) -> Self::Future {
        let call = CallContext::of(&request).cloned();
        let mut progress = None;
        let mut sleep = None;
        let now = Instant::now();
        let over = |call: &CallContext| {
            let deadline = call.limits().deadline;
            deadline.is_some_and(|deadline| deadline <= now)
        };
        if call.as_ref().is_some_and(over) {
            // The deadline may have passed while the call waited for a permit or a credential.
            return Attempt {
                inner: None,
                call,
                progress,
                sleep,
            };
        }
        if let Some(call) = &call {
            call.start_attempt(now);
            let limits = call.limits();
            let mut first = limits.attempt_timeout;
            if request.body().small_bytes().is_none() {
                let tracker = Arc::new(SendPace::new());
                request.body_mut().track(Arc::clone(&tracker));
                progress = Some(tracker);
                first = first.min(limits.idle_timeout);
            }
            let due = after(now, first);
            call.set_attempt_timer(due);
            sleep = Some(tokio::time::sleep_until(due));
        }
        Attempt {
            inner: Some(self.inner.call(request)),
            call,
            progress,
            sleep,
        }
    }
}

pin_project! {
    pub(crate) struct Attempt<F> {
        // `None` if the deadline had passed before anything was sent.
        #[pin]
        inner: Option<F>,
        #[pin]
        sleep: Option<Sleep>,
        call: Option<CallContext>,
        // `None` if the body is small and handed to the connection at once.
        progress: Option<Arc<SendPace>>,
    }
}

impl<F> Future for Attempt<F>
where
    F: Future<Output = Result<HttpResponse, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(Err(Error::deadline_passed()
                .with_outcome(Outcome::NotSent)
                .boxed()));
        };
        if let Poll::Ready(result) = inner.poll(cx) {
            if let Some(call) = this.call {
                call.send_state().end_timer();
            }
            return Poll::Ready(result);
        }
        let (Some(mut sleep), Some(call)) = (this.sleep.as_mut().as_pin_mut(), this.call) else {
            return Poll::Pending;
        };
        while sleep.as_mut().poll(cx).is_ready() {
            let fired = TimerFired {
                call,
                upload: this.progress.as_deref(),
                now: Instant::now(),
            };
            match fired.next_look() {
                Err(error) => return Poll::Ready(Err(error)),
                Ok(look) => {
                    call.set_attempt_timer(look);
                    sleep.as_mut().reset(look);
                }
            }
        }
        Poll::Pending
    }
}

/// An attempt without a response whose timer has fired.
struct TimerFired<'a> {
    call: &'a CallContext,
    upload: Option<&'a SendPace>,
    now: Instant,
}

impl TimerFired<'_> {
    /// When to look again, or the error if the attempt has timed out.
    fn next_look(&self) -> Result<Instant, BoxError> {
        match self.call.send_state().progress() {
            SendProgress::Waiting { start, patience } => self.not_sent_yet(start, patience),
            SendProgress::Sent(at) => self.response_due(at),
        }
    }

    /// The request waits for a connection, or for a stream of one.
    fn not_sent_yet(&self, start: Instant, patience: Duration) -> Result<Instant, BoxError> {
        let limits = self.call.limits();
        // The attempt timeout starts once the request is sent.
        let due = after(after(start, patience), limits.attempt_timeout);
        if due <= self.now {
            let attempt = self.call.send_state();
            let is_withdrawn = attempt.withdraw();
            if !is_withdrawn && let SendProgress::Sent(at) = attempt.progress() {
                // The request was sent just now.
                return self.response_due(at);
            }
            attempt.starve();
            let waited = self.now.saturating_duration_since(start);
            return Err(never_sent(waited, is_withdrawn));
        }
        // We are not notified when the request is sent, so wake up before the response could time out.
        let soonest = match self.upload {
            None => limits.attempt_timeout,
            Some(_) => limits.attempt_timeout.min(limits.idle_timeout),
        };
        Ok(due.min(after(self.now, response_time(soonest))))
    }

    /// When to look again at a request that was sent at that time, as far as it could be. `sent` is `None` if the
    /// attempt is over.
    fn response_due(&self, sent: Option<Instant>) -> Result<Instant, BoxError> {
        let limits = self.call.limits();
        let begins = |at: Instant| sent.map_or(at, |sent| at.max(sent));
        let (due, is_stalled) = match self.upload.map(SendPace::last) {
            None => {
                let due = sent.map_or(self.now, |sent| after(sent, limits.attempt_timeout));
                (due, false)
            }
            Some(taken) if taken.done => {
                (after(begins(taken.arrived), limits.attempt_timeout), false)
            }
            Some(taken) => (after(begins(taken.arrived), limits.idle_timeout), true),
        };
        if due <= self.now {
            self.call.send_state().time_out();
            let (attempt, idle) = (limits.attempt_timeout, limits.idle_timeout);
            return Err(timed_out(is_stalled, attempt, idle));
        }
        if !is_stalled {
            return Ok(due);
        }
        // We are not notified when the last chunk is sent, so wake up before the response could time out.
        Ok(due.min(after(self.now, response_time(limits.attempt_timeout))))
    }
}

/// How long to sleep before looking again: nothing can be due earlier. At least 1 ms, to avoid a busy loop.
fn response_time(soonest: Duration) -> Duration {
    soonest.max(Duration::from_millis(1))
}

fn never_sent(waited: Duration, is_withdrawn: bool) -> BoxError {
    let error = Error::new(
        ErrorKind::Timeout,
        format!("no connection had room for the request within {waited:.0?}"),
    );
    match is_withdrawn {
        true => error.with_outcome(Outcome::NotSent).boxed(),
        // The request is next on its connection, and is sent as soon as the connection has room.
        false => error.boxed(),
    }
}

fn timed_out(is_stalled: bool, attempt: Duration, idle: Duration) -> BoxError {
    let message = if is_stalled {
        format!("sending the request made no progress for {idle:?}")
    } else {
        format!("no response within the attempt timeout of {attempt:?}")
    };
    Error::new(ErrorKind::Timeout, message).boxed()
}
