//! A request counts as sent once a connection has it, and not while it waits for one.
#![cfg(feature = "_tls")]

mod common;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use common::tls::{Certificate, acceptor, certificate, listen};
use common::{CREATE, FOR_EVER, builder, create, hurried, pass, read, unconnected, until};
use http::Response;
use security_api_transport::{Call, Client, ClientBuilder, ErrorKind, OAuth2, Outcome};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// How to make a call.
type Make = fn(&Client) -> Call<Value>;

const SHORT: Duration = Duration::from_millis(150);

async fn silent() -> (TcpListener, ClientBuilder<Client>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    (listener, builder().base_url(url).retry(hurried()))
}

#[tokio::test]
async fn a_handshake_that_hangs_to_the_deadline_leaves_nothing_open() {
    let (_listener, client) = silent().await;
    let client = client.build().unwrap();
    for call in [read, create] {
        let error = call(&client).timeout(SHORT).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Timeout, Outcome::NotSent),
            "{error:?}"
        );
        assert!(error.is_retryable() && !error.may_be_executed());
    }
}

#[tokio::test]
async fn connecting_is_bounded_by_its_own_time_and_not_by_the_attempts() {
    let (_listener, client) = silent().await;
    let client = client
        .attempt_timeout(Duration::from_millis(20))
        .connect_timeout(SHORT)
        .build()
        .unwrap();
    for call in [read, create] {
        let error = unconnected(call(&client), 4).await;
        assert!(error.to_string().contains("connect timeout"), "{error}");
    }
}

/// An HTTP/2 server that handles one request at a time, and responds to each after a while. It records the numbers of
/// requests that arrived whole.
struct Narrow {
    url: String,
    arrived: Arc<Mutex<Vec<u64>>>,
    /// One permit for each response that the server may send.
    responses: Arc<Semaphore>,
}

/// A value, and a token for the next five seconds.
const ANSWER: &[u8] = br#"{"access_token":"good","expires_in":10}"#;

/// An HTTP/2 server that responds to `answers` requests on its first connection and then ignores that connection. On
/// others it responds to all requests.
async fn stalling(certificate: &Certificate, answers: usize) -> (String, Arc<AtomicUsize>) {
    let (listener, url) = listen().await;
    let connections = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&connections);
    let acceptor = acceptor(certificate, &[b"h2"]);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let is_first = counted.fetch_add(1, Ordering::SeqCst) == 0;
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await.unwrap();
                if is_first && answers == 0 {
                    let _open = stream;
                    return std::future::pending().await;
                }
                let mut connection = h2::server::handshake(stream).await.unwrap();
                let mut answered = 0;
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    let mut stream = respond.send_response(Response::new(()), false).unwrap();
                    stream.send_data(Bytes::from_static(ANSWER), true).unwrap();
                    answered += 1;
                    if is_first && answered == answers {
                        // Writes the response and reads available frames.
                        let serve = std::future::poll_fn(|cx| connection.poll_closed(cx));
                        let _ = tokio::time::timeout(SHORT, serve).await;
                        std::future::pending::<()>().await;
                    }
                }
            });
        }
    });
    (url, connections)
}

#[tokio::test]
async fn a_connection_that_no_longer_responds_is_abandoned_after_the_attempt_timeout() {
    // Before a connection is silent for so long that it is pinged.
    const ATTEMPT: Duration = Duration::from_secs(8);
    let certificate = certificate("localhost");
    for (call, answers) in [(read as Make, 1), (create, 1), (read, 0), (create, 0)] {
        let (url, connections) = stalling(&certificate, answers).await;
        let client = builder()
            .base_url(url)
            .root_certificate(certificate.cert.pem())
            .attempt_timeout(ATTEMPT)
            .connect_timeout(FOR_EVER)
            .timeout(None)
            .retry(hurried())
            .build()
            .unwrap();
        if answers > 0 {
            read(&client).await.unwrap();
            tokio::time::sleep(2 * SHORT).await;
        }
        let call_again = call(&client).assume_idempotent(true);
        let result = tokio::spawn(call_again.send_with_response());
        // Until the first attempt is over, and no longer: the second has its whole time.
        tokio::time::sleep(SHORT).await;
        while connections.load(Ordering::SeqCst) < 2 {
            pass(ATTEMPT).await;
            tokio::time::sleep(SHORT).await;
        }
        assert_eq!(result.await.unwrap().unwrap().attempts(), 2);
        call(&client).await.unwrap();
        assert_eq!(connections.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn a_token_request_leaves_a_connection_that_no_longer_answers() {
    // A token request may take this long, whatever the client's settings.
    const TOKEN_ATTEMPT: Duration = Duration::from_secs(10);
    let certificate = certificate("localhost");
    // The first connection serves a token and a call, or nothing.
    for answers in [2, 0] {
        let (url, connections) = stalling(&certificate, answers).await;
        let client = builder()
            .base_url(url)
            .root_certificate(certificate.cert.pem())
            .credential(OAuth2::client_credentials("/token", "id", "secret").unwrap())
            .build()
            .unwrap();
        if answers > 0 {
            read(&client).await.unwrap();
            tokio::time::sleep(2 * SHORT).await;
            pass(TOKEN_ATTEMPT).await;
        }
        let call = tokio::spawn(read(&client).send_with_response());
        tokio::time::sleep(SHORT).await;
        pass(TOKEN_ATTEMPT).await;
        assert_eq!(call.await.unwrap().unwrap().attempts(), 1);
        assert_eq!(connections.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn a_connection_that_shows_no_sign_of_life_is_left_within_the_idle_time() {
    const IDLE: Duration = Duration::from_secs(600);
    let certificate = certificate("localhost");
    let (url, connections) = stalling(&certificate, 1).await;
    let client = builder()
        .base_url(url)
        .root_certificate(certificate.cert.pem())
        .attempt_timeout(FOR_EVER)
        .idle_timeout(IDLE)
        .timeout(None)
        .retry(hurried())
        .build()
        .unwrap();
    read(&client).await.unwrap();
    tokio::time::sleep(2 * SHORT).await;
    let created = tokio::spawn(create(&client).into_future());
    let mut passed = Duration::ZERO;
    while !created.is_finished() {
        assert!(passed <= 2 * IDLE, "{passed:?}");
        tokio::time::sleep(SHORT).await;
        pass(IDLE / 4).await;
        passed += IDLE / 4;
    }
    let error = created.await.unwrap().unwrap_err();
    assert_eq!(
        (error.outcome(), error.attempts()),
        (Outcome::Unknown, 1),
        "{error:?}"
    );
    create(&client).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

impl Narrow {
    async fn start(certificate: &Certificate, response_after: Duration) -> Self {
        let (listener, url) = listen().await;
        let arrived = Arc::<Mutex<Vec<u64>>>::default();
        let acceptor = acceptor(certificate, &[b"h2"]);
        let responses = Arc::new(Semaphore::new(1));
        let (noted, allowed) = (Arc::clone(&arrived), Arc::clone(&responses));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, noted) = (acceptor.clone(), Arc::clone(&noted));
                let allowed = Arc::clone(&allowed);
                tokio::spawn(async move {
                    let stream = acceptor.accept(stream).await.unwrap();
                    let mut connection = h2::server::Builder::new()
                        .max_concurrent_streams(1)
                        .handshake::<_, Bytes>(stream)
                        .await
                        .unwrap();
                    while let Some(Ok((request, mut respond))) = connection.accept().await {
                        let (noted, allowed) = (Arc::clone(&noted), Arc::clone(&allowed));
                        tokio::spawn(async move {
                            let mut number = request
                                .uri()
                                .query()
                                .map(|query| query[2..].parse::<u64>().unwrap());
                            // Servers begin with the head, if they need no more.
                            let length = request.headers().get("content-length");
                            if length.is_none_or(|length| length == "0") {
                                noted.lock().unwrap().extend(number.take());
                            }
                            let mut body = request.into_body();
                            while let Some(piece) = body.data().await {
                                // A request that was withdrawn does not count.
                                let Ok(piece) = piece else { return };
                                let _ = body.flow_control().release_capacity(piece.len());
                            }
                            noted.lock().unwrap().extend(number);
                            allowed.acquire().await.unwrap().forget();
                            pass(response_after).await;
                            let Ok(mut stream) = respond.send_response(Response::new(()), false)
                            else {
                                return;
                            };
                            let _ = stream.send_data(Bytes::from_static(b"\"good\""), true);
                        });
                    }
                });
            }
        });
        Self {
            url,
            arrived,
            responses,
        }
    }

    fn arrived(&self) -> BTreeSet<u64> {
        let arrived = self.arrived.lock().unwrap();
        let once: BTreeSet<u64> = arrived.iter().copied().collect();
        assert_eq!(once.len(), arrived.len(), "sent twice: {arrived:?}");
        once
    }
}

fn numbered(client: &Client, number: u64, body: Option<&'static str>) -> Call<Value> {
    let mut request = client
        .operation(&CREATE, &[])
        .query("n", number.to_string());
    if let Some(body) = body {
        request = request.body("application/json", body);
    }
    request.call()
}

#[tokio::test]
async fn waiting_for_a_stream_is_not_counted_against_the_attempt() {
    // All responses together take longer than an attempt may, and less than calls wait for a stream.
    const ATTEMPT: Duration = Duration::from_secs(12);
    const CALLS: u64 = 12;
    let certificate = certificate("localhost");
    let server = Narrow::start(&certificate, ATTEMPT / 8).await;
    server.responses.add_permits(100);
    let client = builder()
        .base_url(&server.url)
        .root_certificate(certificate.cert.pem())
        .attempt_timeout(ATTEMPT)
        .idle_timeout(FOR_EVER)
        .timeout(None)
        .build()
        .unwrap();
    read(&client).await.unwrap();
    for body in [Some("{}"), None] {
        server.arrived.lock().unwrap().clear();
        let calls = (0..CALLS).map(|number| numbered(&client, number, body).into_future());
        for result in futures_util::future::join_all(calls).await {
            assert_eq!(result.unwrap(), json!("good"));
        }
        assert_eq!(server.arrived(), (0..CALLS).collect());
    }
}

#[tokio::test]
async fn a_request_that_still_waits_for_a_stream_at_its_deadline_was_not_sent_and_never_is() {
    let certificate = certificate("localhost");
    for body in [Some("{}"), None] {
        let server = Narrow::start(&certificate, Duration::ZERO).await;
        let client = builder()
            .base_url(&server.url)
            .root_certificate(certificate.cert.pem())
            .build()
            .unwrap();
        read(&client).await.unwrap();
        // This request occupies the only stream until it gets its response.
        let first = tokio::spawn(numbered(&client, 0, body).into_future());
        until(|| !server.arrived().is_empty()).await;
        let calls = (1..12).map(|number| {
            let call = numbered(&client, number, body).timeout(SHORT);
            async move { (number, call.await.unwrap_err()) }
        });
        let errors = futures_util::future::join_all(calls).await;
        server.responses.add_permits(100);
        first.await.unwrap().unwrap();
        // Pending requests have arrived once the connection has served another call.
        read(&client).await.unwrap();
        let arrived = server.arrived();
        let mut unknown = 0;
        for (number, error) in errors {
            match error.outcome() {
                Outcome::NotSent => {
                    assert!(!arrived.contains(&number), "{number}: {error:?}");
                    assert!(error.is_retryable(), "{error:?}");
                }
                Outcome::Unknown => unknown += 1,
                outcome => panic!("{outcome:?}: {error:?}"),
            }
        }
        // The next request has no body, and hyper's clients cannot withdraw it.
        assert_eq!(unknown, usize::from(body.is_none()));
    }
}

#[tokio::test]
async fn the_attempts_time_begins_when_the_request_is_sent_however_long_connecting_took() {
    const ATTEMPT: Duration = Duration::from_millis(200);
    let certificate = certificate("localhost");
    let acceptor = acceptor(&certificate, &[]);
    let (listener, url) = listen().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Longer than an attempt may take, and shorter than connecting may take.
                tokio::time::sleep(2 * ATTEMPT).await;
                let mut stream = acceptor.accept(stream).await.unwrap();
                while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
            });
        }
    });
    let client = builder()
        .base_url(url)
        .root_certificate(certificate.cert.pem())
        .attempt_timeout(ATTEMPT)
        .connect_timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let start = std::time::Instant::now();
    let error = create(&client).await.unwrap_err();
    let took = start.elapsed();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Timeout, Outcome::Unknown),
        "{error:?}"
    );
    assert!(
        took >= 3 * ATTEMPT && took < Duration::from_secs(10),
        "{took:?}"
    );
}
