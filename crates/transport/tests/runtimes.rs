//! Runtimes that are not always driven, and several runtimes.

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use common::wire::response;
use common::{EXPORT, READ, builder, create, hurried, over, read};
use futures_util::FutureExt;
use security_api_transport::middleware::CallFuture;
use security_api_transport::{
    Client, Download, Error, ErrorKind, FakeResponse, FakeTransport, Outcome,
};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// A server with background threads that closes idle connections.
struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

impl Server {
    fn start(keep_alive: Duration) -> Self {
        Self::silent_at_first(0, keep_alive)
    }

    /// Ignores the first requests.
    fn silent_at_first(silent: usize, keep_alive: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            requests: Arc::default(),
            closed: Arc::default(),
        };
        let (requests, closed) = (Arc::clone(&server.requests), Arc::clone(&server.closed));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (requests, closed) = (Arc::clone(&requests), Arc::clone(&closed));
                thread::spawn(move || {
                    serve(stream, keep_alive, silent, &requests);
                    closed.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        server
    }

    fn client(&self) -> Client {
        builder()
            .base_url(&self.url)
            .retry(hurried())
            .build()
            .unwrap()
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn closed(&self) -> usize {
        self.closed.load(Ordering::SeqCst)
    }
}

fn serve(mut stream: TcpStream, keep_alive: Duration, silent: usize, requests: &AtomicUsize) {
    stream.set_read_timeout(Some(keep_alive)).unwrap();
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        request.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&request);
        // Each request of these tests ends with its head or with a JSON object.
        if !text.ends_with("\r\n\r\n") && !text.ends_with('}') {
            continue;
        }
        if text.starts_with("POST") && !text.ends_with('}') {
            continue;
        }
        if text.contains("/hang") {
            thread::sleep(Duration::from_secs(60));
        }
        request.clear();
        if requests.fetch_add(1, Ordering::SeqCst) < silent {
            continue;
        }
        if stream.write_all(&response(200, "", b"\"good\"")).is_err() {
            return;
        }
    }
}

fn single_threaded() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_runtime_that_is_driven_only_during_calls_loses_none_to_connections_closed_meanwhile() {
    let server = Server::start(Duration::from_millis(10));
    let client = server.client();
    let runtime = single_threaded();
    runtime.block_on(read(&client).into_future()).unwrap();
    for number in 1..=40 {
        while server.closed() < number {
            thread::sleep(Duration::from_millis(1));
        }
        let call = create(&client);
        match number % 2 {
            0 => runtime.block_on(call.into_future()).unwrap(),
            _ => runtime
                .block_on(async { tokio::spawn(call.into_future()).await.unwrap() })
                .unwrap(),
        };
    }
    assert_eq!(server.requests(), 41);
}

#[test]
fn runtimes_that_live_and_are_not_driven_hold_up_no_call_on_another() {
    let server = Server::start(Duration::from_secs(60));
    let client = server.client();
    let resting = [single_threaded(), single_threaded()];
    for runtime in &resting {
        runtime.block_on(read(&client).into_future()).unwrap();
    }
    for runtime in [
        single_threaded(),
        Builder::new_multi_thread().enable_all().build().unwrap(),
    ] {
        for call in [read, create] {
            let call = call(&client).retries(0).timeout(Duration::from_secs(10));
            runtime.block_on(call.into_future()).unwrap();
        }
    }
    // Those that rested still use their connections.
    for runtime in &resting {
        runtime.block_on(create(&client).into_future()).unwrap();
    }
    assert_eq!(server.requests(), 8);
}

#[test]
fn a_client_outlives_runtimes_that_end_in_the_middle_of_its_calls() {
    let server = Server::start(Duration::from_secs(60));
    let client = server.client();
    for round in 0..30 {
        let runtime = single_threaded();
        runtime.block_on(async {
            let hanging = client.request(http::Method::GET, "/hang").call::<()>();
            tokio::spawn(hanging.into_future());
            create(&client).await.unwrap();
        });
        match round % 3 {
            0 => drop(runtime),
            1 => runtime.shutdown_background(),
            _ => std::mem::forget(runtime),
        }
    }
    single_threaded()
        .block_on(create(&client).into_future())
        .unwrap();
    assert_eq!(server.requests(), 31);
}

#[test]
fn many_runtimes_at_once_share_a_client() {
    let server = Server::start(Duration::from_secs(60));
    let client = server.client();
    let threads: Vec<_> = (0..12)
        .map(|_| {
            let client = client.clone();
            thread::spawn(move || {
                let runtime = single_threaded();
                for _ in 0..20 {
                    runtime.block_on(create(&client).into_future()).unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(server.requests(), 240);
}

/// Ways to end the runtime in which a call began.
const FATES: [fn(Runtime); 3] = [drop, Runtime::shutdown_background, std::mem::forget];

#[test]
fn a_call_that_is_polled_on_in_another_runtime_begins_again_there_if_that_is_safe() {
    for fate in FATES {
        for (call, is_idempotent) in [(read as fn(&Client) -> _, true), (create, false)] {
            let server = Server::silent_at_first(1, Duration::from_secs(60));
            let client = server.client();
            let mut call = call(&client).into_future();
            let first = single_threaded();
            first.block_on(async {
                let begun = async {
                    while server.requests() == 0 {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                };
                tokio::select! {
                    result = &mut call => panic!("{result:?}"),
                    () = begun => {}
                }
            });
            fate(first);
            let result = single_threaded().block_on(call);
            if is_idempotent {
                assert_eq!(result.unwrap(), "good");
                assert_eq!(server.requests(), 2);
                continue;
            }
            let error = result.unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (ErrorKind::Io, Outcome::Unknown, 1),
                "{error:?}"
            );
            assert!(error.to_string().contains("another runtime"), "{error}");
            assert_eq!(server.requests(), 1);
        }
    }
}

#[test]
fn a_call_that_was_not_sent_before_its_runtime_ended_is_sent_in_the_next() {
    for fate in FATES {
        let server = Server::start(Duration::from_secs(60));
        let client = server.client();
        let mut call = create(&client).into_future();
        let first = single_threaded();
        first.block_on(std::future::poll_fn(|cx| {
            assert!(Pin::new(&mut call).poll(cx).is_pending());
            Poll::Ready(())
        }));
        assert_eq!(server.requests(), 0);
        fate(first);
        single_threaded().block_on(call).unwrap();
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn a_call_that_begins_again_keeps_to_its_retries_and_to_the_wait_between_them() {
    let poll_once = |call: &mut CallFuture<Value>| {
        single_threaded().block_on(std::future::poll_fn(|cx| {
            Poll::Ready(Pin::new(&mut *call).poll(cx).is_pending())
        }))
    };
    // Without retries a sent request is not repeated.
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::never());
    let mut call = read(&over(&fake)).retries(0).into_future();
    assert!(poll_once(&mut call));
    let error = single_threaded().block_on(call).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(fake.requests().len(), 1);

    // Each runtime continues the wait that the service asked for.
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::status(503).header("retry-after", "50"));
    let mut call = read(&over(&fake)).retries(1).into_future();
    for _ in 0..4 {
        assert!(poll_once(&mut call));
    }
    assert_eq!(fake.requests().len(), 1);
    let paused = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let error = paused.block_on(call).unwrap_err();
    assert_eq!(
        (error.status().unwrap().as_u16(), error.attempts()),
        (503, 2)
    );
    assert_eq!(fake.requests().len(), 2);
}

#[test]
fn a_call_outside_a_runtime_is_an_error_that_says_what_to_do_and_is_not_sent() {
    let server = Server::start(Duration::from_secs(60));
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good"));
    fake.always(&EXPORT, FakeResponse::status(200).body("a,b"));
    let timeless = builder().transport(fake.clone()).timeout(None);
    let clients = [server.client(), over(&fake), timeless.build().unwrap()];
    let assert_says = |error: &Error| {
        assert_eq!(
            (error.kind(), error.is_retryable()),
            (ErrorKind::Invalid, false),
            "{error:?}"
        );
        let says = "await the call in one";
        assert!(error.to_string().contains(says), "{error}");
    };
    for client in &clients {
        for call in [read(client), create(client)] {
            let error = call.into_future().now_or_never().unwrap().unwrap_err();
            assert_says(&error);
            assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 0));
        }
    }
    assert_eq!((server.requests(), fake.requests().len()), (0, 0));

    // What began in a runtime, and goes on where there is none.
    for (call, is_idempotent) in [(read as fn(&Client) -> _, true), (create, false)] {
        let server = Server::silent_at_first(1, Duration::from_secs(60));
        let client = server.client();
        let mut call = call(&client).into_future();
        let runtime = single_threaded();
        runtime.block_on(async {
            while server.requests() == 0 {
                let _ = tokio::time::timeout(Duration::from_millis(1), &mut call).await;
            }
        });
        let error = call.now_or_never().unwrap().unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{error:?}");
        if is_idempotent {
            assert_says(&error);
        }
    }
    let runtime = single_threaded();
    let file = clients[1].operation(&EXPORT, &[]).call::<Download>();
    let file = file.timeout(Duration::from_secs(60)).into_future();
    let mut file = runtime.block_on(file).unwrap();
    assert_says(&file.next_chunk().now_or_never().unwrap().unwrap_err());
}
