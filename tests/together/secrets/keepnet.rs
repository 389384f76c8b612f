//! Keepnet: the client secret, tokens, and passwords in bodies and models.

use std::time::Duration;

use keepnet_api::http::Method;
use keepnet_api::types::ClientCredential;
use keepnet_api::{Client, ClientBuilder, Error, RateLimiter, RawJson, RetryPolicy, SearchRequest};
use security_api_sandbox::{Fault, Sandbox};
use security_api_transport::OAuth2;
use serde_json::{Value, json};

use super::faults;
use crate::marked::{MARK, hidden, hides, recorded, says_none};
use crate::services;

const SECRET: &str = "hunter2-client-secret";

fn quick(builder: ClientBuilder, url: &str) -> ClientBuilder {
    builder
        .base_url(url)
        .no_proxy()
        .limiter(RateLimiter::unlimited())
        .attempt_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(2))
        .retry(RetryPolicy::never())
}

async fn calls(client: &Client) -> Vec<Error> {
    let search = SearchRequest::new().text(MARK);
    let password = json!({ "password": MARK, "oldPassword": MARK });
    let own = client
        .request(Method::POST, "/api/x")
        .query("token", MARK)
        .json(&password);
    let results = [
        client.check().await,
        client
            .target_users()
            .search(search.clone())
            .page()
            .await
            .map(drop),
        client.target_users().get(MARK).await.map(drop),
        own.header("x-secret", MARK).call::<Value>().await.map(drop),
        client.audit_logs().search(search).page().await.map(drop),
    ];
    results.into_iter().filter_map(Result::err).collect()
}

async fn failures(sandbox: &Sandbox) -> Vec<Error> {
    let platform = sandbox.keepnet();
    let url = platform.base_url();
    // The secret is wrong, and no error shows it.
    let wrong = || {
        quick(Client::builder("an-id", SECRET), url)
            .build()
            .expect("a client")
    };
    let mut errors = Vec::from_iter(wrong().check().await.err());
    let right = || {
        let builder = Client::builder(platform.client_id(), platform.client_secret());
        quick(builder, url).build().expect("a client")
    };
    for fault in faults() {
        // Errors of the token endpoint and of the API.
        sandbox.faults().clear();
        sandbox.faults().queue(fault.clone().times(100));
        errors.extend(wrong().check().await.err());
        sandbox.faults().clear();
        let client = right();
        client.check().await.expect("a token");
        sandbox.faults().queue(fault.times(100));
        errors.extend(calls(&client).await);
    }
    sandbox.faults().clear();
    // An endpoint that echoes the request, in each encoding of a form.
    for echo in [
        SECRET.to_owned(),
        SECRET.replace('-', "%2D"),
        SECRET.replace('-', "%2d"),
    ] {
        let body = json!({ "error": "invalid_client", "error_description": format!("no: {echo}") });
        let json = Fault::status(400).header("content-type", "application/json");
        let fault = json
            .body(body.to_string())
            .on(Method::POST, "/connect/token");
        sandbox.faults().queue(fault.times(100));
        errors.extend(wrong().check().await.err());
        sandbox.faults().clear();
    }
    let nobody = quick(Client::builder("an-id", SECRET), "http://127.0.0.1:1");
    errors.extend(nobody.build().expect("a client").check().await.err());
    errors
}

#[test]
fn no_failure_of_a_call_shows_the_client_secret_a_token_or_a_body() {
    let (errors, text) = recorded(async {
        let sandbox = services::sandbox().await;
        failures(&sandbox).await
    });
    assert!(errors.len() > 60, "{}", errors.len());
    for error in &errors {
        hides(error);
    }
    says_none(&text, "target_users.search", &[MARK]);
}

#[test]
fn successful_calls_record_no_secret() {
    let ((token, secret), text) = recorded(async {
        let sandbox = services::sandbox().await;
        let url = sandbox.keepnet().base_url();
        let client = services::keepnet(&sandbox, url, &RateLimiter::unlimited());
        client.check().await.expect("a token");
        let search = SearchRequest::new().text(MARK);
        client
            .target_users()
            .search(search)
            .items()
            .try_collect()
            .await
            .expect("a search");
        let info = client.token_info().expect("a token");
        let token = info.token().expose().to_owned();
        for shown in [
            format!("{info:?} {info:#?}"),
            format!("{client:?} {client:#?}"),
        ] {
            assert!(!shown.contains(&token), "{shown}");
        }
        (token, sandbox.keepnet().client_secret().to_owned())
    });
    says_none(&text, "companies.list_my", &[MARK, &token, &secret]);
}

#[test]
fn nothing_that_can_be_printed_shows_a_secret() {
    hidden(&Client::builder("an-id", SECRET));
    let client = Client::builder("an-id", SECRET)
        .no_proxy()
        .build()
        .expect("a client");
    hidden(&client);
    let credential = OAuth2::client_credentials("https://example.com/token", "an-id", SECRET);
    hidden(&credential.expect("a credential"));
    let read = RawJson::parse(r#"{"clientId":"an-id","clientSecret":"hunter2"}"#).expect("JSON");
    hidden(&read);
    let read: ClientCredential = read.decode().expect("a credential");
    assert!(
        read.client_secret
            .as_ref()
            .is_some_and(|secret| secret.expose() == MARK)
    );
    hidden(&read);
    hidden(&client.target_users().get(MARK));
    hidden(
        &client
            .target_users()
            .search(SearchRequest::new().text(MARK))
            .items(),
    );
    hidden(
        &client
            .request(Method::POST, "/api/x")
            .query("q", MARK)
            .json(&json!({ "password": MARK })),
    );
    for secret in ["hunter2\n", "\thunter2", ""] {
        let refused = Client::new("an-id", secret);
        hides(&refused.expect_err("no secret has it"));
    }
}
