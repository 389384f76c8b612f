//! A proxy between a real client and the sandbox that spoils what it is told to, over real sockets.
//!
//! It shares no code with the clients: HTTP/1.1 is read and written by a small parser of its own, HTTP/2 by h2's server.
//! What it lets pass it forwards, and what the sandbox responds it may spoil on the way back.
#![allow(
    dead_code,
    reason = "each program that is compiled with this module uses a part of it"
)]

mod http1;
mod http2;
mod spoil;
mod tls;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

pub(crate) use tls::Authority;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// Nobody listens, until [`Proxy::listen`].
    Refuse,
    /// The TLS handshake goes wrong, and no request is sent.
    Handshake(Handshake),
    /// The forward proxy in front of the service makes no connection to it.
    Connect(Connect),
    /// The connection's only HTTP/2 stream is taken by another request.
    NoStream,
    /// The request arrives, and nobody responds.
    Swallow(Swallow),
    /// The request arrives, and something else responds in place of the service.
    Instead(Instead),
    /// The service does as asked, and its response is spoiled.
    Spoil(Spoil),
    /// The HTTP/2 stream or connection of the request goes wrong.
    Stream(Stream),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Handshake {
    Silent,
    Cut,
    /// The peer responds in plain HTTP.
    Plain,
    Expired,
    WrongName,
    UnknownAuthority,
    /// The peer wants a certificate of the client's.
    WantsCertificate,
    /// The peer gives up with this alert.
    Alert(u8),
}

/// What a forward proxy does about CONNECT.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Connect {
    Status(u16),
    Silent,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Swallow {
    /// The connection is reset while the request is unread.
    ResetUnread,
    /// The connection is reset once the request was read.
    Reset,
    /// The connection is closed once the request was read.
    Close,
    Silence,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Instead {
    /// Words of another protocol.
    Garbage,
    HalfAHead,
    HalfAHeadThenSilence,
    /// A head that goes on and on, a byte at a time.
    TricklingHead,
    /// One header of a megabyte.
    LargeHeader,
    /// A thousand headers.
    ManyHeaders,
    Status(u16, &'static [(&'static str, &'static str)]),
    /// The status with a page, as gateways send it.
    Gateway(u16),
    /// An error in JSON, as applications send it.
    JsonError(u16),
    /// A web page with status 200.
    Page,
    /// A hundred thousand arrays in each other.
    DeepJson,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Spoil {
    /// The response is held back so long.
    Delay(Duration),
    /// The body comes in twenty pieces, one each so long.
    Trickle(Duration),
    Cut(Place),
    CutHead(Place),
    CutChunked,
    /// A body without a length, which ends with the connection, cut in the middle.
    CutWithoutLength,
    ResetInTheMiddle,
    StallInTheMiddle,
    CloseAfter,
    /// These headers in place of the service's own.
    Headers(&'static [(&'static str, &'static str)]),
    /// Compressed with gzip, which a header calls by this name.
    Gzip(&'static str),
    /// Compressed in two parts.
    GzipOfTwo,
    /// Compressed twice.
    GzipTwice,
    GzipDamaged,
    GzipCut,
    /// Something uncompressed behind the compressed content.
    GzipAndMore,
    /// No compression, though a header names this one.
    InNameOnly(&'static str),
    /// Compressed for the transfer.
    GzipTransfer,
    /// Small on the wire, and 8 MiB once it is unpacked.
    GzipBomb,
    TwoLengths,
    LongerLength,
    ShorterLength,
    /// A length that ends early, and behind that end a whole response that nobody asked for.
    ForgedResponseBehind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    Start,
    Middle,
    BeforeTheLastByte,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stream {
    /// RST_STREAM with REFUSED_STREAM.
    Refused,
    /// GOAWAY with this reason that excludes the request's stream.
    GoAwayBefore(u8),
    /// GOAWAY that includes the request's stream, which never gets a response.
    GoAwayAfter,
    /// No response, while the connection lives on.
    Stalled,
    /// RST_STREAM with INTERNAL_ERROR before a response.
    Reset,
    /// Half a body, then RST_STREAM with INTERNAL_ERROR.
    ResetInTheMiddle,
    /// Half a body of a known length, then RST_STREAM with NO_ERROR.
    EndedInTheMiddle,
}

/// Which requests a fault is for.
#[derive(Clone, Debug)]
struct Plan {
    fault: Fault,
    /// What their paths begin with.
    path: String,
    /// How many of them pass first.
    skip: usize,
    times: usize,
}

/// What a proxy has seen of the requests that its fault is for, and of all.
#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    /// Connections that are open.
    open: AtomicUsize,
    /// Connections that were closed by both sides, the proxy's first.
    closed: AtomicUsize,
    arrived: AtomicUsize,
    forwarded: AtomicUsize,
    spoiled: AtomicUsize,
}

#[derive(Debug)]
struct State {
    upstream: SocketAddr,
    /// Over TLS, only HTTP/1.1 is spoken.
    is_old: AtomicBool,
    /// The most streams of an HTTP/2 connection.
    streams: AtomicU32,
    plan: Mutex<Option<Plan>>,
    counts: Counts,
}

impl State {
    fn plan(&self) -> MutexGuard<'_, Option<Plan>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to go wrong with a request of this path.
    fn take(&self, path: &str) -> Option<Fault> {
        self.counts.arrived.fetch_add(1, Ordering::SeqCst);
        let mut plan = self.plan();
        let plan = plan.as_mut()?;
        if matches!(
            plan.fault,
            Fault::Handshake(_) | Fault::Connect(_) | Fault::Refuse
        ) || !path.starts_with(&plan.path)
        {
            return None;
        }
        self.use_up(plan)
    }

    /// What is to go wrong with the handshake of a new connection.
    fn handshake(&self) -> Option<Handshake> {
        let mut plan = self.plan();
        let plan = plan.as_mut()?;
        let Fault::Handshake(handshake) = plan.fault else {
            return None;
        };
        self.use_up(plan).map(|_| handshake)
    }

    /// What is to go wrong with a CONNECT.
    fn connect(&self) -> Option<Connect> {
        let mut plan = self.plan();
        let plan = plan.as_mut()?;
        let Fault::Connect(connect) = plan.fault else {
            return None;
        };
        self.use_up(plan).map(|_| connect)
    }

    fn use_up(&self, plan: &mut Plan) -> Option<Fault> {
        if plan.skip > 0 {
            plan.skip -= 1;
            return None;
        }
        plan.times = plan.times.checked_sub(1)?;
        self.counts.spoiled.fetch_add(1, Ordering::SeqCst);
        Some(plan.fault)
    }
}

/// A running proxy. It ends with its runtime.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
    authority: Option<Arc<Authority>>,
    /// Bound, but not listening: whoever connects is refused, and nobody else gets the port.
    closed: Mutex<Option<TcpSocket>>,
}

impl Proxy {
    /// A proxy in front of the service at this URL, on a port where nobody listens before [`listen`](Self::listen).
    /// With an authority, it speaks HTTP/2 over TLS, or [HTTP/1.1](Self::speak_http1).
    pub(crate) fn new(upstream: &str, authority: Option<Arc<Authority>>) -> Self {
        let upstream = upstream.trim_start_matches("http://");
        let socket = TcpSocket::new_v4().expect("a socket");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(any).expect("a free port");
        Self {
            address: socket.local_addr().expect("an address"),
            state: Arc::new(State {
                upstream: upstream.parse().expect("the sandbox's address"),
                is_old: AtomicBool::new(false),
                streams: AtomicU32::new(100),
                plan: Mutex::default(),
                counts: Counts::default(),
            }),
            authority,
            closed: Mutex::new(Some(socket)),
        }
    }

    /// Begins to accept connections; more than once is as good as once.
    pub(crate) fn listen(&self) {
        let socket = self
            .closed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(socket) = socket else { return };
        let listener = socket.listen(1024).expect("a listener");
        let (state, authority) = (Arc::clone(&self.state), self.authority.clone());
        tokio::spawn(accept(listener, state, authority));
    }

    /// What a client takes as its base URL.
    pub(crate) fn url(&self) -> String {
        match self.authority {
            None => format!("http://{}", self.address),
            Some(_) => format!("https://localhost:{}", self.address.port()),
        }
    }

    /// From now on, spoils so many requests whose path begins so, after letting the first ones pass.
    pub(crate) fn arm(&self, fault: Fault, path: &str, skip: usize, times: usize) {
        *self.state.plan() = Some(Plan {
            fault,
            path: path.to_owned(),
            skip,
            times,
        });
    }

    /// What a client takes as its proxy. It does as a forward proxy does, and is the service as well: whatever a client
    /// asks it to connect to, it is connected to.
    pub(crate) fn forward_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// New HTTP/2 connections have one stream at a time.
    pub(crate) fn allow_one_stream(&self) {
        self.state.streams.store(1, Ordering::SeqCst);
    }

    /// New connections over TLS speak HTTP/1.1.
    pub(crate) fn speak_http1(&self) {
        self.state.is_old.store(true, Ordering::SeqCst);
    }

    /// From now on, lets everything pass.
    pub(crate) fn lift(&self) {
        *self.state.plan() = None;
    }

    /// How many requests arrived, at least in part.
    pub(crate) fn arrived(&self) -> usize {
        self.state.counts.arrived.load(Ordering::SeqCst)
    }

    /// How many requests were handed to the service.
    pub(crate) fn forwarded(&self) -> usize {
        self.state.counts.forwarded.load(Ordering::SeqCst)
    }

    /// How often the fault happened.
    pub(crate) fn spoiled(&self) -> usize {
        self.state.counts.spoiled.load(Ordering::SeqCst)
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.state.counts.open.load(Ordering::SeqCst)
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.state.counts.connections.load(Ordering::SeqCst)
    }

    /// Returns once both sides have closed so many connections.
    pub(crate) async fn closed(&self, connections: usize) {
        while self.state.counts.closed.load(Ordering::SeqCst) < connections {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn accept(listener: TcpListener, state: Arc<State>, authority: Option<Arc<Authority>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, mostly.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        state.counts.connections.fetch_add(1, Ordering::SeqCst);
        state.counts.open.fetch_add(1, Ordering::SeqCst);
        let (state, authority) = (Arc::clone(&state), authority.clone());
        tokio::spawn(async move {
            match authority {
                None => http1::serve(stream, &state).await,
                Some(authority) => over_tls(stream, &state, &authority).await,
            }
            state.counts.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

async fn over_tls(mut stream: TcpStream, state: &Arc<State>, authority: &Authority) {
    if http1::asks_to_connect(&stream).await {
        let fault = state.connect();
        if http1::connect(&mut stream, fault).await.is_err() || fault.is_some() {
            return;
        }
    }
    let handshake = state.handshake();
    let is_old = state.is_old.load(Ordering::SeqCst);
    match authority.accept(stream, handshake, is_old).await {
        Some(stream) if is_old => http1::serve(stream, state).await,
        Some(stream) => http2::serve(stream, state).await,
        None => {}
    }
}
