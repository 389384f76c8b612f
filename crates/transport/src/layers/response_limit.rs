//! A limit on the decoded bytes of a response.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::layer;
use crate::body::{PolledFrame, ResponseBody};
use crate::context::CallContext;
use crate::error::{BoxError, Error, ErrorKind};
use crate::service::{HttpRequest, HttpResponse};

/// Limits the size of a response after decompression.
#[derive(Debug, Clone)]
pub(crate) struct ResponseLimit;

#[derive(Debug, Clone)]
pub(crate) struct ResponseLimitService<S> {
    inner: S,
}

layer!(ResponseLimit => ResponseLimitService without settings);

impl<S, B> Service<HttpRequest> for ResponseLimitService<S>
where
    S: Service<HttpRequest, Response = http::Response<B>, Error = BoxError>,
    B: HttpBody<Data = Bytes> + Send + Sync + 'static,
    B::Error: Into<BoxError>,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = CapFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: HttpRequest) -> Self::Future {
        let limit = CallContext::of(&request).and_then(|call| call.limits().response_limit);
        CapFuture {
            inner: self.inner.call(request),
            limit,
        }
    }
}

pin_project! {
    pub(crate) struct CapFuture<F> {
        #[pin]
        inner: F,
        limit: Option<u64>,
    }
}

impl<F, B> Future for CapFuture<F>
where
    F: Future<Output = Result<http::Response<B>, BoxError>>,
    B: HttpBody<Data = Bytes> + Send + Sync + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<HttpResponse, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = std::task::ready!(this.inner.poll(cx))?;
        let success = response.status().is_success();
        let limit = *this.limit;
        Poll::Ready(Ok(response.map(|body| match limit {
            _ if !success => ResponseBody::stream(Capped::cutting(body, ERROR_LIMIT)),
            Some(limit) => ResponseBody::stream(Capped::failing(body, limit)),
            None => ResponseBody::stream(Capped::failing(body, u64::MAX)),
        })))
    }
}

/// Error pages are cut after this many bytes.
pub(crate) const ERROR_LIMIT: u64 = 64 * 1024;

pin_project! {
    /// A body that ends at its limit: with an error, or silently if it is an error page.
    pub(crate) struct Capped<B> {
        #[pin]
        inner: B,
        left: u64,
        limit: u64,
        cut: bool,
        over: bool,
    }
}

impl<B> Capped<B> {
    /// Fails if the body exceeds `limit`.
    pub(crate) fn failing(inner: B, limit: u64) -> Self {
        Self {
            inner,
            left: limit,
            limit,
            cut: false,
            over: false,
        }
    }

    /// Truncates a body that exceeds `limit`.
    pub(crate) fn cutting(inner: B, limit: u64) -> Self {
        Self {
            cut: true,
            ..Self::failing(inner, limit)
        }
    }
}

impl<B> HttpBody for Capped<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> PolledFrame {
        let this = self.project();
        if *this.over {
            return Poll::Ready(None);
        }
        let frame = match std::task::ready!(this.inner.poll_frame(cx)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => {
                *this.over = true;
                return Poll::Ready(Some(Err(error.into())));
            }
            Some(Ok(frame)) => frame,
        };
        let length = frame.data_ref().map_or(0, |data| data.remaining() as u64);
        if length <= *this.left {
            *this.left -= length;
            return Poll::Ready(Some(Ok(frame)));
        }
        *this.over = true;
        if !*this.cut {
            return Poll::Ready(Some(Err(Error::new(
                ErrorKind::TooLarge,
                format!(
                    "the response is larger than {} bytes; if that is right, raise `response_limit`",
                    this.limit
                ),
            )
            .permanent()
            .boxed())));
        }
        let left = usize::try_from(*this.left).unwrap_or(usize::MAX);
        match frame.into_data() {
            Ok(data) if left > 0 => Poll::Ready(Some(Ok(Frame::data(data.slice(..left))))),
            _ => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.inner.is_end_stream()
    }

    /// Content-Length is only a hint: cap it, because buffers are reserved from it.
    fn size_hint(&self) -> SizeHint {
        if self.over {
            return SizeHint::with_exact(0);
        }
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_upper(inner.upper().unwrap_or(u64::MAX).min(self.left));
        hint.set_lower(inner.lower().min(self.left));
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt, Full};

    #[tokio::test]
    async fn a_response_at_its_limit_passes_and_one_byte_more_fails() {
        let body = |length| Full::new(Bytes::from(vec![b'x'; length]));
        let whole = Capped::failing(body(10), 10).collect().await.unwrap();
        assert_eq!(whole.to_bytes().len(), 10);
        let error = Capped::failing(body(11), 10).collect().await.unwrap_err();
        assert_eq!(Error::from_boxed(error).kind(), ErrorKind::TooLarge);
    }

    #[tokio::test]
    async fn a_response_is_never_said_to_be_longer_than_may_come_of_it() {
        for (cut, length, hints) in [
            (true, 17, [8, 0]),
            (true, 8, [8, 0]),
            (true, 5, [5, 0]),
            (false, 17, [8, 0]),
            (false, 5, [5, 0]),
        ] {
            let body = Full::new(Bytes::from(vec![b'x'; length]));
            let mut body = match cut {
                true => Capped::cutting(body, 8),
                false => Capped::failing(body, 8),
            };
            let before = body.size_hint().exact();
            assert!(!body.is_end_stream());
            let _ = body.frame().await.unwrap();
            assert!(body.is_end_stream());
            assert_eq!(
                [before, body.size_hint().exact()],
                hints.map(Some),
                "{cut} {length}"
            );
        }
    }

    #[tokio::test]
    async fn an_error_page_is_cut_instead() {
        let body = Full::new(Bytes::from_static(b"<html>0123456789"));
        let cut = Capped::cutting(body, 8).collect().await.unwrap();
        assert_eq!(cut.to_bytes(), "<html>01");
    }
}
