//! The times in the life of a token, and other limits.

use std::time::Duration;

/// Bounds one token request, from sending it to its last byte.
pub(super) const ATTEMPT: Duration = Duration::from_secs(10);
/// How many times a token request that failed temporarily is retried.
pub(super) const RETRIES: u32 = 2;
/// The first wait between token requests; it doubles.
pub(super) const BACKOFF: Duration = Duration::from_millis(200);
/// The pause after a failed request, which doubles with each failure. A token that was refused when it was new is kept
/// for as long, from the second in a row on.
pub(super) const COOL_DOWN: Duration = Duration::from_millis(500);
/// The longest cool-down.
pub(super) const LONGEST_COOL_DOWN: Duration = Duration::from_secs(30);
/// The longest cool-down that the token endpoint can ask for.
pub(super) const LONGEST_SERVER_WAIT: Duration = Duration::from_secs(60);
/// A token that is refused this soon after it was granted is new. If that happens twice in a row, the service refuses
/// the client, not the token.
pub(super) const NEW: Duration = Duration::from_secs(5);
/// A token is renewed this long before it expires, or in the last fifth of its life if that is shorter.
pub(super) const REFRESH_AHEAD: Duration = Duration::from_secs(300);
/// A token this close to its expiry is no longer used.
pub(super) const EXPIRY_MARGIN: Duration = Duration::from_secs(5);
/// The assumed lifetime if the token endpoint sends no `expires_in`.
pub(super) const DEFAULT_LIFE: Duration = Duration::from_secs(600);
/// The longest lifetime that is assumed.
pub(super) const LONGEST_LIFE: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
/// A request that was not polled for this long is given up.
pub(super) const ABANDONED: Duration = Duration::from_secs(30);
/// The largest token response that is accepted, in bytes.
pub(super) const RESPONSE_SIZE: usize = 64 * 1024;
