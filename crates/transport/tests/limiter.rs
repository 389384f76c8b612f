//! The limiter: order, rate and burst, cancelled callers, bounds that fail at once.

mod common;

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::{EXPORT, READ, seconds};
use proptest::prelude::*;
use security_api_transport::{Error, ErrorKind, Limiter, Outcome, Rate, RateLimiter};
use tokio::task::JoinHandle;
use tokio::time::Instant;

fn limiter(per_second: f64, burst: u32) -> RateLimiter {
    RateLimiter::new(Rate::per_second(per_second, burst).unwrap())
}

/// The order and times in which callers got their permits.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(usize, Instant)>>>);

impl Log {
    fn ask(&self, limiter: &RateLimiter, caller: usize) -> JoinHandle<Result<(), Error>> {
        let (log, limiter) = (self.clone(), limiter.clone());
        tokio::spawn(async move {
            limiter.acquire(&READ, None).await?;
            log.0.lock().unwrap().push((caller, Instant::now()));
            Ok(())
        })
    }

    fn callers(&self) -> Vec<usize> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .map(|(caller, _)| *caller)
            .collect()
    }

    fn times(&self) -> Vec<Instant> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .map(|(_, time)| *time)
            .collect()
    }
}

/// How late a start may be without putting off the next, in seconds.
const TOLERANCE: f64 = 0.01;

/// Whether any window of time holds more starts than the rate and burst allow. Shares nothing with the limiter: for
/// each two starts, what lies between them must fit into the time between them and the tolerance.
fn over_quota(times: &[Instant], per_second: f64, burst: usize) -> Option<String> {
    for (first, start) in times.iter().enumerate() {
        for (last, end) in times.iter().enumerate().skip(first + burst) {
            let starts = last - first + 1;
            let window = (*end - *start).as_secs_f64();
            if (starts - burst) as f64 > (window + TOLERANCE) * per_second + 1e-6 {
                return Some(format!(
                    "{starts} starts within {window} s, from number {first}"
                ));
            }
        }
    }
    None
}

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
        // Timers are good to a millisecond.
        assert!(
            (needed - 1e-6..needed + 0.002).contains(&took),
            "{rate}, {burst}: {took} instead of {needed}"
        );
    }
}

/// Polls the future only every so often, as a runtime does that has too much to do.
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
        // All at once, one after the other, and one after the other with a timer that is late.
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
async fn a_caller_who_waits_and_comes_far_too_late_loses_only_what_is_not_made_good() {
    let limiter = limiter(100.0, 1);
    let start = Instant::now();
    let every = Duration::from_millis(25);
    for _ in 0..101 {
        sluggish(limiter.acquire(&READ, None), every).await.unwrap();
    }
    // Two in each 25 ms, since the second is due 10 ms before the first one comes.
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
        // The permit that ended the loop before has been taken 100 ms late.
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
    // It gave no one's place away.
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
async fn a_gate_that_closes_is_noticed_by_those_who_wait_and_refuses_who_cannot_wait_so_long() {
    let limiter = limiter(1.0, 1);
    limiter.acquire(&READ, None).await.unwrap();
    let start = Instant::now();
    let ask = |deadline: f64| {
        let limiter = limiter.clone();
        let deadline = Some((start + seconds(deadline)).into_std());
        tokio::spawn(async move {
            let result = limiter.acquire(&READ, deadline).await;
            (result, start.elapsed())
        })
    };
    let callers = [ask(30.0), ask(8.0), ask(30.0)];
    tokio::time::sleep(seconds(0.5)).await;
    limiter.close(&READ, seconds(9.5));
    // A shorter wait opens nothing.
    limiter.close(&READ, seconds(1.0));
    let mut results = Vec::new();
    for caller in callers {
        results.push(caller.await.unwrap());
    }
    assert!(results[0].0.is_ok() && results[2].0.is_ok());
    assert_eq!((results[0].1, results[2].1), (seconds(10.0), seconds(11.0)));
    let error = results[1].0.as_ref().unwrap_err();
    assert_eq!(results[1].1, seconds(0.5));
    assert!(error.retry_after() >= Some(seconds(9.5)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn clones_share_a_limit_and_named_limits_are_their_own() {
    let once = |name| limiter(1.0, 1).named(name, Some(Rate::per_second(1.0, 2).unwrap()));
    let limiter = once("exports");
    limiter.acquire(&READ, None).await.unwrap();
    let start = Instant::now();
    // The export's limit is untouched, and its burst is another.
    limiter.acquire(&EXPORT, None).await.unwrap();
    limiter.clone().acquire(&EXPORT, None).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    limiter.close(&EXPORT, seconds(5.0));
    limiter.clone().acquire(&READ, None).await.unwrap();
    assert_eq!(start.elapsed(), seconds(1.0));
    limiter.acquire(&EXPORT, None).await.unwrap();
    assert_eq!(start.elapsed(), seconds(5.0));

    // A name that the limiter does not know falls under the general limit.
    let limiter = once("other");
    limiter.acquire(&READ, None).await.unwrap();
    let start = Instant::now();
    limiter.acquire(&EXPORT, None).await.unwrap();
    assert_eq!(start.elapsed(), seconds(1.0));
}

#[tokio::test(start_paused = true)]
async fn without_a_rate_only_closed_gates_wait() {
    let limiter = RateLimiter::unlimited().named("exports", None);
    let start = Instant::now();
    for _ in 0..1000 {
        limiter.acquire(&READ, None).await.unwrap();
        limiter.acquire(&EXPORT, None).await.unwrap();
    }
    limiter.close(&EXPORT, seconds(2.0));
    limiter.acquire(&READ, None).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    limiter.acquire(&EXPORT, None).await.unwrap();
    assert_eq!(start.elapsed(), seconds(2.0));
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
async fn a_gate_stays_closed_for_an_hour_at_most_and_opens_when_it_is_told_to() {
    let once = || RateLimiter::unlimited().named("exports", Rate::per_second(1.0, 5).unwrap());
    for wait in [seconds(3600.0), seconds(90_000.0), Duration::MAX] {
        for operation in [&READ, &EXPORT] {
            let limiter = once().max_wait(Duration::MAX);
            let start = Instant::now();
            limiter.close(operation, wait);
            limiter.acquire(operation, None).await.unwrap();
            assert_eq!(start.elapsed(), RateLimiter::LONGEST_CLOSED);
        }
    }
    for operation in [&READ, &EXPORT] {
        let limiter = once().max_wait(Duration::MAX);
        limiter.acquire(operation, None).await.unwrap();
        limiter.close(operation, Duration::MAX);
        let log = Log::default();
        let start = Instant::now();
        let callers: Vec<_> = (0..3)
            .map(|caller| {
                let (limiter, log) = (limiter.clone(), log.clone());
                tokio::spawn(async move {
                    limiter.acquire(operation, None).await.unwrap();
                    log.0.lock().unwrap().push((caller, Instant::now()));
                })
            })
            .collect();
        tokio::time::sleep(seconds(5.0)).await;
        assert!(log.callers().is_empty());
        limiter.clone().reopen();
        for caller in callers {
            caller.await.unwrap();
        }
        let at: Vec<_> = log
            .times()
            .iter()
            .map(|time| (*time - start).as_millis())
            .collect();
        // One first, as if the time were over.
        let expected = match operation.limit_name() {
            "exports" => [5000, 6000, 7000],
            _ => [5000, 5100, 5100],
        };
        assert_eq!(at, expected);
        // An open gate stays open.
        limiter.reopen();
        limiter.acquire(operation, None).await.unwrap();
        assert!(start.elapsed() <= seconds(8.0));
    }
}

/// How many callers started within each of these 100 ms.
fn per_step(times: &[Instant], from: Instant, steps: u32) -> Vec<usize> {
    let step = Duration::from_millis(100);
    let within = |begin: Instant| move |time: &&Instant| (begin..begin + step).contains(time);
    (0..steps)
        .map(|number| times.iter().filter(within(from + step * number)).count())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_rate_a_gate_opens_for_one_and_then_for_twice_as_many_every_100_ms() {
    let limiter = RateLimiter::unlimited();
    let log = Log::default();
    limiter.close(&READ, seconds(2.0));
    let start = Instant::now();
    let callers: Vec<_> = (0..3000).map(|caller| log.ask(&limiter, caller)).collect();
    tokio::time::sleep(seconds(2.35)).await;
    // One that comes later waits behind them and knows for how long: until the gate is open.
    let deadline = Some((start + seconds(2.9)).into_std());
    let error = limiter.acquire(&READ, deadline).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(seconds(0.65)), "{error}");
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    assert_eq!(
        per_step(&log.times(), start + seconds(2.0), 11),
        [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1977]
    );
    // From then on the gate is as if it had never been closed.
    let start = Instant::now();
    for _ in 0..5000 {
        limiter.acquire(&READ, None).await.unwrap();
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_closes_while_it_opens_begins_with_one_again() {
    let limiter = RateLimiter::unlimited();
    let log = Log::default();
    limiter.close(&READ, seconds(1.0));
    let start = Instant::now();
    let callers: Vec<_> = (0..30).map(|caller| log.ask(&limiter, caller)).collect();
    tokio::time::sleep(seconds(1.25)).await;
    // Seven have started. That the wait is none makes it no less a refusal.
    limiter.close(&READ, Duration::ZERO);
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    let times = log.times();
    assert_eq!(per_step(&times, start + seconds(1.0), 3), [1, 2, 5]);
    assert_eq!(per_step(&times, start + seconds(1.25), 5), [1, 2, 4, 8, 8]);
}

#[tokio::test(start_paused = true)]
async fn the_gate_opens_the_slower_the_longer_the_service_takes_to_refuse() {
    for (took, step) in [(0.04, 0.1), (0.5, 1.0), (30.0, 2.0)] {
        let limiter = RateLimiter::unlimited();
        limiter.acquire(&READ, None).await.unwrap();
        tokio::time::sleep(seconds(took)).await;
        limiter.close(&READ, Duration::ZERO);
        let start = Instant::now();
        for _ in 0..4 {
            limiter.acquire(&READ, None).await.unwrap();
        }
        assert_eq!(start.elapsed(), seconds(2.0 * step), "{took}");
    }
}

/// A runtime that stands still unless it is driven.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

#[test]
fn callers_in_a_runtime_that_is_dead_or_not_driven_hold_up_none_in_another() {
    for dead in [true, false] {
        for closed in [true, false] {
            let limiter = match closed {
                true => RateLimiter::unlimited(),
                false => limiter(10.0, 1),
            };
            let first = runtime();
            first.block_on(async {
                match closed {
                    true => limiter.close(&READ, seconds(0.5)),
                    false => limiter.acquire(&READ, None).await.unwrap(),
                }
                for _ in 0..3 {
                    let limiter = limiter.clone();
                    tokio::spawn(async move { limiter.acquire(&READ, None).await });
                }
                tokio::task::yield_now().await;
            });
            // Its tasks stand in the line, ahead of all others.
            let first = (!dead).then_some(first);
            let took = runtime().block_on(async {
                let start = Instant::now();
                let log = Log::default();
                let callers: Vec<_> = (0..5).map(|caller| log.ask(&limiter, caller)).collect();
                for caller in callers {
                    caller.await.unwrap().unwrap();
                }
                assert_eq!(log.callers(), [0, 1, 2, 3, 4]);
                start.elapsed()
            });
            assert!(took < seconds(3.0), "{took:?}");
            drop(first);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn several_rates_hold_together_and_a_gate_that_closes_closes_for_all() {
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
    // Two at once, two at the pace of the first rate, the rest at the pace of the second.
    for (at, expected) in at.iter().zip([0.0, 0.0, 0.5, 1.0, 20.0, 40.0]) {
        assert!((at - expected).abs() < 0.01, "{at} {expected}");
    }
    limiter.close(&READ, seconds(100.0));
    let error = limiter.acquire(&READ, None).await.unwrap_err();
    let wait = error.retry_after().unwrap().as_secs_f64();
    assert!((wait - 100.0).abs() < 0.01, "{wait}");
}

#[tokio::test(start_paused = true)]
async fn who_waits_behind_others_is_told_the_wait_under_several_rates_beforehand() {
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

/// What happens in a random run, after a pause in milliseconds.
#[derive(Clone, Debug)]
enum Event {
    Ask,
    AskAndGoAwayAfter(u64),
    AskWithDeadline(u64),
    Close(u64),
    Reopen,
}

fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
    let event = prop_oneof![
        6 => Just(Event::Ask),
        3 => (0..4000_u64).prop_map(Event::AskAndGoAwayAfter),
        2 => (0..4000_u64).prop_map(Event::AskWithDeadline),
        1 => (0..3000_u64).prop_map(Event::Close),
        1 => Just(Event::Reopen),
    ];
    proptest::collection::vec((prop_oneof![3 => Just(0), 2 => 0..400_u64], event), 1..80)
}

#[derive(Clone, Copy, Debug)]
enum Noted {
    Asked(usize),
    Started(usize, Instant),
    Closed(Instant),
    Reopened(Instant),
}

/// Plays the events and gives what happened, in order, once everyone who stayed has started.
async fn play(limiter: RateLimiter, events: Vec<(u64, Event)>) -> Vec<Noted> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let mut callers = Vec::new();
    for (number, (pause, event)) in events.into_iter().enumerate() {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let (limiter, log) = (limiter.clone(), Arc::clone(&log));
        let (deadline, leave) = match event {
            Event::Close(wait) => {
                let wait = Duration::from_millis(wait);
                log.lock()
                    .unwrap()
                    .push(Noted::Closed(Instant::now() + wait));
                limiter.close(&READ, wait);
                continue;
            }
            Event::Reopen => {
                let now = Noted::Reopened(Instant::now());
                log.lock().unwrap().push(now);
                limiter.reopen();
                continue;
            }
            Event::Ask => (None, u64::MAX),
            Event::AskAndGoAwayAfter(leave) => (None, leave),
            Event::AskWithDeadline(after) => (
                Some(Instant::now() + Duration::from_millis(after)),
                u64::MAX,
            ),
        };
        callers.push(tokio::spawn(async move {
            log.lock().unwrap().push(Noted::Asked(number));
            let asking = limiter.acquire(&READ, deadline.map(Instant::into_std));
            match tokio::time::timeout(Duration::from_millis(leave), asking).await {
                Ok(Ok(())) => {
                    let now = Instant::now();
                    assert!(
                        deadline.is_none_or(|deadline| now <= deadline + Duration::from_millis(1))
                    );
                    log.lock().unwrap().push(Noted::Started(number, now));
                }
                Ok(Err(error)) => assert!(
                    deadline.is_some() && error.retry_after().is_some(),
                    "{error:?}"
                ),
                Err(_) => assert_ne!(leave, u64::MAX, "forgotten"),
            }
        }));
        tokio::task::yield_now().await;
    }
    for caller in callers {
        caller.await.unwrap();
    }
    let log = log.lock().unwrap();
    log.clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_happens_no_start_is_over_quota_or_before_a_gate_opens_or_out_of_turn(
        per_second in prop_oneof![Just(1.0), Just(10.0), Just(3.0), Just(50.0)],
        burst in 1..12_u32,
        events in events(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let limiter = limiter(per_second, burst).max_wait(Duration::MAX);
        let noted = runtime.block_on(play(limiter, events));

        let mut starts = Vec::new();
        let mut order = Vec::new();
        let mut asked = Vec::new();
        let mut open = None;
        let mut since_open = 0.0;
        for noted in noted {
            match noted {
                Noted::Asked(number) => asked.push(number),
                Noted::Closed(until) if open < Some(until) => (open, since_open) = (Some(until), 0.0),
                Noted::Closed(_) => {}
                Noted::Reopened(now) => open = open.map(|open: Instant| open.min(now)),
                Noted::Started(number, time) => {
                    starts.push(time);
                    order.push(number);
                    if let Some(open) = open {
                        prop_assert!(time >= open, "number {number} started before the gate opened");
                        // Without a burst: the first at once, the second an interval later.
                        let quota = 1.0 + ((time - open).as_secs_f64() + TOLERANCE) * per_second + 1e-6;
                        since_open += 1.0;
                        let burst_again = (time - open).as_secs_f64() > f64::from(burst) / per_second;
                        prop_assert!(burst_again || since_open <= quota, "a burst after the gate opened");
                    }
                }
            }
        }
        prop_assert_eq!(over_quota(&starts, per_second, burst as usize), None);
        asked.retain(|number| order.contains(number));
        prop_assert_eq!(asked, order);
    }

    #[test]
    fn without_a_rate_no_more_start_after_a_refusal_than_double_every_100_ms(events in events()) {
        let noted = runtime().block_on(play(RateLimiter::unlimited().max_wait(Duration::MAX), events));
        let mut order = Vec::new();
        let mut asked = Vec::new();
        let mut open = None;
        // Those who started since the last refusal, and when the first of them did.
        let mut since: Option<(Instant, f64)> = None;
        let mut refused = false;
        for noted in noted {
            match noted {
                Noted::Asked(number) => asked.push(number),
                Noted::Closed(until) => (open, since, refused) = (open.max(Some(until)), None, true),
                Noted::Reopened(now) => open = open.map(|open| open.min(now)),
                Noted::Started(number, time) => {
                    prop_assert!(Some(time) >= open, "number {number} started before the gate opened");
                    order.push(number);
                    let (first, count) = since.unwrap_or((time, 0.0));
                    since = Some((first, count + 1.0));
                    let steps = ((time - first).as_secs_f64() / 0.1 + 1e-6).floor();
                    prop_assert!(!refused || count + 1.0 < (steps + 1.0).exp2(), "{count} after {steps} steps");
                }
            }
        }
        asked.retain(|number| order.contains(number));
        prop_assert_eq!(asked, order);
    }

    #[test]
    fn under_several_quotas_no_window_of_any_holds_more_than_its_count(
        second in 2..8_u32,
        minute in 9..30_u32,
        bursts in (1..8_u32, 1..30_u32),
        events in events(),
    ) {
        let quotas = [
            (second, 1.0, bursts.0.min(second - 1)),
            (minute, 5.0, bursts.1.min(minute - 1)),
        ];
        let rates = quotas.map(|(count, period, burst)| Rate::quota(count, seconds(period), burst).unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let limiter = RateLimiter::new(rates).max_wait(Duration::MAX);
        let noted = runtime.block_on(play(limiter, events));

        let mut starts = Vec::new();
        let mut order = Vec::new();
        let mut asked = Vec::new();
        let mut open = None;
        for noted in noted {
            match noted {
                Noted::Asked(number) => asked.push(number),
                Noted::Closed(until) => open = open.max(Some(until)),
                Noted::Reopened(now) => open = open.map(|open| open.min(now)),
                Noted::Started(number, time) => {
                    prop_assert!(Some(time) >= open, "number {number} started before the gate opened");
                    starts.push(time);
                    order.push(number);
                }
            }
        }
        for (count, period, _) in quotas {
            // Any window that begins with a start, counted by itself.
            for (first, start) in starts.iter().enumerate() {
                let within = starts[first..].iter().filter(|time| (**time - *start).as_secs_f64() <= period);
                prop_assert!(within.count() <= count as usize, "more than {count} within {period} s");
            }
        }
        asked.retain(|number| order.contains(number));
        prop_assert_eq!(asked, order);
    }
}
