//! Creates pushes and requests: what is sent, what responses mean, and what becomes of what is not wanted.

use pwpush_api::{
    Bounds, Expiry, FakeResponse, Fate, NewPush, NotAsAsked, Outcome, PushKind, Reason, Upload,
    operations,
};
use serde_json::json;

use super::support::{
    TOKEN, anonymous, asked, created, expired, fate, instance, not_kept, shown, with_token,
};

#[tokio::test]
async fn an_error_says_that_mail_may_have_been_sent_if_something_may_have_been_created() {
    const SAYS: &str = "mail with the link may have been sent";
    let text = || NewPush::text("hunter2").views(1);
    let other = json!({
        "url_token": TOKEN, "expire_after_views": 5, "notify_emails_to": "a@example.com",
    });
    for (push, response, is_told) in [
        (text().notify(["a@example.com"]), created(&other), true),
        (text(), created(&other), false),
        (
            text().notify(["a@example.com"]),
            FakeResponse::status(500),
            true,
        ),
        (
            text().notify(["a@example.com"]),
            FakeResponse::status(422),
            false,
        ),
    ] {
        let fake = instance("oss");
        fake.always(&operations::PUSHES_CREATE, response);
        fake.always(&operations::PUSHES_EXPIRE, expired());
        let error = with_token(&fake).pushes().create(push).await.unwrap_err();
        assert_eq!(error.to_string().contains(SAYS), is_told, "{error}");
    }
}

#[tokio::test]
async fn values_beyond_the_bounds_of_the_instance_are_refused_before_sending() {
    let fake = instance("oss");
    let bounds = Bounds::new().days(2..=30).views(1..=20);
    let pwpush = with_token(&fake)
        .assume_bounds(PushKind::Text, bounds)
        .assume_bounds(PushKind::File, Bounds::new().files(3));
    let file = || Upload::bytes("a", "b");
    for (push, says) in [
        (
            NewPush::text("x").expire_after(Expiry::days(31)),
            "`expire_after`: 31 days",
        ),
        (
            NewPush::text("x").expire_after(Expiry::days(1)),
            "2 to 30 days",
        ),
        (NewPush::text("x").views(21), "`views`: 21"),
        (
            NewPush::files([file(), file(), file(), file()]),
            "`file`: 4 files",
        ),
    ] {
        let error = pwpush.pushes().create(push).await.unwrap_err();
        assert!(
            error.is_invalid() && error.to_string().contains(says),
            "{error}"
        );
    }
    assert!(fake.requests_of(&operations::PUSHES_CREATE).is_empty());
    let response = json!({"url_token": "abc", "expire_after_days": 400, "expire_after_views": 101});
    fake.always(&operations::PUSHES_CREATE, created(&response));
    let push = NewPush::qr("x").expire_after(Expiry::days(400)).views(101);
    pwpush.pushes().create(push).await.unwrap();
    let as_many_as_allowed = NewPush::files([file(), file(), file()]);
    pwpush.pushes().create(as_many_as_allowed).await.unwrap();
}

/// A response that cannot be decoded may still contain the token.
#[tokio::test]
async fn a_response_that_cannot_be_read_is_searched_for_the_token() {
    let whole = json!({"url_token": TOKEN, "passphrase": "umbrella"}).to_string();
    for body in [
        format!("\u{feff}{whole}"),
        format!("{whole}}}"),
        whole[..whole.len() - 1].to_owned(),
        format!("<p>warning</p>{whole}"),
    ] {
        let fake = instance("oss");
        fake.always(
            &operations::PUSHES_CREATE,
            FakeResponse::status(200).body(body.clone()),
        );
        fake.always(&operations::PUSHES_EXPIRE, expired());
        let push = NewPush::text("x").passphrase("umbrella");
        let error = with_token(&fake).pushes().create(push).await.unwrap_err();
        assert_eq!(fate(&error), &Fate::Withdrawn, "{body}");
        assert_eq!(error.status().unwrap(), 200);
        let text = shown(&error);
        assert!(text.contains("pushes.create"), "{text}");
        assert!(
            !text.contains("umbrella") && !text.contains(TOKEN),
            "{text}"
        );
        assert_eq!(fake.requests_of(&operations::PUSHES_EXPIRE).len(), 1);
    }
}

#[tokio::test]
async fn the_token_of_a_secret_that_cannot_be_expired_again_is_shown_nowhere() {
    for refusal in [
        FakeResponse::status(401).body(r#"{"error":"no"}"#),
        FakeResponse::json(&json!({"url_token": TOKEN, "expired": false})),
        FakeResponse::json(&json!({"url_token": TOKEN, "expired": "false", "deleted": null})),
        FakeResponse::json(&json!({"url_token": TOKEN})),
        FakeResponse::json(&json!(null)),
        FakeResponse::status(204),
        FakeResponse::status(200).body("<html>"),
    ] {
        let fake = instance("oss");
        fake.always(&operations::PUSHES_CREATE, created(&not_kept()[0].0));
        fake.always(&operations::PUSHES_EXPIRE, refusal);
        let error = anonymous(&fake).pushes().create(asked()).await.unwrap_err();
        let Fate::StillLive { token: Some(token) } = fate(&error) else {
            panic!("{error}");
        };
        assert_eq!(token.expose(), TOKEN);
        assert!(error.to_string().contains("still live"), "{error}");
        assert_eq!(error.outcome(), Outcome::Answered, "{error}");
        assert!(!error.is_retryable(), "{error}");
        assert!(!shown(&error).contains(TOKEN), "{error:?}");
        assert!(!format!("{:?}", NotAsAsked::of(&error)).contains(TOKEN));
    }
}

#[tokio::test]
async fn the_fate_is_told_however_many_differences_there_are() {
    let asked = || {
        NewPush::text("hunter2")
            .expire_after(Expiry::days(60))
            .views(50)
            .retrieval_step(false)
            .deletable_by_viewer(false)
            .passphrase("umbrella")
            .name("n")
            .note("m")
            .notify(["a@example.com"])
            .notify_locale("fr")
    };
    for (undone, says) in [
        (expired(), "the push was expired at once: it is gone"),
        (
            FakeResponse::status(401),
            "it is still live; `expire` it with the token in `NotAsAsked::fate()`",
        ),
    ] {
        let fake = instance("oss");
        fake.always(
            &operations::PUSHES_CREATE,
            created(&json!({"url_token": TOKEN})),
        );
        fake.always(&operations::PUSHES_EXPIRE, undone);
        let error = with_token(&fake)
            .pushes()
            .create(asked())
            .await
            .unwrap_err();
        assert_eq!(NotAsAsked::of(&error).unwrap().differences().len(), 9);
        let text = error.to_string();
        let (fate, list) = (text.find(says), text.find("`views`"));
        assert!(fate.is_some() && fate < list, "{text}");
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
        assert_eq!(error.outcome(), Outcome::Answered, "{error}");
        assert!(!error.is_retryable(), "{error}");
        assert_eq!(fate(&error), &Fate::StillLive { token: None });
        assert!(!shown(&error).contains("umbrella"), "{error:?}");
        assert!(fake.requests_of(&operations::PUSHES_EXPIRE).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn taking_a_secret_back_is_tried_until_it_is_done() {
    let fake = instance("oss");
    fake.always(&operations::PUSHES_CREATE, created(&not_kept()[0].0));
    fake.once(&operations::PUSHES_EXPIRE, FakeResponse::status(503));
    fake.once(&operations::PUSHES_EXPIRE, FakeResponse::status(502));
    fake.always(
        &operations::PUSHES_EXPIRE,
        FakeResponse::json(&json!({"url_token": TOKEN, "expired": true})),
    );
    let error = with_token(&fake)
        .pushes()
        .create(asked())
        .await
        .unwrap_err();
    assert_eq!(fate(&error), &Fate::Withdrawn);
    assert_eq!(fake.requests_of(&operations::PUSHES_EXPIRE).len(), 3);
}

#[tokio::test]
async fn a_push_as_requested_is_returned_and_its_debug_shows_no_secret() {
    let fake = instance("oss");
    let response = json!({
        "url_token": TOKEN, "expire_after_days": 1, "expire_after_views": 1, "passphrase": "umbrella",
        "html_url": "https://links.example.com/p/l1vet0ken/r", "json_url": "https://links.example.com/p/l1vet0ken/r.json",
        "deletable_by_viewer": null, "expired_on": null, "account_id": 12, "a new member": {},
    });
    fake.always(&operations::PUSHES_CREATE, created(&response));
    let push = with_token(&fake).pushes().create(asked()).await.unwrap();
    assert_eq!(push.token.expose(), TOKEN);
    assert_eq!(
        push.html_url.as_ref().unwrap().expose(),
        "https://links.example.com/p/l1vet0ken/r"
    );
    assert_eq!(Some(push.link()), push.html_url.as_ref());
    assert_eq!(push.account_id.as_deref(), Some("12"));
    let shown = format!("{push:?}");
    assert!(
        !shown.contains(TOKEN) && !shown.contains("umbrella"),
        "{shown}"
    );
    // The token is sent unchanged as the id.
    fake.always(&operations::PUSHES_EXPIRE, expired());
    with_token(&fake)
        .pushes()
        .expire(&push.token)
        .await
        .unwrap();
}

#[tokio::test]
async fn creating_is_not_repeated_once_it_may_have_been_executed() {
    for response in [
        FakeResponse::status(503),
        FakeResponse::status(500).body(r#"{"status":500,"error":"Internal Server Error"}"#),
        FakeResponse::status(201).body(r#"{"url_"#).cut(),
    ] {
        let fake = instance("oss");
        fake.always(&operations::PUSHES_CREATE, response);
        let error = with_token(&fake)
            .pushes()
            .create(NewPush::text("x"))
            .await
            .unwrap_err();
        assert_eq!(fake.requests().len(), 1, "{error}");
        let text = error.to_string();
        let unavailable = error.status().is_some_and(|status| status == 503);
        let says = match unavailable {
            true => "probably nothing was created",
            false => "may have been created",
        };
        assert!(text.contains(says), "{text}");
        assert_ne!(error.outcome(), Outcome::NotSent);
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_response_without_a_push_leaves_open_whether_one_was_created() {
    for (status, body) in [
        (201, "<html>"),
        (200, "<html><form action=\"/login\">"),
        (200, r#"{"message":"please log in"}"#),
        (200, "[]"),
        (204, ""),
    ] {
        let fake = instance("oss");
        let response = FakeResponse::status(status).body(body);
        fake.always(&operations::PUSHES_CREATE, response);
        let create = with_token(&fake).pushes().create(NewPush::text("x"));
        let error = create.await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("may have been created") || text.contains("may still be live"),
            "{status} {body}: {text}"
        );
        for certain in ["it was created", "is still live"] {
            assert!(!text.contains(certain), "{status} {body}: {text}");
        }
    }
}

#[tokio::test]
async fn a_refused_member_is_named_with_all_its_messages() {
    let fake = instance("oss");
    let body = r#"{"payload":["zu groß"],"notify_emails_to":["nicht verfügbar","doppelt"]}"#;
    fake.always(
        &operations::PUSHES_CREATE,
        FakeResponse::status(422).body(body),
    );
    let error = with_token(&fake)
        .pushes()
        .create(NewPush::text("x"))
        .await
        .unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(422));
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
        FakeResponse::status(201).body(r#"{"message":"Queued."}"#),
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
        (&[][..], "`addresses`: add at least one"),
        (&["a@example.com", "nobody"][..], "address 2"),
        (&["a@exämple.com"][..], "address 1"),
    ] {
        let error = notify(addresses).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    fake.once(
        &operations::PUSHES_NOTIFY,
        FakeResponse::status(429).body(r#"{"error":"Zu oft."}"#),
    );
    let error = notify(&["a@example.com"]).await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::NotifyLocked));
    assert_eq!(fake.requests_of(&operations::PUSHES_NOTIFY).len(), 2);
}

#[tokio::test]
async fn no_error_shows_quotes_of_a_push() {
    let quote = json!({
        "error": "Falsch: MARKED payload\n, t0ken\u{1b}[2J",
        "payload": ["MARKED payload\n", "MARKED%20phrase%22"],
        "passphrase": ["MARKED phrase\\\""],
    });
    for (status, files) in [(422, false), (422, true), (401, false), (429, false)] {
        let fake = instance("oss");
        let response = FakeResponse::status(status).body(quote.to_string());
        let response = response.header("x-request-id", "MARKED+phrase%22");
        fake.always(&operations::PUSHES_CREATE, response.clone());
        fake.always(&operations::PUSHES_SHOW, response);
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
