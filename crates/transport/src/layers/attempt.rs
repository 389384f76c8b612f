//! The time bounds of one attempt: for the head of the answer once the request is sent, and for progress of the bodies.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tower_service::Service;

use super::layer;
use crate::body::{Progress, ResponseBody};
use crate::context::CallContext;
use crate::error::{BoxError, Error, ErrorKind, Sent};
use crate::service::{HttpRequest, HttpResponse};

#[derive(Debug, Clone)]
pub(crate) struct AttemptTimeout;

#[derive(Debug, Clone)]
pub(crate) struct AttemptTimeoutService<S> {
    inner: S,
    #[expect(dead_code, reason = "a layer without settings")]
    layer: AttemptTimeout,
}

layer!(AttemptTimeout => AttemptTimeoutService);

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
        if let Some(call) = &call {
            call.attempt_starts();
            let limits = call.limits();
            let mut first = limits.attempt_timeout;
            if request.body().small_bytes().is_none() {
                let tracker = Arc::new(Progress::new());
                request.body_mut().track(Arc::clone(&tracker));
                progress = Some(tracker);
                first = limits.idle_timeout;
            }
            sleep = Some(tokio::time::sleep(first));
        }
        Attempt {
            inner: self.inner.call(request),
            call,
            progress,
            sleep,
        }
    }
}

pin_project! {
    pub(crate) struct Attempt<F> {
        #[pin]
        inner: F,
        #[pin]
        sleep: Option<Sleep>,
        call: Option<CallContext>,
        // None once the whole request is known to be sent.
        progress: Option<Arc<Progress>>,
    }
}

impl<F> Future for Attempt<F>
where
    F: Future<Output = Result<HttpResponse, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(result) = this.inner.poll(cx) {
            let Some(call) = this.call else {
                return Poll::Ready(result);
            };
            let idle = call.limits().idle_timeout;
            let result = match result {
                Ok(response) => {
                    call.attempt_ended(Sent::Yes);
                    Ok(response.map(|body| Idle::wrap(body, idle)))
                }
                Err(error) => {
                    let error = Error::from_boxed(error);
                    call.attempt_ended(error.was_sent());
                    Err(error.boxed())
                }
            };
            return Poll::Ready(result);
        }
        let (Some(mut sleep), Some(call)) = (this.sleep.as_mut().as_pin_mut(), this.call) else {
            return Poll::Pending;
        };
        while sleep.as_mut().poll(cx).is_ready() {
            let limits = call.limits();
            let sending = this.progress.as_ref().map(|progress| progress.last());
            let due = match sending {
                None => None,
                Some((last, true)) => {
                    *this.progress = None;
                    Some(last + limits.attempt_timeout)
                }
                Some((last, false)) => Some(last + limits.idle_timeout),
            };
            match due {
                Some(due) if due > Instant::now() => sleep.as_mut().reset(due),
                _ => {
                    let stalled = sending.is_some_and(|(_, done)| !done);
                    call.attempt_ended(Sent::Maybe);
                    return Poll::Ready(Err(timed_out(
                        stalled,
                        limits.attempt_timeout,
                        limits.idle_timeout,
                    )));
                }
            }
        }
        Poll::Pending
    }
}

fn timed_out(stalled: bool, attempt: Duration, idle: Duration) -> BoxError {
    let message = if stalled {
        format!("sending the request made no progress for {idle:?}")
    } else {
        format!("no answer within the attempt timeout of {attempt:?}")
    };
    Error::new(ErrorKind::Timeout, message)
        .with_sent(Sent::Maybe)
        .boxed()
}

pin_project! {
    /// A body of which each piece must arrive within a time.
    struct Idle {
        #[pin]
        inner: ResponseBody,
        #[pin]
        sleep: Option<Sleep>,
        waiting: bool,
        idle: Duration,
    }
}

impl Idle {
    fn wrap(inner: ResponseBody, idle: Duration) -> ResponseBody {
        if inner.as_full().is_some() {
            return inner;
        }
        ResponseBody::stream(Self {
            inner,
            sleep: None,
            waiting: false,
            idle,
        })
    }
}

impl HttpBody for Idle {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        if let Poll::Ready(frame) = this.inner.poll_frame(cx) {
            *this.waiting = false;
            return Poll::Ready(frame);
        }
        if !*this.waiting {
            *this.waiting = true;
            let due = Instant::now() + *this.idle;
            match this.sleep.as_mut().as_pin_mut() {
                Some(sleep) => sleep.reset(due),
                None => this.sleep.set(Some(tokio::time::sleep_until(due))),
            }
        }
        let sleep = this.sleep.as_pin_mut().expect("set above");
        std::task::ready!(sleep.poll(cx));
        Poll::Ready(Some(Err(Error::new(
            ErrorKind::Timeout,
            format!("the answer stopped arriving for {:?}", this.idle),
        )
        .with_sent(Sent::Yes)
        .boxed())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
