//! Views, expiry and audits of pushes.

mod support;

use std::time::Duration;

use security_api_sandbox::{PasswordPusherEdition, PasswordPusherOptions, Sandbox};
use serde_json::{Value, json};
use support::pwpush::{
    Call, anonymous_push, at, create, edition, events, members, push, push_form, read, with,
};
use support::{small, small_builder};

const DAY: Duration = Duration::from_secs(86_400);

const COMMON: [&str; 15] = [
    "created_at",
    "days_remaining",
    "deletable_by_viewer",
    "deleted",
    "expire_after_days",
    "expire_after_views",
    "expired",
    "expired_on",
    "html_url",
    "json_url",
    "passphrase",
    "retrieval_step",
    "updated_at",
    "url_token",
    "views_remaining",
];

fn with_members<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut all = COMMON.to_vec();
    all.extend(more);
    all.sort_unstable();
    all
}

fn summary(push: &Value) -> (bool, bool, i64, Option<&str>) {
    (
        push["expired"].as_bool().expect("expired"),
        push["deleted"].as_bool().expect("deleted"),
        push["views_remaining"].as_i64().expect("views_remaining"),
        push["payload"].as_str(),
    )
}

#[tokio::test]
async fn each_response_has_its_own_members() {
    let sandbox = small().await;
    let made = create(json!({ "payload": "p", "passphrase": "x", "name": "n", "note": "o" }));
    let made = made.by_owner(&sandbox).await;
    assert_eq!(made.status, 201);
    assert_eq!(
        made.headers["content-type"],
        "application/json; charset=utf-8"
    );
    assert_eq!(made.headers["x-robots-tag"], "noindex, nofollow");
    let made = made.json();
    assert_eq!(members(&made), with_members(&["name", "note"]));
    assert_eq!(made["passphrase"], "x");
    assert_eq!((&made["name"], &made["note"]), (&json!("n"), &json!("o")));
    let token = made["url_token"].as_str().expect("a token");
    assert!(
        [11, 12, 14, 15, 16, 18, 19].contains(&token.len()),
        "{token}"
    );

    let shown = Call::get(&at(&format!("{token}?passphrase=x")))
        .to(&sandbox)
        .await;
    assert_eq!(shown.headers["cache-control"], "no-cache");
    let shown = shown.json();
    assert_eq!(members(&shown), with_members(&["files", "payload"]));
    assert_eq!(
        (&shown["payload"], &shown["files"]),
        (&json!("p"), &json!([]))
    );

    let listed = Call::get("/api/v2/pushes/active")
        .by_owner(&sandbox)
        .await
        .json();
    assert_eq!(members(&listed[0]), with_members(&["name", "note"]));
    let deleted = Call::delete(&at(token)).by_owner(&sandbox).await.json();
    assert_eq!(members(&deleted), COMMON);
}

#[tokio::test]
async fn what_could_end_a_script_is_escaped() {
    let sandbox = small().await;
    let name = "<b>&\u{2028}";
    let response = create(json!({ "payload": "p", "name": name }))
        .to(&sandbox)
        .await;
    let text = String::from_utf8(response.body.to_vec()).expect("text");
    assert!(text.contains(r"\u003cb\u003e\u0026\u2028"), "{text}");
    assert_eq!(response.json()["name"], name);
}

#[tokio::test]
async fn what_succeeds_may_be_kept_if_it_is_asked_for_again_and_nothing_else() {
    let sandbox = small().await;
    let token = push(&sandbox, json!({ "payload": "p" })).await;
    let kept = Some("max-age=0, private, must-revalidate");
    for (call, cache) in [
        (Call::get("/api/v2/version"), kept),
        (create(json!({ "payload": "p" })), kept),
        (Call::get(&at(&format!("{token}/preview"))), kept),
        (Call::get(&at(&token)), Some("no-cache")),
        (Call::get(&at("nothing")), Some("no-cache")),
        (Call::get(&at("active")), Some("no-cache")),
        (create(json!({ "payload": "" })), Some("no-cache")),
        (Call::get("/api/v2/nothing"), None),
    ] {
        let response = call.to(&sandbox).await;
        let header = response.headers.get("cache-control");
        let header = header.map(|value| value.to_str().expect("text"));
        assert_eq!(header, cache, "{:?}", response.body);
    }
}

#[tokio::test]
async fn views_of_others_count_and_the_last_one_still_gets_the_secret() {
    let sandbox = small().await;
    let pusher = sandbox.password_pusher();
    let token = push(&sandbox, json!({ "payload": "p", "expire_after_views": 2 })).await;
    let path = at(&token);
    for reader in [pusher.token(), pusher.token()] {
        let seen = Call::get(&path).token(reader).to(&sandbox).await.json();
        assert_eq!(summary(&seen), (false, false, 2, Some("p")));
    }
    let seen = Call::get(&path)
        .token(pusher.other_token())
        .to(&sandbox)
        .await
        .json();
    assert_eq!(summary(&seen), (false, false, 1, Some("p")));
    let last = read(&sandbox, &token).await;
    assert_eq!(summary(&last), (false, false, 0, Some("p")));
    assert_eq!(last["expired_on"], Value::Null);
    let late = read(&sandbox, &token).await;
    assert_eq!(summary(&late), (true, false, 0, None));
    assert!(late["expired_on"].is_string());
    assert_eq!(late["passphrase"], Value::Null);
    assert_eq!(
        events(&sandbox, &token).await,
        [
            "creation",
            "owner_view",
            "owner_view",
            "view",
            "view",
            "failed_view"
        ]
    );
}

#[tokio::test]
async fn a_view_that_failed_counts_as_one() {
    let sandbox = small().await;
    let token = push(&sandbox, json!({ "payload": "p", "expire_after_views": 5 })).await;
    Call::delete(&at(&token)).by_owner(&sandbox).await;
    for left in [4, 3, 2, 1, 0, 0] {
        assert_eq!(
            summary(&read(&sandbox, &token).await),
            (true, true, left, None)
        );
    }
}

#[tokio::test]
async fn a_push_expires_when_its_days_are_over() {
    let sandbox = small().await;
    let token = push(&sandbox, json!({ "payload": "p", "expire_after_days": 2 })).await;
    assert_eq!(read(&sandbox, &token).await["days_remaining"], 2);
    sandbox.clock().advance(DAY);
    assert_eq!(read(&sandbox, &token).await["days_remaining"], 1);
    sandbox.clock().advance(DAY);
    let late = read(&sandbox, &token).await;
    assert_eq!(summary(&late), (true, false, 2, None));
    assert_eq!(late["days_remaining"], 0);
}

#[tokio::test]
async fn a_push_past_its_limits_is_listed_as_active_until_it_is_read() {
    let sandbox = small().await;
    let fields = json!({ "payload": "p", "expire_after_days": 1 });
    let token = push(&sandbox, fields).await;
    let count = async |list: &str| {
        let list = Call::get(&at(list)).by_owner(&sandbox).await.json();
        list.as_array().expect("a list").len()
    };
    sandbox.clock().advance(DAY);
    assert_eq!((count("active").await, count("expired").await), (1, 0));
    read(&sandbox, &token).await;
    assert_eq!((count("active").await, count("expired").await), (0, 1));
}

#[tokio::test]
async fn files_outlive_the_last_view_until_the_next_access() {
    let sandbox = small().await;
    let made = push_form(
        &sandbox,
        &[
            ("name=\"push[expire_after_views]\"", b"1"),
            ("name=\"push[files][]\"; filename=\"a.txt\"", b"content"),
        ],
    );
    let token = support::pwpush::made(made.await);
    let last = read(&sandbox, &token).await;
    assert_eq!(summary(&last), (false, false, 0, None));
    let url = last["files"][0]["url"].as_str().expect("a URL");
    let base_url = sandbox.password_pusher().base_url();
    let path = url.strip_prefix(base_url).expect("its own URL");
    assert_eq!(Call::get(path).to(&sandbox).await.status, 302);
    let late = read(&sandbox, &token).await;
    assert_eq!(
        (&late["expired"], &late["files"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(Call::get(path).to(&sandbox).await.status, 404);
}

#[tokio::test]
async fn deleting_keeps_the_counters_and_may_be_repeated() {
    let sandbox = small().await;
    let token = push(&sandbox, json!({ "payload": "p", "passphrase": "x" })).await;
    let first = Call::delete(&at(&token)).by_owner(&sandbox).await.json();
    assert_eq!(
        (&first["expired"], &first["deleted"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        (&first["views_remaining"], &first["days_remaining"]),
        (&json!(5), &json!(7))
    );
    assert_eq!(first["passphrase"], Value::Null);
    let again = Call::delete(&at(&token)).by_owner(&sandbox).await;
    assert_eq!((again.status, again.json()), (200, first));
    assert_eq!(events(&sandbox, &token).await, ["creation", "expire"]);
}

#[tokio::test]
async fn only_the_owner_deletes_what_is_not_deletable_by_viewers() {
    let sandbox = small().await;
    let refusal = json!({ "error": "That push is not deletable by viewers." });
    let other = sandbox.password_pusher().other_token();
    for fields in [
        json!({ "payload": "p", "deletable_by_viewer": false }),
        json!({ "payload": "https://example.com", "kind": "url" }),
    ] {
        let owned = push(&sandbox, fields.clone()).await;
        let nobodys = anonymous_push(&sandbox, fields).await;
        for call in [
            Call::delete(&at(&owned)),
            Call::delete(&at(&owned)).token(other),
            Call::delete(&at(&nobodys)),
            Call::delete(&at(&nobodys)).token(other),
        ] {
            let response = call.to(&sandbox).await;
            assert_eq!((response.status, response.json()), (401, refusal.clone()));
        }
        assert_eq!(
            Call::delete(&at(&owned)).by_owner(&sandbox).await.status,
            200
        );
    }
    let open = push(&sandbox, json!({ "payload": "p", "passphrase": "x" })).await;
    assert_eq!(Call::delete(&at(&open)).to(&sandbox).await.status, 200);

    let sandbox = edition(PasswordPusherEdition::OpenSource24).await;
    let fields = json!({ "payload": "p", "deletable_by_viewer": false });
    let nobodys = anonymous_push(&sandbox, fields).await;
    assert_eq!(Call::delete(&at(&nobodys)).to(&sandbox).await.status, 200);
}

#[tokio::test]
async fn a_wrong_passphrase_uses_no_view_up_and_a_missing_one_looks_the_same() {
    let sandbox = small().await;
    let token = push(&sandbox, json!({ "payload": "p", "passphrase": "x y" })).await;
    let refusal = json!({
        "error": "That passphrase is incorrect.",
        "message": "This push requires a passphrase. Please provide it using the 'passphrase' \
                    parameter (e.g. ?passphrase=mysecret)",
        "status": "unauthorized",
    });
    for query in ["", "?passphrase=", "?passphrase=X%20Y", "?passphrase=x"] {
        let response = Call::get(&at(&format!("{token}{query}")))
            .to(&sandbox)
            .await;
        assert_eq!(
            (response.status, response.json()),
            (401, refusal.clone()),
            "{query}"
        );
    }
    let response = Call::get(&at(&token)).by_owner(&sandbox).await;
    assert_eq!(response.status, 401, "owners need it, too");
    let right = Call::get(&at(&format!("{token}?passphrase=x+y")))
        .to(&sandbox)
        .await
        .json();
    assert_eq!(summary(&right), (false, false, 4, Some("p")));
    assert_eq!(right["passphrase"], "x y");
    let mut expected = vec!["creation"];
    expected.extend(["failed_passphrase"; 5]);
    expected.push("view");
    assert_eq!(events(&sandbox, &token).await, expected);
    Call::delete(&at(&token)).to(&sandbox).await;
    assert_eq!(read(&sandbox, &token).await["payload"], Value::Null);
}

#[tokio::test]
async fn the_sixth_passphrase_in_a_minute_is_too_many_even_if_it_is_right() {
    let sandbox = small().await;
    let token = push(&sandbox, json!({ "payload": "p", "passphrase": "x" })).await;
    let with_passphrase = |passphrase: &str| at(&format!("{token}?passphrase={passphrase}"));
    for (passphrase, status) in [("x", 200), ("a", 401), ("b", 401), ("x", 200), ("c", 401)] {
        let response = Call::get(&with_passphrase(passphrase)).to(&sandbox).await;
        assert_eq!(response.status, status, "{passphrase}");
    }
    let locked = Call::get(&with_passphrase("x")).by_owner(&sandbox).await;
    let text = "Too many passphrase attempts. Please try again in a minute.";
    assert_eq!(
        (locked.status, locked.json()),
        (429, json!({ "error": text }))
    );
    assert!(!locked.headers.contains_key("retry-after"));
    // Without one it is no attempt, and other pushes have minutes of their own.
    assert_eq!(Call::get(&at(&token)).to(&sandbox).await.status, 401);
    let nothing = at("nothing?passphrase=x");
    for _ in 0..5 {
        assert_eq!(Call::get(&nothing).to(&sandbox).await.status, 404);
    }
    assert_eq!(Call::get(&nothing).to(&sandbox).await.status, 429);
    sandbox.clock().advance(Duration::from_secs(60));
    let response = Call::get(&with_passphrase("x")).to(&sandbox).await;
    assert_eq!(response.status, 200);
}

#[tokio::test]
async fn a_preview_is_free_for_everybody() {
    let sandbox = small().await;
    let base_url = sandbox.password_pusher().base_url();
    for (step, locale, end) in [
        (true, "", "/r"),
        (false, "", ""),
        (true, "?push_locale=fr", "/r?locale=fr"),
        (true, "?push_locale=xx", "/r"),
    ] {
        let fields = json!({ "payload": "p", "passphrase": "x", "retrieval_step": step });
        let token = push(&sandbox, fields).await;
        let preview = at(&format!("{token}/preview{locale}"));
        let expected = json!({ "url": format!("{base_url}/p/{token}{end}") });
        assert_eq!(Call::get(&preview).to(&sandbox).await.json(), expected);
        Call::delete(&at(&token)).to(&sandbox).await;
        assert_eq!(Call::get(&preview).to(&sandbox).await.json(), expected);
        assert_eq!(events(&sandbox, &token).await, ["creation", "expire"]);
    }
}

#[tokio::test]
async fn urls_name_the_host_that_was_asked() {
    let builder = small_builder().allow_any_host(true);
    let sandbox = builder.start().await.expect("a sandbox");
    let call = create(json!({ "payload": "p" })).header("host", "pw.example.com:8443");
    let made = call.to(&sandbox).await.json();
    let token = made["url_token"].as_str().expect("a token");
    assert_eq!(
        made["html_url"],
        format!("http://pw.example.com:8443/p/{token}/r")
    );
}

#[tokio::test]
async fn an_audit_tells_the_owner_who_did_what() {
    let sandbox = small().await;
    let token = push(&sandbox, json!({ "payload": "p" })).await;
    Call::get(&at(&token))
        .header("user-agent", &"x".repeat(300))
        .header("referer", "https://example.com/")
        .to(&sandbox)
        .await;
    let path = at(&format!("{token}/audit"));
    let audit = Call::get(&path).by_owner(&sandbox).await.json();
    assert_eq!(members(&audit), ["logs"]);
    let (made, viewed) = (&audit["logs"][0], &audit["logs"][1]);
    let expected = [
        "created_at",
        "ip",
        "kind",
        "referrer",
        "updated_at",
        "user_agent",
    ];
    assert_eq!(members(made), expected);
    assert_eq!(
        (&made["user_agent"], &made["referrer"]),
        (&json!(""), &json!(""))
    );
    assert_eq!(made["ip"], "127.0.0.1");
    assert_eq!(viewed["referrer"], "https://example.com/");
    assert_eq!(viewed["user_agent"].as_str().map(str::len), Some(255));
    assert_eq!(viewed["created_at"].as_str().map(str::len), Some(24));
}

#[tokio::test]
async fn an_older_server_calls_the_entries_of_an_audit_views() {
    let sandbox = edition(PasswordPusherEdition::OpenSource24).await;
    let token = push(&sandbox, json!({ "payload": "p" })).await;
    let path = at(&format!("{token}/audit"));
    let audit = Call::get(&path).by_owner(&sandbox).await.json();
    assert_eq!(members(&audit), ["views"]);
}

async fn pages(sandbox: &Sandbox, path: &str, member: Option<&str>) -> Vec<usize> {
    let mut sizes = Vec::new();
    for page in ["", "?page=2", "?page=3", "?page=10", "?page=0"] {
        let response = Call::get(&format!("{path}{page}")).by_owner(sandbox).await;
        assert_eq!(response.status, 200, "{path}{page}");
        let json = response.json();
        let list = member.map_or(&json, |member| &json[member]);
        sizes.push(list.as_array().expect("a list").len());
    }
    sizes
}

#[tokio::test]
async fn lists_and_audits_come_in_pages_of_fifty() {
    let sandbox = small().await;
    let mut tokens = Vec::new();
    for _ in 0..52 {
        tokens.push(
            push(
                &sandbox,
                json!({ "payload": "p", "expire_after_views": 100 }),
            )
            .await,
        );
    }
    let mine = &tokens[0];
    for _ in 0..52 {
        read(&sandbox, mine).await;
    }
    let audit = at(&format!("{mine}/audit"));
    let sizes = [50, 2, 0, 0, 50];
    assert_eq!(pages(&sandbox, &at("active"), None).await, sizes);
    let sizes = [50, 3, 0, 0, 50];
    assert_eq!(pages(&sandbox, &audit, Some("logs")).await, sizes);
    assert_eq!(pages(&sandbox, &at("expired"), None).await, [0; 5]);
    for path in [at("active"), at("expired"), audit.clone()] {
        for page in ["201", "x", ""] {
            let response = Call::get(&format!("{path}?page={page}"))
                .by_owner(&sandbox)
                .await;
            let refusal = json!({ "error": "Invalid page parameter" });
            assert_eq!(
                (response.status, response.json()),
                (400, refusal),
                "{path} {page}"
            );
        }
    }
    let newest = Call::get(&at("active")).by_owner(&sandbox).await.json();
    assert_eq!(newest[0]["url_token"], tokens[51].as_str());
    assert_eq!(newest[49]["url_token"], tokens[2].as_str());
    // Whose it is matters before which page of it.
    let other = sandbox.password_pusher().other_token();
    let response = Call::get(&format!("{audit}?page=x"))
        .token(other)
        .to(&sandbox)
        .await;
    assert_eq!(response.status, 403);
    let empty = Call::get(&at("active")).token(other).to(&sandbox).await;
    assert_eq!(empty.json(), json!([]));
}

#[tokio::test]
async fn a_view_that_no_longer_fits_into_the_audit_expires_the_push() {
    let options = PasswordPusherOptions::default();
    let sandbox = with(options).await;
    let token = push(&sandbox, json!({ "payload": "p", "expire_after_views": 5 })).await;
    for _ in 1..2000 {
        Call::get(&at(&token)).by_owner(&sandbox).await;
    }
    let owner = Call::get(&at(&token)).by_owner(&sandbox).await.json();
    assert_eq!(summary(&owner), (false, false, 5, Some("p")));
    assert_eq!(
        summary(&read(&sandbox, &token).await),
        (true, false, 5, None)
    );
}
