//! The connection beneath h2, for what h2 itself would not send.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::response::End;

#[derive(Debug)]
struct Shared {
    /// `None` once the connection has ended.
    stream: Mutex<Option<TlsStream<TcpStream>>>,
    /// Whether what h2 writes is dropped.
    is_mute: AtomicBool,
}

impl Shared {
    fn stream(&self) -> MutexGuard<'_, Option<TlsStream<TcpStream>>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll<T>(
        &self,
        poll: impl FnOnce(Pin<&mut TlsStream<TcpStream>>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match &mut *self.stream() {
            Some(stream) => poll(Pin::new(stream)),
            None => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
    }
}

/// The connection as h2 sees it.
pub(super) struct Tap(Arc<Shared>);

/// The connection as the faults see it.
#[derive(Clone, Debug)]
pub(super) struct Wire(Arc<Shared>);

pub(super) fn tap(stream: TlsStream<TcpStream>) -> (Tap, Wire) {
    let shared = Arc::new(Shared {
        stream: Mutex::new(Some(stream)),
        is_mute: AtomicBool::new(false),
    });
    (Tap(Arc::clone(&shared)), Wire(shared))
}

impl Wire {
    /// Drops what h2 writes from now on.
    pub(super) fn silence(&self) {
        self.0.is_mute.store(true, Ordering::SeqCst);
    }

    /// Sends these bytes between frames of h2.
    pub(super) async fn say(&self, bytes: &[u8]) -> io::Result<()> {
        let mut written = 0;
        while written < bytes.len() {
            let write = |cx: &mut Context<'_>| {
                self.0
                    .poll(|stream| stream.poll_write(cx, &bytes[written..]))
            };
            written += poll_fn(write).await?;
        }
        poll_fn(|cx| self.0.poll(|stream| stream.poll_flush(cx))).await
    }

    /// Ends the connection. Returns whether the client has ended it, too.
    pub(super) async fn end(&self, end: End) -> bool {
        let Some(mut stream) = self.0.stream().take() else {
            return false;
        };
        match end {
            End::Reset => {
                let _ = stream.get_ref().0.set_zero_linger();
                return false;
            }
            End::Break => {
                let _ = stream.get_mut().0.shutdown().await;
            }
            _ => {
                let _ = stream.shutdown().await;
            }
        }
        // Closing with unread data would reset the connection, and the client might not read the rest.
        while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
        true
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.0.poll(|stream| stream.poll_read(cx, buffer))
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.0.is_mute.load(Ordering::SeqCst) {
            true => Poll::Ready(Ok(bytes.len())),
            false => self.0.poll(|stream| stream.poll_write(cx, bytes)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll(|stream| stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll(|stream| stream.poll_shutdown(cx))
    }
}
