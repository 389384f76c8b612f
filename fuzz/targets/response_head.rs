//! Status and headers: what is read of waits and limits ends every call, in whatever time, without a panic.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use fuzz::{ServerResponse, new_client, wait};
use http::{HeaderMap, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;
use push_security_api::Reason;

const NAMES: [&str; 13] = [
    "retry-after",
    "ratelimit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "location",
    "content-type",
    "content-encoding",
    "x-amzn-requestid",
    "date",
];

#[derive(Debug, Arbitrary)]
struct Head<'a> {
    status: u16,
    headers: Vec<(u8, &'a [u8])>,
    body: &'a [u8],
    millis: u16,
}

fuzz_target!(|head: Head<'_>| {
    let mut headers = HeaderMap::new();
    for (name, value) in &head.headers {
        let name = NAMES[usize::from(*name) % NAMES.len()];
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    let status = 200 + head.status % 400;
    let push = new_client(ServerResponse {
        status: StatusCode::from_u16(status).unwrap_or_default(),
        headers,
        body: head.body.to_vec().into(),
    });
    let timeout = Duration::from_millis(head.millis.into());
    wait(async {
        // The second one finds what the first one heard of the limit.
        for _ in 0..2 {
            let first = push.browsers().list().page().await;
            let second = push.apps().get("1").timeout(timeout).await;
            for error in [first.err(), second.err()].into_iter().flatten() {
                assert!(!error.to_string().is_empty());
                assert!(!format!("{error:?}").is_empty());
                let _ = (
                    Reason::of(&error),
                    error.retry_after(),
                    error.is_retryable(),
                );
            }
        }
    });
});
