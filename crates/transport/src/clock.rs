//! Points in time that the clock can represent.

use std::time::Duration;

use tokio::time::Instant;

/// A longer wait is treated as infinite. The limit also keeps points in time within the clock's range.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// The time that is this much later. A wait without end has one in the distant future.
#[must_use]
pub fn after(start: Instant, wait: Duration) -> Instant {
    start + wait.min(FOR_EVER)
}
