//! The service's messages in errors: one line, limited in length, and without the secrets of the call.

mod common;

use std::error::Error as StdError;
use std::fmt::Write;

use std::sync::Arc;

use common::{READ, builder, key, over, read, settings};
use http::{HeaderMap, Method, StatusCode};
use security_api_transport::{
    ApiError, Client, ClientBuilder, Error, ErrorKind, FakeResponse, FakeTransport, Form, OAuth2,
    Operation, Outcome, Protocol, ResponseParts, Secret, ValidationMessages,
};
use serde::Serialize;
use serde_json::{Value, json};

/// Returns everything that an error shows.
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
    fake.once(&READ, FakeResponse::status(400).body(body));
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
    let response = FakeResponse::status(400).body(body[..60_000].to_owned() + "\"}");
    fake.once(&READ, response.header("x-request-id", &long[..20_000]));
    let error = read(&over(&fake)).await.unwrap_err();
    assert_eq!(error.request_id().unwrap().chars().count(), 100);
    assert!(
        error.to_string().len() < 2000,
        "{}",
        error.to_string().len()
    );
}

#[test]
fn quoted_text_in_an_error_moves_no_terminal_cursor() {
    let quoted = "the role `a\r\n\u{1b}[2J` is unknown".to_owned();
    let shown = r"the role `a\r\n\u001b[2J` is unknown";
    let error = Error::new(ErrorKind::Invalid, quoted.clone());
    assert_eq!(error.to_string(), shown);
    let error = Error::invalid("role").with_context(quoted);
    assert_eq!(error.to_string(), format!("role; {shown}"));
}

#[test]
fn every_text_of_a_response_is_bounded_where_the_error_is_made() {
    let long = "\u{1b}".repeat(60_000);
    let mut api = ApiError::new()
        .with_code(long.clone())
        .with_validation(vec![long.clone(); 1000]);
    api.message = Some(long.clone());
    let error = Error::from_response(
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

    // The client's words after a long message are not cut off.
    let api = ApiError::new().with_message(long).with_hint("ask for less");
    let error = Error::from_response(
        StatusCode::BAD_REQUEST,
        HeaderMap::new(),
        None,
        bytes::Bytes::new(),
        api,
    );
    assert!(error.to_string().ends_with("… (ask for less)"), "{error}");
}

/// Echoes the request in every part of an error.
#[derive(Debug)]
struct Echo;

impl Protocol for Echo {
    fn api_error(&self, response: &ResponseParts<'_>) -> ApiError {
        let text = String::from_utf8_lossy(response.body);
        let mut validation = ValidationMessages::new();
        validation.add("payload", &text);
        ApiError::new()
            .with_message(&text)
            .with_hint("try another")
            .with_code(text.trim().to_owned())
            .with_validation(validation.into_vec())
    }
}

fn echoing(fake: &FakeTransport) -> ClientBuilder<Client> {
    common::install_provider();
    let mut settings = settings();
    settings.protocol = Arc::new(Echo);
    ClientBuilder::new(Ok(settings))
        .no_proxy()
        .transport(fake.clone())
}

/// Returns a secret with special characters, in each form in which a service may quote it.
fn quoted(secret: &str) -> [String; 4] {
    let encode = |space: &str| {
        secret
            .bytes()
            .map(|byte| match byte {
                b' ' => space.to_owned(),
                byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect::<String>()
    };
    let json = json!(secret).to_string();
    [
        secret.to_owned(),
        encode("%20"),
        encode("+"),
        json[1..json.len() - 1].to_owned(),
    ]
}

#[derive(Serialize)]
struct NewPush {
    payload: Secret,
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_the_service_quotes_is_hidden_in_every_form_and_part() {
    const KEY: &str = "k-MARKED-0123456789";
    const PASSPHRASE: &str = "pass \"MARKED\"/&+ü";
    const PAYLOAD: &str = "line\nMARKED\t\u{1b}[2J";
    const SEGMENT: &str = "a segment/MARKED";
    const FIELD: &str = "a \"field\":\r\nMARKED";
    const HEADER: &str = "a header: MARKED";
    static SHOW: Operation =
        Operation::new("things.show", Method::GET, "/things/{key}").secret_path(&["key"]);
    let fake = FakeTransport::new();
    let client = echoing(&fake).credential(key(KEY)).build().unwrap();
    for secret in [KEY, PASSPHRASE, PAYLOAD, SEGMENT, FIELD, HEADER] {
        for form in quoted(secret) {
            let mut response = FakeResponse::status(422).body(format!("no: {form}!"));
            if http::HeaderValue::from_str(&form).is_ok_and(|value| value.to_str().is_ok()) {
                response = response.header("x-request-id", &form);
            }
            fake.always(&SHOW, response);
            let call = client
                .operation(&SHOW, &[SEGMENT])
                .set_secret_query("passphrase", &Secret::from(PASSPHRASE));
            let call = match secret {
                FIELD => call.form(Form::new().secret("field", &FIELD.into())),
                HEADER => call.header("x-field", HEADER).hide(&HEADER.into()),
                _ => call.json(&NewPush {
                    payload: PAYLOAD.into(),
                }),
            };
            let error = call.call::<Value>().await.unwrap_err();
            let text = shown(&error);
            assert!(!text.contains("MARKED"), "{text}");
            let api = error.api().unwrap();
            let message = api.message.as_deref().unwrap();
            assert_eq!(message, "no: [redacted]! (try another)");
            assert_eq!(api.validation, ["payload: no: [redacted]!"]);
            assert_eq!(api.code.as_deref(), Some("no: [redacted]!"));
            assert!(error.request_id().is_none_or(|id| id == "[redacted]"));
            // The original body is still available.
            assert_eq!(error.body().unwrap(), format!("no: {form}!").as_bytes());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_hidden_up_to_where_its_text_is_cut() {
    let fake = FakeTransport::new();
    let client = echoing(&fake).build().unwrap();
    let payload = format!("MARKED {}", "long text. ".repeat(1000));
    for form in quoted(&payload) {
        fake.always(&READ, FakeResponse::status(422).body(format!("no: {form}")));
        let body = NewPush {
            payload: payload.as_str().into(),
        };
        let call = client.operation(&READ, &["7"]).json(&body);
        let error = call.call::<Value>().await.unwrap_err();
        let text = shown(&error);
        assert!(!text.contains("MARKED") && !text.contains("long"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_and_the_client_secret_are_hidden_even_if_the_token_is_given_up() {
    for status in [401, 403] {
        let fake = FakeTransport::new();
        let token = FakeResponse::json(&json!({"access_token": "MARKED-token"}));
        fake.path("/token", move |_| token.clone());
        let quote = "no: Bearer MARKED-token of MARKED-secret";
        fake.always(&READ, FakeResponse::status(status).body(quote));
        let credential =
            OAuth2::client_credentials("https://login.test/token", "id", "MARKED-secret").unwrap();
        let client = echoing(&fake).credential(credential).build().unwrap();
        for _ in 0..3 {
            let error = read(&client).await.unwrap_err();
            let text = shown(&error);
            assert!(!text.contains("MARKED"), "{text}");
            assert!(
                text.contains("no: Bearer [redacted] of [redacted]"),
                "{text}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn causes_and_redirects_that_quote_a_secret_are_hidden() {
    let fake = FakeTransport::new();
    let client = builder()
        .transport(fake.clone())
        .credential(key("marked-key"))
        .build()
        .unwrap();
    let cause = std::io::Error::other(std::io::Error::other("sent marked-key"));
    let broken = Error::new(ErrorKind::Io, "broken at marked-key").with_source(cause);
    for response in [
        FakeResponse::error(broken.permanent()),
        FakeResponse::status(302).header("location", "https://marked-key.example.com/"),
    ] {
        fake.always(&READ, response);
        let error = read(&client).await.unwrap_err();
        let text = shown(&error);
        assert!(
            !text.contains("marked-key") && text.contains("[redacted]"),
            "{text}"
        );
    }
}

#[test]
fn each_predicate_of_an_error_holds_for_its_status_or_kind() {
    let questions = |error: &Error| {
        [
            error.is_not_found(),
            error.is_unauthorized(),
            error.is_forbidden(),
            error.is_rate_limited(),
            error.is_timeout(),
            error.is_invalid(),
        ]
    };
    let of_status = |status| {
        let status = StatusCode::from_u16(status).unwrap();
        Error::from_response(status, HeaderMap::new(), None, "".into(), ApiError::new())
    };
    for (error, yes) in [
        (of_status(404), Some(0)),
        (of_status(401), Some(1)),
        (of_status(403), Some(2)),
        (of_status(429), Some(3)),
        (Error::new(ErrorKind::RateLimit, "later"), Some(3)),
        (Error::new(ErrorKind::Timeout, "late"), Some(4)),
        (Error::invalid("wrong"), Some(5)),
        (of_status(500), None),
        (Error::new(ErrorKind::Io, "reset"), None),
    ] {
        let expected: Vec<_> = (0..6).map(|question| Some(question) == yes).collect();
        assert_eq!(questions(&error).to_vec(), expected, "{error}");
    }
}

#[test]
fn outcomes_and_kinds_are_words_that_labels_can_have_and_pad() {
    assert_eq!(format!("{:>9}", Outcome::NotSent), " not sent");
    assert_eq!(Outcome::Unknown.to_string(), "unknown");
    assert_eq!(format!("{:<8}|", ErrorKind::Timeout), "timeout |");
    assert_eq!(ErrorKind::RateLimit.to_string(), "rate limit");
}
