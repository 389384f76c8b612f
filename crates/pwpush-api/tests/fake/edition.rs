//! Detection of the edition, and the lifetimes that it supports.

use pwpush_api::types::Edition;
use pwpush_api::{ErrorKind, Expiry, FakeResponse, FakeTransport, NewPush, Reason, operations};
use serde_json::json;

use super::support::{anonymous, created, instance, shown, with_token};

#[tokio::test]
async fn no_token_means_no_authorization_header() {
    let fake = instance("oss");
    fake.always(
        &operations::PUSHES_CREATE,
        created(&json!({"url_token": "abc"})),
    );
    anonymous(&fake)
        .pushes()
        .create(NewPush::text("x"))
        .await
        .unwrap();
    with_token(&fake)
        .pushes()
        .create(NewPush::text("x"))
        .await
        .unwrap();
    let requests = fake.requests();
    assert!(!requests[0].headers.contains_key("authorization"));
    assert_eq!(requests[1].headers["authorization"], "Bearer t0ken");
    assert_eq!(
        requests[1].uri,
        "https://pwpush.example.com/pw/api/v2/pushes"
    );
}

#[tokio::test]
async fn the_edition_is_asked_once_without_the_token_however_many_ask() {
    let fake = instance("commercial");
    fake.always(
        &operations::PUSHES_CREATE,
        created(&json!({"url_token": "abc", "expire_after_duration": 3})),
    );
    let pwpush = with_token(&fake);
    let pushes = (0..20).map(|_| {
        let push = NewPush::text("x").expire_after(Expiry::hours(1));
        tokio::spawn(pwpush.pushes().create(push).into_future())
    });
    for push in pushes.collect::<Vec<_>>() {
        push.await.unwrap().unwrap();
    }
    let asked = fake.requests_of(&operations::INSTANCE_VERSION);
    assert_eq!(asked.len(), 1);
    assert!(!asked[0].headers.contains_key("authorization"));
    for request in fake.requests_of(&operations::PUSHES_CREATE) {
        assert_eq!(request.json()["push"]["expire_after_duration"], 3);
    }
}

#[tokio::test]
async fn a_push_without_a_lifetime_asks_for_nothing_else() {
    let fake = FakeTransport::new();
    fake.always(
        &operations::PUSHES_CREATE,
        created(&json!({"url_token": "abc"})),
    );
    with_token(&fake)
        .pushes()
        .create(NewPush::text("x"))
        .await
        .unwrap();
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test]
async fn an_hour_is_refused_by_the_open_source_edition_before_the_secret_is_sent() {
    let fake = instance("oss");
    let push = NewPush::text("x").expire_after(Expiry::hours(1));
    let error = with_token(&fake).pushes().create(push).await.unwrap_err();
    assert!(error.is_invalid());
    assert!(
        error.to_string().contains("its shortest is 1 day"),
        "{error}"
    );
    assert!(fake.requests_of(&operations::PUSHES_CREATE).is_empty());
}

#[tokio::test]
async fn an_edition_that_was_told_is_not_asked_for() {
    let fake = FakeTransport::new();
    fake.always(
        &operations::PUSHES_CREATE,
        created(&json!({"url_token": "abc", "expire_after_days": 7})),
    );
    let pwpush = with_token(&fake).assume_edition(Edition::Oss);
    assert_eq!(pwpush.edition().await.unwrap(), Edition::Oss);
    let push = NewPush::text("x").expire_after(Expiry::days(7));
    pwpush.clone().pushes().create(push).await.unwrap();
    let requests = fake.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].json()["push"]["expire_after_days"], 7);
}

#[tokio::test]
async fn an_edition_that_is_assumed_but_not_known_is_taken_for_neither() {
    let fake = FakeTransport::new();
    let pwpush = with_token(&fake).assume_edition(Edition::Unrecognized("gold".into()));
    let push = NewPush::text("x").expire_after(Expiry::days(1));
    let error = pwpush.pushes().create(push).await.unwrap_err();
    assert!(error.to_string().contains("`expire_after`"), "{error}");
    let push = pwpush.pushes().create(NewPush::text("x")).account_id("12");
    let error = push.await.unwrap_err();
    assert!(error.to_string().contains("`account_id`"), "{error}");
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn an_edition_that_is_not_clear_is_never_guessed() {
    let redirect = |status, to: &str| FakeResponse::status(status).header("location", to);
    let html = FakeResponse::status(200)
        .body("<html>")
        .header("content-type", "text/html");
    let moved = Reason::Moved {
        host: "eu.pwpush.com".to_owned(),
    };
    for (response, reason, says) in [
        (
            redirect(302, "https://pwpush.example.com/first_run"),
            Some(Reason::FirstRun),
            "has no user yet",
        ),
        (
            redirect(301, "https://eu.pwpush.com/api/v2/version"),
            Some(moved),
            "https://eu.pwpush.com",
        ),
        (
            FakeResponse::status(404).body("<html>"),
            Some(Reason::NoApiV2),
            "no Password Pusher API v2",
        ),
        (html, None, "HTML or XML"),
        (
            FakeResponse::json(&json!({"edition": "gold"})),
            None,
            "not known",
        ),
        (
            FakeResponse::json(&json!({"api_version": "2.0"})),
            None,
            "does not say",
        ),
    ] {
        let fake = FakeTransport::new();
        fake.once(&operations::INSTANCE_VERSION, response);
        let pwpush = with_token(&fake);
        let push = NewPush::text("x").expire_after(Expiry::days(1));
        let error = pwpush.pushes().create(push.clone()).await.unwrap_err();
        assert_eq!(Reason::of(&error), reason, "{error}");
        let text = error.to_string();
        assert!(text.contains(says), "{text}");
        assert!(text.contains("assume_edition"), "{text}");
        assert!(fake.requests_of(&operations::PUSHES_CREATE).is_empty());
        // A failure is not cached: the next call asks again.
        fake.once(
            &operations::INSTANCE_VERSION,
            FakeResponse::json(&json!({"edition": "oss"})),
        );
        fake.once(
            &operations::PUSHES_CREATE,
            created(&json!({"url_token": "abc", "expire_after_days": 1})),
        );
        pwpush.pushes().create(push).await.unwrap();
    }
}

#[tokio::test]
async fn an_account_is_refused_where_it_would_be_ignored() {
    let fake = instance("oss");
    let push = with_token(&fake)
        .pushes()
        .create(NewPush::text("x"))
        .account_id("12");
    let error = push.await.unwrap_err();
    assert!(error.to_string().contains("`account_id`"), "{error}");
    let fake = instance("commercial");
    fake.always(
        &operations::PUSHES_CREATE,
        created(&json!({"url_token": "abc", "account_id": 12})),
    );
    let push = with_token(&fake)
        .pushes()
        .create(NewPush::text("x"))
        .account_id("12");
    push.await.unwrap();
    let sent = &fake.requests_of(&operations::PUSHES_CREATE)[0];
    assert_eq!(sent.json()["account_id"], "12");
}

#[tokio::test]
async fn a_check_asks_for_the_version_and_with_a_token_for_the_last_page() {
    let fake = instance("oss");
    fake.always(&operations::PUSHES_ACTIVE, FakeResponse::json(&json!([])));
    with_token(&fake).check().await.unwrap();
    assert_eq!(
        fake.requests_of(&operations::PUSHES_ACTIVE)[0]
            .query("page")
            .as_deref(),
        Some("200")
    );
    anonymous(&fake).check().await.unwrap();
    assert_eq!(fake.requests_of(&operations::INSTANCE_VERSION).len(), 2);
    assert_eq!(fake.requests().len(), 3);
    fake.once(&operations::PUSHES_ACTIVE, FakeResponse::status(401));
    let error = with_token(&fake).check().await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::TokenRefused));
    assert!(!shown(&error).contains("t0ken"));
}

#[tokio::test]
async fn a_check_fails_on_a_server_that_is_not_password_pusher() {
    for body in [
        r#"{"message":"hello"}"#,
        r#"{"errors":[]}"#,
        r#"{"version":"2.11.4"}"#,
        r#"{"edition":"oss"}"#,
        r#"["2.11.4","2.1","oss"]"#,
        r#"{"application_version":"2.11.4","edition":"oss"}"#,
        r#"{"api_version":"2.1","edition":"oss"}"#,
        r#"{"application_version":"","api_version":"2.1","edition":"oss"}"#,
        r#"{"application_version":"2.11.4","api_version":" \t","edition":"oss"}"#,
        r#"{"application_version":null,"api_version":null,"edition":"foo"}"#,
        r#"{"application_version":"1","api_version":"2","edition":"foo","error":"no such host"}"#,
        r#"{"application_version":"1","api_version":"2","edition":"oss","success":false}"#,
        r#"{"application_version":"1","api_version":"2","status":"error"}"#,
        "[]",
        "{}",
        "null",
        "true",
        "",
        "<html></html>",
    ] {
        let fake = FakeTransport::new();
        let response = FakeResponse::status(200).body(body);
        fake.always(&operations::INSTANCE_VERSION, response.clone());
        fake.always(&operations::PUSHES_ACTIVE, response);
        for client in [with_token(&fake), anonymous(&fake)] {
            let error = client.check().await.unwrap_err();
            assert!(
                error.to_string().contains("instance.version"),
                "{body}: {error}"
            );
        }
    }
    for body in [r#"{"message":"hello"}"#, "null", "{}", "\"\"", "[null,[]]"] {
        let fake = instance("oss");
        fake.always(
            &operations::PUSHES_ACTIVE,
            FakeResponse::status(200).body(body),
        );
        assert!(with_token(&fake).check().await.is_err(), "{body}");
    }
}

#[tokio::test]
async fn a_check_passes_on_an_edition_that_is_not_known() {
    for body in [
        r#"{"application_version":"3.0","api_version":"2.2","edition":"foo"}"#,
        r#"{"application_version":"3.0","api_version":"2.2","error":null}"#,
    ] {
        let fake = FakeTransport::new();
        let response = FakeResponse::status(200).body(body);
        fake.always(&operations::INSTANCE_VERSION, response);
        anonymous(&fake).check().await.expect(body);
    }
}

#[tokio::test]
async fn an_edition_beside_a_failure_is_not_believed() {
    let fake = FakeTransport::new();
    let response = json!({
        "application_version": "2.11.4", "api_version": "2.1", "edition": "oss", "error": "not here",
    });
    fake.always(&operations::INSTANCE_VERSION, FakeResponse::json(&response));
    let error = with_token(&fake).edition().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert!(error.to_string().contains("reports a failure"), "{error}");
}

#[tokio::test]
async fn a_redirect_to_tls_on_the_same_address_is_not_taken_for_a_move() {
    for (status, location, reason) in [
        (
            301,
            "https://pwpush.example.com/pw/api/v2/version",
            Some(Reason::TlsForced),
        ),
        (
            307,
            "https://PWPUSH.example.com:443/pw/api/v2/version",
            Some(Reason::TlsForced),
        ),
        (
            301,
            "https://eu.pwpush.com/api/v2/version",
            Some(Reason::Moved {
                host: "eu.pwpush.com".to_owned(),
            }),
        ),
        (302, "https://pwpush.example.com/pw/users/sign_in", None),
        (
            301,
            "http://pwpush.example.com/pw",
            Some(Reason::Moved {
                host: "pwpush.example.com".to_owned(),
            }),
        ),
    ] {
        let fake = FakeTransport::new();
        fake.always(
            &operations::INSTANCE_VERSION,
            FakeResponse::status(status).header("location", location),
        );
        let error = anonymous(&fake).check().await.unwrap_err();
        assert_eq!(Reason::of(&error), reason, "{error}");
        if reason == Some(Reason::TlsForced) {
            assert!(error.to_string().contains("X-Forwarded-Proto"), "{error}");
        }
    }
}

/// Refusals that are recognized by their text are requested in English. The links of other responses keep their
/// language.
#[tokio::test]
async fn words_that_decide_are_asked_for_in_english() {
    let fake = instance("oss");
    let refusal = |text: &str| FakeResponse::status(403).body(json!({ "error": text }).to_string());
    let mfa = "Two-factor authentication is required. Please set it up to continue.";
    fake.always(&operations::PUSHES_AUDIT, refusal(mfa));
    fake.always(
        &operations::PUSHES_NOTIFY,
        refusal("That push doesn't belong to you."),
    );
    fake.always(&operations::PUSHES_ACTIVE, refusal("Zweiter Faktor."));
    fake.always(&operations::PUSHES_SHOW, refusal("Zweiter Faktor."));
    let pushes = with_token(&fake).pushes();
    let error = pushes.audit("abc").page().await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::MfaRequired));
    let error = pushes.notify("abc", ["a@example.com"]).await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::NotOwner));
    for error in [
        pushes.active().page().await.unwrap_err(),
        pushes.show("abc").await.unwrap_err(),
    ] {
        // The links of these responses keep their language, so the text may be in any.
        assert_eq!(Reason::of(&error), None);
        assert!(error.to_string().contains("Zweiter Faktor."), "{error}");
    }
    for operation in [&operations::PUSHES_AUDIT, &operations::PUSHES_NOTIFY] {
        let sent = &fake.requests_of(operation)[0];
        assert_eq!(sent.query("locale").as_deref(), Some("en"), "{}", sent.uri);
    }
    for operation in [&operations::PUSHES_ACTIVE, &operations::PUSHES_SHOW] {
        assert_eq!(fake.requests_of(operation)[0].query("locale"), None);
    }
}
