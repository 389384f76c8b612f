//! Secret text.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Error as _, Serialize, Serializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::CUT;
use crate::url::encode;

/// Secret text: shown as `[redacted]`, and cleared when dropped.
///
/// It is serialised only into a request's body ([`Request::json`](crate::Request::json)). Serialising it anywhere else,
/// alone or within a model, is an error: a model that is written to a log or a file by mistake discloses no secret, and
/// `[redacted]` is never stored and sent later. To write it on purpose, use [`expose`](Self::expose).
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

    /// Why it is not sent under this name, if it is empty or blank: a service takes such a secret for none.
    pub(crate) fn refusal(&self, name: &str) -> Option<String> {
        let blank = self.expose().trim().is_empty();
        blank.then(|| {
            format!("`{name}` is empty or blank: give a secret, or leave it out if it is optional")
        })
    }

    /// The secret as the bytes of a body, cleared with the last handle to them.
    pub(crate) fn to_bytes(&self) -> Bytes {
        Bytes::from_owner(Zeroizing::new(self.expose().as_bytes().to_vec()))
    }

    /// Whether the text contains the secret: unchanged, percent-encoded as in a form or a URL, or with JSON escapes.
    pub(crate) fn is_shown_in(&self, text: &str) -> bool {
        text.char_indices()
            .any(|(start, _)| self.length_at(&text[start..]).is_some())
    }

    /// How many bytes at the beginning of the text show the secret, or the part of it that a cut left.
    fn length_at(&self, text: &str) -> Option<usize> {
        FORMS.iter().find_map(|form| {
            let mut length = 0;
            for (matched, letter) in self.expose().chars().enumerate() {
                let rest = &text[length..];
                match form.read(rest) {
                    Some((found, bytes)) if found == letter => length += bytes,
                    _ if matched >= LEAST && is_cut(rest) => return Some(length),
                    _ => return None,
                }
            }
            (length > 0).then_some(length)
        })
    }
}

/// Shorter secrets are not searched for: they occur in words by chance, and redacting them there would disclose them.
const LEAST: usize = 4;

/// The text with these secrets redacted, in whichever form it contains them; `None` if it contains none.
pub(crate) fn hide(secrets: &[Secret], text: &str) -> Option<String> {
    let mut hidden = String::new();
    let mut done = 0;
    // The end of the secrets found last; they may overlap.
    let mut end = 0;
    for (start, _) in text.char_indices() {
        let found = secrets
            .iter()
            .filter(|secret| secret.expose().chars().nth(LEAST - 1).is_some())
            .filter_map(|secret| secret.length_at(&text[start..]))
            .max();
        let Some(length) = found else { continue };
        if start >= end {
            hidden.push_str(&text[done.max(end)..start]);
            hidden.push_str("[redacted]");
        }
        end = end.max(start + length);
        done = end;
    }
    (end > 0).then(|| hidden + &text[end..])
}

/// Whether the text was cut here, possibly within an escape.
fn is_cut(text: &str) -> bool {
    let escape = text.split(CUT).next().unwrap_or_default();
    escape.len() < text.len()
        && (escape.is_empty() || (escape.len() < 6 && escape.starts_with(['%', '\\'])))
}

/// An encoding of text within other text. What is not encoded is read unchanged.
struct Form {
    percent: bool,
    plus: bool,
    escapes: bool,
}

const FORMS: [Form; 6] = {
    const fn form(percent: bool, plus: bool, escapes: bool) -> Form {
        Form {
            percent,
            plus,
            escapes,
        }
    }
    [
        form(false, false, false),
        form(true, false, false),
        form(true, true, false),
        form(false, false, true),
        form(true, false, true),
        form(true, true, true),
    ]
};

impl Form {
    /// The first character of the text, and how many bytes encode it.
    fn read(&self, text: &str) -> Option<(char, usize)> {
        let (first, length) = self.read_percent(text)?;
        if first == '\\' && self.escapes {
            return Some(self.read_escape(text, length).unwrap_or((first, length)));
        }
        Some((first, length))
    }

    fn read_percent(&self, text: &str) -> Option<(char, usize)> {
        let first = text.chars().next()?;
        match first {
            '+' if self.plus => Some((' ', 1)),
            '%' if self.percent => {
                let mut bytes = Vec::new();
                let mut rest = text.as_bytes();
                while let [b'%', high, low, after @ ..] = rest {
                    let Some(byte) = hex(&[*high, *low]) else {
                        break;
                    };
                    bytes.push(byte.to_le_bytes()[0]);
                    let character = std::str::from_utf8(&bytes).ok();
                    if let Some(letter) = character.and_then(|text| text.chars().next()) {
                        return Some((letter, 3 * bytes.len()));
                    }
                    if bytes.len() == 4 {
                        break;
                    }
                    rest = after;
                }
                Some((first, 1))
            }
            _ => Some((first, first.len_utf8())),
        }
    }

    /// Decodes a JSON escape whose backslash has this length.
    fn read_escape(&self, text: &str, length: usize) -> Option<(char, usize)> {
        let (kind, bytes) = self.read_percent(text.get(length..)?)?;
        let length = length + bytes;
        let plain = |letter: char| Some((letter, length));
        match kind {
            'n' => plain('\n'),
            'r' => plain('\r'),
            't' => plain('\t'),
            'b' => plain('\u{8}'),
            'f' => plain('\u{c}'),
            '"' | '\\' | '/' => plain(kind),
            'u' => {
                let (first, mut length) = self.read_unit(text, length)?;
                let mut units = vec![first];
                if (0xd800..0xdc00).contains(&first)
                    && let Some((second, end)) = self.read_low_surrogate(text, length)
                {
                    units.push(second);
                    length = end;
                }
                let letter = char::decode_utf16(units).next()?;
                Some((letter.unwrap_or(char::REPLACEMENT_CHARACTER), length))
            }
            _ => None,
        }
    }

    fn read_low_surrogate(&self, text: &str, start: usize) -> Option<(u16, usize)> {
        let (backslash, bytes) = self.read_percent(text.get(start..)?)?;
        let start = start + bytes;
        let (kind, bytes) = self.read_percent(text.get(start..)?)?;
        let (unit, end) = self.read_unit(text, start + bytes)?;
        let fits = backslash == '\\' && kind == 'u' && (0xdc00..0xe000).contains(&unit);
        fits.then_some((unit, end))
    }

    /// Four hexadecimal digits, and where they end.
    fn read_unit(&self, text: &str, start: usize) -> Option<(u16, usize)> {
        let mut digits = [0; 4];
        let mut end = start;
        for digit in &mut digits {
            let (letter, bytes) = self.read_percent(text.get(end..)?)?;
            *digit = u8::try_from(letter).ok()?;
            end += bytes;
        }
        Some((hex(&digits)?, end))
    }
}

fn hex(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0, |value: u16, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        value
            .checked_mul(16)?
            .checked_add(u16::try_from(digit).ok()?)
    })
}

/// The secrets of a call. Clones share them; without any, nothing is allocated.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Option<Arc<Kept>>);

#[derive(Clone, Default)]
struct Kept {
    hidden: Vec<Secret>,
    /// Secret segments of the path, each with its placeholder's name, which are put in when the request is sent.
    segments: Vec<(&'static str, Secret)>,
    /// The names and values of secret query parameters, which are added when the request is sent.
    query: Vec<(&'static str, Secret)>,
    /// The same, encoded.
    encoded: Zeroizing<String>,
}

impl Secrets {
    /// Adds secrets to redact.
    pub(crate) fn add(&mut self, secrets: impl IntoIterator<Item = Secret>) {
        let mut secrets = secrets.into_iter().peekable();
        if secrets.peek().is_some() {
            Arc::make_mut(self.0.get_or_insert_default())
                .hidden
                .extend(secrets);
        }
    }

    pub(crate) fn add_segment(&mut self, name: &'static str, value: Secret) {
        let kept = Arc::make_mut(self.0.get_or_insert_default());
        kept.hidden.push(value.clone());
        kept.segments.push((name, value));
    }

    pub(crate) fn add_query(&mut self, name: &'static str, value: &Secret) {
        let kept = Arc::make_mut(self.0.get_or_insert_default());
        kept.hidden.push(value.clone());
        kept.query.push((name, value.clone()));
        kept.encode();
    }

    pub(crate) fn remove_query(&mut self, name: &str) {
        if self.query(name).is_some()
            && let Some(kept) = &mut self.0
        {
            let kept = Arc::make_mut(kept);
            kept.query.retain(|(key, _)| *key != name);
            kept.encode();
        }
    }

    /// The value of the query parameter of this name.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let mut query = self.0.iter().flat_map(|kept| &kept.query);
        let found = query.find(|(key, _)| *key == name);
        found.map(|(_, value)| value.expose())
    }

    /// The secret segments of the path, each with its placeholder's name.
    pub(crate) fn segments(&self) -> &[(&'static str, Secret)] {
        self.0.as_ref().map_or(&[], |kept| &kept.segments)
    }

    /// The secret query parameters, encoded, if there are any.
    pub(crate) fn encoded_query(&self) -> Option<&str> {
        let encoded = self.0.as_ref().map(|kept| kept.encoded.as_str());
        encoded.filter(|query| !query.is_empty())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter().flat_map(|kept| &kept.hidden)
    }
}

impl Kept {
    fn encode(&mut self) {
        let pairs = self.query.iter();
        let pairs: Vec<_> = pairs.map(|(name, value)| (*name, value.expose())).collect();
        self.encoded = encode::pairs(&pairs);
    }
}

/// Compares in constant time, so that the time does not reveal how much of a guess was right. Only the length may be
/// revealed.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose()
            .as_bytes()
            .ct_eq(other.expose().as_bytes())
            .into()
    }
}

impl From<&Secret> for Secret {
    fn from(value: &Self) -> Self {
        value.clone()
    }
}

/// Lets a secret id stand where an id is expected.
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

impl From<&String> for Secret {
    fn from(value: &String) -> Self {
        value.as_str().into()
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

thread_local! {
    /// The secrets serialised so far, if a request's body is being written on this thread.
    static ON_THE_WIRE: RefCell<Option<Vec<Secret>>> = const { RefCell::new(None) };
}

/// Runs `write` with secrets serialised in plain text, and returns those that were.
pub(crate) fn on_the_wire<T>(write: impl FnOnce() -> T) -> (T, Vec<Secret>) {
    struct Restore(Option<Vec<Secret>>);

    impl Drop for Restore {
        fn drop(&mut self) {
            ON_THE_WIRE.set(self.0.take());
        }
    }

    let _restore = Restore(ON_THE_WIRE.replace(Some(Vec::new())));
    let written = write();
    (written, ON_THE_WIRE.take().unwrap_or_default())
}

/// A buffer for a request's body that may hold secrets: memory that it leaves when it grows is cleared.
pub(crate) struct WipedBuffer(Zeroizing<Vec<u8>>);

impl Default for WipedBuffer {
    fn default() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(128)))
    }
}

impl WipedBuffer {
    /// The written bytes. If they contain secrets, they are cleared with the last handle to them.
    pub(crate) fn into_bytes(mut self, has_secrets: bool) -> Bytes {
        match has_secrets {
            true => Bytes::from_owner(self.0),
            false => std::mem::take(&mut *self.0).into(),
        }
    }
}

impl io::Write for WipedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            // Growing in place would free the old memory without clearing it.
            let mut grown = Vec::with_capacity(needed.max(2 * self.0.capacity()));
            grown.extend_from_slice(&self.0);
            self.0 = Zeroizing::new(grown);
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_on_the_wire = ON_THE_WIRE.with_borrow_mut(|secrets| {
            let secrets = secrets.as_mut();
            secrets.map(|secrets| secrets.push(self.clone())).is_some()
        });
        if is_on_the_wire {
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
        let (text, secrets) = on_the_wire(write);
        assert_eq!(text.unwrap(), r#"["s3cret"]"#);
        assert_eq!(secrets, std::slice::from_ref(&secret));
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
        for text in [r"\ud83dab", r"\ud83d\u0061b", r"\ud83d\x"] {
            assert!(!Secret::from("😀").is_shown_in(text), "{text}");
        }
    }

    #[test]
    fn secrets_are_hidden_in_every_form_and_the_rest_is_kept() {
        let secrets = ["a \"s3cret\"", "s3cret", "line\nbreak", "abc"].map(Secret::from);
        for (text, hidden) in [
            ("no: s3cret!", "no: [redacted]!"),
            ("s3crets3cret", "[redacted][redacted]"),
            ("x a%20%22s3cret%22 y s3cret", "x [redacted] y [redacted]"),
            (
                r#"a \"s3cret\" and line\nbreak."#,
                "[redacted] and [redacted].",
            ),
            (r"line\u000abreak line%0Abreak", "[redacted] [redacted]"),
            ("ü a \"s3cret", "ü a \"[redacted]"),
            (
                "it was s3cr… (try another)",
                "it was [redacted]… (try another)",
            ),
            ("it was a%20%22s3%6… x", "it was [redacted]%6… x"),
            ("s3c… xs3cre s3cre t", "s3c… xs3cre s3cre t"),
            ("abc", "abc"),
            ("", ""),
        ] {
            let found = hide(&secrets, text);
            assert_eq!(found.is_some(), text != hidden, "{text}");
            assert_eq!(found.as_deref().unwrap_or(text), hidden);
        }
        assert_eq!(hide(&[], "anything"), None);
        assert_eq!(hide(&["aaaa".into()], "aaaaaa b").unwrap(), "[redacted] b");
    }

    #[test]
    fn hiding_reads_any_text_without_a_panic() {
        let secrets = ["%%%%", r"\\\\", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"].map(Secret::from);
        for text in [
            "%",
            "%f",
            "%ff%ff%ff%ff%ff",
            r"\",
            r"\u",
            r"\uüüü",
            r"\ud83d\",
            "%%%%",
            "%5c%5",
            "…",
        ] {
            let _ = hide(&secrets, text);
        }
    }
}
