//! The body of a response as its connection delivers it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::failure::body_failed;
use super::pool_health::PoolHealth;
use crate::body::PolledFrame;
use crate::error::{BoxError, Error};

pin_project! {
    /// A body that is received. Over HTTP/2 its stream and its connection are watched.
    pub(crate) struct TransportBody {
        #[pin]
        inner: reqwest::Body,
        // `None` with HTTP/1.
        watch: Option<StreamWatch>,
    }

    impl PinnedDrop for TransportBody {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(watch) = this.watch
                && watch.is_overdue()
                // Data may have arrived that the caller did not want.
                && this.inner.poll_frame(&mut Context::from_waker(Waker::noop())).is_pending()
            {
                watch.health.note_silence();
            }
        }
    }
}

/// What HTTP/2 needs besides what hyper does.
///
/// The connection of a body that is given up because nothing more arrived stays open, but must get no further requests:
/// HTTP/1 closes it. And hyper takes a stream that was reset, or excluded by a GOAWAY, without an error for the end of
/// the body.
pub(super) struct StreamWatch {
    health: Arc<PoolHealth>,
    /// How long a body may stay silent. `None` for requests of a credential, which is patient enough by itself.
    idle_timeout: Option<Duration>,
    silent_since: Option<Instant>,
    /// Whether only the end of the stream tells that the body is whole. An announced length is compared later.
    must_end: bool,
}

impl StreamWatch {
    pub(super) fn new(
        health: Arc<PoolHealth>,
        idle_timeout: Option<Duration>,
        must_end: bool,
    ) -> Self {
        Self {
            health,
            idle_timeout,
            silent_since: None,
            must_end,
        }
    }

    fn is_overdue(&self) -> bool {
        let idle_timeout = self.idle_timeout.unwrap_or_default();
        self.silent_since
            .is_some_and(|since| since.elapsed() >= idle_timeout)
    }
}

impl TransportBody {
    pub(super) fn new(inner: reqwest::Body, watch: Option<StreamWatch>) -> Self {
        Self { inner, watch }
    }
}

impl HttpBody for TransportBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> PolledFrame {
        let mut this = self.project();
        let frame = this.inner.as_mut().poll_frame(cx);
        if let Some(watch) = this.watch {
            match &frame {
                Poll::Ready(None) if watch.must_end && !this.inner.is_end_stream() => {
                    return Poll::Ready(Some(Err(Error::response_cut().boxed())));
                }
                Poll::Ready(_) => watch.silent_since = None,
                Poll::Pending => {
                    watch.silent_since.get_or_insert_with(Instant::now);
                }
            }
        }
        frame.map_err(body_failed)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_received_body_is_at_its_end_once_it_was_read_and_not_before() {
        let mut body = TransportBody::new(reqwest::Body::from("abc"), None);
        assert!(!body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(3));
        body.frame().await.unwrap().unwrap();
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
    }
}
