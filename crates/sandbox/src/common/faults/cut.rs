//! The bytes of a connection: responses that are cut short, and resets.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::common::lock;
use crate::common::service::{Dropped, dropped};

/// The state that a connection's bytes and its responses share.
#[derive(Default)]
pub(in crate::common) struct Line {
    /// The connection is to be reset.
    pub(in crate::common) reset: AtomicBool,
    /// Everything handed to the connection so far has been written.
    flushed: AtomicBool,
    waiting: Mutex<Option<Waker>>,
}

/// A response's body, whole or cut short.
pub(in crate::common) struct ResponseBody {
    left: Bytes,
    cut: Option<Cut>,
}

struct Cut {
    /// How many bytes are declared but not sent.
    withheld: usize,
    asked_to_flush: bool,
    line: Arc<Line>,
}

impl ResponseBody {
    pub(in crate::common) fn new(mut body: Bytes, cut: Option<usize>, line: &Arc<Line>) -> Self {
        let withheld = cut.map_or(0, |cut| body.len().saturating_sub(cut));
        body.truncate(body.len() - withheld);
        let cut = (withheld > 0).then(|| Cut {
            withheld,
            asked_to_flush: false,
            line: Arc::clone(line),
        });
        Self { left: body, cut }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        let this = self.get_mut();
        if !this.left.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.left)))));
        }
        let Some(cut) = &mut this.cut else {
            return Poll::Ready(None);
        };
        // An error discards the connection's buffer, so it has to wait until the buffer is sent.
        let mut waiting = lock(&cut.line.waiting);
        if !cut.asked_to_flush {
            cut.asked_to_flush = true;
            cut.line.flushed.store(false, Ordering::Release);
        }
        if cut.line.flushed.load(Ordering::Acquire) {
            return Poll::Ready(Some(Err(dropped())));
        }
        *waiting = Some(context.waker().clone());
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && self.cut.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let withheld = self.cut.as_ref().map_or(0, |cut| cut.withheld);
        SizeHint::with_exact((self.left.len() + withheld) as u64)
    }
}

/// A TCP stream that notes when everything written to it has been flushed.
pub(in crate::common) struct Wire {
    pub(in crate::common) stream: TcpStream,
    pub(in crate::common) line: Arc<Line>,
}

impl Wire {
    /// Closes the connection, with a reset if there is to be one.
    pub(in crate::common) fn close(self) {
        if self.line.reset.load(Ordering::Acquire) {
            // Closing with zero linger sends a reset. The method's successor is not in the oldest tokio this workspace
            // supports.
            #[allow(deprecated)]
            let _ = self.stream.set_linger(Some(Duration::ZERO));
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let flushed = Pin::new(&mut wire.stream).poll_flush(context);
        if flushed.is_ready() {
            wire.line.flushed.store(true, Ordering::Release);
            let mut waiting = lock(&wire.line.waiting);
            if let Some(waker) = waiting.take() {
                waker.wake();
            }
        }
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
