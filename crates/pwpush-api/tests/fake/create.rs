//! Creating pushes, and holding the service to what was asked.

use pwpush_api::http::Method;
use pwpush_api::{ErrorKind, Expiry, FakeAnswer, NewPush, Outcome, Reason, Upload, operations};
use serde_json::{Value, json};

use super::support::{anonymous, created, instance, shown, with_token};

const TOKEN: &str = "l1vet0ken";

fn asked() -> NewPush {
    NewPush::text("hunter2")
        .expire_after(Expiry::days(1))
        .views(1)
}

/// Answers that do not keep to what was asked.
fn not_kept() -> [Value; 6] {
    [
        json!({"url_token": TOKEN, "expire_after_days": 7, "expire_after_views": 1}),
        json!({"url_token": TOKEN, "expire_after_days": 1, "expire_after_views": 5}),
        json!({"url_token": TOKEN, "expire_after_views": 1}),
        json!({"url_token": TOKEN, "expire_after_days": 1}),
        json!({"url_token": TOKEN, "expire_after_days": 1, "expire_after_views": 1, "note": {}}),
        json!({"url_token": TOKEN, "expire_after_duration": 12, "expire_after_views": 1}),
    ]
}

#[tokio::test]
async fn a_secret_that_would_live_longer_is_expired_again() {
    for answer in not_kept() {
        let fake = instance("oss");
        fake.always(&operations::PUSHES_CREATE, created(&answer));
        fake.always(
            &operations::PUSHES_EXPIRE,
            FakeAnswer::json(&json!({"url_token": TOKEN, "expired": true})),
        );
        let error = with_token(&fake)
            .pushes()
            .create(asked())
            .await
            .unwrap_err();
        assert_eq!(Reason::of(&error), Some(Reason::Withdrawn), "{answer}");
        assert!(error.to_string().contains("expired again"), "{error}");
        assert!(!shown(&error).contains(TOKEN) && !shown(&error).contains("hunter2"));
        assert!(!error.is_retryable());
        let expired = fake.requests_of(&operations::PUSHES_EXPIRE);
        assert_eq!(expired.len(), 1);
        assert_eq!(expired[0].method, Method::DELETE);
        assert!(expired[0].uri.path().ends_with(TOKEN));
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_expired_again_is_named_in_the_reason_alone() {
    for refusal in [
        FakeAnswer::status(401).body(r#"{"error":"no"}"#),
        FakeAnswer::json(&json!({"url_token": TOKEN, "expired": false})),
        FakeAnswer::json(&json!({"url_token": TOKEN, "expired": "false", "deleted": null})),
        FakeAnswer::json(&json!({"url_token": TOKEN})),
        FakeAnswer::json(&json!(null)),
        FakeAnswer::status(204),
        FakeAnswer::status(200).body("<html>"),
    ] {
        let fake = instance("oss");
        fake.always(&operations::PUSHES_CREATE, created(&not_kept()[0]));
        fake.always(&operations::PUSHES_EXPIRE, refusal);
        let error = anonymous(&fake).pushes().create(asked()).await.unwrap_err();
        let Some(Reason::StillLive { token }) = Reason::of(&error) else {
            panic!("{error}");
        };
        assert_eq!(token.expose(), TOKEN);
        assert!(error.to_string().contains("still live"), "{error}");
        assert!(!shown(&error).contains(TOKEN), "{error:?}");
        assert!(!format!("{:?}", Reason::of(&error)).contains(TOKEN));
    }
}

#[tokio::test]
async fn a_secret_without_a_token_cannot_be_taken_back_and_is_said_to_be_live() {
    for token in [json!(null), json!(""), json!({})] {
        let fake = instance("oss");
        fake.always(
            &operations::PUSHES_CREATE,
            created(&json!({"url_token": token, "expire_after_days": 7, "passphrase": "umbrella"})),
        );
        let error = with_token(&fake)
            .pushes()
            .create(asked().passphrase("umbrella"))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("still live"), "{error}");
        assert_ne!(Reason::of(&error), Some(Reason::Withdrawn));
        assert!(!shown(&error).contains("umbrella"), "{error:?}");
        assert!(fake.requests_of(&operations::PUSHES_EXPIRE).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn taking_a_secret_back_is_tried_until_it_is_done() {
    let fake = instance("oss");
    fake.always(&operations::PUSHES_CREATE, created(&not_kept()[0]));
    fake.once(&operations::PUSHES_EXPIRE, FakeAnswer::status(503));
    fake.once(&operations::PUSHES_EXPIRE, FakeAnswer::status(502));
    fake.always(
        &operations::PUSHES_EXPIRE,
        FakeAnswer::json(&json!({"url_token": TOKEN, "expired": true})),
    );
    let error = with_token(&fake)
        .pushes()
        .create(asked())
        .await
        .unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::Withdrawn));
    assert_eq!(fake.requests_of(&operations::PUSHES_EXPIRE).len(), 3);
}

#[tokio::test]
async fn what_lives_as_asked_is_given_and_shows_nothing_that_opens_it() {
    let fake = instance("oss");
    let answer = json!({
        "url_token": TOKEN, "expire_after_days": 1, "expire_after_views": 1, "passphrase": "umbrella",
        "html_url": "https://links.example.com/p/l1vet0ken/r", "json_url": "https://links.example.com/p/l1vet0ken/r.json",
        "deletable_by_viewer": null, "expired_on": null, "account_id": 12, "a new member": {},
    });
    fake.always(&operations::PUSHES_CREATE, created(&answer));
    let push = with_token(&fake).pushes().create(asked()).await.unwrap();
    assert_eq!(push.token.expose(), TOKEN);
    assert_eq!(
        push.html_url.as_ref().unwrap().expose(),
        "https://links.example.com/p/l1vet0ken/r"
    );
    assert_eq!(push.account_id.as_deref(), Some("12"));
    let shown = format!("{push:?}");
    assert!(
        !shown.contains(TOKEN) && !shown.contains("umbrella"),
        "{shown}"
    );
    // The token goes where an id is expected as it is.
    fake.always(
        &operations::PUSHES_EXPIRE,
        FakeAnswer::json(&json!({"url_token": TOKEN})),
    );
    with_token(&fake)
        .pushes()
        .expire(&push.token)
        .await
        .unwrap();
}

#[tokio::test]
async fn creating_is_not_repeated_once_it_may_have_been_executed() {
    for answer in [
        FakeAnswer::status(503),
        FakeAnswer::status(500).body(r#"{"status":500,"error":"Internal Server Error"}"#),
        FakeAnswer::status(201).body(r#"{"url_"#).cut(),
    ] {
        let fake = instance("oss");
        fake.always(&operations::PUSHES_CREATE, answer);
        let error = with_token(&fake)
            .pushes()
            .create(NewPush::text("x"))
            .await
            .unwrap_err();
        assert_eq!(fake.requests().len(), 1, "{error}");
        let text = error.to_string();
        assert!(text.contains("may have been created"), "{text}");
        assert_ne!(error.outcome(), Outcome::NotSent);
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_says_that_the_push_is_there() {
    let fake = instance("oss");
    fake.always(
        &operations::PUSHES_CREATE,
        FakeAnswer::status(201).body("<html>"),
    );
    let error = with_token(&fake)
        .pushes()
        .create(NewPush::text("x"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("nobody has its link"), "{error}");
}

#[tokio::test]
async fn a_refused_member_is_named_with_all_its_messages() {
    let fake = instance("oss");
    let body = r#"{"payload":["zu groß"],"notify_emails_to":["nicht verfügbar","doppelt"]}"#;
    fake.always(
        &operations::PUSHES_CREATE,
        FakeAnswer::status(422).body(body),
    );
    let error = with_token(&fake)
        .pushes()
        .create(NewPush::text("x"))
        .await
        .unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::InvalidInput));
    let expected = [
        "notify_emails_to: nicht verfügbar",
        "notify_emails_to: doppelt",
        "payload: zu groß",
    ];
    assert_eq!(error.api().unwrap().validation, expected);
    assert!(error.to_string().contains("payload: zu groß"), "{error}");
}

#[tokio::test]
async fn mail_is_sent_to_each_address_once_and_not_again() {
    let fake = instance("oss");
    fake.once(
        &operations::PUSHES_NOTIFY,
        FakeAnswer::status(201).body(r#"{"message":"Queued."}"#),
    );
    let pwpush = with_token(&fake);
    let notify = |addresses: &[&str]| {
        let addresses: Vec<_> = addresses.iter().copied().map(str::to_owned).collect();
        pwpush.pushes().notify("abc", addresses)
    };
    notify(&["a@example.com", "b@example.com"])
        .locale("fr")
        .await
        .unwrap();
    let sent = fake.requests_of(&operations::PUSHES_NOTIFY)[0].json();
    let expected =
        json!({"notify_emails_to": "a@example.com,b@example.com", "notify_emails_to_locale": "fr"});
    assert_eq!(sent, expected);
    for (addresses, says) in [
        (&[][..], "there is none"),
        (&["a@example.com", "nobody"][..], "address 2"),
    ] {
        let error = notify(addresses).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    fake.once(
        &operations::PUSHES_NOTIFY,
        FakeAnswer::status(429).body(r#"{"error":"Zu oft."}"#),
    );
    let error = notify(&["a@example.com"]).await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::NotifyLocked));
    assert_eq!(fake.requests_of(&operations::PUSHES_NOTIFY).len(), 2);
}

#[tokio::test]
async fn what_the_service_quotes_of_a_push_is_shown_in_no_error() {
    let quote = json!({
        "error": "Falsch: MARKED payload\n, t0ken\u{1b}[2J",
        "payload": ["MARKED payload\n", "MARKED%20phrase%22"],
        "passphrase": ["MARKED phrase\\\""],
    });
    for (status, files) in [(422, false), (422, true), (401, false), (429, false)] {
        let fake = instance("pro");
        let answer = FakeAnswer::status(status).body(quote.to_string());
        let answer = answer.header("x-request-id", "MARKED+phrase%22");
        fake.always(&operations::PUSHES_CREATE, answer.clone());
        fake.always(&operations::PUSHES_SHOW, answer);
        let client = with_token(&fake);
        let mut push = NewPush::text("MARKED payload\n").passphrase("MARKED phrase\"");
        if files {
            push = push.file(Upload::bytes("a.txt", "content"));
        }
        let error = client.pushes().create(push).await.unwrap_err();
        let text = shown(&error);
        assert!(
            !text.contains("MARKED") && !text.contains("t0ken"),
            "{text}"
        );
        assert!(
            text.contains("[redacted], [redacted]") || status == 429,
            "{text}"
        );
        assert!(!text.contains('\u{1b}'), "{text}");

        let show = client.pushes().show("abc").passphrase("MARKED phrase\"");
        let error = show.await.unwrap_err();
        let text = shown(&error);
        assert!(
            !text.contains("MARKED phrase") && !text.contains("MARKED+"),
            "{text}"
        );
    }
}
