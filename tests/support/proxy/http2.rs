//! HTTP/2 over TLS, with h2's server.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::http1::{self, Head};
use super::{Fault, State, Stream};

/// A connection beneath h2 that can send GOAWAY for a stream that h2 has accepted already.
struct Tap {
    stream: TlsStream<TcpStream>,
    leaves: Arc<AtomicBool>,
    /// The reason of the GOAWAY.
    reason: Arc<AtomicU8>,
    /// The number of bytes of the GOAWAY that were written.
    written: usize,
}

/// Returns a GOAWAY frame that excludes all accepted streams.
fn go_away(reason: u8) -> [u8; 17] {
    [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, reason]
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.leaves.load(Ordering::SeqCst) {
            return Pin::new(&mut self.stream).poll_write(cx, bytes);
        }
        // From here on, this frame replaces everything that h2 writes.
        let farewell = go_away(self.reason.load(Ordering::SeqCst));
        while self.written < farewell.len() {
            let rest = &farewell[self.written..];
            let written = std::task::ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
            self.written += written;
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

pub(super) async fn serve(stream: TlsStream<TcpStream>, state: &Arc<State>) {
    let (leaves, reason) = (Arc::<AtomicBool>::default(), Arc::<AtomicU8>::default());
    let tap = Tap {
        stream,
        leaves: Arc::clone(&leaves),
        reason: Arc::clone(&reason),
        written: 0,
    };
    let streams = state.streams.load(Ordering::SeqCst);
    let mut builder = h2::server::Builder::new();
    let Ok(mut connection) = builder.max_concurrent_streams(streams).handshake(tap).await else {
        return;
    };
    while let Some(Ok((request, respond))) = connection.accept().await {
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let fault = state.take(path);
        match fault {
            Some(Fault::Stream(Stream::GoAwayBefore(code))) => {
                // Replaces h2's GOAWAY, which would include the stream.
                reason.store(code, Ordering::SeqCst);
                leaves.store(true, Ordering::SeqCst);
                return say_goodbye(connection).await;
            }
            Some(Fault::Stream(Stream::GoAwayAfter)) => return say_goodbye(connection).await,
            _ => {
                let state = Arc::clone(state);
                tokio::spawn(async move {
                    let _ = respond_to(request, respond, &state, fault).await;
                });
            }
        }
    }
}

/// Sends GOAWAY and closes the connection.
async fn say_goodbye(mut connection: h2::server::Connection<Tap, Bytes>) {
    connection.abrupt_shutdown(Reason::NO_ERROR);
    while let Some(Ok(_)) = connection.accept().await {}
    // Closing with unread data would reset the connection, and the client might not read the GOAWAY.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
}

async fn respond_to(
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    state: &State,
    fault: Option<Fault>,
) -> Option<()> {
    match fault {
        Some(Fault::Stream(Stream::Refused)) => {
            respond.send_reset(Reason::REFUSED_STREAM);
            return None;
        }
        Some(Fault::Stream(Stream::Reset)) => {
            respond.send_reset(Reason::INTERNAL_ERROR);
            return None;
        }
        _ => {}
    }
    let (parts, mut body) = request.into_parts();
    let mut whole = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.ok()?;
        let _ = body.flow_control().release_capacity(piece.len());
        whole.extend_from_slice(&piece);
    }
    if fault == Some(Fault::Stream(Stream::Stalled)) {
        // Dropping the stream would reset it.
        return std::future::pending().await;
    }
    let host = parts.uri.authority()?.to_string();
    let mut response = http1::forward(state, head(&parts, &host, whole.len()), &whole)
        .await
        .ok()?;
    response.moves_to_tls(&host);
    let mut status = response.head.first_line.split(' ');
    let mut builder = http::Response::builder().status(status.nth(1)?);
    for (name, value) in &response.head.headers {
        builder = builder.header(name, value);
    }
    let body = response.body;
    let builder = builder.header("content-length", body.len());
    let mut stream = respond
        .send_response(builder.body(()).ok()?, body.is_empty())
        .ok()?;
    if body.is_empty() {
        return Some(());
    }
    let half = body.len() / 2;
    let body = Bytes::from(body);
    let reason = match fault {
        Some(Fault::Stream(Stream::ResetInTheMiddle)) => Reason::INTERNAL_ERROR,
        Some(Fault::Stream(Stream::EndedInTheMiddle)) => Reason::NO_ERROR,
        _ => return stream.send_data(body, true).ok(),
    };
    stream.send_data(body.slice(..half), false).ok()?;
    // A reset drops unsent data.
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    stream.send_reset(reason);
    None
}

fn head(parts: &http::request::Parts, host: &str, length: usize) -> Head {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut headers: Vec<_> = parts
        .headers
        .iter()
        .filter(|(name, _)| !["content-length", "host"].contains(&name.as_str()))
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.into_owned())
        })
        .collect();
    headers.push(("host".to_owned(), host.to_owned()));
    headers.push(("content-length".to_owned(), length.to_string()));
    Head {
        first_line: format!("{} {path} HTTP/1.1", parts.method),
        headers,
    }
}
