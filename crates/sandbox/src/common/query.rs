//! Query strings.

use percent_encoding::percent_decode_str;

/// The decoded pairs of a query string, in their order.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// Decodes a segment of a path, in which `+` is itself.
pub(crate) fn segment(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Whether a query string or form decodes to UTF-8.
pub(crate) fn is_text(query: &str) -> bool {
    percent_decode_str(query).decode_utf8().is_ok()
}
