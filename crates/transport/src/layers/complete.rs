//! Detects incomplete responses.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, RANGE, TRANSFER_ENCODING};
use http::{HeaderMap, Method, StatusCode};
use http_body::{Body as HttpBody, SizeHint};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::layer;
use crate::body::PolledFrame;
use crate::error::{ApiError, BoxError, Error, ErrorKind};
use crate::retry_table::Verdict;
use crate::service::HttpRequest;

/// Fails if a body is shorter than its Content-Length, or if the service sends a part where the whole was requested.
/// HTTP libraries do not report some early ends of an HTTP/2 stream as errors: RST_STREAM and GOAWAY with NO_ERROR. A
/// body without a length is watched by the transport (`layers/transport/response_body.rs`). The layer is below
/// decompression, because Content-Length counts the bytes as sent.
#[derive(Debug, Clone)]
pub(crate) struct Complete;

#[derive(Debug, Clone)]
pub(crate) struct CompleteService<S> {
    inner: S,
}

layer!(Complete => CompleteService without settings);

impl<S, B> Service<HttpRequest> for CompleteService<S>
where
    S: Service<HttpRequest, Response = http::Response<B>, Error = BoxError>,
{
    type Response = http::Response<CompleteBody<B>>;
    type Error = BoxError;
    type Future = CompleteFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: HttpRequest) -> Self::Future {
        CompleteFuture {
            without_body: request.method() == Method::HEAD,
            part: request.headers().contains_key(RANGE),
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    pub(crate) struct CompleteFuture<F> {
        #[pin]
        inner: F,
        without_body: bool,
        // Whether a part was requested.
        part: bool,
    }
}

impl<F, B> Future for CompleteFuture<F>
where
    F: Future<Output = Result<http::Response<B>, BoxError>>,
{
    type Output = Result<http::Response<CompleteBody<B>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        let status = response.status();
        if status == StatusCode::PARTIAL_CONTENT && !*this.part {
            return Poll::Ready(Err(unasked_part(response.into_parts().0)));
        }
        let bodyless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let length = match *this.without_body || bodyless {
            true => None,
            false => length(response.headers_mut()),
        };
        Poll::Ready(Ok(response.map(|inner| CompleteBody {
            inner,
            missing: length.unwrap_or(0),
        })))
    }
}

/// The length that the body must have. A Transfer-Encoding overrides it (RFC 9112, section 6.3), as it does in hyper:
/// the body ends where the encoding says, and the Content-Length means nothing and is removed.
fn length(headers: &mut HeaderMap) -> Option<u64> {
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cold]
fn unasked_part(head: http::response::Parts) -> BoxError {
    Error::from_response(
        head.status,
        head.headers,
        None,
        Bytes::new(),
        ApiError::new(),
    )
    .with_kind(ErrorKind::Decode)
    .with_verdict(Verdict::Executed)
    .with_message("the service sent a part of what was asked for as a whole")
    .boxed()
}

pin_project! {
    /// A body that fails if it ends too early.
    pub(crate) struct CompleteBody<B> {
        #[pin]
        inner: B,
        // How much of the announced length is still to come.
        missing: u64,
    }
}

impl<B> HttpBody for CompleteBody<B>
where
    B: HttpBody<Data = Bytes, Error = BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> PolledFrame {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                *this.missing = this.missing.saturating_sub(length);
            }
            None if *this.missing > 0 => {
                let message = format!(
                    "the response broke off: {} bytes that it announced did not come",
                    this.missing
                );
                *this.missing = 0;
                return Poll::Ready(Some(Err(Error::new(ErrorKind::Io, message).boxed())));
            }
            _ => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.missing == 0 && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt, Full};

    #[tokio::test]
    async fn a_body_is_not_at_its_end_while_something_of_it_is_missing() {
        for (missing, cut) in [(3, false), (4, true)] {
            let inner = Full::new(Bytes::from_static(b"abc")).map_err(|never| match never {});
            let mut body = CompleteBody { inner, missing };
            assert!(!body.is_end_stream());
            assert_eq!(body.size_hint().exact(), Some(3));
            body.frame().await.unwrap().unwrap();
            // A consumer that sees the end here does not poll again.
            assert_eq!(body.is_end_stream(), !cut);
            assert_eq!(body.frame().await.is_some_and(|end| end.is_err()), cut);
            assert!(body.is_end_stream() && body.frame().await.is_none());
        }
    }
}
