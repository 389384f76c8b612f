//! How the responses of one service are read.

use std::fmt;
use std::time::Duration;

use http::HeaderMap;

use crate::error::{ApiError, Error};
use crate::operation::Operation;
use crate::response_parts::ResponseParts;
use crate::retry_table::Verdict;

/// How a service's responses are read: what they mean, where the value is in the body, and what its errors say.
pub trait Protocol: fmt::Debug + Send + Sync + 'static {
    /// Checks the values in the path of an operation's request, and returns the query parameters that every such
    /// request has.
    ///
    /// # Errors
    /// If a value is not valid for the service. Nothing is sent.
    fn prepare(
        &self,
        operation: &'static Operation,
        values: &[&str],
    ) -> Result<&'static [(&'static str, &'static str)], Error> {
        let _ = (operation, values);
        Ok(&[])
    }

    /// What the response means for the call. Each response is classified once.
    fn classify(&self, response: &ResponseParts<'_>) -> Verdict {
        Verdict::by_status(response)
    }

    /// Whether `payload` looks for the value in an envelope that may also say that the request failed. Then the text of
    /// a response that is not correct JSON is repaired before the response is judged, as the texts of errors are.
    fn has_envelope(&self) -> bool {
        false
    }

    /// The part of a successful response's body to decode. A value outside the body, such as a constant, is copied.
    ///
    /// For a download, `payload` is called with the whole body if that is JSON of at most 64 KiB, which may be an error
    /// or a file, and with an empty body otherwise. If the body is a file, the caller gets all of it.
    ///
    /// # Errors
    /// The verdict on the response, if the body says that the request failed although the status does not.
    fn payload<'a>(&self, response: &ResponseParts<'a>) -> Result<&'a [u8], Verdict> {
        Ok(response.body)
    }

    /// What the service says about an error, or about a redirect ([`ResponseParts::redirect_origin`]), which is not
    /// followed. For a redirect, a message from the service replaces the usual one.
    fn api_error(&self, response: &ResponseParts<'_>) -> ApiError;

    /// The id under which the service knows the request.
    fn request_id<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        ["x-request-id", "x-amzn-requestid", "x-correlation-id"]
            .iter()
            .find_map(|name| headers.get(*name)?.to_str().ok())
    }

    /// How long the service asks to wait.
    fn retry_after(&self, response: &ResponseParts<'_>) -> Option<Duration> {
        crate::wire::retry_after::retry_after(response.headers)
    }
}

/// The protocol of a host that is only known to speak HTTP.
#[derive(Debug)]
pub(crate) struct PlainHttp;

impl Protocol for PlainHttp {
    fn api_error(&self, _: &ResponseParts<'_>) -> ApiError {
        ApiError::new()
    }
}
