//! Hand-written calls are values: they own their data, can be stored and spawned, and have the options of a call.

#[path = "../../../../tests/support/values.rs"]
mod shared;

use std::future::IntoFuture;
use std::time::Duration;

use pwpush_api::types::{Edition, PushedFile};
use pwpush_api::{
    Call, Client, Expiry, FakeResponse, Job, NewPush, NewRequest, Outcome, operations,
};
use serde_json::json;

use self::shared::{value, with_options};
use super::support::{created, instance, with_token};

fn job<T: Send + 'static>(job: Job<T>) {
    drop(value(with_options!(job)));
}

fn call<T: Send + 'static + pwpush_api::middleware::FromResponse>(call: Call<T>) {
    drop(value(with_options!(call)));
}

/// Each handle is dropped before its call is awaited.
#[allow(dead_code, reason = "it only has to compile")]
fn all_of_them(pwpush: &Client, file: &PushedFile) {
    job(pwpush.check());
    job(pwpush.edition());
    drop(value(with_options!(
        pwpush.pushes().create(NewPush::text("x"))
    )));
    drop(value(with_options!(
        pwpush.pushes().show("abc").passphrase("p")
    )));
    drop(value(with_options!(
        pwpush.pushes().notify("abc", ["a@example.com"])
    )));
    call(pwpush.pushes().download(file));
    drop(value(with_options!(
        pwpush.requests().create(NewRequest::new("x"))
    )));
    drop(value(with_options!(
        pwpush.requests().respond("abc", "x").passphrase("p")
    )));
    drop(value(with_options!(
        pwpush.requests().show("abc").passphrase("p")
    )));
    drop(value(with_options!(pwpush.requests().close("abc"))));
    drop(value(with_options!(pwpush.pushes().expire("abc"))));
    call(pwpush.requests().download(file));
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
