//! Password Pusher: tokens of users and of pushes, payloads, passphrases, notes, files and their URLs.

use std::time::Duration;

use pwpush_api::http::Method;
use pwpush_api::types::Edition;
use pwpush_api::{
    Client, ClientBuilder, Error, NewPush, NewRequest, RateLimiter, RetryPolicy, Upload,
};
use security_api_sandbox::{Fault, Sandbox};
use serde_json::Value;

use super::faults;
use crate::marked::{MARK, hidden, hides, recorded, says_none};
use crate::services;

const TOKEN: &str = "hunter2-api-token";

fn marked(url: &str) -> ClientBuilder {
    Client::builder(TOKEN)
        .base_url(url)
        .no_proxy()
        .limiter(RateLimiter::unlimited())
        .attempt_timeout(Duration::from_secs(5))
        .retry(RetryPolicy::never())
}

fn secret_push() -> NewPush {
    NewPush::text(MARK).passphrase(MARK).views(1)
}

fn file_push() -> NewPush {
    NewPush::files([Upload::bytes("hunter2.txt", MARK)])
        .message(MARK)
        .passphrase(MARK)
}

/// Makes a call of each kind that has a secret.
async fn calls(client: &Client) -> Vec<Error> {
    let (pushes, requests) = (client.pushes(), client.requests());
    let results = [
        pushes.create(secret_push()).await.map(drop),
        pushes.create(file_push()).await.map(drop),
        pushes
            .create(NewPush::url("https://hunter2:hunter2@example.com/hunter2"))
            .await
            .map(drop),
        pushes.show(MARK).passphrase(MARK).await.map(drop),
        pushes.expire(MARK).await.map(drop),
        pushes.preview(MARK).await.map(drop),
        pushes.audit(MARK).page().await.map(drop),
        pushes.notify(MARK, ["hunter2@example.com"]).await,
        requests
            .create(NewRequest::new(MARK).passphrase(MARK))
            .await
            .map(drop),
        requests.respond(MARK, MARK).await.map(drop),
        requests.show(MARK).await.map(drop),
        client
            .request(Method::POST, "/api/v2/x")
            .query("q", MARK)
            .json(MARK)
            .call::<Value>()
            .await
            .map(drop),
    ];
    results.into_iter().filter_map(Result::err).collect()
}

async fn failures(sandbox: &Sandbox) -> Vec<Error> {
    let url = sandbox.password_pusher().base_url();
    let client = marked(url).build().expect("a client");
    let mut errors = calls(&client).await;
    for fault in faults() {
        sandbox.faults().clear();
        sandbox.faults().queue(fault.times(100));
        // Use a new client for each, because one of the faults closes its limit for an hour.
        errors.extend(calls(&marked(url).build().expect("a client")).await);
    }
    sandbox.faults().clear();
    let nobody = marked("http://127.0.0.1:1").build().expect("a client");
    errors.extend(calls(&nobody).await);
    let slow = marked(url)
        .timeout(Duration::ZERO)
        .build()
        .expect("a client");
    errors.extend(calls(&slow).await);
    for bad in [
        "hunter2 hunter2/",
        "../hunter2",
        "https://p.test/p/hunter2/",
    ] {
        errors.push(client.pushes().show(bad).await.expect_err("no token"));
    }
    errors
}

#[test]
fn no_failure_of_a_call_shows_a_token_a_payload_a_passphrase_or_a_file() {
    let (errors, text) = recorded(async {
        let sandbox = services::sandbox().await;
        failures(&sandbox).await
    });
    assert!(errors.len() > 100, "{}", errors.len());
    for error in &errors {
        hides(error);
    }
    says_none(&text, "pushes.create", &[MARK]);
}

#[test]
fn successful_calls_record_no_secret() {
    let ((token, api_token), text) = recorded(async {
        let sandbox = services::sandbox().await;
        let url = sandbox.password_pusher().base_url();
        let client = services::pusher(&sandbox, url, &RateLimiter::unlimited());
        let visitor = services::visitor(&sandbox);
        let push = client.pushes().create(secret_push()).await.expect("a push");
        hidden(&push);
        let call = visitor.pushes().show(&push.token).passphrase(MARK);
        hidden(&call);
        let shown = call.await.expect("shown");
        assert_eq!(shown.payload().map(|secret| secret.expose()), Some(MARK));
        hidden(&shown);
        let error = visitor
            .pushes()
            .show("x")
            .passphrase(MARK)
            .await
            .expect_err("no push");
        hides(&error);
        let files = client.pushes().create(file_push()).await.expect("a push");
        let shown = client
            .pushes()
            .show(&files.token)
            .passphrase(MARK)
            .await
            .expect("shown");
        let pwpush_api::Retrieved::Secret(shown) = shown else {
            panic!("expired");
        };
        let file = &shown.files.as_ref().expect("files")[0];
        let download = client.pushes().download(file);
        hidden(&download);
        let download = download.await.expect("a file");
        assert_eq!(download.bytes(99).await.expect("a file"), MARK.as_bytes());
        let secret = push.token.expose().to_owned();
        for shown in [format!("{push:?} {push:#?}"), format!("{shown:?}")] {
            assert!(!shown.contains(&secret), "{shown}");
        }
        (secret, sandbox.password_pusher().token().to_owned())
    });
    says_none(&text, "pushes.show", &[MARK, &token, &api_token]);
}

#[test]
fn nothing_that_can_be_printed_shows_a_secret() {
    hidden(&marked("http://127.0.0.1:1"));
    let client = marked("http://127.0.0.1:1").build().expect("a client");
    hidden(&client);
    let secret = NewPush::text(MARK).passphrase(MARK);
    hidden(&secret);
    hidden(&client.pushes().create(secret));
    hidden(&NewPush::url(MARK));
    hidden(&NewPush::qr(MARK));
    hidden(&client.pushes().show(MARK).passphrase(MARK));
    hidden(&client.pushes().expire(MARK));
    hidden(&client.requests().respond(MARK, MARK));
    hidden(
        &client
            .requests()
            .create(NewRequest::new("tell us").passphrase(MARK)),
    );
    hidden(
        &client
            .request(Method::POST, "/x")
            .header("x-token", MARK)
            .segment(MARK)
            .json(MARK),
    );
    for token in ["hunter2\n", "hunter2 hunter2", "hunter2\u{e9}", ""] {
        hides(&Client::new(token).expect_err("no header can have it"));
    }
}

/// The service echoes the request.
#[tokio::test]
async fn a_secret_that_the_service_echoes_is_not_shown() {
    let sandbox = services::sandbox().await;
    let client = marked(sandbox.password_pusher().base_url())
        .build()
        .expect("a client")
        // The fault must hit the secret, not the request for the edition.
        .assume_edition(Edition::Oss);
    for body in [
        r#"{"error":"hunter2 is not allowed"}"#,
        r#"{"payload":["hunter2 is not allowed"],"passphrase":["hunter2 is too short"]}"#,
    ] {
        let json = Fault::status(422).header("content-type", "application/json");
        sandbox
            .faults()
            .queue(json.header("x-request-id", MARK).body(body));
        hides(
            &client
                .pushes()
                .create(secret_push())
                .await
                .expect_err("refused"),
        );
    }
}
