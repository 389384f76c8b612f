//! Clients whose answers are made by the fuzzer.
//!
//! A client is built once and asked again with every input: building one takes far longer than reading an answer.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::sync::{LazyLock, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use push_security_api::{Client, HttpRequest, HttpResponse, ResponseBody};
use tokio::runtime::Runtime;

/// What the service answers.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    fn response(&self) -> Result<HttpResponse, Infallible> {
        let mut response = HttpResponse::new(ResponseBody::full(self.body.clone()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        Ok(response)
    }
}

/// What the clients that are built once get.
static ANSWER: Mutex<Option<Answer>> = Mutex::new(None);

fn set(answer: Answer) {
    *ANSWER.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
}

/// Answers a request, and one for a token with a token.
fn respond(request: HttpRequest) -> Ready<Result<HttpResponse, Infallible>> {
    if request.uri().path().ends_with("/connect/token") {
        let body = br#"{"access_token":"token","token_type":"Bearer","expires_in":2000000000}"#;
        let token = Answer {
            body: body.as_slice().into(),
            ..Answer::default()
        };
        return ready(token.response());
    }
    let answer = ANSWER.lock().unwrap_or_else(PoisonError::into_inner);
    ready(answer.clone().unwrap_or_default().response())
}

/// The client of Push Security, which gets this answer to every request.
///
/// # Panics
/// If the client cannot be made, which is a defect of this crate.
#[must_use]
pub fn client(answer: Answer) -> Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| {
        let builder = Client::builder("fuzz").transport(tower::service_fn(respond));
        builder.build().expect("a valid key")
    });
    set(answer);
    CLIENT.clone()
}

/// A client of Push Security that has heard of no limit yet. It gets this answer to every request.
///
/// # Panics
/// If the client cannot be made, which is a defect of this crate.
#[must_use]
pub fn new_client(answer: Answer) -> Client {
    let transport = tower::service_fn(move |_: HttpRequest| ready(answer.response()));
    let builder = Client::builder("fuzz").transport(transport);
    builder.build().expect("a valid key")
}

/// The client of Password Pusher, which gets this answer to every request.
///
/// # Panics
/// If the client cannot be made, which is a defect of this crate.
#[must_use]
pub fn pwpush(answer: Answer) -> pwpush_api::Client {
    static CLIENT: LazyLock<pwpush_api::Client> = LazyLock::new(|| {
        let builder = pwpush_api::Client::builder("fuzz").transport(tower::service_fn(respond));
        let client = builder.build().expect("a valid token");
        client.assume_edition(pwpush_api::types::Edition::Oss)
    });
    set(answer);
    CLIENT.clone()
}

/// The client of Keepnet, which gets this answer to every request but those for a token.
///
/// # Panics
/// If the client cannot be made, which is a defect of this crate.
#[must_use]
pub fn keepnet(answer: Answer) -> keepnet_api::Client {
    static CLIENT: LazyLock<keepnet_api::Client> = LazyLock::new(|| {
        let builder = keepnet_api::Client::builder("id", "secret");
        let builder = builder.transport(tower::service_fn(respond));
        builder.build().expect("a valid id and secret")
    });
    set(answer);
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
