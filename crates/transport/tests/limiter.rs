//! The limiter: order, rate and burst, cancelled callers, bounds that fail at once.

mod common;

use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
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

/// Whether any window of time holds more starts than the rate and burst allow. Shares nothing with the limiter: for
/// each two starts, what lies between them must fit into the time between them.
fn over_quota(times: &[Instant], per_second: f64, burst: usize) -> Option<String> {
    for (first, start) in times.iter().enumerate() {
        for (last, end) in times.iter().enumerate().skip(first + burst) {
            let starts = last - first + 1;
            let window = (*end - *start).as_secs_f64();
            if (starts - burst) as f64 > window * per_second + 1e-6 {
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
        assert!(
            Rate::per_second(rate, burst).unwrap_err().is_invalid(),
            "{rate}, {burst}"
        );
    }
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
        error.is_rate_limited() && error.retry_after() > Some(seconds(1e6)),
        "{error:?}"
    );
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
}

fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
    let event = prop_oneof![
        6 => Just(Event::Ask),
        3 => (0..4000_u64).prop_map(Event::AskAndGoAwayAfter),
        2 => (0..4000_u64).prop_map(Event::AskWithDeadline),
        1 => (0..3000_u64).prop_map(Event::Close),
    ];
    proptest::collection::vec((prop_oneof![3 => Just(0), 2 => 0..400_u64], event), 1..80)
}

#[derive(Clone, Copy, Debug)]
enum Noted {
    Asked(usize),
    Started(usize, Instant),
    Closed(Instant),
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
                Noted::Started(number, time) => {
                    starts.push(time);
                    order.push(number);
                    if let Some(open) = open {
                        prop_assert!(time >= open, "number {number} started before the gate opened");
                        // Without a burst: the first at once, the second an interval later.
                        let quota = 1.0 + (time - open).as_secs_f64() * per_second + 1e-6;
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
