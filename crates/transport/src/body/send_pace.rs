//! How far and how fast a body was sent.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How far and how fast a body was sent.
///
/// Only the connection's reads can be observed, not the peer's: between the two are buffers, which no program can
/// inspect. So a slow peer is given time for what the buffers may hold.
#[derive(Debug)]
pub(crate) struct SendPace {
    start: Instant,
    /// Milliseconds from the start to the first chunk that was read.
    first: AtomicU64,
    /// Milliseconds from the start to the last chunk that was read.
    last: AtomicU64,
    /// How many bytes were read.
    taken: AtomicU64,
    done: AtomicBool,
}

/// The latest observation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Taken {
    /// When the peer should have received all that was read, even if it is slow.
    pub(crate) arrived: Instant,
    /// Whether that is the whole body.
    pub(crate) done: bool,
}

/// The most that is assumed to be in buffers: what systems let the buffers of both sides grow to.
const MOST_BUFFERED: u64 = 8 * 1024 * 1024;

/// The slowest peer that is waited for, in bytes per second, unless it was observed to be slower.
const SLOW: u64 = 256 * 1024;

impl SendPace {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            first: AtomicU64::new(u64::MAX),
            last: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            done: AtomicBool::new(false),
        }
    }

    pub(crate) fn last(&self) -> Taken {
        let last = self.last.load(Ordering::Relaxed);
        let sending = last.saturating_sub(self.first.load(Ordering::Relaxed));
        let taken = self.taken.load(Ordering::Relaxed);
        let buffered = taken.min(MOST_BUFFERED);
        let slow = Duration::from_millis(buffered * 1000 / SLOW);
        // At the pace so far, which is the peer's once the buffers are full.
        let seen = Duration::from_millis(sending).mul_f64(buffered as f64 / taken.max(1) as f64);
        Taken {
            arrived: self.start + Duration::from_millis(last) + slow.max(seen),
            done: self.done.load(Ordering::Relaxed),
        }
    }

    pub(super) fn note(&self, taken: u64, done: bool) {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.first.fetch_min(elapsed, Ordering::Relaxed);
        self.last.store(elapsed, Ordering::Relaxed);
        self.taken.store(taken, Ordering::Relaxed);
        if done {
            self.done.store(true, Ordering::Relaxed);
        }
    }
}
