//! Percent-encoding.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

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

/// Appends `name=value` to a form or query that may have pairs already.
pub(crate) fn push_pair(pairs: &mut String, name: &str, value: &str) {
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
