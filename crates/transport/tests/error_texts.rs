//! What a service says in its errors is shown on one line, bounded, and without the secrets of the call.

mod common;

use std::error::Error as StdError;
use std::fmt::Write;

use common::{READ, over, read};
use http::{HeaderMap, StatusCode};
use security_api_transport::{ApiError, Error, FakeAnswer, FakeTransport};
use serde_json::json;

/// Everything that an error shows.
fn shown(error: &Error) -> String {
    let mut text = format!("{error}\n{error:?}\n{error:#?}");
    if let Some(api) = error.api() {
        let parts = (&api.code, &api.message, api.validation.join(" "));
        write!(text, "\n{api:?} {parts:?}").unwrap();
    }
    write!(text, "\n{:?}", error.request_id()).unwrap();
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, "\n{error} {error:?}").unwrap();
        cause = error.source();
    }
    text
}

#[tokio::test(start_paused = true)]
async fn a_service_s_words_are_one_line_of_bounded_length() {
    let odd = "a\r\nb\u{1b}[2J\0\u{9b}\u{202e}c\u{2028}";
    let line = r"a\r\nb\u001b[2J\u0000\u009b\u202ec\u2028";
    let fake = FakeTransport::new();
    let body = json!({"code": odd, "message": odd}).to_string();
    fake.once(&READ, FakeAnswer::status(400).body(body));
    let error = read(&over(&fake)).await.unwrap_err();
    let api = error.api().unwrap();
    assert_eq!(api.message.as_deref(), Some(line));
    assert_eq!(api.code.as_deref(), Some(line));
    assert_eq!(
        error.to_string(),
        format!("things.get: 400 Bad Request {line}: {line}")
    );

    let long = "x".repeat(60_000);
    let body = json!({"code": long, "message": long}).to_string();
    let answer = FakeAnswer::status(400).body(body[..60_000].to_owned() + "\"}");
    fake.once(&READ, answer.header("x-request-id", &long[..20_000]));
    let error = read(&over(&fake)).await.unwrap_err();
    assert_eq!(error.request_id().unwrap().chars().count(), 100);
    assert!(
        error.to_string().len() < 2000,
        "{}",
        error.to_string().len()
    );
}

#[test]
fn every_text_of_an_answer_is_bounded_where_the_error_is_made() {
    let long = "\u{1b}".repeat(60_000);
    let mut api = ApiError::new()
        .with_code(long.clone())
        .with_validation(vec![long.clone(); 1000]);
    api.message = Some(long.clone());
    let error = Error::from_answer(
        StatusCode::BAD_REQUEST,
        HeaderMap::new(),
        Some(long.clone()),
        bytes::Bytes::new(),
        api,
    );
    let api = error.api().unwrap();
    assert!(api.message.as_ref().unwrap().chars().count() <= 1000);
    assert!(api.code.as_ref().unwrap().chars().count() <= 60);
    assert!(error.request_id().unwrap().chars().count() <= 100);
    assert!(api.validation.len() <= 21 && api.validation.concat().len() < 4200);
    assert!(!error.to_string().contains(char::is_control));

    // Words of ours after a long message are not cut off.
    let api = ApiError::new()
        .with_message(long)
        .with_remedy("ask for less");
    let error = Error::from_answer(
        StatusCode::BAD_REQUEST,
        HeaderMap::new(),
        None,
        bytes::Bytes::new(),
        api,
    );
    assert!(error.to_string().ends_with("… (ask for less)"), "{error}");
}
