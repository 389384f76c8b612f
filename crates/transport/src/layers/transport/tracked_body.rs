//! A request body that reports when a connection takes the request.
//!
//! A connection checks whether the body is empty when it takes the request, and not before, and reads the body once the
//! request's head is being sent: with HTTP/1 right after that, with HTTP/2 once the stream is open. An empty body is
//! not read but dropped.
//!
//! So a request without a body cannot be withdrawn once an HTTP/2 connection has taken it, though it may wait for a
//! stream for long. Where it may change something, its end is therefore withheld: the connection is told that a body
//! follows, reads it once the stream is open, and finds it empty. HTTP/1 has no streams, and needs none of this.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Method;
use http_body::{Body as HttpBody, SizeHint};

use crate::body::{Body, PolledFrame};
use crate::context::SendTracker;
use crate::error::{BoxError, Error, ErrorKind};
use crate::outcome::Outcome;

pub(super) struct TrackedBody {
    body: Body,
    tracker: SendTracker,
    is_sent: bool,
    /// Whether the request may change something, so that it must not be sent after it was given up.
    is_unsafe: bool,
    /// Whether the connection has asked for the size. HTTP/2 connections do so before they ask for the end, others
    /// after it.
    is_measured: AtomicBool,
}

impl TrackedBody {
    pub(super) fn new(body: Body, method: &Method, tracker: SendTracker) -> Self {
        Self {
            body,
            tracker,
            is_sent: false,
            is_unsafe: !method.is_safe(),
            is_measured: AtomicBool::new(false),
        }
    }

    /// Whether the end of the request is withheld until the connection reads the body.
    fn is_withheld(&self) -> bool {
        self.is_unsafe && self.is_measured.load(Ordering::Relaxed)
    }
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> PolledFrame {
        if !self.is_sent {
            if !self.tracker.sent() {
                return Poll::Ready(Some(Err(given_up())));
            }
            self.is_sent = true;
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        if self.is_sent {
            return self.body.is_end_stream();
        }
        let is_end = self.body.is_end_stream() && !self.is_withheld();
        // The body of a request that was given up fails, so that the request is never sent completely.
        self.tracker.held(is_end) && is_end
    }

    fn size_hint(&self) -> SizeHint {
        self.is_measured.store(true, Ordering::Relaxed);
        self.body.size_hint()
    }
}

impl Drop for TrackedBody {
    fn drop(&mut self) {
        if !self.is_sent && self.body.is_end_stream() {
            self.tracker.dropped();
        }
    }
}

#[cold]
fn given_up() -> BoxError {
    Error::new(ErrorKind::Io, "the request was given up before it was sent")
        .with_outcome(Outcome::NotSent)
        .boxed()
}
