//! Points in time that the clock can tell.

use std::time::Duration;

use tokio::time::Instant;

/// A wait longer than this is one without end; it also keeps points in time within what the clock can tell.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

pub(crate) fn after(start: Instant, wait: Duration) -> Instant {
    start + wait.min(FOR_EVER)
}
