//! Bodies of requests: what is in them, and whether they are sent again with every attempt or only once.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use common::wire::{Act, Server, read_request, response};
use common::{CREATE, READ, builder, hurried, over};
use futures_util::stream;
use http::Method;
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, StreamBody};
use security_api_transport::middleware::{BoxError, HttpRequest, HttpResponse, ResponseBody};
use security_api_transport::{
    Body, Call, Client, Error, ErrorKind, FakeResponse, FakeTransport, OAuth2, Outcome, Rate,
    RateLimiter, model,
};
use serde_json::{Value, json};

const PIECES: [&[u8]; 3] = [b"first ", b"second ", b"third"];
const LENGTH: Option<u64> = Some(18);

fn pieces() -> impl http_body::Body<Data = Bytes, Error = BoxError> + Send + 'static {
    StreamBody::new(stream::iter(
        PIECES.map(|piece| Ok(Frame::data(Bytes::from_static(piece)))),
    ))
}

/// Returns a replayable body, and the number of times it was opened.
fn replayable(length: Option<u64>) -> (Body, Arc<AtomicUsize>) {
    let opened = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&opened);
    let body = Body::replayable(length, move || {
        counted.fetch_add(1, Ordering::SeqCst);
        pieces()
    });
    (body, opened)
}

fn send(client: &Client, body: Body) -> Call<Value> {
    client
        .operation(&READ, &["7"])
        .body("text/plain", body)
        .call()
}

/// Returns a transport that follows a script: for each request it reads some pieces of the body and then fails or
/// responds.
fn transport(script: Vec<(usize, Outcome)>) -> (Client, Arc<Mutex<Vec<Vec<u8>>>>) {
    let received = Arc::new(Mutex::new(Vec::new()));
    let (noted, script) = (
        Arc::clone(&received),
        Arc::new(Mutex::new(script.into_iter())),
    );
    let transport = tower::service_fn(move |request: HttpRequest| {
        let act = script.lock().unwrap().next();
        let noted = Arc::clone(&noted);
        async move {
            let mut body = request.into_body();
            let mut bytes = Vec::new();
            let mut left = act.map_or(usize::MAX, |(pieces, _)| pieces);
            while left > 0
                && let Some(frame) = body.frame().await
            {
                bytes.extend(frame?.into_data().unwrap());
                left -= 1;
            }
            noted.lock().unwrap().push(bytes);
            match act {
                Some((_, sent)) => {
                    Err::<_, BoxError>(Error::new(ErrorKind::Io, "broke").with_outcome(sent).into())
                }
                None => Ok(HttpResponse::new(ResponseBody::full("\"good\""))),
            }
        }
    });
    (
        builder()
            .transport(transport)
            .retry(hurried())
            .build()
            .unwrap(),
        received,
    )
}

#[tokio::test(start_paused = true)]
async fn a_replayable_body_is_opened_anew_for_every_attempt_and_sent_whole() {
    let (client, received) = transport(vec![
        (0, Outcome::NotSent),
        (1, Outcome::Unknown),
        (2, Outcome::Unknown),
    ]);
    let (body, opened) = replayable(LENGTH);
    assert_eq!(
        send(&client, body)
            .send_with_response()
            .await
            .unwrap()
            .attempts(),
        4
    );
    let received = received.lock().unwrap();
    assert_eq!(
        *received,
        [&b""[..], b"first ", b"first second ", b"first second third"]
    );
    assert_eq!(
        opened.load(Ordering::SeqCst),
        3,
        "only what is read is opened"
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_can_be_read_once_is_sent_again_only_if_it_was_not_read() {
    let (client, received) = transport(vec![(0, Outcome::NotSent), (0, Outcome::Unknown)]);
    let response = send(&client, Body::once(LENGTH, pieces()))
        .send_with_response()
        .await
        .unwrap();
    assert_eq!(
        (response.attempts(), received.lock().unwrap()[2].len()),
        (3, 18)
    );

    let (client, received) = transport(vec![(1, Outcome::NotSent)]);
    let error = send(&client, Body::once(LENGTH, pieces()))
        .await
        .unwrap_err();
    assert_eq!(
        (
            error.kind(),
            error.attempts(),
            received.lock().unwrap().len()
        ),
        (ErrorKind::Io, 1, 1)
    );

    for response in [
        FakeResponse::status(503),
        FakeResponse::status(429),
        FakeResponse::status(401),
    ] {
        let fake = FakeTransport::new();
        fake.path("/token", |_| {
            FakeResponse::json(&json!({"access_token": "t"}))
        });
        fake.always(&READ, response);
        let credential =
            OAuth2::client_credentials("https://login.test/token", "id", "secret").unwrap();
        let client = builder()
            .transport(fake.clone())
            .credential(credential)
            .build()
            .unwrap();
        let error = send(&client, Body::once(LENGTH, pieces()))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), fake.requests_of(&READ).len()),
            (ErrorKind::Api, 1)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_body_is_used_up_fails_before_anything_is_sent() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good"));
    let call = send(&over(&fake), Body::once(LENGTH, pieces()));
    call.clone().await.unwrap();
    let error = call.await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.attempts()),
        (ErrorKind::Invalid, Outcome::NotSent, 0),
        "{error:?}"
    );
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test]
async fn on_the_wire_a_known_length_is_announced_and_an_unknown_one_is_chunked() {
    let whole = "first second third";
    for (length, head, text) in [
        (LENGTH, "content-length: 18", whole.to_owned()),
        (
            None,
            "transfer-encoding: chunked",
            "6\r\nfirst \r\n7\r\nsecond \r\n5\r\nthird\r\n0\r\n\r\n".to_owned(),
        ),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let end = text.clone();
        let server = tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !String::from_utf8_lossy(&request).ends_with(&end) {
                assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
            }
            stream
                .write_all(&response(200, "", b"\"good\""))
                .await
                .unwrap();
            String::from_utf8(request).unwrap().to_lowercase()
        });
        let client = builder().base_url(url).build().unwrap();
        let call = client
            .operation(&CREATE, &[])
            .body("text/plain", replayable(length).0);
        call.call::<Value>().await.unwrap();
        let request = server.await.unwrap();
        assert!(request.contains(&format!("\r\n{head}\r\n")), "{request}");
        assert!(
            request.contains("\r\ncontent-type: text/plain\r\n"),
            "{request}"
        );
    }
}

/// Whatever the server then does with it: here it never responds.
#[tokio::test]
async fn on_the_wire_a_request_without_a_body_is_sent_at_once_and_says_so_if_it_may_change_something()
 {
    for (method, says_so) in [
        (Method::GET, false),
        (Method::POST, true),
        (Method::PATCH, true),
        (Method::DELETE, true),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = builder().base_url(url).build().unwrap();
        let request = client.request(method.clone(), "/things");
        let call = request.call::<Value>().timeout(Duration::from_secs(1));
        let call = tokio::spawn(call.into_future());
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await.unwrap();
        let request = String::from_utf8(request).unwrap().to_lowercase();
        let found = request.contains("\r\ncontent-length: 0\r\n");
        assert_eq!(found, says_so, "{request}");
        assert!(!request.contains("transfer-encoding"), "{request}");
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{method}: {error:?}");
    }
}

#[tokio::test]
async fn on_the_wire_a_token_request_has_its_whole_form() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let token_url = format!("http://{}/token", listener.local_addr().unwrap());
    let client = builder()
        .base_url("http://127.0.0.1:9")
        .credential(OAuth2::client_credentials(&token_url, "id", "s3cret").unwrap())
        .build()
        .unwrap();
    let call = tokio::spawn(send(&client, Body::default()).into_future());
    let (mut stream, _) = listener.accept().await.unwrap();
    let request = read_request(&mut stream).await.unwrap();
    let request = String::from_utf8(request).unwrap();
    let form = "grant_type=client_credentials&client_id=id&client_secret=s3cret";
    assert!(request.starts_with("POST /token HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with(&format!("\r\n\r\n{form}")), "{request}");
    call.abort();
}

#[tokio::test]
async fn a_body_of_another_length_than_it_said_is_an_error_and_not_sent_again() {
    let server = Server::start(vec![Act::Send(response(200, "", b"\"good\""))]).await;
    let client = builder()
        .base_url(server.url())
        .retry(hurried())
        .build()
        .unwrap();
    for length in [19, 17] {
        let error = send(&client, replayable(Some(length)).0).await.unwrap_err();
        assert_eq!(
            (error.attempts(), error.is_retryable()),
            (1, false),
            "{error:?}"
        );
        assert!(error.to_string().contains("another length"), "{error}");
    }
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn bytes_and_texts_are_bodies_of_what_is_in_them() {
    for body in [
        Body::from(Bytes::from_static(b"abc")),
        Body::from(b"abc".to_vec()),
        Body::from("abc".to_owned()),
        Body::from("abc"),
    ] {
        assert_eq!((body.length(), body.is_end_stream()), (Some(3), false));
        assert_eq!(body.as_bytes().unwrap(), "abc");
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abc");
    }
    assert!(Body::default().is_end_stream());
}

/// Servers that forward a body rely on this: they do not poll a finished body.
#[tokio::test]
async fn a_response_body_is_at_its_end_once_it_was_read_and_not_before() {
    let stream = || StreamBody::new(stream::iter([Ok::<_, BoxError>(Frame::data("abc".into()))]));
    for (mut body, length) in [
        (ResponseBody::full("abc"), Some(3)),
        (ResponseBody::stream(stream()), None),
        (
            ResponseBody::stream(http_body_util::Full::new(Bytes::from("abc"))),
            Some(3),
        ),
    ] {
        assert!(!body.is_end_stream());
        assert_eq!(body.size_hint().exact(), length);
        let shown = match body.as_full() {
            Some(_) => "ResponseBody(3 bytes)",
            None => "ResponseBody(stream)",
        };
        assert_eq!(format!("{body:?}"), shown);
        body.frame().await.unwrap().unwrap();
        assert!(body.frame().await.is_none());
        assert_eq!(body.is_end_stream(), length.is_some());
    }
    assert!(ResponseBody::default().is_end_stream());
}

#[tokio::test(start_paused = true)]
async fn headers_of_the_client_are_sent_with_every_request_and_contradicted_by_none() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good"));
    let client = over(&fake).with_header("X-Company", "7").unwrap();
    common::read(&client).await.unwrap();
    common::read(&client)
        .header("x-company", "7")
        .header("accept", "text/csv")
        .await
        .unwrap();
    let error = common::read(&client)
        .header("X-Company", "8")
        .await
        .unwrap_err();
    assert!(error.is_invalid() && error.outcome() == Outcome::NotSent);
    let text = error.to_string();
    assert!(
        text.contains("`x-company`") && !text.contains('8'),
        "{text}"
    );
    assert_eq!(fake.requests().len(), 2);
    let sent: Vec<_> = fake
        .requests()
        .into_iter()
        .map(|request| request.headers)
        .collect();
    assert_eq!(
        (&sent[0]["x-company"], &sent[0]["accept"]),
        (&"7".parse().unwrap(), &"application/json".parse().unwrap())
    );
    assert_eq!(
        (&sent[1]["x-company"], &sent[1]["accept"]),
        (&"7".parse().unwrap(), &"text/csv".parse().unwrap())
    );
    for name in ["accept", "user-agent", "x-company", "x-api-key"] {
        assert_eq!(sent[1].get_all(name).iter().count(), 1, "{name}");
    }
    for name in ["", "x company", "x\n"] {
        assert!(client.with_header(name, "7").unwrap_err().is_invalid());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_with_further_headers_shares_everything_with_its_original() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good"));
    let one_a_second = RateLimiter::new(Rate::per_second(1.0, 1).unwrap());
    let client = builder()
        .transport(fake.clone())
        .limiter(one_a_second)
        .build()
        .unwrap();
    let scoped = client
        .with_header("x-company-id", "7")
        .and_then(|client| client.with_header("x-ir-company-id", "7"))
        .and_then(|client| client.with_header("x-company-id", "8"))
        .unwrap();
    let start = tokio::time::Instant::now();
    common::read(&client).await.unwrap();
    common::read(&scoped).await.unwrap();
    assert_eq!(start.elapsed(), std::time::Duration::from_secs(1));
    let header = |request: usize, name: &str| fake.requests()[request].headers.get(name).cloned();
    assert_eq!(header(0, "x-company-id"), None);
    assert_eq!(header(1, "x-company-id").unwrap(), "8");
    assert_eq!(header(1, "x-ir-company-id").unwrap(), "7");
    for (name, value) in [("not a name", "7"), ("x-company-id", "7\n")] {
        assert!(client.with_header(name, value).unwrap_err().is_invalid());
    }
}

model! {
    /// A request that has members even if none is set.
    #[derive(Clone, Default)]
    pub struct Talkative: Sent {
        /// Which sheet.
        page: Option<Sheet> = "page" (empty),
        /// All of it.
        whole: Option<bool> = "whole" (default true),
        /// What is left.
        rest: Option<bool> = "rest",
    }
}

model! {
    /// A part of a request.
    #[derive(Clone, Default)]
    pub struct Sheet: Sent {
        /// From 1.
        number: Option<i32> = "number",
    }
}

#[test]
fn a_member_that_is_not_set_is_sent_as_its_default() {
    for (request, json) in [
        (Talkative::new(), r#"{"page":{},"whole":true}"#),
        (
            Talkative::new()
                .page(Sheet::new().number(2))
                .whole(false)
                .rest(true),
            r#"{"page":{"number":2},"whole":false,"rest":true}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&request).unwrap(), json);
    }
}

model! {
    /// A point.
    #[derive(Clone, Default)]
    pub struct Point: Sent {
        /// To the right.
        x: Option<i64> = "x",
    }
}

model! {
    /// An area.
    #[derive(Clone, Default)]
    pub struct Area: Sent {
        /// On the map.
        name: Option<String> = "name",
        /// Its corner.
        corner: Option<Point> = "",
        /// Its extent.
        extent: Option<Point> = "extent",
    }
}

#[test]
fn the_members_of_an_object_without_a_name_are_sent_in_its_place() {
    let [corner, extent] = [1, 2].map(|x| Point::new().x(x));
    let area = Area::new().name("a").corner(corner).extent(extent);
    assert_eq!(
        serde_json::to_string(&area).unwrap(),
        r#"{"name":"a","x":1,"extent":{"x":2}}"#
    );
}
