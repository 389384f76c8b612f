//! What remembering a request costs. Alone in its program, since it measures
//! the memory of all of it.

mod support;

use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use support::small;

/// What this program holds in memory, in bytes.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = text.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.expect("a size").parse::<u64>().expect("a number") * 1024
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_small_request_costs_less_than_a_kibibyte_to_remember() {
    const REQUESTS: u64 = 8_000;
    let sandbox = small().await;
    let push = sandbox.push_security();
    let authority = push.base_url()["http://".len()..].to_owned();
    // Each a connection of its own for a while, as of many clients.
    let send = async |count: u64| {
        for _ in 0..count / 100 {
            let stream = tokio::net::TcpStream::connect(&authority).await;
            let io = TokioIo::new(stream.expect("a connection"));
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io)
                .await
                .expect("a connection");
            tokio::spawn(connection);
            for _ in 0..100 {
                let request = Request::builder()
                    .method(Method::GET)
                    .uri("/v1/apps?limit=1")
                    .header("host", &authority)
                    .header("accept", "application/json")
                    .header("accept-encoding", "gzip")
                    .header("user-agent", "journal-test/0.1 (of the sandbox)")
                    .header("x-api-key", push.api_key())
                    .body(Full::<bytes::Bytes>::default())
                    .expect("a request");
                let response = sender.send_request(request).await.expect("a response");
                assert_eq!(response.status(), 200);
                response.into_body().collect().await.expect("a body");
            }
        }
    };
    send(1_000).await;
    let before = resident();
    send(REQUESTS).await;
    let each = resident().saturating_sub(before) / REQUESTS;
    assert_eq!(sandbox.journal().count(|_| true), 9_000);
    assert!(each < 1024, "{each} bytes a request");
}
