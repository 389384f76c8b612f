//! Connections: reading requests, writing responses, and spoiling both.

use std::error::Error as StdError;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::clock::Clock;
use super::faults::Action;
use super::faults::Faults;
use super::journal::Entry;
use super::journal::Journal;

/// One service behind one listener.
pub(crate) trait Service: Send + Sync + 'static {
    /// Its name in the journal.
    const NAME: &'static str;

    /// The largest request body it takes.
    const LARGEST_BODY: usize;

    /// Reads a request's body, or finds that it is too large. A service that
    /// takes bodies too large to be held puts what it makes of them into the
    /// extensions, for [`respond`](Self::respond), and returns as much as the
    /// journal is to keep.
    fn receive(
        &self,
        parts: &mut Parts,
        body: Incoming,
    ) -> impl Future<Output = Result<Option<Bytes>, Dropped>> + Send {
        let _ = parts;
        whole(body, Self::LARGEST_BODY)
    }

    /// Does what a request asks for. The extensions hold its [`Peer`]; an
    /// [`Attachment`] among the response's extensions is sent as its body.
    fn respond(&self, parts: &Parts, body: &Bytes) -> Response<Bytes>;

    /// How this service says a status that is not of its own making.
    fn failure(&self, status: StatusCode) -> Response<Bytes>;

    /// Adds the headers that every response of this service carries.
    fn stamp(&self, headers: &mut HeaderMap);

    /// Replaces the credentials it knows by their names.
    fn redact(&self, headers: &mut HeaderMap);

    /// What may be printed of a path that gives access by itself.
    fn printable(&self, path: &str) -> Option<String> {
        let _ = path;
        None
    }

    /// A body as the journal may keep it: without secrets.
    fn redact_body(&self, parts: &Parts, body: &Bytes) -> Bytes {
        let _ = parts;
        body.clone()
    }

    /// A query as the journal may keep it: without secrets.
    fn redact_query(&self, query: &str) -> String {
        query.to_owned()
    }
}

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// A file that is a response's body, from where it stands to its end.
#[derive(Clone, Debug)]
pub(crate) struct Attachment {
    pub(crate) file: Arc<File>,
    pub(crate) length: u64,
}

/// What all listeners of a sandbox share.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
}

/// Which host names requests may be for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Hosts {
    /// Those of this machine alone. A web page whose own name was made to lead
    /// here could otherwise speak to the sandbox through the browser that
    /// shows it, and knows the credentials of a fixed seed.
    Loopback,
    Any,
}

impl Hosts {
    fn allow(self, parts: &Parts) -> bool {
        let named = parts.headers.get_all(HOST).iter().all(|host| {
            let host = host.to_str().ok().and_then(|host| host.parse().ok());
            host.is_some_and(|host: Authority| is_loopback(host.host()))
        });
        self == Self::Any || named && parts.uri.host().is_none_or(is_loopback)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    if let Ok(address) = bare.unwrap_or(host).parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// What is said to a request for another host.
const WRONG_HOST: &str = "The sandbox answers on this machine's addresses to this machine's names \
    alone, such as 127.0.0.1 and localhost; start it with allow_any_host (--allow-any-host) to \
    use others.\n";

fn wrong_host() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(WRONG_HOST.as_bytes()));
    *response.status_mut() = StatusCode::FORBIDDEN;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}

/// Where a client on this machine finds what listens at `address`.
pub(crate) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Accepts connections for as long as the runtime lives.
pub(crate) async fn run<S: Service>(
    listener: TcpListener,
    service: Arc<S>,
    desk: Desk,
    hosts: Hosts,
) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                let peer = Peer(address.ip());
                let service = Arc::clone(&service);
                tokio::spawn(connection(stream, peer, service, desk.clone(), hosts));
            }
            // Too many open files, mostly: give connections a moment to close.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn connection<S: Service>(
    stream: TcpStream,
    peer: Peer,
    service: Arc<S>,
    desk: Desk,
    hosts: Hosts,
) {
    // Responses are written in one go; waiting to fill segments only adds delay.
    let _ = stream.set_nodelay(true);
    let line = Arc::new(Line::default());
    let io = TokioIo::new(Wire {
        stream,
        line: Arc::clone(&line),
    });
    let handler = service_fn(|request| handle(&*service, &desk, hosts, &line, peer, request));
    let mut connection = http1::Builder::new().serve_connection(io, handler);
    // Ends with an error whenever a fault or the client cut it off.
    let _ = (&mut connection).await;
    if line.reset.load(Ordering::Acquire) {
        let wire = connection.into_parts().io.into_inner();
        // Closing with zero linger sends a reset. The method's successor is
        // not in the oldest tokio this workspace supports.
        #[allow(deprecated)]
        let _ = wire.stream.set_linger(Some(Duration::ZERO));
    }
}

async fn handle<S: Service>(
    service: &S,
    desk: &Desk,
    hosts: Hosts,
    line: &Arc<Line>,
    peer: Peer,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Dropped> {
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(peer);
    let welcome = hosts.allow(&parts);
    let body = match welcome {
        true => service.receive(&mut parts, body).await?,
        false => whole(body, 0).await?,
    };
    let mut headers = parts.headers.clone();
    service.redact(&mut headers);
    let number = desk.journal.record(Entry {
        service: S::NAME,
        at: desk.clock.now(),
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(|query| service.redact_query(query)),
        headers: Arc::new(headers),
        body: body
            .as_ref()
            .map(|body| service.redact_body(&parts, body))
            .unwrap_or_default(),
        status: None,
        printable: service.printable(parts.uri.path()),
    });
    let answer = || {
        let mut response = match &body {
            Some(body) => service.respond(&parts, body),
            None => service.failure(StatusCode::PAYLOAD_TOO_LARGE),
        };
        service.stamp(response.headers_mut());
        response
    };
    if !welcome {
        let response = wrong_host();
        desk.journal.answered(number, response.status().as_u16());
        return Ok(response.map(|body| Answer::new(body, None, None, line)));
    }
    let (response, cut) = match desk.faults.take(&parts.method, parts.uri.path()) {
        None => (answer(), None),
        Some(Action::Status {
            status,
            headers,
            body,
        }) => {
            let mut response = service.failure(status);
            service.stamp(response.headers_mut());
            response.headers_mut().extend(headers);
            if let Some(body) = body {
                *response.body_mut() = body;
            }
            (response, None)
        }
        Some(Action::Delay(by)) => {
            let response = answer();
            tokio::time::sleep(by).await;
            (response, None)
        }
        Some(Action::CutBody(bytes)) => (answer(), Some(bytes)),
        Some(Action::Reset) => {
            line.reset.store(true, Ordering::Release);
            return Err(Dropped);
        }
        Some(Action::Stall) => std::future::pending().await,
    };
    desk.journal.answered(number, response.status().as_u16());
    let (mut parts, body) = response.into_parts();
    let attachment = parts.extensions.remove();
    let answer = Answer::new(body, attachment, cut, line);
    Ok(Response::from_parts(parts, answer))
}

/// A request's body, or nothing if it is too large. One that is too large is
/// read to its end all the same: closing before that would reset the
/// connection, and the response might be lost.
pub(crate) async fn whole(mut body: Incoming, largest: usize) -> Result<Option<Bytes>, Dropped> {
    let mut kept = Some(BytesMut::new());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Dropped)?.into_data() else {
            continue;
        };
        kept = kept.filter(|kept| kept.len() + data.len() <= largest);
        if let Some(kept) = &mut kept {
            kept.extend_from_slice(&data);
        }
    }
    Ok(kept.map(BytesMut::freeze))
}

/// The connection is to end without (more of) a response.
#[derive(Debug)]
pub(crate) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the connection is dropped on purpose")
    }
}

impl StdError for Dropped {}

/// What a connection's bytes, its requests and its responses tell each other.
#[derive(Default)]
struct Line {
    reset: AtomicBool,
    /// Everything handed to the connection so far has been written.
    flushed: AtomicBool,
    waiting: Mutex<Option<Waker>>,
}

/// A response's body, whole or cut short.
struct Answer {
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

impl Answer {
    fn new(
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
            // Not beyond its length, which is one of memory.
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
        (&*attachment.file).read_exact(&mut piece)?;
        attachment.length -= piece.len() as u64;
        Ok(piece.into())
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        let answer = self.get_mut();
        if answer.left.is_empty() {
            answer.left = answer.piece().map_err(|_| Dropped)?;
        }
        if !answer.left.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut answer.left)))));
        }
        let Some(cut) = &mut answer.cut else {
            return Poll::Ready(None);
        };
        // An error drops what the connection still holds in its buffer, so it
        // has to wait until all of that is on the wire.
        let mut waiting = cut
            .line
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
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

/// A TCP stream that tells when everything written to it has been flushed.
struct Wire {
    stream: TcpStream,
    line: Arc<Line>,
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
            let mut waiting = wire
                .line
                .waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_are_told_from_others() {
        for host in [
            "localhost",
            "LocalHost.",
            "app.localhost",
            "127.0.0.1",
            "127.9.9.9",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "localhost.example.com",
            "notlocalhost",
            "127.0.0.1.example.com",
            "0.0.0.0",
            "192.0.2.1",
            "[::]",
            "[2001:db8::1]",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn no_client_is_sent_to_the_address_that_stands_for_all() {
        for (bound, found) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("[::1]:80", "[::1]:80"),
            ("192.0.2.1:80", "192.0.2.1:80"),
        ] {
            let bound = bound.parse().expect("an address");
            assert_eq!(reachable(bound).to_string(), found);
        }
    }
}
