//! Polling of long operations.
#![cfg(feature = "incident_response")]

mod common;

use std::future::IntoFuture as _;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::{envelope, over, service};
use keepnet_api::{ErrorKind, Polling, operations};
use security_api_transport::{FakeResponse, FakeTransport};
use serde_json::json;
use tokio::time::Instant;

fn running(scanned: usize) -> FakeResponse {
    envelope(json!({"status": "Running", "scannedUserCount": scanned, "totalUserCount": 3}))
}

fn requests(fake: &FakeTransport) -> usize {
    fake.requests_of(&operations::INVESTIGATION_RESULTS_SUMMARY)
        .len()
}

/// Returns the time until the polling fails at its deadline, and checks the error.
async fn timed_out(fake: &FakeTransport, polling: Polling) -> Duration {
    let before = Instant::now();
    let wait = over(fake).investigations().wait("i1").polling(polling);
    let error = wait.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("the investigation"), "{error}");
    before.elapsed()
}

#[tokio::test(start_paused = true)]
async fn each_state_is_yielded_and_the_end_comes_last() {
    let fake = service();
    let summary = &operations::INVESTIGATION_RESULTS_SUMMARY;
    fake.once(summary, running(1)).once(summary, running(2));
    fake.always(
        summary,
        envelope(json!({"status": "Finished", "scannedUserCount": 3})),
    );
    let client = over(&fake);
    let mut progress = client.investigations().wait("i1");
    assert_eq!(
        requests(&fake),
        0,
        "nothing is requested before it is polled"
    );
    let mut seen = Vec::new();
    while let Some(state) = progress.try_next().await.unwrap() {
        seen.push(state.scanned_user_count.unwrap());
    }
    assert_eq!(seen, [1, 2, 3]);
    assert!(progress.try_next().await.unwrap().is_none());
    assert_eq!(requests(&fake), 3);
    let end = client.investigations().wait("i1").await.unwrap();
    assert!(end.is_finished());
}

#[tokio::test(start_paused = true)]
async fn waits_grow_by_half_up_to_the_longest() {
    let fake = service();
    fake.always(&operations::INVESTIGATION_RESULTS_SUMMARY, running(0));
    let polling = Polling::default()
        .backoff(Duration::from_secs(4), Duration::from_secs(10))
        .deadline(Duration::from_secs(10_000));
    let mut progress = over(&fake).investigations().wait("i1").polling(polling);
    progress.try_next().await.unwrap();
    for expected in [4.0, 6.0, 9.0, 10.0, 10.0_f64] {
        let before = Instant::now();
        progress.try_next().await.unwrap();
        let waited = before.elapsed().as_secs_f64();
        let jitter = 0.9 * expected..=1.1 * expected + 0.01;
        assert!(jitter.contains(&waited), "{waited} for {expected}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_the_error_is_a_timeout_that_names_the_work() {
    let fake = service();
    fake.always(&operations::INVESTIGATION_RESULTS_SUMMARY, running(0));
    let polling = Polling::every(Duration::from_secs(5)).deadline(Duration::from_secs(60));
    let waited = timed_out(&fake, polling).await;
    // Polling stops if the next request would come too late.
    assert!((50..=60).contains(&waited.as_secs()), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_hangs_ends_at_the_deadline() {
    let fake = service();
    fake.always(
        &operations::INVESTIGATION_RESULTS_SUMMARY,
        FakeResponse::never(),
    );
    let polling = Polling::every(Duration::from_secs(1)).deadline(Duration::from_secs(3));
    assert_eq!(timed_out(&fake, polling).await.as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_repeated_after_a_transient_error_but_not_after_a_refusal() {
    let fake = service();
    let summary = &operations::INVESTIGATION_RESULTS_SUMMARY;
    // More failures than the client's attempts.
    for _ in 0..6 {
        fake.once(summary, FakeResponse::status(503));
    }
    fake.once(summary, running(1));
    fake.always(summary, FakeResponse::status(404));
    let mut progress = over(&fake).investigations().wait("i1");
    let state = progress.try_next().await.unwrap().unwrap();
    assert_eq!(state.scanned_user_count, Some(1));
    assert!(progress.try_next().await.unwrap_err().is_not_found());
    assert!(progress.try_next().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn waits_that_no_clock_can_count_are_waits_without_end() {
    let fake = service();
    fake.always(&operations::INVESTIGATION_RESULTS_SUMMARY, running(0));
    let century = Duration::from_secs(3_155_760_000);
    for (first, longest, deadline) in [
        (Duration::MAX, Duration::MAX, Duration::MAX),
        (Duration::from_secs(1), Duration::MAX, Duration::MAX),
        (century, Duration::MAX, Duration::MAX),
        (Duration::MAX, Duration::ZERO, Duration::from_secs(10)),
    ] {
        let polling = Polling::default()
            .backoff(first, longest)
            .deadline(deadline);
        let progress = over(&fake).investigations().wait("i1").polling(polling);
        let mut progress = std::pin::pin!(progress);
        progress.try_next().await.unwrap();
        // Any sequence of states and times ends, and no sum of times overflows.
        for _ in 0..100 {
            let day = Duration::from_secs(86_400);
            let _ = tokio::time::timeout(day, progress.try_next()).await;
        }
    }
}

#[test]
fn waiting_goes_on_in_another_runtime_than_the_one_it_began_in() {
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().start_paused(true).build().unwrap()
    };
    // During the pause, and during a request.
    for (delay, requested) in [(Duration::ZERO, true), (Duration::from_secs(1), false)] {
        for ends in [true, false] {
            let fake = service();
            let summary = &operations::INVESTIGATION_RESULTS_SUMMARY;
            fake.always(summary, running(1).delay(delay));
            let mut progress = over(&fake).investigations().wait("i1");
            let first = runtime();
            first.block_on(async {
                if requested {
                    progress.try_next().await.unwrap().unwrap();
                }
                let begun = tokio::time::timeout(Duration::ZERO, progress.try_next());
                assert!(begun.await.is_err());
            });
            let first = (!ends).then_some(first);
            let state = runtime().block_on(progress.try_next()).unwrap();
            assert_eq!(state.unwrap().scanned_user_count, Some(1));
            drop(first);
        }
    }
}

#[test]
fn a_wait_is_shown_with_what_it_waits_for_and_how_often_it_polls() {
    let polling = Polling::every(Duration::from_secs(7));
    let wait = over(&service()).investigations().wait("i1");
    let shown = format!("{:?}", wait.polling(polling));
    assert!(shown.starts_with("Progress {"), "{shown}");
    for part in ["the investigation", "first: 7s", "longest: 7s"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn a_wait_outside_a_runtime_is_an_error_that_says_what_to_do() {
    let fake = service();
    let mut wait = over(&fake).investigations().wait("i1").into_future();
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Err(error)) = wait.as_mut().poll(&mut cx) else {
        panic!("no error");
    };
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(
        error.to_string().contains("await the call in one"),
        "{error}"
    );
    assert!(fake.requests().is_empty());
}
