//! The media type of a response.

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};

/// Files come in all types.
pub(crate) const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");

/// The content type without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> &str {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let kind = content_type.unwrap_or_default().split(';').next();
    kind.unwrap_or_default().trim()
}

/// Whether the response's media type is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let kind = media_type(headers);
    kind.get(kind.len().saturating_sub(4)..)
        .is_some_and(|end| end.eq_ignore_ascii_case("json"))
}
