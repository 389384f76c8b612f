//! The type that holds any tower service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::TryFutureExt;
use tower::ServiceExt;
use tower_service::Service;

use crate::body::{Body, ResponseBody};
use crate::error::BoxError;

/// A request as layers see it.
pub type HttpRequest = http::Request<Body>;

/// A response as layers see it.
pub type HttpResponse = http::Response<ResponseBody>;

/// Any tower service that takes an [`HttpRequest`] and returns an [`HttpResponse`]: the service that the user's layers
/// wrap, or the transport.
///
/// Clones share the service. Each call clones it once and awaits its readiness, so a layer that bounds concurrency
/// bounds it for all clones. An [`Error`](crate::Error) that passes through as a [`BoxError`] is recovered at the end
/// of the call.
#[derive(Clone)]
pub struct HttpService(Arc<dyn Call>);

pub(crate) type HttpFuture = Pin<Box<dyn Future<Output = Result<HttpResponse, BoxError>> + Send>>;

trait Call: Send + Sync {
    fn call(&self, request: HttpRequest) -> HttpFuture;
}

/// A service that may have to be waited for, as the user's may.
struct AwaitsReady<S>(S);

impl<S> Call for AwaitsReady<S>
where
    S: Service<HttpRequest, Response = HttpResponse> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    fn call(&self, request: HttpRequest) -> HttpFuture {
        Box::pin(self.0.clone().oneshot(request).map_err(Into::into))
    }
}

/// A service that is always ready, as all services of this crate are. `poll_ready` is not called.
struct AlwaysReady<S>(S);

impl<S> Call for AlwaysReady<S>
where
    S: Service<HttpRequest, Response = HttpResponse, Error = BoxError>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    fn call(&self, request: HttpRequest) -> HttpFuture {
        Box::pin(self.0.clone().call(request))
    }
}

impl HttpService {
    pub(crate) fn always_ready<S>(service: S) -> Self
    where
        S: Service<HttpRequest, Response = HttpResponse, Error = BoxError>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Self(Arc::new(AlwaysReady(service)))
    }

    pub(crate) fn send(&self, request: HttpRequest) -> HttpFuture {
        self.0.call(request)
    }

    /// Wraps a service.
    pub fn new<S>(service: S) -> Self
    where
        S: Service<HttpRequest, Response = HttpResponse> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        Self(Arc::new(AwaitsReady(service)))
    }
}

impl fmt::Debug for HttpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpService").finish_non_exhaustive()
    }
}

/// Implements [`Service`] for a type that is always ready, by its method `send`.
macro_rules! always_ready {
    ($type:ty) => {
        impl ::tower_service::Service<$crate::service::HttpRequest> for $type {
            type Response = $crate::service::HttpResponse;
            type Error = $crate::error::BoxError;
            type Future = $crate::service::HttpFuture;

            fn poll_ready(
                &mut self,
                _: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::result::Result<(), Self::Error>> {
                ::std::task::Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: $crate::service::HttpRequest) -> Self::Future {
                self.send(request)
            }
        }
    };
}
#[cfg(any(feature = "fake", test))]
pub(crate) use always_ready;

always_ready!(HttpService);
