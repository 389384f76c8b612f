//! Connections: accepting them, reading requests, and applying faults to responses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::request::Parts;
use http::uri::Authority;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::clock::Clock;
use super::faults::cut::{Line, ResponseBody, Wire};
use super::faults::{Action, Faults};
use super::journal::{Journal, JournalEntry};
use super::lock;
use super::random::Random;
use super::service::{Dropped, Peer, Service, dropped, not_played, response, whole};

/// The parts that all listeners of a sandbox share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
}

/// Whether all host names in a request are names of this machine.
fn is_for_loopback(parts: &Parts) -> bool {
    let mut hosts = parts.headers.get_all(HOST).iter();
    parts.uri.host().is_none_or(is_loopback)
        && hosts.all(|host| {
            let host = host.to_str().ok().and_then(|host| host.parse().ok());
            host.is_some_and(|host: Authority| is_loopback(host.host()))
        })
}

/// Whether a host of a URL is a name or an address of this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    if let Ok(address) = bare.unwrap_or(host).parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// The response to a request for another host.
const WRONG_HOST: &str = "The sandbox responds only to names of this machine, such as 127.0.0.1 \
    and localhost; start it with allow_any_host (--allow-any-host) to use others.\n";

/// The address at which a client on this machine reaches a listener at `address`.
pub(crate) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// A service that is served.
pub(crate) struct Server<S> {
    pub(crate) service: Arc<S>,
    pub(crate) shared: Shared,
    /// Whether requests may be for any host. Otherwise they have to be for names of this machine: a web page could send
    /// requests through a name that resolves to this machine, and it may know the credentials, which follow from the
    /// seed.
    pub(crate) any_host: bool,
    pub(crate) ids: Mutex<Random>,
}

impl<S: Service> Server<S> {
    /// Accepts connections for as long as the runtime lives.
    pub(crate) async fn run(self, listener: TcpListener) {
        let server = Arc::new(self);
        loop {
            match listener.accept().await {
                Ok((stream, address)) => {
                    let server = Arc::clone(&server);
                    tokio::spawn(async move { server.serve(stream, Peer(address.ip())).await });
                }
                // `accept` usually fails because too many files are open. Wait until some are closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Serves a connection until it ends.
    async fn serve(&self, stream: TcpStream, peer: Peer) {
        // Responses are written at once, so waiting to fill segments only adds delay.
        let _ = stream.set_nodelay(true);
        let line = Arc::new(Line::default());
        let io = TokioIo::new(Wire {
            stream,
            line: Arc::clone(&line),
        });
        let handler = service_fn(|request| self.handle(&line, peer, request));
        let mut connection = http1::Builder::new().serve_connection(io, handler);
        // An error means that a fault or the client ended the connection.
        let _ = (&mut connection).await;
        connection.into_parts().io.into_inner().close();
    }

    async fn handle(
        &self,
        line: &Arc<Line>,
        peer: Peer,
        request: Request<Incoming>,
    ) -> Result<Response<ResponseBody>, Dropped> {
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(peer);
        let allowed = self.any_host || is_for_loopback(&parts);
        let body = match allowed {
            true => self.service.receive(&mut parts, body).await?,
            false => whole(body, 0).await?,
        };
        let number = self.record(&parts, body.clone().unwrap_or_default());
        let (response, cut) = match allowed {
            true => self.respond(line, &parts, body.as_ref()).await?,
            false => {
                let text = "text/plain; charset=utf-8";
                (response(StatusCode::FORBIDDEN, text, WRONG_HOST), None)
            }
        };
        let status = response.status().as_u16();
        self.shared.journal.responded(number, status);
        Ok(response.map(|body| ResponseBody::new(body, cut, line)))
    }

    fn record(&self, parts: &Parts, body: Bytes) -> usize {
        let mut headers = parts.headers.clone();
        self.service.redact(&mut headers);
        self.shared.journal.record(JournalEntry {
            service: S::NAME,
            at: self.shared.clock.now(),
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: Arc::new(headers),
            body,
            status: None,
            printable: self.service.printable(parts.uri.path()),
        })
    }

    /// The response to a request, unless its fault is to have none, and after how many bytes its body is cut. There is
    /// no `body` if it was too large.
    async fn respond(
        &self,
        line: &Line,
        parts: &Parts,
        body: Option<&Bytes>,
    ) -> Result<(Response<Bytes>, Option<usize>), Dropped> {
        let stamped = |mut response: Response<Bytes>| {
            if let Ok(id) = HeaderValue::try_from(lock(&self.ids).id()) {
                self.service.stamp(response.headers_mut(), id);
            }
            response
        };
        let respond = || match body {
            Some(body) => stamped(self.service.respond(parts, body)),
            None => {
                let size = S::LARGEST_BODY >> 20;
                stamped(not_played(&format!("bodies of more than {size} MiB")))
            }
        };
        let fault = self.shared.faults.take(&parts.method, parts.uri.path());
        Ok(match fault {
            None => (respond(), None),
            Some(Action::Status {
                status,
                headers,
                body,
            }) => {
                let mut response = stamped(self.service.failure(status));
                response.headers_mut().extend(headers);
                if let Some(body) = body {
                    *response.body_mut() = body;
                }
                (response, None)
            }
            Some(Action::Delay(by)) => {
                let response = respond();
                tokio::time::sleep(by).await;
                (response, None)
            }
            Some(Action::CutBody(bytes)) => (respond(), Some(bytes)),
            Some(Action::Reset) => {
                line.reset.store(true, Ordering::Release);
                return Err(dropped());
            }
            Some(Action::Stall) => std::future::pending().await,
        })
    }
}
