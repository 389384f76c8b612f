//! The trace of a call: a span for the call and one for each attempt, without ids, queries or secrets.

mod common;

use common::capture::{Capture, Span};
use common::{BOOK, CREATE, READ, builder, create, over, read, seconds};
use http::Method;
use security_api_transport::{Error, ErrorKind, FakeResponse, FakeTransport, Outcome, RateLimiter};
use serde_json::Value;

fn fields<'a>(span: &'a Span, names: &[&'a str]) -> Vec<(&'a str, Option<&'a str>)> {
    names.iter().map(|name| (*name, span.field(name))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_call_has_one_span_and_each_of_its_attempts_one_within_it() {
    let (capture, _guard) = Capture::start();
    let fake = FakeTransport::new();
    fake.once(&READ, FakeResponse::status(503));
    fake.once(
        &READ,
        FakeResponse::error(Error::new(ErrorKind::Connect, "no connection")),
    );
    fake.always(&READ, FakeResponse::json("good"));
    read(&over(&fake)).await.unwrap();

    let calls = capture.spans("call");
    assert_eq!(calls.len(), 1);
    assert_eq!(
        fields(
            &calls[0],
            &[
                "otel.kind",
                "operation",
                "attempts",
                "http.response.status_code",
                "error.type"
            ]
        ),
        [
            ("otel.kind", Some("internal")),
            ("operation", Some("things.get")),
            ("attempts", Some("3")),
            ("http.response.status_code", Some("200")),
            ("error.type", None),
        ]
    );
    let attempts = capture.spans("HTTP");
    assert_eq!(attempts.len(), 3);
    for (number, (attempt, (status, error))) in attempts
        .iter()
        .zip([
            (Some("503"), Some("503")),
            (None, Some("Connect")),
            (Some("200"), None),
        ])
        .enumerate()
    {
        let resend = (number > 0).then(|| number.to_string());
        assert_eq!(
            fields(
                attempt,
                &[
                    "otel.kind",
                    "otel.name",
                    "http.request.method",
                    "url.template",
                    "url.scheme",
                    "server.address",
                    "http.request.resend_count",
                    "http.response.status_code",
                    "error.type",
                ]
            ),
            [
                ("otel.kind", Some("client")),
                ("otel.name", Some("GET /things/{id}")),
                ("http.request.method", Some("GET")),
                ("url.template", Some("/things/{id}")),
                ("url.scheme", Some("https")),
                ("server.address", Some("api.test")),
                ("http.request.resend_count", resend.as_deref()),
                ("http.response.status_code", status),
                ("error.type", error),
            ]
        );
        // The call's span came first.
        assert_eq!((calls[0].parent, attempt.parent), (None, Some(0)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_span_of_a_call_has_its_outcome() {
    for (response, status, error) in [
        (FakeResponse::status(404), Some("404"), Some("404")),
        (FakeResponse::never(), None, Some("Timeout")),
        (
            FakeResponse::error(Error::new(ErrorKind::Io, "reset").with_outcome(Outcome::Unknown)),
            None,
            Some("Io"),
        ),
    ] {
        let (capture, _guard) = Capture::start();
        let fake = FakeTransport::new();
        fake.always(&CREATE, response);
        create(&over(&fake))
            .timeout(seconds(1.0))
            .await
            .unwrap_err();
        let call = &capture.spans("call")[0];
        assert_eq!(
            (
                call.field("http.response.status_code"),
                call.field("error.type")
            ),
            (status, error)
        );
        assert_eq!(call.field("attempts"), Some("1"));
    }
    // A call that its limiter refuses makes no attempt.
    let (capture, _guard) = Capture::start();
    let limiter = RateLimiter::unlimited();
    security_api_transport::middleware::Limiter::close(&limiter, &READ, seconds(100.0));
    let client = builder()
        .transport(FakeTransport::new())
        .limiter(limiter)
        .build()
        .unwrap();
    read(&client).await.unwrap_err();
    let call = &capture.spans("call")[0];
    assert_eq!(
        (call.field("attempts"), call.field("error.type")),
        (Some("0"), Some("RateLimit"))
    );
    assert!(capture.spans("HTTP").is_empty());
}

#[tokio::test(start_paused = true)]
async fn spans_of_calls_at_the_same_time_do_not_mix() {
    let (capture, _guard) = Capture::start();
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good").delay(seconds(1.0)));
    fake.always(&CREATE, FakeResponse::json("good").delay(seconds(0.5)));
    let client = over(&fake);
    let (one, two) = tokio::join!(read(&client), create(&client));
    one.unwrap();
    two.unwrap();
    // Each attempt is inside its call. Spans are numbered in the order in which they began.
    let parents: Vec<_> = capture
        .spans("HTTP")
        .iter()
        .map(|span| span.parent)
        .collect();
    assert_eq!(parents, [Some(0), Some(2)]);
    assert!(
        capture
            .spans("call")
            .iter()
            .all(|span| span.parent.is_none())
    );
}

#[tokio::test(start_paused = true)]
async fn no_id_query_header_or_body_is_in_any_span_or_event() {
    let (capture, _guard) = Capture::start();
    let fake = FakeTransport::new();
    let response = FakeResponse::status(503)
        .header("retry-after", "1")
        .body("MARK")
        .header("x-request-id", "MARK");
    fake.always(&READ, response.clone()).always(&BOOK, response);
    let client = over(&fake);
    let call = client
        .operation(&READ, &["MARK"])
        .query("q", "MARK")
        .header("x-note", "MARK")
        .body("text/plain", "MARK")
        .call::<Value>();
    call.extra_query("MARK", "1").await.unwrap_err();
    client
        .request(Method::POST, "/MARK")
        .segment("MARK")
        .call::<Value>()
        .await
        .unwrap_err();
    let text = capture.text();
    assert!(
        text.contains("things.get") && text.contains("retrying the request"),
        "{text}"
    );
    assert!(!text.contains("MARK"), "{text}");
}
