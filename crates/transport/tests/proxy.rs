//! Requests through a proxy.

mod common;

use std::process::Command;

use common::wire::{Act, Server, response};
use common::{READ, builder, hurried, install_provider, read, settings, unconnected};
use security_api_transport::{Client, ClientBuilder, OAuth2};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A proxy that responds to one request itself, and returns the head of that request.
async fn proxy() -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let head = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let response = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"by\":\"p\"}";
        stream.write_all(response.as_bytes()).await.unwrap();
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
    let response: Value = client.operation(&READ, &["7"]).call().await.unwrap();
    assert_eq!(response, json!({"by": "p"}));
    let head = head.await.unwrap().to_ascii_lowercase();
    assert!(head.starts_with("get http://127.0.0.1:9/"), "{head}");
    assert!(head.contains("\r\nproxy-authorization: basic "), "{head}");
}

#[tokio::test]
async fn a_proxy_that_is_not_a_url_is_refused_without_showing_its_password() {
    for url in [
        "user:pr0xysecret@proxy:3128",
        "ftp://user:pr0xysecret@proxy",
        "socks://user:pr0xysecret@proxy",
        "http://user:pr0xysecret@",
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

/// Returns a client that uses the proxies of the environment.
fn heeding() -> ClientBuilder<Client> {
    install_provider();
    ClientBuilder::new(Ok(settings())).retry(hurried())
}

/// Runs an ignored test of this file in another process, with these variables.
async fn in_environment(test: &'static str, variables: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--test-threads=1"]);
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert!(
        output.status.success(),
        "{variables:?}: {}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[tokio::test]
#[cfg_attr(not(feature = "_tls"), ignore = "it asks for https")]
async fn the_environments_proxy_is_for_other_machines_only() {
    let proxy = Server::start(vec![Act::Send(response(502, "", b""))]).await;
    let server = Server::start(vec![Act::Send(response(200, "", b"\"good\""))]).await;
    let (proxy_url, server_url) = (proxy.url(), server.url());
    for name in ["HTTP_PROXY", "ALL_PROXY", "http_proxy"] {
        in_environment(
            "child_reads_from_this_machine",
            &[(name, &proxy_url), ("SERVER", &server_url)],
        )
        .await;
    }
    assert_eq!((proxy.requests(), server.requests()), (0, 6));
    in_environment(
        "child_is_refused_by_the_proxy",
        &[("HTTPS_PROXY", &proxy_url)],
    )
    .await;
    assert_eq!(proxy.requests(), 1);
}

#[tokio::test]
#[ignore = "run by another test, with variables set"]
async fn child_reads_from_this_machine() {
    let server = std::env::var("SERVER").unwrap();
    for url in [server.clone(), server.replace("127.0.0.1", "localhost")] {
        let client = heeding().base_url(url).build().unwrap();
        assert_eq!(read(&client).await.unwrap(), "good");
    }
}

#[tokio::test]
#[cfg_attr(not(feature = "_tls"), ignore = "it asks for https")]
async fn a_token_from_this_machine_does_not_pass_the_proxy_of_a_service_elsewhere() {
    let proxy = Server::start(vec![Act::Send(response(502, "", b""))]).await;
    let token = response(200, "", br#"{"access_token":"t0ken"}"#);
    let server = Server::start(vec![Act::Send(token)]).await;
    in_environment(
        "child_gets_a_token_from_this_machine",
        &[("ALL_PROXY", &proxy.url()), ("SERVER", &server.url())],
    )
    .await;
    // The proxy is asked only to connect to the service.
    assert_eq!((proxy.requests(), server.requests()), (1, 1));
}

#[tokio::test]
#[ignore = "run by another test, with variables set"]
async fn child_gets_a_token_from_this_machine() {
    let token_url = format!("{}/token", std::env::var("SERVER").unwrap());
    let credential = OAuth2::client_credentials(&token_url, "id", "s3cret").unwrap();
    let client = heeding().credential(credential.clone()).build().unwrap();
    let error = read(&client).retries(0).await.unwrap_err();
    assert!(error.to_string().contains("proxy"), "{error}");
    assert!(credential.current().is_some());
}

#[tokio::test]
#[ignore = "run by another test, with variables set"]
async fn child_is_refused_by_the_proxy() {
    let error = read(&heeding().build().unwrap())
        .retries(0)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("proxy"), "{error}");
}

#[tokio::test]
#[cfg_attr(not(feature = "_tls"), ignore = "it asks for https")]
async fn a_malformed_proxy_of_the_environment_is_refused_and_not_ignored() {
    for name in ["HTTPS_PROXY", "ALL_PROXY", "https_proxy"] {
        for value in [
            "ftp://user:pr0xysecret@proxy",
            "http://user:pr0xysecret@pro xy",
            "http://user:pr0xysecret@proxy:port",
            "http://",
        ] {
            let variables = [(name, value), ("VARIABLE", name)];
            in_environment("child_cannot_be_built", &variables).await;
        }
    }
}

#[test]
#[ignore = "run by another test, with variables set"]
fn child_cannot_be_built() {
    let name = std::env::var("VARIABLE").unwrap();
    let error = heeding().build().unwrap_err();
    assert!(error.is_invalid(), "{error}");
    let text = format!("{error} {error:?}");
    assert!(
        text.contains(&name) && !text.contains("pr0xysecret"),
        "{text}"
    );
    // A client without a proxy ignores the invalid variable.
    heeding().no_proxy().build().unwrap();
    heeding().base_url("http://127.0.0.1:9").build().unwrap();
    heeding().proxy("http://proxy.test:3128").build().unwrap();
}

/// A SOCKS 5 proxy that sends this reply, and serves HTTP itself on success. Returns the requested destination.
async fn socks(reply: u8) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, targets) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_socks(stream, reply, asked.clone()));
        }
    });
    (address.to_string(), targets)
}

async fn serve_socks(
    mut stream: TcpStream,
    reply: u8,
    asked: tokio::sync::mpsc::UnboundedSender<String>,
) -> Option<()> {
    let mut greeting = [0; 2];
    stream.read_exact(&mut greeting).await.ok()?;
    let mut methods = vec![0; usize::from(greeting[1])];
    stream.read_exact(&mut methods).await.ok()?;
    stream.write_all(&[5, 0]).await.ok()?;
    let mut head = [0; 5];
    stream.read_exact(&mut head).await.ok()?;
    // An IPv4 address, of which one byte is read, or a name with its length.
    let length = if head[3] == 1 {
        3
    } else {
        usize::from(head[4])
    };
    let mut rest = vec![0; length + 2];
    stream.read_exact(&mut rest).await.ok()?;
    let name = match head[3] {
        1 => format!("{}.{}.{}.{}", head[4], rest[0], rest[1], rest[2]),
        _ => String::from_utf8_lossy(&rest[..length]).into_owned(),
    };
    asked.send(name).unwrap();
    stream
        .write_all(&[5, reply, 0, 1, 0, 0, 0, 0, 0, 0])
        .await
        .ok()?;
    common::wire::read_request(&mut stream).await?;
    stream.write_all(&response(200, "", b"\"good\"")).await.ok()
}

#[tokio::test]
#[cfg_attr(
    not(feature = "_tls"),
    ignore = "reqwest reaches SOCKS proxies only with TLS compiled in"
)]
async fn a_socks_proxy_is_used_and_one_that_does_not_allow_the_connection_is_not_asked_again() {
    for scheme in ["socks5", "socks5h"] {
        let (address, mut targets) = socks(0).await;
        let client = builder()
            .base_url("http://127.0.0.1:9")
            .proxy(format!("{scheme}://{address}"))
            .build()
            .unwrap();
        assert_eq!(read(&client).await.unwrap(), "good");
        assert_eq!(targets.recv().await.unwrap(), "127.0.0.1");
    }
    for (reply, attempts) in [(2, 1), (4, 4)] {
        let (address, _targets) = socks(reply).await;
        let client = builder()
            .proxy(format!("socks5h://{address}"))
            .retry(hurried())
            .build()
            .unwrap();
        let error = unconnected(read(&client), attempts).await;
        assert!(error.to_string().contains("proxy"), "{error}");
    }
}
