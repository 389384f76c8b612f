//! Common code of the tests: a small service over `FakeTransport`, and scripted servers.
#![allow(
    dead_code,
    reason = "each file of tests is a program of its own and uses a part"
)]

pub(crate) mod capture;
pub(crate) mod crowd;
pub(crate) mod http2;
pub(crate) mod paging;
pub(crate) mod permits;
pub(crate) mod tls;
pub(crate) mod tokens;
pub(crate) mod wire;

use std::sync::{Arc, Once};
use std::time::Duration;

use http::{HeaderName, Method};
use security_api_transport::{
    ApiError, ApiKey, Body, Call, Client, ClientBuilder, Error, ErrorKind, FakeTransport,
    Operation, Outcome, Protocol, RateLimiter, ResponseParts, RetryPolicy, ServiceSettings,
    Verdict,
};
use serde_json::Value;

pub(crate) static READ: Operation =
    Operation::new("things.get", Method::GET, "/things/{id}").idempotent();
pub(crate) static CREATE: Operation = Operation::new("things.create", Method::POST, "/things");
/// A 503 means that the service did nothing.
pub(crate) static BOOK: Operation =
    Operation::new("slots.book", Method::POST, "/slots").refusing(&[503]);
pub(crate) static EXPORT: Operation = Operation::new("exports.get", Method::GET, "/export")
    .idempotent()
    .limit("exports");

/// JSON errors with `code` and `message`. The code `locked` is a lock on one object, and `"ok":false` is a failure with
/// status 200.
#[derive(Debug)]
pub(crate) struct Service;

fn member(response: &ResponseParts<'_>, name: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(response.body).ok()?;
    Some(body.get(name)?.as_str()?.to_owned())
}

impl Protocol for Service {
    fn classify(&self, response: &ResponseParts<'_>) -> Verdict {
        match response.status.as_u16() {
            429 if member(response, "code").as_deref() == Some("locked") => Verdict::Final,
            _ => Verdict::by_status(response),
        }
    }

    fn payload<'a>(&self, response: &ResponseParts<'a>) -> Result<&'a [u8], Verdict> {
        if response.body.starts_with(b"{\"ok\":false") {
            return Err(Verdict::Final);
        }
        Ok(response.body)
    }

    fn api_error(&self, response: &ResponseParts<'_>) -> ApiError {
        let mut error = ApiError::new();
        error.code = member(response, "code").map(Into::into);
        error.message = member(response, "message");
        error
    }
}

pub(crate) const ORIGIN: &str = "https://api.test";

/// Longer than any test takes, also if it lets time pass.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(1_000_000);

/// Lets this time pass at once. Between sockets, a test stays independent of the machine's speed if its timeouts are of
/// minutes and it says itself when they pass.
pub(crate) async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Waits for what happens on a socket.
pub(crate) async fn until(happened: impl Fn() -> bool) {
    while !happened() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

pub(crate) fn key(value: &str) -> ApiKey {
    ApiKey::new(HeaderName::from_static("x-api-key"), value).unwrap()
}

pub(crate) fn settings() -> ServiceSettings {
    ServiceSettings {
        user_agent: "tests/1.0",
        base_url: ORIGIN.to_owned(),
        base_path: false,
        protocol: Arc::new(Service),
        credential: Arc::new(key("a-key")),
        limiter: Arc::new(RateLimiter::unlimited()),
        state: Arc::new(()),
    }
}

pub(crate) fn builder() -> ClientBuilder<Client> {
    install_provider();
    ClientBuilder::new(Ok(settings())).no_proxy()
}

/// Installs a process-wide provider for rustls, for builds without one.
pub(crate) fn install_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let provider = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
        let _ = provider.install_default();
    });
}

/// Returns a client of the fake with all defaults.
pub(crate) fn over(fake: &FakeTransport) -> Client {
    builder().transport(fake.clone()).build().unwrap()
}

/// Returns a policy that retries at once, for tests in real time.
pub(crate) fn hurried() -> RetryPolicy {
    RetryPolicy::default().backoff(Duration::from_millis(1), Duration::from_millis(1))
}

pub(crate) fn read(client: &Client) -> Call<Value> {
    client.operation(&READ, &["7"]).call()
}

pub(crate) fn create(client: &Client) -> Call<Value> {
    client
        .operation(&CREATE, &[])
        .body("application/json", Body::from("{\"name\":\"x\"}"))
        .call()
}

/// Returns the error of a call that could not connect in this many attempts.
pub(crate) async fn unconnected(call: Call<Value>, attempts: u32) -> Error {
    let error = call.await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.attempts()),
        (ErrorKind::Connect, Outcome::NotSent, attempts),
        "{error:?}"
    );
    error
}

pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}
