//! Clients whose responses are made by the fuzzer.
//!
//! A client is built once and asked again with every input: building one takes far longer than reading a response.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::sync::{LazyLock, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use push_security_api::Client;
use push_security_api::middleware::{HttpRequest, HttpResponse, ResponseBody};
use tokio::runtime::Runtime;

/// The response of the service.
#[derive(Debug, Clone, Default)]
pub struct ServerResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl ServerResponse {
    fn response(&self) -> Result<HttpResponse, Infallible> {
        let mut response = HttpResponse::new(ResponseBody::full(self.body.clone()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        Ok(response)
    }
}

/// What the clients that are built once get.
static RESPONSE: Mutex<Option<ServerResponse>> = Mutex::new(None);

fn set(response: ServerResponse) {
    *RESPONSE.lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
}

/// Answers a request, and one for a token with a token.
fn respond(request: HttpRequest) -> Ready<Result<HttpResponse, Infallible>> {
    if request.uri().path().ends_with("/connect/token") {
        let body = br#"{"access_token":"token","token_type":"Bearer","expires_in":2000000000}"#;
        let token = ServerResponse {
            body: body.as_slice().into(),
            ..ServerResponse::default()
        };
        return ready(token.response());
    }
    let response = RESPONSE.lock().unwrap_or_else(PoisonError::into_inner);
    ready(response.clone().unwrap_or_default().response())
}

/// The client of Push Security, which gets this response to every request.
///
/// # Panics
/// If the client cannot be made, which is a defect of this crate.
#[must_use]
pub fn client(response: ServerResponse) -> Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| {
        let builder = Client::builder("fuzz").transport(tower::service_fn(respond));
        builder.build().expect("a valid key")
    });
    set(response);
    CLIENT.clone()
}

/// A client of Push Security that has heard of no limit yet. It gets this response to every request.
///
/// # Panics
/// If the client cannot be made, which is a defect of this crate.
#[must_use]
pub fn new_client(response: ServerResponse) -> Client {
    let transport = tower::service_fn(move |_: HttpRequest| ready(response.response()));
    let builder = Client::builder("fuzz").transport(transport);
    builder.build().expect("a valid key")
}

/// The client of Password Pusher, which gets this response to every request.
///
/// # Panics
/// If the client cannot be made, which is a defect of this crate.
#[must_use]
pub fn pwpush(response: ServerResponse) -> pwpush_api::Client {
    static CLIENT: LazyLock<pwpush_api::Client> = LazyLock::new(|| {
        let builder = pwpush_api::Client::builder("fuzz").transport(tower::service_fn(respond));
        let client = builder.build().expect("a valid token");
        client.assume_edition(pwpush_api::types::Edition::Oss)
    });
    set(response);
    CLIENT.clone()
}

/// A client of Password Pusher that does not know the edition yet. It gets this response to every request.
///
/// # Panics
/// If the client cannot be made, which is a defect of this crate.
#[must_use]
pub fn new_pwpush(response: ServerResponse) -> pwpush_api::Client {
    let transport = tower::service_fn(move |_: HttpRequest| ready(response.response()));
    let builder = pwpush_api::Client::builder("fuzz").transport(transport);
    builder.build().expect("a valid token")
}

/// A client of Keepnet that has no token yet. It gets this response to every request for one, and a good one to the
/// others.
///
/// # Panics
/// If the client cannot be made, which is a defect of this crate.
#[must_use]
pub fn keepnet_with_token(secret: &str, response: ServerResponse) -> keepnet_api::Client {
    let transport = tower::service_fn(move |request: HttpRequest| {
        if request.uri().path().ends_with("/connect/token") {
            return ready(response.response());
        }
        let body = br#"{"status":"SUCCESS","data":{}}"#;
        let good = ServerResponse {
            body: body.as_slice().into(),
            ..ServerResponse::default()
        };
        ready(good.response())
    });
    let builder = keepnet_api::Client::builder("id", secret).transport(transport);
    builder.build().expect("a valid id and secret")
}

/// The client of Keepnet, which gets this response to every request but those for a token.
///
/// # Panics
/// If the client cannot be made, which is a defect of this crate.
#[must_use]
pub fn keepnet(response: ServerResponse) -> keepnet_api::Client {
    static CLIENT: LazyLock<keepnet_api::Client> = LazyLock::new(|| {
        let builder = keepnet_api::Client::builder("id", "secret");
        let builder = builder.transport(tower::service_fn(respond));
        builder.build().expect("a valid id and secret")
    });
    set(response);
    CLIENT.clone()
}

thread_local! {
    static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
}

/// Waits for a call, in virtual time: waits of the client's take none.
pub fn wait<T>(call: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(call))
}
