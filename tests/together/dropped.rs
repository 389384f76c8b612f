//! Calls that are given up at any moment take nothing with them: no permit, no token, no place in a line, no connection.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use keepnet_api::SearchRequest;
use push_security_api::{Limiter, Operation, Rate, RateLimiter, operations};
use pwpush_api::{NewPush, Upload};
use security_api_sandbox::Fault;
use tokio::task::JoinSet;

use crate::proxy::Proxy;
use crate::services;

/// Calls of each service that are given up.
const CALLS: usize = 1_200;
const AT_ONCE: usize = 24;
const BURST: u32 = 10;

/// Polls a call so often, at the moments when it wakes, and then drops it, unless it is done before.
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
    RateLimiter::new(Rate::per_second(1_000.0, BURST).expect("a rate"))
}

/// Makes calls by many tasks, and gives up most of them; gives how many.
async fn storm<F, C>(call: F) -> usize
where
    F: Fn(u32) -> C + Send + Sync + 'static,
    C: Future + Send + 'static,
{
    let call = Arc::new(call);
    let mut tasks = JoinSet::new();
    for task in 0..AT_ONCE {
        let call = Arc::clone(&call);
        tasks.spawn(async move {
            let mut random = fastrand::Rng::with_seed(task as u64);
            let mut dropped = 0;
            for _ in 0..CALLS / AT_ONCE {
                let polls = random.u32(1..6);
                let made = call(random.u32(..));
                dropped += usize::from(given_up(polls, made).await);
            }
            dropped
        });
    }
    tasks.join_all().await.into_iter().sum()
}

/// The limiter has its whole burst once it has rested, and no more.
async fn is_whole(limiter: &RateLimiter, operation: &'static Operation) {
    let enough = Duration::from_millis(200);
    tokio::time::sleep(enough).await;
    let granted = (0..2 * BURST)
        .filter(|_| limiter.try_acquire(operation))
        .count();
    // A millisecond gives another permit, and the loop may take one.
    let most = BURST as usize + 3;
    assert!(
        (BURST as usize..=most).contains(&granted),
        "{granted} of {BURST} permits"
    );
}

async fn at_once<T, E: std::fmt::Debug>(call: impl Future<Output = Result<T, E>>) -> T {
    let start = Instant::now();
    let value = call.await.expect("a call that nothing disturbs");
    let took = start.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    value
}

/// Once the clients are gone, so are all connections, those of calls that were given up included.
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
    let dropped = storm(move |number| {
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
    assert!(dropped > CALLS / 4, "{dropped}");
    sandbox.faults().clear();
    at_once(push.check().into_future()).await;
    is_whole(&limiter, &operations::BROWSERS_LIST).await;
    lets_go(&proxy, push).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_of_password_pusher_that_are_given_up_take_nothing_with_them() {
    let sandbox = services::sandbox().await;
    let proxy = Proxy::new(sandbox.password_pusher().base_url(), None);
    proxy.listen();
    let limiter = limiter();
    let pwpush = services::pusher(&sandbox, &proxy.url(), &limiter);
    let faults = vec![
        (0.1, Fault::status(503)),
        (0.1, Fault::reset()),
        (0.1, Fault::delay(Duration::from_millis(2))),
    ];
    sandbox.faults().random(8, faults);
    let calling = pwpush.clone();
    let dropped = storm(move |number| {
        let pwpush = calling.clone();
        async move {
            match number % 3 {
                0 => pwpush.pushes().create(NewPush::text("x")).await.map(drop),
                1 => {
                    let file = Upload::bytes("x.bin", vec![b'x'; 100_000]);
                    pwpush
                        .pushes()
                        .create(NewPush::files([file]))
                        .await
                        .map(drop)
                }
                _ => pwpush.check().await,
            }
        }
    })
    .await;
    assert!(dropped > CALLS / 4, "{dropped}");
    sandbox.faults().clear();
    at_once(pwpush.check().into_future()).await;
    is_whole(&limiter, &pwpush_api::operations::PUSHES_ACTIVE).await;
    lets_go(&proxy, pwpush).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_of_keepnet_that_are_given_up_strand_nobody_who_waits_for_a_token() {
    let sandbox = services::sandbox().await;
    let proxy = Proxy::new(sandbox.keepnet().base_url(), None);
    proxy.listen();
    let limiter = limiter();
    // Each begins without a token.
    let clients: Vec<_> = (0..40)
        .map(|_| services::keepnet(&sandbox, &proxy.url(), &limiter))
        .collect();
    let faults = vec![(0.2, Fault::delay(Duration::from_millis(2)))];
    sandbox.faults().random(9, faults);
    let calling = clients.clone();
    let dropped = storm(move |number| {
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
    assert!(dropped > CALLS / 4, "{dropped}");
    sandbox.faults().clear();
    for keepnet in &clients {
        at_once(keepnet.check().into_future()).await;
    }
    let keepnet = &clients[0];
    // A token that is refused is renewed once, for as many as ask.
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
