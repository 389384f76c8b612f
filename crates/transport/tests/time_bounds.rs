//! The timeouts of an attempt: for the response's head, and for progress of the bodies.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::wire::{Act, Server, response};
use common::{EXPORT, READ, builder, create, over, read, seconds};
use futures_util::{StreamExt, stream};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use security_api_transport::middleware::{
    BoxError, Credential, Generation, HttpRequest, HttpResponse, HttpService, ResponseBody,
};
use security_api_transport::{
    Body, Call, Client, ClientBuilder, Download, Error, ErrorKind, FakeResponse, FakeTransport,
    Outcome, Rate, RateLimiter,
};
use serde_json::Value;
use tokio::time::Instant;
use tower::Layer;
use tower::util::MapResponseLayer;

/// The way in which a transport reads the request's body: this many bytes, with a pause before each piece.
#[derive(Clone, Copy)]
struct Taking {
    pause: f64,
    most: u64,
    /// The time between the end of the body and the response.
    response_after: f64,
}

fn client(taking: Taking, attempt: f64, idle: f64) -> Client {
    let transport = tower::service_fn(move |request: HttpRequest| async move {
        let mut body = request.into_body();
        let length = body.length().unwrap();
        let mut taken = 0;
        // Like a connection with a known length, read no more than that.
        while taken < length.min(taking.most) {
            tokio::time::sleep(seconds(taking.pause)).await;
            taken += body.frame().await.unwrap()?.data_ref().unwrap().len() as u64;
        }
        if taken < length {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(seconds(taking.response_after)).await;
        Ok::<_, BoxError>(HttpResponse::new(ResponseBody::full("\"good\"")))
    });
    builder()
        .transport(transport)
        .attempt_timeout(seconds(attempt))
        .idle_timeout(seconds(idle))
        .timeout(None)
        .build()
        .unwrap()
}

const LARGE: usize = 640 * 1024;

/// Returns the same bytes in memory and as a stream of unknown length.
fn bodies() -> [Body; 2] {
    let pieces = || {
        stream::iter(
            (0..10).map(|_| Ok::<_, BoxError>(Frame::data(Bytes::from(vec![b'x'; LARGE / 10])))),
        )
    };
    let stream = Body::replayable(Some(LARGE as u64), move || StreamBody::new(pieces()));
    [Body::from(vec![b'x'; LARGE]), stream]
}

fn upload(client: &Client, body: Body) -> Call<Value> {
    client
        .operation(&READ, &["7"])
        .body("text/plain", body)
        .call()
        .retries(0)
}

/// Returns the duration of an upload that timed out after it may have been executed.
async fn timed_out(call: Call<Value>, bound: &str) -> f64 {
    let start = Instant::now();
    let error = call.await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Timeout, Outcome::Unknown)
    );
    assert!(error.to_string().contains(bound), "{error}");
    start.elapsed().as_secs_f64()
}

/// Returns the time that a peer with 256 KiB/s needs for this part of the body.
fn slow(bytes: usize) -> f64 {
    bytes as f64 / (256.0 * 1024.0)
}

#[tokio::test(start_paused = true)]
async fn an_upload_may_take_any_time_while_it_makes_progress() {
    for body in bodies() {
        let taking = Taking {
            pause: 9.0,
            most: u64::MAX,
            response_after: 0.9,
        };
        let start = Instant::now();
        upload(&client(taking, 1.0, 10.0), body).await.unwrap();
        assert_eq!(start.elapsed(), seconds(90.9));
    }
}

#[tokio::test(start_paused = true)]
async fn once_it_is_sent_the_response_to_an_upload_is_due_within_the_attempts_time() {
    for (attempt, idle) in [
        (1.0, 10.0),
        (10.0, 1.0),
        (5.0, 5.0),
        (0.5, 60.0),
        (60.0, 0.5),
    ] {
        for body in bodies() {
            let taking = Taking {
                pause: 0.25,
                most: u64::MAX,
                response_after: slow(LARGE) + attempt - 0.01,
            };
            upload(&client(taking, attempt, idle), body.clone())
                .await
                .unwrap();

            let taking = Taking {
                response_after: slow(LARGE) + attempt + 0.01,
                ..taking
            };
            let call = upload(&client(taking, attempt, idle), body);
            let took = timed_out(call, "attempt timeout").await - 2.5 - slow(LARGE);
            assert!(
                (attempt - 0.002..=attempt + 0.002).contains(&took),
                "{attempt}, {idle}: {took}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_stalls_ends_after_the_idle_time() {
    for (attempt, idle) in [(1.0, 10.0), (10.0, 1.0), (0.0, 3.0)] {
        for body in bodies() {
            let taking = Taking {
                pause: 0.25,
                most: LARGE as u64 / 2,
                response_after: 0.0,
            };
            let call = upload(&client(taking, attempt, idle), body);
            let took = timed_out(call, "no progress").await - 1.25 - slow(LARGE / 2);
            assert!(
                (idle - 0.002..=idle + 0.002).contains(&took),
                "{attempt}, {idle}: {took}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn buffered_parts_of_an_upload_get_the_time_of_a_slow_peer_or_of_the_pace_so_far() {
    const MIB: usize = 1024 * 1024;
    // The body is in buffers at once, or sent at a pace. More than 8 MiB do not fit into buffers.
    for (length, pause, allowed) in [
        (2 * MIB, 0.0, 8.0),
        (8 * MIB, 0.0, 32.0),
        (64 * MIB, 0.0, 32.0),
        // 32 pieces, with 31 pauses between them.
        (2 * MIB, 1.0, 31.0),
        // 256 pieces, of which the last 8 MiB are half.
        (16 * MIB, 1.0, 255.0 / 2.0),
    ] {
        let pieces = length as f64 / (64.0 * 1024.0);
        for (late, fine) in [(-0.01, true), (0.01, false)] {
            let taking = Taking {
                pause,
                most: u64::MAX,
                response_after: allowed + 1.0 + late,
            };
            let start = Instant::now();
            let body = Body::from(vec![b'x'; length]);
            let result = upload(&client(taking, 1.0, 10.0), body).await;
            assert_eq!(result.is_ok(), fine, "{length} {pause} {late}");
            let took = start.elapsed().as_secs_f64() - pieces * pause - allowed - 1.0;
            assert!((-0.02..=0.02).contains(&took), "{length} {pause}: {took}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn infinite_timeouts_are_ignored() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good").delay(seconds(1e6)));
    let endless = |client: Client| {
        read(&client)
            .timeout(Duration::MAX)
            .attempt_timeout(Duration::MAX)
    };
    endless(over(&fake)).await.unwrap();
    let taking = Taking {
        pause: 1e5,
        most: u64::MAX,
        response_after: 1e5,
    };
    let client = client(taking, 1e9, 1e9);
    for body in bodies() {
        upload(&client, body)
            .timeout(Duration::MAX)
            .attempt_timeout(Duration::MAX)
            .await
            .unwrap();
    }
    let client = builder()
        .idle_timeout(Duration::MAX)
        .transport(arriving(1e5, 0.0))
        .build()
        .unwrap();
    read(&client).timeout(Duration::MAX).await.unwrap();
}

/// Returns a transport whose response arrives in five pieces, with these pauses before each piece and before the end.
fn arriving(
    pause: f64,
    end: f64,
) -> impl tower_service::Service<
    HttpRequest,
    Response = HttpResponse,
    Error = BoxError,
    Future: Send + 'static,
> + Clone
+ Send
+ Sync
+ 'static {
    let piece = move |(piece, pause): (&'static str, f64)| async move {
        tokio::time::sleep(seconds(pause)).await;
        Ok::<_, BoxError>(Frame::data(Bytes::from_static(piece.as_bytes())))
    };
    tower::service_fn(move |_: HttpRequest| async move {
        let pieces = ["[1", ",2", ",3", ",4", "]"].map(|text| (text, pause));
        let pieces = pieces.into_iter().chain([(" ", end)]);
        let body = StreamBody::new(stream::iter(pieces).then(piece));
        Ok(HttpResponse::new(ResponseBody::stream(body)))
    })
}

#[tokio::test(start_paused = true)]
async fn a_response_may_take_any_time_while_it_makes_progress() {
    let client = builder()
        .transport(arriving(9.0, 9.0))
        .idle_timeout(seconds(10.0))
        .build()
        .unwrap();
    let start = Instant::now();
    let call = read(&client).attempt_timeout(seconds(1.0));
    assert_eq!(call.await.unwrap(), serde_json::json!([1, 2, 3, 4]));
    assert_eq!(start.elapsed(), seconds(54.0));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_stalls_ends_after_the_idle_time() {
    let client = builder()
        .transport(arriving(1.0, 100.0))
        .idle_timeout(seconds(10.0))
        .build()
        .unwrap();
    let start = Instant::now();
    let error = read(&client).retries(0).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), start.elapsed()),
        (ErrorKind::Timeout, Outcome::Unknown, seconds(15.0))
    );
    assert!(error.to_string().contains("stopped arriving"), "{error}");
    // The request is retried as in the table.
    assert_eq!(read(&client).await.unwrap_err().attempts(), 4);
    assert_eq!(
        read(&client)
            .assume_idempotent(false)
            .await
            .unwrap_err()
            .attempts(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn the_deadline_bounds_the_arriving_of_a_response() {
    let client = builder().transport(arriving(1.0, 1.0)).build().unwrap();
    let start = Instant::now();
    let error = read(&client).timeout(seconds(2.5)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), start.elapsed()),
        (ErrorKind::Timeout, Outcome::Unknown, seconds(2.5))
    );
    assert!(error.to_string().contains("deadline"), "{error}");
}

/// Its status says what became of the request.
#[tokio::test(start_paused = true)]
async fn an_error_whose_body_still_arrives_at_the_deadline_is_judged_by_its_status() {
    for (status, outcome) in [
        (404, Outcome::Answered),
        (400, Outcome::Answered),
        (429, Outcome::Refused),
        (401, Outcome::Refused),
        (503, Outcome::Unknown),
    ] {
        let layer = MapResponseLayer::new(move |mut response: HttpResponse| {
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
            response
        });
        let client = builder().transport(layer.layer(arriving(1.0, 1.0)));
        let client = client.build().unwrap();
        let start = Instant::now();
        let call = common::create(&client).timeout(seconds(2.5));
        let error = call.await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Api, outcome, 1),
            "{error:?}"
        );
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(start.elapsed(), seconds(2.5), "{status}");
    }
}

fn download(client: &Client) -> Call<Download> {
    client.operation(&EXPORT, &[]).call()
}

/// Returns a response of this content type in five pieces, with this pause between them.
fn file(kind: &'static str, pause: f64) -> ClientBuilder<Client> {
    let layer = MapResponseLayer::new(move |mut response: HttpResponse| {
        let kind = HeaderValue::from_static(kind);
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    });
    builder().transport(layer.layer(arriving(pause, 0.0)))
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_the_call_covers_the_last_byte_of_a_download() {
    for kind in ["text/csv", "application/json"] {
        let client = file(kind, 1.0).build().unwrap();
        let start = Instant::now();
        let result = match download(&client).timeout(seconds(2.5)).await {
            Ok(file) => file.bytes(99).await,
            Err(error) => Err(error),
        };
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), start.elapsed()),
            (ErrorKind::Timeout, Outcome::Unknown, seconds(2.5)),
            "{kind}"
        );
        assert!(error.to_string().contains("deadline"), "{error}");
        let whole = download(&client).timeout(seconds(5.5)).await.unwrap();
        assert_eq!(whole.bytes(99).await.unwrap(), "[1,2,3,4] ", "{kind}");
    }
    // Also if there is always another piece, or if the caller does not poll.
    let client = file("text/csv", 0.0).build().unwrap();
    let mut download = download(&client).timeout(seconds(2.0)).await.unwrap();
    assert_eq!(download.next_chunk().await.unwrap().unwrap(), "[1");
    tokio::time::sleep(seconds(3.0)).await;
    assert!(download.next_chunk().await.unwrap_err().is_timeout());
    assert!(download.next_chunk().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_clients_timeout_covers_a_download_up_to_its_head_and_the_idle_timeout_the_rest() {
    let client = file("text/csv", 9.0).timeout(seconds(10.0));
    let client = client.idle_timeout(seconds(10.0)).build().unwrap();
    let start = Instant::now();
    let whole = download(&client).await.unwrap();
    assert_eq!(whole.bytes(99).await.unwrap(), "[1,2,3,4] ");
    assert_eq!(start.elapsed(), seconds(45.0));
    // A body that may be an error is read within the call.
    let client = file("application/json", 9.0).timeout(seconds(10.0));
    let client = client.idle_timeout(seconds(10.0)).build().unwrap();
    let start = Instant::now();
    let error = download(&client).await.unwrap_err();
    assert_eq!((error.is_timeout(), start.elapsed()), (true, seconds(10.0)));

    let fake = FakeTransport::new();
    fake.always(&EXPORT, FakeResponse::never());
    let client = builder().transport(fake.clone()).timeout(seconds(10.0));
    let start = Instant::now();
    let error = download(&client.build().unwrap()).await.unwrap_err();
    assert_eq!((error.is_timeout(), start.elapsed()), (true, seconds(10.0)));

    let client = file("text/csv", 9.0).idle_timeout(seconds(8.0));
    let stalled = download(&client.build().unwrap()).await.unwrap();
    let error = stalled.bytes(99).await.unwrap_err();
    assert!(error.to_string().contains("stopped arriving"), "{error}");
}

#[tokio::test]
async fn a_call_without_time_is_not_sent() {
    let server = Server::start(vec![Act::Send(response(200, "", b"\"good\""))]).await;
    let client = builder().base_url(server.url()).build().unwrap();
    // The second time there is an idle connection.
    for sent in [1, 2] {
        for timeout in [Duration::ZERO, Duration::from_nanos(1)] {
            for error in [
                read(&client).timeout(timeout).await.unwrap_err(),
                create(&client).timeout(timeout).await.unwrap_err(),
                download(&client).timeout(timeout).await.unwrap_err(),
            ] {
                assert_eq!(
                    (error.kind(), error.outcome(), error.attempts()),
                    (ErrorKind::Timeout, Outcome::NotSent, 0)
                );
                assert!(error.is_retryable());
            }
        }
        // A pending request would arrive before this one.
        read(&client).await.unwrap();
        assert_eq!(server.requests(), sent);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_without_time_takes_nothing_that_others_could_use() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good"));
    let one = RateLimiter::new(Rate::per_second(0.001, 1).unwrap());
    let client = builder().transport(fake.clone()).limiter(one);
    let client = client.build().unwrap();
    let error = read(&client).timeout(Duration::ZERO).await.unwrap_err();
    assert!(error.is_timeout() && fake.requests().is_empty());
    // The permit is still there.
    read(&client).await.unwrap();
}

/// Waits until the deadline of the call has passed, and then continues.
#[derive(Debug)]
struct Late;

#[async_trait::async_trait]
impl Credential for Late {
    async fn ready(
        &self,
        _: &HttpService,
        deadline: Option<std::time::Instant>,
    ) -> Result<(), Error> {
        // Do not yield, so that the deadline is not noticed.
        while deadline.is_some_and(|deadline| std::time::Instant::now() < deadline) {
            std::hint::spin_loop();
        }
        Ok(())
    }

    fn apply(&self, _: &mut HeaderMap) -> Option<Generation> {
        Some(Generation(0))
    }

    fn rejected(&self, _: Generation) -> bool {
        false
    }
}

#[tokio::test]
async fn a_call_whose_time_is_over_before_its_turn_comes_is_not_sent() {
    let server = Server::start(vec![Act::Send(response(200, "", b"\"good\""))]).await;
    let client = builder().base_url(server.url()).credential(Late);
    let client = client.timeout(None).build().unwrap();
    for call in [read(&client), create(&client)] {
        let error = call.timeout(Duration::from_millis(20)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Timeout, Outcome::NotSent, 0),
            "{error:?}"
        );
    }
    // A pending request would arrive before this one.
    read(&client).await.unwrap();
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_download_that_is_read_on_in_another_runtime_keeps_its_bounds() {
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().start_paused(true).build().unwrap()
    };
    let transport = tower::service_fn(|_: HttpRequest| async {
        let first = stream::iter([Ok::<_, BoxError>(Frame::data(Bytes::from_static(b"a")))]);
        let body = StreamBody::new(first.chain(stream::pending()));
        let mut response = HttpResponse::new(ResponseBody::stream(body));
        let csv = HeaderValue::from_static("text/csv");
        response.headers_mut().insert(CONTENT_TYPE, csv);
        Ok::<_, BoxError>(response)
    });
    let client = builder()
        .transport(transport)
        .idle_timeout(seconds(10.0))
        .build()
        .unwrap();
    for (timeout, ends) in [
        (None, true),
        (None, false),
        (Some(5.0), true),
        (Some(5.0), false),
    ] {
        let call = client.operation(&EXPORT, &[]).call::<Download>();
        let call = match timeout {
            Some(timeout) => call.timeout(seconds(timeout)),
            None => call,
        };
        let first = runtime();
        let mut file = first.block_on(async {
            let mut file = call.await.unwrap();
            assert_eq!(file.next_chunk().await.unwrap().unwrap(), "a");
            let begun = tokio::time::timeout(Duration::ZERO, file.next_chunk());
            assert!(begun.await.is_err());
            file
        });
        let first = (!ends).then_some(first);
        let error = runtime().block_on(file.next_chunk()).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Timeout,
            "{timeout:?} {ends}: {error}"
        );
        drop(first);
    }
}
