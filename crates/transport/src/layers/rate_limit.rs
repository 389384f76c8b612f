//! Waiting for a permit, and reporting used-up limits to the limiter.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::future;
use http::StatusCode;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::layer;
use crate::context::CallContext;
use crate::error::{BoxError, Error};
use crate::limiter::Limiter;
use crate::operation::Operation;
use crate::service::{HttpFuture, HttpRequest, HttpResponse};
use crate::wire::retry_after::exhausted_for;

#[derive(Debug, Clone)]
pub(crate) struct RateLimit {
    pub(crate) limiter: Arc<dyn Limiter>,
}

#[derive(Debug, Clone)]
pub(crate) struct RateLimitService<S> {
    inner: S,
    layer: RateLimit,
}

layer!(RateLimit => RateLimitService);

impl<S> Service<HttpRequest> for RateLimitService<S>
where
    S: Service<HttpRequest, Response = HttpResponse, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = Limited<future::Either<S::Future, HttpFuture>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: HttpRequest) -> Self::Future {
        let Some(call) = CallContext::of(&request).filter(|call| call.is_limited()) else {
            return Limited {
                inner: future::Either::Left(self.inner.call(request)),
                limit: None,
            };
        };
        let operation = call.operation();
        let limiter = Arc::clone(&self.layer.limiter);
        let limit = Some((limiter, operation));
        // No layer below waits before the request starts, so a permit is used as soon as it is given.
        if self.layer.limiter.try_acquire(operation) {
            return Limited {
                inner: future::Either::Left(self.inner.call(request)),
                limit,
            };
        }
        let deadline = call.deadline();
        let Self { mut inner, layer } = self.clone();
        let waiting: HttpFuture = Box::pin(async move {
            layer
                .limiter
                .acquire(operation, deadline)
                .await
                .map_err(Error::boxed)?;
            inner.call(request).await
        });
        Limited {
            inner: future::Either::Right(waiting),
            limit,
        }
    }
}

pin_project! {
    /// A request in progress, whose response may say that its limit is used up.
    pub(crate) struct Limited<F> {
        #[pin]
        inner: F,
        limit: Option<(Arc<dyn Limiter>, &'static Operation)>,
    }
}

impl<F> Future for Limited<F>
where
    F: Future<Output = Result<HttpResponse, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        // The meaning of a 429 for the limit is known only once its body has been read.
        if let (Ok(response), Some((limiter, operation))) = (&result, this.limit)
            && response.status() != StatusCode::TOO_MANY_REQUESTS
            && let Some(wait) = exhausted_for(response.headers())
        {
            limiter.used_up(operation, wait);
        }
        Poll::Ready(result)
    }
}
