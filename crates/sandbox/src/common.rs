//! The parts that all services share: connections, time, faults and the journal.

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

use std::sync::{Mutex, MutexGuard, PoisonError};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Locks a mutex, also after another thread panicked: no change here is left half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The HMAC-SHA256 of these parts in sequence, in lower-case hex digits.
pub(crate) fn hmac(key: &str, parts: &[&[u8]]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    let digest = mac.finalize().into_bytes();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
