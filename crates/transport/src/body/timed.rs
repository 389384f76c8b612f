//! The time that the body of a response may take.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, SizeHint};
use pin_project_lite::pin_project;
use tokio::runtime::Id;
use tokio::time::{Instant, Sleep};

use super::{PolledFrame, ResponseBody};
use crate::clock::after;
use crate::error::{BoxError, Error, ErrorKind};
use crate::runtime::{no_runtime, runtime};

pin_project! {
    /// A body whose chunks must each arrive within a timeout, and optionally all of them before a deadline.
    pub(crate) struct TimedBody {
        #[pin]
        inner: ResponseBody,
        // Boxed, because most bodies arrive without a wait.
        sleep: Option<Pin<Box<Sleep>>>,
        end: Option<Pin<Box<Sleep>>>,
        waiting: bool,
        idle: Duration,
        deadline: Option<Instant>,
        // The runtime of the timers.
        runtime: Option<Id>,
    }
}

impl TimedBody {
    pub(crate) fn new(inner: ResponseBody, idle: Duration) -> Self {
        Self {
            inner,
            sleep: None,
            end: None,
            waiting: false,
            idle,
            deadline: None,
            runtime: None,
        }
    }

    /// Sets the deadline for the last byte.
    pub(crate) fn until(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline;
        self
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> PolledFrame {
        let this = self.project();
        // The caller may go on reading in another runtime.
        if (this.sleep.is_some() || this.end.is_some()) && *this.runtime != runtime() {
            *this.sleep = None;
            *this.end = None;
            *this.waiting = false;
        }
        if let Some(deadline) = *this.deadline {
            let end = match this.end {
                Some(end) => end,
                end => {
                    *this.runtime = Some(runtime().ok_or_else(|| no_runtime().boxed())?);
                    end.insert(Box::pin(tokio::time::sleep_until(deadline)))
                }
            };
            // Checked first, because a body whose chunks are always ready would never reach the timer otherwise.
            if end.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Some(Err(Error::deadline_passed().boxed())));
            }
        }
        if let Poll::Ready(frame) = this.inner.poll_frame(cx) {
            *this.waiting = false;
            return Poll::Ready(frame);
        }
        if !*this.waiting {
            let due = after(Instant::now(), *this.idle);
            match this.sleep {
                Some(sleep) => sleep.as_mut().reset(due),
                None => {
                    *this.runtime = Some(runtime().ok_or_else(|| no_runtime().boxed())?);
                    *this.sleep = Some(Box::pin(tokio::time::sleep_until(due)));
                }
            }
            *this.waiting = true;
        }
        let sleep = this.sleep.as_mut().expect("set above");
        std::task::ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Some(Err(Error::new(
            ErrorKind::Timeout,
            format!("the response stopped arriving for {:?}", this.idle),
        )
        .boxed())))
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
    use super::*;
    use http_body_util::{BodyExt, Full};

    #[tokio::test]
    async fn a_body_is_at_its_end_once_it_was_read_and_not_before() {
        let body = ResponseBody::stream(Full::new(Bytes::from_static(b"abc")));
        let until = Instant::now() + Duration::from_secs(9);
        let body = TimedBody::new(body, Duration::from_secs(1)).until(Some(until));
        let mut body = Box::pin(body);
        assert!(!body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(3));
        let piece = body.frame().await.unwrap().unwrap();
        assert_eq!(piece.into_data().unwrap(), "abc");
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
    }
}
