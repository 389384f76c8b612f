//! Hand-written calls are values: they own their data, can be stored and spawned, and have the options of a call.
#![cfg(feature = "fake")]

#[path = "../../../tests/support/values.rs"]
mod support;

use std::future::IntoFuture;

use push_security_api::middleware::JobFuture;
use push_security_api::{Client, FakeResponse, FakeTransport, Job, Outcome, Reason, operations};
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
    let empty = FakeResponse::json(&json!({"result": [], "paging": {"moreResults": false}}));
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

#[tokio::test(start_paused = true)]
async fn a_limit_that_the_service_closed_can_be_reopened_early() {
    let fake = FakeTransport::new();
    let busy = FakeResponse::status(429).header("retry-after", "1800");
    fake.once(&operations::BROWSERS_LIST, busy);
    let empty = FakeResponse::json(&json!({"result": [], "paging": {"moreResults": false}}));
    fake.always(&operations::BROWSERS_LIST, empty);
    let push = client(&fake);
    push.check().await.unwrap_err();
    let error = push.check().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    push.reopen_limits();
    push.check().await.unwrap();
    assert_eq!(fake.requests_of(&operations::BROWSERS_LIST).len(), 2);
}

#[tokio::test]
async fn the_kinds_of_refusals_are_told_apart() {
    let unknown = r#"{"message":"Missing Authentication Token"}"#;
    let other = r#"{"message":"Forbidden"}"#;
    for (status, body, read, write) in [
        (401, other, Reason::KeyRefused, Reason::KeyRefused),
        (403, unknown, Reason::UnknownPath, Reason::UnknownPath),
        (403, other, Reason::KeyRefused, Reason::ReadOnlyKey),
    ] {
        let fake = FakeTransport::new();
        let response = FakeResponse::status(status).body(body);
        fake.always(&operations::ACCOUNTS_GET, response.clone());
        fake.always(&operations::ACCOUNTS_DELETE, response);
        let accounts = client(&fake).accounts();
        let reading = accounts.get("a1").await.map(drop).unwrap_err();
        let writing = accounts.delete("a1").await.map(drop).unwrap_err();
        for (error, reason) in [(reading, read), (writing, write)] {
            assert_eq!(Reason::of(&error), Some(reason), "{status} {body}");
            let says = match reason {
                Reason::UnknownPath => "check path and base URL",
                Reason::ReadOnlyKey => "Full access",
                _ => "check the API key",
            };
            assert!(error.to_string().contains(says), "{error}");
            assert!(!reason.to_string().is_empty());
        }
    }
}
