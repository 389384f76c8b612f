//! HTTP/2 over TLS, with h2's server.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio_rustls::server::TlsStream;

use super::http1::{self, Head, PACE};
use super::response::{End, Framing, Response};
use super::tap::{self, Wire};
use super::{Fault, Frame, Raw, Spoil, State, Stream, Swallow, spoil};

/// Enough time for h2 to send what it has, which a reset or the end of the connection would drop.
const FLUSH: Duration = Duration::from_millis(30);

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a small frame");
    let head = [
        &length.to_be_bytes()[1..],
        &[kind, flags],
        &stream.to_be_bytes(),
    ];
    [&head.concat(), payload].concat()
}

fn frames(frames: &[Frame], stream: u32) -> Vec<u8> {
    let bytes = frames.iter().map(|it| {
        let stream = if it.is_on_stream { stream } else { 0 };
        frame(it.kind, it.flags, stream, it.payload)
    });
    bytes.collect::<Vec<_>>().concat()
}

fn go_away(last_stream: u32, code: u8) -> Vec<u8> {
    let payload = [last_stream.to_be_bytes(), [0, 0, 0, code]].concat();
    frame(GOAWAY, 0, 0, &payload)
}

fn bytes_of(raw: Raw, stream: u32) -> (Vec<u8>, End) {
    let mut half = frame(HEADERS, END_HEADERS, stream, &[0; 16_000]);
    half.truncate(16);
    // `:status: 103`, not indexed.
    let interim = frame(HEADERS, END_HEADERS, stream, b"\x08\x03103");
    match raw {
        Raw::Garbage => (super::GARBAGE.to_vec(), End::Close),
        Raw::HalfAHead => (half, End::Close),
        Raw::HalfAHeadThenSilence => (half, End::Silence),
        Raw::TricklingHead => (half, End::Repeat(vec![0])),
        Raw::EndlessInterims => (interim.clone(), End::Repeat(interim)),
        Raw::ChunkOfNonsense | Raw::LongStatus => unreachable!("these are HTTP/1.1"),
    }
}

pub(super) async fn serve(stream: TlsStream<TcpStream>, state: &Arc<State>) {
    let (tap, wire) = tap::tap(stream);
    let (ends, mut ended) = mpsc::unbounded_channel();
    let streams = state.streams.load(Ordering::SeqCst);
    let mut builder = h2::server::Builder::new();
    let Ok(mut connection) = builder.max_concurrent_streams(streams).handshake(tap).await else {
        return;
    };
    let end = loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            Some(end) = ended.recv() => break end,
        };
        let Some(Ok((request, respond))) = accepted else {
            break End::Reset;
        };
        let path = request.uri().path_and_query();
        let fault = state.take(path.map_or("/", |path| path.as_str()));
        let exchange = Exchange {
            stream: respond.stream_id().into(),
            state: Arc::clone(state),
            wire: wire.clone(),
            ends: ends.clone(),
        };
        tokio::spawn(exchange.respond(request, respond, fault));
    };
    if wire.end(end).await {
        state.counts.closed.fetch_add(1, Ordering::SeqCst);
    }
}

/// A request on a connection.
struct Exchange {
    stream: u32,
    state: Arc<State>,
    wire: Wire,
    /// Ends the connection.
    ends: UnboundedSender<End>,
}

impl Exchange {
    async fn respond(
        self,
        request: http::Request<RecvStream>,
        respond: SendResponse<Bytes>,
        fault: Option<Fault>,
    ) -> io::Result<()> {
        match fault {
            // h2 would not send every code.
            Some(Fault::Stream(Stream::Reset(code))) => return self.reset(code).await,
            Some(Fault::Swallow(Swallow::ResetUnread)) => return self.end(End::Reset).await,
            Some(Fault::Stream(Stream::GoAwayBefore(code))) => {
                self.wire.silence();
                self.wire.say(&go_away(0, code)).await?;
                return self.end(End::Close).await;
            }
            _ => {}
        }
        let (parts, mut body) = request.into_parts();
        let mut whole = Vec::new();
        while let Some(piece) = body.data().await {
            let piece = piece.map_err(io::Error::other)?;
            let _ = body.flow_control().release_capacity(piece.len());
            whole.extend_from_slice(&piece);
        }
        match fault {
            // Dropping the stream would reset it.
            Some(Fault::Stream(Stream::Stalled)) => std::future::pending().await,
            Some(Fault::Swallow(Swallow::Silence)) => self.end(End::Silence).await,
            Some(Fault::Swallow(Swallow::Reset)) => self.end(End::Reset).await,
            Some(Fault::Swallow(Swallow::Close)) => self.end(End::Close).await,
            Some(Fault::Stream(Stream::GoAwayAfter(code))) => {
                self.wire.silence();
                self.wire.say(&go_away(self.stream, code)).await?;
                self.end(End::Close).await
            }
            Some(Fault::Stream(Stream::Head(fields))) => {
                let head = frame(HEADERS, END_HEADERS | END_STREAM, self.stream, fields);
                self.wire.say(&head).await?;
                std::future::pending().await
            }
            Some(Fault::Stream(Stream::Frames(instead))) => {
                self.wire.say(&frames(instead, self.stream)).await?;
                std::future::pending().await
            }
            Some(Fault::Raw(raw)) => {
                let (bytes, end) = bytes_of(raw, self.stream);
                self.wire.silence();
                self.wire.say(&bytes).await?;
                self.end(end).await
            }
            Some(Fault::Instead(instead)) => self.write(respond, spoil::instead(instead)).await,
            _ => self.forward(&parts, &whole, respond, fault).await,
        }
    }

    /// Writes the service's response, which the fault may spoil.
    async fn forward(
        &self,
        parts: &http::request::Parts,
        body: &[u8],
        respond: SendResponse<Bytes>,
        fault: Option<Fault>,
    ) -> io::Result<()> {
        let host = parts.uri.authority().map(ToString::to_string);
        let host = host.unwrap_or_default();
        let head = head(parts, &host, body.len());
        let mut response = http1::forward(&self.state, head, body).await?;
        response.moves_to_tls(&host);
        match fault {
            Some(Fault::Spoil(Spoil::CutHead(place))) => {
                let head = frame(HEADERS, END_HEADERS, self.stream, b"\x88");
                let cut = &head[..place.of(head.len())];
                self.wire.silence();
                self.wire.say(cut).await?;
                return self.end(End::Close).await;
            }
            Some(Fault::Spoil(spoil)) => {
                spoil::spoil(&mut response, spoil);
            }
            Some(Fault::Stream(stream)) => {
                return self.on_stream(respond, response, stream).await;
            }
            _ => {}
        }
        self.write(respond, response).await
    }

    /// Writes a response that the stream or the connection spoils.
    async fn on_stream(
        &self,
        respond: SendResponse<Bytes>,
        mut response: Response,
        fault: Stream,
    ) -> io::Result<()> {
        match fault {
            Stream::GoAwayAndResponse => self.wire.say(&go_away(self.stream, 0)).await?,
            Stream::GoAwayAfterResponse => {}
            Stream::ResetWithoutLength(_) => {
                response.framing = Framing::Lengths(Vec::new());
                response.sent /= 2;
            }
            Stream::FramesFirst(first) => self.wire.say(&frames(first, self.stream)).await?,
            Stream::ResetAfterHead(_) => response.sent = 0,
            _ => response.sent /= 2,
        }
        // What is cut is left to the caller.
        let _stream = self.send(respond, &response).await?;
        if response.is_whole() && fault != Stream::GoAwayAfterResponse {
            return Ok(());
        }
        tokio::time::sleep(FLUSH).await;
        match fault {
            Stream::SilenceInTheMiddle => self.end(End::Silence).await,
            Stream::GoAwayAfterResponse => {
                self.wire.silence();
                self.wire.say(&go_away(self.stream, 0)).await?;
                self.end(End::Close).await
            }
            Stream::ResetAfterHead(code)
            | Stream::ResetInTheMiddle(code)
            | Stream::ResetWithoutLength(code) => self.reset(code).await,
            Stream::GoAwayInTheMiddle(code) => {
                self.wire.silence();
                self.wire.say(&go_away(self.stream, code)).await?;
                self.end(End::Close).await
            }
            _ => std::future::pending().await,
        }
    }

    async fn reset(&self, code: u8) -> io::Result<()> {
        let reset = frame(RST_STREAM, 0, self.stream, &[0, 0, 0, code]);
        self.wire.say(&reset).await?;
        // Dropping the stream makes h2 reset it as well.
        std::future::pending().await
    }

    /// Writes the response, or the part that the fault leaves.
    async fn write(&self, respond: SendResponse<Bytes>, response: Response) -> io::Result<()> {
        let _stream = self.send(respond, &response).await?;
        match response.end {
            End::KeepAlive => Ok(()),
            End::Close if response.is_whole() => Ok(()),
            // Only the stream stalls.
            End::Silence => std::future::pending().await,
            end => {
                tokio::time::sleep(FLUSH).await;
                self.end(end).await
            }
        }
    }

    /// Returns the stream, whose end would reset it if the body is not whole.
    async fn send(
        &self,
        mut respond: SendResponse<Bytes>,
        response: &Response,
    ) -> io::Result<h2::SendStream<Bytes>> {
        let with_status = |status: &str| http::Response::builder().status(status);
        for status in response.interims {
            let interim = with_status(&status.to_string()).header("link", "</x>");
            let interim = interim.body(()).map_err(io::Error::other)?;
            respond
                .send_informational(interim)
                .map_err(io::Error::other)?;
        }
        tokio::time::sleep(response.delay).await;
        let status = response.head.first_line.split(' ').nth(1);
        let mut head = with_status(status.unwrap_or_default());
        for (name, value) in &response.head.headers {
            head = head.header(name, value);
        }
        for length in response.framing.lengths() {
            head = head.header("content-length", *length);
        }
        let head = head.body(()).map_err(io::Error::other)?;
        let is_empty = response.body.is_empty() && response.trailer.is_none();
        let mut stream = respond
            .send_response(head, is_empty)
            .map_err(io::Error::other)?;
        if is_empty {
            return Ok(stream);
        }
        let count = response.parts().count();
        for (number, part) in response.parts().enumerate() {
            let is_last = number + 1 == count && response.is_whole() && response.trailer.is_none();
            let part = Bytes::copy_from_slice(part);
            stream.send_data(part, is_last).map_err(io::Error::other)?;
            if let Some(pace) = response.pace {
                tokio::time::sleep(pace).await;
            }
        }
        if let Some(value) = &response.trailer {
            let value = http::HeaderValue::from_str(value).map_err(io::Error::other)?;
            let trailers = [(http::HeaderName::from_static("x-trailer"), value)];
            stream
                .send_trailers(trailers.into_iter().collect())
                .map_err(io::Error::other)?;
        }
        Ok(stream)
    }

    async fn end(&self, end: End) -> io::Result<()> {
        match end {
            End::KeepAlive => {}
            End::Silence => {
                self.wire.silence();
                // Dropping the stream would reset it.
                std::future::pending().await
            }
            End::Repeat(bytes) => loop {
                self.wire.say(&bytes).await?;
                tokio::time::sleep(PACE).await;
            },
            end => {
                let _ = self.ends.send(end);
                std::future::pending().await
            }
        }
        Ok(())
    }
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
