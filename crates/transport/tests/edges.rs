//! Extreme counts, times and sizes.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use common::wire::{Act, Server, response};
use common::{CREATE, READ, Service, builder, hurried, over, read, seconds};
use futures_util::stream;
use http::HeaderMap;
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, StreamBody};
use security_api_transport::middleware::{BoxError, HttpRequest};
use security_api_transport::{
    ApiError, Body, Client, ClientBuilder, Error, ErrorKind, FakeResponse, FakeTransport, Outcome,
    Protocol, RateLimiter, ResponseParts, RetryPolicy, ServiceSettings,
};
use serde_json::Value;
use tokio::time::Instant;
use tower::util::MapRequestLayer;

const LARGE: usize = 1024 * 1024;

#[tokio::test(start_paused = true)]
async fn a_large_body_in_memory_has_the_attempts_whole_time_for_its_response_and_no_more() {
    for (attempt, idle) in [(5.0, 60.0), (5.0, 1.0), (5.0, 5.0)] {
        let fake = FakeTransport::new();
        fake.always(&CREATE, FakeResponse::never());
        let client = builder()
            .transport(fake.clone())
            .attempt_timeout(seconds(attempt))
            .idle_timeout(seconds(idle))
            .build()
            .unwrap();
        let start = Instant::now();
        let call = client
            .operation(&CREATE, &[])
            .body("text/plain", vec![b'x'; LARGE]);
        let error = call.call::<Value>().await.unwrap_err();
        assert!(error.to_string().contains("no response within"), "{error}");
        assert_eq!(
            (start.elapsed(), error.outcome()),
            // A slow peer needs 4 s for data that may be in buffers.
            (seconds(4.0 + attempt), Outcome::Unknown)
        );
        assert_eq!(fake.requests()[0].body.len(), LARGE);
    }
}

#[tokio::test]
async fn a_large_body_on_the_wire_is_known_to_be_sent_when_it_is() {
    let server = Server::start(vec![Act::SendThenHang(Vec::new())]).await;
    let client = builder()
        .base_url(server.url())
        .attempt_timeout(Duration::from_millis(300))
        .idle_timeout(seconds(600.0))
        .build()
        .unwrap();
    let call = client
        .operation(&CREATE, &[])
        .body("text/plain", vec![b'x'; LARGE / 8]);
    let error = call.call::<Value>().await.unwrap_err();
    assert!(error.to_string().contains("no response within"), "{error}");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_clone_of_a_body_that_is_half_read_starts_over_and_the_rest_is_known() {
    let pieces = || {
        StreamBody::new(stream::iter(
            [b"ab", b"cd"].map(|piece| Ok::<_, BoxError>(Frame::data(Bytes::from_static(piece)))),
        ))
    };
    for (mut body, first) in [
        (Body::bytes(vec![b'x'; 100_000]), 64 * 1024),
        (Body::replayable(Some(4), pieces), 2),
    ] {
        let length = body.length().unwrap();
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap().len(), first);
        assert_eq!(body.length(), Some(length));
        assert_eq!(body.size_hint().exact(), Some(length - first as u64));
        let again = body.clone();
        assert_eq!(again.size_hint().exact(), Some(length));
        assert_eq!(
            again.collect().await.unwrap().to_bytes().len() as u64,
            length
        );
        let rest = body.collect().await.unwrap().to_bytes();
        assert_eq!(rest.len() as u64, length - first as u64);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_body_that_is_read_once_is_the_calls_error_and_final() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good"));
    let broken = StreamBody::new(stream::iter([
        Ok(Frame::data(Bytes::from_static(b"ab"))),
        Err(BoxError::from("the pipe broke")),
    ]));
    let client = over(&fake);
    let call = client
        .operation(&READ, &["7"])
        .body("text/plain", Body::once(Some(4), broken));
    let error = call.call::<Value>().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts(), error.is_retryable()),
        (ErrorKind::Io, 1, false)
    );
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "the pipe broke");
    assert!(fake.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_call_refused_before_sending_has_the_outcome_not_sent() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good"));
    let rewriting = MapRequestLayer::new(|mut request: HttpRequest| {
        *request.uri_mut() = "https://elsewhere.test/".parse().unwrap();
        request
    });
    let client = builder()
        .transport(fake.clone())
        .attempt_layer(rewriting)
        .build()
        .unwrap();
    let error = read(&client).await.unwrap_err();
    assert_eq!(
        (error.outcome(), error.attempts()),
        (Outcome::NotSent, 1),
        "{error}"
    );
    // Calls without an attempt are not counted: a wrong path, a consumed body, a limit that is closed for long.
    let error = over(&fake)
        .operation(&READ, &[".."])
        .call::<Value>()
        .await
        .unwrap_err();
    assert_eq!(
        (error.outcome(), error.attempts()),
        (Outcome::NotSent, 0),
        "{error}"
    );
    let limiter = RateLimiter::unlimited();
    let client = builder()
        .transport(fake.clone())
        .limiter(limiter.clone())
        .build()
        .unwrap();
    security_api_transport::middleware::Limiter::close(&limiter, &READ, Duration::MAX);
    let error = read(&client).await.unwrap_err();
    assert_eq!(
        (error.outcome(), error.attempts()),
        (Outcome::NotSent, 0),
        "{error}"
    );
    assert!(fake.requests().is_empty());
}

/// Asks for the longest possible wait.
#[derive(Debug)]
struct Endless;

impl Protocol for Endless {
    fn api_error(&self, response: &ResponseParts<'_>) -> ApiError {
        Service.api_error(response)
    }

    fn retry_after(&self, response: &ResponseParts<'_>) -> Option<Duration> {
        let _: &HeaderMap = response.headers;
        Some(Duration::MAX)
    }
}

#[tokio::test(start_paused = true)]
async fn waits_without_end_are_waits_or_errors_and_never_panics() {
    let patient = RetryPolicy::default()
        .longest_server_wait(Duration::MAX)
        .backoff(Duration::MAX, Duration::MAX);
    let settings = || ServiceSettings {
        protocol: Arc::new(Endless),
        ..common::settings()
    };
    for status in [429, 503] {
        for retry in [patient, RetryPolicy::default()] {
            for timeout in [None, Some(Duration::MAX), Some(seconds(60.0))] {
                let fake = FakeTransport::new();
                fake.always(&READ, FakeResponse::status(status));
                let client = ClientBuilder::<Client>::new(Ok(settings()))
                    .transport(fake.clone())
                    .retry(retry)
                    .timeout(timeout)
                    .attempt_timeout(Duration::MAX)
                    .idle_timeout(Duration::MAX)
                    .build()
                    .unwrap();
                let done = tokio::time::timeout(seconds(1e6), read(&client).send()).await;
                let waits = retry == patient && timeout != Some(seconds(60.0));
                assert_eq!(done.is_err(), waits, "{status} {timeout:?}");
                if let Ok(result) = done {
                    assert_eq!(result.unwrap_err().retry_after(), Some(Duration::MAX));
                }
                assert_eq!(fake.requests().len(), 1);
            }
        }
    }
    for header in ["18446744073709549568", "1000000000000000000", "9e9"] {
        let fake = FakeTransport::new();
        fake.always(
            &READ,
            FakeResponse::status(429).header("retry-after", header),
        );
        let client = builder()
            .transport(fake.clone())
            .retry(patient)
            .timeout(None);
        let call = read(&client.build().unwrap()).send();
        let _: Result<Result<Value, Error>, _> = tokio::time::timeout(seconds(1e6), call).await;
        assert!(!fake.requests().is_empty());
    }
}

#[tokio::test]
async fn a_client_whose_every_time_is_without_end_works() {
    // The connection pool has background tasks, whose panics are otherwise invisible.
    static PANICKED: AtomicBool = AtomicBool::new(false);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICKED.store(true, Ordering::SeqCst);
        hook(panic);
    }));
    let server = Server::start(vec![Act::Send(response(200, "", b"\"good\""))]).await;
    let client = builder()
        .base_url(server.url())
        .retry(hurried())
        .timeout(Duration::MAX)
        .attempt_timeout(Duration::MAX)
        .idle_timeout(Duration::MAX)
        .connect_timeout(Duration::MAX)
        .pool_idle_timeout(Duration::MAX)
        .build()
        .unwrap();
    for _ in 0..3 {
        assert_eq!(read(&client).await.unwrap(), "good");
    }
    let large = client
        .operation(&CREATE, &[])
        .body("text/plain", vec![b'x'; LARGE]);
    assert_eq!(large.call::<Value>().await.unwrap(), "good");
    tokio::task::yield_now().await;
    assert!(!PANICKED.load(Ordering::SeqCst));
}
