//! A proxy between a real client and the sandbox that spoils responses on demand, over real sockets.
//!
//! The proxy shares no code with the clients: a small parser handles HTTP/1.1, and h2's server handles HTTP/2. Other
//! requests are forwarded, and responses of the sandbox may be spoiled.
#![allow(
    dead_code,
    reason = "each program that is compiled with this module uses a part of it"
)]

mod encode;
mod fault;
mod http1;
mod http2;
mod response;
mod spoil;
mod tap;
mod tls;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

pub(crate) use fault::{
    Connect, Fault, Frame, Handshake, Instead, Place, Raw, Spoil, Stream, Swallow,
};
pub(crate) use tls::Authority;

/// The greeting of another protocol.
const GARBAGE: &[u8] = b"SSH-2.0-OpenSSH_9.6\r\n\r\n";

/// The requests that get a fault.
#[derive(Clone, Debug)]
struct Plan {
    fault: Fault,
    /// The prefix of their paths.
    path: String,
    /// The number of matching requests that pass first.
    skip: usize,
    times: usize,
}

/// Counts of the requests that match the plan, and of all connections.
#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    /// Open connections.
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
    /// Whether TLS connections offer only HTTP/1.1.
    is_old: AtomicBool,
    /// The maximum number of streams of an HTTP/2 connection.
    streams: AtomicU32,
    plan: Mutex<Option<Plan>>,
    counts: Counts,
}

impl State {
    fn plan(&self) -> MutexGuard<'_, Option<Plan>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the fault for a request with this path.
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

    /// Returns the fault for the handshake of a new connection.
    fn handshake(&self) -> Option<Handshake> {
        let mut plan = self.plan();
        let plan = plan.as_mut()?;
        let Fault::Handshake(handshake) = plan.fault else {
            return None;
        };
        self.use_up(plan).map(|_| handshake)
    }

    /// Returns the fault for a CONNECT request.
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

/// A running proxy, which ends with its runtime.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
    authority: Option<Arc<Authority>>,
    /// A bound socket that does not listen: connections are refused, and the port stays reserved.
    closed: Mutex<Option<TcpSocket>>,
}

impl Proxy {
    /// Creates a proxy in front of the service at this URL. The port is closed before [`listen`](Self::listen). With an
    /// authority, the proxy speaks HTTP/2 over TLS, or [HTTP/1.1](Self::speak_http1).
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

    /// Begins to accept connections. Further calls have no effect.
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

    /// Returns the base URL for a client.
    pub(crate) fn url(&self) -> String {
        match self.authority {
            None => format!("http://{}", self.address),
            Some(_) => format!("https://localhost:{}", self.address.port()),
        }
    }

    /// Spoils the next `times` requests whose path begins with `path`, after the first `skip` of them.
    pub(crate) fn arm(&self, fault: Fault, path: &str, skip: usize, times: usize) {
        *self.state.plan() = Some(Plan {
            fault,
            path: path.to_owned(),
            skip,
            times,
        });
    }

    /// Returns the proxy URL for a client. The proxy connects every CONNECT request to itself, and is the service as
    /// well.
    pub(crate) fn forward_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Limits new HTTP/2 connections to one stream at a time.
    pub(crate) fn allow_one_stream(&self) {
        self.state.streams.store(1, Ordering::SeqCst);
    }

    /// Makes new TLS connections speak HTTP/1.1.
    pub(crate) fn speak_http1(&self) {
        self.state.is_old.store(true, Ordering::SeqCst);
    }

    /// Removes the fault.
    pub(crate) fn lift(&self) {
        *self.state.plan() = None;
    }

    /// Returns the number of requests that arrived, at least in part.
    pub(crate) fn arrived(&self) -> usize {
        self.state.counts.arrived.load(Ordering::SeqCst)
    }

    /// Returns the number of requests that were forwarded.
    pub(crate) fn forwarded(&self) -> usize {
        self.state.counts.forwarded.load(Ordering::SeqCst)
    }

    /// Returns how often the fault happened.
    pub(crate) fn spoiled(&self) -> usize {
        self.state.counts.spoiled.load(Ordering::SeqCst)
    }

    /// Returns the number of open connections.
    pub(crate) fn open(&self) -> usize {
        self.state.counts.open.load(Ordering::SeqCst)
    }

    /// Returns the number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.state.counts.connections.load(Ordering::SeqCst)
    }

    /// Waits until both sides have closed this many connections.
    pub(crate) async fn closed(&self, connections: usize) {
        while self.state.counts.closed.load(Ordering::SeqCst) < connections {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn accept(listener: TcpListener, state: Arc<State>, authority: Option<Arc<Authority>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // `accept` usually fails because too many files are open.
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
