//! HTTP/1.1 without a library: reads requests, forwards them, and writes spoiled responses.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::response::{End, Framing, Response};
use super::{Connect, Fault, Raw, State, Swallow, spoil};

/// The interval between the bytes of a trickle.
pub(super) const PACE: Duration = Duration::from_millis(200);

/// The head of a request or response, and the start of its body.
pub(super) struct Head {
    pub(super) first_line: String,
    pub(super) headers: Vec<(String, String)>,
}

impl Head {
    fn parse(text: &str) -> Self {
        let mut lines = text.split("\r\n").filter(|line| !line.is_empty());
        let first_line = lines.next().unwrap_or_default().to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self {
            first_line,
            headers,
        }
    }

    pub(super) fn header(&self, wanted: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the path and query of a request. Forward proxies receive whole URLs.
    pub(super) fn path(&self) -> &str {
        let target = self.first_line.split(' ').nth(1).unwrap_or_default();
        let Some(rest) = target.strip_prefix("http://") else {
            return target;
        };
        rest.find('/').map_or("/", |start| &rest[start..])
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.first_line);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.into_bytes()
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    end.map(|end| end + 4)
}

/// A connection to a client, with or without TLS.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin {
    const IS_TLS: bool;

    fn tcp(&mut self) -> &mut TcpStream;
}

impl Socket for TcpStream {
    const IS_TLS: bool = false;

    fn tcp(&mut self) -> &mut TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    const IS_TLS: bool = true;

    fn tcp(&mut self) -> &mut TcpStream {
        self.get_mut().0
    }
}

/// Reads the head of the next request.
async fn next_head(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Option<Head> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read_until(b'\n', &mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Head::parse(&String::from_utf8_lossy(&bytes)))
}

/// Returns whether the connection begins with CONNECT instead of a TLS handshake.
pub(super) async fn asks_to_connect(stream: &TcpStream) -> bool {
    let mut first = [0];
    stream.peek(&mut first).await.is_ok() && first == *b"C"
}

/// Reads a CONNECT request and responds to it.
pub(super) async fn connect(stream: &mut TcpStream, fault: Option<Connect>) -> io::Result<()> {
    // A client sends nothing more before the response.
    let head = next_head(&mut BufReader::new(&mut *stream)).await;
    head.ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = match fault {
        None => 200,
        Some(Connect::Status(status)) => status,
        Some(Connect::Silent) => {
            while stream.read(&mut [0; 1024]).await? > 0 {}
            return Ok(());
        }
    };
    let length = match fault {
        None => "",
        Some(_) => "content-length: 0\r\n",
    };
    let head = format!("HTTP/1.1 {status} Said\r\n{length}\r\n");
    stream.write_all(head.as_bytes()).await?;
    if fault.is_some() {
        stream.shutdown().await?;
        while stream.read(&mut [0; 1024]).await? > 0 {}
    }
    Ok(())
}

pub(super) async fn serve(mut stream: impl Socket, state: &State) {
    let _ = stream.tcp().set_nodelay(true);
    let mut stream = BufReader::new(stream);
    while let Some(mut head) = next_head(&mut stream).await {
        head.first_line = head.first_line.replacen(
            head.first_line.split(' ').nth(1).unwrap_or_default(),
            head.path(),
            1,
        );
        let fault = state.take(head.path());
        if fault == Some(Fault::Swallow(Swallow::ResetUnread)) {
            let _ = stream.get_mut().tcp().set_zero_linger();
            return;
        }
        let length = head
            .header("content-length")
            .and_then(|length| length.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        if stream.read_exact(&mut body).await.is_err() {
            return;
        }
        let end = respond(&mut stream, state, head, body, fault).await;
        match end.unwrap_or(End::Reset) {
            End::KeepAlive => {}
            End::Reset => {
                let _ = stream.get_mut().tcp().set_zero_linger();
                return;
            }
            End::Break => {
                let _ = stream.get_mut().tcp().shutdown().await;
                while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
                return;
            }
            End::Close | End::Leave => {
                let _ = stream.shutdown().await;
                // Wait until the client closes its side, too.
                while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
                state.counts.closed.fetch_add(1, Ordering::SeqCst);
                return;
            }
            End::Repeat(bytes) => {
                while stream.write_all(&bytes).await.is_ok() && stream.flush().await.is_ok() {
                    tokio::time::sleep(PACE).await;
                }
                return;
            }
            End::Silence => {
                while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
                return;
            }
        }
    }
}

async fn respond<S: Socket>(
    stream: &mut BufReader<S>,
    state: &State,
    head: Head,
    body: Vec<u8>,
    fault: Option<Fault>,
) -> io::Result<End> {
    match fault {
        Some(Fault::Swallow(swallow)) => Ok(match swallow {
            Swallow::Close => End::Close,
            Swallow::Silence => End::Silence,
            Swallow::Reset | Swallow::ResetUnread => End::Reset,
        }),
        Some(Fault::Raw(raw)) => {
            let (bytes, end) = bytes_of(raw);
            stream.write_all(bytes).await?;
            stream.flush().await?;
            Ok(end)
        }
        Some(Fault::Instead(instead)) => write(stream, spoil::instead(instead)).await,
        _ => {
            let host = head.header("host").unwrap_or_default().to_owned();
            let mut response = forward(state, head, &body).await?;
            if S::IS_TLS {
                response.moves_to_tls(&host);
            }
            if let Some(Fault::Spoil(spoil)) = fault {
                spoil::spoil(&mut response, spoil);
            }
            write(stream, response).await
        }
    }
}

fn bytes_of(raw: Raw) -> (&'static [u8], End) {
    const HALF: &[u8] = b"HTTP/1.1 200 OK\r\nconte";
    const INTERIM: &[u8] = b"HTTP/1.1 103 Early Hints\r\n\r\n";
    match raw {
        Raw::Garbage => (super::GARBAGE, End::Close),
        Raw::HalfAHead => (HALF, End::Close),
        Raw::HalfAHeadThenSilence => (HALF, End::Silence),
        Raw::TricklingHead => (b"HTTP/1.1 200 OK\r\nx-long: ", End::Repeat(b"x".to_vec())),
        Raw::EndlessInterims => (INTERIM, End::Repeat(INTERIM.to_vec())),
        Raw::ChunkOfNonsense => (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n{}\r\n0\r\n\r\n",
            End::Close,
        ),
        Raw::LongStatus => (
            b"HTTP/1.1 2000 OK\r\ncontent-length: 2\r\n\r\n{}",
            End::Close,
        ),
    }
}

/// Writes the response, or the part that the fault leaves.
async fn write(stream: &mut (impl AsyncWrite + Unpin), response: Response) -> io::Result<End> {
    for status in response.interims {
        let interim = format!("HTTP/1.1 {status} Interim\r\nlink: </x>\r\n\r\n");
        stream.write_all(interim.as_bytes()).await?;
        stream.flush().await?;
    }
    tokio::time::sleep(response.delay).await;
    let mut bytes = response.head_bytes();
    if let Some(place) = response.cut {
        bytes.truncate(place.of(bytes.len()).max(1));
        stream.write_all(&bytes).await?;
        stream.flush().await?;
        return Ok(response.end);
    }
    let is_chunked = matches!(response.framing, Framing::Chunks(_));
    for part in response.parts() {
        match is_chunked {
            true => {
                bytes.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
                bytes.extend_from_slice(part);
                bytes.extend_from_slice(b"\r\n");
            }
            false => bytes.extend_from_slice(part),
        }
        if let Some(pace) = response.pace {
            stream.write_all(&bytes).await?;
            stream.flush().await?;
            bytes.clear();
            tokio::time::sleep(pace).await;
        }
    }
    if is_chunked && response.is_whole() {
        let trailer = response.trailer.as_ref();
        let trailer = trailer.map(|value| format!("x-trailer: {value}\r\n"));
        let last = format!("0\r\n{}\r\n", trailer.unwrap_or_default());
        bytes.extend_from_slice(last.as_bytes());
    }
    // In one piece, so that the client cannot use the connection before it sees what is behind the response.
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    if response.end == End::Reset {
        // Let the client read the data before the reset, which would drop it.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(response.end)
}

/// Forwards a request to the service over a new connection.
pub(super) async fn forward(state: &State, mut head: Head, body: &[u8]) -> io::Result<Response> {
    state.counts.forwarded.fetch_add(1, Ordering::SeqCst);
    head.headers.retain(|(name, _)| name != "connection");
    head.headers
        .push(("connection".to_owned(), "close".to_owned()));
    let mut request = head.bytes();
    request.extend_from_slice(body);
    ask(state.upstream, &request).await
}

async fn ask(upstream: SocketAddr, request: &[u8]) -> io::Result<Response> {
    let mut stream = TcpStream::connect(upstream).await?;
    stream.write_all(request).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    let end = end_of_head(&bytes).ok_or(io::ErrorKind::UnexpectedEof)?;
    let body = bytes.split_off(end);
    let head = Head::parse(&String::from_utf8_lossy(&bytes));
    let body = match head.header("transfer-encoding") {
        Some(_) => without_chunks(&body).ok_or(io::ErrorKind::InvalidData)?,
        None => body,
    };
    let mut response = Response::of(head, body);
    let framing = ["content-length", "transfer-encoding", "connection"];
    response
        .head
        .headers
        .retain(|(name, _)| !framing.contains(&name.as_str()));
    Ok(response)
}

fn without_chunks(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let line = bytes.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&bytes[..line]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        let chunk = bytes.get(line + 2..line + 2 + size)?;
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(chunk);
        bytes = bytes.get(line + 2 + size + 2..)?;
    }
}
