//! Waiting for a permit, and telling the limiter what the service says of its limits.

use std::sync::Arc;
use std::task::{Context, Poll};

use tower::ServiceExt;
use tower_service::Service;

use super::layer;
use crate::context::CallContext;
use crate::error::{BoxError, Error};
use crate::limit::Limiter;
use crate::retry_after::exhausted_for;
use crate::service::{HttpFuture, HttpRequest, HttpResponse};

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
    type Future = HttpFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest) -> HttpFuture {
        let Self { inner, layer } = self.clone();
        let Some(call) = CallContext::of(&request).cloned() else {
            return Box::pin(inner.oneshot(request));
        };
        Box::pin(async move {
            let operation = call.operation();
            layer
                .limiter
                .acquire(operation, call.deadline())
                .await
                .map_err(Error::boxed)?;
            // Nothing below waits before the request starts, so a permit is used when it is given.
            let response = inner.oneshot(request).await?;
            if let Some(wait) = exhausted_for(response.headers()) {
                layer.limiter.close(operation, wait);
            }
            Ok(response)
        })
    }
}
