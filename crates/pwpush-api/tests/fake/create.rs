//! Creates pushes, and compares them with the request.

use pwpush_api::http::Method;
use pwpush_api::{
    Bounds, Expiry, FakeResponse, Fate, NewPush, NewRequest, NotAsAsked, Outcome, PushKind, Reason,
    Upload, operations,
};
use serde_json::{Value, json};

use super::support::{anonymous, created, instance, shown, with_token};

const TOKEN: &str = "l1vet0ken";

fn asked() -> NewPush {
    NewPush::text("hunter2")
        .expire_after(Expiry::days(1))
        .views(1)
}

/// Returns responses that do not confirm the request, each with the expected error text.
fn not_kept() -> Vec<(Value, &'static str)> {
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

fn fate(error: &pwpush_api::Error) -> &Fate {
    NotAsAsked::of(error).expect("what became of it").fate()
}

fn expired() -> FakeResponse {
    FakeResponse::json(&json!({"url_token": TOKEN, "expired": true}))
}

#[tokio::test]
async fn a_secret_that_is_not_kept_as_asked_is_expired_again() {
    for (response, says) in not_kept() {
        let fake = instance("oss");
        fake.always(&operations::PUSHES_CREATE, created(&response));
        fake.always(&operations::PUSHES_EXPIRE, expired());
        let error = with_token(&fake)
            .pushes()
            .create(asked())
            .await
            .unwrap_err();
        assert_eq!(fate(&error), &Fate::Withdrawn, "{response}");
        assert_eq!(Reason::of(&error), None, "the service refused nothing");
        let text = error.to_string();
        assert!(
            text.contains(says) && text.contains("the push was expired at once: it is gone"),
            "{text}"
        );
        assert!(text.starts_with("pushes.create: "), "{text}");
        assert!(!shown(&error).contains(TOKEN) && !shown(&error).contains("hunter2"));
        assert!(!error.is_retryable());
        let expired = fake.requests_of(&operations::PUSHES_EXPIRE);
        assert_eq!(expired.len(), 1);
        assert_eq!(expired[0].method, Method::DELETE);
        assert!(expired[0].uri.path().ends_with(TOKEN));
    }
}

/// For each option that the server echoes: the request, the result, the error text, and whether it is less than asked.
#[tokio::test]
async fn every_option_that_is_echoed_is_compared_in_both_directions() {
    let text = || NewPush::text("hunter2");
    let all = json!({
        "url_token": TOKEN, "expire_after_days": 60, "expire_after_views": 50, "retrieval_step": true,
        "deletable_by_viewer": true, "passphrase": "umbrella", "name": "n", "note": "m",
        "notify_emails_to": "a@example.com, B@example.com", "notify_emails_to_locale": "fr",
    });
    let asked = text()
        .expire_after(Expiry::days(60))
        .views(50)
        .retrieval_step(true)
        .deletable_by_viewer(true)
        .passphrase("umbrella")
        .name("n")
        .note("m")
        .notify(["a@example.com", "b@example.com"])
        .notify_locale("fr");
    let off = || text().retrieval_step(false).deletable_by_viewer(false);
    for (push, member, kept, says, is_less) in [
        (
            &asked,
            "expire_after_days",
            json!(10),
            "`expire_after`: 10 days instead of 60 days",
            true,
        ),
        (
            &asked,
            "expire_after_days",
            json!(61),
            "`expire_after`: 61 days instead of 60 days",
            false,
        ),
        (
            &asked,
            "expire_after_views",
            json!(8),
            "`views`: 8 instead of 50",
            true,
        ),
        (
            &asked,
            "expire_after_views",
            json!(51),
            "`views`: 51 instead of 50",
            false,
        ),
        (
            &asked,
            "retrieval_step",
            json!(false),
            "`retrieval_step`: false instead of true",
            true,
        ),
        (
            &asked,
            "retrieval_step",
            json!(null),
            "`retrieval_step`: the response does not say",
            false,
        ),
        (
            &asked,
            "deletable_by_viewer",
            json!(false),
            "`deletable_by_viewer`: false instead of true",
            true,
        ),
        (
            &asked,
            "deletable_by_viewer",
            json!(null),
            "`deletable_by_viewer`: the response",
            false,
        ),
        (
            &off(),
            "retrieval_step",
            json!(true),
            "`retrieval_step`: true instead of false",
            false,
        ),
        (
            &off(),
            "deletable_by_viewer",
            json!(true),
            "`deletable_by_viewer`: true instead of false",
            false,
        ),
        (&asked, "passphrase", json!(""), "`passphrase`: none", false),
        (
            &asked,
            "passphrase",
            json!("other"),
            "`passphrase`: another one",
            false,
        ),
        (
            &asked,
            "passphrase",
            json!(null),
            "`passphrase`: the response does not say",
            false,
        ),
        (
            &asked,
            "name",
            json!("N"),
            "`name`: another text instead of the given one",
            false,
        ),
        (&asked, "note", json!(null), "`note`: none", false),
        (
            &asked,
            "notify_emails_to",
            json!(null),
            "`notify`: no mail",
            false,
        ),
        (
            &asked,
            "notify_emails_to",
            json!("a@example.com"),
            "`notify`: other addresses",
            false,
        ),
        (
            &asked,
            "notify_emails_to_locale",
            json!("en"),
            "`notify_locale`: en instead of fr",
            false,
        ),
        // A value that is not a language code could be a secret.
        (
            &asked,
            "notify_emails_to_locale",
            json!("hunter2"),
            "`notify_locale`: another language instead of fr",
            false,
        ),
    ] {
        let mut response = all.clone();
        if !std::ptr::eq(push, &asked) {
            response["retrieval_step"] = json!(false);
            response["deletable_by_viewer"] = json!(false);
        }
        let create = |response: &Value, or_less: bool| {
            let fake = instance("oss");
            fake.always(&operations::PUSHES_CREATE, created(response));
            fake.always(&operations::PUSHES_EXPIRE, expired());
            let create = with_token(&fake).pushes().create(push.clone());
            async move {
                match or_less {
                    true => create.or_less().await,
                    false => create.await,
                }
            }
        };
        let made = create(&response, false).await.unwrap();
        assert_eq!(made.less(), []);
        response[member] = kept;
        let error = create(&response, false).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(fate(&error), &Fate::Withdrawn);
        let difference = &NotAsAsked::of(&error).unwrap().differences()[0];
        assert_eq!(difference.is_less(), is_less, "{difference}");
        assert!(!shown(&error).contains("umbrella"), "{error:?}");
        assert!(!shown(&error).contains("@example.com"), "{error:?}");
        match create(&response, true).await {
            Ok(made) => assert!(
                is_less && made.less() == [difference.clone()],
                "{difference}"
            ),
            Err(error) => assert!(!is_less && error.to_string().contains(says), "{error}"),
        }
    }
}

#[tokio::test]
async fn an_option_that_is_always_echoed_is_not_kept_if_it_is_not_echoed() {
    let asked = || NewPush::text("hunter2").name("n").note("m");
    let all = json!({"url_token": TOKEN, "name": "n", "note": "m", "account_id": 12});
    for member in ["name", "note", "account_id"] {
        let mut response = all.clone();
        response.as_object_mut().unwrap().remove(member);
        let fake = instance("commercial");
        fake.always(&operations::PUSHES_CREATE, created(&response));
        fake.always(&operations::PUSHES_EXPIRE, expired());
        let create = with_token(&fake).pushes().create(asked());
        let error = create.account_id("12").or_less().await.unwrap_err();
        let says = format!("`{member}`: the response does not say");
        assert!(error.to_string().contains(&says), "{error}");
        assert_eq!(fate(&error), &Fate::Withdrawn);
    }
}

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
async fn less_is_not_accepted_where_something_else_is_more() {
    let fake = instance("oss");
    let response = json!({"url_token": TOKEN, "expire_after_days": 10, "expire_after_views": 80});
    fake.always(&operations::PUSHES_CREATE, created(&response));
    fake.always(&operations::PUSHES_EXPIRE, expired());
    let push = NewPush::text("x").expire_after(Expiry::days(60)).views(50);
    let create = with_token(&fake).pushes().create(push).or_less();
    let error = create.await.unwrap_err();
    assert_eq!(NotAsAsked::of(&error).unwrap().differences().len(), 2);
    assert_eq!(fate(&error), &Fate::Withdrawn);
}

#[tokio::test]
async fn a_request_that_is_not_kept_as_asked_is_closed_again() {
    let response = json!({
        "url_token": TOKEN, "close_after_duration": 12, "retrieval_step": false, "include_requestor": true,
        "response_file_attachments": false,
    });
    let new = NewRequest::new("The key, please.").close_after(Expiry::days(7));
    for (request, says) in [
        (new.clone(), None),
        (
            new.clone().close_after(Expiry::days(6)),
            Some("`close_after`: 7 days instead of 6 days"),
        ),
        (new.clone().retrieval_step(true), Some("`retrieval_step`")),
        (
            new.clone().include_requestor(false),
            Some("`include_requestor`"),
        ),
        (
            new.clone().response_file_attachments(true),
            Some("`response_file_attachments`"),
        ),
    ] {
        let fake = instance("commercial");
        fake.always(&operations::REQUESTS_CREATE, created(&response));
        let closed = json!({"url_token": TOKEN, "state": "closed"});
        fake.always(&operations::REQUESTS_CLOSE, FakeResponse::json(&closed));
        match (with_token(&fake).requests().create(request).await, says) {
            (Ok(made), None) => assert!(made.link().expose().ends_with("/p/l1nk/r")),
            (Err(error), Some(says)) => {
                assert!(error.to_string().contains(says), "{error}");
                assert_eq!(fate(&error), &Fate::Withdrawn);
            }
            (made, _) => panic!("{made:?} {says:?}"),
        }
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

#[tokio::test]
async fn a_passphrase_that_the_response_hides_is_kept_by_the_commercial_edition_only() {
    for (edition, passphrase, is_kept) in [
        ("commercial", json!(null), true),
        ("oss", json!(null), false),
        ("oss", json!("umbrella"), true),
    ] {
        let fake = instance(edition);
        let response = json!({"url_token": TOKEN, "passphrase": passphrase});
        fake.always(&operations::PUSHES_CREATE, created(&response));
        fake.always(&operations::PUSHES_EXPIRE, expired());
        let pushes = with_token(&fake).pushes();
        // Neither a lifetime nor an e-mail.
        let push = || NewPush::text("x").passphrase("umbrella");
        for _ in 0..2 {
            let result = pushes.create(push()).await;
            assert_eq!(result.is_ok(), is_kept, "{edition} {passphrase}");
            if let Err(error) = result {
                assert_eq!(fate(&error), &Fate::Withdrawn, "{error}");
            }
        }
        let asked = fake.requests_of(&operations::INSTANCE_VERSION);
        assert_eq!(asked.len(), 1, "{edition}");
    }
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
            "it is still live, revoke it with the token in `NotAsAsked`",
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
