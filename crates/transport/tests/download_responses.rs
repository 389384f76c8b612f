//! Files and responses that are not files: size limits, and errors during a download.

mod common;

use common::wire::{Act, Server};
use common::{EXPORT, builder, hurried, over, read};
use http::Method;
use security_api_transport::{
    Call, Client, ClientBuilder, Download, Error, ErrorKind, FakeResponse, FakeTransport, Outcome,
};

const CSV: &str = "id,name\n1,a\n";

fn download(client: &Client) -> Call<Download> {
    client.operation(&EXPORT, &[]).call()
}

fn file(content_type: &str) -> FakeResponse {
    FakeResponse::status(200)
        .header("content-type", content_type)
        .body(CSV)
}

fn exporting(response: FakeResponse) -> (FakeTransport, ClientBuilder<Client>) {
    let fake = FakeTransport::new();
    fake.always(&EXPORT, response);
    let builder = builder().transport(fake.clone()).retry(hurried());
    (fake, builder)
}

#[tokio::test]
async fn a_download_accepts_anything_and_other_calls_json_unless_they_say_otherwise() {
    let fake = FakeTransport::new();
    fake.always(&EXPORT, file("text/csv"));
    fake.always(&common::READ, FakeResponse::json("good"));
    let client = over(&fake);
    let scoped = client.with_header("accept", "application/zip").unwrap();
    let _ = download(&client).await.unwrap();
    read(&client).await.unwrap();
    let own = download(&client).header("accept", "text/csv");
    let _ = own.await.unwrap();
    let _ = download(&scoped).await.unwrap();
    let sent = fake.requests();
    let accepts = sent.iter().map(|request| {
        let mut accepts = request.headers.get_all("accept").iter();
        let accept = accepts.next().unwrap().to_str().unwrap();
        assert!(accepts.next().is_none());
        accept
    });
    let expected = ["*/*", "application/json", "text/csv", "application/zip"];
    assert!(accepts.eq(expected));
}

#[tokio::test]
async fn a_part_that_was_not_asked_for_is_an_error() {
    let part = FakeResponse::status(206).header("content-range", "bytes 0-11/24");
    let (fake, client) = exporting(part.body(CSV));
    fake.always(&common::READ, FakeResponse::status(206).body("\"go"));
    let client = client.build().unwrap();
    for error in [
        download(&client).await.unwrap_err(),
        read(&client).await.unwrap_err(),
    ] {
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Decode, Outcome::Answered, 1)
        );
        assert_eq!(error.status().unwrap(), 206);
        assert!(error.to_string().contains("sent a part"), "{error}");
        assert!(!error.is_retryable());
    }
    let asked = download(&client).header("range", "bytes=0-11");
    assert_eq!(asked.await.unwrap().bytes(12).await.unwrap(), CSV);
}

#[tokio::test]
async fn a_web_page_is_a_file_only_where_the_service_or_the_caller_says_so() {
    for kind in [
        "text/html",
        "Text/HTML; charset=utf-8",
        "application/xhtml+xml",
    ] {
        let (_, client) = exporting(file(kind));
        let client = client.build().unwrap();
        let error = download(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Decode, Outcome::Answered, 1)
        );
        assert!(error.to_string().contains("accept: text/html"), "{error}");
        assert!(!error.is_retryable());
        let pdf = download(&client).header("accept", "application/pdf");
        assert!(pdf.await.is_err());
        for accept in ["text/html", "text/*", "application/xhtml+xml, */*;q=0.1"] {
            let asked = download(&client).header("accept", accept).await.unwrap();
            assert_eq!(asked.bytes(12).await.unwrap(), CSV);
        }
        let page = file(kind).header("content-disposition", "attachment; filename=\"page.html\"");
        let (_, client) = exporting(page);
        let named = download(&client.build().unwrap()).await.unwrap();
        assert_eq!(named.file_name().unwrap(), "page.html");
    }
    // The same for a file that is fetched by URL.
    let fake = FakeTransport::new();
    fake.path("/a", |_| file("text/html"));
    let fetched = over(&fake).fetch("https://files.test/a").await;
    assert_eq!(fetched.unwrap_err().kind(), ErrorKind::Decode);
    for kind in ["text/htmlx", "text/plain", "", "x-text/html"] {
        let (_, client) = exporting(file(kind));
        assert!(download(&client.build().unwrap()).await.is_ok(), "{kind}");
    }
}

#[tokio::test]
async fn a_download_has_a_bound_which_the_client_or_the_call_may_set() {
    let limits = security_api_transport::Defaults::default();
    assert_eq!(limits.download_limit, 1 << 30);
    let (_, client) = exporting(file("text/csv"));
    // The limit for responses in memory is a different one.
    let client = client.response_limit(1).download_limit(11).build().unwrap();
    let error = download(&client).await.unwrap();
    let error = error.bytes(99).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(
        error
            .to_string()
            .contains("larger than 11 bytes; if that is right, raise"),
        "{error}"
    );
    assert!(error.to_string().contains("`response_limit`"), "{error}");
    let raised = download(&client).response_limit(12).await.unwrap();
    assert_eq!(raised.bytes(99).await.unwrap(), CSV);
}

#[tokio::test]
async fn compressed_files_are_limited_by_their_decompressed_size() {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![b'x'; 1_000_000]).unwrap();
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 2_000);
    let response = FakeResponse::status(200)
        .header("content-encoding", "gzip")
        .header("content-length", &bomb.len().to_string())
        .body(bomb);
    let (_, client) = exporting(response);
    let client = client.download_limit(999_999).build().unwrap();
    let mut written = Vec::new();
    let error = download(&client).await.unwrap();
    let error = error.copy_to(&mut written).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(written.len() < 1_000_000);
    let whole = download(&client).response_limit(1_000_000).await.unwrap();
    assert_eq!(whole.bytes(1_000_000).await.unwrap().len(), 1_000_000);
}

#[tokio::test]
async fn a_body_shorter_than_its_length_is_cut_over_any_transport() {
    for (length, status, whole) in [("12", 200, true), ("13", 200, false), ("13", 503, true)] {
        let fake = FakeTransport::new();
        let response = FakeResponse::status(status)
            .header("content-length", length)
            .body(CSV);
        fake.always(&EXPORT, response.clone());
        fake.always(&common::READ, response.body("\"0123456789\""));
        let client = builder().transport(fake.clone()).retry(hurried());
        let client = client.build().unwrap();
        if status == 503 {
            // A truncated error page is still an error page.
            let error = read(&client).await.unwrap_err();
            assert_eq!(error.status().unwrap(), 503);
            continue;
        }
        let read = read(&client).await;
        let file = download(&client).await.unwrap().bytes(99).await;
        assert_eq!((read.is_ok(), file.is_ok()), (whole, whole), "{length}");
        if !whole {
            assert_eq!(read.unwrap_err().attempts(), 4);
            assert_eq!(file.unwrap_err().kind(), ErrorKind::Io);
        }
    }
    // Responses to HEAD, and a 204, have a length and no body.
    let fake = FakeTransport::new();
    for (path, status) in [("/x", 200), ("/y", 204)] {
        fake.path(path, move |_| {
            FakeResponse::status(status)
                .header("content-length", "7")
                .header("content-encoding", "gzip")
        });
    }
    let client = over(&fake);
    for (method, path) in [(Method::HEAD, "/x"), (Method::GET, "/y")] {
        client.request(method, path).call::<()>().await.unwrap();
    }
    let head = client.request(Method::HEAD, "/x").call::<Download>();
    assert_eq!(head.await.unwrap().bytes(9).await.unwrap(), "");
}

#[tokio::test]
async fn a_response_without_content_replaces_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.csv");
    let none = Some((ErrorKind::Decode, Outcome::Answered, 1));
    let cut = Some((ErrorKind::Io, Outcome::Unknown, 1));
    let cut_before_it_is_a_file = Some((ErrorKind::Io, Outcome::Unknown, 4));
    for (head, failure) in [
        ("204 No Content\r\n", none),
        (
            "204 No Content\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n",
            none,
        ),
        ("205 Reset Content\r\ncontent-length: 0\r\n", none),
        (
            "205 Reset Content\r\ncontent-encoding: br\r\ncontent-length: 0\r\n",
            none,
        ),
        (
            "200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n",
            cut,
        ),
        ("200 OK\r\ncontent-encoding: gzip\r\n", cut),
        (
            "200 OK\r\ncontent-encoding: x-gzip\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
            cut,
        ),
        (
            "200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n",
            cut,
        ),
        (
            "200 OK\r\ncontent-encoding: deflate\r\ncontent-length: 0\r\n",
            cut,
        ),
        ("200 OK\r\ncontent-encoding: br\r\n", cut),
        (
            "201 Created\r\ncontent-encoding: zstd\r\ncontent-length: 0\r\n",
            cut,
        ),
        (
            "200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n",
            cut_before_it_is_a_file,
        ),
        // The status is still reported.
        (
            "404 Not Found\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n",
            Some((ErrorKind::Api, Outcome::Answered, 1)),
        ),
        (
            "200 OK\r\ncontent-encoding: identity\r\ncontent-length: 0\r\n",
            None,
        ),
        ("200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", None),
        ("200 OK\r\n", None),
    ] {
        let response = format!("HTTP/1.1 {head}\r\n").into_bytes();
        let server = Server::start(vec![Act::SendThenClose(response)]).await;
        let client = builder().base_url(server.url()).retry(hurried());
        let client = client.build().unwrap();
        std::fs::write(&path, "old").unwrap();
        let saved = match download(&client).await {
            Ok(file) => file.replace(&path).await,
            Err(error) => Err(error),
        };
        let shown = format!("{head}: {saved:?}");
        let failed = saved.as_ref().err();
        let failed = failed.map(|error| (error.kind(), error.outcome(), error.attempts()));
        assert_eq!(failed, failure, "{shown}");
        let kept = if failure.is_some() { "old" } else { "" };
        assert_eq!(std::fs::read_to_string(&path).unwrap(), kept, "{shown}");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "{shown}");
        if failure == none {
            let error = saved.unwrap_err();
            let says = "exports.get: expected a file but received a response without content";
            assert!(error.to_string().starts_with(says), "{error}");
            assert_eq!(error.status().unwrap().as_str(), &head[..3]);
        }
    }
}

#[tokio::test]
async fn a_length_beside_chunks_means_nothing() {
    for length in ["3", "99"] {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        let whole = format!("{head}6\r\n\"good\"\r\n0\r\n\r\n").into_bytes();
        let cut = format!("{head}6\r\n\"good\"\r\n").into_bytes();
        for (act, is_whole) in [
            (Act::SendThenClose(whole), true),
            (Act::SendThenClose(cut), false),
        ] {
            let server = Server::start(vec![act]).await;
            let client = builder().base_url(server.url()).retry(hurried());
            let client = client.build().unwrap();
            let result = read(&client).send_with_response().await;
            let attempts = match &result {
                Ok(response) => response.attempts(),
                Err(error) => error.attempts(),
            };
            assert_eq!(
                (result.is_ok(), attempts),
                if is_whole { (true, 1) } else { (false, 4) }
            );
            let file = download(&client).await.unwrap();
            assert_eq!(file.length(), None);
            assert_eq!(file.bytes(99).await.is_ok(), is_whole);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_after_a_redirect_is_not_unsent_and_is_retried_as_without_one() {
    use Outcome::{Answered, NotSent, Refused, Unknown};
    let unconnected = Error::new(ErrorKind::Connect, "no connection could be made");
    let untrusted = unconnected.clone().permanent();
    for (response, attempts, direct, redirected, is_retryable) in [
        (FakeResponse::error(unconnected), 4, NotSent, Unknown, true),
        (FakeResponse::error(untrusted), 1, NotSent, Unknown, false),
        (FakeResponse::status(429), 4, Refused, Unknown, true),
        (FakeResponse::status(401), 1, Refused, Unknown, false),
        (FakeResponse::status(503), 4, Unknown, Unknown, true),
        (FakeResponse::status(404), 1, Answered, Answered, false),
        (FakeResponse::status(302), 1, Answered, Answered, false),
    ] {
        let fake = FakeTransport::new();
        fake.path("/1", |_| {
            FakeResponse::status(302).header("location", "https://b.test/2")
        });
        fake.path("/2", move |_| response.clone());
        for (url, hops, outcome) in [
            ("https://a.test/2", 0, direct),
            ("https://a.test/1", 1, redirected),
        ] {
            let error = over(&fake).fetch(url).await.unwrap_err();
            assert_eq!(
                (error.outcome(), error.attempts(), error.is_retryable()),
                (outcome, hops + attempts, is_retryable),
                "{url}: {error:?}"
            );
        }
    }
}

#[tokio::test]
async fn errors_of_a_body_are_errors_of_the_call() {
    let half = Act::SendThenClose(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec());
    for idempotent in [true, false] {
        let server = Server::start(vec![half.clone()]).await;
        let client = builder().base_url(server.url()).retry(hurried());
        let client = client.build().unwrap();
        let own = client.request(Method::GET, "/own/export").call();
        for (call, name) in [
            (download(&client), "exports.get: "),
            (own, "GET /own/export: "),
        ] {
            let mut file = call.assume_idempotent(idempotent).await.unwrap();
            assert_eq!(file.next_chunk().await.unwrap().unwrap(), "half");
            let error = file.next_chunk().await.unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (ErrorKind::Io, Outcome::Unknown, 1),
                "{error:?}"
            );
            assert_eq!(error.is_retryable(), idempotent);
            assert!(error.operation().is_some());
            assert!(error.to_string().starts_with(name), "{error}");
            assert!(file.next_chunk().await.unwrap().is_none());
        }
    }
    // The error counts the attempts of the call.
    let busy = Act::SendThenClose(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n".to_vec());
    let server = Server::start(vec![busy, half]).await;
    let client = builder().base_url(server.url()).retry(hurried());
    let file = download(&client.build().unwrap()).await.unwrap();
    let error = file.bytes(99).await.unwrap_err();
    assert_eq!(error.attempts(), 2);
    assert!(error.to_string().ends_with("after 2 attempts"), "{error}");
}
