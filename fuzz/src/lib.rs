//! A client whose answers are made by the fuzzer.

use std::convert::Infallible;
use std::future::Future;

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

/// A client that gets this answer to every request.
///
/// # Panics
/// If the client cannot be made, which is a defect of this crate.
#[must_use]
pub fn client(answer: Answer) -> Client {
    let transport = tower::service_fn(move |_: HttpRequest| {
        let mut response = HttpResponse::new(ResponseBody::full(answer.body.clone()));
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers.clone();
        std::future::ready(Ok::<_, Infallible>(response))
    });
    Client::builder("fuzz")
        .transport(transport)
        .build()
        .expect("a key and a base URL that are valid")
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
