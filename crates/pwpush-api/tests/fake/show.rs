//! Retrieval of secrets.

use std::time::Duration;

use pwpush_api::{
    Client, ErrorKind, FakeResponse, FakeTransport, Outcome, Reason, Retrieved, operations,
};
use serde_json::json;
use tokio::time::Instant;

use super::support::{shown, with_token};

fn secret() -> FakeResponse {
    FakeResponse::json(
        &json!({"url_token": "abc", "payload": "hunter2", "expired": false, "views_remaining": 0}),
    )
}

#[tokio::test]
async fn an_expired_push_is_an_outcome_and_no_error() {
    let fake = FakeTransport::new();
    fake.once(&operations::PUSHES_SHOW, secret());
    fake.once(
        &operations::PUSHES_SHOW,
        FakeResponse::json(&json!({
            "url_token": "abc", "payload": null, "files": [], "passphrase": null, "expired": true,
            "expired_on": "2026-03-03T12:00:00.000Z",
        })),
    );
    let pushes = with_token(&fake).pushes();
    let retrieved = pushes.show("abc").await.unwrap();
    assert_eq!(retrieved.payload().unwrap().expose(), "hunter2");
    assert!(!format!("{retrieved:?}").contains("hunter2"));
    let Retrieved::Expired(push) = pushes.show("abc").await.unwrap() else {
        panic!("not expired");
    };
    assert!(push.expired_on.is_some());
}

#[tokio::test]
async fn reading_is_not_repeated_once_the_view_may_be_used_up() {
    let cut = FakeResponse::status(200).body(r#"{"url_token":"#).cut();
    for (response, sent) in [
        (FakeResponse::status(503), Outcome::Unknown),
        (FakeResponse::status(500).body("<html>"), Outcome::Unknown),
        (cut, Outcome::Unknown),
    ] {
        let fake = FakeTransport::new();
        fake.always(&operations::PUSHES_SHOW, response);
        let error = with_token(&fake).pushes().show("abc").await.unwrap_err();
        assert_eq!(fake.requests().len(), 1, "{error}");
        assert!(error.to_string().contains("view may be used up"), "{error}");
        assert_eq!(error.outcome(), sent, "{error}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_without_a_response_says_that_the_view_may_be_used_up() {
    let fake = FakeTransport::new();
    fake.always(&operations::PUSHES_SHOW, FakeResponse::never());
    let error = with_token(&fake).pushes().show("abc").await.unwrap_err();
    assert!(error.is_timeout());
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
    assert!(error.to_string().contains("view may be used up"), "{error}");
}

#[tokio::test]
async fn a_response_that_cannot_be_read_says_that_the_view_is_used_up() {
    let fake = FakeTransport::new();
    fake.always(
        &operations::PUSHES_SHOW,
        FakeResponse::status(200).body(r#"{"payload":"hunter2"}"#),
    );
    let error = with_token(&fake).pushes().show("abc").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("view is used up"), "{error}");
    assert!(!shown(&error).contains("hunter2"));
    assert!(error.body().unwrap().ends_with(b"hunter2\"}"));
}

#[tokio::test]
async fn a_response_that_is_not_the_services_leaves_open_whether_the_view_is_used_up() {
    for (status, body) in [
        (200, "<html>"),
        (200, r#"{"message":"hello"}"#),
        (200, r#"["payload"]"#),
        (200, "null"),
        (204, ""),
    ] {
        let fake = FakeTransport::new();
        let response = FakeResponse::status(status).body(body);
        fake.always(&operations::PUSHES_SHOW, response);
        let error = with_token(&fake).pushes().show("abc").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        let text = error.to_string();
        assert!(text.contains("view may be used up"), "{body}: {text}");
        assert!(!text.contains("view is used up"), "{body}: {text}");
    }
}

#[tokio::test]
async fn a_response_that_is_too_large_says_what_to_raise() {
    let fake = FakeTransport::new();
    fake.always(&operations::PUSHES_SHOW, secret());
    let show = with_token(&fake).pushes().show("abc").response_limit(9);
    let error = show.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let text = error.to_string();
    assert!(
        text.contains("view may be used up") && text.contains("`response_limit`"),
        "{text}"
    );
}

#[tokio::test]
async fn the_passphrase_is_in_the_query_and_in_nothing_that_is_shown() {
    let refused = r#"{"error":"Falsch.","message":"?passphrase=mysecret","status":"unauthorized"}"#;
    let fake = FakeTransport::new();
    fake.always(
        &operations::PUSHES_SHOW,
        FakeResponse::status(401).body(refused),
    );
    let call = with_token(&fake)
        .pushes()
        .show("abc")
        .passphrase("plain & yellow");
    assert!(!format!("{call:?}").contains("yellow"));
    let error = call.await.unwrap_err();
    let requests = fake.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        requests[0].query("passphrase").as_deref(),
        Some("plain & yellow")
    );
    assert_eq!(Reason::of(&error), Some(Reason::PassphraseRefused));
    assert!(
        !shown(&error).contains("yellow") && !shown(&error).contains("abc"),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_locked_passphrase_delays_no_other_call_and_is_not_waited_out() {
    let fake = FakeTransport::new();
    fake.once(
        &operations::PUSHES_SHOW,
        FakeResponse::status(429).body(r#"{"error":"Zu oft."}"#),
    );
    fake.once(&operations::PUSHES_SHOW, secret());
    let pushes = with_token(&fake).pushes();
    let start = Instant::now();
    let error = pushes.show("abc").passphrase("x").await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::PassphraseLocked));
    assert_eq!(error.attempts(), 1);
    assert!(!error.is_retryable());
    pushes.show("def").await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_locked_passphrase_does_not_close_the_limiter_of_the_client() {
    let fake = FakeTransport::new();
    let locked = FakeResponse::status(429).body(r#"{"error":"Zu oft."}"#);
    fake.once(&operations::PUSHES_SHOW, locked);
    fake.always(&operations::PUSHES_SHOW, secret());
    let client = Client::builder("t0ken").transport(fake.clone());
    let pushes = client.build().unwrap().pushes();
    let start = Instant::now();
    let error = pushes.show("abc").passphrase("x").await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::PassphraseLocked));
    assert!(error.to_string().contains("locked"), "{error}");
    pushes.show("def").await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(fake.requests().len(), 2);
}

/// A malformed token would lead to another path, and the refusal would look like a server without an API.
#[tokio::test]
async fn malformed_tokens_are_refused_before_sending_and_not_shown() {
    let fake = FakeTransport::new();
    let pwpush = with_token(&fake);
    for (token, says) in [
        ("https://eu.pwpush.com/p/fkwjfvhall92/r", "is a link"),
        ("p/fkwjfvhall92", "is a link"),
        ("fkwjfvhall92?locale=fr", "is a link"),
        ("fkwjfvhall92#x", "is a link"),
        ("fkwjfvhall92\n", "line break"),
        (" fkwjfvhall92", "line break"),
        ("fkwjfvhall92.", "a character that no token has"),
        ("fkwjfvhall92é", "a character that no token has"),
        ("fkwjf vhall92", "a character that no token has"),
    ] {
        let pushes = pwpush.pushes();
        for error in [
            pushes.show(token).await.unwrap_err(),
            pushes.preview(token).await.unwrap_err(),
            pushes.expire(token).await.unwrap_err(),
            pushes.audit(token).page().await.unwrap_err(),
            pushes.notify(token, ["a@example.com"]).await.unwrap_err(),
            pwpush.requests().show(token).await.unwrap_err(),
        ] {
            assert!(error.is_invalid(), "{error}");
            assert!(error.to_string().contains(says), "{error}");
            assert!(!shown(&error).contains("fkwjf"), "{error:?}");
        }
    }
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn only_a_read_with_a_passphrase_can_meet_its_lock() {
    let fake = FakeTransport::new();
    let locked = FakeResponse::status(429).body(r#"{"error":"Zu oft."}"#);
    fake.always(&operations::PUSHES_SHOW, locked);
    let pushes = with_token(&fake).pushes();
    for (show, reason) in [
        (pushes.show("abc"), None),
        (
            pushes.show("abc").passphrase("x"),
            Some(Reason::PassphraseLocked),
        ),
    ] {
        let error = show.await.unwrap_err();
        assert_eq!(Reason::of(&error), reason);
        assert!(error.is_rate_limited());
        let says = reason.map_or_else(|| "share one client".to_owned(), |it| it.to_string());
        assert!(
            says.len() > 10 && error.to_string().contains(&says),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_blank_passphrase_is_refused_and_uses_up_no_view() {
    let fake = FakeTransport::new();
    fake.always(&operations::PUSHES_SHOW, secret());
    let pushes = with_token(&fake).pushes();
    for blank in ["", " ", "\u{a0}", "\n"] {
        let error = pushes.show("abc").passphrase(blank).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{blank:?}: {error}");
        let text = error.to_string();
        assert!(text.contains("`passphrase` is empty or blank"), "{text}");
    }
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn a_redirect_is_named_by_its_host_alone_and_not_followed() {
    for location in [
        "https://eu.pwpush.com/api/v2/pushes/abc?passphrase=yellow",
        "//eu.pwpush.com/api/v2/pushes/abc?passphrase=yellow",
    ] {
        let fake = FakeTransport::new();
        let moved = FakeResponse::status(301).header("location", location);
        fake.always(&operations::PUSHES_SHOW, moved);
        let show = with_token(&fake).pushes().show("abc");
        let error = show.passphrase("yellow").await.unwrap_err();
        let host = "eu.pwpush.com".to_owned();
        assert_eq!(Reason::of(&error), Some(Reason::Moved { host }));
        assert_eq!(fake.requests().len(), 1);
        assert!(
            error.to_string().contains("https://eu.pwpush.com"),
            "{error}"
        );
        let shown = shown(&error);
        assert!(
            !shown.contains("yellow") && !shown.contains("abc"),
            "{shown}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_the_address_is_waited_out_even_for_a_read() {
    let fake = FakeTransport::new();
    let throttled = FakeResponse::status(429)
        .body("Retry later\n")
        .header("retry-after", "17");
    fake.once(&operations::PUSHES_SHOW, throttled);
    fake.once(&operations::PUSHES_SHOW, secret());
    let start = Instant::now();
    let retrieved = with_token(&fake).pushes().show("abc").await.unwrap();
    assert!(retrieved.payload().is_some());
    assert!(start.elapsed() >= Duration::from_secs(17));
}
