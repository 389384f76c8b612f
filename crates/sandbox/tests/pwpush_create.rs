//! What becomes of the fields of a new push.

mod support;

use http::Method;
use security_api_sandbox::PasswordPusherEdition;
use serde_json::{Value, json};
use support::pwpush::{BOUNDARY, Call, create, edition, form, made, push_form, read};
use support::small;

#[tokio::test]
async fn numbers_out_of_bounds_become_the_default_without_a_word() {
    let sandbox = small().await;
    for (given, days, views) in [
        (json!(0), 7, 5),
        (json!(1), 1, 1),
        (json!(90), 90, 90),
        (json!(91), 7, 91),
        (json!(100), 7, 100),
        (json!(101), 7, 5),
        (json!(-1), 7, 5),
        (json!(1.9), 1, 1),
        (json!(1e30), 7, 5),
        (json!("3"), 3, 3),
        (json!("3abc"), 3, 3),
        (json!(" 3 "), 3, 3),
        (json!("3.9"), 3, 3),
        (json!("+3"), 3, 3),
        (json!("010"), 10, 10),
        (json!("1_0"), 10, 10),
        (json!("1__0"), 1, 1),
        (json!("_1"), 7, 5),
        (json!("0x3"), 7, 5),
        (json!("-3"), 7, 5),
        (json!("abc"), 7, 5),
        (json!(""), 7, 5),
        (json!("99999999999999999999"), 7, 5),
    ] {
        let fields = json!({
            "payload": "p", "expire_after_days": given, "expire_after_views": given,
        });
        let made = create(fields).to(&sandbox).await.json();
        assert_eq!(made["expire_after_days"], days, "{given}");
        assert_eq!(made["days_remaining"], days, "{given}");
        assert_eq!(made["expire_after_views"], views, "{given}");
    }
    let made = create(json!({ "payload": "p" })).to(&sandbox).await.json();
    assert_eq!(
        (&made["expire_after_days"], &made["expire_after_views"]),
        (&json!(7), &json!(5))
    );
}

#[tokio::test]
async fn switches_are_on_by_default() {
    let sandbox = small().await;
    for (given, on) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("false"), false),
    ] {
        let fields = json!({
            "payload": "p", "deletable_by_viewer": given, "retrieval_step": given,
        });
        let made = create(fields).to(&sandbox).await.json();
        assert_eq!(made["deletable_by_viewer"], on, "{given}");
        assert_eq!(made["retrieval_step"], on, "{given}");
        let url = made["html_url"].as_str().expect("a URL");
        assert_eq!(url.ends_with("/r"), on, "{given}");
    }
    let made = create(json!({ "payload": "p" })).to(&sandbox).await.json();
    assert_eq!(
        (&made["deletable_by_viewer"], &made["retrieval_step"]),
        (&json!(true), &json!(true))
    );
}

#[tokio::test]
async fn a_url_push_is_never_deletable_by_viewers() {
    let sandbox = small().await;
    let fields = json!({ "kind": "url", "payload": "https://a.b", "deletable_by_viewer": true });
    let made = create(fields).to(&sandbox).await.json();
    assert_eq!(made["deletable_by_viewer"], Value::Null);
    assert_eq!(made["retrieval_step"], true);
}

#[tokio::test]
async fn a_payload_has_to_fit_its_kind() {
    let sandbox = small().await;
    let required = "Payload is required.";
    let text = "The payload is too large.  You can only push up to 1048576 bytes.";
    let qr = "The QR code payload is too large.  You can only push up to 1024 bytes.";
    let url = "must be a valid HTTP or HTTPS URL.";
    for (kind, payload, refusal) in [
        ("text", String::new(), Some(required)),
        ("text", " \t\r\n".to_owned(), Some(required)),
        ("text", "é".repeat(1_048_576), None),
        ("text", "é".repeat(1_048_577), Some(text)),
        ("qr", " ".to_owned(), Some(required)),
        ("qr", "é".repeat(1024), None),
        ("qr", "é".repeat(1025), Some(qr)),
        ("url", String::new(), Some(required)),
        ("url", "example.com".to_owned(), Some(url)),
    ] {
        let shown: String = payload.chars().take(40).collect();
        let response = create(json!({ "kind": kind, "payload": payload }))
            .to(&sandbox)
            .await;
        match refusal {
            Some(message) => {
                let body = json!({ "payload": [message] });
                assert_eq!(
                    (response.status, response.json()),
                    (422, body),
                    "{kind} {shown:?}"
                );
            }
            None => {
                let token = made(response);
                assert_eq!(read(&sandbox, &token).await["payload"], payload.as_str());
            }
        }
    }
}

#[tokio::test]
async fn a_url_is_read_as_the_server_reads_it() {
    let sandbox = small().await;
    let status = async |url: &str| {
        let response = create(json!({ "kind": "url", "payload": url }));
        response.to(&sandbox).await.status
    };
    for url in [
        "https://example.com",
        "HTTPS://example.com/?a=b",
        "https:/x",
        "https:x",
        "https:///x",
        "https://example.com/a b",
        "https:a b",
        "https://example.com/a\nb",
        "https://é.fr/ü",
        "https://user:pw@host:80/x?y#z",
        "https://a b@host/",
        "https://[::1]/",
        "https://[::1",
        "https://host:/",
        "https://host:%38%30/",
        "https://host:99999/",
        "https://x|y",
        "http:80",
    ] {
        assert_eq!(status(url).await, 201, "{url:?}");
    }
    for url in [
        "x",
        "/x:y",
        "//example.com",
        "example.com",
        "ftp://example.com",
        "javascript:alert(1)",
        " https://example.com",
        "\nhttps://example.com",
        "1https://x",
        "https ://x",
        "https:",
        "https://",
        "https:?",
        "https:#x",
        "https://?x",
        "https://@",
        "https://:80",
        "https://user@",
        "https://host:port/",
        "https://exa mple.com",
        "https://example.com ",
        "https://example.com\n",
        "https://x\u{a0}y",
        "https://exa\\mple",
        "https://<>",
        "https://x\"",
        "https://[é]/",
    ] {
        assert_eq!(status(url).await, 422, "{url:?}");
    }
}

#[tokio::test]
async fn fields_that_are_not_known_are_ignored() {
    let sandbox = small().await;
    let body = json!({
        "push": { "payload": "p", "expire_after_duration": 0, "colour": "blue" },
        "account_id": "12",
    });
    let made = Call::post("/api/v2/pushes", &body)
        .to(&sandbox)
        .await
        .json();
    assert_eq!(made["expire_after_days"], 7);
    for absent in [
        "expire_after_duration",
        "expires_at",
        "expires_in",
        "account_id",
        "kind",
    ] {
        assert!(made.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn a_body_needs_its_push_and_has_to_be_readable() {
    let sandbox = small().await;
    let missing = json!({
        "error": "param is missing or the value is empty or invalid: push"
    });
    for body in [
        json!({}),
        json!([]),
        json!([{ "push": { "payload": "p" } }]),
        json!("push"),
        json!(null),
        json!({ "push": {} }),
        json!({ "request": {} }),
    ] {
        let response = Call::post("/api/v2/pushes", &body).to(&sandbox).await;
        assert_eq!(
            (response.status, response.json()),
            (400, missing.clone()),
            "{body}"
        );
    }
    let response = Call::new(Method::POST, "/api/v2/pushes").to(&sandbox).await;
    assert_eq!((response.status, response.json()), (400, missing));
    for fields in [json!({ "files": null }), json!({ "files": "x" })] {
        let response = create(fields.clone()).to(&sandbox).await;
        let required = json!({ "payload": ["Payload is required."] });
        assert_eq!(
            (response.status, response.json()),
            (422, required),
            "{fields}"
        );
    }
    let not_text = |name: &str| [name.as_bytes(), b"\xff"].concat();
    for call in [
        Call::new(Method::POST, "/api/v2/pushes").body("application/json", not_text("{")),
        Call::new(Method::POST, "/api/v2/pushes")
            .body(BOUNDARY, form(&[("name=\"push[payload]\"", b"\xff")])),
        Call::get("/api/v2/pushes/abc?passphrase=%ff"),
        // Rack takes no broken escapes.
        Call::get("/api/v2/pushes/abc?passphrase=%zz"),
    ] {
        assert_eq!(call.to(&sandbox).await.status, 400);
    }
    for (kind, body) in [
        ("application/json", "{\"push\":"),
        (BOUNDARY, "no form at all"),
    ] {
        let call = Call::new(Method::POST, "/api/v2/pushes").body(kind, body);
        let response = call.clone().to(&sandbox).await;
        let unreadable = json!({ "status": 400, "error": "Bad Request" });
        assert_eq!(
            (response.status, response.json()),
            (400, unreadable),
            "{body}"
        );
        let page = call.header("accept", "*/*").to(&sandbox).await;
        assert_eq!(page.status, 400);
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    }
}

#[tokio::test]
async fn a_push_in_the_query_replaces_that_of_the_body() {
    let sandbox = small().await;
    let body = json!({ "push": { "payload": "of the body", "note": "n" } });
    let sent = async |query: &str| {
        let path = format!("/api/v2/pushes?{query}");
        Call::post(&path, &body).by_owner(&sandbox).await
    };
    assert_eq!(sent("push[note]=q").await.status, 422);
    assert_eq!(sent("push=q").await.status, 500);
    assert_eq!(sent("push[]=q").await.status, 500);
    assert_eq!(sent("push[note]=q&push[]=q").await.status, 400);
    assert_eq!(sent("push[]=q&push[note]=q").await.status, 400);
    let made = sent("push[payload]=q").await.json();
    assert_eq!(made["note"], "");
    let twice = r#"{"push":{"note":"n"},"push":{"payload":"p"}}"#;
    let call = Call::new(Method::POST, "/api/v2/pushes").body("application/json", twice);
    assert_eq!(call.to(&sandbox).await.json()["note"], "");
}

#[tokio::test]
async fn json_is_what_rails_takes_for_it() {
    let sandbox = small().await;
    let of = |kind: &str| {
        let body = r#"{"push":{"payload":"p"}}"#;
        Call::new(Method::POST, "/api/v2/pushes").body(kind, body)
    };
    for kind in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "text/x-json",
        "application/jsonrequest",
    ] {
        assert_eq!(of(kind).to(&sandbox).await.status, 201, "{kind}");
    }
    for kind in [
        "application/json-patch+json",
        "application/jsonx",
        "application/vnd.api+json",
        "text/json",
        "text/plain",
        "",
    ] {
        let response = of(kind).to(&sandbox).await;
        response.is_not_played("bodies that are neither JSON nor multipart forms");
    }
}

#[tokio::test]
async fn what_clients_do_not_send_is_not_played() {
    let sandbox = small().await;
    let post = || Call::new(Method::POST, "/api/v2/pushes");
    let (bodies, names) = (
        "bodies that are neither JSON nor multipart forms",
        "names of fields and files in other forms",
    );
    let files = "files under other names";
    let file = ("name=\"push[file]\"; filename=\"a\"", &b"p"[..]);
    let text = ("name=\"push[files][]\"", &b"p"[..]);
    let mut calls = vec![
        (
            post().body("application/x-www-form-urlencoded", "push[payload]=p"),
            bodies,
        ),
        (
            post().body(BOUNDARY, form(&[("name=push[payload]", b"p")])),
            names,
        ),
        (post().body(BOUNDARY, form(&[file])), files),
        (
            post().body(BOUNDARY, form(&[text])),
            "lists, or objects in objects",
        ),
    ];
    let name = "push[name] with a value of that type";
    for (body, what) in [
        (
            json!({ "payload": "p" }),
            "payload outside of `push` and `request`",
        ),
        (
            json!({ "request": "p" }),
            "request outside of `push` and `request`",
        ),
        (
            json!({ "push": { "payload": "p", "kind": "secret" } }),
            "unknown kinds of pushes",
        ),
        (
            json!({ "push": { "payload": "p" }, "account_id": 1 }),
            "account_id outside of `push` and `request`",
        ),
        (json!({ "push": { "payload": "p", "name": true } }), name),
        (json!({ "push": { "payload": "p", "name": [] } }), name),
        (json!({ "push": { "payload": "p", "name": null } }), name),
        (json!({ "push": { "payload": "p", "name": 5 } }), name),
        (
            json!({ "push": { "payload": "p", "passphrase": 5 } }),
            "push[passphrase] with a value of that type",
        ),
        (
            json!({ "push": { "payload": "p" }, "other": { "a": "b" } }),
            "other outside of `push` and `request`",
        ),
        (
            json!({ "push": { "payload": "p" }, "other": {} }),
            "other outside of `push` and `request`",
        ),
        (
            json!({ "push": { "payload": "p", "files": [] } }),
            "push[files] with a value of that type",
        ),
    ] {
        calls.push((Call::post("/api/v2/pushes", &body), what));
    }
    let lists = "lists, or objects in objects";
    for query in [
        "page[]=1",
        "page[a]=1",
        "passphrase[]=x",
        "push[a][b]=1",
        "push[a",
    ] {
        let path = format!("/api/v2/pushes/active?{query}");
        calls.push((Call::get(&path), lists));
    }
    for (call, what) in calls {
        call.by_owner(&sandbox).await.is_not_played(what);
    }
}

#[tokio::test]
async fn files_make_a_file_push_unless_another_kind_is_named() {
    let sandbox = small().await;
    let file = (
        "name=\"push[files][]\"; filename=\"a.txt\"",
        &b"content"[..],
    );
    let inferred = push_form(&sandbox, &[file]).await;
    assert_eq!(inferred.status, 201, "{:?}", inferred.body);
    for absent in ["payload", "files", "kind"] {
        assert!(inferred.json().get(absent).is_none(), "{absent}");
    }
    let named = push_form(&sandbox, &[("name=\"push[kind]\"", b"text"), file]).await;
    let required = json!({ "payload": ["Payload is required."] });
    assert_eq!((named.status, named.json()), (422, required));
    let both = [
        ("name=\"push[payload]\"", &b"p"[..]),
        ("name=\"push[kind]\"", b"text"),
        file,
    ];
    let token = made(push_form(&sandbox, &both).await);
    let seen = read(&sandbox, &token).await;
    assert_eq!(
        (&seen["payload"], &seen["files"][0]["filename"]),
        (&json!("p"), &json!("a.txt"))
    );
}

#[tokio::test]
async fn eleven_files_are_one_too_many() {
    let sandbox = small().await;
    let file = (
        "name=\"push[files][]\"; filename=\"a.txt\"",
        &b"content"[..],
    );
    let response = push_form(&sandbox, &[file; 11]).await;
    let body = json!({ "files": ["You can only attach up to 10 files per push."] });
    assert_eq!((response.status, response.json()), (422, body));
    let token = made(push_form(&sandbox, &[file; 10]).await);
    let files = &read(&sandbox, &token).await["files"];
    assert_eq!(files.as_array().map(Vec::len), Some(10));
}

#[tokio::test]
async fn files_need_a_token() {
    let sandbox = small().await;
    let body = json!({ "error": "You need to sign in or sign up before continuing." });
    let response = create(json!({ "kind": "file" })).to(&sandbox).await;
    assert_eq!((response.status, response.json()), (401, body));
    let empty = create(json!({ "kind": "file" })).by_owner(&sandbox).await;
    assert_eq!(empty.status, 201);
}

#[tokio::test]
async fn a_blank_passphrase_protects_nothing() {
    let sandbox = small().await;
    for passphrase in ["", " ", "\u{a0}"] {
        let fields = json!({ "payload": "p", "passphrase": passphrase });
        let response = create(fields).to(&sandbox).await;
        assert_eq!(response.json()["passphrase"], passphrase);
        assert_eq!(read(&sandbox, &made(response)).await["payload"], "p");
    }
    let fields = json!({ "payload": "p", "passphrase": "x" });
    let token = made(create(fields).to(&sandbox).await);
    for blank in ["%20", "%C2%A0"].repeat(4) {
        let path = format!("/api/v2/pushes/{token}?passphrase={blank}");
        assert_eq!(Call::get(&path).to(&sandbox).await.status, 401);
    }
    let path = format!("/api/v2/pushes/{token}?passphrase=x");
    assert_eq!(Call::get(&path).to(&sandbox).await.status, 200);
}

#[tokio::test]
async fn the_hosted_edition_counts_in_steps_of_time() {
    let sandbox = edition(PasswordPusherEdition::Hosted).await;
    let (minute, day) = (60, 86_400);
    for (step, seconds) in [
        (0, 15 * minute),
        (1, 30 * minute),
        (2, 45 * minute),
        (3, 60 * minute),
        (4, 360 * minute),
        (5, 720 * minute),
        (6, day),
        (7, 2 * day),
        (8, 3 * day),
        (9, 4 * day),
        (10, 5 * day),
        (11, 6 * day),
        (12, 7 * day),
        (13, 14 * day),
        (14, 21 * day),
        (15, 30 * day),
        (16, 60 * day),
        (17, 90 * day),
    ] {
        let fields = json!({ "payload": "p", "expire_after_duration": step });
        let made = create(fields).by_owner(&sandbox).await.json();
        assert_eq!(made["expire_after_duration"], step);
        let left = made["expires_in"].as_i64().expect("seconds");
        assert_eq!(left, seconds, "{step}");
        assert!(made["expires_at"].as_str() > made["created_at"].as_str());
        assert!(made["account_id"].is_u64());
    }
    for (fields, step) in [
        (json!({ "payload": "p" }), 12),
        (json!({ "payload": "p", "expire_after_duration": "3" }), 3),
        (json!({ "payload": "p", "expire_after_days": 2 }), 7),
        (json!({ "payload": "p", "expire_after_days": 90 }), 17),
    ] {
        let made = create(fields.clone()).by_owner(&sandbox).await.json();
        assert_eq!(made["expire_after_duration"], step, "{fields}");
    }
    let fields = json!({ "payload": "p", "expire_after_duration": 0 });
    let token = made(create(fields).by_owner(&sandbox).await);
    sandbox
        .clock()
        .advance(std::time::Duration::from_secs(14 * 60));
    assert_eq!(read(&sandbox, &token).await["payload"], "p");
    sandbox.clock().advance(std::time::Duration::from_secs(60));
    assert_eq!(read(&sandbox, &token).await["payload"], Value::Null);
}
