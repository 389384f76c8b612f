//! Errors of jobs before their change, and after one of their changes.

use security_api_transport::{Error, Outcome};

/// For what a job does before its change: the requests that prepare it, and the checks of their responses.
pub(crate) trait BeforeChange {
    /// Sets the outcome of an error to [`Outcome::NotSent`], because the job has changed nothing and no check is needed
    /// before it is run again. The outcome of a request that only reads says nothing about the change. A retryable
    /// error stays so.
    ///
    /// It must not be called once a request of the job that changes something was sent.
    fn before_change(self) -> Self;
}

impl<T> BeforeChange for Result<T, Error> {
    #[inline]
    fn before_change(self) -> Self {
        self.map_err(|error| error.with_outcome(Outcome::NotSent))
    }
}

/// An error of a job that has changed something already. The outcome is [`Outcome::Unknown`] where it would say that
/// nothing was done, which is true of the last request only.
#[cfg(any(feature = "companies", feature = "training", feature = "users"))]
pub(crate) fn after_change(error: Error) -> Error {
    match error.outcome() {
        Outcome::NotSent | Outcome::Refused => error.with_outcome(Outcome::Unknown),
        _ => error,
    }
}
