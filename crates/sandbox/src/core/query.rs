//! Query strings.

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
    decode(&text.replace('+', "%2B"))
}

/// Whether what a query string or form decodes to is UTF-8.
pub(crate) fn is_text(query: &str) -> bool {
    std::str::from_utf8(&bytes(query)).is_ok()
}

fn decode(text: &str) -> String {
    String::from_utf8_lossy(&bytes(text)).into_owned()
}

/// Undoes percent-encoding and `+` for a space. What is no proper escape stays
/// as it is.
fn bytes(text: &str) -> Vec<u8> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match (byte, digit(bytes.get(at)), digit(bytes.get(at + 1))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', ..) => decoded.push(b' '),
            _ => decoded.push(byte),
        }
    }
    decoded
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
