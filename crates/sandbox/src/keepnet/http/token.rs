//! Access tokens: shaped like JSON web tokens, signed by the sandbox itself.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// `header.claims.signature` of the claims, signed with `key`. That it is signed with HMAC is inferred.
pub(crate) fn sign(key: &[u8], claims: &Value) -> String {
    let header = base64url(br#"{"alg":"HS256","typ":"at+jwt"}"#);
    let signed = format!("{header}.{}", base64url(claims.to_string().as_bytes()));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key for HMAC can have any length");
    mac.update(signed.as_bytes());
    let signature = base64url(&mac.finalize().into_bytes());
    format!("{signed}.{signature}")
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn base64_keeps_to_the_standard() {
        for (bytes, expected) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (b"\xfb\xff", "-_8"),
        ] {
            assert_eq!(base64url(bytes), expected);
        }
    }

    #[test]
    fn a_token_has_three_parts_and_its_signature_depends_on_key_and_claims() {
        let token = sign(b"key", &json!({"a": 1}));
        assert_eq!(token.split('.').count(), 3);
        assert_eq!(token, sign(b"key", &json!({"a": 1})));
        assert_ne!(token, sign(b"other", &json!({"a": 1})));
        assert_ne!(token, sign(b"key", &json!({"a": 2})));
    }
}
