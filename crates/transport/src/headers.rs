//! The headers that a caller may set.

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};

use crate::error::Error;

/// Sets a header that the caller gives, or keeps the error if it is the first.
pub(crate) fn set(headers: &mut HeaderMap, error: &mut Option<Error>, name: &str, value: &str) {
    match checked(name, value) {
        Ok((name, value)) => {
            headers.insert(name, value);
        }
        Err(refused) => {
            error.get_or_insert(refused);
        }
    }
}

/// Converts a header that the caller set.
///
/// # Errors
/// If the name or the value is not a valid header name or value, or the header follows from the body.
pub(crate) fn checked(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let name = HeaderName::try_from(name)
        .map_err(|_| Error::invalid("the header's name has characters that names cannot have"))?;
    let value = HeaderValue::try_from(value)
        .map_err(|_| Error::invalid("the header's value has control characters"))?;
    refuse_framing(&name)?;
    Ok((name, value))
}

/// Refuses headers that say where the body ends, which follow from the body. A wrong one cuts it, or makes the service
/// take the rest of it for another request.
///
/// # Errors
/// If it is one of them.
pub(crate) fn refuse_framing(name: &HeaderName) -> Result<(), Error> {
    match *name {
        CONTENT_LENGTH | TRANSFER_ENCODING => Err(Error::invalid(format!(
            "the header `{name}` follows from the request's body: leave it out"
        ))),
        _ => Ok(()),
    }
}
