//! Random runs of the limiter, with cancelled callers and limits that close and reopen.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::permits::{TOLERANCE, limiter, over_quota, runtime};
use common::{READ, seconds};
use proptest::prelude::*;
use security_api_transport::middleware::Limiter;
use security_api_transport::{Rate, RateLimiter};
use tokio::time::Instant;

/// An event of a random run, after a pause in milliseconds.
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

/// Plays the events, and returns the outcomes in order, after all remaining callers have started.
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
    fn no_start_is_over_quota_or_before_a_limit_reopens_or_out_of_turn(
        per_second in prop_oneof![Just(1.0), Just(10.0), Just(3.0), Just(50.0)],
        burst in 1..12_u32,
        events in events(),
    ) {
                let limiter = limiter(per_second, burst).max_wait(Duration::MAX);
        let noted = runtime().block_on(play(limiter, events));

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
                        // There is no burst: the first at once, the second an interval later.
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
        // The starts since the last refusal, and the time of the first one.
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
                let limiter = RateLimiter::new(rates).max_wait(Duration::MAX);
        let noted = runtime().block_on(play(limiter, events));

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
            // Every window that begins with a start, counted separately.
            for (first, start) in starts.iter().enumerate() {
                let within = starts[first..].iter().filter(|time| (**time - *start).as_secs_f64() <= period);
                prop_assert!(within.count() <= count as usize, "more than {count} within {period} s");
            }
        }
        asked.retain(|number| order.contains(number));
        prop_assert_eq!(asked, order);
    }
}
