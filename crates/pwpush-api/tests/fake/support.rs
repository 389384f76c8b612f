//! Common functions of these tests.

use pwpush_api::{Client, ClientBuilder, FakeResponse, FakeTransport, RateLimiter, operations};
use serde_json::{Value, json};

pub(crate) fn with_token(fake: &FakeTransport) -> Client {
    built(Client::builder("t0ken"), fake)
}

pub(crate) fn anonymous(fake: &FakeTransport) -> Client {
    built(Client::anonymous_builder(), fake)
}

fn built(builder: ClientBuilder, fake: &FakeTransport) -> Client {
    builder
        .base_url("https://pwpush.example.com/pw")
        .transport(fake.clone())
        .limiter(RateLimiter::unlimited())
        .build()
        .expect("a client")
}

/// Returns an instance of this edition.
pub(crate) fn instance(edition: &str) -> FakeTransport {
    let fake = FakeTransport::new();
    fake.always(
        &operations::INSTANCE_VERSION,
        FakeResponse::json(
            &json!({"application_version": "2.11.4", "api_version": "2.1", "edition": edition}),
        ),
    );
    fake
}

/// Returns the response to a creation, with the link that all have.
pub(crate) fn created(value: &Value) -> FakeResponse {
    let mut value = value.clone();
    if let Some(members) = value.as_object_mut() {
        let link = "https://pwpush.example.com/pw/p/l1nk/r";
        members.entry("html_url").or_insert_with(|| link.into());
    }
    FakeResponse::status(201).body(value.to_string())
}

/// Returns everything that an error shows.
pub(crate) fn shown(error: &pwpush_api::Error) -> String {
    format!("{error} {error:?} {error:#?}")
}
