//! The default timeouts and limits of a client.

use std::time::Duration;

/// The default of every timeout and limit of a client.
///
/// | what | default | changed by |
/// |---|---|---|
/// | connecting, with the TLS handshake | 10 s | [`ClientBuilder::connect_timeout`] |
/// | from the request fully sent to the head of the response | 30 s | [`ClientBuilder::attempt_timeout`], or per call |
/// | without progress while a body is sent or received | 30 s | [`ClientBuilder::idle_timeout`] |
/// | the whole call, all attempts and waits; a download up to its head | 120 s | [`ClientBuilder::timeout`], or per call, then up to a download's last byte |
/// | waiting for a permit of the rate limiter | 60 s | [`RateLimiter::max_wait`](crate::RateLimiter::max_wait) |
/// | a limit that the service reports as used up, for each report | 1 h at most | [`Client::reopen_limits`](crate::Client::reopen_limits) |
/// | a wait that the service asks for | 60 s | [`RetryPolicy::longest_server_wait`] |
/// | retries | 3 | [`ClientBuilder::retry`], or per call |
/// | the wait before a retry, drawn from 0 to | 200 ms, doubling to 20 s | [`RetryPolicy::backoff`] |
/// | one token request | 10 s | |
/// | waiting for a connection, connecting included | 40 s | the connect timeout and the attempt timeout together |
/// | an HTTP/2 connection that has requests and shows no sign of life | 30 s | [`ClientBuilder::idle_timeout`] |
/// | keeping an idle connection | 30 s | [`ClientBuilder::pool_idle_timeout`] |
/// | the response, decoded | 16 MiB | [`ClientBuilder::response_limit`], or per call |
/// | a download, decoded | 1 GiB | [`ClientBuilder::download_limit`], or `response_limit` per call |
/// | an error response | 64 KiB, then cut | |
///
/// [`ClientBuilder::attempt_timeout`]: crate::ClientBuilder::attempt_timeout
/// [`ClientBuilder::connect_timeout`]: crate::ClientBuilder::connect_timeout
/// [`ClientBuilder::download_limit`]: crate::ClientBuilder::download_limit
/// [`ClientBuilder::idle_timeout`]: crate::ClientBuilder::idle_timeout
/// [`ClientBuilder::pool_idle_timeout`]: crate::ClientBuilder::pool_idle_timeout
/// [`ClientBuilder::response_limit`]: crate::ClientBuilder::response_limit
/// [`ClientBuilder::retry`]: crate::ClientBuilder::retry
/// [`ClientBuilder::timeout`]: crate::ClientBuilder::timeout
/// [`RetryPolicy::backoff`]: crate::RetryPolicy::backoff
/// [`RetryPolicy::longest_server_wait`]: crate::RetryPolicy::longest_server_wait
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Defaults {
    /// Bounds a whole call.
    pub timeout: Option<Duration>,
    /// Bounds an attempt.
    pub attempt_timeout: Duration,
    /// Bounds the time without progress of a body.
    pub idle_timeout: Duration,
    /// The largest response, in bytes.
    pub response_limit: u64,
    /// The largest download, in bytes.
    pub download_limit: u64,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            timeout: Some(Duration::from_secs(120)),
            attempt_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(30),
            response_limit: 16 * 1024 * 1024,
            download_limit: 1024 * 1024 * 1024,
        }
    }
}
