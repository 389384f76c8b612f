//! Failures of TLS handshakes, and the end of a TLS connection.
#![cfg(feature = "_tls")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::tls::{Certificate, acceptor, certificate, demanding_acceptor, expired, listen};
use common::wire::{read_request, response};
use common::{builder, create, hurried, pass, read, unconnected, until};
use http::Method;
use security_api_transport::{Call, Client, ClientBuilder, ErrorKind, Outcome};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[derive(Clone)]
struct Tls {
    url: String,
    requests: Arc<AtomicUsize>,
    handshakes: Arc<AtomicUsize>,
}

impl Tls {
    /// Responds to every request but DELETE.
    async fn start(certificate: &Certificate) -> Self {
        let (listener, url) = listen().await;
        let acceptor = acceptor(certificate, &[]);
        let server = Self {
            url,
            requests: Arc::default(),
            handshakes: Arc::default(),
        };
        let this = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                this.handshakes.fetch_add(1, Ordering::SeqCst);
                let (this, acceptor) = (this.clone(), acceptor.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    while let Some(request) = read_request(&mut stream).await {
                        this.requests.fetch_add(1, Ordering::SeqCst);
                        if request.starts_with(b"DELETE") {
                            std::future::pending::<()>().await;
                        }
                        let good = response(200, "", b"\"good\"");
                        stream.write_all(&good).await.unwrap();
                    }
                });
            }
        });
        server
    }

    fn client(&self) -> ClientBuilder<Client> {
        builder().base_url(&self.url).retry(hurried())
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
    let server = Tls::start(&certificate).await;
    let client = server
        .client()
        .root_certificate(certificate.cert.pem())
        .build()
        .unwrap();
    assert_eq!(read(&client).await.unwrap(), "good");
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_root_certificate_that_is_none_is_refused() {
    let damaged = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    for text in ["", "no PEM", damaged] {
        let error = builder().root_certificate(text).build().unwrap_err();
        assert!(error.is_invalid(), "{text}: {error}");
        assert!(
            error.to_string().contains("begins with `-----BEGIN"),
            "{text}: {error}"
        );
    }
}

#[tokio::test]
async fn a_timeout_ends_no_other_connection_of_a_server_that_speaks_http_1() {
    const ATTEMPT: Duration = Duration::from_secs(20);
    let certificate = certificate("localhost");
    // From the first response to the next timeout the protocol is known, and to a client of HTTP/1 alone always.
    for (http1_only, timeouts) in [(false, 1), (true, 2)] {
        let server = Tls::start(&certificate).await;
        let client = server
            .client()
            .root_certificate(certificate.cert.pem())
            .attempt_timeout(ATTEMPT);
        let client = match http1_only {
            true => client.http1_only().build().unwrap(),
            false => client.build().unwrap(),
        };
        read(&client).await.unwrap();
        let hanging = (0..timeouts).map(|_| {
            let call = client.request(Method::DELETE, "/things").call::<()>();
            tokio::spawn(call.retries(0).into_future())
        });
        let hanging: Vec<_> = hanging.collect();
        until(|| server.requests() == 1 + timeouts).await;
        read(&client).await.unwrap();
        pass(ATTEMPT).await;
        for call in hanging {
            let error = call.await.unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
        }
        read(&client).await.unwrap();
        assert_eq!(server.handshakes.load(Ordering::SeqCst), 1 + timeouts);
    }
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
            let server = Tls::start(certificate).await;
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
        let error = unconnected(call(&client), 4).await;
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
        let error = unconnected(call(&client), 4).await;
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
        let error = unconnected(call(&client), 1).await;
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
            let (listener, url) = listen().await;
            let acceptor = demanding_acceptor(&certificate, protocols);
            let handshakes = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&handshakes);
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    counted.fetch_add(1, Ordering::SeqCst);
                    assert!(acceptor.accept(&mut stream).await.is_err());
                    // Closing with unread data would reset the connection, and the client would not see the reason.
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
            let error = unconnected(call(&client), 1).await;
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
        let (url, _) = alerting(alert, false).await;
        let client = builder().base_url(url).retry(hurried()).build().unwrap();
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

/// A server that responds to each ClientHello with this alert, and closes or resets the connection.
async fn alerting(alert: u8, resets: bool) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let connections = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, alert]).await;
            if resets {
                stream.set_zero_linger().unwrap();
                continue;
            }
            let _ = stream.shutdown().await;
            while let Ok(1..) = stream.read(&mut [0; 1024]).await {}
        }
    });
    (url, connections)
}

#[tokio::test]
async fn an_alert_in_the_handshake_is_final_unless_it_says_that_the_server_or_the_way_there_failed()
{
    // close_notify, bad_record_mac, internal_error, user_canceled
    let passing: &[u8] = match cfg!(any(feature = "rustls", feature = "rustls-no-provider")) {
        true => &[0, 20, 80, 90],
        false => &[80],
    };
    // handshake_failure, protocol_version
    let final_: &[u8] = match cfg!(any(feature = "rustls", feature = "rustls-no-provider")) {
        true => &[
            10, 22, 40, 44, 45, 47, 49, 50, 51, 70, 71, 86, 109, 110, 112, 113, 115, 120, 255,
        ],
        false => &[40, 70],
    };
    let alerts = passing.iter().map(|alert| (alert, 4));
    for (&alert, attempts) in alerts.chain(final_.iter().map(|alert| (alert, 1))) {
        let (url, connections) = alerting(alert, false).await;
        let client = builder().base_url(url).retry(hurried()).build().unwrap();
        let error = create(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Connect, Outcome::NotSent, attempts),
            "{alert}: {error:?}"
        );
        assert_eq!(error.is_retryable(), attempts > 1, "{alert}: {error:?}");
        assert_eq!(
            connections.load(Ordering::SeqCst),
            attempts as usize,
            "{alert}"
        );
    }
}

#[tokio::test]
async fn a_reset_with_an_alert_in_the_handshake_never_sends_anything() {
    for alert in [40, 80, 116] {
        let (url, _) = alerting(alert, true).await;
        let client = builder().base_url(url).retry(hurried()).build().unwrap();
        let error = create(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Connect, Outcome::NotSent),
            "{alert}: {error:?}"
        );
    }
}

/// A server with this certificate that requires client certificates, and resets each connection without one.
async fn demanding_and_resetting(certificate: &Certificate) -> (String, Arc<AtomicUsize>) {
    let (listener, url) = listen().await;
    let acceptor = demanding_acceptor(certificate, &[]);
    let handshakes = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&handshakes);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = acceptor.accept(&mut stream).await;
            stream.set_zero_linger().unwrap();
        }
    });
    (url, handshakes)
}

#[tokio::test]
async fn where_a_reset_overtakes_the_alert_about_a_client_certificate_nothing_is_sent_twice_but_reads()
 {
    let certificate = certificate("localhost");
    for (call, is_idempotent) in [(read as fn(&Client) -> _, true), (create, false)] {
        let (url, handshakes) = demanding_and_resetting(&certificate).await;
        let client = builder()
            .base_url(url)
            .root_certificate(certificate.cert.pem())
            .retry(hurried());
        let error = call(&client.build().unwrap()).await.unwrap_err();
        // Whether the alert is read before the reset is a matter of chance.
        match error.outcome() {
            Outcome::NotSent => assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}"),
            Outcome::Unknown => assert!(
                is_idempotent || error.attempts() == 1,
                "{is_idempotent}: {error:?}"
            ),
            outcome => panic!("{outcome:?}: {error:?}"),
        }
        assert_eq!(handshakes.load(Ordering::SeqCst), error.attempts() as usize);
    }
}

/// An HTTP/1.1 server that writes this and closes TCP, with or without closing TLS.
async fn closing(certificate: &Certificate, written: &'static str, says_so: bool) -> String {
    let (listener, url) = listen().await;
    let acceptor = acceptor(certificate, &[]);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            read_request(&mut stream).await;
            stream.write_all(written.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            match says_so {
                true => stream.shutdown().await.unwrap(),
                false => stream.get_mut().0.shutdown().await.unwrap(),
            }
        }
    });
    url
}

#[tokio::test]
async fn a_body_without_a_length_is_whole_only_if_tls_was_closed_and_one_with_a_length_in_any_case()
{
    const WITHOUT: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\"good\"";
    const WITH: &str = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n\"good\"";
    let certificate = certificate("localhost");
    for (written, says_so, is_whole) in [
        (WITHOUT, true, true),
        (WITHOUT, false, false),
        (WITH, true, true),
        (WITH, false, true),
    ] {
        for (call, attempts) in [(read as fn(&Client) -> Call<Value>, 4), (create, 1)] {
            let url = closing(&certificate, written, says_so).await;
            let client = builder()
                .base_url(url)
                .root_certificate(certificate.cert.pem())
                .retry(hurried());
            let result = call(&client.build().unwrap()).await;
            if is_whole {
                assert_eq!(result.unwrap(), "good", "{written}, {says_so}");
                continue;
            }
            let error = result.unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (ErrorKind::Io, Outcome::Unknown, attempts),
                "{written}, {says_so}: {error:?}"
            );
        }
    }
}

/// Reqwest alone would choose the platform's library.
#[cfg(all(feature = "rustls", feature = "native-tls"))]
#[tokio::test]
async fn rustls_is_the_library_even_where_that_of_the_platform_is_enabled_as_well() {
    use std::error::Error as _;

    let server = Tls::start(&certificate("localhost")).await;
    let client = server.client().build().unwrap();
    let error = read(&client).await.unwrap_err();
    let mut causes = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push_str(&format!("{error:?}; "));
        cause = error.source();
    }
    assert!(causes.contains("UnknownIssuer"), "{causes}");
}
