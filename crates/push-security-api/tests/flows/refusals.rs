//! Refusals by the service and by the client, and their texts.

use push_security_api::http::Method;
use push_security_api::{Error, ErrorKind, Operation, Outcome, Reason};
use security_api_sandbox::Sandbox;
use serde_json::Value;

use super::support::{builder, calls_on, client, property, runtime, sandbox, world};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn is_write(operation: &Operation) -> bool {
    operation.method() != Method::GET
}

#[tokio::test]
async fn an_unknown_id_is_not_found_for_every_operation_on_one_object() {
    let (sandbox, push) = world().await;
    let before = sandbox.push_security().counts();
    for (operation, call) in calls_on(&push, NOBODY) {
        let error = call.await.expect_err(operation.id());
        assert!(error.is_not_found() && !error.is_retryable(), "{error}");
        assert_eq!(error.kind(), ErrorKind::Api);
        assert_eq!(error.outcome(), Outcome::Answered);
        assert_eq!(error.operation().map(Operation::id), Some(operation.id()));
        assert_eq!((error.attempts(), error.request_id().is_some()), (1, true));
        let text = error.to_string();
        assert!(
            text.starts_with(operation.id()) && text.contains("404"),
            "{text}"
        );
    }
    assert_eq!(sandbox.push_security().counts(), before);
}

#[tokio::test]
async fn a_read_only_key_reads_but_each_write_says_that_it_needs_full_access() {
    let sandbox = sandbox().await;
    let push = builder(&sandbox, sandbox.push_security().read_only_key())
        .build()
        .unwrap();
    push.check().await.unwrap();
    let employees = sandbox.push_security().employee_ids();
    let before = sandbox.push_security().counts();
    for (operation, call) in calls_on(&push, &employees[0]) {
        let result = call.await;
        if !is_write(operation) {
            assert!(result.err().is_none_or(|error| error.is_not_found()));
            continue;
        }
        let error = result.expect_err(operation.id());
        assert_eq!(Reason::of(&error), Some(Reason::ReadOnlyKey), "{error}");
        assert!(error.is_forbidden() && !error.is_retryable());
        assert_eq!(error.attempts(), 1, "{error}");
        let text = error.to_string();
        assert!(
            text.contains("Read only") && text.contains("Full access"),
            "{text}"
        );
    }
    assert_eq!(sandbox.push_security().counts(), before);
    assert_eq!(
        sandbox
            .journal()
            .count(|entry| entry.headers["x-api-key"] != "[read only key]"),
        0
    );
}

#[tokio::test]
async fn a_wrong_key_is_refused_once_with_words_about_the_key() {
    let sandbox = sandbox().await;
    let push = builder(&sandbox, "a-key-nobody-knows").build().unwrap();
    for (operation, call) in calls_on(&push, NOBODY) {
        let error = call.await.expect_err(operation.id());
        let expected = if is_write(operation) {
            Reason::ReadOnlyKey
        } else {
            Reason::KeyRefused
        };
        assert_eq!(Reason::of(&error), Some(expected), "{error}");
        assert!(error.to_string().contains("key"), "{error}");
    }
    let error = push.browsers().list().items().try_next().await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::KeyRefused));
    assert!(error.to_string().contains("check the API key"), "{error}");
    let calls = calls_on(&push, NOBODY).len();
    assert_eq!(sandbox.journal().count(|_| true), calls + 1);
}

#[tokio::test]
async fn an_unknown_path_is_told_from_a_refused_key() {
    let (_sandbox, push) = world().await;
    for (method, path) in [
        (Method::GET, "/v1/teapots"),
        (Method::GET, "/v2/browsers"),
        (Method::POST, "/v1/browsers"),
        (Method::DELETE, "/v1/apps/1"),
    ] {
        let call = push.request(method, path).call::<Value>();
        let error = call.await.unwrap_err();
        assert_eq!(Reason::of(&error), Some(Reason::UnknownPath), "{path}");
        assert!(error.is_forbidden());
        let text = error.to_string();
        assert!(text.contains("path it does not know"), "{text}");
        assert!(text.contains("base URL"), "{text}");
    }
}

#[tokio::test]
async fn a_base_url_with_a_path_is_refused_with_words_that_say_so() {
    let sandbox = sandbox().await;
    let url = format!("{}/v1", sandbox.push_security().base_url());
    let error = builder(&sandbox, "key").base_url(url).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("base URL"), "{error}");
}

#[tokio::test]
async fn an_id_that_would_address_something_else_is_refused_before_anything_is_sent() {
    let (sandbox, push) = world().await;
    for id in [
        "",
        " ",
        ".",
        "..",
        "%2e%2e",
        "%2E%2e",
        ".%2e",
        "%2e",
        "../employees",
        "a/..",
        "a/../b",
        "./a",
        "..\\a",
        "a\\..\\b",
        "%2e%2e/a",
        "/..",
        "//..//",
    ] {
        for (operation, call) in calls_on(&push, id) {
            let error: Error = call.await.expect_err(operation.id());
            assert_eq!(error.kind(), ErrorKind::Invalid, "{id:?}: {error}");
            assert_eq!(error.outcome(), Outcome::NotSent);
            assert!(error.to_string().contains("`id`"), "{error}");
        }
    }
    assert_eq!(sandbox.journal().count(|_| true), 0);
}

fn decoded(segment: &str) -> Vec<u8> {
    let mut bytes = segment.bytes();
    let mut text = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            text.push(byte);
            continue;
        }
        let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
        let digits = std::str::from_utf8(&digits).unwrap();
        text.push(u8::from_str_radix(digits, 16).unwrap());
    }
    text
}

/// Checks that every request has the shape of its operation's path, with the id as one segment.
fn stays_in_its_segment(sandbox: &Sandbox, operation: &Operation, id: &str) {
    let entries = sandbox.journal().entries();
    for entry in entries {
        assert_eq!(entry.query, None, "{id:?}: {}", entry.path);
        let got: Vec<_> = entry.path.split('/').collect();
        let template: Vec<_> = operation.path().split('/').collect();
        assert_eq!(got.len(), template.len(), "{id:?}: {}", entry.path);
        for (got, wanted) in got.iter().zip(template) {
            match wanted {
                "{id}" => assert_eq!(decoded(got), id.as_bytes(), "{}", entry.path),
                _ => assert_eq!(*got, wanted, "{id:?}"),
            }
        }
    }
}

#[tokio::test]
async fn any_other_id_is_sent_as_exactly_one_segment() {
    let (sandbox, push) = world().await;
    for id in [
        "a/b",
        "a/b/c",
        "/",
        "a?limit=1",
        "?",
        "a#b",
        "#",
        "a b",
        "%2F",
        "%",
        "%zz",
        "a%2Fb",
        "a;b",
        "...",
        "a..b",
        "a\\b",
        "\\",
        "http://example.com/",
        "a\r\nHost: b",
        "\u{0}",
        "é",
        "🦀",
        "~",
        "+",
        "a+b",
        ":",
        "@",
        "a=b&c=d",
    ] {
        for (operation, call) in calls_on(&push, id) {
            sandbox.journal().clear();
            let error = call.await.expect_err(operation.id());
            assert!(error.is_not_found(), "{id:?}: {error}");
            assert_eq!(sandbox.journal().count(|_| true), 1);
            stays_in_its_segment(&sandbox, operation, id);
        }
    }
}

#[test]
fn no_id_reaches_another_object() {
    let runtime = runtime();
    let (sandbox, push) = runtime.block_on(async {
        let sandbox = sandbox().await;
        let push = client(&sandbox);
        (sandbox, push)
    });
    let victim = sandbox.push_security().employee_ids().swap_remove(0);
    let before = sandbox.push_security().counts();
    let pieces = proptest::sample::select(vec![
        ".",
        "..",
        "/",
        "\\",
        "%2e",
        "%2E",
        "%2f",
        "%5c",
        "%",
        "?",
        "#",
        ";",
        "a",
        "é",
        " ",
        "accounts",
        "employees",
        "VICTIM",
    ]);
    property(150, proptest::collection::vec(pieces, 0..7), |pieces| {
        let id = pieces.concat().replace("VICTIM", &victim);
        if id == victim {
            return;
        }
        for (operation, call) in calls_on(&push, &id) {
            sandbox.journal().clear();
            let error = runtime.block_on(call).expect_err(operation.id());
            let refused = error.is_invalid() && sandbox.journal().count(|_| true) == 0;
            assert!(refused || error.is_not_found(), "{id:?}: {error}");
            stays_in_its_segment(&sandbox, operation, &id);
        }
    });
    assert_eq!(sandbox.push_security().counts(), before);
}

#[tokio::test]
async fn the_service_s_message_about_wrong_input_is_in_the_error() {
    let (sandbox, push) = world().await;
    let page = push.apps().list().limit(1).page().await.unwrap();
    let update = push_security_api::types::AppUpdate::new().owner_id("nobody");
    let error = push
        .apps()
        .update(&page.items()[0].id, update)
        .await
        .unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(400));
    assert_eq!(error.attempts(), 1);
    let api = error.api().expect("an error of the service");
    assert_eq!(
        api.message.as_deref(),
        Some("ownerId must be the id of an employee")
    );
    assert!(
        error
            .to_string()
            .contains("ownerId must be the id of an employee")
    );
    assert!(error.body().is_some_and(|body| body.starts_with(b"{")));
    assert_eq!(sandbox.journal().count(|_| true), 2);
}
