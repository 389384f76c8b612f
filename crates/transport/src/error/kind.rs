//! Kinds of errors.

use std::fmt;

/// The kind of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call or the client was put together wrongly; nothing was sent.
    Invalid,
    /// No connection could be made: name resolution, connecting or the TLS handshake failed; nothing was sent.
    Connect,
    /// The connection broke, or the request could not be sent completely.
    Io,
    /// No response within the attempt timeout, the idle timeout or the deadline.
    Timeout,
    /// The client's own rate limiter would have made the call wait longer than allowed; nothing was sent.
    RateLimit,
    /// No credential could be obtained, or it may not be sent to that origin.
    Credential,
    /// The service responded with an error.
    Api,
    /// The service responded with a redirect, which is not followed.
    Redirect,
    /// The response could not be decoded.
    Decode,
    /// The response is larger than the limit.
    TooLarge,
    /// A layer or transport that the user supplied failed.
    Custom,
}

/// One line, for logs and labels of metrics.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Invalid => "invalid call",
            Self::Connect => "no connection",
            Self::Io => "broken connection",
            Self::Timeout => "timeout",
            Self::RateLimit => "rate limit",
            Self::Credential => "no credential",
            Self::Api => "error of the service",
            Self::Redirect => "redirect",
            Self::Decode => "response cannot be decoded",
            Self::TooLarge => "response too large",
            Self::Custom => "layer or transport of the user",
        })
    }
}
