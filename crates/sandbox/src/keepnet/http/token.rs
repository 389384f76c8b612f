//! Access tokens, in the form of JSON web tokens.

use serde_json::Value;

use crate::common::random::{ALPHANUMERIC, Random};

/// `header.claims.signature` of these claims. Nobody but the sandbox checks the signature, which is made up.
pub(crate) fn write(claims: &Value, random: &mut Random) -> String {
    let header = base64url(br#"{"alg":"HS256","typ":"at+jwt"}"#);
    let claims = base64url(claims.to_string().as_bytes());
    format!("{header}.{claims}.{}", random.text(ALPHANUMERIC, 43))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 with the alphabet for URLs, without padding.
fn base64url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut bits = 0_u32;
        for at in 0..3 {
            bits = bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0));
        }
        for at in 0..=chunk.len() {
            let digit = bits >> (18 - 6 * at) & 0x3f;
            text.push(char::from(ALPHABET[digit as usize]));
        }
    }
    text
}
