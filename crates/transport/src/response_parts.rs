//! A response as the protocol reads it.

use std::fmt;

use http::uri::Authority;
use http::{HeaderMap, StatusCode};

use crate::operation::Operation;
use crate::url::location::{is_redirect, is_same_host, leads_to, origin};

/// Whether a response with this status has no content, whatever its headers say.
pub(crate) fn has_no_content(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    )
}

/// A response, as far as it is needed to classify it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ResponseParts<'a> {
    /// The operation that was called.
    pub operation: &'static Operation,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body; empty if it is streamed to the caller.
    pub body: &'a [u8],
    own_host: Option<&'a Authority>,
}

impl<'a> ResponseParts<'a> {
    /// A response to `operation`.
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
            own_host: None,
        }
    }

    /// Sets the host of the client's base URL.
    pub(crate) const fn to(mut self, own_host: &'a Authority) -> Self {
        self.own_host = Some(own_host);
        self
    }

    /// Scheme, host and port of a redirect's target, such as `https://eu.example.com`. `None` if the redirect names
    /// only a path on the same host, or the response is not a redirect.
    ///
    /// ```
    /// use http::header::{HeaderMap, HeaderValue, LOCATION};
    /// use http::{Method, StatusCode};
    /// use security_api_transport::{ResponseParts, Operation};
    ///
    /// static LIST: Operation = Operation::new("pushes.list", Method::GET, "/pushes");
    /// let mut headers = HeaderMap::new();
    /// headers.insert(LOCATION, HeaderValue::from_static("https://eu.example.com/pushes?page=1"));
    /// let response = ResponseParts::new(&LIST, StatusCode::MOVED_PERMANENTLY, &headers, b"");
    /// assert_eq!(response.redirect_origin().as_deref(), Some("https://eu.example.com"));
    /// ```
    #[must_use]
    pub fn redirect_origin(&self) -> Option<String> {
        if !is_redirect(self.status) {
            return None;
        }
        let (scheme, authority) = origin(self.headers)?;
        Some(format!("{scheme}://{authority}"))
    }

    /// Whether this is a redirect to the same path on the client's own host over `https`, as a server that requires TLS
    /// sends to a plain request. `false` if the client's base URL is not known, as in tests of a protocol.
    #[must_use]
    pub fn redirects_to_tls(&self) -> bool {
        let target = origin(self.headers).filter(|(scheme, _)| *scheme == "https");
        let (Some(own_host), Some((_, authority))) = (self.own_host, target) else {
            return false;
        };
        is_redirect(self.status)
            && is_same_host(own_host, authority)
            && leads_to(self.headers, self.operation.path())
    }
}

impl fmt::Debug for ResponseParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseParts")
            .field("operation", &self.operation.id())
            .field("status", &self.status)
            .field("body_length", &self.body.len())
            .finish_non_exhaustive()
    }
}
