//! Broken connections, over real sockets.

mod common;

use std::time::Duration;

use common::wire::{Act, Server, response};
use common::{builder, create, hurried, install_provider, read, unconnected};
use http_body_util::StreamBody;
use security_api_transport::middleware::{HttpRequest, ResponseBody};
use security_api_transport::{Body, Call, Client, ClientBuilder, Error, ErrorKind, Outcome};
use serde_json::{Value, json};

fn at(url: &str) -> ClientBuilder<Client> {
    builder().base_url(url).retry(hurried())
}

fn good() -> Vec<u8> {
    response(200, "content-type: application/json\r\n", b"\"good\"")
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

struct Row {
    what: &'static str,
    act: Act,
    kind: ErrorKind,
}

impl Row {
    /// Sets a short timeout for the part that never completes.
    fn bounds(&self, builder: ClientBuilder<Client>) -> ClientBuilder<Client> {
        let short = Duration::from_millis(100);
        match (self.kind, self.what) {
            (ErrorKind::Timeout, "body stalls") => builder.idle_timeout(short),
            (ErrorKind::Timeout, _) => builder.attempt_timeout(short),
            _ => builder,
        }
    }
}

fn rows() -> Vec<Row> {
    let row = |what, act, kind| Row { what, act, kind };
    let half = || bytes("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n\"half");
    let chunk = || bytes("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n\"half\r\n");
    let head = || bytes("HTTP/1.1 200 OK\r\nconte");
    use ErrorKind::{Io, Timeout};
    vec![
        row(
            "reset after the request",
            Act::SendThenReset(Vec::new()),
            Io,
        ),
        row(
            "closed after the request",
            Act::SendThenClose(Vec::new()),
            Io,
        ),
        row("head cut", Act::SendThenClose(head()), Io),
        row("head reset", Act::SendThenReset(head()), Io),
        row("body cut", Act::SendThenClose(half()), Io),
        row("body reset", Act::SendThenReset(half()), Io),
        row("chunked body cut", Act::SendThenClose(chunk()), Io),
        row("no response", Act::SendThenHang(Vec::new()), Timeout),
        row("half a head", Act::SendThenHang(head()), Timeout),
        row("body stalls", Act::SendThenHang(half()), Timeout),
    ]
}

/// A call, and whether it is idempotent.
type Make = (fn(&Client) -> Call<Value>, bool);

fn both() -> [Make; 2] {
    [(read, true), (create, false)]
}

#[tokio::test]
async fn a_request_that_may_have_been_executed_goes_out_again_only_if_it_is_idempotent() {
    for row in rows() {
        for (call, idempotent) in both() {
            let server = Server::start(vec![row.act.clone()]).await;
            let client = row.bounds(at(&server.url())).build().unwrap();
            let error = call(&client).await.unwrap_err();
            let what = format!("{}, {idempotent}: {error:?}", row.what);
            let sends = if idempotent { 4 } else { 1 };
            assert_eq!(
                (server.requests(), error.attempts()),
                (sends, sends as u32),
                "{what}"
            );
            assert_eq!(
                (error.kind(), error.outcome()),
                (row.kind, Outcome::Unknown),
                "{what}"
            );
            assert_eq!(error.is_retryable(), idempotent, "{what}");
        }
    }
}

#[tokio::test]
async fn what_answers_in_something_else_than_http_is_not_asked_again() {
    let large = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(1 << 20));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(500));
    for (answered, says) in [
        ("SSH-2.0-server\r\n\r\n".to_owned(), "not HTTP"),
        ("<html>404</html>\r\n\r\n".to_owned(), "not HTTP"),
        (large, "head of the response"),
        (many, "head of the response"),
    ] {
        for (call, _) in both() {
            let server = Server::start(vec![Act::SendThenClose(bytes(&answered))]).await;
            let error = call(&at(&server.url()).build().unwrap()).await.unwrap_err();
            // The request may have been executed.
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (ErrorKind::Io, Outcome::Unknown, 1),
                "{error:?}"
            );
            assert!(
                !error.is_retryable() && error.to_string().contains(says),
                "{error}"
            );
            assert_eq!(server.requests(), 1);
        }
    }
}

#[tokio::test]
async fn the_re_send_is_a_whole_new_request_and_its_response_counts() {
    for row in rows() {
        if row.kind == ErrorKind::Timeout {
            continue;
        }
        let server = Server::start(vec![row.act, Act::Send(good())]).await;
        let client = at(&server.url()).build().unwrap();
        let response = create(&client)
            .assume_idempotent(true)
            .send_with_response()
            .await
            .unwrap();
        assert_eq!(
            (response.value(), response.attempts()),
            (&json!("good"), 2),
            "{}",
            row.what
        );
        assert_eq!(server.requests(), 2, "{}", row.what);
    }
}

async fn never_sent(client: &Client) {
    for (call, _) in both() {
        assert!(unconnected(call(client), 4).await.is_retryable());
    }
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_for_any_operation() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    never_sent(&at(&url).build().unwrap()).await;
}

#[tokio::test]
#[cfg_attr(not(feature = "_tls"), ignore = "it asks for https")]
async fn a_name_that_does_not_resolve_is_tried_again_for_any_operation() {
    let client = at("https://nowhere.invalid").build().unwrap();
    never_sent(&client).await;
    let error = read(&client).retries(0).await.unwrap_err();
    assert!(
        error.to_string().contains("could not be resolved"),
        "{error}"
    );
}

#[tokio::test]
async fn a_kept_alive_connection_that_is_reset_before_anything_was_read_may_have_been_executed() {
    for (call, idempotent) in both() {
        let server = Server::start(vec![Act::SendThenResetUnread(good()), Act::Send(good())]).await;
        let client = at(&server.url()).build().unwrap();
        read(&client).await.unwrap();
        let result = call(&client).send_with_response().await;
        if idempotent {
            assert_eq!(result.unwrap().attempts(), 2);
            assert_eq!((server.requests(), server.connections()), (2, 2));
        } else {
            let error = result.unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (ErrorKind::Io, Outcome::Unknown, 1)
            );
            assert_eq!((server.requests(), server.connections()), (1, 1));
        }
    }
}

#[tokio::test]
async fn a_kept_alive_connection_that_was_closed_meanwhile_costs_no_attempt() {
    for (call, _) in both() {
        let server = Server::start(vec![Act::SendThenClose(good()), Act::Send(good())]).await;
        let client = at(&server.url()).build().unwrap();
        read(&client).await.unwrap();
        // The client has noticed once it closes its side.
        while server.closed() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(
            call(&client).send_with_response().await.unwrap().attempts(),
            1
        );
        assert_eq!((server.requests(), server.connections()), (2, 2));
    }
}

#[tokio::test]
async fn an_error_of_the_requests_own_body_is_not_sent_again() {
    let server = Server::start(vec![Act::Send(good())]).await;
    let client = at(&server.url()).build().unwrap();
    let broken = || {
        let pieces = [
            Ok(http_body::Frame::data(bytes::Bytes::from_static(b"piece"))),
            Err(std::io::Error::other("the disk is gone")),
        ];
        StreamBody::new(futures_util::stream::iter(pieces))
    };
    for ours in [true, false] {
        let body = Body::replayable(Some(10), move || {
            let ours =
                move |error: std::io::Error| -> security_api_transport::middleware::BoxError {
                    if ours {
                        Box::new(Error::invalid("the file changed"))
                    } else {
                        error.into()
                    }
                };
            http_body_util::BodyExt::map_err(broken(), ours)
        });
        let call = client
            .operation(&common::READ, &["7"])
            .body("text/plain", body)
            .call::<Value>();
        let error = call.await.unwrap_err();
        let kind = if ours {
            ErrorKind::Invalid
        } else {
            ErrorKind::Io
        };
        assert_eq!((error.kind(), error.attempts()), (kind, 1), "{error:?}");
        assert!(
            !error.is_retryable() && error.outcome() != Outcome::Answered,
            "{error:?}"
        );
        if !ours {
            assert!(error.to_string().contains("body"), "{error}");
        }
    }
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_length_that_the_service_does_not_keep_to_reserves_no_memory() {
    for length in ["1099511627776", "18446744073709551000"] {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let mut act = bytes(&head);
        act.extend(b"\"a piece".repeat(20_000));
        let server = Server::start(vec![Act::SendThenClose(act)]).await;
        let client = at(&server.url()).build().unwrap();
        for limit in [1 << 20, u64::MAX] {
            let error = create(&client).response_limit(limit).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome()),
                (ErrorKind::Io, Outcome::Unknown),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
#[cfg_attr(not(feature = "_tls"), ignore = "it asks for https")]
async fn a_proxy_that_wants_other_credentials_is_not_asked_again_and_one_that_cannot_connect_is() {
    for (status, says, attempts) in [
        (407, "the proxy refused the connection", 1),
        (403, "the proxy made no connection", 4),
        (502, "the proxy made no connection", 4),
    ] {
        for (call, _) in both() {
            let proxy = Server::start(vec![Act::Send(response(status, "", b""))]).await;
            let client = builder()
                .proxy(proxy.url())
                .retry(hurried())
                .build()
                .unwrap();
            let error = call(&client).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome()),
                (ErrorKind::Connect, Outcome::NotSent),
                "{error:?}"
            );
            assert_eq!(
                (error.attempts() as usize, proxy.requests()),
                (attempts, attempts),
                "{error:?}"
            );
            assert_eq!(error.is_retryable(), attempts > 1);
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}

/// A user's transport: plain reqwest without retries.
fn bare_reqwest(url: String) -> Client {
    install_provider();
    let inner = reqwest::Client::builder()
        .no_proxy()
        .retry(reqwest::retry::never())
        .build()
        .unwrap();
    let transport = tower::service_fn(move |request: HttpRequest| {
        let (client, to) = (inner.clone(), format!("{url}{}", request.uri().path()));
        async move {
            let sent = client.request(request.method().clone(), to).send().await;
            let response = http::Response::<reqwest::Body>::from(sent?);
            Ok::<_, reqwest::Error>(response.map(ResponseBody::stream))
        }
    });
    builder()
        .transport(transport)
        .retry(hurried())
        .build()
        .unwrap()
}

#[tokio::test]
async fn an_error_of_reqwest_is_understood_in_a_users_transport_too() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    never_sent(&bare_reqwest(url)).await;
    for (call, idempotent) in both() {
        let server = Server::start(vec![Act::SendThenClose(Vec::new())]).await;
        let error = call(&bare_reqwest(server.url())).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Io, Outcome::Unknown),
            "{error:?}"
        );
        assert_eq!(server.requests(), if idempotent { 4 } else { 1 });
    }
}
