//! What differs from service to service in reading an answer.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::error::ApiError;
use crate::operation::Operation;
use crate::outcome::Verdict;
use crate::request::Request;
use crate::url::base_url::BaseUrl;
use crate::url::redirect;

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
    base: Option<&'a BaseUrl>,
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
            base: None,
        }
    }

    /// With the client's own base URL.
    pub(crate) const fn to(mut self, base: &'a BaseUrl) -> Self {
        self.base = Some(base);
        self
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
        if !redirect::is_redirect(self.status) {
            return None;
        }
        let (scheme, authority) = redirect::origin(self.headers)?;
        Some(format!("{scheme}://{authority}"))
    }

    /// Whether this is a redirect to the same path on the client's own host, by `https`. It is what a server answers that
    /// takes the request for one without TLS. False where the client's base URL is not known, as in tests of a protocol.
    #[must_use]
    pub fn redirects_to_tls(&self) -> bool {
        let target = redirect::origin(self.headers).filter(|(scheme, _)| *scheme == "https");
        let (Some(base), Some((_, authority))) = (self.base, target) else {
            return false;
        };
        redirect::is_redirect(self.status)
            && base.is_host(authority)
            && redirect::leads_to(self.headers, self.operation.path())
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

/// How a service speaks: what its answers mean, where the value in them is, what its errors say.
///
/// It may also keep what a client learns of the service; [`Client::protocol_as`](crate::Client::protocol_as) gives it
/// back.
pub trait Protocol: Any + fmt::Debug + Send + Sync {
    /// The request of an operation as it is sent. `values` stand in its path.
    fn prepare(&self, request: Request, values: &[&str]) -> Request {
        let _ = values;
        request
    }

    /// What the response means for the call. Each response is classified once.
    fn classify(&self, answer: &Answer<'_>) -> Verdict {
        Verdict::by_status(answer)
    }

    /// The part of a successful response's body to decode. What is not a part of the body, such as a constant, is copied.
    ///
    /// For a download it is called with the whole body if that is JSON of at most 64 KiB, which may be an error or a file,
    /// and with an empty body otherwise. If it is a file, the caller gets all of it.
    ///
    /// # Errors
    /// With the verdict on the response, if the body says that the request failed although the status does not.
    fn payload<'a>(&self, answer: &Answer<'a>) -> Result<&'a [u8], Verdict> {
        Ok(answer.body)
    }

    /// What the service says of an error, or of a redirect ([`Answer::redirect_origin`]), which is not followed; if it
    /// gives a reason for that, its message stands in place of the usual one.
    fn api_error(&self, answer: &Answer<'_>) -> ApiError;

    /// The id under which the service knows the request.
    fn request_id<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        ["x-request-id", "x-amzn-requestid", "x-correlation-id"]
            .iter()
            .find_map(|name| headers.get(*name)?.to_str().ok())
    }

    /// How long the service asks to wait.
    fn retry_after(&self, answer: &Answer<'_>) -> Option<Duration> {
        crate::wire::retry_after::retry_after(answer.headers)
    }
}

/// The protocol of a host of which nothing is known but that it speaks HTTP.
#[derive(Debug)]
pub(crate) struct PlainHttp;

impl Protocol for PlainHttp {
    fn api_error(&self, _: &Answer<'_>) -> ApiError {
        ApiError::new()
    }
}
