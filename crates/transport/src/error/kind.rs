//! Kinds of errors.

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call or the client was put together wrongly; nothing was sent.
    Invalid,
    /// No connection could be made: name resolution, connecting or the TLS handshake failed; nothing was sent.
    Connect,
    /// The connection broke, or the request could not be sent whole.
    Io,
    /// No answer within the attempt timeout, the idle timeout or the deadline.
    Timeout,
    /// The client's own rate limiter would have made the call wait longer than allowed; nothing was sent.
    RateLimit,
    /// No credential could be obtained, or it may not be sent there.
    Credential,
    /// The service answered with an error.
    Api,
    /// The service answered with a redirect, which is not followed.
    Redirect,
    /// The answer could not be decoded.
    Decode,
    /// The answer is larger than the limit.
    TooLarge,
    /// A layer or transport that the user supplied failed.
    Custom,
}
