//! What the services have in common: connections, time, faults and the journal.

pub(crate) mod clock;
pub(crate) mod faults;
pub(crate) mod journal;
pub(crate) mod limit;
pub(crate) mod listener;
pub(crate) mod query;
pub(crate) mod random;
pub(crate) mod service;
mod wire;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after another thread panicked: nothing is left half-changed here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
