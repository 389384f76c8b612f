//! The headers that a caller may set.

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};

use crate::error::Error;

/// Sets a header that the caller gives, or keeps the error if it is the first.
pub(crate) fn set(headers: &mut HeaderMap, error: &mut Option<Error>, name: &str, value: &str) {
    match checked("header", name, value) {
        Ok((name, value)) => {
            headers.insert(name, value);
        }
        Err(refused) => {
            error.get_or_insert(refused);
        }
    }
}

/// Converts a header that the caller set. `what` is what the error is about.
///
/// # Errors
/// If the name or the value is not a valid header name or value, or the header follows from the body. The value is not
/// in the error.
pub(crate) fn checked(
    what: &str,
    name: &str,
    value: &str,
) -> Result<(HeaderName, HeaderValue), Error> {
    let invalid = |message| Error::invalid(format!("{what}: {message}"));
    // What is no name may be a name and a value in one, so it is not shown.
    let header = HeaderName::try_from(name).map_err(|_| {
        invalid("its name may have only letters, digits and characters such as `-`".to_owned())
    })?;
    // A wrong one cuts the body, or makes the service take the rest of it for another request.
    if matches!(header, CONTENT_LENGTH | TRANSFER_ENCODING) {
        return Err(invalid(format!(
            "`{header}` follows from the request's body: leave it out"
        )));
    }
    let Ok(value) = HeaderValue::try_from(value) else {
        return Err(invalid(format!(
            "`{header}` cannot have this value, since control characters are not allowed; was it copied whole and without \
             a line break?"
        )));
    };
    Ok((header, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_which_header_is_invalid_and_why_but_not_its_value() {
        for (name, value, says) in [
            ("a: s3cret", "b", "token: its name may have only letters"),
            ("", "s3cret", "token: its name may have only letters"),
            ("X-Key", "s3cret\n", "token: `x-key` cannot have this value"),
            (
                "X-Key",
                "s3cret\u{7f}",
                "token: `x-key` cannot have this value",
            ),
            (
                "Content-Length",
                "s3cret",
                "token: `content-length` follows from",
            ),
            (
                "transfer-encoding",
                "s3cret",
                "token: `transfer-encoding` follows",
            ),
        ] {
            let error = checked("token", name, value).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
            assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
        }
        assert!(checked("token", "X-Key", "ä\tb").is_ok());
    }
}
