//! The service's rate limit, which the client observes and the sandbox enforces.

use std::collections::BTreeSet;
use std::time::Duration;

use push_security_api::{Client, ErrorKind, Outcome, Rate, RateLimiter, RetryPolicy};
use security_api_sandbox::{Fault, Sandbox};
use tokio::task::JoinSet;

use super::support::{builder, plain, query_names, sandbox, sizes, statuses};

async fn limiting() -> Sandbox {
    let options = sizes().retry_after(true);
    let builder = Sandbox::builder().push_security(options);
    builder.start().await.expect("a sandbox")
}

/// Uses up the client's burst, and waits until the service forgets it.
///
/// The client starts at most 20 requests per second, and the service accepts at most 20. During the burst, a request
/// that a busy machine delays can therefore exceed the limit. Later there is room.
async fn spend_the_burst(sandbox: &Sandbox, push: &Client) {
    for _ in 0..10 {
        push.check().await.expect("within the burst");
    }
    sandbox.clock().advance(Duration::from_secs(5));
}

/// Reads all findings with this page size.
async fn export(push: Client, limit: u32) -> usize {
    let items = push.findings().list().limit(limit).items();
    let findings = items.try_collect().await.expect("an export");
    let ids: BTreeSet<_> = findings.iter().map(|finding| &finding.id).collect();
    assert_eq!(ids.len(), findings.len());
    ids.len()
}

async fn exports(clients: impl IntoIterator<Item = Client>, limit: u32, count: usize) {
    let mut running = JoinSet::new();
    for push in clients {
        running.spawn(export(push, limit));
    }
    while let Some(found) = running.join_next().await {
        assert_eq!(found.expect("no panic"), count);
    }
}

fn throttled(sandbox: &Sandbox) -> usize {
    sandbox.journal().count(|entry| entry.status == Some(429))
}

#[tokio::test]
async fn concurrent_exports_through_clones_of_one_client_never_get_a_429() {
    let sandbox = limiting().await;
    let push = plain(&sandbox).build().unwrap();
    spend_the_burst(&sandbox, &push).await;
    let clients = [push.clone(), push.clone(), push];
    exports(clients, 10, 120).await;
    assert_eq!(sandbox.journal().count(|_| true), 10 + 36);
    assert_eq!(throttled(&sandbox), 0);
}

#[tokio::test]
async fn two_clients_with_one_limiter_together_keep_to_the_rate() {
    let sandbox = limiting().await;
    let limiter = RateLimiter::new(Rate::per_second(10.0, 10).unwrap());
    let make = || plain(&sandbox).limiter(limiter.clone()).build().unwrap();
    let (one, two) = (make(), make());
    spend_the_burst(&sandbox, &one).await;
    exports([one, two], 7, 120).await;
    assert_eq!(sandbox.journal().count(|_| true), 10 + 36);
    assert_eq!(throttled(&sandbox), 0);
}

#[tokio::test]
async fn a_permit_taken_by_one_client_is_gone_for_those_that_share_its_limiter() {
    let sandbox = sandbox().await;
    // One permit per 1,000 s: none returns during the test.
    let limiter = RateLimiter::new(Rate::per_second(0.001, 4).unwrap());
    let make = |limiter: &RateLimiter| plain(&sandbox).limiter(limiter.clone()).build().unwrap();
    let (one, two) = (make(&limiter), make(&limiter));
    for push in [&one, &two, &one, &two] {
        push.check().await.unwrap();
    }
    for push in [&one, &two] {
        let error = push.check().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::RateLimit, Outcome::NotSent)
        );
        assert!(error.is_rate_limited() && error.is_retryable());
        assert!(error.retry_after() > Some(Duration::from_secs(500)));
        assert!(
            error.to_string().contains("the rate limit allows"),
            "{error}"
        );
    }
    let alone = make(&RateLimiter::new(Rate::per_second(0.001, 4).unwrap()));
    alone.check().await.unwrap();
    assert_eq!(sandbox.journal().count(|_| true), 5);
}

#[tokio::test]
async fn an_unlimited_client_gets_a_429_and_recovers_when_the_limit_reopens() {
    let sandbox = limiting().await;
    let unlimited = || builder(&sandbox, sandbox.push_security().api_key());
    let push = unlimited().retry(RetryPolicy::default()).build().unwrap();
    // The service's clock stands still until the service has refused a request, however slow the machine is.
    sandbox.clock().freeze();
    let both = exports([push.clone(), push], 8, 120);
    let thaw = async {
        while throttled(&sandbox) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        sandbox.clock().resume();
    };
    tokio::join!(both, thaw);
    let refused = throttled(&sandbox);
    assert!(refused > 0, "{:?}", statuses(&sandbox));
    let entries = sandbox.journal().entries();
    assert_eq!(entries.len(), 30 + refused);
    assert!(
        entries
            .iter()
            .all(|entry| matches!(entry.status, Some(200 | 429)))
    );
}

#[tokio::test]
async fn a_429_stops_every_clone_for_as_long_as_the_service_says() {
    let sandbox = sandbox().await;
    let push = plain(&sandbox).build().unwrap();
    let busy = Fault::status(429).header("retry-after", "600");
    sandbox.faults().queue(busy);
    let error = push.apps().list().page().await.unwrap_err();
    assert!(error.is_rate_limited() && error.is_retryable());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(600)));
    for push in [push.clone(), push] {
        let error = push.check().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::RateLimit, Outcome::NotSent)
        );
    }
    assert_eq!(statuses(&sandbox), [Some(429)]);
}

#[tokio::test]
async fn a_response_that_uses_up_the_limit_stops_the_next_call() {
    let sandbox = sandbox().await;
    let push = plain(&sandbox).build().unwrap();
    let last = Fault::status(200)
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", "600")
        .body(r#"{"result":null,"paging":{"moreResults":false}}"#);
    sandbox.faults().queue(last);
    push.check().await.unwrap();
    let error = push.check().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::RateLimit, Outcome::NotSent)
    );
    assert_eq!(statuses(&sandbox), [Some(200)]);
}

#[tokio::test]
async fn a_call_that_the_limit_allows_only_after_its_deadline_fails_at_once() {
    let sandbox = sandbox().await;
    let limiter = RateLimiter::new(Rate::per_second(0.02, 1).unwrap());
    let push = plain(&sandbox).limiter(limiter).build().unwrap();
    push.check().await.unwrap();
    // The permit is due in 50 s, and the limiter's maximum wait is 60 s.
    let list = push.employees().list().timeout(Duration::from_secs(5));
    let error = list.page().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::RateLimit, Outcome::NotSent)
    );
    assert!(error.to_string().contains("deadline"), "{error}");
    let names = query_names(sandbox.journal().entries()[0].query.as_deref());
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["limit"]);
}
