//! A response as its protocol reads it.

use std::fmt;

use http::{HeaderMap, StatusCode};

use crate::operation::Operation;
use crate::url::location::{is_redirect, origin};

/// An answer, as far as it is needed to judge it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Answer<'a> {
    /// The operation that was called.
    pub operation: &'static Operation,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body; empty if it is streamed to the caller.
    pub body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// An answer to `operation`.
    #[must_use]
    pub const fn new(
        operation: &'static Operation,
        status: StatusCode,
        headers: &'a HeaderMap,
        body: &'a [u8],
    ) -> Self {
        Self {
            operation,
            status,
            headers,
            body,
        }
    }

    /// Scheme, host and port to which a redirect points, such as `https://eu.example.com`; none if it points to the same
    /// host by a path alone, or the answer is no redirect.
    ///
    /// ```
    /// use http::header::{HeaderMap, HeaderValue, LOCATION};
    /// use http::{Method, StatusCode};
    /// use security_api_transport::{Answer, Operation};
    ///
    /// static LIST: Operation = Operation::new("pushes.list", Method::GET, "/pushes");
    /// let mut headers = HeaderMap::new();
    /// headers.insert(LOCATION, HeaderValue::from_static("https://eu.example.com/pushes?page=1"));
    /// let answer = Answer::new(&LIST, StatusCode::MOVED_PERMANENTLY, &headers, b"");
    /// assert_eq!(answer.redirect_origin().as_deref(), Some("https://eu.example.com"));
    /// ```
    #[must_use]
    pub fn redirect_origin(&self) -> Option<String> {
        if !is_redirect(self.status) {
            return None;
        }
        let (scheme, authority) = origin(self.headers)?;
        Some(format!("{scheme}://{authority}"))
    }
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("operation", &self.operation.id())
            .field("status", &self.status)
            .field("body_length", &self.body.len())
            .finish_non_exhaustive()
    }
}
