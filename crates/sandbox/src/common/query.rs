//! Query strings.

use percent_encoding::percent_decode_str;

/// The decoded pairs of a query string, in the order in which they came.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Undoes percent-encoding in a segment of a path, where `+` is itself.
pub(crate) fn segment(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Whether what a query string or form decodes to is UTF-8.
pub(crate) fn is_text(query: &str) -> bool {
    percent_decode_str(query).decode_utf8().is_ok()
}

/// Undoes percent-encoding and `+` for a space.
fn decode(text: &str) -> String {
    segment(&text.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_in_order() {
        let decoded = pairs("a=1&&b=x%2By+z&c&a=%C3%A9&d=100%&e=%zz");
        let expected = [
            ("a", "1"),
            ("b", "x+y z"),
            ("c", ""),
            ("a", "é"),
            ("d", "100%"),
            ("e", "%zz"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(decoded, expected);
    }
}
