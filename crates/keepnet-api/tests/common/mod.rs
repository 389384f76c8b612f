//! A client over a fake transport.
#![allow(
    dead_code,
    reason = "each file of tests is a program of its own and uses a part"
)]

use keepnet_api::{Client, RetryPolicy};
use security_api_sandbox::Sandbox;
use security_api_transport::{FakeResponse, FakeTransport};
use serde_json::{Value, json};

/// Returns a transport whose token requests succeed with `response`.
pub(crate) fn granting(response: Value) -> FakeTransport {
    let fake = FakeTransport::new();
    fake.path("/connect/token", move |_| FakeResponse::json(&response));
    // No user is deleted.
    let path = "/api/target-users/include-deleted/by-resource-ids";
    fake.path(path, |_| envelope(json!([])));
    fake
}

pub(crate) fn service() -> FakeTransport {
    granting(json!({"access_token": "token-1", "expires_in": 3600, "token_type": "Bearer"}))
}

pub(crate) fn over(fake: &FakeTransport) -> Client {
    Client::builder("an-id", "s3cret")
        .transport(fake.clone())
        .retry(RetryPolicy::default().backoff(
            std::time::Duration::from_millis(1),
            std::time::Duration::from_millis(1),
        ))
        .build()
        .unwrap()
}

/// Returns a sandbox, and a client that works for its first company.
pub(crate) async fn company() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await.unwrap();
    let service = sandbox.keepnet();
    let keepnet = Client::builder(service.client_id(), service.client_secret())
        .base_url(service.base_url())
        .build()
        .unwrap();
    let company = service.company_ids()[0].clone();
    (sandbox, keepnet.for_company(company).unwrap())
}

pub(crate) fn envelope(data: Value) -> FakeResponse {
    FakeResponse::json(&json!({
        "data": data,
        "message": null,
        "status": "SUCCESS",
        "validationMessages": null,
    }))
}

/// Returns the service's response to invalid members.
pub(crate) fn refused(message: &str) -> FakeResponse {
    FakeResponse::status(400)
        .header("content-type", "application/json")
        .body(format!(
            r#"{{"data":null,"message":"{message}","status":"INPUT_ERROR","validationMessages":[]}}"#
        ))
}

/// Returns the same response with these validation messages. The first one is the message.
pub(crate) fn refused_with(validation: &[&str]) -> FakeResponse {
    let body = json!({
        "data": null,
        "message": validation[0],
        "status": "INPUT_ERROR",
        "validationMessages": validation,
    });
    FakeResponse::status(400)
        .header("content-type", "application/json")
        .body(body.to_string())
}

/// Returns the only page of a list.
pub(crate) fn page(records: Value) -> FakeResponse {
    let count = records.as_array().map_or(0, Vec::len);
    envelope(json!({
        "results": records,
        "totalNumberOfRecords": count,
        "totalNumberOfPages": 1,
        "pageNumber": 1,
        "pageSize": 100,
    }))
}
