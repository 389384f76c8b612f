//! Signing webhooks and delivering them.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{Method, Request, Uri};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::runtime::Handle;

use crate::common::clock::Clock;
use crate::common::listener::is_loopback;
use crate::common::{hmac, lock};

/// When an event is delivered, in minutes after it happened, until a receiver accepts it (documented, as is the next).
const SCHEDULE: [u64; 4] = [0, 1, 5, 15];

/// How long a receiver has to respond.
const PATIENCE: Duration = Duration::from_secs(5);

/// Older deliveries make room.
const CAPACITY: usize = 10_000;

/// One attempt to deliver a webhook.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebhookDelivery {
    /// The event's id, the same for every attempt.
    pub event_id: String,
    /// The event's object, such as `ACCOUNT`.
    pub object: String,
    /// The attempt's number, from 1 to 4.
    pub attempt: usize,
    /// When it was signed, by the sandbox's clock.
    pub at: SystemTime,
    /// The status of the receiver's response, if there was one within five seconds.
    pub status: Option<u16>,
}

/// Sends events to a receiver, once there is one.
pub(crate) struct Outbox {
    pub(crate) secret: String,
    clock: Clock,
    runtime: Handle,
    target: Mutex<Option<Target>>,
    log: Mutex<VecDeque<WebhookDelivery>>,
}

#[derive(Clone)]
struct Target {
    addresses: Vec<SocketAddr>,
    url: Uri,
}

impl Outbox {
    pub(crate) fn new(secret: String, clock: Clock, runtime: Handle) -> Self {
        Self {
            secret,
            clock,
            runtime,
            target: Mutex::default(),
            log: Mutex::default(),
        }
    }

    pub(crate) fn deliver_to(&self, url: &str) -> io::Result<()> {
        let target =
            target(url).map_err(|reason| io::Error::new(io::ErrorKind::InvalidInput, reason))?;
        *lock(&self.target) = Some(target);
        Ok(())
    }

    pub(crate) fn deliveries(&self) -> Vec<WebhookDelivery> {
        lock(&self.log).iter().cloned().collect()
    }

    /// The value of the signature header. Documented; the digits are upper case in all public captures.
    pub(crate) fn sign(&self, timestamp: i64, body: &[u8]) -> String {
        let timestamp = timestamp.to_string();
        let digest = hmac(&self.secret, &[timestamp.as_bytes(), b".", body]);
        format!("t={timestamp},v1={}", digest.to_uppercase())
    }

    /// Delivers an event now, and again later if that fails. Without a receiver the event is lost.
    pub(crate) fn send(self: &Arc<Self>, event_id: String, object: String, payload: &Value) {
        let Some(target) = lock(&self.target).clone() else {
            return;
        };
        let outbox = Arc::clone(self);
        let body = Bytes::from(payload.to_string());
        let happened = self.clock.elapsed();
        self.runtime.spawn(async move {
            for (attempt, minutes) in (1..).zip(SCHEDULE) {
                let due = happened + Duration::from_secs(minutes * 60);
                outbox.clock.sleep_until(due).await;
                let at = outbox.clock.now();
                let signature = outbox.sign(outbox.clock.unix(), &body);
                let exchange = exchange(&target, signature, body.clone());
                let status = tokio::time::timeout(PATIENCE, exchange).await;
                let status = status.ok().flatten();
                let mut log = lock(&outbox.log);
                if log.len() == CAPACITY {
                    log.pop_front();
                }
                log.push_back(WebhookDelivery {
                    event_id: event_id.clone(),
                    object: object.clone(),
                    attempt,
                    at,
                    status,
                });
                if status.is_some_and(|status| (200..300).contains(&status)) {
                    return;
                }
            }
        });
    }
}

fn target(url: &str) -> Result<Target, String> {
    let url: Uri = url.parse().map_err(|error| format!("no URL: {error}"))?;
    let authority = url.authority().filter(|_| url.scheme_str() == Some("http"));
    let authority = authority.ok_or("webhooks are delivered to http URLs only")?;
    let host = authority.host();
    if !is_loopback(host) {
        let where_to = "webhooks are delivered to loopback addresses only";
        return Err(format!("{where_to}, not to {host}"));
    }
    let port = authority.port_u16().unwrap_or(80);
    let addresses = (host.trim_matches(['[', ']']), port).to_socket_addrs();
    let addresses = addresses.map_err(|error| format!("{host}: {error}"))?;
    Ok(Target {
        addresses: addresses.collect(),
        url,
    })
}

/// One delivery: the status of the response, if there is one.
async fn exchange(target: &Target, signature: String, body: Bytes) -> Option<u16> {
    const AGENT: &str = concat!("security-api-sandbox/", env!("CARGO_PKG_VERSION"));
    let path = target.url.path_and_query();
    let request = Request::builder()
        .method(Method::POST)
        .uri(path.map_or("/", |path| path.as_str()))
        .header(HOST, target.url.authority()?.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, AGENT)
        .header(CONNECTION, "close")
        .header("X-Signature", signature)
        .body(Full::new(body))
        .ok()?;
    let stream = TcpStream::connect(target.addresses.as_slice()).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let response = async move { sender.send_request(request).await.ok() };
    tokio::pin!(response, connection);
    let response = tokio::select! {
        response = &mut response => response,
        // The connection may end when the response was read already.
        _ = &mut connection => response.await,
    };
    response.map(|response| response.status().as_u16())
}
