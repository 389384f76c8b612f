//! A request body that reports when a connection takes the request.
//!
//! A connection checks whether the body is empty when it takes the request, and not before, and reads the body once the
//! request's head is being sent: with HTTP/1 right after that, with HTTP/2 once the stream is open. An empty body is
//! not read but dropped.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, SizeHint};

use crate::body::{Body, PolledFrame};
use crate::context::SendTracker;
use crate::error::{BoxError, Error, ErrorKind};
use crate::outcome::Outcome;

pub(super) struct TrackedBody {
    body: Body,
    tracker: SendTracker,
    is_sent: bool,
}

impl TrackedBody {
    pub(super) fn new(body: Body, tracker: SendTracker) -> Self {
        Self {
            body,
            tracker,
            is_sent: false,
        }
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
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        // With HTTP/2, the response's error says only that the stream was reset.
        if let Poll::Ready(Some(Err(error))) = &polled
            && let Some(error) = error.downcast_ref::<Error>()
        {
            self.tracker.body_failed(error.clone());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        let is_end = self.body.is_end_stream();
        if self.is_sent {
            return is_end;
        }
        // The body of a request that was given up fails, so that the request is never sent completely.
        self.tracker.held(is_end) && is_end
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for TrackedBody {
    fn drop(&mut self) {
        if !self.is_sent {
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
