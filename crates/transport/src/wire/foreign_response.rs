//! Refuses a response that does not come from the service, but from a gateway in front of it.

use std::cell::Cell;

use serde::de::Error;

thread_local! {
    static IS_WHOLE: Cell<bool> = const { Cell::new(false) };
}

/// Decodes a whole response. If its object has members, and the model knows none of them, that is an error: a gateway
/// in front of the service may send its own JSON with status 200. Anywhere else such an object is only newer than this
/// program.
pub(crate) fn whole_response<T>(decode: impl FnOnce() -> T) -> T {
    IS_WHOLE.set(true);
    let decoded = decode();
    IS_WHOLE.set(false);
    decoded
}

/// Whether the object that is decoded next is a whole response. Those within it are not.
pub(crate) fn is_whole_response() -> bool {
    IS_WHOLE.replace(false)
}

/// How the error of a response without a known member begins.
pub(crate) const FOREIGN: &str = "no member of object ";

/// The error of a whole response in which no member of this object is known.
#[cold]
#[inline(never)]
pub(super) fn error<E: Error>(object: &str) -> E {
    E::custom(format_args!(
        "{FOREIGN}{object} is there, only others: check that the base URL is the API's"
    ))
}
