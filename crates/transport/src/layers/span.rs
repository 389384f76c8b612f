//! The span of a whole call and the span of each attempt, named after OpenTelemetry's conventions for HTTP clients.
//!
//! Spans have the path template, never the path or the query, which may hold ids and secrets.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;
use tracing::Span;
use tracing::field::Empty;

use super::layer;
use crate::context::CallContext;
use crate::error::{BoxError, Error};
use crate::service::{HttpRequest, HttpResponse};

/// One span around a call.
#[derive(Debug, Clone)]
pub(crate) struct OperationSpan;

/// One span around an attempt.
#[derive(Debug, Clone)]
pub(crate) struct AttemptSpan;

#[derive(Debug, Clone)]
pub(crate) struct OperationSpanService<S> {
    inner: S,
    layer: OperationSpan,
}

#[derive(Debug, Clone)]
pub(crate) struct AttemptSpanService<S> {
    inner: S,
    layer: AttemptSpan,
}

layer!(OperationSpan => OperationSpanService);
layer!(AttemptSpan => AttemptSpanService);

impl OperationSpan {
    fn start(&self, call: &CallContext, _: &HttpRequest) -> Span {
        tracing::info_span!(
            "call",
            otel.kind = "internal",
            operation = call.operation().id(),
            attempts = Empty,
            http.response.status_code = Empty,
            error.type = Empty,
        )
    }
}

impl AttemptSpan {
    fn start(&self, call: &CallContext, request: &HttpRequest) -> Span {
        let span = tracing::info_span!(
            "HTTP",
            otel.kind = "client",
            otel.name = Empty,
            http.request.method = %request.method(),
            url.template = call.operation().path(),
            url.scheme = request.uri().scheme_str(),
            server.address = request.uri().host(),
            server.port = request.uri().port_u16(),
            http.request.resend_count = Empty,
            http.response.status_code = Empty,
            error.type = Empty,
        );
        if !span.is_disabled() {
            let name = format_args!("{} {}", request.method(), call.operation().path()).to_string();
            span.record("otel.name", name);
            if call.attempt() > 1 {
                span.record("http.request.resend_count", call.attempt() - 1);
            }
        }
        span
    }
}

/// Records how a span ended.
fn finish(span: &Span, result: &Result<HttpResponse, BoxError>, call: Option<&CallContext>) {
    if span.is_disabled() {
        return;
    }
    if let Some(call) = call {
        span.record("attempts", call.attempt());
    }
    match result {
        Ok(response) => {
            span.record("http.response.status_code", response.status().as_u16());
            if !response.status().is_success() {
                span.record("error.type", response.status().as_str());
            }
        }
        Err(error) => {
            let kind = error.downcast_ref::<Error>().map(Error::kind);
            span.record(
                "error.type",
                tracing::field::debug(kind.unwrap_or(crate::ErrorKind::Custom)),
            );
        }
    }
}

pin_project! {
    /// A future within its span.
    pub(crate) struct Spanned<F> {
        #[pin]
        inner: F,
        span: Span,
        call: Option<CallContext>,
    }
}

impl<F> Future for Spanned<F>
where
    F: Future<Output = Result<HttpResponse, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = {
            let _entered = this.span.enter();
            ready!(this.inner.poll(cx))
        };
        finish(this.span, &result, this.call.as_ref());
        Poll::Ready(result)
    }
}

macro_rules! spanned_service {
    ($service:ident, $keep_call:expr) => {
        impl<S> Service<HttpRequest> for $service<S>
        where
            S: Service<HttpRequest, Response = HttpResponse, Error = BoxError>,
        {
            type Response = HttpResponse;
            type Error = BoxError;
            type Future = Spanned<S::Future>;

            fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
                self.inner.poll_ready(cx)
            }

            fn call(&mut self, request: HttpRequest) -> Self::Future {
                let call = CallContext::of(&request);
                let span = call.map_or_else(Span::none, |call| self.layer.start(call, &request));
                let call = call.filter(|_| $keep_call && !span.is_disabled());
                let call = call.cloned();
                let inner = span.in_scope(|| self.inner.call(request));
                Spanned { inner, span, call }
            }
        }
    };
}

spanned_service!(OperationSpanService, true);
spanned_service!(AttemptSpanService, false);
