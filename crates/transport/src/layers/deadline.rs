//! One deadline for all attempts and all waits of a call.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};
use tower_service::Service;

use super::layer;
use crate::context::CallContext;
use crate::error::{BoxError, Error};
use crate::outcome::Outcome;
use crate::service::{HttpRequest, HttpResponse};

#[derive(Debug, Clone)]
pub(crate) struct Deadline;

#[derive(Debug, Clone)]
pub(crate) struct DeadlineService<S> {
    inner: S,
}

layer!(Deadline => DeadlineService without settings);

impl<S> Service<HttpRequest> for DeadlineService<S>
where
    S: Service<HttpRequest, Response = HttpResponse, Error = BoxError>,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = Within<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: HttpRequest) -> Self::Future {
        let call = CallContext::of(&request).cloned();
        let deadline = call.as_ref().and_then(|call| call.limits().deadline);
        // A call without time left is not started.
        let over = deadline.is_some_and(|deadline| deadline <= Instant::now());
        Within {
            inner: (!over).then(|| self.inner.call(request)),
            sleep: deadline.map(tokio::time::sleep_until),
            call,
        }
    }
}

pin_project! {
    pub(crate) struct Within<F> {
        // `None` if the deadline had passed before the call started.
        #[pin]
        inner: Option<F>,
        #[pin]
        sleep: Option<Sleep>,
        call: Option<CallContext>,
    }
}

impl<F> Future for Within<F>
where
    F: Future<Output = Result<HttpResponse, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(Err(over()));
        };
        if let Poll::Ready(result) = inner.poll(cx) {
            return Poll::Ready(result);
        }
        // Setting a timer is expensive, and nearly every attempt has one that fires earlier.
        if this
            .call
            .as_ref()
            .is_some_and(|call| call.send_state().is_timed())
        {
            return Poll::Pending;
        }
        match this.sleep.as_pin_mut().map(|sleep| sleep.poll(cx)) {
            Some(Poll::Ready(())) => Poll::Ready(Err(over())),
            _ => Poll::Pending,
        }
    }
}

#[cold]
fn over() -> BoxError {
    // Details of the call are added where it is known.
    Error::deadline_passed()
        .with_outcome(Outcome::NotSent)
        .boxed()
}
