//! Why the service refused a call.

use std::fmt;

/// Why the service refused a call.
///
/// It holds what [`Error::status`](crate::Error::status) and predicates such as
/// [`Error::is_not_found`](crate::Error::is_not_found) cannot say, because the service reports some errors with any
/// status, even with 200. `Display` shows one line. A 403 without a reason means that the client's role does not allow
/// the call, or that the client may not work for the company.
///
/// [`Error::api`](crate::Error::api) has the service's own texts: `code` is the status of its envelope (`INPUT_ERROR`),
/// `message` its message, and `validation` its messages about members of the request.
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
    /// The token was refused: 401, or 306, which the service uses in the same way. The client has already fetched a new
    /// token and tried again.
    TokenRefused,
    /// The client id or secret was refused in response to a request that you built. If the client itself fetches a
    /// token with them, the error has no reason and is of the kind [`Credential`](crate::ErrorKind::Credential).
    ClientRefused,
    /// This machine's address is not among those that the client may be used from: `IP_RESTRICTED`.
    IpRestricted,
    /// The company's privacy period is running, during which others cannot read this data: `PRIVACY_ERROR`.
    PrivacyWindow,
    /// A part of the request is missing or invalid: 400, 422, or `INPUT_ERROR` with any status.
    InvalidInput,
    /// The service understood the request but could not carry it out: `FAILED`, which may come with status 200.
    Failed,
    /// The service failed: a 5xx other than 503, or `INTERNAL_SERVER_ERROR` with any status. It responds in the same
    /// way to bodies that it cannot read.
    ServerError,
}

security_api_transport::__reason!(Reason, keepnet_api, r#"Client::new("", "a-secret")"#);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokenRefused => "the token was refused",
            Self::ClientRefused => "the client id or the client secret was refused",
            Self::IpRestricted => "the client may not be used from this machine's address",
            Self::PrivacyWindow => "the company's privacy period is running",
            Self::InvalidInput => "a part of the request is missing or invalid",
            Self::Failed => "the request could not be carried out",
            Self::ServerError => "the service failed",
        })
    }
}
