//! Responses that are compressed, too large, broken or empty.

mod common;

use std::io::Write;

use bytes::Bytes;
use common::wire::{Act, Server, response};
use common::{CREATE, READ, builder, create, hurried, over, read};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Method;
use security_api_transport::middleware::{BoxError, HttpRequest, HttpResponse, ResponseBody};
use security_api_transport::{
    Client, Download, Error, ErrorKind, FakeResponse, FakeTransport, Operation, Outcome,
};
use serde::Deserialize;
use serde_json::Value;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Returns compressed zeros, a hundredth of their size.
fn bomb(mebibytes: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..mebibytes {
        encoder.write_all(&[b'0'; 1024 * 1024]).unwrap();
    }
    encoder.finish().unwrap()
}

/// Returns clients that get this response: from the fake, and from the transport over a socket.
async fn clients(status: u16, encoding: Option<&str>, body: &[u8]) -> [Client; 2] {
    let fake = FakeTransport::new();
    let mut faked = FakeResponse::status(status).body(body.to_vec());
    let mut headers = String::new();
    if let Some(encoding) = encoding {
        faked = faked.header("content-encoding", encoding);
        headers = format!("content-encoding: {encoding}\r\n");
    }
    fake.always(&READ, faked.clone()).always(&CREATE, faked);
    let server = Server::start(vec![Act::Send(response(status, &headers, body))]).await;
    let url = server.url();
    [
        over(&fake),
        builder().base_url(url).retry(hurried()).build().unwrap(),
    ]
}

#[tokio::test]
async fn a_compressed_response_is_read_whatever_the_transport() {
    let text = format!("\"{}\"", "text ".repeat(100_000));
    for client in clients(200, Some("gzip"), &gzip(text.as_bytes())).await {
        let response = read(&client).send_with_response().await.unwrap();
        assert_eq!(*response.value(), Value::from(text.trim_matches('"')));
        assert!(!response.headers().contains_key("content-encoding"));
    }
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("plain"));
    read(&over(&fake)).await.unwrap();
    assert_eq!(fake.requests()[0].headers["accept-encoding"], "gzip");
}

#[tokio::test]
async fn an_error_page_is_decompressed_and_cut_after_64_kib() {
    for (encoding, pack) in [
        (None, <[u8]>::to_vec as fn(&[u8]) -> _),
        (Some("gzip"), gzip),
    ] {
        for length in [100, 65_536, 65_537, 1_000_000] {
            let page = [b"<html>".to_vec(), vec![b'x'; length - 6]].concat();
            for client in clients(502, encoding, &pack(&page)).await {
                let error = create(&client).await.unwrap_err();
                assert_eq!(
                    (error.kind(), error.status().unwrap().as_u16()),
                    (ErrorKind::Api, 502)
                );
                assert_eq!(error.body().unwrap()[..], page[..length.min(65_536)]);
            }
        }
    }
}

#[tokio::test]
async fn what_is_larger_than_the_limit_after_decompression_is_an_error_and_not_read_to_its_end() {
    let large = || [b"\"".to_vec(), vec![b'x'; 20 << 20], b"\"".to_vec()].concat();
    for (encoding, body) in [
        (None, large()),
        (Some("gzip"), gzip(&large())),
        (Some("gzip"), bomb(40)),
    ] {
        for client in clients(200, encoding, &body).await {
            let error = read(&client).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (ErrorKind::TooLarge, Outcome::Answered, 1)
            );
            assert!(!error.is_retryable());
            assert!(
                error.to_string().contains("16777216 bytes")
                    && error.to_string().contains("`response_limit`")
            );
        }
    }
    for client in clients(200, None, &large()).await {
        let value = read(&client).response_limit((20 << 20) + 2).await.unwrap();
        assert_eq!(value.as_str().unwrap().len(), 20 << 20);
        let error = read(&client)
            .response_limit((20 << 20) + 1)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
    }
    // A bomb in an error page is truncated like any other body.
    for client in clients(500, Some("gzip"), &bomb(40)).await {
        assert_eq!(
            create(&client).await.unwrap_err().body().unwrap().len(),
            65_536
        );
    }
}

#[tokio::test]
async fn compression_that_is_damaged_is_told_from_a_connection_that_broke() {
    let whole = gzip("\"text text text text\"".repeat(5000).as_bytes());
    let mut damaged = whole.clone();
    for byte in &mut damaged[20..60] {
        *byte ^= 0x5a;
    }
    let cut = |length: usize| whole[..length].to_vec();
    let followed_by = |more: &[u8]| [&whole[..], more].concat();
    let (damage, interruption) = (
        (ErrorKind::Decode, Outcome::Answered, 1),
        (ErrorKind::Io, Outcome::Unknown, 4),
    );
    for (body, (kind, outcome, attempts)) in [
        (damaged, damage),
        (b"this is no gzip".to_vec(), damage),
        (b"{}".to_vec(), damage),
        (followed_by(b"something else"), damage),
        (followed_by(b"x"), damage),
        (followed_by(&[0; 512]), damage),
        (cut(1), interruption),
        (cut(9), interruption),
        (cut(whole.len() / 2), interruption),
        (cut(whole.len() - 8), interruption),
        (cut(whole.len() - 1), interruption),
        (followed_by(&whole[..5]), interruption),
    ] {
        for client in clients(200, Some("gzip"), &body).await {
            let error = read(&client).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (kind, outcome, attempts),
                "{error:?}"
            );
            assert!(std::error::Error::source(&error).is_some());
        }
    }
}

#[tokio::test]
async fn a_compressed_response_may_have_several_members_and_its_encoding_any_case() {
    let text = "text ".repeat(50_000);
    let (left, right) = text.split_at(70_001);
    let members = [
        gzip(b"\""),
        gzip(left.as_bytes()),
        gzip(b""),
        gzip(right.as_bytes()),
        gzip(b"\""),
    ]
    .concat();
    for encoding in ["gzip", "GZIP", "x-gzip", "identity, Gzip"] {
        for client in clients(200, Some(encoding), &members).await {
            assert_eq!(read(&client).await.unwrap(), Value::from(text.as_str()));
        }
    }
    // A truncated or damaged member is reported like any other, at every position.
    let mut damaged = members.clone();
    let end = damaged.len() - 5;
    damaged[end] ^= 1;
    for (body, kind) in [
        (&members[..members.len() - 3], ErrorKind::Io),
        (&damaged[..], ErrorKind::Decode),
        (
            &[&members[..], b"something else"].concat()[..],
            ErrorKind::Decode,
        ),
    ] {
        for client in clients(200, Some("gzip"), body).await {
            let error = read(&client).retries(0).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_response_that_is_encoded_in_a_way_that_cannot_be_undone_is_an_error_that_names_it() {
    for encoding in ["br", "zstd", "gzip, br", "deflate"] {
        for client in clients(200, Some(encoding), b"\x0b\x05\x80\"good\"\x03").await {
            let error = create(&client).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (ErrorKind::Decode, Outcome::Answered, 1)
            );
            assert!(error.to_string().contains(encoding), "{error}");
            assert!(error.may_be_executed());
            let file = client.operation(&READ, &["7"]).call::<Download>().await;
            file.unwrap().bytes(100).await.unwrap_err();
        }
        // The status of an error page is still reported, and an empty body is empty.
        for client in clients(404, Some(encoding), b"\x0b\x05\x80").await {
            let error = create(&client).await.unwrap_err();
            assert_eq!(error.status().unwrap().as_u16(), 404);
        }
        for client in clients(200, Some(encoding), b"").await {
            client.operation(&READ, &["7"]).call::<()>().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_body_error_of_a_users_transport_is_a_broken_connection() {
    #[derive(Debug, thiserror::Error)]
    #[error("the tunnel collapsed")]
    struct Collapsed;
    let transport = tower::service_fn(|_: HttpRequest| async {
        let pieces = [
            Ok(http_body::Frame::data(Bytes::from_static(b"[1,"))),
            Err(Collapsed),
        ];
        let body = http_body_util::StreamBody::new(futures_util::stream::iter(pieces));
        Ok::<_, BoxError>(HttpResponse::new(ResponseBody::stream(body)))
    });
    let client = builder()
        .transport(transport)
        .retry(hurried())
        .build()
        .unwrap();
    for (call, attempts) in [(read(&client), 4), (create(&client), 1)] {
        let error = call.await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Io, Outcome::Unknown, attempts)
        );
        assert!(std::error::Error::source(&error).unwrap().is::<Collapsed>());
    }
}

#[derive(Debug, Deserialize)]
struct Thing {
    #[expect(dead_code, reason = "only decoded")]
    id: u32,
    #[expect(dead_code, reason = "only decoded")]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
struct Tag {
    #[expect(dead_code, reason = "only decoded")]
    name: String,
}

#[tokio::test]
async fn each_way_a_response_can_be_unreadable_is_told_apart() {
    let html = b"<!DOCTYPE html><html><body>Sign in</body></html>";
    for (body, says) in [
        (&b""[..], "empty where JSON was expected"),
        (b"  \r\n", "empty where JSON was expected"),
        (html, "HTML"),
        (b"\xef\xbb\xbf<html>", "HTML"),
        (b"{\"id\":1,\"tags\":[{\"name\":\"a\"", "ends too early"),
        (b"{\"id\":\xff\xfe,\"tags\":[]}", "not UTF-8 from byte 6"),
        (
            b"{\"id\":\"seven\",\"tags\":[]}",
            "at `id`: expected u32, found string",
        ),
        (
            b"{\"id\":1,\"tags\":[{\"name\":\"a\"},{\"name\":7}]}",
            "at `tags[1].name`: expected a string, found integer",
        ),
        (b"{\"id\":4294967296,\"tags\":[]}", "at `id`: expected u32"),
        (b"{\"tags\":[]}", "missing field `id`"),
        (b"{\"id\":1,\"tags\":[]} trailing", "not JSON"),
        (b"null", "expected struct Thing, found null"),
        (b"[]", "does not fit"),
        (b"Service Unavailable", "not JSON: line 1, column 1"),
        (b"{\"id\":1,\"id\":2,\"tags\":[]}", "invalid value"),
    ] {
        for client in clients(200, None, body).await {
            let error = client
                .operation(&READ, &["7"])
                .call::<Thing>()
                .await
                .unwrap_err();
            let text = error.to_string();
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (ErrorKind::Decode, Outcome::Answered, 1),
                "{text}"
            );
            assert!(
                text.starts_with("things.get: ") && text.contains(says),
                "{text}"
            );
            assert!(text.ends_with("(status 200 OK)"), "{text}");
            assert_eq!(error.body().unwrap(), body);
            assert!(!error.is_retryable() && error.api().is_some());
        }
    }
}

#[tokio::test]
async fn an_html_page_of_a_gateway_is_an_error_with_its_status() {
    let page = b"<html><head><title>502 Bad Gateway</title></head></html>";
    for client in clients(502, None, page).await {
        let error = create(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status().unwrap().as_u16()),
            (ErrorKind::Api, 502)
        );
        assert_eq!(error.body().unwrap()[..], page[..]);
        assert_eq!(error.to_string(), "things.create: 502 Bad Gateway");
    }
}

#[tokio::test]
async fn an_empty_response_is_a_value_only_where_none_is_expected() {
    static REMOVE: Operation =
        Operation::new("things.remove", Method::DELETE, "/things").no_response_body();
    for status in [200, 202, 204] {
        for client in clients(status, None, b"").await {
            client.operation(&READ, &["7"]).call::<()>().await.unwrap();
            let none: Option<Thing> = client.operation(&READ, &["7"]).call().await.unwrap();
            assert!(none.is_none());
        }
    }
    // Unexpected content is ignored.
    for body in ["", "OK", "<html>", "{\"removed\":true}"] {
        let fake = FakeTransport::new();
        fake.always(&REMOVE, FakeResponse::status(200).body(body));
        over(&fake)
            .operation(&REMOVE, &[])
            .call::<()>()
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn an_empty_body_that_claims_to_be_compressed_is_empty() {
    for (status, body) in [(200, ""), (204, "")] {
        for client in clients(status, Some("gzip"), body.as_bytes()).await {
            client.operation(&READ, &["7"]).call::<()>().await.unwrap();
        }
    }
    let head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 500\r\n\r\n".to_vec();
    let server = Server::start(vec![Act::Send(head)]).await;
    let client = builder().base_url(server.url()).build().unwrap();
    client
        .request(Method::HEAD, "/things")
        .call::<()>()
        .await
        .unwrap();
}

#[tokio::test]
async fn an_error_of_the_service_has_its_status_code_message_and_request_id() {
    let fake = FakeTransport::new();
    let body = r#"{"code":"QUOTA","message":"No more than 5 things","hint":"hidden"}"#;
    fake.always(
        &CREATE,
        FakeResponse::status(409)
            .body(body)
            .header("x-request-id", "r-17"),
    );
    let error: Error = create(&over(&fake)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "things.create: 409 Conflict QUOTA: No more than 5 things [request r-17]"
    );
    assert_eq!(error.request_id(), Some("r-17"));
    assert_eq!(error.api().unwrap().code.as_deref(), Some("QUOTA"));
    assert_eq!(error.headers().unwrap()["x-request-id"], "r-17");
    assert_eq!(error.body().unwrap(), body.as_bytes());

    fake.always(
        &CREATE,
        FakeResponse::status(200).body("{\"ok\":false,\"code\":\"QUOTA\"}"),
    );
    let error = create(&over(&fake)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::Api, "things.create: 200 OK QUOTA")
    );
}

#[tokio::test]
async fn a_failure_that_comes_with_200_reaches_calls_that_want_nothing_and_calls_that_want_a_file()
{
    static REMOVE: Operation =
        Operation::new("things.delete", Method::DELETE, "/things/{id}").no_response_body();
    let failure = r#"{"ok":false,"code":"busy","message":"Later"}"#;
    let json = |body: String| FakeResponse::status(200).body(body);
    let typed = |body: String| json(body).header("content-type", "application/json; charset=utf-8");
    let fake = FakeTransport::new();
    fake.always(&REMOVE, typed(failure.to_owned()));
    let client = over(&fake);
    let nothing = client.operation(&REMOVE, &["7"]).call::<()>();
    let error = nothing.await.unwrap_err();
    assert_eq!(error.api().unwrap().code.as_deref(), Some("busy"));

    let long = format!("[{}]", vec!["7"; 100_000].join(","));
    for (response, content) in [
        (typed(failure.to_owned()), None),
        // JSON files, short and long, and a file of another type, are returned as files.
        (typed("[7]".to_owned()), Some("[7]")),
        (typed(long.clone()), Some(long.as_str())),
        (json(failure.to_owned()), Some(failure)),
    ] {
        fake.always(&READ, response);
        let file = client.operation(&READ, &["7"]).call::<Download>().await;
        match (file, content) {
            (Ok(file), Some(content)) => {
                assert_eq!(file.bytes(1 << 20).await.unwrap(), content);
            }
            (Err(error), None) => {
                assert_eq!(error.api().unwrap().message.as_deref(), Some("Later"));
                assert_eq!(error.body().unwrap(), failure);
            }
            (file, _) => panic!("{file:?}"),
        }
    }
}

#[tokio::test]
async fn the_id_of_a_response_is_on_one_line_bounded_and_shows_no_secret() {
    let fake = FakeTransport::new();
    let client = over(&fake);
    for (sent, shown) in [
        ("r-1", "r-1".to_owned()),
        ("for a-key", "for [redacted]".to_owned()),
        ("for%20pass%20phrase", "for%20[redacted]".to_owned()),
        ("r\t-1", r"r\t-1".to_owned()),
        (&"x".repeat(20_000), format!("{}…", "x".repeat(99))),
    ] {
        let response = FakeResponse::status(200).body("7");
        fake.always(&READ, response.header("x-request-id", sent));
        let call = || {
            let request = client.operation(&READ, &["7"]);
            request.set_secret_query("passphrase", &"pass phrase".into())
        };
        let value = call().call::<Value>().send_with_response().await.unwrap();
        let file = call().call::<Download>().send_with_response().await;
        let file = file.unwrap();
        for (id, debug) in [
            (value.request_id(), format!("{value:?}")),
            (file.request_id(), format!("{file:?}")),
        ] {
            assert_eq!(id, Some(&*shown));
            assert!(debug.contains(&format!("{shown:?}")), "{debug}");
        }
        assert_eq!(value.headers()["x-request-id"], sent);
    }
}

#[tokio::test]
async fn a_value_comes_with_the_status_the_headers_and_the_id_of_its_response() {
    let fake = FakeTransport::new();
    let response = FakeResponse::status(201).body("7");
    fake.always(
        &READ,
        response.header("x-request-id", "r-1").header("x-page", "2"),
    );
    let found = read(&over(&fake)).send_with_response().await.unwrap();
    assert_eq!(found.value(), &Value::from(7));
    assert_eq!(found.status(), 201);
    assert_eq!(found.headers()["x-page"], "2");
    assert_eq!(found.request_id(), Some("r-1"));

    let refusal = FakeResponse::status(400).header("x-request-id", "r-2");
    fake.always(&READ, refusal);
    let error = read(&over(&fake)).await.unwrap_err();
    assert_eq!(error.request_id(), Some("r-2"));
    let unreadable = FakeResponse::status(200).body("{");
    fake.always(&READ, unreadable.header("x-request-id", "r-3"));
    let error = read(&over(&fake)).await.unwrap_err();
    assert_eq!(error.request_id(), Some("r-3"));
}
