//! Calls that are dropped at any moment leak nothing: no permit, no token, no place in a queue, no connection.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use keepnet_api::SearchRequest;
use push_security_api::middleware::Limiter;
use push_security_api::{Operation, Rate, RateLimiter, operations};
use pwpush_api::Retrieved;
use pwpush_api::types::PushedFile;
use pwpush_api::{NewPush, Upload};
use security_api_sandbox::{Fault, Sandbox};
use tokio::task::JoinSet;

use crate::proxy::Proxy;
use crate::services::{self, CALL, CALL_HEADER};

/// The number of calls of each service.
const CALLS: usize = 1_200;
const AT_ONCE: usize = 24;
const RATE: f64 = 1_000.0;
const BURST: u32 = 10;
/// The maximum number of polls before a call is dropped. Hardly any call needs that many.
const DEEPEST: u32 = 12;

/// Polls a call up to `polls` times, whenever it wakes, and then drops it. Returns whether it was dropped.
async fn given_up(polls: u32, call: impl Future) -> bool {
    let mut call = pin!(call);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(true);
        }
        left -= 1;
        let done = call.as_mut().poll(cx).is_ready();
        if !done && left == 0 {
            cx.waker().wake_by_ref();
        }
        if done {
            Poll::Ready(false)
        } else {
            Poll::Pending
        }
    })
    .await
}

fn limiter() -> RateLimiter {
    RateLimiter::new(Rate::per_second(RATE, BURST).expect("a rate"))
}

/// A call, by the number in its requests.
struct Made {
    number: u32,
    /// The number of polls after which the call is dropped.
    polls: u32,
    is_dropped: bool,
}

/// Makes calls from many tasks, and drops most of them.
async fn storm<F, C>(call: F) -> Vec<Made>
where
    F: Fn(u32) -> C + Send + Sync + 'static,
    C: Future + Send + 'static,
{
    let (call, numbers) = (Arc::new(call), Arc::new(AtomicU32::new(0)));
    let mut tasks = JoinSet::new();
    for task in 0..AT_ONCE {
        let (call, numbers) = (Arc::clone(&call), Arc::clone(&numbers));
        tasks.spawn(async move {
            let mut random = fastrand::Rng::with_seed(task as u64);
            let mut calls = Vec::new();
            for _ in 0..CALLS / AT_ONCE {
                let polls = random.u32(1..=DEEPEST);
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                let made = CALL.scope(number, call(random.u32(..)));
                calls.push(Made {
                    number,
                    polls,
                    is_dropped: given_up(polls, made).await,
                });
            }
            calls
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

/// The number of non-idempotent requests that the service received for each call.
struct Got(BTreeMap<u32, usize>);

impl Got {
    fn by(sandbox: &Sandbox) -> Self {
        let mut got = BTreeMap::new();
        for entry in sandbox.journal().entries() {
            let number = entry.headers.get(CALL_HEADER);
            let number = number.and_then(|number| number.to_str().ok()?.parse().ok());
            if let Some(number) = number {
                *got.entry(number).or_default() += usize::from(entry.method == "POST");
            }
        }
        Self(got)
    }

    /// Checks that calls were dropped at all depths: before the service received a request, after that, and late. The
    /// shares depend on the load of the machine, so the bounds are low.
    fn assert_dropped_everywhere(&self, calls: &[Made]) {
        assert_eq!(calls.len(), CALLS);
        let dropped = |wanted: &dyn Fn(&Made) -> bool| {
            let dropped = calls.iter().filter(|call| call.is_dropped);
            dropped.filter(|call| wanted(call)).count()
        };
        for (stage, least, count) in [
            (
                "before the service got it",
                CALLS / 100,
                dropped(&|call| !self.0.contains_key(&call.number)),
            ),
            (
                "after the service got it",
                CALLS / 20,
                dropped(&|call| self.0.contains_key(&call.number)),
            ),
            (
                "at the first poll",
                CALLS / 20,
                dropped(&|call| call.polls == 1),
            ),
            (
                "at the second to the fifth",
                CALLS / 20,
                dropped(&|call| (2..=5).contains(&call.polls)),
            ),
            ("later", CALLS / 200, dropped(&|call| call.polls > 5)),
        ] {
            assert!(count >= least, "{stage}: {count} instead of {least}");
        }
    }

    /// Checks that no non-idempotent request was repeated, whether its call was dropped or not.
    fn assert_nothing_repeated(&self) {
        let most = self.0.values().max().copied();
        assert_eq!(most, Some(1), "{:?}", self.0);
    }
}

/// Checks that the limiter has its whole burst after a rest, and no more than that and what is refilled meanwhile.
async fn is_whole(limiter: &RateLimiter, operation: &'static Operation) {
    let enough = Duration::from_millis(200);
    tokio::time::sleep(enough).await;
    let start = Instant::now();
    let mut granted = 0;
    while limiter.try_acquire(operation) {
        granted += 1;
    }
    let most = f64::from(BURST) + start.elapsed().as_secs_f64() * RATE + 1.0;
    assert!(
        granted >= BURST && f64::from(granted) <= most,
        "{granted} of {BURST} to {most} permits"
    );
}

async fn at_once<T, E: std::fmt::Debug>(call: impl Future<Output = Result<T, E>>) -> T {
    let start = Instant::now();
    let value = call.await.expect("a call that nothing disturbs");
    let took = start.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    value
}

/// Checks that all connections are closed after the clients are dropped.
async fn lets_go<C>(proxy: &Proxy, clients: C) {
    drop(clients);
    let start = Instant::now();
    while proxy.open() > 0 {
        let (open, took) = (proxy.open(), start.elapsed());
        assert!(
            took < Duration::from_secs(10),
            "{open} connections are open"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_of_push_security_that_are_given_up_take_nothing_with_them() {
    let sandbox = services::sandbox().await;
    let proxy = Proxy::new(sandbox.push_security().base_url(), None);
    proxy.listen();
    let limiter = limiter();
    let push = services::push(&sandbox, &proxy.url(), &limiter);
    let faults = vec![
        (0.1, Fault::status(503)),
        (0.1, Fault::reset()),
        (0.1, Fault::cut_body(20)),
        (0.1, Fault::delay(Duration::from_millis(2))),
    ];
    sandbox.faults().random(7, faults);
    let calling = push.clone();
    let calls = storm(move |number| {
        let push = calling.clone();
        async move {
            match number % 2 {
                0 => push
                    .apps()
                    .list()
                    .limit(3)
                    .items()
                    .try_collect()
                    .await
                    .map(drop),
                _ => push.check().await,
            }
        }
    })
    .await;
    sandbox.faults().clear();
    let got = Got::by(&sandbox);
    got.assert_dropped_everywhere(&calls);
    at_once(push.check().into_future()).await;
    is_whole(&limiter, &operations::BROWSERS_LIST).await;
    lets_go(&proxy, push).await;
}

/// Creates a push with a file, and returns the file as its reader sees it.
async fn file(pwpush: &pwpush_api::Client) -> PushedFile {
    let content = Upload::bytes("file.bin", vec![b'x'; 300_000]);
    let push = pwpush.pushes().create(NewPush::files([content]));
    let token = push.await.expect("a push").token.clone();
    match pwpush.pushes().show(&token).await.expect("shown") {
        Retrieved::Secret(push) => push.files.expect("files").remove(0),
        other => panic!("no files: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_of_password_pusher_that_are_given_up_take_nothing_with_them() {
    let sandbox = services::sandbox().await;
    let proxy = Proxy::new(sandbox.password_pusher().base_url(), None);
    proxy.listen();
    let limiter = limiter();
    let pwpush = services::pusher(&sandbox, &proxy.url(), &limiter);
    let file = file(&pwpush).await;
    let faults = vec![
        (0.1, Fault::status(503)),
        (0.1, Fault::reset()),
        (0.1, Fault::delay(Duration::from_millis(2))),
    ];
    sandbox.faults().random(8, faults);
    let calling = pwpush.clone();
    let calls = storm(move |number| {
        let (pwpush, file) = (calling.clone(), file.clone());
        async move {
            match number % 4 {
                0 => pwpush.pushes().create(NewPush::text("x")).await.map(drop),
                1 => {
                    let file = Upload::bytes("x.bin", vec![b'x'; 100_000]);
                    pwpush
                        .pushes()
                        .create(NewPush::files([file]))
                        .await
                        .map(drop)
                }
                2 => {
                    let mut download = pwpush.pushes().download(&file).await?;
                    while download.next_chunk().await?.is_some() {}
                    Ok(())
                }
                _ => pwpush.check().await,
            }
        }
    })
    .await;
    sandbox.faults().clear();
    let got = Got::by(&sandbox);
    got.assert_dropped_everywhere(&calls);
    got.assert_nothing_repeated();
    at_once(pwpush.check().into_future()).await;
    is_whole(&limiter, &pwpush_api::operations::PUSHES_ACTIVE).await;
    lets_go(&proxy, pwpush).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_calls_of_keepnet_do_not_block_callers_that_wait_for_a_token() {
    let sandbox = services::sandbox().await;
    let proxy = Proxy::new(sandbox.keepnet().base_url(), None);
    proxy.listen();
    let limiter = limiter();
    // Each client begins without a token.
    let clients: Vec<_> = (0..40)
        .map(|_| services::keepnet(&sandbox, &proxy.url(), &limiter))
        .collect();
    let faults = vec![(0.2, Fault::delay(Duration::from_millis(2)))];
    sandbox.faults().random(9, faults);
    let calling = clients.clone();
    let calls = storm(move |number| {
        let keepnet = calling[number as usize % calling.len()].clone();
        async move {
            match number % 2 {
                0 => {
                    let search = SearchRequest::new().page_size(10);
                    let items = keepnet.target_users().search(search).raw_items();
                    items.try_collect().await.map(drop)
                }
                _ => keepnet.check().await,
            }
        }
    })
    .await;
    sandbox.faults().clear();
    let got = Got::by(&sandbox);
    got.assert_dropped_everywhere(&calls);
    for keepnet in &clients {
        at_once(keepnet.check().into_future()).await;
    }
    let keepnet = &clients[0];
    // A refused token is renewed once for all callers.
    sandbox.keepnet().revoke_tokens();
    let before = sandbox.keepnet().tokens_issued();
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let keepnet = keepnet.clone();
        calls.spawn(async move { at_once(keepnet.check().into_future()).await });
    }
    calls.join_all().await;
    assert_eq!(sandbox.keepnet().tokens_issued(), before + 1);
    is_whole(&limiter, &keepnet_api::operations::TARGET_USERS_SEARCH).await;
    lets_go(&proxy, clients).await;
}
