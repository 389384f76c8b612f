//! The bounds of an attempt: on the answer's head, and on progress of the bodies.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{READ, builder, over, read, seconds};
use futures_util::{StreamExt, stream};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use security_api_transport::{
    Body, BoxError, Call, Client, ErrorKind, FakeAnswer, FakeTransport, HttpRequest, HttpResponse,
    Outcome, ResponseBody,
};
use serde_json::Value;
use tokio::time::Instant;

/// How a transport takes the request's body: so many bytes, with a pause before each piece.
#[derive(Clone, Copy)]
struct Taking {
    pause: f64,
    most: u64,
    /// How long the service thinks once it has all it takes.
    answer_after: f64,
}

fn client(taking: Taking, attempt: f64, idle: f64) -> Client {
    let transport = tower::service_fn(move |request: HttpRequest| async move {
        let mut body = request.into_body();
        let length = body.length().unwrap();
        let mut taken = 0;
        // As a connection that was told the length: it asks for no more than that.
        while taken < length.min(taking.most) {
            tokio::time::sleep(seconds(taking.pause)).await;
            taken += body.frame().await.unwrap()?.data_ref().unwrap().len() as u64;
        }
        if taken < length {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(seconds(taking.answer_after)).await;
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

/// The same bytes in memory and as a stream that does not know where it ends.
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

#[tokio::test(start_paused = true)]
async fn an_upload_may_take_any_time_while_it_makes_progress() {
    for body in bodies() {
        let taking = Taking {
            pause: 9.0,
            most: u64::MAX,
            answer_after: 0.9,
        };
        let start = Instant::now();
        upload(&client(taking, 1.0, 10.0), body).await.unwrap();
        assert_eq!(start.elapsed(), seconds(90.9));
    }
}

#[tokio::test(start_paused = true)]
async fn once_it_is_sent_the_answer_to_an_upload_is_due_within_the_attempts_time() {
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
                answer_after: attempt - 0.01,
            };
            upload(&client(taking, attempt, idle), body.clone())
                .await
                .unwrap();

            let taking = Taking {
                answer_after: attempt + 0.01,
                ..taking
            };
            let start = Instant::now();
            let error = upload(&client(taking, attempt, idle), body)
                .await
                .unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome()),
                (ErrorKind::Timeout, Outcome::Unknown)
            );
            assert!(error.to_string().contains("attempt timeout"), "{error}");
            let took = start.elapsed().as_secs_f64() - 2.5;
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
                answer_after: 0.0,
            };
            let start = Instant::now();
            let error = upload(&client(taking, attempt, idle), body)
                .await
                .unwrap_err();
            assert_eq!(
                (error.kind(), error.outcome()),
                (ErrorKind::Timeout, Outcome::Unknown)
            );
            assert!(error.to_string().contains("no progress"), "{error}");
            let took = start.elapsed().as_secs_f64() - 1.25;
            assert!(
                (idle - 0.002..=idle + 0.002).contains(&took),
                "{attempt}, {idle}: {took}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn times_without_end_are_no_bound() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeAnswer::json("good").delay(seconds(1e6)));
    let endless = |client: Client| {
        read(&client)
            .timeout(Duration::MAX)
            .attempt_timeout(Duration::MAX)
    };
    endless(over(&fake)).await.unwrap();
    let taking = Taking {
        pause: 1e5,
        most: u64::MAX,
        answer_after: 1e5,
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

/// A transport whose answer arrives in five pieces, with these pauses before each and before the end.
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
async fn an_answer_may_take_any_time_while_it_makes_progress() {
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
async fn an_answer_that_stalls_ends_after_the_idle_time() {
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
    // It is sent again as the table says.
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
async fn the_deadline_bounds_the_arriving_of_an_answer() {
    let client = builder().transport(arriving(1.0, 1.0)).build().unwrap();
    let start = Instant::now();
    let error = read(&client).timeout(seconds(2.5)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), start.elapsed()),
        (ErrorKind::Timeout, Outcome::Unknown, seconds(2.5))
    );
    assert!(error.to_string().contains("deadline"), "{error}");
}
