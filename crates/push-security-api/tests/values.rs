//! Hand-written calls are values: they own all they need, can be kept and spawned, and have the options of a call.
#![cfg(feature = "fake")]

#[path = "../../../tests/support/values.rs"]
mod support;

use std::future::IntoFuture;

use push_security_api::{Client, FakeResponse, FakeTransport, Job, JobFuture, operations};
use serde_json::json;
use support::{value, with_options};

fn client(fake: &FakeTransport) -> Client {
    let builder = Client::builder("a-key").transport(fake.clone());
    builder.build().expect("a client")
}

fn job<T: Send + 'static>(job: Job<T>) -> JobFuture<T> {
    value(with_options!(job)).into_future()
}

#[tokio::test]
async fn a_job_is_kept_spawned_and_joined_and_its_options_hold_for_its_request() {
    let fake = FakeTransport::new();
    let empty = FakeResponse::json(&json!({"result": []}));
    fake.always(&operations::BROWSERS_LIST, empty);
    let kept = job(client(&fake).check());
    tokio::spawn(kept).await.unwrap().unwrap();
    let push = client(&fake);
    let (one, other) = tokio::join!(push.check(), push.check());
    one.unwrap();
    other.unwrap();
    let sent = fake.requests_of(&operations::BROWSERS_LIST);
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[0].headers["x-trace"], "42");
    assert!(!sent[1].headers.contains_key("x-trace"));
}
