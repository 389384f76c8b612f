//! The bytes of a connection: responses that are cut short, and resets.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::lock;
use super::service::{Attachment, Dropped};

/// What the parts of a connection share: its bytes, its requests and its responses.
#[derive(Default)]
pub(super) struct Line {
    pub(super) reset: AtomicBool,
    /// Everything handed to the connection so far has been written.
    flushed: AtomicBool,
    waiting: Mutex<Option<Waker>>,
}

/// A response's body, whole or cut short.
pub(super) struct ResponseBody {
    left: Bytes,
    /// What follows `left`, as far as it is to be sent.
    attachment: Option<Attachment>,
    cut: Option<Cut>,
}

/// How much of a file is read at a time.
const PIECE: u64 = 64 * 1024;

struct Cut {
    /// What is declared but will not be sent.
    withheld: u64,
    asked_to_flush: bool,
    line: Arc<Line>,
}

impl ResponseBody {
    pub(super) fn new(
        body: Bytes,
        attachment: Option<Attachment>,
        cut: Option<usize>,
        line: &Arc<Line>,
    ) -> Self {
        let (mut left, mut attachment) = match attachment {
            Some(attachment) => (Bytes::new(), Some(attachment)),
            None => (body, None),
        };
        let unread = attachment.as_mut().map(|attachment| &mut attachment.length);
        let whole = left.len() as u64 + unread.as_ref().map_or(0, |unread| **unread);
        let kept = cut.map_or(whole, |cut| whole.min(cut as u64));
        match unread {
            Some(unread) => *unread = kept,
            // At most the length of a body in memory, so it fits.
            None => left.truncate(kept as usize),
        }
        let cut = (kept < whole).then(|| Cut {
            withheld: whole - kept,
            asked_to_flush: false,
            line: Arc::clone(line),
        });
        Self {
            left,
            attachment,
            cut,
        }
    }

    fn unread(&self) -> u64 {
        self.attachment
            .as_ref()
            .map_or(0, |attachment| attachment.length)
    }

    /// The next piece of the file, if there is more of it.
    fn piece(&mut self) -> io::Result<Bytes> {
        let Some(attachment) = self.attachment.as_mut().filter(|left| left.length > 0) else {
            return Ok(Bytes::new());
        };
        let mut piece = vec![0; attachment.length.min(PIECE) as usize];
        let mut file = &*attachment.file;
        // Several responses may read the same file, all of them on the sandbox's one thread.
        file.seek(SeekFrom::Start(attachment.position))?;
        file.read_exact(&mut piece)?;
        attachment.position += piece.len() as u64;
        attachment.length -= piece.len() as u64;
        Ok(piece.into())
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
        if this.left.is_empty() {
            this.left = this.piece().map_err(|_| Dropped)?;
        }
        if !this.left.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.left)))));
        }
        let Some(cut) = &mut this.cut else {
            return Poll::Ready(None);
        };
        // An error discards what is still in the connection's buffer, so it has to wait until all of that is sent.
        let mut waiting = lock(&cut.line.waiting);
        if !cut.asked_to_flush {
            cut.asked_to_flush = true;
            cut.line.flushed.store(false, Ordering::Release);
        }
        if cut.line.flushed.load(Ordering::Acquire) {
            return Poll::Ready(Some(Err(Dropped)));
        }
        *waiting = Some(context.waker().clone());
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && self.unread() == 0 && self.cut.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let withheld = self.cut.as_ref().map_or(0, |cut| cut.withheld);
        SizeHint::with_exact(self.left.len() as u64 + self.unread() + withheld)
    }
}

/// A TCP stream that notes when everything written to it has been flushed.
pub(super) struct Wire {
    pub(super) stream: TcpStream,
    pub(super) line: Arc<Line>,
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

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
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
