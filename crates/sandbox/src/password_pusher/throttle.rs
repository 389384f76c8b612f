//! Limits of five calls a minute.
//!
//! Source: the server's source: `rate_limit` in its controllers. Its throttle of addresses (rack-attack) is not played.

use std::collections::HashMap;
use std::time::Duration;

/// A limit of five a minute. The minute begins with the first.
#[derive(Debug, Default)]
pub(crate) struct FiveAMinute(HashMap<String, (Duration, u32)>);

impl FiveAMinute {
    pub(crate) fn admit(&mut self, key: &str, now: Duration) -> bool {
        let is_over = |began: Duration| now.saturating_sub(began) >= Duration::from_secs(60);
        if self.0.len() >= 10_000 {
            self.0.retain(|_, (began, _)| !is_over(*began));
        }
        let (began, count) = self.0.entry(key.to_owned()).or_insert((now, 0));
        if is_over(*began) {
            (*began, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= 5
    }
}
