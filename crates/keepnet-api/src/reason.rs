//! Why the service refused a call.

use std::fmt;

use security_api_transport::Error;

/// Why the service refused a call, as far as it says.
///
/// It has what [`Error::status`] and predicates such as [`Error::is_not_found`] do not tell: the service reports some
/// errors with any status, even with 200. `Display` shows one line.
///
/// The service's own words are in [`Error::api`]: `code` is the status of its envelope (`INPUT_ERROR`), `message` its
/// message, and `validation` what it says of single members of the request.
///
/// ```no_run
/// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
/// use keepnet_api::Reason;
///
/// match keepnet.check().await {
///     Err(error) if Reason::of(&error) == Some(Reason::IpRestricted) => {
///         eprintln!("this machine's address is not on the client's list");
///     }
///     other => other?,
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The token was refused: 401, or 306, which the service uses for the same. The client has fetched a new one and
    /// tried again already.
    TokenRefused,
    /// Client id or secret were refused in response to a request of one's own. Where the client itself fetches a token with
    /// them, the error has no reason; it is of the kind [`Credential`](crate::ErrorKind::Credential).
    ClientRefused,
    /// The client may be used from certain addresses only, and this machine has another: `IP_RESTRICTED`.
    IpRestricted,
    /// The company keeps this data to itself for a time: `PRIVACY_ERROR`.
    PrivacyWindow,
    /// The role of the client does not allow this call, or the company is not one it may work for: any other 403.
    Forbidden,
    /// Something is missing or wrong in the request: 400, 422, or `INPUT_ERROR` with any status.
    InvalidInput,
    /// The request was understood, and could not be carried out: `FAILED`, which comes with status 200 too.
    Failed,
    /// The service failed: a 5xx other than 503, or `INTERNAL_SERVER_ERROR` with any status. It also answers so to bodies that
    /// it cannot read.
    ServerError,
}

impl Reason {
    /// The reason in an error; none if the service did not answer, or with something that is not listed here.
    ///
    /// ```
    /// use keepnet_api::{Client, Reason};
    ///
    /// // Nothing was sent, so the service has said nothing.
    /// let error = Client::new("", "a-secret").unwrap_err();
    /// assert_eq!(Reason::of(&error), None);
    /// ```
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        error.reason().copied()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokenRefused => "the token was refused",
            Self::ClientRefused => "client id or client secret were refused",
            Self::IpRestricted => "the client may not be used from this machine's address",
            Self::PrivacyWindow => "the company's privacy period is running",
            Self::Forbidden => "the client's role does not allow the call",
            Self::InvalidInput => "something is missing or wrong in the request",
            Self::Failed => "the request could not be carried out",
            Self::ServerError => "the service failed",
        })
    }
}
