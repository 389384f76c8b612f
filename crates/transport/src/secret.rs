//! Text that is never shown.

use std::cell::Cell;
use std::fmt;

use percent_encoding::percent_decode_str;
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Error as _, Serialize, Serializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Secret text: shown as `[redacted]`, cleared when dropped.
///
/// It is serialised only where a request's body is written ([`Request::json`](crate::Request::json)). Anywhere else
/// serialising it, alone or within a model, is an error: a model that is written to a log or a file by mistake takes no
/// secret along, and nobody stores `[redacted]` in its place and sends that later. Where it is meant, write
/// [`expose`](Self::expose).
///
/// ```
/// use security_api_transport::Secret;
///
/// let key = Secret::from("correct horse");
/// assert_eq!(format!("{key:?}"), "[redacted]");
/// assert_eq!(key.expose(), "correct horse");
/// assert!(serde_json::to_string(&key).is_err());
/// ```
#[derive(Clone, Default, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The secret itself. Keep it out of logs, errors and URLs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the secret can be read off this text: as it is, percent-encoded as in a form or a URL, or with the escapes
    /// of JSON.
    pub(crate) fn is_shown_in(&self, text: &str) -> bool {
        let secret = self.expose();
        let percent = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let forms = [
            text.to_owned(),
            percent(text),
            percent(&text.replace('+', " ")),
        ];
        !secret.is_empty()
            && forms
                .iter()
                .any(|form| form.contains(secret) || without_escapes(form).contains(secret))
    }
}

/// The text that JSON means by these escapes; what is none is left as it is.
fn without_escapes(text: &str) -> String {
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let escape = rest.strip_prefix('\\').and_then(|rest| {
            let kind = rest.chars().next()?;
            let plain = |unit: char| Some((unit as u16, 2));
            match kind {
                'u' => Some((u16::from_str_radix(rest.get(1..5)?, 16).ok()?, 6)),
                'n' => plain('\n'),
                'r' => plain('\r'),
                't' => plain('\t'),
                'b' => plain('\u{8}'),
                'f' => plain('\u{c}'),
                '"' | '\\' | '/' => plain(kind),
                _ => None,
            }
        });
        if let Some((unit, length)) = escape {
            units.push(unit);
            rest = &rest[length..];
        } else {
            units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
            rest = &rest[c.len_utf8()..];
        }
    }
    String::from_utf16_lossy(&units)
}

/// Takes as long whatever is in them, so that nobody learns from the time how much of a guess was right. Only the length
/// may show.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose()
            .as_bytes()
            .ct_eq(other.expose().as_bytes())
            .into()
    }
}

/// So that a secret id can stand where an id is expected.
impl AsRef<str> for Secret {
    fn as_ref(&self) -> &str {
        self.expose()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(Zeroizing::new(value))
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(Zeroizing::new(value.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

thread_local! {
    /// A request's body is being written on this thread.
    static ON_THE_WIRE: Cell<bool> = const { Cell::new(false) };
}

/// Runs this with secrets being serialised as they are.
pub(crate) fn on_the_wire<T>(write: impl FnOnce() -> T) -> T {
    struct Restore(bool);

    impl Drop for Restore {
        fn drop(&mut self) {
            ON_THE_WIRE.set(self.0);
        }
    }

    let _restore = Restore(ON_THE_WIRE.replace(true));
    write()
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if ON_THE_WIRE.get() {
            return serializer.serialize_str(self.expose());
        }
        Err(S::Error::custom(
            "a secret is serialised only into a request's body; use `Secret::expose` where it is meant to be elsewhere",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_written_on_the_wire_and_nowhere_else() {
        let secret = Secret::from("s3cret");
        let write = || serde_json::to_string(&[Some(&secret)]);
        let error = write().unwrap_err().to_string();
        assert!(error.contains("expose") && !error.contains("s3cret"));
        assert_eq!(on_the_wire(write).unwrap(), r#"["s3cret"]"#);
        let panicked = std::panic::catch_unwind(|| on_the_wire(|| panic!("on purpose")));
        assert!(panicked.is_err() && write().is_err());
    }

    #[test]
    fn secrets_are_equal_only_if_all_of_them_is() {
        let secret = |text: &str| Secret::from(text);
        assert_eq!(secret("s3cret"), secret("s3cret"));
        assert_eq!(secret(""), Secret::default());
        for other in ["", "s3cre", "s3crets", "S3cret", "s3creT", "\u{0}s3cret"] {
            assert_ne!(secret("s3cret"), secret(other));
        }
    }

    #[test]
    fn a_secret_is_found_in_whichever_form_it_is_quoted() {
        let secret = Secret::from("a \"s3cret\"/&+ü😀");
        for text in [
            "no: a \"s3cret\"/&+ü😀!",
            "no: a%20%22s3cret%22%2F%26%2B%C3%BC%F0%9F%98%80!",
            "no: a+%22s3cret%22%2f%26%2b%c3%bc%f0%9f%98%80!",
            "no: a%20\"%73%33cret\"/&+ü😀!",
            r#"no: a \"s3cret\"\/&+\u00fc\ud83d\uDE00!"#,
            r#"no: a \u0022s3cret\u0022\u002f\u0026\u002b\u00FC😀!"#,
            r#"%5Cno: a%20%5C%22s3cret%5C%22/&+ü😀!"#,
        ] {
            assert!(secret.is_shown_in(text), "{text}");
        }
        for text in [
            "", "s3cret", "a s3cret", "%", "%zz", r"\", r"\u", r"\u00", r"\uzzzz", r"\ü", "a%20",
        ] {
            assert!(!secret.is_shown_in(text), "{text}");
        }
        assert!(!Secret::default().is_shown_in("anything"));
        assert_eq!(without_escapes(r"\ud83d \x \u12"), "\u{fffd} \\x \\u12");
    }
}
