//! Waits before retries, and the end of retries.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{CREATE, READ, builder, create, over, read, seconds};
use security_api_transport::{
    Client, FakeResponse, FakeTransport, Operation, RateLimiter, RetryPolicy,
};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// The time of the service's clock.
const NOW: &str = "Wed, 21 Oct 2015 07:28:00 GMT";

/// Returns a fake with this response, and the times of its requests.
fn timed(
    operation: &'static Operation,
    response: impl Fn(usize) -> FakeResponse + Send + Sync + 'static,
) -> (FakeTransport, Arc<Mutex<Vec<Instant>>>) {
    let fake = FakeTransport::new();
    let times = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&times);
    fake.with(operation, move |_| {
        let mut noted = noted.lock().unwrap();
        noted.push(Instant::now());
        response(noted.len())
    });
    (fake, times)
}

fn gaps(times: &Mutex<Vec<Instant>>) -> Vec<Duration> {
    let times = times.lock().unwrap();
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn with_retry(fake: &FakeTransport, policy: RetryPolicy) -> Client {
    builder()
        .transport(fake.clone())
        .timeout(None)
        .retry(policy)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn waits_are_drawn_from_nothing_to_a_bound_that_doubles_up_to_twenty_seconds() {
    let mut drawn = vec![Vec::new(); 12];
    for _ in 0..200 {
        let (fake, times) = timed(&READ, |_| FakeResponse::status(503));
        read(&with_retry(&fake, RetryPolicy::default().retries(12)))
            .await
            .unwrap_err();
        let gaps = gaps(&times);
        assert_eq!(gaps.len(), 12);
        for (resend, gap) in gaps.into_iter().enumerate() {
            drawn[resend].push(gap);
        }
    }
    for (resend, waits) in drawn.iter().enumerate() {
        let bound = seconds((0.2 * f64::from(1 << resend)).min(20.0));
        let least = waits.iter().min().unwrap();
        let most = waits.iter().max().unwrap();
        // Timers have a resolution of 1 ms.
        assert!(
            *most <= bound + Duration::from_millis(1),
            "{resend}: {most:?}"
        );
        assert!(
            *least < bound / 4 && *most > bound * 3 / 4,
            "{resend}: {least:?} to {most:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_service_asks_for_is_kept_and_a_little_more() {
    for (operation, status) in [(&READ, 503), (&READ, 500), (&READ, 429), (&CREATE, 429)] {
        for (text, least, most) in [
            ("5", 5.0, 5.51),
            ("0", 0.0, 0.01),
            ("60", 60.0, 61.01),
            ("2.5", 2.5, 2.76),
            ("1445412530", 50.0, 51.01),
            ("Wed, 21 Oct 2015 07:28:50 GMT", 50.0, 51.01),
            ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0, 0.01),
        ] {
            let (fake, times) = timed(operation, move |count| match count {
                1 => FakeResponse::status(status)
                    .header("date", NOW)
                    .header("retry-after", text),
                _ => FakeResponse::json("good"),
            });
            let client = over(&fake);
            let call = if operation.is_idempotent() {
                read(&client)
            } else {
                create(&client)
            };
            call.await.unwrap();
            let waited = gaps(&times)[0].as_secs_f64();
            assert!(
                (least..=most).contains(&waited),
                "{status}, {text}: {waited}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_longer_than_a_minute_is_returned_at_once() {
    for text in [
        "61",
        "3600",
        "Wed, 21 Oct 2015 07:30:00 GMT",
        "1445412600",
        "1000000000000000000000000000000",
    ] {
        for status in [429, 503] {
            let (fake, times) = timed(&READ, move |_| {
                FakeResponse::status(status)
                    .header("date", NOW)
                    .header("retry-after", text)
            });
            let start = Instant::now();
            let error = read(&over(&fake)).await.unwrap_err();
            assert_eq!(
                (start.elapsed(), times.lock().unwrap().len()),
                (Duration::ZERO, 1)
            );
            assert!(error.retry_after() > Some(seconds(60.0)), "{error:?}");
            assert!(error.is_retryable() && error.status().unwrap() == status);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_longest_server_wait_can_be_changed() {
    let (fake, times) = timed(&READ, |count| match count {
        1 => FakeResponse::status(503).header("retry-after", "90"),
        _ => FakeResponse::json("good"),
    });
    let policy = RetryPolicy::default().longest_server_wait(seconds(100.0));
    read(&with_retry(&fake, policy)).await.unwrap();
    assert!(gaps(&times)[0] >= seconds(90.0));
}

#[tokio::test(start_paused = true)]
async fn waits_without_end_are_responses_not_panics() {
    let forever = RetryPolicy::default()
        .longest_server_wait(Duration::MAX)
        .backoff(Duration::MAX, Duration::MAX);
    for text in [
        "99999999999999999",
        "9223372036854775807",
        "18446744073709549568",
        "1e30",
    ] {
        for status in [429, 503] {
            for client in [
                |fake: &FakeTransport| over(fake),
                |fake: &FakeTransport| {
                    let builder = builder().transport(fake.clone()).timeout(seconds(9.0));
                    builder
                        .retry(RetryPolicy::default().longest_server_wait(Duration::MAX))
                        .build()
                        .unwrap()
                },
            ] {
                let fake = FakeTransport::new();
                fake.always(
                    &READ,
                    FakeResponse::status(status).header("retry-after", text),
                );
                let error = read(&client(&fake)).await.unwrap_err();
                assert!(
                    error.status().is_some() || error.is_rate_limited(),
                    "{text}: {error:?}"
                );
            }
        }
    }
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::status(503));
    let client = builder()
        .transport(fake.clone())
        .retry(forever)
        .build()
        .unwrap();
    assert_eq!(read(&client).await.unwrap_err().status().unwrap(), 503);
    for _ in 0..100 {
        // Without a deadline the call keeps waiting.
        let waiting = read(&with_retry(&fake, forever)).send();
        assert!(tokio::time::timeout(seconds(9.0), waiting).await.is_err());
    }
    for header in ["ratelimit-reset", "x-ratelimit-reset"] {
        let fake = FakeTransport::new();
        let response =
            FakeResponse::json("good").header(&header.replace("reset", "remaining"), "0");
        fake.always(&READ, response.header(header, "18446744073709551615"));
        read(&over(&fake)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_fails_at_once_instead_of_sleeping() {
    for status in [429, 503] {
        let (fake, times) = timed(&READ, move |_| {
            FakeResponse::status(status).header("retry-after", "5")
        });
        let start = Instant::now();
        let error = read(&over(&fake)).timeout(seconds(4.0)).await.unwrap_err();
        assert_eq!(
            (start.elapsed(), times.lock().unwrap().len()),
            (Duration::ZERO, 1)
        );
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(error.retry_after(), Some(seconds(5.0)));
    }
}

#[tokio::test(start_paused = true)]
async fn no_attempt_starts_at_the_deadline() {
    // A timer may be late by 1 ms.
    for (delay, attempts) in [(0.998, 2), (0.999, 1)] {
        let (fake, times) = timed(&READ, move |_| {
            FakeResponse::status(503).delay(seconds(delay))
        });
        let policy = RetryPolicy::default().backoff(Duration::ZERO, Duration::ZERO);
        let client = with_retry(&fake, policy);
        let error = read(&client).timeout(seconds(1.0)).await.unwrap_err();
        assert_eq!(times.lock().unwrap().len(), attempts, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_backoff_outlives_the_deadline() {
    for _ in 0..200 {
        let (fake, _) = timed(&READ, |_| FakeResponse::status(503));
        let policy = RetryPolicy::default()
            .retries(9)
            .backoff(seconds(2.0), seconds(9.0));
        let start = Instant::now();
        let error = read(&with_retry(&fake, policy))
            .timeout(seconds(3.0))
            .await
            .unwrap_err();
        // Timers have a resolution of 1 ms, so the last wait may end at the deadline.
        assert!(start.elapsed() <= seconds(3.0));
        // The error has the reason instead of a plain timeout.
        assert_eq!(error.status().unwrap(), 503);
    }
}

#[tokio::test(start_paused = true)]
async fn once_a_limit_lets_a_call_through_what_it_refused_before_no_longer_counts() {
    // Of three calls that are refused, one tries again in vain and one is let through before the third is refused.
    let (fake, times) = timed(&READ, |number| match number {
        1..=4 | 6 => FakeResponse::status(429).header("retry-after", "1"),
        _ => FakeResponse::json("good"),
    });
    let client = with_retry(&fake, RetryPolicy::default().retries(2));
    let mut calls = JoinSet::new();
    for _ in 0..3 {
        calls.spawn(read(&client).send());
    }
    assert!(calls.join_all().await.iter().all(Result::is_ok));
    assert_eq!(times.lock().unwrap().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_all_refused_try_again_half_as_often_as_they_are_many() {
    let (fake, times) = timed(&READ, |_| {
        FakeResponse::status(429).header("retry-after", "1")
    });
    let client = with_retry(&fake, RetryPolicy::default().retries(1));
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        calls.spawn(read(&client).send());
    }
    assert!(calls.join_all().await.iter().all(Result::is_err));
    assert_eq!(times.lock().unwrap().len(), 10 + 5);
}

#[tokio::test(start_paused = true)]
async fn a_policy_without_retries_sends_once() {
    let (fake, times) = timed(&READ, |_| FakeResponse::status(503));
    let client = with_retry(&fake, RetryPolicy::never());
    read(&client).await.unwrap_err();
    assert_eq!(times.lock().unwrap().len(), 1);
    read(&client).retries(2).await.unwrap_err();
    assert_eq!(times.lock().unwrap().len(), 4);
}

/// Makes concurrent calls, and returns the number of successes.
async fn all(
    client: &Client,
    count: usize,
    make: fn(&Client) -> security_api_transport::Call<serde_json::Value>,
) -> usize {
    let calls: Vec<_> = (0..count)
        .map(|_| make(client))
        .map(|call| tokio::spawn(call.send()))
        .collect();
    let mut good = 0;
    for call in calls {
        good += usize::from(call.await.unwrap().is_ok());
    }
    good
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_down_is_not_buried_under_re_sends() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::status(503));
    let client = over(&fake);
    all(&client, 500, read).await;
    let resends = fake.requests().len() - 500;
    // 30 in reserve and a fifth of the calls. The count alone would have allowed 1,500.
    assert!((100..=140).contains(&resends), "{resends}");

    // The budget refills over time, too.
    tokio::time::sleep(seconds(30.0)).await;
    let before = fake.requests().len();
    assert_eq!(read(&client).await.unwrap_err().attempts(), 4);
    assert_eq!(fake.requests().len(), before + 4);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_429_spends_no_budget() {
    let fake = FakeTransport::new();
    fake.with(&CREATE, |request| match request.attempt {
        1 => FakeResponse::status(429),
        _ => FakeResponse::json("good"),
    });
    fake.with(&READ, |request| match request.attempt {
        1 => FakeResponse::status(503),
        _ => FakeResponse::json("good"),
    });
    // Each 429 pauses all callers for a moment, so this takes long.
    let patient = RateLimiter::unlimited().max_wait(Duration::MAX);
    let client = builder()
        .transport(fake)
        .timeout(None)
        .limiter(patient)
        .build()
        .unwrap();
    // Far more than the budget holds.
    assert_eq!(all(&client, 300, create).await, 300);
    // The budget is still full.
    assert_eq!(all(&client, 30, read).await, 30);
    // Even with an empty budget, a call waits out a 429.
    let down = all(&client, 500, read).await;
    assert!(down < 300, "{down}");
    assert_eq!(all(&client, 300, create).await, 300);
}

#[tokio::test(start_paused = true)]
async fn each_client_has_a_separate_budget_and_clones_share_it() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::status(503));
    let (one, other) = (over(&fake), over(&fake));
    all(&one, 500, read).await;
    assert_eq!(read(&one.clone()).await.unwrap_err().attempts(), 1);
    assert_eq!(read(&other).await.unwrap_err().attempts(), 4);
}
