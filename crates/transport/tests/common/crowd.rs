//! Callers that share a limit.

use security_api_transport::{Client, FakeTransport, RateLimiter};
use tokio::task::JoinSet;

use super::{builder, read};

pub(crate) fn client(fake: &FakeTransport, limiter: &RateLimiter) -> Client {
    builder()
        .transport(fake.clone())
        .limiter(limiter.clone())
        .build()
        .unwrap()
}

/// Makes this many calls at once, which must succeed.
pub(crate) async fn crowd(client: &Client, count: usize) {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        calls.spawn(read(client).send());
    }
    for result in calls.join_all().await {
        result.unwrap();
    }
}
