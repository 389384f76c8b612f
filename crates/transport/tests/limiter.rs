//! The limiter: order, rate and burst, cancelled callers, and bounds that fail at once.

mod common;

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::permits::{Log, limiter, over_quota, runtime};
use common::{EXPORT, READ, seconds};
use security_api_transport::middleware::Limiter;
use security_api_transport::{Error, ErrorKind, Outcome, Rate, RateLimiter};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn permits_are_given_in_the_order_of_asking_at_exactly_the_rate() {
    for (rate, burst) in [
        (10.0, 10),
        (10.0, 1),
        (1.0, 5),
        (0.5, 2),
        (3.0, 4),
        (250.0, 20),
    ] {
        let limiter = limiter(rate, burst).max_wait(Duration::MAX);
        let log = Log::default();
        let start = Instant::now();
        let callers: Vec<_> = (0..700).map(|caller| log.ask(&limiter, caller)).collect();
        for caller in callers {
            caller.await.unwrap().unwrap();
        }
        assert_eq!(log.callers(), (0..700).collect::<Vec<_>>());
        assert_eq!(over_quota(&log.times(), rate, burst as usize), None);
        let needed = f64::from(700 - burst) / rate;
        let took = start.elapsed().as_secs_f64();
        // Timers have a resolution of 1 ms.
        assert!(
            (needed - 1e-6..needed + 0.002).contains(&took),
            "{rate}, {burst}: {took} instead of {needed}"
        );
    }
}

/// Polls the future only at this interval, like an overloaded runtime.
async fn sluggish<T>(future: impl Future<Output = T>, every: Duration) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        let polled = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(value) = polled {
            return value;
        }
        tokio::time::sleep(every).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_reached_at_any_burst_however_late_timers_are_and_exceeded_in_no_window() {
    let late = |millis| Some(Duration::from_millis(millis));
    for (rate, burst, permits) in [
        (2000.0, 1, 3000),
        (2000.0, 2, 3000),
        (2000.0, 40, 3000),
        (700.0, 1, 1000),
        (100.0, 1, 100),
        (100.0, 3, 100),
        (9.0, 1, 50),
    ] {
        // All at once, in sequence, and in sequence with a late timer.
        for (callers, every) in [
            (permits, None),
            (1, None),
            (1, late(3)),
            (1, late(9)),
            (permits, late(7)),
        ] {
            let limiter = limiter(rate, burst).max_wait(Duration::MAX);
            let log = Log::default();
            let start = Instant::now();
            let mut tasks = Vec::new();
            for caller in 0..callers {
                let (limiter, log) = (limiter.clone(), log.clone());
                tasks.push(tokio::spawn(async move {
                    let share = permits / callers + usize::from(caller < permits % callers);
                    for _ in 0..share {
                        let permit = limiter.acquire(&READ, None);
                        match every {
                            Some(every) => sluggish(permit, every).await.unwrap(),
                            None => permit.await.unwrap(),
                        }
                        log.0.lock().unwrap().push((caller, Instant::now()));
                    }
                }));
            }
            for task in tasks {
                task.await.unwrap();
            }
            let case = format!("{rate} a second, {burst} at once, {callers} callers, {every:?}");
            assert_eq!(
                over_quota(&log.times(), rate, burst as usize),
                None,
                "{case}"
            );
            let needed = (permits as f64 - f64::from(burst)) / rate;
            let took = start.elapsed().as_secs_f64();
            assert!(
                took < needed * 1.02 + 0.01,
                "{case}: {took} instead of {needed}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_polled_far_too_late_loses_only_permits_that_are_not_made_up() {
    let limiter = limiter(100.0, 1);
    let start = Instant::now();
    let every = Duration::from_millis(25);
    for _ in 0..101 {
        sluggish(limiter.acquire(&READ, None), every).await.unwrap();
    }
    // Two permits in each 25 ms, since the second is due 10 ms before the first one comes.
    assert_eq!(start.elapsed(), every * 50);
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_not_made_good_beyond_the_burst() {
    let limiter = limiter(2000.0, 1);
    for pause in [0.0, 0.011, 0.5, 60.0] {
        tokio::time::sleep(seconds(pause)).await;
        let start = Instant::now();
        for _ in 0..101 {
            limiter.acquire(&READ, None).await.unwrap();
        }
        assert!(start.elapsed() >= seconds(0.05), "{pause}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_second_holds_more_than_rate_and_burst_together() {
    let limiter = limiter(10.0, 10).max_wait(Duration::MAX);
    let log = Log::default();
    let mut callers = Vec::new();
    for round in 0..20 {
        for caller in 0..15 {
            callers.push(log.ask(&limiter, round * 15 + caller));
        }
        tokio::time::sleep(seconds(0.3 * f64::from(u32::try_from(round % 7).unwrap()))).await;
    }
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    let times = log.times();
    for start in &times {
        let within = times
            .iter()
            .filter(|time| **time >= *start && **time <= *start + seconds(1.0));
        assert!(within.count() <= 20);
    }
}

#[tokio::test(start_paused = true)]
async fn the_burst_comes_back_in_a_pause_and_grows_no_further() {
    let limiter = limiter(10.0, 5);
    for pause in [0.0, 0.25, 100.0] {
        tokio::time::sleep(seconds(pause)).await;
        let start = Instant::now();
        let mut at_once = 0;
        while start.elapsed() == Duration::ZERO {
            limiter.acquire(&READ, None).await.unwrap();
            at_once += usize::from(start.elapsed() == Duration::ZERO);
        }
        // The permit that ended the previous loop was taken 100 ms late.
        assert_eq!(at_once, if pause == 0.25 { 2 } else { 5 }, "{pause}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_place_of_a_caller_who_goes_away_is_the_next_ones() {
    for gone in [0, 1, 2] {
        let limiter = limiter(1.0, 1);
        limiter.acquire(&READ, None).await.unwrap();
        let start = Instant::now();
        let log = Log::default();
        let callers: Vec<_> = (0..4).map(|caller| log.ask(&limiter, caller)).collect();
        tokio::time::sleep(seconds(0.5)).await;
        callers[gone].abort();
        tokio::time::sleep(seconds(9.0)).await;
        let expected: Vec<_> = (0..4).filter(|caller| *caller != gone).collect();
        assert_eq!(log.callers(), expected);
        let at: Vec<_> = log
            .times()
            .iter()
            .map(|time| (*time - start).as_millis())
            .collect();
        assert_eq!(at, [1000, 2000, 3000], "{gone}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_is_not_polled_when_its_turn_comes_does_not_hold_up_the_others() {
    let limiter = limiter(10.0, 1);
    limiter.acquire(&READ, None).await.unwrap();
    let mut parked: Vec<_> = (0..3).map(|_| limiter.acquire(&READ, None)).collect();
    for parked in &mut parked {
        assert!(
            parked
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
    }
    let log = Log::default();
    let start = Instant::now();
    let callers: Vec<_> = (0..20).map(|caller| log.ask(&limiter, caller)).collect();
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    assert!(start.elapsed() < seconds(5.0), "{:?}", start.elapsed());
    assert_eq!(log.callers(), (0..20).collect::<Vec<_>>());
    // Late, but not lost.
    for parked in parked {
        parked.await.unwrap();
        log.0.lock().unwrap().push((99, Instant::now()));
    }
    assert_eq!(over_quota(&log.times(), 10.0, 1), None);
}

#[tokio::test(start_paused = true)]
async fn no_permit_is_given_after_the_deadline_when_the_turn_comes_later_than_foreseen() {
    let limiter = limiter(10.0, 1);
    limiter.acquire(&READ, None).await.unwrap();
    let mut parked = limiter.acquire(&READ, None);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(parked.as_mut().poll(&mut cx).is_pending());
    let start = Instant::now();
    let deadline = Some((start + seconds(0.25)).into_std());
    let error = limiter.acquire(&READ, deadline).await.unwrap_err();
    assert!(start.elapsed() < seconds(0.26), "{:?}", start.elapsed());
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::RateLimit, Outcome::NotSent)
    );
    assert!(error.to_string().contains("deadline"), "{error}");
    // The place of the one who went away is the next one's.
    parked.await.unwrap();
    limiter.acquire(&READ, None).await.unwrap();
    assert!(start.elapsed() < seconds(0.4), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_deadline_has_passed_takes_no_permit_from_another() {
    let limiter = limiter(1.0, 1);
    let passed = Some(Instant::now().into_std());
    tokio::time::advance(seconds(2.0)).await;
    let error = limiter.acquire(&READ, passed).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::RateLimit, Outcome::NotSent)
    );
    assert!(limiter.try_acquire(&READ));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_late_by_up_to_10_ms_delays_no_other_and_nothing_is_made_up_after_a_pause()
 {
    for (late, next) in [(0.1, 0.2), (0.11, 0.2), (0.111, 0.211), (1.0, 1.1)] {
        let limiter = limiter(10.0, 1);
        let start = Instant::now();
        assert!(limiter.try_acquire(&READ));
        tokio::time::sleep(seconds(late)).await;
        assert!(limiter.try_acquire(&READ));
        limiter.acquire(&READ, None).await.unwrap();
        assert_eq!(start.elapsed(), seconds(next), "{late}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_may_be_optional_and_is_shown() {
    let rate = Rate::per_second(2.0, 1).unwrap();
    let limiter = RateLimiter::new(Some(rate)).max_wait(seconds(7.0));
    let shown = format!("{limiter:?}");
    let parts = [format!("{rate:?}"), "max_wait: 7s".to_owned()];
    assert!(parts.iter().all(|part| shown.contains(part)), "{shown}");
    let start = Instant::now();
    for _ in 0..2 {
        limiter.acquire(&READ, None).await.unwrap();
    }
    assert_eq!(start.elapsed(), seconds(0.5));
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_as_long_as_the_longest_wait_and_until_its_deadline() {
    for (longest, has_deadline) in [(5.0, false), (9.0, true)] {
        let limiter = limiter(0.2, 1).max_wait(seconds(longest));
        limiter.acquire(&READ, None).await.unwrap();
        let start = Instant::now();
        let deadline = has_deadline.then(|| (start + seconds(5.0)).into_std());
        limiter.acquire(&READ, deadline).await.unwrap();
        assert_eq!(start.elapsed(), seconds(5.0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_would_wait_past_its_deadline_or_the_longest_wait_fails_at_once_and_says_how_long_it_would_have_been()
 {
    let limiter = limiter(1.0, 1).max_wait(seconds(5.0));
    let log = Log::default();
    let waiting: Vec<_> = (0..4).map(|caller| log.ask(&limiter, caller)).collect();
    tokio::time::sleep(seconds(0.5)).await;
    let start = Instant::now();
    let deadline = |after| Some((start + seconds(after)).into_std());
    let check = |error: Error, says: &str| {
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::RateLimit, Outcome::NotSent)
        );
        assert_eq!(error.retry_after(), Some(seconds(3.5)));
        assert!(error.is_rate_limited() && error.is_retryable());
        assert!(
            error.to_string().contains("3.5 s") && error.to_string().contains(says),
            "{error}"
        );
    };
    check(
        limiter.acquire(&READ, deadline(3.4)).await.unwrap_err(),
        "deadline",
    );
    // No caller lost its place.
    assert_eq!(waiting.len(), 4);
    limiter.acquire(&READ, deadline(3.6)).await.unwrap();
    assert_eq!(start.elapsed(), seconds(3.5));
    let callers: Vec<_> = (9..15).map(|caller| log.ask(&limiter, caller)).collect();
    tokio::time::sleep(Duration::from_millis(1)).await;
    let mut refused = Vec::new();
    for caller in callers {
        if caller.is_finished() {
            refused.push(caller.await.unwrap().unwrap_err());
        }
    }
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].retry_after(), Some(seconds(6.0)));
    assert!(
        refused[0].to_string().contains("`max_wait` is 5.0 s"),
        "{}",
        refused[0]
    );
}

#[tokio::test(start_paused = true)]
async fn clones_share_a_limit_and_named_limits_are_their_own() {
    let once = |name| limiter(1.0, 1).named(name, Some(Rate::per_second(1.0, 2).unwrap()));
    let limiter = once("exports");
    limiter.acquire(&READ, None).await.unwrap();
    let start = Instant::now();
    // The export's limit is unchanged, and has a separate burst.
    limiter.acquire(&EXPORT, None).await.unwrap();
    limiter.clone().acquire(&EXPORT, None).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    limiter.close(&EXPORT, seconds(5.0));
    limiter.clone().acquire(&READ, None).await.unwrap();
    assert_eq!(start.elapsed(), seconds(1.0));
    limiter.acquire(&EXPORT, None).await.unwrap();
    assert_eq!(start.elapsed(), seconds(5.0));

    // An unknown name uses the general limit.
    let limiter = once("other");
    limiter.acquire(&READ, None).await.unwrap();
    let start = Instant::now();
    limiter.acquire(&EXPORT, None).await.unwrap();
    assert_eq!(start.elapsed(), seconds(1.0));
}

#[tokio::test(start_paused = true)]
async fn rates_and_waits_out_of_all_proportion_are_errors_not_panics() {
    for (rate, burst) in [
        (0.0, 1),
        (-1.0, 1),
        (f64::NAN, 1),
        (f64::INFINITY, 1),
        (1e300, 1),
        (1e-300, 1),
        (1.0, 0),
    ] {
        let error = Rate::per_second(rate, burst).unwrap_err();
        let says = match (rate, burst) {
            (_, 0) => "burst must be at least 1",
            (1e-300, _) => "is too small",
            _ => "must be above 0 and at most 1,000,000",
        };
        assert!(
            error.is_invalid() && error.to_string().contains(says),
            "{rate}, {burst}: {error}"
        );
    }
    assert!(Rate::per_second(1e6, 1).is_ok());
    for (rate, burst) in [(1e-10, u32::MAX), (1e-18, 3), (1e6, u32::MAX), (5e-324, 1)] {
        let Ok(rate) = Rate::per_second(rate, burst) else {
            continue;
        };
        let limiter = RateLimiter::new(rate).max_wait(Duration::MAX);
        for _ in 0..3 {
            let _ = tokio::time::timeout(seconds(1.0), limiter.acquire(&READ, None)).await;
        }
        limiter.close(&READ, Duration::MAX);
        limiter.close(&READ, Duration::MAX);
        let _ = tokio::time::timeout(seconds(1.0), limiter.acquire(&READ, None)).await;
    }
    let limiter = limiter(1.0, 1);
    limiter.close(&READ, Duration::MAX);
    let error = limiter.acquire(&READ, None).await.unwrap_err();
    assert!(
        error.is_rate_limited() && error.retry_after() == Some(seconds(3600.0)),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn several_rates_apply_together_and_a_limit_closes_for_all() {
    let limiter = RateLimiter::new([
        Rate::quota(4, seconds(1.0), 2).unwrap(),
        Rate::quota(6, seconds(40.0), 4).unwrap(),
    ]);
    let start = Instant::now();
    let log = Log::default();
    let callers: Vec<_> = (0..6).map(|number| log.ask(&limiter, number)).collect();
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    let at: Vec<f64> = log
        .times()
        .iter()
        .map(|time| (*time - start).as_secs_f64())
        .collect();
    // Two at once, two at the first rate, the rest at the second rate.
    for (at, expected) in at.iter().zip([0.0, 0.0, 0.5, 1.0, 20.0, 40.0]) {
        assert!((at - expected).abs() < 0.01, "{at} {expected}");
    }
    limiter.close(&READ, seconds(100.0));
    let error = limiter.acquire(&READ, None).await.unwrap_err();
    let wait = error.retry_after().unwrap().as_secs_f64();
    assert!((wait - 100.0).abs() < 0.01, "{wait}");
}

#[tokio::test(start_paused = true)]
async fn queued_callers_know_their_wait_in_advance_under_several_rates() {
    let limiter = RateLimiter::new([
        Rate::quota(3, seconds(1.0), 1).unwrap(),
        Rate::quota(6, seconds(60.0), 4).unwrap(),
    ])
    .max_wait(Duration::MAX);
    let log = Log::default();
    let callers: Vec<_> = (0..5).map(|number| log.ask(&limiter, number)).collect();
    tokio::task::yield_now().await;
    let deadline = Instant::now() + seconds(59.0);
    let error = limiter
        .acquire(&READ, Some(deadline.into_std()))
        .await
        .unwrap_err();
    let said = error.retry_after().unwrap().as_secs_f64();
    let start = Instant::now();
    limiter.acquire(&READ, None).await.unwrap();
    let waited = start.elapsed().as_secs_f64();
    assert!((said - waited).abs() < 0.01, "{said} {waited}");
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
}

#[test]
fn a_quota_that_cannot_be_kept_evenly_is_refused() {
    for (count, period, burst) in [(5, 1.0, 0), (5, 1.0, 5), (0, 1.0, 1), (5, 0.0, 1)] {
        let error = Rate::quota(count, seconds(period), burst).unwrap_err();
        assert!(error.is_invalid(), "{error}");
    }
}

#[test]
fn no_caller_jumps_the_queue_while_the_first_one_is_due() {
    runtime().block_on(async {
        let limiter = RateLimiter::new(vec![Rate::per_second(1.0, 1).unwrap()]);
        assert!(limiter.try_acquire(&READ));
        let mut first = Box::pin(limiter.acquire(&READ, None));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut cx).is_pending());
        tokio::time::advance(seconds(1.0)).await;
        assert!(
            !limiter.try_acquire(&READ),
            "somebody waits for this permit"
        );
        first.await.unwrap();
    });
}
