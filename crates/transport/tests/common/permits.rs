//! Requests permits from a limiter, and checks them with independent code.

use std::sync::{Arc, Mutex};

use security_api_transport::middleware::Limiter;
use security_api_transport::{Error, Rate, RateLimiter};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::READ;

pub(crate) fn limiter(per_second: f64, burst: u32) -> RateLimiter {
    RateLimiter::new(Rate::per_second(per_second, burst).unwrap())
}

/// The order and times of the callers' permits.
#[derive(Clone, Default)]
pub(crate) struct Log(pub(crate) Arc<Mutex<Vec<(usize, Instant)>>>);

impl Log {
    pub(crate) fn ask(
        &self,
        limiter: &RateLimiter,
        caller: usize,
    ) -> JoinHandle<Result<(), Error>> {
        let (log, limiter) = (self.clone(), limiter.clone());
        tokio::spawn(async move {
            limiter.acquire(&READ, None).await?;
            log.0.lock().unwrap().push((caller, Instant::now()));
            Ok(())
        })
    }

    pub(crate) fn callers(&self) -> Vec<usize> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .map(|(caller, _)| *caller)
            .collect()
    }

    pub(crate) fn times(&self) -> Vec<Instant> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .map(|(_, time)| *time)
            .collect()
    }
}

/// The delay, in seconds, by which a start may be late without shifting the next one.
pub(crate) const TOLERANCE: f64 = 0.01;

/// Returns a message if any window of time holds more starts than the rate and burst allow. For each two starts, the
/// starts between them must fit into the time between them plus the tolerance.
pub(crate) fn over_quota(times: &[Instant], per_second: f64, burst: usize) -> Option<String> {
    for (first, start) in times.iter().enumerate() {
        for (last, end) in times.iter().enumerate().skip(first + burst) {
            let starts = last - first + 1;
            let window = (*end - *start).as_secs_f64();
            if (starts - burst) as f64 > (window + TOLERANCE) * per_second + 1e-6 {
                return Some(format!(
                    "{starts} starts within {window} s, from number {first}"
                ));
            }
        }
    }
    None
}

/// Returns a runtime that progresses only while it is driven.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}
