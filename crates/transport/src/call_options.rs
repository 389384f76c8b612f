//! The client's settings that one call overrides.

use crate::error::Error;
use http::header::{CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING};
use std::time::Duration;

/// The client's settings that one call overrides.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) retries: Option<u32>,
    pub(crate) response_limit: Option<u64>,
    pub(crate) idempotent: Option<bool>,
    pub(crate) streamed: bool,
}

/// Refuses headers that say where the body ends, which follow from the body. A wrong one cuts it, or makes the service take
/// the rest of it for another request.
///
/// # Errors
/// If it is one of them.
pub(crate) fn refuse_framing(name: &HeaderName) -> Result<(), Error> {
    match *name {
        CONTENT_LENGTH | TRANSFER_ENCODING => Err(Error::invalid(format!(
            "the header `{name}` follows from the request's body: leave it out"
        ))),
        _ => Ok(()),
    }
}
