//! Who may do what, how often, and how refusals look.

mod support;

use http::Method;
use security_api_sandbox::{Fault, PasswordPusherEdition, PasswordPusherOptions};
use serde_json::{Value, json};
use support::pwpush::{Call, anonymous_push, at, create, edition, push, with};
use support::{Response, small};

fn is_empty_401(response: &Response) {
    assert_eq!((response.status, response.body.len()), (401, 0));
    assert_eq!(response.headers["content-type"], "text/html");
}

/// An operation of each kind that works without a token.
fn open_calls(token: &str) -> Vec<Call> {
    vec![
        create(json!({ "payload": "p" })),
        Call::get(&at(token)),
        Call::get(&at(&format!("{token}/preview"))),
        Call::delete(&at(token)),
    ]
}

/// Those that need one.
fn owners_calls(token: &str) -> Vec<Call> {
    let notify = at(&format!("{token}/notify_emails"));
    vec![
        Call::get(&at("active")),
        Call::get(&at("expired")),
        Call::get(&at(&format!("{token}/audit"))),
        Call::post(&notify, &json!({ "notify_emails_to": "a@example.com" })),
    ]
}

#[tokio::test]
async fn a_wrong_token_is_refused_even_where_none_is_needed() {
    let sandbox = small().await;
    let token = push(&sandbox, json!({ "payload": "p" })).await;
    let right = sandbox.password_pusher().token();
    let calls = || [open_calls(&token), owners_calls(&token)].concat();
    for (name, value) in [
        ("authorization", "Bearer wrong"),
        ("authorization", "Bearer "),
        ("authorization", ""),
        ("authorization", &right[1..]),
    ] {
        for call in calls() {
            is_empty_401(&call.header(name, value).to(&sandbox).await);
        }
    }
    // It wins over whether there is such a push.
    let nothing = Call::get(&at("nothing")).token("wrong");
    is_empty_401(&nothing.to(&sandbox).await);
    // Only the version does not care.
    let version = Call::get("/api/v2/version")
        .token("wrong")
        .to(&sandbox)
        .await;
    assert_eq!(version.status, 200);
}

#[tokio::test]
async fn a_token_is_taken_in_several_ways() {
    let sandbox = small().await;
    let token = sandbox.password_pusher().token();
    let call = || Call::get(&at("active"));
    for call in [
        call().token(token),
        call().header("authorization", token),
        call().header("authorization", &format!("Token  {token} ")),
    ] {
        assert_eq!(call.to(&sandbox).await.status, 200);
    }
    let other = call().token(token).header("x-user-token", token);
    let response = other.to(&sandbox).await;
    response.is_not_played("tokens in X-User-Token");
}

#[tokio::test]
async fn without_a_token_nothing_of_an_owner_is_shown() {
    let sandbox = small().await;
    let token = push(&sandbox, json!({ "payload": "p" })).await;
    for call in owners_calls(&token) {
        is_empty_401(&call.to(&sandbox).await);
    }
    for (call, status) in open_calls(&token).into_iter().zip([201, 200, 200, 200]) {
        assert_eq!(call.to(&sandbox).await.status, status);
    }
}

#[tokio::test]
async fn where_nobody_is_anonymous_only_the_version_is_public() {
    let sandbox = with(PasswordPusherOptions::default().anonymous(false)).await;
    let token = push(&sandbox, json!({ "payload": "p" })).await;
    for call in open_calls(&token) {
        is_empty_401(&call.to(&sandbox).await);
    }
    let version = Call::get("/api/v2/version").to(&sandbox).await;
    assert_eq!(version.json()["features"]["anonymous_access"], false);
}

#[tokio::test]
async fn a_push_of_somebody_else_is_forbidden_and_nobodys_is_everybodys_not() {
    let sandbox = small().await;
    let pusher = sandbox.password_pusher();
    let refusal = json!({ "error": "That push doesn't belong to you." });
    let owned = push(&sandbox, json!({ "payload": "p" })).await;
    let nobodys = anonymous_push(&sandbox, json!({ "payload": "p" })).await;
    for (token, caller) in [(&owned, pusher.other_token()), (&nobodys, pusher.token())] {
        for call in owners_calls(token).into_iter().skip(2) {
            let response = call.token(caller).to(&sandbox).await;
            assert_eq!((response.status, response.json()), (403, refusal.clone()));
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let sandbox = small().await;
    for call in [
        Call::get(&at("nothing")),
        Call::get(&at("nothing/preview")),
        Call::get(&at("nothing/audit")),
        Call::delete(&at("nothing")),
        Call::post(&at("nothing/notify_emails"), &json!({})),
    ] {
        let response = call.by_owner(&sandbox).await;
        assert_eq!(
            (response.status, response.json()),
            (404, json!({ "error": "not-found" }))
        );
    }
    for (method, path) in [
        (Method::GET, "/api/v2"),
        (Method::GET, "/api/v2/pushes"),
        (Method::GET, "/api/v2/pushes/abc.xml"),
        (Method::GET, "/api/v2/pushes//audit"),
        (Method::GET, "/api/v2/pushes/abc/edit"),
        (Method::PATCH, "/api/v2/pushes/abc"),
        (Method::GET, "/api/v2/requests/open"),
        (Method::POST, "/api/v2/requests"),
        (Method::GET, "/api/v2/accounts"),
        (Method::GET, "/api/v2/workspaces"),
        (Method::GET, "/elsewhere"),
    ] {
        let call = Call::new(method, path);
        let response = call.clone().by_owner(&sandbox).await;
        let body = json!({ "status": 404, "error": "Not Found" });
        assert_eq!((response.status, response.json()), (404, body), "{path}");
        let page = call.header("accept", "text/html").to(&sandbox).await;
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    }
}

#[tokio::test]
async fn a_path_that_is_no_text_is_a_bad_request_where_there_is_a_route() {
    let sandbox = small().await;
    for (path, status) in [(at("%ff"), 400), ("/api/v2/other/%ff".to_owned(), 404)] {
        let response = Call::get(&path).to(&sandbox).await;
        assert_eq!(response.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_second_factor_can_be_asked_of_everybody() {
    let sandbox = with(PasswordPusherOptions::default().mfa(true)).await;
    let text = "Two-factor authentication is required. Please set it up to continue.";
    for path in [
        "/api/v2/version",
        "/api/v2/pushes/active",
        "/api/v2/pushes/nothing",
    ] {
        let response = Call::get(path).by_owner(&sandbox).await;
        assert_eq!(
            (response.status, response.json()),
            (403, json!({ "error": text })),
            "{path}"
        );
    }
    assert_eq!(
        create(json!({ "payload": "p" })).to(&sandbox).await.status,
        201
    );
}

#[tokio::test]
async fn a_fresh_server_sends_everybody_to_its_first_page() {
    let sandbox = edition(PasswordPusherEdition::Fresh).await;
    let base_url = sandbox.password_pusher().base_url();
    for call in [
        Call::get("/api/v2/version"),
        create(json!({ "payload": "p" })),
        Call::get(&at("x")),
    ] {
        let response = call.clone().to(&sandbox).await;
        assert_eq!(response.status, 302);
        assert_eq!(
            response.headers["location"],
            format!("{base_url}/first_run")
        );
        assert_eq!(response.headers["content-type"], "text/html; charset=utf-8");
    }
    let response = Call::delete(&at("x?locale=en")).to(&sandbox).await;
    let location = format!("{base_url}/first_run?locale=en");
    assert_eq!(response.headers["location"], location);
    is_empty_401(&create(json!({ "payload": "p" })).by_owner(&sandbox).await);
}

#[tokio::test]
async fn versions_tell_editions_apart() {
    for (known, name, api_version, requests) in [
        (
            PasswordPusherEdition::OpenSource,
            "oss",
            "2.1",
            json!({ "enabled": false }),
        ),
        (
            PasswordPusherEdition::OpenSource24,
            "oss",
            "2.0",
            Value::Null,
        ),
        (
            PasswordPusherEdition::Hosted,
            "commercial",
            "2.1",
            json!({ "enabled": true, "email_auto_dispatch": true }),
        ),
    ] {
        let sandbox = edition(known).await;
        let version = Call::get("/api/v2/version").to(&sandbox).await.json();
        assert_eq!(version["edition"], name);
        assert_eq!(version["api_version"], api_version);
        assert_eq!(version["features"]["requests"], requests, "{known:?}");
    }
    let sandbox = edition(PasswordPusherEdition::V1Only).await;
    assert_eq!(Call::get("/api/v2/version").to(&sandbox).await.status, 404);
}

#[tokio::test]
async fn an_address_that_was_moved_from_sends_everything_on() {
    let sandbox = edition(PasswordPusherEdition::HostedMoved).await;
    let base_url = sandbox.password_pusher().base_url();
    let elsewhere = base_url.replace("127.0.0.1", "localhost");
    let response = create(json!({ "payload": "p" })).by_owner(&sandbox).await;
    assert_eq!((response.status, response.body.len()), (301, 0));
    assert_eq!(
        response.headers["location"],
        format!("{elsewhere}/api/v2/pushes")
    );
    assert_eq!(sandbox.password_pusher().pushes(), 0);
    let there = create(json!({ "payload": "p" })).header("host", &elsewhere["http://".len()..]);
    assert_eq!(there.by_owner(&sandbox).await.status, 201);
}

#[tokio::test]
async fn messages_are_in_the_callers_language_and_some_are_not() {
    let sandbox = small().await;
    let token = anonymous_push(&sandbox, json!({ "payload": "p", "passphrase": "x" })).await;
    let audit = at(&format!("{token}/audit"));
    let english = json!({ "error": "That push doesn't belong to you." });
    for (query, accepted, is_english) in [
        ("", "", true),
        ("?locale=fr", "", false),
        ("?locale=en", "fr", true),
        ("?locale=xx", "fr-CA;q=0.9", false),
        ("", "xx, fr;q=0.8, en;q=0.5", false),
        ("", "en-GB, fr;q=0.8", true),
    ] {
        let call = Call::get(&format!("{audit}{query}")).header("accept-language", accepted);
        let response = call.by_owner(&sandbox).await;
        assert_eq!(response.status, 403);
        assert_eq!(response.json() == english, is_english, "{query} {accepted}");
    }
    let french = |call: Call| call.header("accept-language", "fr").to(&sandbox);
    let blank = french(create(json!({ "payload": "" }))).await.json();
    assert_eq!(blank, json!({ "payload": ["Le contenu est requis."] }));
    let locked = french(Call::get(&at(&token))).await.json();
    assert_eq!(locked["error"], "That passphrase is incorrect.");
    let nothing = french(Call::get(&at("nothing"))).await.json();
    assert_eq!(nothing, json!({ "error": "not-found" }));
}

#[tokio::test]
async fn faults_look_like_the_service() {
    let sandbox = small().await;
    for (status, kind, body) in [
        (401, "text/html", ""),
        (
            404,
            "application/json; charset=utf-8",
            r#"{"error":"not-found"}"#,
        ),
        (429, "text/plain", "Retry later\n"),
        (
            503,
            "application/json; charset=utf-8",
            r#"{"status":503,"error":"Service Unavailable"}"#,
        ),
    ] {
        sandbox.faults().queue(Fault::status(status));
        let response = create(json!({ "payload": "p" })).to(&sandbox).await;
        assert_eq!(
            (response.status, &response.body[..]),
            (status, body.as_bytes())
        );
        assert_eq!(response.headers["content-type"], kind);
    }
    assert_eq!(sandbox.password_pusher().pushes(), 0);
}

#[tokio::test]
async fn the_journal_shows_no_secret() {
    let sandbox = small().await;
    let pusher = sandbox.password_pusher();
    let fields = json!({ "payload": "the payload", "passphrase": "the passphrase" });
    let url_token = push(&sandbox, fields).await;
    let query = at(&format!("{url_token}?passphrase=the%20passphrase&page=2"));
    Call::get(&query).by_owner(&sandbox).await;
    Call::get(&at("active"))
        .token("wrong-token")
        .to(&sandbox)
        .await;
    Call::get(&format!(
        "/p/{url_token}.json?push%5Bpayload%5D=the+payload"
    ))
    .to(&sandbox)
    .await;

    let entries = sandbox.journal().entries();
    assert!(
        entries
            .iter()
            .all(|entry| entry.service == "password-pusher")
    );
    assert_eq!(entries[0].headers["authorization"], "Bearer [token]");
    assert_eq!(entries[1].path, at(&url_token));
    assert_eq!(entries[2].headers["authorization"], "Bearer wrong-token");
    let text = format!("{sandbox:?} {pusher:?} {entries:?}");
    for secret in [
        pusher.token(),
        "the payload",
        "the%20pass",
        "the+pay",
        "wrong-token",
        &url_token,
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
    for shown in [
        "/api/v2/pushes/[token]",
        "/api/v2/pushes/active",
        "/p/[token].json",
        "page",
    ] {
        assert!(text.contains(shown), "{shown}");
    }
}
