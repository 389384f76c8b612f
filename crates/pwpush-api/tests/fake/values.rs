//! Hand-written calls are values: they own their data, can be stored and spawned, and have the options of a call.

#[path = "../../../../tests/support/values.rs"]
mod shared;

use std::future::IntoFuture;
use std::time::Duration;

use pwpush_api::types::{Edition, PushedFile};
use pwpush_api::{
    Client, Error, Expiry, FakeResponse, Job, NewPush, NewRequest, Outcome, Response, operations,
};
use serde_json::json;

use self::shared::{value, with_options};
use super::support::{created, instance, with_token};

fn job<T: Send + 'static>(job: Job<T>) {
    drop(value(with_options!(job)));
}

fn response<T, F>(sent: F)
where
    T: 'static,
    F: Future<Output = Result<Response<T>, Error>> + Send + 'static,
{
    drop(sent);
}

/// Checks a call. A macro, because the types have the options as inherent methods.
macro_rules! call {
    ($call:expr) => {
        let call = value(with_options!($call)).clone();
        drop(value(call.clone().send()));
        response(call.send_with_response());
    };
}

/// Each handle is dropped before its call is awaited.
#[allow(dead_code, reason = "it only has to compile")]
fn all_of_them(pwpush: &Client, file: &PushedFile) {
    job(pwpush.check());
    job(pwpush.edition());
    call!(pwpush.pushes().create(NewPush::text("x")));
    call!(pwpush.pushes().show("abc").passphrase("p"));
    call!(pwpush.pushes().notify("abc", ["a@example.com"]));
    call!(pwpush.pushes().expire("abc"));
    call!(pwpush.pushes().expire("abc").without_value());
    call!(pwpush.pushes().download(file));
    call!(pwpush.requests().create(NewRequest::new("x")));
    call!(pwpush.requests().show("abc").passphrase("p"));
    call!(pwpush.requests().respond("abc", "x").passphrase("p"));
    call!(pwpush.requests().close("abc"));
    call!(pwpush.requests().close("abc").without_value());
    call!(pwpush.requests().download(file));
}

#[tokio::test]
async fn a_call_returns_the_metadata_of_its_own_response() {
    fn told<T>(response: Response<T>) -> (u16, Option<String>, u32, T) {
        let status = response.status().as_u16();
        let request_id = response.request_id().map(str::to_owned);
        let attempts = response.attempts();
        (status, request_id, attempts, response.into_value())
    }
    fn id(name: &str) -> Option<String> {
        Some(name.to_owned())
    }
    let fake = instance("commercial");
    let push = json!({"url_token": "abc", "expire_after_duration": 6});
    let expired = json!({"url_token": "abc", "expired": true});
    let text = json!({"url_token": "abc", "payload": "s3cret"});
    let request = json!({"url_token": "r1", "state": "closed"});
    for (operation, response, id) in [
        (&operations::PUSHES_CREATE, created(&push), "create"),
        (&operations::PUSHES_SHOW, FakeResponse::json(&text), "show"),
        (
            &operations::PUSHES_NOTIFY,
            FakeResponse::status(201).body(json!({"message": "sent"}).to_string()),
            "notify",
        ),
        (
            &operations::PUSHES_EXPIRE,
            FakeResponse::json(&expired),
            "expire",
        ),
        (
            &operations::REQUESTS_CREATE,
            created(&json!({"url_token": "r1"})),
            "ask",
        ),
        (
            &operations::REQUESTS_SHOW,
            FakeResponse::json(&request),
            "read",
        ),
        (
            &operations::REQUESTS_RESPOND,
            FakeResponse::json(&json!({"url_token": "r1", "state": "ready"})),
            "respond",
        ),
        (
            &operations::REQUESTS_CLOSE,
            FakeResponse::json(&request),
            "close",
        ),
    ] {
        // Refused once, so that the attempts are told from those of other requests.
        fake.once(
            operation,
            FakeResponse::status(429).header("retry-after", "0"),
        );
        fake.always(operation, response.header("x-request-id", id));
    }
    let pwpush = with_token(&fake);
    let (pushes, requests) = (pwpush.pushes(), pwpush.requests());

    let new = NewPush::text("x").expire_after(Expiry::days(1));
    let create = pushes.create(new).send_with_response().await.unwrap();
    let (status, request_id, attempts, push) = told(create);
    assert_eq!((status, request_id, attempts), (201, id("create"), 2));
    assert_eq!(push.token.expose(), "abc");

    let show = pushes.show("abc").send_with_response().await.unwrap();
    let (status, request_id, attempts, retrieved) = told(show);
    assert_eq!((status, request_id, attempts), (200, id("show"), 2));
    assert_eq!(retrieved.payload().unwrap().expose(), "s3cret");

    let notify = pushes.notify("abc", ["a@example.com"]);
    let notify = told(notify.send_with_response().await.unwrap());
    assert_eq!(notify, (201, id("notify"), 2, ()));

    let expire = pushes.expire("abc").send_with_response().await.unwrap();
    let (status, request_id, attempts, push) = told(expire);
    assert_eq!((status, request_id, attempts), (200, id("expire"), 2));
    assert_eq!(push.expired, Some(true));

    let ask = requests.create(NewRequest::new("x"));
    let (status, request_id, attempts, request) = told(ask.send_with_response().await.unwrap());
    assert_eq!((status, request_id, attempts), (201, id("ask"), 2));
    assert_eq!(request.token.expose(), "r1");

    let read = requests.show("r1").send_with_response().await.unwrap();
    let (status, request_id, attempts, _) = told(read);
    assert_eq!((status, request_id, attempts), (200, id("read"), 2));

    let respond = requests.respond("r1", "x").send_with_response();
    let (status, request_id, attempts, _) = told(respond.await.unwrap());
    assert_eq!((status, request_id, attempts), (200, id("respond"), 2));

    let close = requests.close("r1").without_value();
    let close = told(close.send_with_response().await.unwrap());
    assert_eq!(close, (200, id("close"), 2, ()));
}

#[tokio::test]
async fn the_headers_of_a_call_are_on_each_of_its_requests() {
    let fake = instance("oss");
    fake.always(
        &operations::PUSHES_CREATE,
        created(&json!({"url_token": "abc", "expire_after_days": 9})),
    );
    fake.always(
        &operations::PUSHES_EXPIRE,
        FakeResponse::json(&json!({"expired": true})),
    );
    let push = NewPush::text("x").expire_after(Expiry::days(1));
    let kept = with_token(&fake).pushes().create(push);
    let kept = kept.header("x-trace", "42").into_future();
    tokio::spawn(kept).await.unwrap().unwrap_err();
    for operation in [
        &operations::INSTANCE_VERSION,
        &operations::PUSHES_CREATE,
        &operations::PUSHES_EXPIRE,
    ] {
        let sent = &fake.requests_of(operation)[0];
        assert_eq!(sent.headers["x-trace"], "42", "{}", operation.id());
    }
}

#[tokio::test(start_paused = true)]
async fn the_timeout_of_creating_bounds_the_request_for_the_edition_as_well() {
    let fake = instance("oss");
    let version = FakeResponse::json(&json!({"edition": "oss"}));
    fake.always(
        &operations::INSTANCE_VERSION,
        version.delay(Duration::from_secs(3)),
    );
    let slow = created(&json!({"url_token": "abc", "expire_after_days": 1}));
    fake.always(
        &operations::PUSHES_CREATE,
        slow.delay(Duration::from_secs(3)),
    );
    let pwpush = with_token(&fake);
    for (timeout, sent) in [(2, 0), (5, 1)] {
        let push = NewPush::text("x").expire_after(Expiry::days(1));
        let start = tokio::time::Instant::now();
        let create = pwpush.pushes().create(push);
        let error = create
            .timeout(Duration::from_secs(timeout))
            .await
            .unwrap_err();
        assert!(error.is_timeout(), "{error}");
        assert!(start.elapsed() <= Duration::from_secs(timeout));
        let creations = fake.requests_of(&operations::PUSHES_CREATE);
        assert_eq!(creations.len(), sent, "{timeout} s");
    }
}

#[tokio::test(start_paused = true)]
async fn no_call_waits_longer_than_its_own_timeout_for_the_edition() {
    let fake = instance("oss");
    let version = FakeResponse::json(&json!({"edition": "oss"}));
    fake.always(
        &operations::INSTANCE_VERSION,
        version.delay(Duration::from_secs(60)),
    );
    let pwpush = with_token(&fake);
    let push = || NewPush::text("x").expire_after(Expiry::days(1));
    let patient = tokio::spawn(pwpush.pushes().create(push()).into_future());
    tokio::task::yield_now().await;
    let start = tokio::time::Instant::now();
    let hasty = pwpush.pushes().create(push());
    let hasty = hasty.timeout(Duration::from_secs(1)).await.unwrap_err();
    assert!(hasty.is_timeout(), "{hasty}");
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    patient.abort();
}

#[tokio::test]
async fn a_failure_before_the_push_is_sent_has_the_outcome_not_sent() {
    for (response, is_retryable) in [
        (FakeResponse::status(500), true),
        (FakeResponse::status(403), false),
    ] {
        let fake = instance("oss");
        fake.always(&operations::INSTANCE_VERSION, response);
        let push = NewPush::text("x").expire_after(Expiry::days(1));
        let create = with_token(&fake).pushes().create(push).retries(0);
        let error = create.await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
        assert_eq!(error.is_retryable(), is_retryable, "{error}");
        assert!(!error.may_be_executed() && error.to_string().contains("nothing was created"));
    }
}

#[tokio::test]
async fn jobs_are_kept_spawned_and_joined() {
    let fake = instance("commercial");
    let pwpush = with_token(&fake);
    let kept = pwpush.edition().header("x-trace", "42");
    let edition = tokio::spawn(kept.into_future()).await.unwrap().unwrap();
    assert_eq!(edition, Edition::Commercial);
    let sent = &fake.requests_of(&operations::INSTANCE_VERSION)[0];
    assert_eq!(sent.headers["x-trace"], "42");
}

#[tokio::test]
async fn a_call_shows_what_it_does_and_no_secret() {
    let fake = instance("oss");
    let pwpush = with_token(&fake);
    let create = pwpush.pushes().create(NewPush::text("s3cret").views(7));
    let shown = format!("{create:?}");
    assert!(shown.contains("views: Some(7)"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
    let respond = pwpush.requests().respond("abc", "s3cret");
    let shown = format!("{respond:?}");
    assert!(shown.contains("requests.respond"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_the_service_closed_can_be_reopened_early() {
    let fake = instance("oss");
    fake.once(
        &operations::PUSHES_ACTIVE,
        FakeResponse::status(429).header("retry-after", "1800"),
    );
    fake.always(&operations::PUSHES_ACTIVE, FakeResponse::json(&json!([])));
    let pwpush = Client::builder("t0ken").transport(fake.clone());
    let pwpush = pwpush.build().unwrap();
    pwpush.pushes().active().page().await.unwrap_err();
    let start = tokio::time::Instant::now();
    let error = pwpush.pushes().active().page().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    pwpush.reopen_limits();
    pwpush.pushes().active().page().await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(60));
    assert_eq!(fake.requests_of(&operations::PUSHES_ACTIVE).len(), 2);
}
