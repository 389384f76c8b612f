//! Why the service refused a call.

use std::fmt;

/// Why the service refused a call, as far as its response tells.
///
/// It adds to [`Error::status`](crate::Error::status) and predicates such as
/// [`Error::is_not_found`](crate::Error::is_not_found). `Display` shows one line.
///
/// The vendor documents the statuses 200, 400, 429 and 500, and no body. The meanings of 401 and 403 rest on observed
/// responses of the gateway and on what gateways of its kind do.
///
/// ```no_run
/// # async fn example(push: push_security_api::Client, id: &str) -> Result<(), push_security_api::Error> {
/// use push_security_api::Reason;
///
/// match push.accounts().delete(id).await {
///     Err(error) if Reason::of(&error) == Some(Reason::ReadOnlyKey) => {
///         eprintln!("this job needs a key with full access");
///     }
///     other => other?,
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The gateway does not know the path. It responds with 403 and the text "Missing Authentication Token", although a
    /// key was sent.
    UnknownPath,
    /// The key was refused for a call that changes something: most likely its permission is `Read only`. The service
    /// does not distinguish this from a wrong key.
    ReadOnlyKey,
    /// The key was refused: 401, or a 403 that is neither of the others, as for a call that only reads.
    KeyRefused,
}

security_api_transport::__reason!(Reason, push_security_api, r#"Client::new("")"#);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownPath => "the gateway does not know the path",
            Self::ReadOnlyKey => "the key may only read, or is not known",
            Self::KeyRefused => "the key was refused",
        })
    }
}
