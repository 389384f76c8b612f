//! What the leaf can tell of TLS handshakes and of HTTP/2 streams that were refused.
#![cfg(any(
    feature = "rustls",
    feature = "rustls-no-provider",
    feature = "native-tls"
))]

mod common;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::tls::{Certificate, acceptor, certificate, demanding_acceptor, expired};
use common::wire::{read_request, response};
use common::{builder, create, hurried, read};
use security_api_transport::{Call, Client, ClientBuilder, Download, ErrorKind, Outcome};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// What an HTTP/2 server does to the first requests; it answers the others.
#[derive(Clone, Copy, Debug)]
enum H2 {
    Reset {
        reason: u32,
    },
    GoAway {
        last: u32,
        reason: u32,
    },
    /// Announces so many bytes, sends `"good"`, and ends the stream by RST_STREAM or GOAWAY with NO_ERROR.
    Body {
        announced: u8,
        goes_away: bool,
    },
}

#[derive(Clone)]
struct Tls {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    handshakes: Arc<AtomicUsize>,
}

impl Tls {
    /// Without acts a server of HTTP/1.1; with them, of HTTP/2, which does these to its requests, one after the other.
    async fn start(certificate: &Certificate, acts: Vec<H2>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let protocols: &[&[u8]] = if acts.is_empty() { &[] } else { &[b"h2"] };
        let acceptor = acceptor(certificate, protocols);
        let server = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
            handshakes: Arc::default(),
        };
        let this = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                this.handshakes.fetch_add(1, Ordering::SeqCst);
                let (this, acceptor, acts) = (this.clone(), acceptor.clone(), acts.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    if acts.is_empty() {
                        this.http1(stream).await;
                    } else {
                        this.http2(stream, &acts).await;
                    }
                });
            }
        });
        server
    }

    async fn http1(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        while read_request(&mut stream).await.is_some() {
            self.requests.fetch_add(1, Ordering::SeqCst);
            stream
                .write_all(&response(200, "", b"\"good\""))
                .await
                .unwrap();
        }
    }

    /// Reads frames, and acts on each HEADERS.
    async fn http2(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin, acts: &[H2]) {
        const HEADERS: u8 = 1;
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await.unwrap();
        // Empty SETTINGS, and the acknowledgement of the client's.
        stream
            .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0])
            .await
            .unwrap();
        let mut head = [0; 9];
        while stream.read_exact(&mut head).await.is_ok() {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            if stream.read_exact(&mut payload).await.is_err() {
                return;
            }
            if head[3] != HEADERS {
                continue;
            }
            let id = &head[5..9];
            let number = self.requests.fetch_add(1, Ordering::SeqCst);
            let frames = match acts.get(number) {
                Some(H2::Reset { reason }) => {
                    [&[0, 0, 4, 3, 0], id, &reason.to_be_bytes()].concat()
                }
                Some(H2::GoAway { last, reason }) => [
                    &[0, 0, 8, 7, 0, 0, 0, 0, 0][..],
                    &last.to_be_bytes(),
                    &reason.to_be_bytes(),
                ]
                .concat(),
                Some(H2::Body {
                    announced,
                    goes_away,
                }) => {
                    // `:status: 200` and a content-length of two digits; data; no end of the stream.
                    let length = format!("{announced:02}");
                    let mut frames = [
                        &[0, 0, 6, 1, 4],
                        id,
                        &[0x88, 0x0f, 0x0d, 2],
                        length.as_bytes(),
                        &[0, 0, 6, 0, 0],
                        id,
                        b"\"good\"",
                    ]
                    .concat();
                    match goes_away {
                        true => frames.extend([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
                        false => frames.extend([&[0, 0, 4, 3, 0], id, &[0; 4]].concat()),
                    }
                    frames
                }
                // `:status: 200` and the end of headers, then data and the end of the stream.
                None => [
                    &[0, 0, 1, 1, 4],
                    id,
                    &[0x88],
                    &[0, 0, 6, 0, 1],
                    id,
                    b"\"good\"",
                ]
                .concat(),
            };
            let written = stream.write_all(&frames).await;
            // Who takes up the stream and then goes away leaves it without a response.
            if written.is_err() || matches!(acts.get(number), Some(H2::GoAway { last: 1, .. })) {
                return;
            }
        }
    }

    fn client(&self) -> ClientBuilder<Client> {
        builder()
            .base_url(format!("https://localhost:{}", self.address.port()))
            .retry(hurried())
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn both() -> [fn(&Client) -> Call<Value>; 2] {
    [read, create]
}

#[tokio::test]
async fn a_certificate_that_is_trusted_is_spoken_to() {
    let certificate = certificate("localhost");
    let server = Tls::start(&certificate, Vec::new()).await;
    let client = server
        .client()
        .root_certificate(certificate.cert.pem())
        .build()
        .unwrap();
    assert_eq!(read(&client).await.unwrap(), "good");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_not_tried_again() {
    let (good, other, old) = (
        certificate("localhost"),
        certificate("other.test"),
        expired("localhost"),
    );
    for (what, certificate, root) in [
        ("unknown authority", &good, None),
        ("other authority", &good, Some(&other)),
        ("other name", &other, Some(&other)),
        ("expired", &old, Some(&old)),
    ] {
        for call in both() {
            let server = Tls::start(certificate, Vec::new()).await;
            let mut client = server.client();
            if let Some(root) = root {
                client = client.root_certificate(root.cert.pem());
            }
            let error = call(&client.build().unwrap()).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (ErrorKind::Connect, Outcome::NotSent, 1),
                "{what}: {error:?}"
            );
            assert!(
                !error.is_retryable() && error.to_string().contains("certificate"),
                "{what}: {error}"
            );
            assert_eq!(
                (server.requests(), server.handshakes.load(Ordering::SeqCst)),
                (0, 1),
                "{what}"
            );
        }
    }
}

#[tokio::test]
async fn a_handshake_that_is_cut_is_tried_again_for_any_operation() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            let mut hello = [0; 16];
            stream.read_exact(&mut hello).await.unwrap();
            if number % 2 == 1 {
                stream.set_zero_linger().unwrap();
            }
        }
    });
    let client = builder()
        .base_url(format!("https://{address}"))
        .retry(hurried())
        .build()
        .unwrap();
    for call in both() {
        let before = connections.load(Ordering::SeqCst);
        let error = call(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Connect, Outcome::NotSent, 4),
            "{error:?}"
        );
        assert_eq!(connections.load(Ordering::SeqCst), before + 4);
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn a_handshake_that_hangs_ends_with_the_connect_timeout_and_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = builder()
        .base_url(format!("https://{address}"))
        .connect_timeout(Duration::from_millis(50))
        .retry(hurried())
        .build()
        .unwrap();
    for call in both() {
        let error = call(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Connect, Outcome::NotSent, 4),
            "{error:?}"
        );
        assert!(error.to_string().contains("connect timeout"), "{error}");
    }
    drop(listener);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_not_tried_again() {
    for call in both() {
        let talker = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = talker.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = talker.accept().await {
                let _ = stream.write_all(&response(400, "", b"plain HTTP")).await;
                let _ = stream.read(&mut [0; 1024]).await;
            }
        });
        let client = builder()
            .base_url(format!("https://{address}"))
            .retry(hurried())
            .build()
            .unwrap();
        let error = call(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Connect, Outcome::NotSent, 1),
            "{error:?}"
        );
        assert!(
            !error.is_retryable() && error.to_string().contains("does not speak TLS"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate_is_not_tried_again_and_nothing_was_executed() {
    let certificate = certificate("localhost");
    for protocols in [&[][..], &[b"h2" as &[u8]]] {
        for call in both() {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!(
                "https://localhost:{}",
                listener.local_addr().unwrap().port()
            );
            let acceptor = demanding_acceptor(&certificate, protocols);
            let handshakes = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&handshakes);
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    counted.fetch_add(1, Ordering::SeqCst);
                    assert!(acceptor.accept(&mut stream).await.is_err());
                    // Closing with unread bytes would reset the connection, and the client would not see why.
                    let _ = stream.shutdown().await;
                    while let Ok(1..) = stream.read(&mut [0; 1024]).await {}
                }
            });
            let client = builder()
                .base_url(url)
                .root_certificate(certificate.cert.pem())
                .retry(hurried())
                .build()
                .unwrap();
            let error = call(&client).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (ErrorKind::Connect, Outcome::NotSent, 1),
                "{error:?}"
            );
            assert!(
                !error.is_retryable() && error.to_string().contains("client certificate"),
                "{error}"
            );
            assert_eq!(handshakes.load(Ordering::SeqCst), 1);
        }
    }
}

#[tokio::test]
async fn every_alert_about_the_clients_certificate_says_that_the_server_wants_one() {
    // no_certificate, bad_certificate, unsupported_certificate, certificate_unknown, unknown_ca, certificate_required
    for alert in [41, 42, 43, 46, 48, 116] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, alert]).await;
                let _ = stream.shutdown().await;
                while let Ok(1..) = stream.read(&mut [0; 1024]).await {}
            }
        });
        let client = builder()
            .base_url(format!("https://{address}"))
            .retry(hurried())
            .build()
            .unwrap();
        let error = create(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Connect, Outcome::NotSent, 1),
            "{alert}: {error:?}"
        );
        assert!(
            error.to_string().contains("client certificate"),
            "{alert}: {error}"
        );
    }
}

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;

#[tokio::test]
async fn an_http2_stream_that_was_refused_is_sent_again_for_any_operation_and_others_only_if_idempotent()
 {
    let certificate = certificate("localhost");
    for (act, refused) in [
        (
            H2::Reset {
                reason: REFUSED_STREAM,
            },
            true,
        ),
        (
            H2::GoAway {
                last: 0,
                reason: NO_ERROR,
            },
            true,
        ),
        (
            H2::Reset {
                reason: INTERNAL_ERROR,
            },
            false,
        ),
        (H2::Reset { reason: NO_ERROR }, false),
        (
            H2::GoAway {
                last: 1,
                reason: NO_ERROR,
            },
            false,
        ),
        (
            H2::GoAway {
                last: 1,
                reason: ENHANCE_YOUR_CALM,
            },
            false,
        ),
    ] {
        for (call, idempotent) in [(read as fn(&Client) -> _, true), (create, false)] {
            let server = Tls::start(&certificate, vec![act]).await;
            let client = server.client().root_certificate(certificate.cert.pem());
            let client = client.build().unwrap();
            let result = call(&client).send_with_response().await;
            let what = format!("{act:?}, {idempotent}: {result:?}");
            if refused || idempotent {
                assert_eq!(result.unwrap().attempts(), 2, "{what}");
                assert_eq!(server.requests(), 2, "{what}");
            } else {
                let error = result.unwrap_err();
                assert_eq!(
                    (error.outcome(), error.attempts()),
                    (Outcome::Unknown, 1),
                    "{what}"
                );
                assert!(!error.is_retryable(), "{what}");
                assert_eq!(server.requests(), 1, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn streams_that_are_always_refused_are_an_error_that_says_nothing_was_sent() {
    let certificate = certificate("localhost");
    let server = Tls::start(
        &certificate,
        vec![
            H2::Reset {
                reason: REFUSED_STREAM
            };
            9
        ],
    )
    .await;
    let client = server
        .client()
        .root_certificate(certificate.cert.pem())
        .build()
        .unwrap();
    let error = create(&client).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.attempts()),
        (ErrorKind::Io, Outcome::NotSent, 4),
        "{error:?}"
    );
    assert!(error.is_retryable());
    assert_eq!(server.requests(), 4);
}

#[tokio::test]
async fn a_body_shorter_than_its_length_is_a_cut_body_however_the_stream_ends() {
    let certificate = certificate("localhost");
    for goes_away in [false, true] {
        for (announced, whole) in [(6, true), (7, false), (99, false)] {
            let act = H2::Body {
                announced,
                goes_away,
            };
            let server = Tls::start(&certificate, vec![act; 4]).await;
            let client = server.client().root_certificate(certificate.cert.pem());
            let client = client.build().unwrap();
            let what = format!("{act:?}");
            // In memory: sent again where that is safe.
            for (call, tries) in [(read as fn(&Client) -> _, 4), (create, 1)] {
                let result = call(&client).await;
                match whole {
                    true => assert_eq!(result.unwrap(), "good", "{what}"),
                    false => {
                        let error = result.unwrap_err();
                        assert_eq!(
                            (error.kind(), error.outcome(), error.attempts()),
                            (ErrorKind::Io, Outcome::Unknown, tries),
                            "{what}: {error:?}"
                        );
                        break;
                    }
                }
            }
            // Streamed.
            let server = Tls::start(&certificate, vec![act]).await;
            let client = server.client().root_certificate(certificate.cert.pem());
            let client = client.build().unwrap();
            let file = client.operation(&common::EXPORT, &[]).call::<Download>();
            let result = file.await.unwrap().bytes(99).await;
            match whole {
                true => assert_eq!(result.unwrap(), "\"good\"", "{what}"),
                false => {
                    let error = result.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Io, "{what}: {error:?}");
                    assert!(error.is_retryable(), "{what}");
                    let missing = format!("{} bytes that it announced", announced - 6);
                    assert!(error.to_string().contains(&missing), "{error}");
                }
            }
        }
    }
}
