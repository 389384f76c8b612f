//! The order of the layers, with a reason for each.

mod common;

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use common::{READ, builder, create, over, read, seconds};
use http::HeaderMap;
use security_api_transport::middleware::{CallContext, HttpRequest, HttpService};
use security_api_transport::{
    Client, Error, ErrorKind, FakeResponse, FakeTransport, OAuth2, Outcome, Rate, RateLimiter,
    RetryPolicy,
};
use serde_json::json;
use tokio::time::Instant;
use tower::util::MapRequestLayer;
use tower_layer::layer_fn;
use tower_service::Service;

fn at_once() -> RetryPolicy {
    RetryPolicy::default().backoff(Duration::ZERO, Duration::ZERO)
}

fn slow_token(fake: &FakeTransport, delay: f64) -> OAuth2 {
    let response = FakeResponse::json(&json!({"access_token": "t", "expires_in": 3600}));
    fake.path("/token", move |_| response.clone().delay(seconds(delay)));
    OAuth2::client_credentials("https://login.test/token", "id", "secret").unwrap()
}

fn times(
    fake: &FakeTransport,
    response: impl Fn(u32) -> FakeResponse + Send + Sync + 'static,
) -> Arc<Mutex<Vec<Duration>>> {
    let start = Instant::now();
    let times = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&times);
    fake.with(&READ, move |request| {
        noted.lock().unwrap().push(start.elapsed());
        response(request.attempt)
    });
    times
}

#[tokio::test(start_paused = true)]
async fn a_re_send_pays_the_limiter_like_any_other_request() {
    let fake = FakeTransport::new();
    let times = times(&fake, |attempt| {
        FakeResponse::status(if attempt < 3 { 503 } else { 204 })
    });
    let limiter = RateLimiter::new(Rate::per_second(1.0, 1).unwrap());
    let client = builder()
        .transport(fake)
        .limiter(limiter)
        .retry(at_once())
        .build()
        .unwrap();
    read(&client).await.unwrap();
    assert_eq!(
        *times.lock().unwrap(),
        [seconds(0.0), seconds(1.0), seconds(2.0)]
    );
}

#[tokio::test(start_paused = true)]
async fn no_permits_are_taken_while_a_token_is_fetched() {
    let fake = FakeTransport::new();
    let times = times(&fake, |_| FakeResponse::json("good"));
    let limiter = RateLimiter::new(Rate::per_second(1.0, 5).unwrap());
    let token = slow_token(&fake, 3.5);
    let waiting = builder()
        .transport(fake.clone())
        .limiter(limiter.clone())
        .credential(token)
        .build()
        .unwrap();
    let ready = builder().transport(fake).limiter(limiter).build().unwrap();
    let calls: Vec<_> = (0..5)
        .map(|_| tokio::spawn(read(&waiting).send()))
        .collect();
    tokio::time::sleep(seconds(1.0)).await;
    for _ in 0..5 {
        read(&ready).await.unwrap();
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let times: Vec<_> = times
        .lock()
        .unwrap()
        .iter()
        .map(Duration::as_millis)
        .collect();
    // Calls with a credential start at once. The others start when they get theirs, at the rate.
    assert_eq!(
        times,
        [1000, 1000, 1000, 1000, 1000, 3500, 3500, 4000, 5000, 6000]
    );
}

#[tokio::test(start_paused = true)]
async fn the_wait_before_a_retry_does_not_count_for_the_attempt_timeout() {
    let fake = FakeTransport::new();
    fake.with(&READ, |request| match request.attempt {
        1..=3 => FakeResponse::status(503)
            .header("retry-after", "7")
            .delay(seconds(0.9)),
        _ => FakeResponse::json("good").delay(seconds(0.9)),
    });
    let call = read(&over(&fake)).attempt_timeout(seconds(1.0));
    assert_eq!(call.send_with_response().await.unwrap().attempts(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_a_permit_or_a_token_does_not_count_for_the_attempt_timeout() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good"));
    let limiter = RateLimiter::new(Rate::per_second(0.1, 1).unwrap());
    let token = slow_token(&fake, 8.0);
    let client = builder()
        .transport(fake)
        .limiter(limiter)
        .credential(token)
        .attempt_timeout(seconds(1.0));
    let client = client.build().unwrap();
    let start = Instant::now();
    read(&client).await.unwrap();
    read(&client).await.unwrap();
    assert_eq!(start.elapsed(), seconds(18.0));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_bounds_each_kind_of_wait() {
    let start_of = |client: &Client| {
        let call = read(client).timeout(seconds(3.0)).send();
        async move {
            let start = Instant::now();
            (call.await.unwrap_err(), start.elapsed())
        }
    };
    // A token request without a response.
    let fake = FakeTransport::new();
    let token = slow_token(&fake, 1e6);
    let client = builder()
        .transport(fake.clone())
        .credential(token)
        .build()
        .unwrap();
    let (error, took) = start_of(&client).await;
    assert_eq!(
        (error.kind(), error.outcome(), took),
        (ErrorKind::Timeout, Outcome::NotSent, seconds(3.0))
    );
    assert!(error.is_retryable() && error.is_timeout());

    // A permit: the wait is known in advance.
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good"));
    let limiter = RateLimiter::new(Rate::per_second(0.1, 1).unwrap());
    let client = builder()
        .transport(fake.clone())
        .limiter(limiter)
        .build()
        .unwrap();
    read(&client).await.unwrap();
    let (error, took) = start_of(&client).await;
    assert_eq!(
        (error.kind(), error.outcome(), took),
        (ErrorKind::RateLimit, Outcome::NotSent, Duration::ZERO)
    );
    assert_eq!(
        (error.retry_after(), error.attempts()),
        (Some(seconds(10.0)), 0)
    );

    // A retry: the wait is known in advance, too.
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::status(503).header("retry-after", "4"));
    let (error, took) = start_of(&over(&fake)).await;
    assert_eq!(
        (error.status().unwrap().as_u16(), took),
        (503, Duration::ZERO)
    );

    // A response, and the rest of a body.
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::never());
    let (error, took) = start_of(&over(&fake)).await;
    assert_eq!(
        (error.kind(), error.outcome(), took),
        (ErrorKind::Timeout, Outcome::Unknown, seconds(3.0))
    );

    // All attempts together.
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::status(503).delay(seconds(1.0)));
    let client = builder()
        .transport(fake.clone())
        .retry(at_once().retries(99))
        .build()
        .unwrap();
    let (error, took) = start_of(&client).await;
    assert_eq!((error.attempts(), took), (3, seconds(3.0)));
    assert_eq!(fake.requests().len(), 3);
}

/// The headers and attempt numbers that a layer saw.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(u32, HeaderMap)>>>);

impl Seen {
    fn layer(
        &self,
    ) -> MapRequestLayer<impl Fn(HttpRequest) -> HttpRequest + Clone + Send + Sync + 'static> {
        let seen = self.clone();
        MapRequestLayer::new(move |mut request: HttpRequest| {
            let call = request.extensions().get::<CallContext>().unwrap();
            assert_eq!(call.operation().id(), READ.id());
            let entry = (call.attempt(), request.headers().clone());
            seen.0.lock().unwrap().push(entry);
            // Later layers see the order from this header.
            let passed = request
                .headers()
                .get("passed")
                .map_or(0, |value| value.to_str().unwrap().parse().unwrap());
            request.headers_mut().insert("passed", (passed + 1).into());
            request
        })
    }

    fn attempts(&self) -> Vec<u32> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .map(|(attempt, _)| *attempt)
            .collect()
    }

    fn header(&self, name: &str) -> Vec<Option<String>> {
        let seen = self.0.lock().unwrap();
        seen.iter()
            .map(|(_, headers)| Some(headers.get(name)?.to_str().unwrap().to_owned()))
            .collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_layer_around_calls_sees_one_call_and_a_layer_around_attempts_sees_each_with_its_credential()
 {
    let fake = FakeTransport::new();
    fake.with(&READ, |request| match request.attempt {
        1 => FakeResponse::status(503),
        2 => FakeResponse::error(Error::new(ErrorKind::Connect, "no connection")),
        _ => FakeResponse::json("good"),
    });
    let seen: [Seen; 4] = Default::default();
    let client = builder()
        .transport(fake.clone())
        .call_layer(seen[0].layer())
        .call_layer(seen[1].layer())
        .attempt_layer(seen[2].layer())
        .attempt_layer(seen[3].layer())
        .build()
        .unwrap();
    read(&client).await.unwrap();
    assert_eq!([seen[0].attempts(), seen[1].attempts()], [[0], [0]]);
    assert_eq!(
        [seen[2].attempts(), seen[3].attempts()],
        [[1, 2, 3], [1, 2, 3]]
    );
    assert_eq!(seen[1].header("x-api-key"), [None]);
    assert!(
        seen[2]
            .header("x-api-key")
            .iter()
            .all(|key| key.as_deref() == Some("a-key"))
    );
    assert!(
        seen[2]
            .0
            .lock()
            .unwrap()
            .iter()
            .all(|(_, headers)| headers["x-api-key"].is_sensitive())
    );
    let passed = |number: &str| Some(number.to_owned());
    assert_eq!(
        [seen[0].header("passed"), seen[1].header("passed")],
        [[None], [passed("1")]]
    );
    assert_eq!(seen[2].header("passed"), vec![passed("2"); 3]);
    assert_eq!(seen[3].header("passed"), vec![passed("3"); 3]);
    assert_eq!(fake.requests()[2].headers["passed"], "4");
}

#[tokio::test(start_paused = true)]
async fn additions_of_a_call_layer_are_in_each_attempt() {
    #[derive(Clone, PartialEq, Debug)]
    struct Note(&'static str);

    let fake = FakeTransport::new();
    fake.with(&READ, |request| {
        assert_eq!(request.headers["x-note"], "note");
        assert_eq!(request.uri.query(), Some("note=1"));
        FakeResponse::status(if request.attempt < 3 { 503 } else { 204 })
    });
    let client = builder()
        .transport(fake.clone())
        .call_layer(MapRequestLayer::new(|mut request: HttpRequest| {
            request.extensions_mut().insert(Note("note"));
            request
                .headers_mut()
                .insert("x-note", http::HeaderValue::from_static("note"));
            *request.uri_mut() = http::Uri::from_static("https://api.test/things/8?note=1");
            request
        }))
        .attempt_layer(MapRequestLayer::new(|request: HttpRequest| {
            assert_eq!(request.extensions().get(), Some(&Note("note")));
            assert!(request.extensions().get::<CallContext>().is_some());
            request
        }))
        .build()
        .unwrap();
    client.operation(&READ, &["7"]).call::<()>().await.unwrap();
    assert_eq!(fake.requests().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_credential_replaces_what_a_layer_put_in_its_place() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good"));
    let client = builder()
        .transport(fake.clone())
        .call_layer(MapRequestLayer::new(|mut request: HttpRequest| {
            request
                .headers_mut()
                .append("x-api-key", http::HeaderValue::from_static("layer"));
            request
        }))
        .build()
        .unwrap();
    read(&client).await.unwrap();
    let keys: Vec<_> = fake.requests()[0]
        .headers
        .get_all("x-api-key")
        .iter()
        .cloned()
        .collect();
    assert_eq!(keys, ["a-key"]);
}

/// A service that must be polled for readiness, and that allows one request at a time.
#[derive(Debug)]
struct Polite<S> {
    inner: S,
    ready: bool,
}

impl<S: Clone> Clone for Polite<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            ready: false,
        }
    }
}

impl<S: Service<HttpRequest>> Service<HttpRequest> for Polite<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.ready = true;
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: HttpRequest) -> S::Future {
        assert!(
            std::mem::take(&mut self.ready),
            "called without being asked"
        );
        self.inner.call(request)
    }
}

#[tokio::test(start_paused = true)]
async fn layers_and_transports_are_asked_whether_they_are_ready() {
    let fake = FakeTransport::new();
    fake.once(&READ, FakeResponse::status(503))
        .always(&READ, FakeResponse::json("good"));
    let token = slow_token(&fake, 1.0);
    let polite = || {
        layer_fn(|inner: HttpService| Polite {
            inner,
            ready: false,
        })
    };
    let client = builder()
        .transport(Polite {
            inner: fake,
            ready: false,
        })
        .call_layer(polite())
        .call_layer(polite())
        .attempt_layer(polite())
        .attempt_layer(polite())
        .credential(token)
        .limiter(RateLimiter::new(Rate::per_second(1.0, 1).unwrap()))
        .build()
        .unwrap();
    read(&client).await.unwrap();
    read(&client).await.unwrap();
}

#[derive(Debug, thiserror::Error)]
#[error("the audit log is full")]
struct Full;

#[tokio::test(start_paused = true)]
async fn an_error_of_a_layer_comes_out_as_it_is_and_says_whether_anything_was_sent() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good"));
    let failing =
        || layer_fn(|_| tower::service_fn(|_: HttpRequest| async { Err::<_, Full>(Full) }));
    for (client, sent, attempts) in [
        (builder().call_layer(failing()), Outcome::NotSent, 0),
        (builder().attempt_layer(failing()), Outcome::Unknown, 1),
    ] {
        let error = read(&client.transport(fake.clone()).build().unwrap())
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Custom, sent, attempts)
        );
        let source = std::error::Error::source(&error).unwrap();
        assert!(source.is::<Full>(), "{error:?}");
        assert!(
            !error.to_string().contains("audit log"),
            "the cause is not repeated: {error}"
        );
    }
    // The client's errors keep their kind and their retryability.
    let ours = layer_fn(|_| {
        tower::service_fn(|_: HttpRequest| async {
            Err::<_, Error>(Error::new(ErrorKind::Connect, "chaos"))
        })
    });
    let client = builder()
        .attempt_layer(ours)
        .transport(fake.clone())
        .build()
        .unwrap();
    let error = create(&client).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.attempts()),
        (ErrorKind::Connect, Outcome::NotSent, 4)
    );
    assert!(fake.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_layers_request_without_the_extensions_is_refused_and_not_sent() {
    let fresh = || {
        layer_fn(|mut inner: HttpService| {
            tower::service_fn(move |mut request: HttpRequest| {
                request.extensions_mut().clear();
                inner.call(request)
            })
        })
    };
    for client in [
        builder().call_layer(fresh()),
        builder().attempt_layer(fresh()),
    ] {
        let fake = FakeTransport::new();
        let reset = Error::new(ErrorKind::Io, "reset");
        fake.path("/things", move |_| FakeResponse::error(reset.clone()));
        let client = client.transport(fake.clone()).build().unwrap();
        let error = create(&client).await.unwrap_err();
        assert!(error.to_string().contains("extensions"), "{error}");
        assert_eq!(
            (error.kind(), error.outcome(), error.is_retryable()),
            (ErrorKind::Invalid, Outcome::NotSent, false)
        );
        assert!(fake.requests().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_layer_around_attempts_is_within_the_attempts_time_and_one_around_calls_is_not() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good"));
    let slow = || {
        layer_fn(|inner: HttpService| {
            tower::service_fn(move |request: HttpRequest| {
                let mut inner = inner.clone();
                async move {
                    tokio::time::sleep(seconds(5.0)).await;
                    inner.call(request).await
                }
            })
        })
    };
    let attempt = builder()
        .attempt_layer(slow())
        .transport(fake.clone())
        .build()
        .unwrap();
    let error = read(&attempt)
        .attempt_timeout(seconds(1.0))
        .retries(0)
        .await
        .unwrap_err();
    assert!(error.is_timeout());
    let call = builder()
        .call_layer(slow())
        .transport(fake)
        .build()
        .unwrap();
    read(&call).attempt_timeout(seconds(1.0)).await.unwrap();
}
