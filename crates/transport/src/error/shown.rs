//! The service's texts as errors show them.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::text::is_disruptive;

/// How much of a service's text an error shows, in characters.
pub(super) const MESSAGE: usize = 500;
/// The same with a hint of this crate after it.
pub(super) const MESSAGE_AND_HINT: usize = 1000;
pub(super) const CODE: usize = 60;
const REQUEST_ID: usize = 100;

/// Marks where a text was cut.
pub(crate) const CUT: char = '…';

/// Foreign text on one line: at most `most` characters of it. Characters that move the cursor, break the line or change
/// the text direction are replaced by their JSON escapes. Text that is already on one line is unchanged.
///
/// ```
/// use security_api_transport::one_line;
///
/// assert_eq!(one_line("not\r\nfound\u{1b}[2J", 500), r"not\r\nfound\u001b[2J");
/// assert_eq!(one_line("not found", 6), "not f…");
/// ```
#[must_use]
pub fn one_line(text: &str, most: usize) -> String {
    let mut line = String::with_capacity(text.len().min(most));
    let mut length = 0;
    // Where to cut if the text turns out to be too long.
    let mut end = 0;
    for letter in text.chars() {
        let start = line.len();
        push(&mut line, letter);
        length += line[start..].chars().count();
        if length < most {
            end = line.len();
        }
        if length > most {
            line.truncate(end);
            line.push(CUT);
            break;
        }
    }
    line
}

/// A service's id of a request on one line of bounded length.
pub(crate) fn shown_request_id(id: &str) -> String {
    one_line(id, REQUEST_ID)
}

/// A message on one line, which may contain foreign text.
pub(super) fn message(text: Cow<'static, str>) -> Cow<'static, str> {
    match text {
        Cow::Owned(text) if text.contains(is_disruptive) => one_line(&text, usize::MAX).into(),
        text => text,
    }
}

fn push(line: &mut String, letter: char) {
    match letter {
        '\n' => line.push_str(r"\n"),
        '\r' => line.push_str(r"\r"),
        '\t' => line.push_str(r"\t"),
        letter if is_disruptive(letter) => {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                let _ = write!(line, r"\u{unit:04x}");
            }
        }
        letter => line.push(letter),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_character_that_does_something_is_escaped() {
        for (text, shown) in [
            ("a\r\n\tb", r"a\r\n\tb"),
            ("\0\u{1b}[31m\u{7f}", r"\u0000\u001b[31m\u007f"),
            ("\u{85}\u{9b}2J", r"\u0085\u009b2J"),
            (
                "\u{202e}gpj\u{2066}\u{200f}\u{61c}",
                r"\u202egpj\u2066\u200f\u061c",
            ),
            ("\u{2028}\u{2029}\u{feff}", r"\u2028\u2029\ufeff"),
            (
                "Gehört dir nicht 😀 \\ \"q\"",
                "Gehört dir nicht 😀 \\ \"q\"",
            ),
        ] {
            assert_eq!(one_line(text, 100), shown);
        }
    }

    proptest! {
        #[test]
        fn a_line_is_bounded_and_stays_as_it_is(text: String, most in 1_usize..40) {
            let line = one_line(&text, most);
            prop_assert!(line.chars().count() <= most);
            prop_assert!(!line.contains(is_disruptive));
            prop_assert_eq!(one_line(&line, most), line);
        }
    }
}
