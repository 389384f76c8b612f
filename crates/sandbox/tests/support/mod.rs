//! A bare HTTP client and a webhook receiver.

// Every test file uses its own part of this.
#![allow(dead_code)]

pub(crate) mod keepnet;
pub(crate) mod pwpush;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use security_api_sandbox::{PushSecurityOptions, Sandbox, SandboxBuilder};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A sandbox that is quick to start and does not limit.
pub(crate) async fn small() -> Sandbox {
    small_builder().start().await.expect("a sandbox")
}

/// A [`small`] sandbox that delivers its webhooks to a receiver.
pub(crate) async fn with_receiver() -> (Sandbox, Receiver) {
    let sandbox = small().await;
    let receiver = Receiver::start().await;
    sandbox
        .push_security()
        .deliver_webhooks_to(&receiver.url)
        .expect("a receiver");
    (sandbox, receiver)
}

pub(crate) fn small_builder() -> SandboxBuilder {
    let options = PushSecurityOptions::default()
        .employees(60)
        .browsers(150)
        .accounts(200)
        .apps(50)
        .apps_other(40)
        .accounts_other(60)
        .browser_extensions(120)
        .findings(150)
        .detections(80);
    Sandbox::builder().rate_limits(false).push_security(options)
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }

    /// Status and message of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let json = self.json();
        let message = json["message"]
            .as_str()
            .unwrap_or_else(|| panic!("no message in {json}"));
        (self.status, message.to_owned())
    }

    /// Checks that the sandbox does not play this, and says so wherever a client looks.
    pub(crate) fn is_not_played(&self, what: &str) {
        let message = format!("The sandbox does not play {what}");
        let body =
            serde_json::json!({ "status": "NOT_PLAYED", "error": message, "message": message });
        assert_eq!((self.status, self.json()), (501, body));
    }
}

/// What went wrong, as text.
pub(crate) type Failure = String;

pub(crate) async fn exchange(
    base_url: &str,
    request: Request<Full<Bytes>>,
) -> Result<Response, Failure> {
    let authority = base_url.strip_prefix("http://").expect("an http URL");
    let stream = TcpStream::connect(authority)
        .await
        .map_err(|error| error.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| format!("{error:?}"))?;
    let (parts, body) = response.into_parts();
    let body = body
        .collect()
        .await
        .map_err(|error| format!("body: {error:?}"))?;
    Ok(Response {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: body.to_bytes(),
    })
}

pub(crate) fn request(
    method: Method,
    path: &str,
    key: Option<&str>,
    body: &str,
) -> Request<Full<Bytes>> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost");
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    request
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
        .expect("a request")
}

/// A request with the key for full access.
pub(crate) async fn call(sandbox: &Sandbox, method: Method, path: &str, body: &str) -> Response {
    let push = sandbox.push_security();
    let request = request(method, path, Some(push.api_key()), body);
    exchange(push.base_url(), request)
        .await
        .expect("a response")
}

pub(crate) async fn get(sandbox: &Sandbox, path: &str) -> Response {
    call(sandbox, Method::GET, path, "").await
}

/// Every record of a list, page by page.
pub(crate) async fn everything(sandbox: &Sandbox, list: &str, query: &str) -> Vec<Value> {
    let mut records = Vec::new();
    let mut token = String::new();
    loop {
        let response = get(sandbox, &format!("/v1/{list}?{query}{token}")).await;
        assert_eq!(response.status, 200, "{list}?{query}: {:?}", response.body);
        let page = response.json();
        records.extend(page["result"].as_array().cloned().unwrap_or_default());
        let more = page["paging"]["moreResults"]
            .as_bool()
            .expect("moreResults");
        match page["paging"]["nextToken"].as_str() {
            Some(next) if more => token = format!("&nextToken={next}"),
            None if !more => return records,
            other => panic!("moreResults is {more}, but nextToken {other:?}"),
        }
    }
}

pub(crate) fn ids(records: &[Value]) -> Vec<&str> {
    records
        .iter()
        .map(|record| record["id"].as_str().expect("an id"))
        .collect()
}

/// Every list and how many records it has.
pub(crate) fn sizes(sandbox: &Sandbox) -> [(&'static str, usize); 9] {
    let counts = sandbox.push_security().counts();
    [
        ("employees", counts.employees),
        ("browsers", counts.browsers),
        ("accounts", counts.accounts),
        ("apps", counts.apps),
        ("appsOther", counts.apps_other),
        ("accountsOther", counts.accounts_other),
        ("browserExtensions", counts.browser_extensions),
        ("findings", counts.findings),
        ("detections", counts.detections),
    ]
}

/// A webhook as it was received.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The two parts of the signature header.
    pub(crate) fn signature(&self) -> (i64, String) {
        let header = self.headers["x-signature"].to_str().expect("text");
        let (time, hex) = header.split_once(',').expect("two parts");
        let time = time
            .strip_prefix("t=")
            .expect("t=")
            .parse()
            .expect("seconds");
        (time, hex.strip_prefix("v1=").expect("v1=").to_owned())
    }
}

/// Receives webhooks and answers them as told, with 200 when told nothing.
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: mpsc::UnboundedReceiver<Received>,
    script: Arc<Mutex<VecDeque<(u16, Duration)>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!(
            "http://{}/hooks?from=push",
            listener.local_addr().expect("an address")
        );
        let (sender, received) = mpsc::unbounded_channel();
        let script: Arc<Mutex<VecDeque<(u16, Duration)>>> = Arc::default();
        let responses = Arc::clone(&script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sender, responses) = (sender.clone(), Arc::clone(&responses));
                let service = service_fn(move |request: Request<Incoming>| {
                    let (sender, responses) = (sender.clone(), Arc::clone(&responses));
                    async move {
                        let (parts, body) = request.into_parts();
                        let body = body.collect().await?.to_bytes();
                        let next = responses.lock().expect("unpoisoned").pop_front();
                        let (status, wait) = next.unwrap_or((200, Duration::ZERO));
                        let path = parts.uri.to_string();
                        let _ = sender.send(Received {
                            path,
                            headers: parts.headers,
                            body,
                        });
                        tokio::time::sleep(wait).await;
                        let mut response = http::Response::new(Full::new(Bytes::new()));
                        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
                        Ok::<_, hyper::Error>(response)
                    }
                });
                tokio::spawn(async move {
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await
                });
            }
        });
        Self {
            url,
            received,
            script,
        }
    }

    pub(crate) fn response(&self, status: u16, after: Duration) {
        self.script
            .lock()
            .expect("unpoisoned")
            .push_back((status, after));
    }

    pub(crate) async fn next(&mut self) -> Received {
        tokio::time::timeout(Duration::from_secs(10), self.received.recv())
            .await
            .expect("a webhook in time")
            .expect("a webhook")
    }

    /// Fails if a webhook arrives in the next moments.
    pub(crate) async fn nothing(&mut self) {
        let wait = tokio::time::timeout(Duration::from_millis(150), self.received.recv());
        if let Ok(received) = wait.await {
            panic!("unexpected webhook: {received:?}");
        }
    }
}

/// Waits until so many deliveries have ended.
pub(crate) async fn deliveries_ended(sandbox: &Sandbox, count: usize) {
    for _ in 0..1000 {
        if sandbox.push_security().deliveries().len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!(
        "no {count} deliveries: {:?}",
        sandbox.push_security().deliveries()
    );
}
