//! Every row of the retry table, for an idempotent operation and another one.

mod common;

use std::time::Duration;

use common::{BOOK, CREATE, READ, create, over, read, seconds};
use http::Method;
use security_api_transport::{
    Call, Client, Error, ErrorKind, FakeResponse, FakeTransport, Operation, Outcome,
};
use serde_json::{Value, json};

/// The operations that are retried.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Again {
    All,
    Idempotent,
    /// No operation, but the caller may retry any call.
    Later,
    None,
}

struct Row {
    what: &'static str,
    response: FakeResponse,
    again: Again,
    kind: ErrorKind,
    sent: Outcome,
}

fn status(status: u16) -> FakeResponse {
    FakeResponse::status(status)
}

fn failure(kind: ErrorKind, sent: Outcome) -> FakeResponse {
    FakeResponse::error(Error::new(kind, "the fake fails").with_outcome(sent))
}

fn table() -> Vec<Row> {
    use Again::{All, Idempotent, Later, None};
    use ErrorKind::{
        Api, Connect, Credential, Custom, Decode, Invalid, Io, RateLimit, Redirect, Timeout,
        TooLarge,
    };
    let row = |what, response, again, kind, sent| Row {
        what,
        response,
        again,
        kind,
        sent,
    };
    let locked = || status(429).body(r#"{"code":"locked"}"#);
    let permanent = Error::new(Connect, "the certificate is not trusted").permanent();
    let mut rows = vec![
        row(
            "no connection",
            failure(Connect, Outcome::NotSent),
            All,
            Connect,
            Outcome::NotSent,
        ),
        row(
            "handed back unsent",
            failure(Io, Outcome::NotSent),
            All,
            Io,
            Outcome::NotSent,
        ),
        row(
            "the limiter lets it wait too long",
            failure(RateLimit, Outcome::NotSent),
            Later,
            RateLimit,
            Outcome::NotSent,
        ),
        row(
            "no token for too long",
            failure(Credential, Outcome::NotSent),
            Later,
            Credential,
            Outcome::NotSent,
        ),
        row("429", status(429), All, Api, Outcome::Refused),
        row(
            "429 with a wait",
            status(429).header("retry-after", "1"),
            All,
            Api,
            Outcome::Refused,
        ),
        row(
            "reset",
            failure(Io, Outcome::Unknown),
            Idempotent,
            Io,
            Outcome::Unknown,
        ),
        row(
            "time ran out",
            failure(Timeout, Outcome::Unknown),
            Idempotent,
            Timeout,
            Outcome::Unknown,
        ),
        row(
            "no response ever",
            FakeResponse::never(),
            Idempotent,
            Timeout,
            Outcome::Unknown,
        ),
        row(
            "cut body",
            FakeResponse::json("half").cut(),
            Idempotent,
            Io,
            Outcome::Unknown,
        ),
        row(
            "503 with a wait",
            status(503).header("retry-after", "1"),
            Idempotent,
            Api,
            Outcome::Unknown,
        ),
        row("429 for a lock", locked(), None, Api, Outcome::Answered),
        row(
            "429 for a lock, with a wait",
            locked().header("retry-after", "1"),
            None,
            Api,
            Outcome::Answered,
        ),
        row(
            "certificate",
            FakeResponse::error(permanent),
            None,
            Connect,
            Outcome::NotSent,
        ),
        row(
            "redirect",
            status(301).header("location", "/other"),
            None,
            Redirect,
            Outcome::Answered,
        ),
        row(
            "nonsense",
            status(200).body("nonsense"),
            None,
            Decode,
            Outcome::Answered,
        ),
        row(
            "too large",
            FakeResponse::json(&"x".repeat(2000)),
            None,
            TooLarge,
            Outcome::Answered,
        ),
        row(
            "a failure within a 200",
            FakeResponse::json(&json!({"ok": false})),
            None,
            Api,
            Outcome::Answered,
        ),
        row(
            "error of a layer",
            failure(Custom, Outcome::Unknown),
            None,
            Custom,
            Outcome::Unknown,
        ),
        row(
            "error of ours",
            failure(Invalid, Outcome::NotSent),
            None,
            Invalid,
            Outcome::NotSent,
        ),
    ];
    for code in [
        408, 425, 500, 502, 503, 504, 509, 512, 520, 524, 599, 600, 999,
    ] {
        rows.push(row(
            "may have been executed",
            status(code),
            Idempotent,
            Api,
            Outcome::Unknown,
        ));
    }
    rows.push(row("credential", status(401), None, Api, Outcome::Refused));
    for code in [
        400, 402, 403, 404, 405, 409, 410, 413, 415, 422, 431, 501, 505, 507,
    ] {
        rows.push(row("final", status(code), None, Api, Outcome::Answered));
    }
    rows
}

fn prepare(operation: &'static Operation, client: &Client) -> Call<Value> {
    let call = if operation.id() == READ.id() {
        read(client)
    } else {
        create(client)
    };
    call.attempt_timeout(seconds(3.0)).response_limit(1000)
}

#[tokio::test(start_paused = true)]
async fn each_row_of_the_table_is_kept_and_the_error_says_how_far_it_got() {
    for row in table() {
        for operation in [&READ, &CREATE] {
            let fake = FakeTransport::new();
            fake.always(operation, row.response.clone());
            let error = prepare(operation, &over(&fake)).await.unwrap_err();
            let what = format!(
                "{}, {:?}, {}: {error}",
                row.what,
                error.status(),
                operation.id()
            );
            let again = match row.again {
                Again::All => true,
                Again::Idempotent => operation.is_idempotent(),
                Again::Later | Again::None => false,
            };
            let is_retryable = again || row.again == Again::Later;
            let sends = if again { 4 } else { 1 };
            assert_eq!(fake.requests_of(operation).len(), sends, "{what}");
            assert_eq!(error.attempts() as usize, sends, "{what}");
            assert_eq!(error.kind(), row.kind, "{what}");
            assert_eq!(error.outcome(), row.sent, "{what}");
            assert_eq!(error.is_retryable(), is_retryable, "{what}");
            assert_eq!(
                error.operation().map(Operation::id),
                Some(operation.id()),
                "{what}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_response_to_the_re_send_is_the_response_to_the_call() {
    for row in table() {
        for operation in [&READ, &CREATE] {
            let fake = FakeTransport::new();
            fake.once(operation, row.response.clone());
            fake.always(operation, FakeResponse::json("good"));
            let result = prepare(operation, &over(&fake)).send_with_response().await;
            let again = row.again == Again::All
                || (row.again == Again::Idempotent && operation.is_idempotent());
            let what = format!("{}, {}: {result:?}", row.what, operation.id());
            assert_eq!(result.is_ok(), again, "{what}");
            if let Ok(response) = result {
                assert_eq!(
                    (response.value(), response.attempts()),
                    (&json!("good"), 2),
                    "{what}"
                );
            }
            let bodies: Vec<_> = fake
                .requests()
                .into_iter()
                .map(|request| request.body)
                .collect();
            assert!(bodies.iter().all(|body| *body == bodies[0]), "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_that_the_description_calls_a_refusal_is_sent_again_for_any_operation() {
    let fake = FakeTransport::new();
    fake.always(&BOOK, status(503));
    let error = over(&fake)
        .operation(&BOOK, &[])
        .call::<Value>()
        .await
        .unwrap_err();
    assert_eq!((fake.requests().len(), error.attempts()), (4, 4));
    assert!(error.is_retryable());

    let fake = FakeTransport::new();
    fake.always(&BOOK, status(502));
    let error = over(&fake)
        .operation(&BOOK, &[])
        .call::<Value>()
        .await
        .unwrap_err();
    assert_eq!(fake.requests().len(), 1);
    assert!(!error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn the_caller_can_say_whether_a_call_may_be_repeated() {
    for (idempotent, sends) in [(true, 4), (false, 1)] {
        for operation in [&READ, &CREATE] {
            let fake = FakeTransport::new();
            fake.always(operation, status(502));
            let call = prepare(operation, &over(&fake)).assume_idempotent(idempotent);
            let error = call.await.unwrap_err();
            assert_eq!(fake.requests().len(), sends);
            assert_eq!(error.is_retryable(), idempotent, "{error:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_raw_request_is_repeated_only_if_it_is_marked_idempotent() {
    static OWN: Operation = Operation::new("request", Method::GET, "(own path)");
    for (idempotent, sends) in [(true, 4), (false, 1)] {
        let fake = FakeTransport::new();
        fake.always(&OWN, status(502));
        let mut request = over(&fake).request(Method::GET, "/anything");
        if idempotent {
            request = request.idempotent();
        }
        let error = request.call::<Value>().await.unwrap_err();
        assert_eq!(fake.requests().len(), sends);
        assert_eq!(error.is_retryable(), idempotent);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_have_been_executed_stays_so_in_later_attempts() {
    let fake = FakeTransport::new();
    fake.once(&READ, failure(ErrorKind::Io, Outcome::Unknown));
    fake.always(&READ, failure(ErrorKind::Connect, Outcome::NotSent));
    let error = read(&over(&fake)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Connect, Outcome::Unknown)
    );

    let fake = FakeTransport::new();
    fake.once(&READ, status(503));
    fake.always(&READ, failure(ErrorKind::Connect, Outcome::NotSent));
    let error = read(&over(&fake)).await.unwrap_err();
    assert_eq!((error.attempts(), error.outcome()), (4, Outcome::Unknown));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_refused_is_not_one_that_never_arrived() {
    for (last, is_retryable) in [
        (failure(ErrorKind::Connect, Outcome::NotSent), true),
        (failure(ErrorKind::RateLimit, Outcome::NotSent), true),
        (failure(ErrorKind::Credential, Outcome::NotSent), true),
        (failure(ErrorKind::Invalid, Outcome::NotSent), false),
    ] {
        let fake = FakeTransport::new();
        fake.once(&CREATE, status(429));
        fake.always(&CREATE, last);
        let error = create(&over(&fake)).await.unwrap_err();
        assert!(error.attempts() > 1, "{error:?}");
        assert_eq!(error.outcome(), Outcome::Refused, "{error:?}");
        assert_eq!(error.is_retryable(), is_retryable, "{error:?}");
        assert!(!error.may_be_executed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_be_sent_at_all_says_that_nothing_was() {
    let fake = FakeTransport::new();
    let client = over(&fake);
    for call in [
        client.operation(&READ, &[".."]).call::<Value>(),
        client.request(Method::GET, "no-slash").call(),
        read(&client).header("bad name", "x"),
        read(&client).header("x-name", "line\nbreak"),
    ] {
        let error = call.await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Invalid, Outcome::NotSent, 0)
        );
    }
    assert!(fake.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn retries_of_a_call_hold_instead_of_the_clients() {
    for (retries, sends) in [(0, 1), (1, 2), (5, 6)] {
        let fake = FakeTransport::new();
        fake.always(&READ, status(503));
        let error = read(&over(&fake)).retries(retries).await.unwrap_err();
        assert_eq!(
            (fake.requests().len(), error.attempts()),
            (sends, sends as u32)
        );
    }
    let fake = FakeTransport::new();
    fake.always(&CREATE, status(429));
    assert!(
        create(&over(&fake))
            .retries(0)
            .await
            .unwrap_err()
            .is_rate_limited()
    );
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_error_page_that_breaks_off_is_judged_by_its_status() {
    let fake = FakeTransport::new();
    fake.always(&CREATE, status(404).body("not f").cut());
    let error = create(&over(&fake)).await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_under_way_that_its_deadline_ends_may_have_been_executed() {
    for (response, sent) in [
        (FakeResponse::never(), Outcome::Unknown),
        (
            failure(ErrorKind::Connect, Outcome::NotSent).delay(Duration::from_secs(9)),
            Outcome::Unknown,
        ),
    ] {
        let fake = FakeTransport::new();
        fake.always(&CREATE, response);
        let error = create(&over(&fake))
            .timeout(seconds(2.0))
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, sent));
        assert_eq!((error.attempts(), error.is_retryable()), (1, false));
    }
}
