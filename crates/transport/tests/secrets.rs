//! No secret is ever shown: every failure of a call is provoked with marked secrets, and everything that could be
//! printed or logged is searched for the mark.

mod common;

use std::error::Error as StdError;
use std::fmt::{Debug, Write};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use common::capture::Capture;
use common::wire::{Act, Server, response};
use common::{CREATE, ORIGIN, READ, builder, key, over, read, seconds};
use http::{HeaderName, Method};
use security_api_transport::{
    ApiKey, Body, Client, ClientBuilder, Error, ErrorKind, FakeResponse, FakeTransport, OAuth2,
    Outcome, Rate, RateLimiter, RetryPolicy, Secret,
};
use serde::Deserialize;
use serde_json::{Value, json};

const MARK: &str = "MARKED";

/// Returns everything that an error shows.
fn said(error: &Error) -> String {
    let mut text = format!("{error}\n{error:?}\n{error:#?}\n{:?}\n", error.operation());
    let mut cause = error.source();
    while let Some(error) = cause {
        writeln!(text, "{error}\n{error:?}\n{error:#?}").unwrap();
        cause = error.source();
    }
    text
}

#[track_caller]
fn assert_clean(what: &str, text: &str) {
    assert!(
        !text.is_empty() && !text.to_uppercase().contains(MARK),
        "{what}: {text}"
    );
}

/// The output of reqwest and hyper through the crate `log`.
static LOG: OnceLock<&'static Log> = OnceLock::new();

#[derive(Default)]
struct Log(Mutex<String>);

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        writeln!(
            self.0.lock().unwrap(),
            "{} {}",
            record.target(),
            record.args()
        )
        .unwrap();
    }

    fn flush(&self) {}
}

fn logged() -> String {
    let log = LOG.get_or_init(|| {
        let log: &'static Log = Box::leak(Box::default());
        log::set_logger(log).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        log
    });
    log.0.lock().unwrap().clone()
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only decoded")]
struct Thing {
    id: u32,
    kind: Kind,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Small,
}

/// Makes a call with the mark in every place that may hold a secret.
fn marked(client: &Client) -> security_api_transport::Call<Thing> {
    client
        .operation(&READ, &[MARK])
        .query("passphrase", MARK)
        .header("x-passphrase", MARK)
        .json(&json!({"secret": MARK}))
        .call()
}

fn marked_key(builder: ClientBuilder<Client>) -> ClientBuilder<Client> {
    builder.credential(key(MARK)).retry(
        RetryPolicy::default()
            .retries(1)
            .backoff(Duration::ZERO, Duration::ZERO),
    )
}

/// Returns responses with the mark in body and headers.
fn responses() -> Vec<FakeResponse> {
    let mut bodies = vec![
        json!({"id": MARK}).to_string(),
        json!({"id": 1, "kind": MARK}).to_string(),
        json!({"id": 1, "kind": {MARK: MARK}}).to_string(),
        json!({"ok": false, "secret": MARK}).to_string(),
        format!("{{\"id\":\"{MARK}"),
        format!("{{\"id\":1,\"kind\":\"{MARK}\", expected {MARK}"),
        format!("{MARK} is no JSON"),
        format!("<html>{MARK}</html>"),
        format!("\"{MARK}\""),
        format!("[\"{MARK}\"]"),
    ];
    bodies.push(format!("\"{}\"", MARK.repeat(1000)));
    let mut responses = Vec::new();
    for body in bodies {
        for status in [200, 301, 400, 401, 403, 404, 422, 429, 500, 503] {
            let response = FakeResponse::status(status)
                .body(body.clone())
                .header("set-cookie", MARK)
                .header(
                    "location",
                    &format!("https://u:{MARK}@eu.test/{MARK}?{MARK}"),
                );
            responses.push(response.clone());
            responses.push(response.clone().cut());
            responses.push(response.header("content-encoding", "gzip"));
        }
    }
    let caused = std::io::Error::other("a cause that shows nothing");
    responses.push(FakeResponse::error(
        Error::new(ErrorKind::Io, "reset")
            .with_outcome(Outcome::Unknown)
            .with_source(caused),
    ));
    responses.push(FakeResponse::never());
    responses
}

#[tokio::test(start_paused = true)]
async fn no_response_of_a_service_makes_a_secret_show() {
    let (capture, _guard) = Capture::start();
    let mut kinds = Vec::new();
    for response in responses() {
        let fake = FakeTransport::new();
        fake.always(&READ, response.clone());
        let client = marked_key(builder())
            .transport(fake.clone())
            .build()
            .unwrap();
        let call = marked(&client).response_limit(1000);
        assert_clean(
            "call",
            &format!(
                "{call:?} {:#?} {client:?} {fake:?}",
                call.clone().into_request()
            ),
        );
        let error = call.await.unwrap_err();
        kinds.push(error.kind());
        assert_clean("error", &said(&error));
    }
    for kind in ["Api", "Io", "Timeout", "Decode", "TooLarge", "Redirect"] {
        assert!(
            kinds.iter().any(|found| format!("{found:?}") == kind),
            "{kind} was not driven"
        );
    }
    assert_clean("trace", &capture.text());
}

#[tokio::test(start_paused = true)]
async fn no_token_and_no_client_secret_shows() {
    let (capture, _guard) = Capture::start();
    let json = |body: Value| FakeResponse::status(200).body(body.to_string());
    let responses = [
        json(json!({"access_token": MARK, "expires_in": 3600, "scope": "x"})),
        json(json!({"access_token": format!("{MARK}\n")})),
        json(json!({"access_token": {MARK: MARK}})),
        json(json!({"access_token": "t", "expires_in": MARK, "scope": 7})),
        json(json!({"token": MARK})),
        FakeResponse::status(200).body(MARK),
        FakeResponse::status(200).body(MARK).cut(),
        FakeResponse::status(400)
            .body(json!({"error": MARK, "error_description": MARK}).to_string()),
        FakeResponse::status(401).body(MARK),
        FakeResponse::status(503).body(MARK),
        FakeResponse::error(Error::new(ErrorKind::Connect, "no connection")),
    ];
    for token in responses {
        for status in [401, 503] {
            let fake = FakeTransport::new();
            let token = token.clone();
            fake.path("/token", move |_| token.clone());
            fake.always(&READ, FakeResponse::status(status).body(MARK));
            let credential =
                OAuth2::client_credentials("https://login.test/token", "id", MARK).unwrap();
            let credential = credential.scope("x");
            let client = builder()
                .transport(fake.clone())
                .credential(credential.clone())
                .build()
                .unwrap();
            let error = marked(&client).await.unwrap_err();
            assert_clean("error", &said(&error));
            assert_clean(
                "credential",
                &format!("{credential:?} {:?}", credential.current()),
            );
        }
    }
    assert_clean("trace", &capture.text());
}

#[tokio::test]
#[cfg_attr(not(feature = "_tls"), ignore = "it asks for https")]
async fn nothing_that_goes_wrong_on_the_wire_makes_a_secret_show() {
    let (capture, _guard) = Capture::start();
    logged();
    let half =
        format!("HTTP/1.1 200 OK\r\nset-cookie: {MARK}\r\ncontent-length: 100\r\n\r\n\"{MARK}")
            .into_bytes();
    let acts = [
        Act::SendThenReset(Vec::new()),
        Act::SendThenClose(Vec::new()),
        Act::SendThenClose(format!("{MARK}\r\n\r\n").into_bytes()),
        Act::SendThenClose(format!("HTTP/1.1 200 OK\r\n{MARK}\0: x\r\n\r\n").into_bytes()),
        Act::SendThenClose(half.clone()),
        Act::SendThenReset(half.clone()),
        Act::SendThenHang(half),
        Act::SendThenHang(Vec::new()),
        Act::Send(response(200, "content-encoding: gzip\r\n", MARK.as_bytes())),
        Act::Send(response(407, "", MARK.as_bytes())),
    ];
    let bounded = |builder: ClientBuilder<Client>| {
        let builder = builder
            .attempt_timeout(Duration::from_millis(100))
            .connect_timeout(Duration::from_millis(100))
            .idle_timeout(Duration::from_millis(100));
        marked_key(builder).build().unwrap()
    };
    let mut clients = Vec::new();
    for act in acts {
        let server = Server::start(vec![act]).await;
        clients.push(bounded(builder().base_url(server.url())));
        // The same server as a proxy with a password, for plain requests and for a tunnel.
        let proxy = format!("http://user:{MARK}@{}", server.address);
        let proxied = || ClientBuilder::new(Ok(common::settings())).proxy(&proxy);
        clients.push(bounded(proxied()));
        clients.push(bounded(proxied().base_url("http://127.0.0.1:9")));
    }
    clients.push(bounded(builder().base_url("https://nowhere.invalid")));
    clients.push(bounded(builder().base_url("http://127.0.0.1:9")));
    let plain = Server::start(vec![Act::Send(response(200, "", b""))]).await;
    clients.push(bounded(
        builder().base_url(format!("https://{}", plain.address)),
    ));
    for client in clients {
        let error = marked(&client).await.unwrap_err();
        assert_clean("error", &said(&error));
        let broken = Body::replayable(Some(9), || {
            let error =
                Err::<http_body::Frame<bytes::Bytes>, _>(std::io::Error::other("the disk is gone"));
            http_body_util::StreamBody::new(futures_util::stream::iter([error]))
        });
        let call = client
            .operation(&CREATE, &[])
            .query("q", MARK)
            .body("text/plain", broken);
        assert_clean(
            "error of a body",
            &said(&call.call::<Value>().await.unwrap_err()),
        );
    }
    assert_clean("trace", &capture.text());
    let log = logged();
    assert!(log.contains("starting new connection"), "{log}");
    assert_clean("log", &log);
}

#[tokio::test(start_paused = true)]
async fn no_bad_input_is_repeated_in_its_error() {
    let fake = FakeTransport::new();
    let client = over(&fake);
    let text = |debug: &dyn Debug| format!("{debug:?}");
    let bad_key = |key: &str| ApiKey::new(HeaderName::from_static("x-api-key"), key).unwrap_err();
    let token_url = |url: &str| OAuth2::client_credentials(url, "id", MARK).unwrap_err();
    for error in [
        bad_key(&format!("{MARK}\n")),
        ApiKey::bearer(&format!("{MARK} x")).unwrap_err(),
        token_url(&format!("http://login.test/{MARK}")),
        token_url(&format!("https://u:{MARK}@login.test/")),
        token_url(&format!("https://login test/{MARK}")),
        OAuth2::client_credentials("https://login.test/", "", MARK).unwrap_err(),
        builder()
            .base_url(format!("https://u:{MARK}@api.test"))
            .build()
            .unwrap_err(),
        builder()
            .base_url(format!("http://api.test/?key={MARK}"))
            .build()
            .unwrap_err(),
        builder().base_url(MARK).build().unwrap_err(),
        builder()
            .proxy(format!("http://u:{MARK}@pro xy"))
            .build()
            .unwrap_err(),
        builder()
            .proxy(format!("{MARK}://u:{MARK}@proxy"))
            .build()
            .unwrap_err(),
        builder()
            .user_agent(format!("{MARK}\n"))
            .build()
            .unwrap_err(),
        builder().root_certificate(MARK).build().unwrap_err(),
        client
            .with_header("x-note", &format!("{MARK}\n"))
            .unwrap_err(),
        read(&client)
            .header("x-note", &format!("{MARK}\n"))
            .await
            .unwrap_err(),
        read(&client)
            .header(&format!("x {MARK}"), "x")
            .await
            .unwrap_err(),
        client
            .operation(&READ, &[&format!("../{MARK}")])
            .call::<Value>()
            .await
            .unwrap_err(),
        client
            .request(Method::GET, &format!("/{MARK}?{MARK}"))
            .call::<Value>()
            .await
            .unwrap_err(),
        client
            .request(Method::GET, "/x")
            .segment(format!("../{MARK}"))
            .call::<Value>()
            .await
            .unwrap_err(),
        read(&client)
            .extra_query("q", MARK.repeat(20_000))
            .await
            .unwrap_err(),
    ] {
        assert!(
            error.is_invalid() || error.kind() == ErrorKind::Custom,
            "{error:?}"
        );
        assert_clean("error", &said(&error));
    }
    fake.always(&READ, FakeResponse::json(&json!({"secret": MARK})));
    read(&client)
        .header("x-note", MARK)
        .extra_query("q", MARK)
        .await
        .unwrap();
    for shown in [
        text(&fake.requests()),
        text(&Secret::from(MARK)),
        text(&key(MARK)),
        text(&Body::from(MARK)),
        text(&marked_key(builder()).proxy(format!("http://u:{MARK}@proxy.test"))),
        text(&client.with_header("x-note", MARK).unwrap()),
        text(&FakeResponse::json(&json!({"secret": MARK})).header("x-note", MARK)),
    ] {
        assert_clean("debug", &shown);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limiter_and_a_response_show_nothing_of_the_call() {
    let fake = FakeTransport::new();
    fake.always(
        &READ,
        FakeResponse::json(&json!({"id": 1, "kind": "small"})).header("set-cookie", MARK),
    );
    let limiter = RateLimiter::new(Rate::per_second(0.001, 1).unwrap());
    let client = marked_key(builder())
        .transport(fake)
        .limiter(limiter.clone())
        .build()
        .unwrap();
    let response = marked(&client).send_with_response().await.unwrap();
    assert_clean("response", &format!("{response:?}"));
    let error = marked(&client).timeout(seconds(1.0)).await.unwrap_err();
    assert_clean("error", &format!("{} {limiter:?}", said(&error)));
}

#[tokio::test]
async fn a_file_server_that_quotes_a_link_does_not_make_it_show() {
    const PATH: &str = "/blobs/MARKED-0123456789/a%20b.txt";
    const QUERY: &str = "sig=MARKED%2F%2B0123&MARKED";
    for host in [ORIGIN, "https://files.test"] {
        let link = format!("{host}{PATH}?{QUERY}");
        for quote in [
            &link,
            &format!("{PATH}?{QUERY}"),
            "MARKED-0123456789",
            "/blobs/MARKED-0123456789/a b.txt",
            "sig=MARKED%2F%2B0123",
            "MARKED/+0123",
        ] {
            for first in [&link, &format!("{ORIGIN}/start")] {
                let error = json!({"code": quote, "message": format!("no file {quote} here")});
                let refused = FakeResponse::status(422)
                    .body(error.to_string())
                    .header("content-type", "application/json")
                    .header("x-request-id", quote);
                let moved = FakeResponse::status(302).header("location", &link);
                let fake = FakeTransport::new();
                fake.path(PATH, move |_| refused.clone());
                fake.path("/start", move |_| moved.clone());
                let error = over(&fake).fetch(first).await.unwrap_err();
                assert_eq!(error.status().map(|status| status.as_u16()), Some(422));
                assert_clean(quote, &said(&error));
            }
        }
    }
}
