//! All three clients can reopen a limit that a service has closed, in the same way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use security_api_transport::{Error, ErrorKind, FakeResponse, FakeTransport, Request};
use serde_json::{Value, json};

/// Returns a service that once asks for a wait of an hour, and the number of requests that it received.
fn service() -> (FakeTransport, Arc<AtomicUsize>) {
    let (fake, reached) = (FakeTransport::new(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&reached);
    fake.path("/things", move |_| {
        match count.fetch_add(1, Ordering::Relaxed) {
            0 => FakeResponse::status(429).header("retry-after", "3600"),
            _ => FakeResponse::json(&json!({"data": 1, "status": "SUCCESS"})),
        }
    });
    fake.path("/connect/token", |_| {
        FakeResponse::json(&json!({"access_token": "token", "expires_in": 3600}))
    });
    (fake, reached)
}

async fn opens(reached: &AtomicUsize, request: impl Fn() -> Request, reopen: impl Fn()) {
    let call = || async {
        request()
            .timeout(Duration::from_secs(60))
            .call::<Value>()
            .await
    };
    let refused: Error = call().await.expect_err("asked to wait for an hour");
    assert_eq!(refused.status().expect("a response").as_u16(), 429);
    let closed = call().await.expect_err("the limit is closed");
    assert_eq!(
        (closed.kind(), closed.attempts()),
        (ErrorKind::RateLimit, 0)
    );
    reopen();
    call().await.expect("the limit is open");
    assert_eq!(reached.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn each_client_opens_the_limits_of_its_own_default_limiter() {
    let (fake, reached) = service();
    let push = push_security_api::Client::builder("a-key")
        .transport(fake)
        .build()
        .expect("a client");
    opens(
        &reached,
        || push.request(Method::GET, "/things"),
        || push.reopen_limits(),
    )
    .await;

    let (fake, reached) = service();
    let pwpush = pwpush_api::Client::builder("a-token")
        .transport(fake)
        .build()
        .expect("a client");
    opens(
        &reached,
        || pwpush.request(Method::GET, "/things"),
        || pwpush.reopen_limits(),
    )
    .await;

    let (fake, reached) = service();
    let keepnet = keepnet_api::Client::builder("an-id", "a-secret");
    let keepnet = keepnet.transport(fake).build().expect("a client");
    opens(
        &reached,
        || keepnet.request(Method::GET, "/things"),
        || keepnet.reopen_limits(),
    )
    .await;
}
