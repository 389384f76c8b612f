//! What an instance's operator can set.

mod support;

use std::time::Duration;

use http::Method;
use security_api_sandbox::{PasswordPusherOptions, PasswordPusherSettings, Sandbox};
use serde_json::json;
use support::pwpush::{BOUNDARY, Call, at, create, form, made, push, push_form, with};
use support::small;

fn options() -> PasswordPusherOptions {
    PasswordPusherOptions::default()
}

fn settings() -> PasswordPusherSettings {
    PasswordPusherSettings::default()
}

#[tokio::test]
async fn what_is_out_of_an_instances_bounds_becomes_its_default() {
    let lower = settings().days(1, 30, 10).views(1, 20, 8);
    let sandbox = with(options().settings(lower)).await;
    for (kind, days, views, kept) in [
        ("text", 30, 20, (30, 20)),
        ("text", 60, 50, (10, 8)),
        ("url", 60, 5, (10, 5)),
        ("qr", 31, 20, (10, 20)),
    ] {
        let fields = json!({
            "kind": kind, "payload": "https://a.b", "expire_after_days": days, "expire_after_views": views,
        });
        let made = create(fields).to(&sandbox).await.json();
        let found = (&made["expire_after_days"], &made["expire_after_views"]);
        assert_eq!(found, (&json!(kept.0), &json!(kept.1)), "{kind} {days}");
    }
}

#[tokio::test]
async fn what_is_switched_off_is_off_whatever_is_asked() {
    let off = settings().retrieval_step(false).deletable(false);
    let other = settings()
        .retrieval_step_default(false)
        .deletable_default(false);
    for (settings, asked, kept) in [
        (&off, Some(true), false),
        (&off, Some(false), false),
        (&other, Some(true), true),
        (&other, None, false),
    ] {
        let sandbox = with(options().settings(settings.clone())).await;
        let mut fields = json!({ "payload": "p" });
        if let Some(asked) = asked {
            fields["retrieval_step"] = json!(asked);
            fields["deletable_by_viewer"] = json!(asked);
        }
        let made = create(fields).to(&sandbox).await.json();
        assert_eq!(made["retrieval_step"], kept, "{asked:?}");
        assert_eq!(made["deletable_by_viewer"], kept, "{asked:?}");
        let link = made["html_url"].as_str().expect("a link");
        assert_eq!(link.ends_with("/r"), kept);
    }
}

#[tokio::test]
async fn kinds_can_be_switched_off() {
    let sandbox = with(options().files(false).urls(false).qr_codes(false)).await;
    for (kind, name) in [("file", "File"), ("url", "URL"), ("qr", "QR code")] {
        let fields = json!({ "kind": kind, "payload": "https://a.b" });
        let response = create(fields).by_owner(&sandbox).await;
        let body = json!({ "kind": [format!("{name} pushes are disabled.")] });
        assert_eq!((response.status, response.json()), (422, body));
    }
}

#[tokio::test]
async fn a_push_has_as_many_files_as_its_instance_takes() {
    let three = settings().max_files(3);
    let sandbox = with(options().settings(three)).await;
    let file = ("name=\"push[files][]\"; filename=\"a.txt\"", &b"x"[..]);
    let response = push_form(&sandbox, &[file; 4]).await;
    let body = json!({ "files": ["You can only attach up to 3 files per push."] });
    assert_eq!((response.status, response.json()), (422, body));
    made(push_form(&sandbox, &[file; 3]).await);
}

#[tokio::test]
async fn links_begin_as_the_operator_says() {
    let sandbox = with(options().links_begin_with("https://links.example.com")).await;
    let made = create(json!({ "payload": "p" })).to(&sandbox).await.json();
    let token = made["url_token"].as_str().expect("a token");
    let link = format!("https://links.example.com/p/{token}/r");
    assert_eq!(made["html_url"], link.as_str());
    let preview = Call::get(&at(&format!("{token}/preview"))).to(&sandbox);
    assert_eq!(preview.await.json()["url"], link.as_str());
}

#[tokio::test]
async fn other_hosts_are_blocked() {
    let builder = support::small_builder().allow_any_host(true);
    let options = options().allowed_host("pwpush.example.com");
    let sandbox = builder
        .password_pusher(options)
        .start()
        .await
        .expect("a sandbox");
    let version = || Call::get("/api/v2/version");
    let response = version().to(&sandbox).await;
    assert_eq!((response.status, response.body.len()), (403, 0));
    for host in ["pwpush.example.com:5100", "PwPush.example.com"] {
        let there = version().header("host", host);
        assert_eq!(there.to(&sandbox).await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn without_tls_everything_is_sent_to_the_same_by_tls() {
    let sandbox = with(options().forced_tls(true)).await;
    let host = sandbox.password_pusher().base_url()["http://".len()..].to_owned();
    for (method, status) in [
        (Method::GET, 301),
        (Method::POST, 308),
        (Method::DELETE, 308),
    ] {
        let response = Call::new(method, "/api/v2/pushes/abc?x=1")
            .to(&sandbox)
            .await;
        assert_eq!((response.status, response.body.len()), (status, 0));
        let expected = format!("https://{host}/api/v2/pushes/abc?x=1");
        assert_eq!(response.headers["location"], expected);
    }
}

#[tokio::test]
async fn what_a_proxy_was_asked_by_tls_is_served_with_links_by_tls() {
    let by_tls = |call: Call| call.header("x-forwarded-proto", "https");
    for forced in [true, false] {
        let sandbox = with(options().forced_tls(forced)).await;
        let host = &sandbox.password_pusher().base_url()["http://".len()..];
        let file = ("name=\"push[files][]\"; filename=\"a.txt\"", &b"x"[..]);
        let upload = Call::new(Method::POST, "/api/v2/pushes").body(BOUNDARY, form(&[file]));
        let made = by_tls(upload).by_owner(&sandbox).await.json();
        let token = made["url_token"].as_str().expect("a token");
        let link = format!("https://{host}/p/{token}/r");
        assert_eq!(made["html_url"], link.as_str());
        let preview = by_tls(Call::get(&at(&format!("{token}/preview"))));
        assert_eq!(preview.to(&sandbox).await.json()["url"], link.as_str());
        let shown = by_tls(Call::get(&at(token))).to(&sandbox).await.json();
        let file = shown["files"][0]["url"].as_str().expect("a URL");
        let path = file.strip_prefix(&format!("https://{host}"));
        let found = by_tls(Call::get(path.expect("a URL by TLS"))).to(&sandbox);
        let storage = &found.await.headers["location"];
        let begins = format!("https://{host}/pfb/disk/");
        assert!(storage.as_bytes().starts_with(begins.as_bytes()));
    }
}

#[tokio::test]
async fn a_gateway_has_no_api() {
    let sandbox = with(options().gateway(true)).await;
    for path in ["/api/v2/version", "/api/v2/pushes/active"] {
        assert_eq!(
            Call::get(path).by_owner(&sandbox).await.status,
            404,
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_unconfirmed_user_is_refused_in_the_instances_language() {
    let sandbox = with(options().unconfirmed(true)).await;
    let text = "You have to confirm your email address before continuing.";
    for call in [
        Call::get(&at("active?locale=fr")),
        Call::get(&at("nothing")),
        Call::delete(&at("nothing")),
        create(json!({ "payload": "p" })),
    ] {
        let response = call.by_owner(&sandbox).await;
        assert_eq!(
            (response.status, response.json()),
            (401, json!({ "error": text }))
        );
    }
    assert_eq!(
        create(json!({ "payload": "p" })).to(&sandbox).await.status,
        201
    );
    let sandbox = with(options().unconfirmed(true).default_locale("fr")).await;
    let response = Call::get(&at("active")).by_owner(&sandbox).await;
    assert!(
        response.json()["error"]
            .as_str()
            .is_some_and(|text| text.starts_with("Vous"))
    );
}

#[tokio::test]
async fn a_users_language_goes_before_the_programs_and_behind_the_querys() {
    let french = "Ce push ne vous appartient pas.";
    let english = "That push doesn't belong to you.";
    let refusal = async |sandbox: &Sandbox, query: &str, accepted: &str| {
        let token = made(create(json!({ "payload": "p" })).to(sandbox).await);
        let path = at(&format!("{token}/audit{query}"));
        let call = Call::get(&path).header("accept-language", accepted);
        call.by_owner(sandbox).await.json()["error"].clone()
    };
    let sandbox = with(options().user_language("fr")).await;
    assert_eq!(refusal(&sandbox, "", "en").await, french);
    assert_eq!(refusal(&sandbox, "?locale=en", "fr").await, english);
    let sandbox = with(options().default_locale("fr")).await;
    assert_eq!(refusal(&sandbox, "", "xx").await, french);
    assert_eq!(refusal(&sandbox, "", "en").await, english);
}

#[tokio::test]
async fn mail_can_be_switched_off_and_fail() {
    let notify = async |sandbox: &Sandbox| {
        let token = push(sandbox, json!({ "payload": "p" })).await;
        let path = at(&format!("{token}/notify_emails"));
        let call = Call::post(&path, &json!({ "notify_emails_to": "a@example.com" }));
        (call.by_owner(sandbox).await.status, token)
    };
    let sandbox = with(options().notifications(false)).await;
    assert_eq!(notify(&sandbox).await.0, 404);
    let version = Call::get("/api/v2/version").to(&sandbox).await.json();
    assert_eq!(version["features"]["pushes"]["email_auto_dispatch"], false);
    let sandbox = with(options().mail_fails(true)).await;
    let (status, token) = notify(&sandbox).await;
    assert_eq!(status, 201);
    sandbox.clock().advance(Duration::from_secs(5));
    let path = at(&format!("{token}/audit"));
    let audit = Call::get(&path).by_owner(&sandbox).await.json();
    let mail = &audit["logs"][1]["notify_by_email"];
    assert_eq!(mail["status"], "failed");
    assert!(mail["error_message"].is_string());
}

#[tokio::test]
async fn what_is_not_played_is_named() {
    let sandbox = small().await;
    for (method, path, what) in [
        (Method::POST, "/p.json", "the API v1"),
        (Method::GET, "/api/v1/version.json", "the API v1"),
        (Method::GET, "/api/v2/version.json", "paths with a suffix"),
        (Method::GET, "/up", "the page that says that it lives"),
        (Method::GET, "/p/active.json", "the API v1"),
        (Method::GET, "/p/fkwjfvhall92/preview.json", "the API v1"),
        (Method::GET, "/f/fkwjfvhall92.json", "the API v1"),
        (Method::GET, "/p/fkwjfvhall92", "the pages"),
        (Method::GET, "/p/fkwjfvhall92/r", "the pages"),
        (Method::GET, "/", "the pages"),
        (Method::GET, "/users/sign_in", "the pages"),
        (
            Method::POST,
            "/api/v2/generate/password",
            "the generator of passwords",
        ),
    ] {
        let response = Call::new(method, path).to(&sandbox).await;
        response.is_not_played(what);
    }
    for path in ["/p/fkwjfvhall92/r.json", "/elsewhere", "/api/v2/pushes"] {
        assert_eq!(Call::get(path).to(&sandbox).await.status, 404, "{path}");
    }
}
