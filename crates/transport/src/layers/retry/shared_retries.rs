//! Retries that the callers of a limit share: how often they together try again what the service keeps refusing.
//!
//! Each call may be retried a few times by itself. A crowd of calls would find out a hundred times over what a few
//! retries have shown: that the service lets nobody through.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The limits of which the service has refused calls that are not over.
#[derive(Debug, Default)]
pub(crate) struct SharedRetries {
    streaks: Mutex<Vec<Streak>>,
    /// How many there are. Usually none, and then nothing is locked.
    count: AtomicUsize,
}

/// The refusals of one limit since the service last let a call through.
#[derive(Debug)]
struct Streak {
    limit: &'static str,
    /// The calls that were refused and are not over. The streak ends with the last of them.
    waiting: usize,
    /// The calls that were refused, whether or not they are over.
    calls: usize,
    /// The retries that were refused.
    retries: usize,
}

impl SharedRetries {
    fn streaks(&self) -> MutexGuard<'_, Vec<Streak>> {
        self.streaks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update<T>(&self, limit: &'static str, update: impl FnOnce(&mut Streak) -> T) -> Option<T> {
        let mut streaks = self.streaks();
        let streak = streaks.iter_mut().find(|streak| streak.limit == limit)?;
        Some(update(streak))
    }

    /// The service let a call through: its limit is not used up all the time.
    #[inline]
    pub(super) fn let_through(&self, limit: &'static str) {
        if self.count.load(Ordering::Relaxed) > 0 {
            self.update(limit, |streak| {
                streak.calls = streak.waiting;
                streak.retries = 0;
            });
        }
    }

    /// A call was refused for the first time.
    pub(super) fn refuse(&self, limit: &'static str) -> RefusedCall<'_> {
        let mut streaks = self.streaks();
        let known = streaks.iter().position(|streak| streak.limit == limit);
        let at = known.unwrap_or_else(|| {
            streaks.push(Streak {
                limit,
                waiting: 0,
                calls: 0,
                retries: 0,
            });
            streaks.len() - 1
        });
        streaks[at].waiting += 1;
        streaks[at].calls += 1;
        self.count.store(streaks.len(), Ordering::Relaxed);
        RefusedCall {
            shared: self,
            limit,
        }
    }
}

/// A call that was refused, until it is over.
#[derive(Debug)]
pub(super) struct RefusedCall<'a> {
    shared: &'a SharedRetries,
    limit: &'static str,
}

impl RefusedCall<'_> {
    /// A retry of the call was refused.
    pub(super) fn refuse_retry(&self) {
        self.shared.update(self.limit, |streak| streak.retries += 1);
    }

    /// Whether the service has refused so many retries that another is of no use: at least half as many as calls, and
    /// at least as many as one call may have.
    pub(super) fn is_hopeless(&self, retries: u32) -> bool {
        let of_one = usize::try_from(retries).unwrap_or(usize::MAX);
        let refused = self.shared.update(self.limit, |streak| {
            streak.retries >= of_one.max(streak.calls / 2)
        });
        refused.unwrap_or(false)
    }
}

impl Drop for RefusedCall<'_> {
    fn drop(&mut self) {
        let mut streaks = self.shared.streaks();
        streaks.retain_mut(|streak| {
            streak.waiting -= usize::from(streak.limit == self.limit);
            streak.waiting > 0
        });
        self.shared.count.store(streaks.len(), Ordering::Relaxed);
    }
}
