//! Requests and accounts, which only the hosted edition has.

mod support;

use std::time::Duration;

use http::Method;
use security_api_sandbox::{PasswordPusherEdition, PasswordPusherOptions, Sandbox};
use serde_json::{Value, json};
use support::Response;
use support::pwpush::{BOUNDARY, Call, at, create, edition, form, made, members, with};

async fn hosted() -> Sandbox {
    edition(PasswordPusherEdition::Hosted).await
}

fn ask(fields: Value) -> Call {
    Call::post("/api/v2/requests", &json!({ "request": fields }))
}

async fn request(sandbox: &Sandbox, fields: Value) -> String {
    made(ask(fields).by_owner(sandbox).await)
}

fn path(rest: &str) -> String {
    format!("/api/v2/requests/{rest}")
}

fn respond(token: &str, response: &str) -> Call {
    let body = json!({ "request": { "response": response } });
    Call::new(Method::PATCH, &path(&format!("{token}/respond"))).json(&body)
}

/// In which lists it is.
async fn lists(sandbox: &Sandbox, token: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    for list in ["active", "open", "ready", "closed"] {
        let response = Call::get(&path(list)).by_owner(sandbox).await.json();
        let rows = response.as_array().expect("a list");
        if rows.iter().any(|row| row["url_token"] == token) {
            found.push(list);
        }
    }
    found
}

const STATE: [&str; 13] = [
    "close_after_at",
    "close_after_duration",
    "created_at",
    "days_remaining",
    "html_url",
    "include_requestor",
    "json_url",
    "passphrase",
    "response_file_attachments",
    "retrieval_step",
    "state",
    "updated_at",
    "url_token",
];

fn with_members<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut all = STATE.to_vec();
    all.extend(more);
    all.sort_unstable();
    all
}

#[tokio::test]
async fn a_request_is_open_then_ready_then_closed() {
    let sandbox = hosted().await;
    let made = ask(json!({ "request": "the key?", "name": "n", "close_after_duration": 6 }));
    let made = made.by_owner(&sandbox).await.json();
    assert_eq!(
        members(&made),
        with_members(&["account_id", "name", "note"])
    );
    assert_eq!(
        (&made["state"], &made["close_after_duration"]),
        (&json!("open"), &json!(6))
    );
    let token = made["url_token"].as_str().expect("a token");
    assert_eq!(lists(&sandbox, token).await, ["active", "open"]);

    let answered = respond(token, "4711").to(&sandbox).await;
    assert_eq!(answered.status, 200);
    assert_eq!(members(&answered.json()), STATE);
    assert_eq!(lists(&sandbox, token).await, ["active", "ready"]);

    let seen = Call::get(&path(token)).by_owner(&sandbox).await.json();
    assert_eq!(
        members(&seen),
        with_members(&["files", "request", "response"])
    );
    assert_eq!(
        (&seen["request"], &seen["response"]),
        (&json!("the key?"), &json!("4711"))
    );
    let seen = Call::get(&path(token)).to(&sandbox).await.json();
    assert_eq!(
        (&seen["request"], &seen["response"]),
        (&json!("the key?"), &Value::Null)
    );

    let closed = Call::delete(&path(token)).by_owner(&sandbox).await;
    assert_eq!(
        (closed.status, &closed.json()["state"]),
        (200, &json!("closed"))
    );
    assert_eq!(lists(&sandbox, token).await, ["closed"]);
    let seen = Call::get(&path(token)).by_owner(&sandbox).await.json();
    assert_eq!(
        (&seen["request"], &seen["response"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        Call::delete(&path(token)).by_owner(&sandbox).await.status,
        200
    );

    let audit = Call::get(&path(&format!("{token}/audit")))
        .by_owner(&sandbox)
        .await
        .json();
    let kinds: Vec<_> = audit["logs"]
        .as_array()
        .expect("logs")
        .iter()
        .map(|log| &log["kind"])
        .collect();
    assert_eq!(
        kinds,
        [
            "creation",
            "edit",
            "owner_view",
            "view",
            "expire",
            "failed_view"
        ]
    );
}

#[tokio::test]
async fn a_request_closes_when_its_time_is_up() {
    let sandbox = hosted().await;
    let token = request(
        &sandbox,
        json!({ "request": "r", "close_after_duration": 0 }),
    )
    .await;
    sandbox.clock().advance(Duration::from_secs(15 * 60));
    assert_eq!(lists(&sandbox, &token).await, ["closed"]);
    let late = respond(&token, "4711").to(&sandbox).await;
    assert_eq!((late.status, members(&late.json())), (422, vec!["base"]));
}

fn status_and_fields(response: &Response) -> (u16, Vec<String>) {
    let json = response.json();
    let fields = members(&json).into_iter().map(str::to_owned);
    (response.status, fields.collect())
}

#[tokio::test]
async fn a_request_and_its_response_have_to_say_something() {
    let sandbox = hosted().await;
    for (call, field) in [
        (ask(json!({ "name": "n" })), "request"),
        (ask(json!({ "request": " " })), "request"),
    ] {
        let response = call.by_owner(&sandbox).await;
        assert_eq!(status_and_fields(&response), (422, vec![field.to_owned()]));
    }
    let missing = Call::post("/api/v2/requests", &json!({}))
        .by_owner(&sandbox)
        .await;
    assert_eq!(missing.status, 400);
    let token = request(&sandbox, json!({ "request": "r" })).await;
    let blank = respond(&token, "").to(&sandbox).await;
    assert_eq!(
        status_and_fields(&blank),
        (422, vec!["response".to_owned()])
    );
    assert_eq!(lists(&sandbox, &token).await, ["active", "open"]);
    assert_eq!(respond(&token, "once").to(&sandbox).await.status, 200);
    let again = respond(&token, "twice").to(&sandbox).await;
    assert_eq!(status_and_fields(&again), (422, vec!["base".to_owned()]));
}

#[tokio::test]
async fn files_go_both_ways() {
    let sandbox = hosted().await;
    let file = (
        "name=\"request[files][]\"; filename=\"a.txt\"",
        &b"content"[..],
    );
    let asked = Call::new(Method::POST, "/api/v2/requests").body(
        BOUNDARY,
        form(&[
            ("name=\"request[request]\"", b"sign this"),
            ("name=\"request[response_file_attachments]\"", b"true"),
            file,
        ]),
    );
    let token = made(asked.by_owner(&sandbox).await);
    let response = |token: &str| {
        Call::new(Method::PATCH, &path(&format!("{token}/respond"))).body(BOUNDARY, form(&[file]))
    };
    assert_eq!(response(&token).to(&sandbox).await.status, 200);
    let seen = Call::get(&path(&token)).by_owner(&sandbox).await.json();
    assert_eq!(seen["files"].as_array().map(Vec::len), Some(2));
    let seen = Call::get(&path(&token)).to(&sandbox).await.json();
    assert_eq!(seen["files"].as_array().map(Vec::len), Some(1));
    let without = request(&sandbox, json!({ "request": "r" })).await;
    let refused = response(&without).to(&sandbox).await;
    assert_eq!(status_and_fields(&refused), (422, vec!["files".to_owned()]));
}

#[tokio::test]
async fn a_request_is_its_owners_and_may_have_a_passphrase() {
    let sandbox = hosted().await;
    let other = sandbox.password_pusher().other_token();
    let token = request(&sandbox, json!({ "request": "r", "passphrase": "x" })).await;
    assert_eq!(Call::get(&path(&token)).to(&sandbox).await.status, 401);
    assert_eq!(respond(&token, "4711").to(&sandbox).await.status, 401);
    let right = Call::get(&path(&format!("{token}?passphrase=x")))
        .to(&sandbox)
        .await;
    assert_eq!(right.json()["request"], "r");
    let base_url = sandbox.password_pusher().base_url();
    let preview = Call::get(&path(&format!("{token}/preview")))
        .to(&sandbox)
        .await
        .json();
    assert_eq!(preview["url"], format!("{base_url}/requests/{token}/r"));
    for call in [
        Call::get(&path(&format!("{token}/audit"))),
        Call::delete(&path(&token)),
    ] {
        assert_eq!(call.clone().token(other).to(&sandbox).await.status, 403);
        assert_eq!(call.to(&sandbox).await.status, 401);
    }
    for call in [ask(json!({ "request": "r" })), Call::get(&path("open"))] {
        assert_eq!(call.to(&sandbox).await.status, 401);
    }
    for call in [
        Call::get(&path("nothing")),
        Call::delete(&path("nothing")),
        respond("nothing", "r"),
    ] {
        let response = call.by_owner(&sandbox).await;
        assert_eq!(
            (response.status, response.json()),
            (404, json!({ "error": "not-found" }))
        );
    }
}

#[tokio::test]
async fn samples_are_the_first_users_and_reproducible() {
    let tokens = async || {
        let options = PasswordPusherOptions::default().edition(PasswordPusherEdition::Hosted);
        let sandbox = with(options.samples(4)).await;
        let mut tokens = Vec::new();
        for (list, count) in [
            ("pushes/active", 4),
            ("requests/open", 2),
            ("requests/ready", 2),
        ] {
            let call = Call::get(&format!("/api/v2/{list}"));
            let rows = call.by_owner(&sandbox).await.json();
            let rows = rows.as_array().expect("a list");
            assert_eq!(rows.len(), count, "{list}");
            tokens.extend(rows.iter().map(|row| row["url_token"].clone()));
        }
        tokens
    };
    assert_eq!(tokens().await, tokens().await);
}

#[tokio::test]
async fn accounts_have_numbers_and_hold_what_was_put_into_them() {
    let sandbox = hosted().await;
    let accounts = Call::get("/api/v2/accounts")
        .by_owner(&sandbox)
        .await
        .json();
    let workspaces = Call::get("/api/v2/workspaces")
        .by_owner(&sandbox)
        .await
        .json();
    assert_eq!(accounts, workspaces);
    let ids: Vec<_> = accounts
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["id"].clone())
        .collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.iter().all(Value::is_u64), "{ids:?}");

    let put = |account: &str| {
        let body = json!({ "push": { "payload": "p" }, "account_id": account });
        Call::post("/api/v2/pushes", &body)
    };
    let second = ids[1].to_string();
    let unnamed = create(json!({ "payload": "p" }));
    for (call, expected) in [(unnamed, &ids[0]), (put(&second), &ids[1])] {
        let made = call.by_owner(&sandbox).await.json();
        assert_eq!(made["account_id"], *expected);
        let path = at(made["url_token"].as_str().expect("a token"));
        let shown = Call::get(&path).by_owner(&sandbox).await.json();
        assert!(shown.get("account_id").is_none());
    }
    let of = |query: &str| Call::get(&at(&format!("active{query}")));
    for refused in [put("1"), put(""), of("?account_id=1")] {
        let refused = refused.by_owner(&sandbox).await;
        refused.is_not_played("accounts that the user does not have");
    }
    for (query, count) in [("", 2), (&*format!("?account_id={second}"), 1)] {
        let list = of(query).by_owner(&sandbox).await.json();
        assert_eq!(list.as_array().map(Vec::len), Some(count), "{query}");
    }
    let anonymous = create(json!({ "payload": "p" })).to(&sandbox).await.json();
    assert_eq!(anonymous["account_id"], Value::Null);
}

#[tokio::test]
async fn what_the_hosted_edition_is_not_known_to_take_is_not_played() {
    let sandbox = hosted().await;
    let token = request(&sandbox, json!({ "request": "r" })).await;
    for (member, value, what) in [
        ("colour", json!("red"), ""),
        ("expires_at", json!("2026-04-01T09:00:00Z"), ""),
        ("close_after_duration", json!(1), ""),
        ("expire_after_duration", json!(18), " of that value"),
        ("expire_after_duration", json!(true), " of that value"),
        ("expire_after_duration", json!("soon"), " of that value"),
        ("expire_after_days", json!(91), " of that value"),
        ("expire_after_views", json!(0), " of that value"),
        ("expire_after_views", json!(101), " of that value"),
        ("deletable_by_viewer", json!("perhaps"), " of that value"),
        ("retrieval_step", json!(1), " of that value"),
        ("passphrase", json!(" "), " of that value"),
        ("kind", json!("0"), " of that value"),
        ("kind", json!("secret"), " of that value"),
        ("files", json!(null), " of that value"),
        ("expire_after_duration", json!("07"), " of that value"),
    ] {
        let mut fields = json!({ "payload": "p" });
        fields[member] = value;
        let refused = create(fields).by_owner(&sandbox).await;
        refused.is_not_played(&format!("push[{member}]{what} in the commercial edition"));
    }
    for (call, what) in [
        (
            ask(json!({ "request": "r", "close_after_duration": 18 })),
            "request[close_after_duration] of that value",
        ),
        (
            ask(json!({ "request": "r", "expire_after_views": 1 })),
            "request[expire_after_views]",
        ),
        (
            ask(json!({ "request": "r", "include_requestor": "perhaps" })),
            "request[include_requestor] of that value",
        ),
        (Call::get(&at("active?colour=red")), "colour"),
        (Call::get(&at("active?page=0")), "page of that value"),
        (Call::get(&at("active?page=0x1")), "page of that value"),
        (Call::get(&at("active?page=01")), "page of that value"),
        (Call::get(&at("active?passphrase=x")), "passphrase"),
        (Call::get("/api/v2/version?page=2"), "page"),
        (Call::get("/api/v2/accounts?page=2"), "page"),
        (Call::get("/api/v2/workspaces?account_id=1"), "account_id"),
        (Call::delete(&at("x?account_id=1")), "account_id"),
        (Call::delete(&at("x?passphrase=x")), "passphrase"),
        (Call::get(&at("x?page=1")), "page"),
        (Call::get(&at("x/preview?passphrase=x")), "passphrase"),
        (Call::get(&path("open?passphrase=x")), "passphrase"),
        (
            Call::post(
                "/api/v2/pushes?account_id=1",
                &json!({ "push": { "payload": "p" } }),
            ),
            "account_id",
        ),
        (
            Call::post(
                "/api/v2/pushes?push[note]=q",
                &json!({ "push": { "payload": "p" } }),
            ),
            "push[note]",
        ),
        (
            Call::get(&at("active")).json(&json!({ "account_id": "1" })),
            "account_id",
        ),
        (
            Call::post(
                "/api/v2/pushes",
                &json!({ "push": { "payload": "p" }, "request": {} }),
            ),
            "request",
        ),
        (Call::post("/api/v2/pushes", &json!([])), "_json"),
        (
            Call::post("/api/v2/pushes", &json!({ "push": {} })).body("text/x-json", "{}"),
            "text/x-json",
        ),
        (
            Call::post("/api/v2/pushes", &json!({ "push": "p" })),
            "push",
        ),
        (
            Call::new(Method::PATCH, &path(&format!("{token}/respond")))
                .json(&json!({ "request": { "response": "r", "name": "n" } })),
            "request[name]",
        ),
    ] {
        let refused = call.by_owner(&sandbox).await;
        refused.is_not_played(&format!("{what} in the commercial edition"));
    }
    for fields in [
        json!({ "payload": "p", "expire_after_days": 8 }),
        json!({ "payload": "p", "expire_after_days": 2, "expire_after_duration": 7 }),
    ] {
        let refused = create(fields).by_owner(&sandbox).await;
        refused.is_not_played("days that are no step of time, and both together");
    }
    for (method, path, status) in [
        (Method::GET, "/api/v2/collections".to_owned(), 404),
        (Method::GET, "/api/v2/pushes/".to_owned(), 404),
        (Method::PUT, at("x"), 404),
        (Method::HEAD, at("active"), 404),
        (Method::POST, "/api/v2/accounts".to_owned(), 404),
        (Method::GET, "/elsewhere".to_owned(), 404),
        (Method::GET, at("%ff"), 400),
        (Method::GET, at("x?passphrase=%ff"), 400),
    ] {
        let refused = Call::new(method.clone(), &path).by_owner(&sandbox).await;
        if method == Method::HEAD {
            assert_eq!(refused.status, 501);
            continue;
        }
        let path = path.split('?').next().unwrap_or_default();
        let what = format!("{method} {path}, which is a {status} elsewhere,");
        refused.is_not_played(&format!("{what} in the commercial edition"));
    }
    let unreadable = Call::new(Method::POST, "/api/v2/pushes").body("application/json", "{");
    let unreadable = unreadable.by_owner(&sandbox).await;
    unreadable
        .is_not_played("POST /api/v2/pushes, which is a 400 elsewhere, in the commercial edition");
    let empty = create(json!({ "kind": "file" })).by_owner(&sandbox).await;
    empty.is_not_played("files of another kind of push, and pushes of files without any");
    for (file, what) in [
        (
            "name=\"push[files]\"; filename=\"a\"",
            "push[files] of that value",
        ),
        (
            "name=\"push[files][]\"; filename=\"\"",
            "a file without a name",
        ),
        (
            "name=\"request[files][]\"; filename=\"a\"",
            "request[files]",
        ),
    ] {
        let file = form(&[("name=\"push[payload]\"", b"p"), (file, b"content")]);
        let call = Call::new(Method::POST, "/api/v2/pushes").body(BOUNDARY, file);
        let refused = call.by_owner(&sandbox).await;
        refused.is_not_played(&format!("{what} in the commercial edition"));
    }
    let token = sandbox.password_pusher().token();
    let bare = create(json!({ "payload": "p" })).header("authorization", token);
    let bare = bare.to(&sandbox).await;
    bare.is_not_played("tokens without `Bearer` in the commercial edition");
    assert_eq!(sandbox.password_pusher().pushes(), 0);
}
