//! Compares what was created with the request.

use pwpush_api::http::Method;
use pwpush_api::{Expiry, FakeResponse, Fate, NewPush, NewRequest, NotAsAsked, Reason, operations};
use serde_json::{Value, json};

use super::support::{TOKEN, asked, created, expired, fate, instance, not_kept, shown, with_token};

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
