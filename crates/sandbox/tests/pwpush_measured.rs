//! What was measured on the real server 2.11.4, one request for each.

mod support;

use http::Method;
use security_api_sandbox::Sandbox;
use serde_json::{Value, json};
use support::pwpush::{BOUNDARY, Call, at, create, form, made, push, push_form, read};
use support::{Response, small};

const BROKEN: u16 = 500;

/// Creates a push with this member besides its text, as the owner or as nobody.
async fn with(sandbox: &Sandbox, member: &str, value: Value, is_owner: bool) -> Response {
    let mut fields = json!({ "payload": "p" });
    fields[member] = value;
    match is_owner {
        true => create(fields).by_owner(sandbox).await,
        false => create(fields).to(sandbox).await,
    }
}

#[tokio::test]
async fn a_member_of_another_type_is_taken_as_rails_takes_it() {
    let sandbox = small().await;
    for (member, value, is_owner, status) in [
        ("files", json!(null), false, 201),
        ("files", json!("x"), false, 201),
        ("files", json!(["x"]), false, 401),
        ("files", json!(["x"]), true, BROKEN),
        ("kind", json!("0"), false, 422),
        ("expire_after_days", json!(true), false, 201),
        ("retrieval_step", json!(1.0), false, 201),
        ("retrieval_step", json!([true]), false, 201),
        ("notify_emails_to_locale", json!("cy"), true, 201),
        ("notify_emails_to_locale", json!("ga"), true, 201),
        ("notify_emails_to_locale", json!("xx"), true, 422),
    ] {
        let shown = format!("{member} {value}");
        let response = with(&sandbox, member, value, is_owner).await;
        assert_eq!(response.status, status, "{shown}: {:?}", response.body);
    }
}

#[tokio::test]
async fn a_push_that_is_no_object_breaks_the_server_and_a_blank_one_is_missing() {
    let sandbox = small().await;
    for (push, status) in [
        (json!("x"), BROKEN),
        (json!([1]), BROKEN),
        (json!(true), BROKEN),
        (json!(false), BROKEN),
        (json!(""), 400),
        (json!([]), 400),
        (json!(null), 400),
        // Rails takes the nulls out of a list.
        (json!([null]), 400),
        (json!([""]), BROKEN),
        (json!(" "), 400),
    ] {
        let body = json!({ "push": push });
        let response = Call::post("/api/v2/pushes", &body).to(&sandbox).await;
        assert_eq!(response.status, status, "{body}");
        if status == BROKEN {
            let broken = json!({ "status": 500, "error": "Internal Server Error" });
            assert_eq!(response.json(), broken, "{body}");
        }
    }
    for (part, status) in [
        ("name=\"push[]\"", BROKEN),
        ("name=\"push\"", BROKEN),
        ("name=\"other\"", 400),
    ] {
        let response = push_form(&sandbox, &[(part, b"x")]).await;
        assert_eq!(response.status, status, "{part}");
    }
}

#[tokio::test]
async fn flags_and_numbers_are_what_rails_makes_of_them() {
    let sandbox = small().await;
    for (value, on) in [
        (json!(1.0), false),
        (json!([true]), true),
        // What is no single value is as good as absent.
        (json!([false]), true),
        (json!(1), true),
        (json!(2), false),
        (json!("1"), true),
        (json!("on"), true),
        (json!("TRUE"), true),
        (json!("0"), false),
        (json!(""), false),
    ] {
        let response = with(&sandbox, "retrieval_step", value.clone(), false).await;
        assert_eq!(response.json()["retrieval_step"], on, "{value}");
    }
    for (value, days) in [(json!(true), 1), (json!(false), 7)] {
        let response = with(&sandbox, "expire_after_days", value.clone(), false).await;
        assert_eq!(response.json()["expire_after_days"], days, "{value}");
    }
    let response = with(&sandbox, "kind", json!("0"), false).await;
    let unknown = json!({ "kind": ["is not within the available options"] });
    assert_eq!((response.status, response.json()), (422, unknown));
}

#[tokio::test]
async fn a_page_is_what_ruby_takes_for_a_number() {
    let sandbox = small().await;
    for _ in 0..51 {
        push(&sandbox, json!({ "payload": "p" })).await;
    }
    for (page, count) in [
        ("08", None),
        ("010", Some(0)),
        ("02", Some(1)),
        ("0x1", Some(50)),
        ("0X2", Some(1)),
        ("0b10", Some(1)),
        ("0o2", Some(1)),
        ("0d2", Some(1)),
        ("1_0", Some(0)),
        ("0_2", Some(1)),
        ("%202%0A", Some(1)),
        ("%2B2", Some(1)),
        ("-1", Some(50)),
        ("-99999999999999999999", Some(50)),
        ("0", Some(50)),
        ("200", Some(0)),
        ("0310", Some(0)),
        ("0311", None),
        ("201", None),
        ("99999999999999999999", None),
        ("1__0", None),
        ("_1", None),
        ("1_", None),
        ("0_", None),
        ("0x", None),
        ("0x_1", None),
        ("%2B-1", None),
        ("0x-1", None),
        ("1.0", None),
        ("two", None),
        ("", None),
    ] {
        let path = at(&format!("active?page={page}"));
        let response = Call::get(&path).by_owner(&sandbox).await;
        let status = count.map_or(400, |_| 200);
        assert_eq!(response.status, status, "{page}: {:?}", response.body);
        if let Some(count) = count {
            let list = response.json();
            assert_eq!(list.as_array().map(Vec::len), Some(count), "{page}");
        }
    }
}

#[tokio::test]
async fn what_is_sent_in_other_forms_is_refused_or_dropped() {
    let sandbox = small().await;
    let suffixed = Call::post(
        "/api/v2/pushes.json",
        &json!({ "push": { "payload": "p" } }),
    );
    let broken = Call::new(Method::POST, "/api/v2/pushes")
        .body(BOUNDARY, form(&[("name=\"push[payload]\"", b"\xff")]));
    let unknown = Call::get(&at("active")).token("wrong");
    for (call, status) in [(suffixed, 404), (broken, 400), (unknown, 401)] {
        let response = call.to(&sandbox).await;
        assert_eq!(response.status, status, "{:?}", response.body);
        if status == 401 {
            assert_eq!(response.headers["content-type"], "text/html");
        }
    }
    for url in [
        "https://",
        "http://",
        "https:",
        "https://a b",
        "https://a\n",
    ] {
        let response = create(json!({ "kind": "url", "payload": url }))
            .to(&sandbox)
            .await;
        assert_eq!(response.status, 422, "{url:?}");
    }
    let parts = [
        ("name=\"push[payload]\"", &b"p"[..]),
        ("name=\"push[files]\"; filename=\"a.txt\"", b"content"),
    ];
    let token = made(push_form(&sandbox, &parts).await);
    assert_eq!(read(&sandbox, &token).await["files"], json!([]));
    // So is a file whose name is lost, or whose header is too long.
    let long = "x".repeat(1500);
    for name in ["", "/", "//", "%2F", "%5C", "%2F%5C", &long] {
        let file = format!("name=\"push[files][]\"; filename=\"{name}\"");
        let token = made(push_form(&sandbox, &[parts[0], (&file, b"content")]).await);
        assert_eq!(read(&sandbox, &token).await["files"], json!([]), "{name}");
        let alone = push_form(&sandbox, &[(&file, b"content")]).await;
        assert_eq!(alone.status, 400, "{name}");
    }
    // A passphrase of blanks is not counted as a try.
    for _ in 0..7 {
        let path = at(&format!("{token}?passphrase=%20"));
        assert_eq!(Call::get(&path).by_owner(&sandbox).await.status, 200);
    }
}
