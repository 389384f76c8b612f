//! The error of a call that the service reports as a success, although it is not what was asked.

use security_api_transport::{ApiError, Error, Outcome, Secret};

use crate::confirmation::Unconfirmed;
use crate::create::difference::Difference;

/// Why a call failed although the service says that it succeeded.
///
/// Of creating: the service keeps something else than what was asked, or its response is unusable. What was created has
/// been expired, or closed, at once, if possible. Of expiring a push or closing a request: the response does not
/// confirm it.
///
/// The error's [`outcome`](Error::outcome) is [`Outcome::Answered`], because the service responded to the call.
/// [`fate`](Self::fate) tells whether something is, or may be, still live.
///
/// ```no_run
/// # async fn example(pwpush: pwpush_api::Client, push: pwpush_api::NewPush) -> Result<(), pwpush_api::Error> {
/// use pwpush_api::{Fate, NotAsAsked};
///
/// let Err(error) = pwpush.pushes().create(push).await else { return Ok(()) };
/// if let Some(not) = NotAsAsked::of(&error) {
///     for difference in not.differences() {
///         eprintln!("{difference}");
///     }
///     if let Fate::StillLive { token: Some(token) } = not.fate() {
///         // Somebody must expire it; only the owner can, or anybody if it is deletable by viewers.
///         pwpush.pushes().expire(token).await?;
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAsAsked {
    differences: Vec<Difference>,
    fate: Fate,
}

/// What became of a push or request that differs from what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It was expired, or closed, at once: it is gone.
    Withdrawn,
    /// It could not be expired or closed, or no response confirms that: it is, or may be, still live.
    StillLive {
        /// The token to expire it with. `None` if the response has none.
        token: Option<Secret>,
    },
}

impl NotAsAsked {
    /// Returns the details of an error of `create`, `expire` or `close`. `None` if the service did not say that the
    /// call succeeded, and for all other calls.
    ///
    /// ```
    /// use pwpush_api::{Client, NotAsAsked};
    ///
    /// let error = Client::new("").unwrap_err();
    /// assert_eq!(NotAsAsked::of(&error), None);
    /// ```
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        error.reason()
    }

    /// What the instance would keep instead. Empty if its response could not be read, and for `expire` and `close`.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// What became of the push or request.
    #[must_use]
    pub fn fate(&self) -> &Fate {
        &self.fate
    }
}

pub(crate) fn error(
    response: Unconfirmed,
    message: String,
    differences: Vec<Difference>,
    fate: Fate,
) -> Error {
    let api = ApiError::new().with_message(message);
    let api = api.with_reason(NotAsAsked { differences, fate });
    response.error(api, Outcome::Answered)
}

/// The error of expiring or closing something whose response, a success, does not confirm it.
pub(crate) fn still_live(response: Unconfirmed, message: &str, token: Secret) -> Error {
    let token = Some(token);
    error(
        response,
        message.to_owned(),
        Vec::new(),
        Fate::StillLive { token },
    )
}
