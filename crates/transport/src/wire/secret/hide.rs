//! Finding secrets in text, and redacting them.

use super::Secret;
use crate::error::shown::CUT;

impl Secret {
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

#[cfg(test)]
mod tests {
    use super::*;

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
        for text in [
            r"\ud83dab",
            r"\ud83d\u0061b",
            r"\ud83d\x",
            r"\ud83dxude00",
            r"\ud83d\xde00",
        ] {
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
        // A text is read as it is, too, and an escape that is whole was not cut.
        for (secret, text) in [
            (r"back\nslash", r"back\nslash"),
            ("100%41off", "100%41off"),
            ("banana \"x\"", r#"banana \"x\""#),
            ("bell\u{8}feed\u{c}", r"bell\bfeed\f"),
        ] {
            let found = hide(&[secret.into()], text);
            assert_eq!(found.as_deref(), Some("[redacted]"), "{text}");
        }
        assert_eq!(hide(&secrets, r"s3cr\u0078… y"), None);
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
