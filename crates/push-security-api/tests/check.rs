//! `check()` detects whether the service at the base URL is Push Security.
#![cfg(feature = "fake")]

use push_security_api::{Client, Error, ErrorKind, FakeResponse, FakeTransport, operations};

async fn check(content_type: &str, body: &str) -> Result<(), Error> {
    let fake = FakeTransport::new();
    let response = FakeResponse::status(200).header("content-type", content_type);
    let response = response.body(body.to_owned());
    fake.always(&operations::BROWSERS_LIST, response);
    let builder = Client::builder("a-key").transport(fake);
    builder.build().expect("a client").check().await
}

#[tokio::test]
async fn check_fails_on_a_response_that_is_not_a_list_of_this_service() {
    for (content_type, body) in [
        ("application/json", r#"{"message":"Welcome"}"#),
        ("application/json", r#"{"errors":[]}"#),
        ("application/json", r#"{"data":[],"paging":{}}"#),
        ("application/json", "{}"),
        ("application/json", "[]"),
        ("application/json", r#"[[{"id":"b1"}],null]"#),
        ("application/json", r#"{"result":null}"#),
        ("application/json", r#"{"result":[]}"#),
        ("application/json", r#"{"result":[],"paging":{"total":57}}"#),
        (
            "application/json",
            r#"{"status":"error","result":[],"paging":{"moreResults":false}}"#,
        ),
        (
            "application/json",
            r#"{"fault":{"faultstring":"x"},"result":[],"paging":{"moreResults":false}}"#,
        ),
        (
            "application/json",
            r#"{"jsonrpc":"2.0","result":null,"error":{"code":-32600},"id":null}"#,
        ),
        (
            "application/json",
            r#"{"success":true,"errors":[],"messages":[],"result":[]}"#,
        ),
        (
            "application/json",
            r#"{"success":true,"errors":[],"messages":[],"result":[{"id":"b1"}]}"#,
        ),
        ("application/json", "null"),
        ("application/json", "true"),
        ("application/json", r#""ok""#),
        ("application/json", ""),
        ("text/html", "<!doctype html><title>Sign in</title>"),
        ("text/plain", "OK"),
        ("text/plain", ""),
    ] {
        let error = check(content_type, body).await.expect_err(body);
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}: {error}");
        assert!(!error.is_retryable(), "{body}: {error}");
    }
}

#[tokio::test]
async fn check_passes_on_a_list_without_browsers() {
    for body in [
        r#"{"result":[],"paging":{"moreResults":false}}"#,
        r#"{"result":null,"paging":{"moreResults":false}}"#,
        r#"{"result":[{"id":"b1"}]}"#,
    ] {
        check("application/json", body).await.expect(body);
    }
}
