//! A closed limit: its duration, its reopening, and the callers that wait for it.

mod common;

use std::task::{Context, Waker};
use std::time::Duration;

use common::permits::{Log, limiter, runtime};
use common::{EXPORT, READ, seconds};
use security_api_transport::middleware::Limiter;
use security_api_transport::{Rate, RateLimiter};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_limit_that_closes_delays_waiting_callers_or_refuses_those_with_shorter_deadlines() {
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
    // A shorter wait does not reopen the limit.
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
async fn without_a_rate_callers_wait_only_for_closed_limits() {
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
async fn a_limit_stays_closed_for_an_hour_at_most_and_can_be_reopened() {
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
        // One caller first, as after the wait.
        let expected = match operation.limit_name() {
            "exports" => [5000, 6000, 7000],
            _ => [5000, 5100, 5100],
        };
        assert_eq!(at, expected);
        // An open limit stays open.
        limiter.reopen();
        limiter.acquire(operation, None).await.unwrap();
        assert!(start.elapsed() <= seconds(8.0));
    }
}

/// Returns the number of starts within each 100 ms.
fn per_step(times: &[Instant], from: Instant, steps: u32) -> Vec<usize> {
    let step = Duration::from_millis(100);
    let within = |begin: Instant| move |time: &&Instant| (begin..begin + step).contains(time);
    (0..steps)
        .map(|number| times.iter().filter(within(from + step * number)).count())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn without_a_rate_a_limit_reopens_for_one_and_then_for_twice_as_many_every_100_ms() {
    let limiter = RateLimiter::unlimited();
    let log = Log::default();
    limiter.close(&READ, seconds(2.0));
    let start = Instant::now();
    let callers: Vec<_> = (0..3000).map(|caller| log.ask(&limiter, caller)).collect();
    tokio::time::sleep(seconds(2.35)).await;
    // A later caller queues behind them and knows its wait until the limit reopens.
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
    // From then on the limit behaves as if it had never been closed.
    let start = Instant::now();
    for _ in 0..5000 {
        limiter.acquire(&READ, None).await.unwrap();
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_used_up_reopens_at_its_rate_or_with_one_if_it_has_none() {
    for (limiter, expected) in [
        (RateLimiter::unlimited(), [1, 2, 4, 8]),
        (limiter(100.0, 20), [10, 10, 10, 10]),
    ] {
        let log = Log::default();
        // The service announced it, and did not refuse anything.
        limiter.used_up(&READ, seconds(2.0));
        let start = Instant::now();
        let callers: Vec<_> = (0..60).map(|caller| log.ask(&limiter, caller)).collect();
        for caller in callers {
            caller.await.unwrap().unwrap();
        }
        let starts = per_step(&log.times(), start + seconds(2.0), 4);
        assert_eq!(starts, expected, "{limiter:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_waits_learns_at_once_that_its_limit_is_used_up_beyond_its_deadline() {
    let limiter = limiter(1.0, 1);
    limiter.acquire(&READ, None).await.unwrap();
    let start = Instant::now();
    let caller = tokio::spawn({
        let limiter = limiter.clone();
        let deadline = Some((start + seconds(8.0)).into_std());
        async move { (limiter.acquire(&READ, deadline).await, start.elapsed()) }
    });
    tokio::time::sleep(seconds(0.5)).await;
    limiter.used_up(&READ, seconds(9.5));
    let (result, after) = caller.await.unwrap();
    let error = result.unwrap_err();
    assert_eq!(
        (error.retry_after(), after),
        (Some(seconds(9.5)), seconds(0.5)),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_closes_while_it_reopens_begins_with_one_again() {
    let limiter = RateLimiter::unlimited();
    let log = Log::default();
    limiter.close(&READ, seconds(1.0));
    let start = Instant::now();
    let callers: Vec<_> = (0..30).map(|caller| log.ask(&limiter, caller)).collect();
    tokio::time::sleep(seconds(1.25)).await;
    // Seven have started. A refusal without a wait is still a refusal.
    limiter.close(&READ, Duration::ZERO);
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    let times = log.times();
    assert_eq!(per_step(&times, start + seconds(1.0), 3), [1, 2, 5]);
    assert_eq!(per_step(&times, start + seconds(1.25), 5), [1, 2, 4, 8, 8]);
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_a_limit_that_reopens_counts_from_the_first_start_that_its_rate_allows() {
    let limiter = limiter(10.0, 1);
    limiter.acquire(&READ, None).await.unwrap();
    let start = Instant::now();
    tokio::time::sleep(seconds(0.08)).await;
    // It opens at once, in steps of 160 ms. The rate allows the first start 20 ms later.
    limiter.close(&READ, Duration::ZERO);
    let log = Log::default();
    let first = log.ask(&limiter, 0);
    tokio::task::yield_now().await;
    let deadline = |after| Some((start + seconds(after)).into_std());
    let error = limiter.acquire(&READ, deadline(0.25)).await.unwrap_err();
    assert_eq!(start.elapsed(), seconds(0.08));
    assert_eq!(error.retry_after(), Some(seconds(0.18)));
    limiter.acquire(&READ, deadline(0.261)).await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(log.times(), [start + seconds(0.1)]);
    assert!(start.elapsed() >= seconds(0.26), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_limit_reopens_more_slowly_if_the_service_refuses_more_slowly() {
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

#[test]
fn callers_in_a_runtime_that_is_dead_or_not_driven_delay_none_in_another() {
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
            // The tasks of the first runtime are first in the queue.
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

#[test]
fn the_wait_for_a_closed_limit_is_known_in_advance() {
    runtime().block_on(async {
        let limiter = RateLimiter::unlimited().max_wait(seconds(10.15));
        limiter.close(&READ, seconds(10.0));
        let mut cx = Context::from_waker(Waker::noop());
        // One starts when the limit reopens, two after 100 ms, and four after 200 ms, which exceeds the bound.
        let mut waiting = Vec::new();
        for _ in 0..3 {
            let mut caller = Box::pin(limiter.acquire(&READ, None));
            assert!(caller.as_mut().poll(&mut cx).is_pending());
            waiting.push(caller);
        }
        let error = limiter.acquire(&READ, None).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(seconds(10.2)));
    });
}
