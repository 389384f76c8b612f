//! Common functions of these tests.

use pwpush_api::{
    Client, ClientBuilder, Expiry, FakeResponse, FakeTransport, Fate, NewPush, NotAsAsked,
    RateLimiter, operations,
};
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

pub(crate) const TOKEN: &str = "l1vet0ken";

pub(crate) fn asked() -> NewPush {
    NewPush::text("hunter2")
        .expire_after(Expiry::days(1))
        .views(1)
}

pub(crate) fn fate(error: &pwpush_api::Error) -> &Fate {
    NotAsAsked::of(error).expect("what became of it").fate()
}

pub(crate) fn expired() -> FakeResponse {
    FakeResponse::json(&json!({"url_token": TOKEN, "expired": true}))
}

/// Returns responses that do not confirm the request, each with the expected error text.
pub(crate) fn not_kept() -> Vec<(Value, &'static str)> {
    let made = |changes: Value| {
        let mut value =
            json!({"url_token": TOKEN, "expire_after_days": 1, "expire_after_views": 1});
        for (name, change) in changes.as_object().unwrap() {
            value[name] = change.clone();
        }
        value
    };
    vec![
        (
            made(json!({"expire_after_days": 7})),
            "`expire_after`: 7 days instead of 1 day",
        ),
        (
            made(json!({"expire_after_views": 5})),
            "`views`: 5 instead of 1",
        ),
        (
            made(json!({"expire_after_days": 7, "expire_after_views": 5})),
            "; differences: `expire_after`: 7 days instead of 1 day, `views`: 5 instead of 1",
        ),
        (
            made(json!({"expire_after_days": null})),
            "`expire_after`: the response does not say",
        ),
        (
            made(json!({"expire_after_views": null})),
            "`views`: the response does not say",
        ),
        (made(json!({"note": {}})), "cannot be read"),
        (
            made(json!({"html_url": null})),
            "has no link that can be opened",
        ),
        (
            made(json!({"html_url": " "})),
            "has no link that can be opened",
        ),
        (
            made(json!({"html_url": "/p/l1nk"})),
            "has no link that can be opened",
        ),
        (
            made(json!({"html_url": "ftp://x.test/p/l1nk"})),
            "has no link that can be opened",
        ),
        (
            made(json!({"html_url": "javascript:alert(1)"})),
            "has no link that can be opened",
        ),
        (
            made(json!({"expired": true})),
            "says that it is already expired",
        ),
        (
            made(json!({"deleted": true})),
            "says that it is already expired",
        ),
        (
            json!({"url_token": TOKEN, "expire_after_duration": 12, "expire_after_views": 1}),
            "`expire_after`: 7 days instead of 1 day",
        ),
    ]
}
