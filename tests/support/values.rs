//! Hand-written calls are values: they can be stored and spawned, and have the options of a call. The tests of the
//! service crates share this file.

use std::future::IntoFuture;

/// Checks that a hand-written operation returns such a value.
pub(crate) fn value<F, T, E>(value: F) -> F
where
    F: IntoFuture<Output = Result<T, E>> + Send + 'static,
    F::IntoFuture: Send + 'static,
{
    value
}

/// Sets every option. A macro, because the types have the options as inherent methods.
macro_rules! with_options {
    ($call:expr) => {
        $call
            .timeout(::std::time::Duration::from_secs(1))
            .attempt_timeout(::std::time::Duration::from_secs(1))
            .retries(0)
            .response_limit(1_000)
            .header("x-trace", "42")
    };
}

pub(crate) use with_options;
