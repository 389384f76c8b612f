//! A scripted TCP server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The server's reaction to a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Writes these bytes and reads the next request.
    Send(Vec<u8>),
    /// Writes these bytes and closes.
    SendThenClose(Vec<u8>),
    /// Writes these bytes and resets the connection.
    SendThenReset(Vec<u8>),
    /// Writes these bytes, and resets the connection when the next request arrives, without reading it.
    SendThenResetUnread(Vec<u8>),
    /// Writes these bytes and then stops.
    SendThenHang(Vec<u8>),
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

impl Server {
    /// Follows the script, one act for each request across all connections. The last act repeats.
    pub(crate) async fn start(script: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
            connections: Arc::default(),
            closed: Arc::default(),
        };
        let (requests, connections, closed) = (
            Arc::clone(&server.requests),
            Arc::clone(&server.connections),
            Arc::clone(&server.closed),
        );
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (requests, closed) = (Arc::clone(&requests), Arc::clone(&closed));
                tokio::spawn(serve(stream, script.clone(), requests, closed));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Returns the number of connections that both sides have closed, the server first.
    pub(crate) fn closed(&self) -> usize {
        self.closed.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve(
    mut stream: TcpStream,
    script: Vec<Act>,
    requests: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
) {
    while read_request(&mut stream).await.is_some() {
        let number = requests.fetch_add(1, Ordering::SeqCst);
        match &script[number.min(script.len() - 1)] {
            Act::Send(bytes) => stream.write_all(bytes).await.unwrap(),
            Act::SendThenClose(bytes) => {
                stream.write_all(bytes).await.unwrap();
                let _ = stream.shutdown().await;
                let _ = stream.read(&mut [0]).await;
                closed.fetch_add(1, Ordering::SeqCst);
                return;
            }
            Act::SendThenReset(bytes) => {
                stream.write_all(bytes).await.unwrap();
                // Closing without lingering sends RST instead of FIN.
                stream.set_zero_linger().unwrap();
                return;
            }
            Act::SendThenResetUnread(bytes) => {
                stream.write_all(bytes).await.unwrap();
                stream.peek(&mut [0]).await.unwrap();
                stream.set_zero_linger().unwrap();
                return;
            }
            Act::SendThenHang(bytes) => {
                stream.write_all(bytes).await.unwrap();
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Reads one HTTP/1.1 request, with its body by Content-Length.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        request.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    request.extend(body);
    Some(request)
}

/// Returns a whole response.
pub(crate) fn response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {status} Status\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
