//! Files: saved, written to a writer, limited, distinguished from errors, and fetched from other origins.

mod common;

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use common::wire::{Act, Server, response};
use common::{EXPORT, ORIGIN, READ, builder, hurried, over, read, seconds};
use http::Method;
use security_api_transport::{
    ApiError, Call, Client, Download, ErrorKind, FakeResponse, FakeTransport, Outcome, Protocol,
    Rate, RateLimiter, RawJson, ResponseParts, ServiceSettings, Verdict,
};

const CSV: &str = "id,name\n1,a\n";

fn download(client: &Client) -> Call<Download> {
    client.operation(&EXPORT, &[]).call()
}

fn file(content_type: &str, body: impl Into<Vec<u8>>) -> FakeResponse {
    FakeResponse::status(200)
        .header("content-type", content_type)
        .body(body.into())
}

fn exporting(response: FakeResponse) -> (FakeTransport, Client) {
    let fake = FakeTransport::new();
    fake.always(&EXPORT, response);
    let client = over(&fake);
    (fake, client)
}

/// A writer that accepts this many bytes.
struct Narrow(usize);

impl tokio::io::AsyncWrite for Narrow {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Poll::Ready(match taken {
            0 => Err(std::io::ErrorKind::StorageFull.into()),
            _ => Ok(taken),
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_download_goes_to_memory_to_a_writer_or_to_a_file() {
    let named = file("text/csv", CSV).header("content-length", "12").header(
        "content-disposition",
        "attachment; filename=\"../report.csv\"",
    );
    let (_, client) = exporting(named);
    assert_eq!(
        download(&client).await.unwrap().bytes(12).await.unwrap(),
        CSV
    );

    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = || {
        let seen = Arc::clone(&seen);
        move |done, all| seen.lock().unwrap().push((done, all))
    };
    let mut written = Vec::new();
    let copied = download(&client).await.unwrap().on_progress(told());
    let length = copied.copy_to(&mut written).await.unwrap();
    assert_eq!((length, written.as_slice()), (12, CSV.as_bytes()));

    let folder = tempfile::tempdir().unwrap();
    let saved = download(&client).await.unwrap().on_progress(told());
    let saved = saved.save_in(&folder, "x").await.unwrap();
    assert_eq!(saved, folder.path().join("report.csv"));
    assert_eq!(std::fs::read(saved).unwrap(), CSV.as_bytes());
    assert_eq!(*seen.lock().unwrap(), [(12, Some(12)); 2]);
}

#[tokio::test]
async fn a_download_is_shown_by_its_length_and_what_has_arrived() {
    let (_, client) = exporting(file("text/csv", CSV).header("content-length", "12"));
    let mut download = download(&client).await.unwrap();
    for received in [0, 12] {
        let shown = format!("Download {{ length: Some(12), received: {received}, .. }}");
        assert_eq!(format!("{download:?}"), shown);
        download.next_chunk().await.unwrap();
    }
}

#[tokio::test]
async fn a_download_that_is_too_large_or_cannot_be_written_leaves_nothing_behind() {
    let (_, client) = exporting(file("text/csv", CSV));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.csv");
    let bounded = download(&client).await.unwrap().at_most(11);
    let error = bounded.save_as(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(!error.is_retryable());
    let error = download(&client).response_limit(11).await.unwrap();
    let error = error.save_as(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    let error = download(&client)
        .await
        .unwrap()
        .bytes(11)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let at_limit = download(&client).await.unwrap().at_most(12);
    assert_eq!(at_limit.save_as(&path).await.unwrap(), 12);

    let full = download(&client).await.unwrap();
    let error = full.copy_to(&mut Narrow(5)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Io, Outcome::Answered)
    );
    assert!(error.to_string().contains("cannot be written"), "{error}");
}

#[tokio::test]
async fn an_error_instead_of_a_file_is_an_error() {
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "application/problem+json",
        "TEXT/JSON",
    ] {
        let (_, client) = exporting(file(
            content_type,
            r#"{"ok":false,"code":"gone","message":"no such report"}"#,
        ));
        let error = download(&client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api, "{content_type}");
        assert_eq!(
            error.to_string(),
            "exports.get: 200 OK gone: no such report",
            "{content_type}"
        );
        assert!(error.body().unwrap().starts_with(b"{\"ok\":false"));
    }
}

#[tokio::test]
async fn a_file_that_is_json_is_a_file_where_the_protocol_says_so() {
    let small = r#"[{"id":1}]"#.to_owned();
    let large = format!("[{}1]", "1,".repeat(100_000));
    // Too large to be an error, whatever its first bytes.
    let odd = format!("{{\"ok\":false,\"rows\":{large}}}");
    for body in [small, large, odd, String::new()] {
        let (_, client) = exporting(file("application/json", body.clone()));
        let got = download(&client)
            .await
            .unwrap()
            .bytes(1 << 20)
            .await
            .unwrap();
        assert!(got == body.as_bytes(), "{} of {}", got.len(), body.len());
    }
    // The content of a file of another type is not inspected.
    let (_, client) = exporting(file("text/plain", "{\"ok\":false}"));
    assert!(download(&client).await.is_ok());
    // A connection that breaks before the verdict is an error, not half a file.
    let (_, client) = exporting(file("application/json", "{\"ok\"").cut());
    assert_eq!(download(&client).await.unwrap_err().kind(), ErrorKind::Io);
}

/// Reports a temporary failure with status 200.
#[derive(Debug)]
struct Moody;

impl Protocol for Moody {
    fn classify(&self, response: &ResponseParts<'_>) -> Verdict {
        match response.body.starts_with(b"{\"busy\"") {
            true => Verdict::Refused,
            false => Verdict::by_status(response),
        }
    }

    fn api_error(&self, response: &ResponseParts<'_>) -> ApiError {
        let moved = response
            .redirect_origin()
            .map_or("busy".to_owned(), |origin| format!("moved to {origin}"));
        ApiError::new().with_message(&moved).with_reason(moved)
    }
}

fn moody() -> security_api_transport::ClientBuilder<Client> {
    let settings = ServiceSettings {
        protocol: Arc::new(Moody),
        ..common::settings()
    };
    security_api_transport::ClientBuilder::new(Ok(settings))
}

#[tokio::test(start_paused = true)]
async fn the_protocol_judges_json_instead_of_a_file() {
    let fake = FakeTransport::new();
    fake.always(&EXPORT, file("application/json", "{\"busy\":true}"));
    let client = moody().transport(fake.clone()).build().unwrap();
    let error = download(&client).await.unwrap_err();
    assert_eq!(error.reason::<String>().unwrap(), "busy");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn the_protocol_sees_where_a_redirect_points_to_and_names_it() {
    let fake = FakeTransport::new();
    let moved =
        FakeResponse::status(301).header("location", "https://eu.api.test/things?token=MARK");
    fake.always(&READ, moved);
    let client = moody().transport(fake.clone()).build().unwrap();
    let error = read(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect);
    assert_eq!(
        error.reason::<String>().unwrap(),
        "moved to https://eu.api.test"
    );
    let text = error.to_string();
    assert!(text.contains("moved to https://eu.api.test"), "{text}");
    assert!(!format!("{error:?}").contains("MARK"));
}

#[tokio::test(start_paused = true)]
async fn a_fetch_takes_no_credential_no_permit_and_none_of_the_clients_headers_along() {
    let fake = FakeTransport::new();
    fake.path("/blob", |request| {
        assert_eq!(request.method, Method::GET);
        file("application/json", "{\"ok\":false}")
    });
    fake.always(&READ, FakeResponse::json("good"));
    let one = RateLimiter::new(Rate::per_second(0.01, 1).unwrap());
    let client = builder()
        .transport(fake.clone())
        .limiter(one)
        .build()
        .unwrap()
        .with_header("x-company", "7")
        .unwrap();
    let elsewhere = || client.fetch("https://files.test/blob?sig=MARK%2F#part");
    // The protocol does not judge files of another origin.
    for _ in 0..3 {
        assert_eq!(
            elsewhere().await.unwrap().bytes(99).await.unwrap(),
            "{\"ok\":false}"
        );
    }
    let sent = &fake.requests()[0];
    assert_eq!(sent.uri, "https://files.test/blob?sig=MARK%2F");
    assert_eq!(sent.headers["accept"], "*/*");
    for name in ["x-api-key", "x-company"] {
        assert!(!sent.headers.contains_key(name), "{name}");
    }
    // The limit is unchanged.
    let start = tokio::time::Instant::now();
    read(&client).await.unwrap();
    assert_eq!(start.elapsed(), seconds(0.0));

    // The limit and the protocol apply to the client's origin.
    let error = client
        .fetch(&format!("{ORIGIN}/blob"))
        .timeout(seconds(300.0))
        .await
        .unwrap_err();
    assert!(error.is_rate_limited(), "{error}");
    let error = over(&fake)
        .fetch(&format!("{ORIGIN}/blob"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    assert!(
        !fake
            .requests()
            .last()
            .unwrap()
            .headers
            .contains_key("x-api-key")
    );
}

#[tokio::test(start_paused = true)]
async fn a_429_of_another_host_is_waited_out_and_delays_no_other_call() {
    let fake = FakeTransport::new();
    let refused = Arc::new(Mutex::new(false));
    fake.path("/blob", move |_| {
        match std::mem::replace(&mut *refused.lock().unwrap(), true) {
            false => FakeResponse::status(429)
                .header("retry-after", "5")
                .header("ratelimit", "\"x\";r=0;t=50"),
            true => file("text/csv", CSV),
        }
    });
    fake.always(&READ, FakeResponse::json("good"));
    let client = over(&fake);
    let start = tokio::time::Instant::now();
    let fetching = tokio::spawn(client.fetch("https://files.test/blob").send());
    tokio::time::sleep(seconds(1.0)).await;
    read(&client).await.unwrap();
    assert_eq!(start.elapsed(), seconds(1.0));
    assert!(fetching.await.unwrap().is_ok());
    assert!((5.0..6.0).contains(&start.elapsed().as_secs_f64()));
    // The other origin's errors have no messages of the service.
    fake.path("/gone", |_| {
        FakeResponse::status(403).body("{\"code\":\"locked\",\"message\":\"MARK\"}")
    });
    let error = client.fetch("https://files.test/gone").await.unwrap_err();
    assert_eq!(error.to_string(), "files.fetch: 403 Forbidden");
}

#[tokio::test]
async fn a_fetch_follows_five_redirects_and_leaves_the_callers_headers_behind() {
    let fake = FakeTransport::new();
    let hop = |to: &str| {
        let to = to.to_owned();
        move |_: &_| FakeResponse::status(302).header("location", &to)
    };
    fake.path("/1", hop("/2"));
    fake.path("/2", hop("https://b.test/3?sig=MARK"));
    fake.path("/3", hop("4"));
    fake.path("/4", hop("//c.test/5"));
    fake.path("/5", hop("https://c.test/6"));
    fake.path("/6", |_| file("text/csv", CSV));
    fake.path("/round", hop("/round"));
    fake.path("/down", hop("http://a.test/MARK"));
    let client = over(&fake);
    let fetch = |url: &str| {
        client
            .fetch(url)
            .header("authorization", "MARK")
            .header("range", "bytes=0-")
    };
    let got = fetch("https://a.test/1")
        .send_with_response()
        .await
        .unwrap();
    assert_eq!(got.attempts(), 6);
    assert_eq!(got.into_value().bytes(99).await.unwrap(), CSV);
    let sent: Vec<_> = fake
        .requests()
        .iter()
        .map(|request| {
            (
                request.uri.to_string(),
                request.headers.contains_key("authorization"),
            )
        })
        .collect();
    let expected = [
        ("https://a.test/1", true),
        ("https://a.test/2", true),
        ("https://b.test/3?sig=MARK", false),
        ("https://b.test/4", false),
        ("https://c.test/5", false),
        ("https://c.test/6", false),
    ];
    assert_eq!(
        sent,
        expected.map(|(uri, headers)| (uri.to_owned(), headers))
    );

    for (url, requests, says) in [
        ("https://a.test/round", 6, "more than 5 times"),
        ("https://a.test/down", 1, "not `https`"),
    ] {
        let before = fake.requests().len();
        let error = fetch(url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Redirect);
        assert_eq!(fake.requests().len() - before, requests, "{url}");
        let text = format!("{error} {error:?} {error:#?}");
        assert!(text.contains(says) && !text.contains("MARK"), "{text}");
    }
}

#[tokio::test]
async fn a_fetch_shows_no_url_and_takes_no_query_of_its_own() {
    let fake = FakeTransport::new();
    let client = over(&fake);
    for (url, query) in [
        ("https://files.test/MARK?MARK", true),
        ("http://files.test/MARK", false),
        ("/MARK", false),
    ] {
        let mut call = client.fetch(url);
        if query {
            call = call.extra_query("a", "b");
        }
        let shown = format!("{call:?}");
        let error = call.await.unwrap_err();
        assert!(error.is_invalid(), "{error}");
        let text = format!("{shown} {error} {error:?} {error:#?}");
        assert!(!text.contains("MARK"), "{text}");
    }
    assert!(fake.requests().is_empty());
    // Responses other than files can be fetched, too.
    fake.path("/data", |_| FakeResponse::json("x"));
    let request = client.fetch("https://files.test/data").into_request();
    let json: RawJson = request.call().await.unwrap();
    assert_eq!(json.as_str(), "\"x\"");
}

#[tokio::test]
async fn over_sockets_a_fetch_goes_to_the_other_host_and_back() {
    let files = Server::start(vec![Act::Send(response(
        200,
        "content-type: text/csv\r\n",
        CSV.as_bytes(),
    ))])
    .await;
    let location = format!("location: {}/blob\r\n", files.url());
    let service = Server::start(vec![Act::Send(response(302, &location, b""))]).await;
    let client = builder()
        .base_url(service.url())
        .retry(hurried())
        .build()
        .unwrap();
    let file = client
        .fetch(&format!("{}/file", service.url()))
        .await
        .unwrap();
    assert_eq!(
        (file.content_type(), file.length()),
        (Some("text/csv"), Some(12))
    );
    assert_eq!(file.bytes(99).await.unwrap(), CSV);
    assert_eq!((service.requests(), files.requests()), (1, 1));
    // A connection error names the host that could not be reached, not the client's.
    let nowhere = "http://127.0.0.1:1/MARK?MARK";
    let location = format!("location: {nowhere}\r\n");
    let service = Server::start(vec![Act::Send(response(302, &location, b""))]).await;
    for (url, outcome) in [
        (nowhere, Outcome::NotSent),
        (&service.url(), Outcome::Unknown),
    ] {
        let error = client.fetch(url).retries(0).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Connect, outcome)
        );
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("http://127.0.0.1:1)") && !text.contains("MARK"),
            "{text}"
        );
    }
}
