//! Percent-encoding.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

/// Everything but the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

pub(crate) fn encode_into(target: &mut String, value: &str) {
    if is_plain(value) {
        return target.push_str(value);
    }
    target.extend(utf8_percent_encode(value, ENCODED));
}

/// A form or query, cleared when it is dropped. Room is reserved at once, because a text that grows leaves a copy
/// behind.
pub(crate) fn pairs(pairs: &[(&str, &str)]) -> Zeroizing<String> {
    let room = |(name, value): &(&str, &str)| 2 + 3 * (name.len() + value.len());
    let mut encoded = Zeroizing::new(String::with_capacity(pairs.iter().map(room).sum()));
    for (name, value) in pairs {
        push_pair(&mut encoded, name, value);
    }
    encoded
}

/// Appends `name=value` to a form or query that may have pairs already.
fn push_pair(pairs: &mut String, name: &str, value: &str) {
    if !pairs.is_empty() {
        pairs.push('&');
    }
    encode_into(pairs, name);
    pairs.push('=');
    encode_into(pairs, value);
}

/// Whether nothing in the text needs encoding, as in nearly every id.
pub(super) fn is_plain(value: &str) -> bool {
    const PLAIN: [bool; 256] = {
        let mut plain = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            let c = byte as u8;
            plain[byte] = c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b'~');
            byte += 1;
        }
        plain
    };
    value.bytes().all(|byte| PLAIN[usize::from(byte)])
}
