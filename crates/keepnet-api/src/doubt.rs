//! What an error leaves open about a call that may not be made twice.

use crate::{Error, ErrorKind, Reason, Sent};

/// Whether the service may have done what it was asked to, although the call failed.
pub(crate) fn may_be_done(error: &Error) -> bool {
    match error.kind() {
        // It also fails after its work is done.
        ErrorKind::Api => Reason::of(error) == Some(Reason::ServerError),
        ErrorKind::Invalid
        | ErrorKind::Connect
        | ErrorKind::RateLimit
        | ErrorKind::Credential
        | ErrorKind::Redirect => false,
        _ => error.was_sent() != Sent::No,
    }
}

/// Whether the service refused it for what it says, such as a name that is taken. It has no code for that.
#[cfg(feature = "users")]
pub(crate) fn is_refused(error: &Error) -> bool {
    matches!(
        Reason::of(error),
        Some(Reason::InvalidInput | Reason::Failed)
    )
}
