//! The clock: advanced and frozen.

mod support;

use std::time::{Duration, SystemTime};

use security_api_sandbox::Sandbox;
use support::{Receiver, deliveries_ended, small, with_receiver};

#[tokio::test]
async fn advancing_adds_up_and_stops_at_a_century() {
    let sandbox = small().await;
    let clock = sandbox.clock();
    let before = clock.now();
    let passed = || clock.now().duration_since(before).expect("a later time");
    clock.advance(Duration::from_secs(60));
    clock.advance(Duration::from_secs(30));
    assert!((90..150).contains(&passed().as_secs()), "{:?}", passed());
    clock.advance(Duration::MAX);
    clock.advance(Duration::MAX);
    let century = 100 * 365 * 86_400;
    assert!((century..century + 60).contains(&passed().as_secs()));
    assert!(clock.now() > SystemTime::now());
}

#[tokio::test]
async fn a_frozen_clock_moves_only_when_it_is_advanced() {
    let sandbox = small().await;
    let clock = sandbox.clock();
    clock.freeze();
    let before = clock.now();
    tokio::time::sleep(Duration::from_millis(20)).await;
    clock.freeze();
    assert_eq!(clock.now(), before);
    clock.advance(Duration::from_secs(1));
    assert_eq!(clock.now(), before + Duration::from_secs(1));
    clock.resume();
    clock.resume();
    tokio::time::sleep(Duration::from_millis(2)).await;
    let after = clock.now();
    assert!(after > before + Duration::from_secs(1));
    assert!(after < before + Duration::from_secs(60));
}

/// A sandbox with a frozen clock, whose receiver has refused a delivery.
async fn with_a_refused_delivery() -> (Sandbox, Receiver) {
    let (sandbox, mut receiver) = with_receiver().await;
    receiver.response(500, Duration::ZERO);
    sandbox.clock().freeze();
    sandbox.push_security().emit("LOGIN");
    receiver.next().await;
    deliveries_ended(&sandbox, 1).await;
    (sandbox, receiver)
}

#[tokio::test]
async fn a_delivery_waits_until_a_frozen_clock_is_advanced_to_its_time() {
    let (sandbox, mut receiver) = with_a_refused_delivery().await;
    sandbox.clock().advance(Duration::from_secs(59));
    receiver.nothing().await;
    sandbox.clock().advance(Duration::from_secs(1));
    receiver.next().await;
}

#[tokio::test]
async fn a_delivery_comes_by_itself_once_the_clock_runs_again() {
    let (sandbox, mut receiver) = with_a_refused_delivery().await;
    sandbox.clock().advance(Duration::from_millis(59_900));
    receiver.nothing().await;
    sandbox.clock().resume();
    receiver.next().await;
}
