//! Telling recipients of a push.

mod support;

use std::time::Duration;

use security_api_sandbox::{PasswordPusherEdition, PasswordPusherOptions, Sandbox};
use serde_json::{Value, json};
use support::pwpush::{Call, at, create, edition, events, made, push, with};
use support::{Response, small};

async fn notify(sandbox: &Sandbox, token: &str, body: Value) -> Response {
    let path = at(&format!("{token}/notify_emails"));
    Call::post(&path, &body).by_owner(sandbox).await
}

#[tokio::test]
async fn recipients_are_told_and_written_down() {
    let sandbox = small().await;
    let token = push(&sandbox, json!({ "payload": "p" })).await;
    let body = json!({ "notify_emails_to": "a.b+c%d@example.com,b@sub.example-1.org", "notify_emails_to_locale": "fr" });
    let response = notify(&sandbox, &token, body).await;
    let message = json!({ "message": "Recipient(s) are added to the queue to be sent." });
    assert_eq!((response.status, response.json()), (201, message));
    let path = at(&format!("{token}/audit"));
    let audit = Call::get(&path).by_owner(&sandbox).await.json();
    let entry = &audit["logs"][1];
    assert_eq!(entry["kind"], "creation_email_send");
    assert_eq!(
        entry["notify_by_email"]["recipients"],
        "a.b+c%d@example.com,b@sub.example-1.org"
    );
    assert_eq!(entry["notify_by_email"]["locale"], "fr");
    for (status, sent) in [
        ("pending", Value::Null),
        ("processing", Value::Null),
        (
            "completed",
            json!("a.b+c%d@example.com,b@sub.example-1.org"),
        ),
    ] {
        let audit = Call::get(&path).by_owner(&sandbox).await.json();
        let mail = &audit["logs"][1]["notify_by_email"];
        assert_eq!(
            (&mail["status"], &mail["successful_sends"]),
            (&json!(status), &sent)
        );
        sandbox.clock().advance(Duration::from_secs(1));
    }
    assert!(audit["logs"][0].get("notify_by_email").is_none());
}

#[tokio::test]
async fn a_new_push_can_tell_its_recipients_at_once() {
    let sandbox = small().await;
    let fields = json!({ "payload": "p", "notify_emails_to": "a@example.com" });
    let response = create(fields).by_owner(&sandbox).await;
    let json = response.json();
    assert_eq!(json["notify_emails_to"], "a@example.com");
    assert_eq!(json["notify_emails_to_locale"], Value::Null);
    assert_eq!(
        events(&sandbox, &made(response)).await,
        ["creation", "creation_email_send"]
    );
}

#[tokio::test]
async fn recipients_have_to_make_sense() {
    let sandbox = small().await;
    let token = push(&sandbox, json!({ "payload": "p" })).await;
    let six = (0..6)
        .map(|n| format!("a{n}@example.com"))
        .collect::<Vec<_>>()
        .join(",");
    let (commas, twice, invalid) = (
        "has commas used in the wrong way",
        "contains duplicate emails",
        "contains invalid email(s)",
    );
    for (recipients, messages) in [
        ("", &["cannot be left blank"][..]),
        (" ", &["cannot be left blank"]),
        ("a@example.com,A@Example.com", &[twice]),
        ("a@example.com, A@Example.com", &[twice]),
        (&six, &["contains more than 5 email(s)"]),
        ("nobody", &[invalid]),
        ("nobody,nobody", &[twice, invalid]),
        ("nobody,,nobody,", &[commas, twice, invalid]),
        ("a@example.com,", &[commas]),
        ("a@example.com,,b@example.com", &[commas]),
        (",", &[commas]),
        ("a@b", &[invalid]),
        ("@example.com", &[invalid]),
        ("a@.com", &[invalid]),
        ("a@example.c", &[invalid]),
        ("a@@example.com", &[invalid]),
        ("a b@example.com", &[invalid]),
        // Only blanks of ASCII are trimmed.
        ("a@example.com\u{a0}", &[invalid]),
        ("é@example.fr", &[invalid]),
        ("a@exämple.fr", &[invalid]),
    ] {
        let response = notify(&sandbox, &token, json!({ "notify_emails_to": recipients })).await;
        let refusal = json!({ "notify_emails_to": messages });
        assert_eq!(
            (response.status, response.json()),
            (422, refusal),
            "{recipients}"
        );
        sandbox.clock().advance(Duration::from_secs(60));
    }
    let spaced = json!({ "notify_emails_to": " a@example.com, b@example.com\n" });
    assert_eq!(notify(&sandbox, &token, spaced).await.status, 201);
    sandbox.clock().advance(Duration::from_secs(60));
    let body = json!({ "notify_emails_to": "a@example.com", "notify_emails_to_locale": "xx" });
    let response = notify(&sandbox, &token, body).await;
    let refusal = json!({ "notify_emails_to_locale": ["is not within the available options"] });
    assert_eq!((response.status, response.json()), (422, refusal));
}

#[tokio::test]
async fn recipients_are_kept_as_they_were_given_and_a_blank_language_is_none() {
    let sandbox = small().await;
    let given = "a.b+c%d@example.com,b@sub.example-1.org";
    let fields = json!({
        "payload": "p", "notify_emails_to": given, "notify_emails_to_locale": " ",
    });
    let made_push = create(fields).by_owner(&sandbox).await;
    let json = made_push.json();
    assert_eq!(json["notify_emails_to"], given);
    assert_eq!(json["notify_emails_to_locale"], Value::Null);
    let path = at(&format!("{}/audit", made(made_push)));
    let audit = Call::get(&path).by_owner(&sandbox).await.json();
    let mail = &audit["logs"][1]["notify_by_email"];
    assert_eq!(
        (&mail["recipients"], &mail["locale"]),
        (&json!(given), &Value::Null)
    );
}

#[tokio::test]
async fn a_push_tells_five_recipients_in_total_and_none_once_it_expired() {
    let sandbox = small().await;
    let token = push(&sandbox, json!({ "payload": "p" })).await;
    let four = "a@b.de,c@b.de,d@b.de,e@b.de";
    assert_eq!(
        notify(&sandbox, &token, json!({ "notify_emails_to": four }))
            .await
            .status,
        201
    );
    let response = notify(
        &sandbox,
        &token,
        json!({ "notify_emails_to": "f@b.de,g@b.de" }),
    )
    .await;
    let text = "You can notify up to 5 email(s) and you have already sent emails to 4 recipients";
    assert_eq!(
        (response.status, response.json()),
        (422, json!({ "base": [text] }))
    );
    Call::delete(&at(&token)).by_owner(&sandbox).await;
    let response = notify(&sandbox, &token, json!({ "notify_emails_to": "f@b.de" })).await;
    let body = json!({ "notify_emails_to": ["are not available for expired pushes"] });
    assert_eq!((response.status, response.json()), (422, body));
}

#[tokio::test]
async fn the_sixth_call_of_a_user_in_a_minute_is_too_many() {
    let sandbox = small().await;
    let token = push(&sandbox, json!({ "payload": "p" })).await;
    for _ in 0..5 {
        let response = notify(&sandbox, &token, json!({})).await;
        assert_eq!(response.status, 422);
    }
    // A push that is not there is found out before.
    assert_eq!(notify(&sandbox, "nothing", json!({})).await.status, 404);
    let response = notify(&sandbox, &token, json!({})).await;
    let text = "Too many email notification requests. Please try again in a minute.";
    assert_eq!(
        (response.status, response.json()),
        (429, json!({ "error": text }))
    );
    assert!(!response.headers.contains_key("retry-after"));
    sandbox.clock().advance(Duration::from_secs(60));
    let response = notify(&sandbox, &token, json!({})).await;
    assert_eq!(response.status, 422);
}

#[tokio::test]
async fn five_hundred_recipients_a_day_are_enough() {
    let sandbox = small().await;
    let five = json!({ "payload": "p", "notify_emails_to": "a@b.de,c@b.de,d@b.de,e@b.de,f@b.de" });
    for _ in 0..99 {
        push(&sandbox, five.clone()).await;
    }
    // What goes over the number is sent; only then it is reached.
    let four = json!({ "payload": "p", "notify_emails_to": "a@b.de,c@b.de,d@b.de,e@b.de" });
    push(&sandbox, four).await;
    push(&sandbox, five).await;
    let one_more = create(json!({ "payload": "p", "notify_emails_to": "a@b.de" }));
    let response = one_more.clone().by_owner(&sandbox).await;
    let text = "The maximum number of emails has been reached for today";
    assert_eq!(
        (response.status, response.json()),
        (422, json!({ "base": [text] }))
    );
    sandbox.clock().advance(Duration::from_secs(86_400));
    assert_eq!(one_more.by_owner(&sandbox).await.status, 201);
}

#[tokio::test]
async fn strangers_tell_nobody() {
    let sandbox = small().await;
    let fields = json!({
        "payload": "p", "notify_emails_to": "a@example.com", "notify_emails_to_locale": "fr",
    });
    let response = create(fields).to(&sandbox).await;
    let body = json!({
        "notify_emails_to": ["are not allowed for unknown users"],
        "notify_emails_to_locale": ["is not allowed for unknown users"],
    });
    assert_eq!((response.status, response.json()), (422, body));
    // What is wrong besides is said as well.
    let fields = json!({
        "payload": "p", "notify_emails_to": "a@example.com", "notify_emails_to_locale": "xx",
    });
    let body = json!({
        "notify_emails_to": ["are not allowed for unknown users"],
        "notify_emails_to_locale": [
            "is not within the available options",
            "is not allowed for unknown users",
        ],
    });
    let response = create(fields).to(&sandbox).await;
    assert_eq!((response.status, response.json()), (422, body));
}

#[tokio::test]
async fn without_mail_nobody_is_told() {
    let sandbox = with(PasswordPusherOptions::default().email(false)).await;
    let token = push(&sandbox, json!({ "payload": "p" })).await;
    let response = notify(
        &sandbox,
        &token,
        json!({ "notify_emails_to": "a@example.com" }),
    )
    .await;
    let body = json!({
        "notify_emails_to": ["are not available"],
        "base": ["Notify by email feature is not enabled"],
    });
    assert_eq!((response.status, response.json()), (422, body));
    let fields = json!({ "payload": "p", "notify_emails_to_locale": "fr" });
    let response = create(fields).by_owner(&sandbox).await;
    let body = json!({
        "notify_emails_to_locale": ["is not available"],
        "base": ["Notify by email feature is not enabled"],
    });
    assert_eq!((response.status, response.json()), (422, body));
    let version = Call::get("/api/v2/version").to(&sandbox).await.json();
    assert_eq!(version["features"]["pushes"]["email_auto_dispatch"], false);
}

#[tokio::test]
async fn an_older_server_knows_nothing_of_it() {
    let sandbox = edition(PasswordPusherEdition::OpenSource24).await;
    let fields = json!({ "payload": "p", "notify_emails_to": "not an address" });
    let response = create(fields).by_owner(&sandbox).await;
    assert!(response.json().get("notify_emails_to").is_none());
    let token = made(response);
    let response = notify(
        &sandbox,
        &token,
        json!({ "notify_emails_to": "a@example.com" }),
    )
    .await;
    assert_eq!(
        (response.status, response.json()),
        (404, json!({ "status": 404, "error": "Not Found" }))
    );
}
