//! Files: sent, named, fetched.

mod support;

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use security_api_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};
use support::pwpush::{BOUNDARY, Call, at, form, made, push_form, read};
use support::{Response, exchange, small};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Fetches a URL of the sandbox.
async fn fetch(sandbox: &Sandbox, url: &str) -> Response {
    let base_url = sandbox.password_pusher().base_url();
    let path = url.strip_prefix(base_url).expect("a URL of its own");
    Call::get(path).to(sandbox).await
}

/// Where a redirect leads.
async fn led_to(sandbox: &Sandbox, url: &str) -> String {
    let response = fetch(sandbox, url).await;
    assert_eq!(response.status, 302);
    let location = response.headers["location"].to_str().expect("text");
    location.to_owned()
}

async fn push_of(sandbox: &Sandbox, disposition: &str, content: &[u8]) -> Value {
    let disposition = format!("name=\"push[files][]\"; {disposition}");
    let token = made(push_form(sandbox, &[(&disposition, content)]).await);
    read(sandbox, &token).await["files"][0].clone()
}

fn url(file: &Value) -> &str {
    file["url"].as_str().expect("a URL")
}

#[tokio::test]
async fn a_file_comes_back_as_it_outcome() {
    let sandbox = small().await;
    let large: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    for content in [
        &b""[..],
        b"content",
        b"--cut-here\r\nnot the end\r\n",
        &large,
    ] {
        let file = push_of(&sandbox, "filename=\"a b.txt\"", content).await;
        assert_eq!(file["filename"], "a b.txt");
        assert_eq!(file["content_type"], "text/plain");
        assert!(url(&file).contains("/pfb/blobs/redirect/"), "{file}");
        assert!(url(&file).ends_with("/a%20b.txt"), "{file}");
        let stored = fetch(&sandbox, &led_to(&sandbox, url(&file)).await).await;
        assert_eq!(stored.status, 200);
        assert_eq!(stored.headers["content-type"], "text/plain");
        assert_eq!(stored.headers["content-length"], content.len().to_string());
        assert!(stored.body == content, "{} bytes", stored.body.len());
    }
}

#[tokio::test]
async fn names_of_files_are_cut_and_cleaned() {
    let sandbox = small().await;
    for (sent, name, header) in [
        (
            r#"filename="say %22hi%22.txt""#,
            "say -hi-.txt",
            "filename=\"say -hi-.txt\"; filename*=UTF-8''say%20-hi-.txt",
        ),
        (
            r#"filename="a;b=c.txt""#,
            "a-b=c.txt",
            "filename=\"a-b%3Dc.txt\"; filename*=UTF-8''a-b%3Dc.txt",
        ),
        (
            r#"filename="100% of it""#,
            "100- of it",
            "filename=\"100- of it\"; filename*=UTF-8''100-%20of%20it",
        ),
        (
            r#"filename="a%0D%0Ab.txt""#,
            "a--b.txt",
            "filename=\"a--b.txt\"; filename*=UTF-8''a--b.txt",
        ),
        (
            "filename=\"zü 🔑.txt\"",
            "zü 🔑.txt",
            "filename=\"zu %3F.txt\"; filename*=UTF-8''z%C3%BC%20%F0%9F%94%91.txt",
        ),
        (
            "filename=\"ŒÞß\"",
            "ŒÞß",
            "filename=\"OEThss\"; filename*=UTF-8''%C5%92%C3%9E%C3%9F",
        ),
        (
            r#"filename="../../etc/passwd""#,
            "passwd",
            "filename=\"passwd\"; filename*=UTF-8''passwd",
        ),
        (
            r#"filename="C:%5Cdir%5Ca.txt""#,
            "a.txt",
            "filename=\"a.txt\"; filename*=UTF-8''a.txt",
        ),
    ] {
        let file = push_of(&sandbox, sent, b"content").await;
        assert_eq!(file["filename"], name);
        let stored = fetch(&sandbox, &led_to(&sandbox, url(&file)).await).await;
        assert_eq!(&stored.body[..], b"content", "{name:?}");
        let expected = format!("attachment; {header}");
        assert_eq!(stored.headers["content-disposition"], expected);
    }
}

#[tokio::test]
async fn names_with_which_nobody_reads_a_file_are_not_played() {
    let sandbox = small().await;
    for name in ["a%00b", "%20", "a/%20"] {
        let disposition = format!("name=\"push[files][]\"; filename=\"{name}\"");
        let response = push_form(&sandbox, &[(&disposition, b"content")]).await;
        response.is_not_played("blank names of files, and those with NUL");
    }
    for disposition in [
        "",
        "name=f",
        r#"name="push[files][]"; filename=a"#,
        r#"name="push[files][]"; filename="a\"b""#,
        r#"name="push[files][]"; filename*=UTF-8''a"#,
        r#"filename="a"; name="push[files][]""#,
    ] {
        let response = push_form(&sandbox, &[(disposition, b"content")]).await;
        response.is_not_played("names of fields and files in other forms");
    }
}

#[tokio::test]
async fn a_file_is_what_it_holds_and_is_served_by_that() {
    let sandbox = small().await;
    for (name, content, kind, served, place) in [
        (
            "a.txt",
            &b"%PDF-1.7"[..],
            "application/pdf",
            "application/pdf",
            "inline",
        ),
        ("a.png", b"no image", "image/png", "image/png", "inline"),
        (
            "a.html",
            b"<html>",
            "text/html",
            "application/octet-stream",
            "attachment",
        ),
        (
            "a.svg",
            b"<svg>",
            "image/svg+xml",
            "application/octet-stream",
            "attachment",
        ),
        ("a.csv", b"a,b", "text/csv", "text/csv", "attachment"),
    ] {
        let file = push_of(&sandbox, &format!("filename=\"{name}\""), content).await;
        assert_eq!(file["content_type"], kind, "{name}");
        let stored = fetch(&sandbox, &led_to(&sandbox, url(&file)).await).await;
        assert_eq!(stored.headers["content-type"], served, "{name}");
        let disposition = stored.headers["content-disposition"].to_str().unwrap();
        assert!(disposition.starts_with(place), "{name}: {disposition}");
    }
}

#[tokio::test]
async fn content_goes_before_what_is_declared_and_that_before_the_name() {
    let sandbox = small().await;
    let binary = "application/octet-stream";
    let sheet = "application/vnd.ms-excel";
    for (content, name, declared, kind) in [
        ("%PDF-1.7", "a.txt", "text/plain", "application/pdf"),
        ("a", "a.txt", "image/png", "image/png"),
        ("a", "a.PNG", "text/plain", "text/plain"),
        ("a", "a.PNG", binary, "image/png"),
        ("a", "a.tar.gz", "text/plain", "text/plain"),
        ("a", "a.ovpn", "text/plain; charset=utf-8", "text/plain"),
        ("a", "a.ovpn", "garbage", binary),
        ("a", "a.ovpn", "text/xml", "application/xml"),
        // Special cases of what was found before them.
        ("a", "a.csv", "text/plain", "text/csv"),
        ("a", "a.json", "text/plain", "application/json"),
        ("a", "a.txt", "application/json", "application/json"),
        ("a", "a.csv", sheet, sheet),
        ("MZ", "a.exe", binary, "application/x-dosexec"),
        ("", "a", binary, binary),
    ] {
        let head = format!(
            "--cut-here\r\nContent-Disposition: form-data; name=\"push[files][]\"; \
             filename=\"{name}\"\r\nContent-Type: {declared}\r\n\r\n{content}\r\n--cut-here--\r\n"
        );
        let call = Call::new(Method::POST, "/api/v2/pushes").body(BOUNDARY, head);
        let token = made(call.by_owner(&sandbox).await);
        let file = &read(&sandbox, &token).await["files"][0];
        assert_eq!(file["content_type"], kind, "{name} {declared}");
    }
}

#[tokio::test]
async fn signed_urls_last_five_minutes_and_need_no_token() {
    let sandbox = small().await;
    let token = made(
        push_form(
            &sandbox,
            &[("name=\"push[files][]\"; filename=\"a.txt\"", b"content")],
        )
        .await,
    );
    let first = read(&sandbox, &token).await["files"][0].clone();
    let stored = led_to(&sandbox, url(&first)).await;
    sandbox.clock().advance(Duration::from_secs(290));
    assert_eq!(fetch(&sandbox, url(&first)).await.status, 302);
    assert_eq!(fetch(&sandbox, &stored).await.status, 200);
    sandbox.clock().advance(Duration::from_secs(10));
    assert_eq!(fetch(&sandbox, url(&first)).await.status, 404);
    assert_eq!(fetch(&sandbox, &stored).await.status, 404);
    let second = read(&sandbox, &token).await["files"][0].clone();
    let stored = led_to(&sandbox, url(&second)).await;
    assert_eq!(fetch(&sandbox, &stored).await.status, 200);
    let forged = url(&second).replace("--", "--0");
    assert_eq!(fetch(&sandbox, &forged).await.status, 404);
    let misused = url(&second).replace("/blobs/redirect/", "/disk/");
    assert_eq!(fetch(&sandbox, &misused).await.status, 404);
    Call::delete(&at(&token)).to(&sandbox).await;
    assert_eq!(fetch(&sandbox, url(&second)).await.status, 404);
    assert_eq!(fetch(&sandbox, &stored).await.status, 404);
}

#[tokio::test]
async fn a_download_can_be_cut() {
    let sandbox = small().await;
    let content = vec![b'x'; 3_000_000];
    let file = push_of(&sandbox, "filename=\"a.txt\"", &content).await;
    let stored = led_to(&sandbox, url(&file)).await;
    sandbox.faults().queue(Fault::cut_body(2_000_000));
    let base_url = sandbox.password_pusher().base_url();
    let request = Request::get(&stored[base_url.len()..])
        .header("host", "localhost")
        .body(Full::new(Bytes::new()))
        .expect("a request");
    let failure = exchange(base_url, request).await.expect_err("cut");
    assert!(failure.starts_with("body"), "{failure}");
    assert_eq!(fetch(&sandbox, &stored).await.body.len(), content.len());
}

#[tokio::test]
async fn the_journal_leaves_the_bodies_of_forms_out() {
    let sandbox = small().await;
    let part = (
        "name=\"push[files][]\"; filename=\"a.txt\"",
        &b"content"[..],
    );
    made(push_form(&sandbox, &[part]).await);
    let entries = sandbox.journal().entries();
    assert_eq!((entries[0].status, entries[0].body.len()), (Some(201), 0));
}

#[tokio::test]
async fn a_form_that_breaks_off_was_never_received() {
    let sandbox = small().await;
    let pusher = sandbox.password_pusher();
    let authority = &pusher.base_url()["http://".len()..];
    let form = form(&[
        ("name=\"push[payload]\"", b"secret"),
        ("name=\"push[files][]\"; filename=\"a.txt\"", b"content"),
    ]);
    // In a head of a part, in text, in a file, and where only the end of the form is missing.
    for length in [20, 70, form.len() - 30, form.len() - 4] {
        let mut stream = TcpStream::connect(authority).await.expect("a connection");
        let head = format!(
            "POST /api/v2/pushes HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {}\r\n\
             content-type: {BOUNDARY}\r\ncontent-length: {}\r\n\r\n",
            pusher.token(),
            form.len()
        );
        stream.write_all(head.as_bytes()).await.expect("a head");
        stream.write_all(&form[..length]).await.expect("a part");
        stream.shutdown().await.expect("an end");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.expect("no reset");
        assert!(rest.is_empty(), "{length}: {rest:?}");
    }
    assert_eq!(sandbox.journal().count(|_| true), 0);
    assert_eq!(pusher.pushes(), 0);
}

#[tokio::test]
async fn forms_beyond_64_mebibytes_are_not_played() {
    let sandbox = small().await;
    let content = vec![b'x'; 64 * 1024 * 1024];
    let part = ("name=\"push[files][]\"; filename=\"a.txt\"", &content[..]);
    let response = push_form(&sandbox, &[part]).await;
    response.is_not_played("forms of more than 64 MiB");
}

#[tokio::test]
async fn text_beyond_32_mebibytes_is_not_played_however_it_is_sent() {
    let sandbox = small().await;
    let text = "x".repeat(33 * 1024 * 1024);
    let plain = json!({ "push": { "payload": text } }).to_string();
    let parts = form(&[("name=\"push[payload]\"", text.as_bytes())]);
    for (kind, body) in [("application/json", plain.into_bytes()), (BOUNDARY, parts)] {
        let call = Call::new(Method::POST, "/api/v2/pushes").body(kind, body);
        let response = call.to(&sandbox).await;
        response.is_not_played("text of more than 32 MiB");
    }
}
