//! Responses with damaged text and a clear meaning: they are judged and decoded as if repaired.

mod common;

use std::sync::Arc;

use common::{CREATE, READ, Service, create, over, read, settings};
use http::Method;
use security_api_transport::{
    ApiError, Client, ClientBuilder, Error, ErrorKind, FakeResponse, FakeTransport, Operation,
    Protocol, ResponseParts, Verdict,
};
use serde_json::{Value, json};

static LIST: Operation = Operation::new("things.list", Method::GET, "/things")
    .idempotent()
    .list();
static DELETE: Operation =
    Operation::new("things.delete", Method::DELETE, "/things/{id}").no_response_body();

/// Half of a surrogate pair, which every JSON parser refuses and a repair replaces.
const HALF: &str = r"\ud83d";

fn damaged(body: &str) -> FakeResponse {
    FakeResponse::status(200).body(body.replace("HALF", HALF))
}

fn code(error: &Error) -> Option<&str> {
    error.api()?.code.as_deref()
}

/// A service that may report a failure with status 200, and that wraps its values.
#[derive(Debug)]
struct Enveloped;

impl Protocol for Enveloped {
    fn has_envelope(&self) -> bool {
        true
    }

    fn payload<'a>(&self, response: &ResponseParts<'a>) -> Result<&'a [u8], Verdict> {
        let found: Option<Value> = serde_json::from_slice(response.body).ok();
        match found.as_ref().and_then(|found| found["state"].as_str()) {
            Some("busy") => Err(Verdict::Refused),
            Some("failed") => Err(Verdict::Final),
            _ => Ok(response.body),
        }
    }

    fn api_error(&self, response: &ResponseParts<'_>) -> ApiError {
        Service.api_error(response)
    }
}

fn enveloped(fake: &FakeTransport) -> Client {
    let mut settings = settings();
    settings.protocol = Arc::new(Enveloped);
    ClientBuilder::new(Ok(settings))
        .transport(fake.clone())
        .build()
        .unwrap()
}

/// Bytes that are not UTF-8.
const NO_TEXT: &[u8] = b"{\"name\":\"\xff\",\"code\":\"locked\"}";

#[tokio::test(start_paused = true)]
async fn the_details_of_an_error_are_found_in_damaged_text() {
    let half = format!(r#"{{"name":"{HALF}","code":"locked"}}"#);
    let beyond = br#"{"name":1e400,"code":"locked"}"#;
    for body in [half.into_bytes(), NO_TEXT.to_vec(), beyond.to_vec()] {
        let fake = FakeTransport::new();
        fake.always(&READ, FakeResponse::status(429).body(body));
        let error = read(&over(&fake)).await.unwrap_err();
        assert_eq!(code(&error), Some("locked"));
        // A lock on one object is not retried.
        assert_eq!(fake.requests().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_envelope_that_is_damaged_beside_its_status_is_judged_by_it() {
    let fake = FakeTransport::new();
    fake.once(&CREATE, damaged(r#"{"name":"HALF","state":"busy"}"#));
    fake.once(&CREATE, damaged(r#"{"name":"HALF","state":"done"}"#));
    let value = create(&enveloped(&fake)).await.unwrap();
    assert_eq!(value, json!({"name": "\u{fffd}", "state": "done"}));
    // The service was busy at first, so any operation is retried.
    assert_eq!(fake.requests().len(), 2);
    fake.once(
        &CREATE,
        damaged(r#"{"name":"HALF","state":"failed","code":"x"}"#),
    );
    let error = create(&enveloped(&fake)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    assert_eq!(code(&error), Some("x"));
}

#[tokio::test]
async fn a_damaged_value_is_decoded_as_if_it_was_repaired() {
    let fake = FakeTransport::new();
    fake.always(&READ, damaged(r#"{"name":"HALF"}"#));
    let value = read(&over(&fake)).await.unwrap();
    assert_eq!(value, json!({"name": "\u{fffd}"}));
}

#[tokio::test]
async fn the_body_of_an_operation_without_a_value_is_ignored() {
    let fake = FakeTransport::new();
    let client = over(&fake);
    for body in [r#"{"name":"whole"}"#, r#"{"name":"HALF"}"#, ""] {
        fake.once(&DELETE, damaged(body));
        let value: Option<Value> = client.operation(&DELETE, &["7"]).call().await.unwrap();
        assert_eq!(value, None, "{body}");
    }
}

#[tokio::test]
async fn a_call_without_its_value_accepts_any_success() {
    let fake = FakeTransport::new();
    let client = over(&fake);
    for operation in [&READ, &LIST, &CREATE, &DELETE] {
        for body in ["", " ", "null", "[]", "{}", "7", "[7", "<html>", HALF] {
            fake.always(operation, FakeResponse::status(200).body(body));
            let segments = ["7"];
            let segments = &segments[..usize::from(operation.path().contains('{'))];
            let call = client.operation(operation, segments).call::<Value>();
            let result = call.without_value().await;
            assert!(result.is_ok(), "{} {body:?}: {result:?}", operation.id());
        }
    }
}

#[tokio::test]
async fn null_is_an_empty_list_and_an_object_without_members() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Thing {
        name: Option<String>,
    }
    let fake = FakeTransport::new();
    let client = over(&fake);
    fake.always(&LIST, damaged(" null\n"));
    let list: Vec<Thing> = client.operation(&LIST, &[]).call().await.unwrap();
    assert_eq!(list, []);
    fake.always(&READ, damaged("null"));
    let thing: Thing = client.operation(&READ, &["7"]).call().await.unwrap();
    assert_eq!(thing, Thing { name: None });
    let number: Result<u32, _> = client.operation(&READ, &["7"]).call().await;
    assert_eq!(number.unwrap_err().kind(), ErrorKind::Decode);
}
