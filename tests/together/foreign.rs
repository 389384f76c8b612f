//! Responses with status 200 that do not come from the service, but from something in front of it.

use std::fmt::Debug;

use security_api_transport::{Error, ErrorKind, FakeResponse, FakeTransport};
use serde_json::json;

/// Returns a transport that sends this body with status 200, and gives out tokens.
fn sending(body: &'static str) -> FakeTransport {
    let fake = FakeTransport::new();
    fake.path("/connect/token", |_| {
        FakeResponse::json(&json!({"access_token": "token-1", "expires_in": 3600}))
    });
    for operation in [
        &push_security_api::operations::EMPLOYEES_GET,
        &push_security_api::operations::APPS_GET,
        &pwpush_api::operations::REQUESTS_PREVIEW,
        &keepnet_api::operations::TARGET_USERS_GET,
        &keepnet_api::operations::COMPANIES_GET,
    ] {
        fake.always(operation, FakeResponse::status(200).body(body));
    }
    fake
}

/// Reads one object of each service.
async fn reads(body: &'static str) -> [Result<String, Error>; 5] {
    fn shown(value: Result<impl Debug, Error>) -> Result<String, Error> {
        value.map(|value| format!("{value:?}"))
    }
    let push = push_security_api::Client::builder("a-key")
        .transport(sending(body))
        .build()
        .expect("a client");
    let pusher = pwpush_api::Client::builder("a-token")
        .transport(sending(body))
        .build()
        .expect("a client");
    let keepnet = keepnet_api::Client::builder("an-id", "a-secret")
        .transport(sending(body))
        .build()
        .expect("a client");
    [
        shown(push.employees().get("e1").await),
        shown(push.apps().get("a1").await),
        shown(pusher.requests().preview("r1").await),
        shown(keepnet.target_users().get("u1").await),
        shown(keepnet.companies().get("c1").await),
    ]
}

#[tokio::test]
async fn an_object_without_a_known_member_is_an_error_in_every_crate() {
    for body in [
        r#"{"error":"x"}"#,
        r#"{"Message":"Unauthorized","requestId":"7"}"#,
        r#"{"logged_in":false}"#,
    ] {
        for read in reads(body).await {
            let error = read.expect_err(body);
            let text = error.to_string();
            let says_why = match error.kind() {
                // A required member is missed first.
                ErrorKind::Decode => text.contains("base URL") || text.contains("missing field"),
                // Keepnet's envelope tells an error of a gateway from a record.
                _ => body.contains("error") && text.contains("200 OK"),
            };
            assert!(says_why, "{body}: {error}");
            assert!(!error.is_retryable(), "{body}: {error}");
        }
    }
    // An object without any member may be one whose members are all absent.
    let [.., person, company] = reads("{}").await;
    assert!(person.is_ok() && company.is_ok());
}
