//! What many callers do whose limit is used up: in all, and at once.

mod common;

use std::sync::Mutex;

use common::crowd::{client, crowd};
use common::{EXPORT, READ, read, seconds};
use security_api_transport::{Error, FakeResponse, FakeTransport, Outcome, Rate, RateLimiter};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Sends this many calls at once; the requests that it took, and the results.
async fn steadily_refused(
    response: FakeResponse,
    callers: usize,
    limiter: &RateLimiter,
) -> (FakeTransport, Vec<Result<Value, Error>>) {
    let fake = FakeTransport::new();
    fake.always(&READ, response);
    let client = client(&fake, limiter);
    let mut calls = JoinSet::new();
    for _ in 0..callers {
        calls.spawn(read(&client).send());
    }
    let results = calls.join_all().await;
    (fake, results)
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_send_no_flood_to_a_service_that_refuses_all_of_them() {
    for delay in [0.0, 0.02, 0.3, 1.0, 3.0] {
        for wait in [None, Some("0"), Some("1")] {
            let mut response = FakeResponse::status(429).delay(seconds(delay));
            if let Some(wait) = wait {
                response = response.header("retry-after", wait);
            }
            let limiter = RateLimiter::unlimited();
            let (fake, results) = steadily_refused(response, 1000, &limiter).await;
            // The deadline may end a call while it is being refused.
            let told = |error: &Error| error.is_rate_limited() || error.is_timeout();
            assert!(
                results
                    .iter()
                    .all(|result| result.as_ref().is_err_and(told))
            );
            let sent = fake.requests().len();
            assert!(sent <= 1500, "{sent} with {wait:?} after {delay} s");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_does_not_let_a_thousand_callers_flood_a_service_that_refuses_all_of_them() {
    for (per_second, burst) in [(50.0, 1000), (50.0, 50), (1000.0, 10)] {
        for wait in [None, Some("0"), Some("1")] {
            let mut response = FakeResponse::status(429).delay(seconds(0.05));
            if let Some(wait) = wait {
                response = response.header("retry-after", wait);
            }
            let limiter = RateLimiter::new(Rate::per_second(per_second, burst).unwrap());
            let (fake, _) = steadily_refused(response, 1000, &limiter).await;
            let sent = fake.requests().len();
            assert!(sent <= 1500, "{sent} with {wait:?} at {per_second}/s");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_refuses_only_what_is_too_much_serves_all_a_crowd_wants() {
    for delay in [0.0, 0.05, 0.3] {
        let fake = FakeTransport::new();
        let served = Mutex::new((Instant::now(), 0));
        fake.with(&READ, move |_| {
            // Fifty in each second of its own clock.
            let (second, count) = &mut *served.lock().unwrap();
            while second.elapsed() >= seconds(1.0) {
                (*second, *count) = (*second + seconds(1.0), 0);
            }
            *count += 1;
            match *count {
                ..=50 => FakeResponse::json("good").delay(seconds(delay)),
                _ => FakeResponse::status(429).delay(seconds(delay)),
            }
        });
        let client = client(&fake, &RateLimiter::unlimited());
        let start = Instant::now();
        crowd(&client, 500).await;
        let (sent, took) = (fake.requests().len(), start.elapsed().as_secs_f64());
        assert!(sent < 1250 && took < 30.0, "{sent} in {took} s");
    }
}

#[tokio::test(start_paused = true)]
async fn callers_that_are_all_refused_try_again_half_as_often_as_they_are_many_or_as_one_may() {
    for limiter in [RateLimiter::unlimited, fifty_a_second] {
        for callers in [1, 2, 5, 6, 10, 30, 60] {
            for delay in [0.0, 0.02, 1.0, 3.0] {
                for wait in [None, Some("0"), Some("3")] {
                    let mut response = FakeResponse::status(429).delay(seconds(delay));
                    if let Some(wait) = wait {
                        response = response.header("retry-after", wait);
                    }
                    let (fake, _) = steadily_refused(response, callers, &limiter()).await;
                    let sent = fake.requests().len();
                    // Of a service that is slow to refuse, a few are under way when the last is refused that may be.
                    let under_way = if delay > 2.0 && callers > 1 { 3 } else { 0 };
                    let most = callers + 3.max(callers / 2) + under_way;
                    let what = format!("{callers} sent {sent} with {wait:?} after {delay} s");
                    assert!(sent <= most, "{what}");
                    if callers == 1 {
                        assert_eq!(sent, 4, "{what}");
                    }
                }
            }
        }
    }
}

fn fifty_a_second() -> RateLimiter {
    RateLimiter::new(Rate::per_second(50.0, 50).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_lone_caller_has_all_its_retries_each_time() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::status(429));
    let client = client(&fake, &RateLimiter::unlimited());
    for _ in 0..3 {
        assert_eq!(read(&client).await.unwrap_err().attempts(), 4);
    }
    let patient = read(&client).retries(6).await.unwrap_err();
    assert_eq!(
        (patient.attempts(), patient.outcome()),
        (7, Outcome::Refused)
    );
}

#[tokio::test(start_paused = true)]
async fn a_crowd_is_told_that_it_was_refused_as_soon_as_that_is_known() {
    let response = FakeResponse::status(429).delay(seconds(0.02));
    let start = Instant::now();
    let (_, results) = steadily_refused(response, 10, &RateLimiter::unlimited()).await;
    // Nobody waits for a turn of its own.
    assert!(start.elapsed() < seconds(5.0), "{:?}", start.elapsed());
    for result in results {
        let error = result.unwrap_err();
        assert_eq!(error.status().unwrap(), 429);
        assert_eq!(error.outcome(), Outcome::Refused, "{error:?}");
        assert!((1..=2).contains(&error.attempts()), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_crowd_whose_service_accepts_again_in_time_is_served_whatever_other_limits_do() {
    for callers in [2, 10, 30, 1000] {
        let fake = FakeTransport::new();
        let start = Instant::now();
        fake.with(&READ, move |_| match start.elapsed() < seconds(1.0) {
            true => FakeResponse::status(429).delay(seconds(0.02)),
            false => FakeResponse::json("good").delay(seconds(0.02)),
        });
        fake.always(&EXPORT, FakeResponse::status(429));
        let limiter = RateLimiter::unlimited().named("exports", None);
        let client = client(&fake, &limiter);
        let exports = (0..10).map(|_| client.operation(&EXPORT, &[]).call::<Value>().into_future());
        let exports = tokio::spawn(futures_util::future::join_all(exports));
        crowd(&client, callers).await;
        for result in exports.await.unwrap() {
            assert_eq!(result.unwrap_err().outcome(), Outcome::Refused);
        }
        let sent = fake.requests();
        let exports = sent
            .iter()
            .filter(|request| request.uri.path() == "/export");
        assert!(exports.count() <= 15);
    }
}
