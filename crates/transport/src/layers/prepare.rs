//! What layers have in common that only change or check a request, and may refuse it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower_service::Service;

use crate::error::{BoxError, Error};
use crate::service::{HttpRequest, HttpResponse};

/// Prepares requests for the service below.
pub(crate) trait Prepare {
    /// Changes or checks the request.
    ///
    /// # Errors
    /// If the request must not be sent.
    fn prepare(&self, request: &mut HttpRequest) -> Result<(), Error>;
}

#[derive(Debug, Clone)]
pub(crate) struct PrepareService<S, P> {
    pub(super) inner: S,
    pub(super) layer: P,
}

/// Implements `Layer` for a type that has [`Prepare`].
macro_rules! prepare_layer {
    ($layer:ident) => {
        impl<S> tower_layer::Layer<S> for $layer {
            type Service = $crate::layers::prepare::PrepareService<S, Self>;

            fn layer(&self, inner: S) -> Self::Service {
                $crate::layers::prepare::PrepareService {
                    inner,
                    layer: self.clone(),
                }
            }
        }
    };
}

pub(crate) use prepare_layer;

impl<S, P> Service<HttpRequest> for PrepareService<S, P>
where
    S: Service<HttpRequest, Response = HttpResponse, Error = BoxError>,
    P: Prepare,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = Prepared<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: HttpRequest) -> Self::Future {
        match self.layer.prepare(&mut request) {
            Ok(()) => Prepared::Sent {
                inner: self.inner.call(request),
            },
            Err(error) => Prepared::Refused { error: Some(error) },
        }
    }
}

pin_project! {
    #[project = PreparedProjection]
    pub(crate) enum Prepared<F> {
        Sent {
            #[pin]
            inner: F,
        },
        Refused { error: Option<Error> },
    }
}

impl<F> Future for Prepared<F>
where
    F: Future<Output = Result<HttpResponse, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            PreparedProjection::Sent { inner } => inner.poll(cx),
            PreparedProjection::Refused { error } => {
                let error = error
                    .take()
                    .expect("a future is not polled after it is done");
                Poll::Ready(Err(error.boxed()))
            }
        }
    }
}
