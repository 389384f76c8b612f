//! The one type behind which any tower service fits.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

use crate::body::{Body, ResponseBody};
use crate::error::BoxError;

/// A request as layers see it.
pub type HttpRequest = http::Request<Body>;

/// An answer as layers see it.
pub type HttpResponse = http::Response<ResponseBody>;

/// Any tower service that takes an [`HttpRequest`] and gives an [`HttpResponse`]: what the user's layers wrap, and what
/// the leaf is.
///
/// An [`Error`](crate::Error) that passes through it as a [`BoxError`] is recovered at the end of the call.
pub struct HttpService(BoxCloneSyncService<HttpRequest, HttpResponse, BoxError>);

pub(crate) type HttpFuture = Pin<Box<dyn Future<Output = Result<HttpResponse, BoxError>> + Send>>;

impl HttpService {
    /// Wraps a service.
    pub fn new<S>(service: S) -> Self
    where
        S: Service<HttpRequest, Response = HttpResponse> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        Self(BoxCloneSyncService::new(service.map_err(Into::into)))
    }
}

impl Clone for HttpService {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl fmt::Debug for HttpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpService").finish_non_exhaustive()
    }
}

impl Service<HttpRequest> for HttpService {
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = HttpFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: HttpRequest) -> HttpFuture {
        self.0.call(request)
    }
}
