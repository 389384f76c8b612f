//! What the services have in common: connections, time, faults and the journal.

pub(crate) mod clock;
pub(crate) mod faults;
pub(crate) mod journal;
pub(crate) mod limit;
pub(crate) mod listener;
pub(crate) mod options;
pub(crate) mod query;
pub(crate) mod random;
pub(crate) mod service;
pub(crate) mod table;
mod wire;

use std::sync::{Mutex, MutexGuard, PoisonError};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Locks, also after another thread panicked: nothing is left half-changed here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The HMAC-SHA256 of these parts, one behind the other.
pub(crate) fn hmac(key: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}
