//! Faults as a client sees them, and the journal of what it sent.

mod support;

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use security_api_sandbox::{Fault, Sandbox};
use support::{call, exchange, get, request, small};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection on which a list was asked for.
async fn asked(sandbox: &Sandbox, path: &str) -> TcpStream {
    let push = sandbox.push_security();
    let address = push
        .base_url()
        .strip_prefix("http://")
        .expect("an http URL");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nx-api-key: {}\r\n\r\n",
        push.api_key()
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream
}

#[tokio::test]
async fn a_status_is_answered_as_often_as_said_and_the_service_never_sees_it() {
    let sandbox = small().await;
    let account = get(&sandbox, "/v1/accounts?limit=1").await.json()["result"][0]["id"].clone();
    let path = format!("/v1/accounts/{}", account.as_str().expect("an id"));
    let before = sandbox.push_security().counts();
    let fault = Fault::status(503)
        .header("retry-after", "1")
        .body("busy")
        .times(2);
    sandbox
        .faults()
        .queue(fault.on(Method::DELETE, "/v1/accounts"));
    assert_eq!(get(&sandbox, &path).await.status, 200);
    for _ in 0..2 {
        let response = call(&sandbox, Method::DELETE, &path, "").await;
        assert_eq!((response.status, &response.body[..]), (503, &b"busy"[..]));
        assert_eq!(response.headers["retry-after"], "1");
        assert!(response.headers.contains_key("x-amzn-requestid"));
    }
    assert_eq!(sandbox.push_security().counts(), before);
    assert_eq!(call(&sandbox, Method::DELETE, &path, "").await.status, 200);
}

#[tokio::test]
async fn a_status_without_a_body_is_said_as_the_service_says_it() {
    let sandbox = small().await;
    sandbox.faults().queue(Fault::status(502));
    let response = get(&sandbox, "/v1/apps").await;
    assert_eq!(response.refusal(), (502, "Bad Gateway".to_owned()));
}

#[tokio::test]
async fn a_delayed_response_is_the_real_one_later() {
    let sandbox = small().await;
    let real = get(&sandbox, "/v1/apps").await.body;
    sandbox
        .faults()
        .queue(Fault::delay(Duration::from_millis(300)));
    let started = Instant::now();
    assert_eq!(get(&sandbox, "/v1/apps").await.body, real);
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_reset_connection_is_reset_and_the_next_one_works() {
    let sandbox = small().await;
    sandbox.faults().queue(Fault::reset());
    let mut stream = asked(&sandbox, "/v1/apps").await;
    let mut response = Vec::new();
    let error = stream
        .read_to_end(&mut response)
        .await
        .expect_err("a reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(response.is_empty());
    assert_eq!(get(&sandbox, "/v1/apps").await.status, 200);
}

#[tokio::test]
async fn a_stalled_request_gets_no_response_on_a_connection_that_stays_open() {
    let sandbox = small().await;
    sandbox.faults().queue(Fault::stall());
    let mut stream = asked(&sandbox, "/v1/apps").await;
    let mut response = [0; 1];
    let wait = tokio::time::timeout(Duration::from_millis(300), stream.read(&mut response));
    wait.await.expect_err("nothing happens");
    // Others are served meanwhile.
    assert_eq!(get(&sandbox, "/v1/apps").await.status, 200);
}

#[tokio::test]
async fn a_cut_body_has_its_whole_length_declared_and_exactly_so_many_bytes_sent() {
    let sandbox = small().await;
    let real = get(&sandbox, "/v1/browsers").await.body;
    for cut in [0, 1, 100, 9_000, real.len() - 1] {
        sandbox.faults().queue(Fault::cut_body(cut));
        let mut stream = asked(&sandbox, "/v1/browsers").await;
        let mut response = Vec::new();
        stream
            .read_to_end(&mut response)
            .await
            .expect("a clean end");
        let split = response
            .windows(4)
            .position(|bytes| bytes == b"\r\n\r\n")
            .expect("a head");
        let head = String::from_utf8_lossy(&response[..split]).to_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(
            head.contains(&format!("content-length: {}", real.len())),
            "{head}"
        );
        assert_eq!(response[split + 4..], real[..cut]);
    }
}

#[tokio::test]
async fn a_client_notices_a_cut_body_and_not_one_that_is_shorter_than_the_cut() {
    let sandbox = small().await;
    let real = get(&sandbox, "/v1/apps?limit=1").await.body;
    sandbox.faults().queue(Fault::cut_body(real.len()));
    assert_eq!(get(&sandbox, "/v1/apps?limit=1").await.body, real);
    sandbox.faults().queue(Fault::cut_body(real.len() - 1));
    let push = sandbox.push_security();
    let request = request(Method::GET, "/v1/apps?limit=1", Some(push.api_key()), "");
    let failure = exchange(push.base_url(), request).await.expect_err("cut");
    assert!(failure.starts_with("body"), "{failure}");
}

#[tokio::test]
async fn a_large_body_is_cut_only_after_its_bytes_were_sent() {
    let sandbox = Sandbox::builder()
        .rate_limits(false)
        .start()
        .await
        .expect("a sandbox");
    let real = get(&sandbox, "/v1/accounts").await.body;
    let cut = real.len() - 10;
    sandbox.faults().queue(Fault::cut_body(cut));
    let mut stream = asked(&sandbox, "/v1/accounts").await;
    // Long enough for the sandbox to fill every buffer there is.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut response = Vec::new();
    stream
        .read_to_end(&mut response)
        .await
        .expect("a clean end");
    assert!(response.ends_with(&real[cut - 1000..cut]));
}

#[tokio::test]
async fn faults_are_applied_first_in_first_out_to_the_requests_they_cover() {
    let sandbox = small().await;
    let faults = sandbox.faults();
    faults.queue(Fault::status(500).on(Method::GET, "/v1/apps"));
    faults.queue(Fault::status(501).times(0));
    faults.queue(Fault::status(502).on(Method::GET, "/v1/apps/").times(2));
    let status = async |method, path| call(&sandbox, method, path, "").await.status;
    for (method, path) in [
        (Method::PATCH, "/v1/apps"),
        (Method::GET, "/v1/appsOther"),
        (Method::GET, "/v1"),
    ] {
        assert!(status(method.clone(), path).await < 500, "{method} {path}");
    }
    assert_eq!(faults.pending(), 3);
    assert_eq!(status(Method::GET, "/v1/apps/1").await, 500);
    assert_eq!(status(Method::GET, "/v1/apps").await, 502);
    assert_eq!(faults.pending(), 1);
    faults.random(1, vec![(1.0, Fault::reset())]);
    faults.clear();
    assert_eq!(status(Method::GET, "/v1/apps").await, 200);
    assert_eq!(faults.pending(), 0);
}

#[tokio::test]
async fn chance_spoils_requests_reproducibly() {
    let run = async |seed| {
        let sandbox = small().await;
        sandbox.faults().random(
            seed,
            vec![(0.3, Fault::status(500)), (0.2, Fault::status(503))],
        );
        let mut statuses = Vec::new();
        for _ in 0..60 {
            statuses.push(get(&sandbox, "/v1/apps?limit=1").await.status);
        }
        statuses
    };
    let first = run(5).await;
    assert_eq!(first, run(5).await);
    assert_ne!(first, run(6).await);
    for status in [200, 500, 503] {
        assert!(first.contains(&status), "{first:?}");
    }
}

#[tokio::test]
async fn the_journal_tells_what_was_received_and_how_it_was_answered() {
    let sandbox = small().await;
    let before = sandbox.clock().now();
    get(&sandbox, "/v1/browsers?limit=1&email=a%40b").await;
    call(&sandbox, Method::PATCH, "/v1/apps/1", r#"{"notes":"x"}"#).await;
    sandbox.clock().advance(Duration::from_secs(600));
    sandbox.faults().queue(Fault::status(500));
    get(&sandbox, "/v1/apps").await;
    sandbox.faults().queue(Fault::reset());
    let push = sandbox.push_security();
    let lost = request(Method::GET, "/v1/lost", None, "");
    exchange(push.base_url(), lost).await.expect_err("a reset");

    let entries = sandbox.journal().entries();
    let told: Vec<_> = entries
        .iter()
        .map(|entry| {
            (
                entry.method.as_str(),
                entry.path.as_str(),
                entry.query.as_deref(),
                entry.status,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                "GET",
                "/v1/browsers",
                Some("limit=1&email=a%40b"),
                Some(200)
            ),
            ("PATCH", "/v1/apps/1", None, Some(404)),
            ("GET", "/v1/apps", None, Some(500)),
            ("GET", "/v1/lost", None, None),
        ]
    );
    assert_eq!(&entries[1].body[..], br#"{"notes":"x"}"#);
    assert!(entries.iter().all(|entry| entry.service == "push-security"));
    assert!(entries[0].at >= before);
    let pause = entries[2]
        .at
        .duration_since(entries[1].at)
        .expect("in order");
    assert!(pause >= Duration::from_secs(600));

    assert_eq!(
        sandbox.journal().count(|entry| entry.method == Method::GET),
        3
    );
    sandbox.journal().clear();
    assert!(sandbox.journal().entries().is_empty());
}

#[tokio::test]
async fn a_response_to_a_request_that_was_forgotten_is_not_noted_at_another() {
    let sandbox = small().await;
    sandbox
        .faults()
        .queue(Fault::delay(Duration::from_millis(300)));
    let late = async {
        while sandbox.journal().count(|_| true) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        sandbox.journal().clear();
        get(&sandbox, "/v1/apps/nothing").await;
    };
    tokio::join!(get(&sandbox, "/v1/apps?limit=1"), late);
    let entries = sandbox.journal().entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (&*entries[0].path, entries[0].status),
        ("/v1/apps/nothing", Some(404))
    );
}

#[tokio::test]
async fn the_journal_keeps_wrong_keys_and_only_the_names_of_right_ones() {
    let sandbox = small().await;
    let push = sandbox.push_security();
    let path = "/v1/apps?limit=1&pass%70hrase=hunter4&push[payload]=hunter5&nextToken=hunter6";
    for key in [push.api_key(), push.read_only_key(), "wrong-key"] {
        let request = request(Method::GET, path, Some(key), "hunter3");
        exchange(push.base_url(), request)
            .await
            .expect("a response");
    }
    let entries = sandbox.journal().entries();
    let keys: Vec<_> = entries
        .iter()
        .map(|entry| &entry.headers["x-api-key"])
        .collect();
    assert_eq!(keys, ["[full access key]", "[read only key]", "wrong-key"]);
    let printed = format!("{entries:?}");
    assert!(printed.contains("limit") && printed.contains("x-api-key"));
    assert!(!printed.contains("wrong-key") && !printed.contains("hunter"));
}

#[tokio::test]
async fn a_body_beyond_ten_mebibytes_is_not_played() {
    let sandbox = small().await;
    let body = "x".repeat(12 * 1024 * 1024);
    let response = call(&sandbox, Method::PATCH, "/v1/apps/1", &body).await;
    response.is_not_played("bodies of more than 10 MiB");
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let sandbox = small().await;
    let push = sandbox.push_security();
    let address = push
        .base_url()
        .strip_prefix("http://")
        .expect("an http URL");
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream))
            .await
            .expect("a handshake");
    tokio::spawn(connection);
    for _ in 0..50 {
        sender.ready().await.expect("an open connection");
        let request = request(Method::GET, "/v1/apps?limit=1", Some(push.api_key()), "");
        let response = sender.send_request(request).await.expect("a response");
        assert_eq!(response.status(), 200);
        response.into_body().collect().await.expect("a body");
    }
}

#[tokio::test]
#[should_panic(expected = "between 200 and 999")]
async fn an_informational_status_is_no_response() {
    let _ = Fault::status(103);
}
