//! No secret is shown by an error, its sources, a log event or a span.

use std::time::Duration;

use push_security_api::http::Method;
use push_security_api::types::AppUpdate;
use push_security_api::webhook::{Event, Verifier};
use push_security_api::{Client, Error, Rate, RateLimiter, RetryPolicy, Secret};
use security_api_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};

use super::support::{builder, calls_on, sandbox, unlimited};
use crate::marked::{Log, MARK, faults, hidden, hides, shown};

const KEY: &str = "hunter2-api-key";
const WEBHOOK_SECRET: &str = "psws_hunter2hunter2hunter2hunter2hunt";

fn marked(sandbox: &Sandbox) -> Client {
    builder(sandbox, KEY).build().expect("a client")
}

/// Returns the error of a marked call that hits this fault.
async fn after(sandbox: &Sandbox, fault: Fault) -> Error {
    sandbox.faults().queue(fault.times(4));
    let list = marked(sandbox).accounts().list().email(MARK);
    let list = list
        .attempt_timeout(Duration::from_millis(100))
        .extra_query("token", MARK);
    let error = list.page().await.expect_err("a fault");
    sandbox.faults().clear();
    error
}

/// Returns every error of a call to a running service.
async fn failures(sandbox: &Sandbox) -> Vec<Error> {
    let push = marked(sandbox);
    let mut errors = Vec::new();
    // The service refuses the wrong key.
    for (_, call) in calls_on(&push, "1") {
        errors.push(call.await.expect_err("the key is refused"));
    }
    // The client refuses the id.
    for (_, call) in calls_on(&push, "../hunter2") {
        errors.push(call.await.expect_err("the id is refused"));
    }
    errors.push(
        push.apps()
            .list()
            .limit(0)
            .owner_id(MARK)
            .page()
            .await
            .unwrap_err(),
    );
    let broken = push.apps().list().header("x-secret", "hunter2\n");
    errors.push(broken.page().await.unwrap_err());
    let own = push
        .request(Method::GET, "/v1/nothing")
        .query("token", MARK);
    errors.push(
        own.header("authorization", MARK)
            .call::<Value>()
            .await
            .unwrap_err(),
    );
    let own = push.request(Method::GET, "v1/hunter2?token=hunter2");
    errors.push(own.call::<Value>().await.unwrap_err());
    let update = AppUpdate::new().notes(MARK);
    errors.push(push.apps().update("1", update).await.unwrap_err());
    // Faults on the way.
    let own = [
        Fault::stall(),
        Fault::status(200).body(r#"{"result":[{"id":"1","email":["hunter2"]}]}"#),
        Fault::status(200).body(r#"{"result":[{"id":"1","email":"hunter2"#),
        Fault::status(418).body(r#"{"hunter2":"hunter2"}"#),
    ];
    for fault in faults().into_iter().chain(own) {
        errors.push(after(sandbox, fault).await);
    }
    let small = push.accounts().list().email(MARK).response_limit(10);
    sandbox
        .faults()
        .queue(Fault::status(200).body("hunter2 hunter2"));
    errors.push(small.page().await.unwrap_err());
    errors
}

#[test]
fn no_failure_of_a_call_shows_the_key_a_query_a_header_or_a_body() {
    let log = Log::default();
    let runtime = super::support::runtime();
    let errors = tracing::subscriber::with_default(log.clone(), || {
        runtime.block_on(async {
            let sandbox = sandbox().await;
            failures(&sandbox).await
        })
    });
    assert!(errors.len() > 40);
    for error in &errors {
        hides(error);
        assert!(error.operation().is_some());
    }
    let text = log.text();
    assert!(text.contains("accounts.list"), "nothing was logged: {text}");
    let line = text.lines().find(|line| line.contains(MARK));
    assert!(line.is_none(), "logged: {line:?}");
}

#[test]
fn successful_calls_log_no_secret() {
    let log = Log::default();
    let runtime = super::support::runtime();
    let secrets = tracing::subscriber::with_default(log.clone(), || {
        runtime.block_on(async {
            let sandbox = unlimited().start().await.unwrap();
            let push = super::support::client(&sandbox);
            let list = push.accounts().list().email("hunter2").limit(2);
            assert_eq!(list.items().try_collect().await.unwrap(), []);
            let page = push.accounts().list().limit(2).page().await.unwrap();
            let next = page.next().unwrap();
            hidden(&next);
            next.await.unwrap();
            let token = page.next_cursor().unwrap().token().unwrap().to_owned();
            [sandbox.push_security().api_key().to_owned(), token]
        })
    });
    let text = log.text();
    assert!(text.contains("accounts.list"), "nothing was logged: {text}");
    for secret in secrets.iter().map(String::as_str).chain([MARK]) {
        let line = text.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "logged: {line:?}");
    }
}

#[test]
fn a_client_that_cannot_be_made_shows_no_key() {
    let with_delete = format!("{KEY}\u{7f}");
    for key in [
        "hunter2\n",
        "hunter2 hunter2",
        "hunter2\u{e9}",
        "\thunter2",
        &with_delete,
    ] {
        hides(&Client::new(key).expect_err("no header can have it"));
    }
    let bad = |change: fn(push_security_api::ClientBuilder) -> push_security_api::ClientBuilder| {
        change(Client::builder(KEY)).build().expect_err("refused")
    };
    for error in [
        bad(|builder| builder.base_url("https://hunter2:hunter2@example.com")),
        bad(|builder| builder.base_url("http://example.com")),
        bad(|builder| builder.base_url("https://example.com/?token=hunter2")),
        bad(|builder| builder.base_url("hunter2 hunter2")),
        bad(|builder| builder.user_agent("hunter2\n")),
        bad(|builder| builder.proxy("ht tp://user:hunter2@proxy")),
        bad(|builder| builder.root_certificate("-----BEGIN hunter2-----")),
    ] {
        hides(&error);
    }
}

/// Checks that a call fails and that its error does not show the request.
async fn refused_without_a_secret(push: &Client) {
    let list = push.accounts().list().email(MARK);
    hides(&list.page().await.unwrap_err());
}

#[tokio::test]
async fn a_call_that_never_leaves_shows_no_secret() {
    let sandbox = sandbox().await;
    let nobody = builder(&sandbox, KEY)
        .base_url("http://127.0.0.1:1")
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    refused_without_a_secret(&nobody).await;
    let proxy = Client::builder(KEY)
        .proxy("http://hunter2:hunter2@127.0.0.1:1")
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    refused_without_a_secret(&proxy).await;
    let limiter = RateLimiter::new(Rate::per_second(0.001, 1).unwrap());
    let limited = builder(&sandbox, KEY).limiter(limiter).build().unwrap();
    for _ in 0..2 {
        refused_without_a_secret(&limited).await;
    }
}

#[tokio::test]
async fn nothing_that_can_be_printed_shows_a_secret() {
    let sandbox = sandbox().await;
    let push = marked(&sandbox);
    hidden(&push);
    hidden(
        &Client::builder(KEY)
            .user_agent(MARK)
            .proxy("http://a:hunter2@localhost"),
    );
    hidden(&Secret::from(KEY));
    let list = push.accounts().list().email(MARK).header("x-token", MARK);
    hidden(&list);
    hidden(&list.clone().page());
    hidden(&list.clone().items());
    hidden(&list.clone().raw_items());
    hidden(&list.pages());
    hidden(&push.apps().update(MARK, AppUpdate::new().notes(MARK)));
    hidden(&push.request(Method::POST, "/v1/x").segment(MARK).json(MARK));
    hidden(
        &Verifier::new(WEBHOOK_SECRET)
            .unwrap()
            .or_secret("psws_hunter2")
            .unwrap(),
    );
}

#[test]
fn no_refused_webhook_shows_the_secret_or_the_body() {
    let verifier = Verifier::new(WEBHOOK_SECRET)
        .unwrap()
        .or_secret(MARK)
        .unwrap();
    let body = json!({ "id": 7, "category": MARK, "object": [MARK] }).to_string();
    let zeros = "0".repeat(64);
    for signature in [
        None,
        Some(String::new()),
        Some(MARK.to_owned()),
        Some(format!("t=hunter2,v1={zeros}")),
        Some(format!("t=1,v1={zeros}")),
        Some(format!("t=1750000000,v1={zeros},hunter2=hunter2")),
        Some(format!("t=1,hunter2,v1={zeros}")),
    ] {
        let refused = verifier.event(signature.as_deref(), body.as_bytes());
        hides(&refused.expect_err("refused"));
    }
    hides(&Event::read(body.as_bytes()).expect_err("no id"));
    for new in [json!(MARK), json!({ "id": [MARK] }), json!([MARK])] {
        let event = json!({ "id": "1", "category": "ENTITY", "object": "APP", "new": new });
        let event = Event::read(event.to_string().as_bytes()).unwrap();
        // The event names no value that it could not decode.
        hidden(&event);
    }
}

#[tokio::test]
async fn a_signed_body_that_is_not_an_event_is_not_shown() {
    let sandbox = sandbox().await;
    let push = sandbox.push_security();
    let verifier = Verifier::new(push.webhook_secret()).unwrap();
    for body in ["hunter2", r#"{"id":"hunter2"}"#, r#"{"id":{"hunter2":1}}"#] {
        let signature = push.sign(sandbox.clock().unix(), body);
        let refused = verifier
            .event(Some(&signature), body.as_bytes())
            .unwrap_err();
        hides(&refused);
        assert!(!shown(&refused).contains(push.webhook_secret()));
    }
    let old = push.sign(1_000_000_000, "{}");
    let refused = verifier.event(Some(&old), b"{}").unwrap_err();
    assert!(!shown(&refused).contains(push.webhook_secret()));
}
