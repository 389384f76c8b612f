//! Requests by way of a proxy.

mod common;

use common::{READ, builder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A proxy that answers one request itself, and gives the head of what it was asked.
async fn proxy() -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let head = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"by\":\"p\"}";
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(head).unwrap()
    });
    (format!("http://user:pr0xysecret@{address}"), head)
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_whole_url_with_its_own_credentials() {
    let (url, head) = proxy().await;
    let client = builder()
        .base_url("http://127.0.0.1:9")
        .proxy(url)
        .build()
        .unwrap();
    let answer: Value = client.operation(&READ, &["7"]).call().await.unwrap();
    assert_eq!(answer, json!({"by": "p"}));
    let head = head.await.unwrap().to_ascii_lowercase();
    assert!(head.starts_with("get http://127.0.0.1:9/"), "{head}");
    assert!(head.contains("\r\nproxy-authorization: basic "), "{head}");
}

#[tokio::test]
async fn a_proxy_that_is_no_url_is_refused_without_showing_its_password() {
    for url in [
        "user:pr0xysecret@proxy:3128",
        "ftp://user:pr0xysecret@proxy",
        "",
    ] {
        let error = builder()
            .base_url("http://127.0.0.1:9")
            .proxy(url)
            .build()
            .unwrap_err();
        assert!(error.is_invalid(), "{error}");
        assert!(
            !format!("{error} {error:?}").contains("pr0xysecret"),
            "{error}"
        );
    }
}
