//! The client's settings that one call overrides.

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
