//! The effect of a 429, and of headers for an exhausted limit, on all callers that share the limit.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::crowd::{client, crowd};
use common::{BOOK, CREATE, EXPORT, READ, builder, create, read, seconds};
use security_api_transport::middleware::Limiter;
use security_api_transport::{
    Client, Error, ErrorKind, FakeResponse, FakeTransport, Operation, Rate, RateLimiter,
};
use serde_json::Value;
use tokio::time::Instant;

/// The time of the service's clock.
const NOW: &str = "Wed, 21 Oct 2015 07:28:00 GMT";

fn ten_a_second() -> RateLimiter {
    RateLimiter::new(Rate::per_second(10.0, 10).unwrap())
}

/// Returns a fake whose first request of `operation` gets this response, and the seconds at which requests arrived.
fn first(
    operation: &'static Operation,
    response: FakeResponse,
) -> (FakeTransport, Arc<Mutex<Vec<f64>>>) {
    let (fake, times, start) = (
        FakeTransport::new(),
        Arc::new(Mutex::new(Vec::new())),
        Instant::now(),
    );
    for other in [&READ, &CREATE, &EXPORT] {
        let (times, response) = (Arc::clone(&times), response.clone());
        let asked = Mutex::new(false);
        fake.with(other, move |_| {
            times.lock().unwrap().push(start.elapsed().as_secs_f64());
            let first = !std::mem::replace(&mut *asked.lock().unwrap(), true);
            if first && other.id() == operation.id() {
                response.clone()
            } else {
                FakeResponse::json("good")
            }
        });
    }
    (fake, times)
}

fn assert_steady(times: &[f64], from: f64) {
    assert!(
        times.iter().all(|time| *time >= from),
        "started before {from}: {times:?}"
    );
    for pair in times.windows(2) {
        assert!(pair[1] - pair[0] > 0.0999, "a burst: {times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_429_none_of_a_hundred_callers_starts_before_its_time_and_then_they_start_steadily()
{
    // The response comes at once, or during the burst.
    for delay in [0.0, 2.05] {
        let response = FakeResponse::status(429)
            .header("retry-after", "5")
            .delay(seconds(delay));
        let (fake, times) = first(&READ, response);
        crowd(&client(&fake, &ten_a_second()), 100).await;
        let times = times.lock().unwrap();
        assert_eq!(times.len(), 101);
        let before = times.iter().filter(|time| **time <= delay).count();
        assert_eq!(before, if delay == 0.0 { 1 } else { 30 });
        assert_steady(&times[before..], delay + 5.0);
        assert!(
            times[100] < delay + 5.0 + 10.2,
            "and no slower than they may: {times:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn headers_that_say_the_limit_is_used_up_close_it_before_a_429_does() {
    for (headers, closed) in [
        (
            &[("ratelimit-remaining", "0"), ("ratelimit-reset", "3")][..],
            3.0,
        ),
        (
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "2.5")],
            2.5,
        ),
        (
            &[("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "3")],
            3.0,
        ),
        (&[("ratelimit", "limit=10, remaining=0, reset=3")], 3.0),
        (&[("ratelimit", "\"default\";r=0;t=3")], 3.0),
        (
            &[("ratelimit", "\"day\";r=900;t=40000, \"second\";r=0;t=3")],
            3.0,
        ),
        (
            &[("ratelimit", "\"second\";r=0;t=3, \"day\";r=900;t=40000")],
            3.0,
        ),
        (
            &[
                ("ratelimit", "\"second\";r=0;t=1"),
                ("ratelimit", "\"hour\";r=0;t=3"),
            ],
            3.0,
        ),
        (&[("ratelimit", "\"a;r=0;t=3,\";r=9;t=60")], 0.0),
        // Points in time, by the service's clock.
        (
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1445413480"),
            ],
            1000.0,
        ),
        (
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1445413480000"),
            ],
            1000.0,
        ),
        (
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1445413480000000"),
            ],
            1000.0,
        ),
        // Implausibly long waits close the limit for an hour.
        (
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "18446744073709551615"),
            ],
            3600.0,
        ),
        (
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "90000"),
            ],
            3600.0,
        ),
        (&[("ratelimit", "\"year\";r=0;t=31536000")], 3600.0),
        (
            &[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "3")],
            0.0,
        ),
        (&[("ratelimit-remaining", "0")], 0.0),
    ] {
        for status in [200, 503] {
            let mut response = FakeResponse::status(status).body("1").header("date", NOW);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            let (fake, times) = first(&READ, response);
            let limiter = RateLimiter::unlimited().max_wait(Duration::MAX);
            let builder = builder().transport(fake).limiter(limiter).timeout(None);
            let client = builder.build().unwrap();
            let _ = read(&client).retries(0).await;
            crowd(&client, 3).await;
            assert_eq!(times.lock().unwrap()[1], closed, "{headers:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_any_429_the_limit_reopens_within_the_hour_or_by_hand() {
    for (asked, closed) in [
        ("1445412485", 5.0),
        ("1445412485000", 5.0),
        ("Wed, 21 Oct 2015 07:28:05 GMT", 5.0),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0.0),
        ("5400", 3600.0),
        ("1760000000", 3600.0),
        ("Wed, 21 Oct 2082 07:28:00 GMT", 3600.0),
        ("10000000000000000000", 3600.0),
        ("1000000000000000000000000000000", 3600.0),
    ] {
        let response = FakeResponse::status(429)
            .header("date", NOW)
            .header("retry-after", asked);
        let limiter = RateLimiter::unlimited().max_wait(Duration::MAX);
        let (fake, times) = first(&READ, response);
        let client = client(&fake, &limiter);
        let patient = || read(&client).timeout(seconds(4000.0)).retries(0);
        let error = patient().await.unwrap_err();
        // The error has the wait that the service asked for.
        assert!(error.retry_after() >= Some(seconds(closed)), "{error:?}");
        patient().await.unwrap();
        assert_eq!(*times.lock().unwrap(), [0.0, closed], "{asked}");

        fake.once(
            &READ,
            FakeResponse::status(429).header("retry-after", "5400"),
        );
        patient().await.unwrap_err();
        let start = Instant::now();
        client.reopen_limits();
        patient().await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_stops_all_clients_that_share_the_limiter_and_no_others() {
    let (fake, times) = first(&READ, FakeResponse::status(429).header("retry-after", "5"));
    let limiter = ten_a_second();
    let (one, two, stranger) = (
        client(&fake, &limiter),
        client(&fake, &limiter),
        client(&fake, &ten_a_second()),
    );
    assert_eq!(
        read(&one).retries(0).await.unwrap_err().status().unwrap(),
        429
    );
    create(&stranger).await.unwrap();
    create(&two).await.unwrap();
    assert_eq!(*times.lock().unwrap(), [0.0, 0.0, 5.0]);
}

#[tokio::test(start_paused = true)]
async fn a_429_stops_only_the_limit_that_the_operation_counts_against() {
    let (fake, times) = first(
        &EXPORT,
        FakeResponse::status(429).header("retry-after", "5"),
    );
    let limiter = ten_a_second().named("exports", None);
    let client = client(&fake, &limiter);
    let export = || client.operation(&EXPORT, &[]).call::<Value>();
    export().retries(0).await.unwrap_err();
    read(&client).await.unwrap();
    export().await.unwrap();
    assert_eq!(*times.lock().unwrap(), [0.0, 0.0, 5.0]);
}

#[tokio::test(start_paused = true)]
async fn a_429_for_a_lock_on_one_object_stops_nobody() {
    let locked = FakeResponse::status(429)
        .header("retry-after", "5")
        .body(r#"{"code":"locked"}"#);
    let (fake, times) = first(&READ, locked);
    let client = client(&fake, &ten_a_second());
    let error = read(&client).await.unwrap_err();
    assert_eq!(
        (error.attempts(), error.retry_after()),
        (1, Some(seconds(5.0)))
    );
    read(&client).await.unwrap();
    assert_eq!(*times.lock().unwrap(), [0.0, 0.0]);
}

#[tokio::test(start_paused = true)]
async fn a_lock_closes_no_limit_despite_its_headers_and_a_429_uses_the_longest_of_them() {
    let response = |body: &str| {
        FakeResponse::status(429)
            .header("retry-after", "2")
            .header("ratelimit", "\"pushes\";r=0;t=5")
            .body(body.to_owned())
    };
    for (body, second) in [(r#"{"code":"locked"}"#, 0.0), ("{}", 5.0)] {
        let (fake, times) = first(&READ, response(body));
        let client = client(&fake, &ten_a_second());
        let error = read(&client).retries(0).await.unwrap_err();
        assert_eq!((error.attempts(), error.is_rate_limited()), (1, true));
        read(&client).await.unwrap();
        assert_eq!(*times.lock().unwrap(), [0.0, second]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_503_delays_no_other_call() {
    for operation in [&READ, &BOOK] {
        let fake = FakeTransport::new();
        fake.always(
            operation,
            FakeResponse::status(503).header("retry-after", "5"),
        );
        fake.always(&CREATE, FakeResponse::json("good"));
        let client = client(&fake, &ten_a_second());
        client
            .operation(operation, &["7"])
            .call::<Value>()
            .retries(0)
            .await
            .unwrap_err();
        let start = Instant::now();
        create(&client).await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn while_a_limit_is_closed_for_long_calls_fail_at_once_and_say_for_how_long() {
    let (fake, _) = first(
        &READ,
        FakeResponse::status(429).header("retry-after", "3600"),
    );
    let client = client(&fake, &ten_a_second());
    let start = Instant::now();
    assert_eq!(
        read(&client).await.unwrap_err().retry_after(),
        Some(seconds(3600.0))
    );
    let error = create(&client).await.unwrap_err();
    assert_eq!(
        (error.kind(), start.elapsed()),
        (ErrorKind::RateLimit, Duration::ZERO)
    );
    assert_eq!(
        (error.retry_after(), fake.requests().len()),
        (Some(seconds(3600.0)), 1)
    );
    tokio::time::sleep(seconds(3600.0)).await;
    create(&client).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_429_closes_the_limit_even_if_its_own_call_is_not_sent_again() {
    let response = FakeResponse::status(429).header("retry-after", "5");
    let (fake, times) = first(&READ, response);
    let client = client(&fake, &ten_a_second());
    read(&client).timeout(seconds(1.0)).await.unwrap_err();
    create(&client).await.unwrap();
    assert_eq!(*times.lock().unwrap(), [0.0, 5.0]);
}

/// A user's limiter, which records its calls.
#[derive(Clone, Debug, Default)]
struct Own(Arc<Mutex<Vec<String>>>);

#[async_trait::async_trait]
impl Limiter for Own {
    async fn acquire(
        &self,
        operation: &'static Operation,
        deadline: Option<std::time::Instant>,
    ) -> Result<(), Error> {
        let left = deadline.map(|deadline| Instant::from_std(deadline) - Instant::now());
        let asked = format!("{} within {:?}", operation.limit_name(), left.unwrap());
        self.0.lock().unwrap().push(asked);
        tokio::time::sleep(seconds(1.0)).await;
        Ok(())
    }

    fn close(&self, operation: &'static Operation, wait: Duration) {
        self.0
            .lock()
            .unwrap()
            .push(format!("{} closed for {wait:?}", operation.limit_name()));
    }
}

/// A client with a limiter of its own.
fn limited(fake: FakeTransport) -> (Own, Client) {
    let limiter = Own::default();
    let client = builder().transport(fake).limiter(limiter.clone());
    (limiter, client.build().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_limiter_of_ones_own_is_asked_before_every_attempt_and_told_of_every_429() {
    let (fake, times) = first(
        &EXPORT,
        FakeResponse::status(429).header("retry-after", "0"),
    );
    let (limiter, client) = limited(fake);
    client
        .operation(&EXPORT, &[])
        .call::<Value>()
        .timeout(seconds(9.0))
        .await
        .unwrap();
    let noted = limiter.0.lock().unwrap().clone();
    assert_eq!(
        noted,
        [
            "exports within 9s",
            "exports closed for 0ns",
            "exports within 8s"
        ]
    );
    assert_eq!(*times.lock().unwrap(), [1.0, 2.0]);
}

#[tokio::test(start_paused = true)]
async fn a_limiter_of_ones_own_is_closed_when_its_limit_is_used_up_unless_it_says_otherwise() {
    let announced = FakeResponse::json("good")
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", "5");
    let (fake, _) = first(&EXPORT, announced);
    let (limiter, client) = limited(fake);
    let call = client.operation(&EXPORT, &[]).call::<Value>();
    call.timeout(seconds(9.0)).await.unwrap();
    let noted = limiter.0.lock().unwrap().clone();
    assert_eq!(noted, ["exports within 9s", "exports closed for 5s"]);
}
