//! Names of files in `Content-Disposition`: read as Rack does it, written as Active Storage does it.

use std::collections::HashMap;
use std::sync::LazyLock;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::params::has_broken_escape;
use crate::common::query;

/// The characters that are escaped in an extended value, in a quoted string, and in a path: all but letters, digits and
/// these.
const EXTENDED: &AsciiSet = &all_but(NON_ALPHANUMERIC.remove(b'-'), b"!#$&+.^_`|~");
const QUOTED: &AsciiSet = &all_but(NON_ALPHANUMERIC.remove(b'-'), b" !#$+.^_`|~");
const SEGMENT: &AsciiSet = &all_but(NON_ALPHANUMERIC.remove(b'-'), b"._~!$&'()*+,;=:@");

const fn all_but(set: AsciiSet, plain: &[u8]) -> AsciiSet {
    match plain {
        [first, rest @ ..] => all_but(set.remove(*first), rest),
        [] => set,
    }
}

/// The names in a part's `Content-Disposition`, in the one form that is played: in quotes, without backslashes.
pub(crate) struct Disposition {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
}

impl Disposition {
    /// Reads a header. Percent escapes in the name of a file are decoded if all of them are valid: browsers write
    /// quotes and line breaks so.
    pub(crate) fn parse(header: &[u8]) -> Option<Self> {
        let header = std::str::from_utf8(header).ok()?;
        let (name, rest) = header.strip_prefix("form-data; name=\"")?.split_once('"')?;
        let filename = match rest.strip_prefix("; filename=\"") {
            None if rest.is_empty() => None,
            quoted => Some(quoted?.strip_suffix('"')?),
        };
        if filename.is_some_and(|filename| filename.contains(['"', '\\'])) {
            return None;
        }
        Some(Self {
            name: name.to_owned(),
            filename: filename.map(|filename| match has_broken_escape(filename) {
                true => filename.to_owned(),
                false => query::segment(filename),
            }),
        })
    }
}

/// The name that a form parser makes of a path: the part behind the last `/` or `\`, without any at the end
/// (`Rack::Multipart::Parser`).
pub(crate) fn last_part(name: &str) -> &str {
    let separators = ['/', '\\'];
    let name = name.trim_end_matches(separators);
    name.rsplit(separators).next().unwrap_or_default()
}

/// The name under which a file is stored (`ActiveStorage::Filename`).
pub(crate) fn sanitized(name: &str) -> String {
    let blank = |c: char| matches!(c, '\t'..='\r' | ' ');
    let name = name
        .trim_start_matches(blank)
        .trim_end_matches(|c| blank(c) || c == '\0');
    let replaced = "\u{202e}%$|:;/<>?*\"\t\r\n\\";
    let kept = |c: char| if replaced.contains(c) { '-' } else { c };
    name.chars().map(kept).collect()
}

/// The ASCII text for letters (`I18n.transliterate`).
static LATIN: LazyLock<HashMap<char, &str>> = LazyLock::new(|| {
    let letters: HashMap<&str, &str> =
        serde_json::from_str(include_str!("latin.json")).expect("latin.json keeps to its form");
    let each = |(plain, letters): (_, &'static str)| letters.chars().map(move |char| (char, plain));
    letters.into_iter().flat_map(each).collect()
});

/// The header with the name of a download: once in ASCII, once in full.
pub(crate) fn disposition(filename: &str, in_place: bool) -> String {
    let place = if in_place { "inline" } else { "attachment" };
    let mut ascii = String::with_capacity(filename.len());
    for char in filename.chars() {
        match LATIN.get(&char) {
            _ if char.is_ascii() => ascii.push(char),
            Some(plain) => ascii.push_str(plain),
            None => ascii.push('?'),
        }
    }
    format!(
        "{place}; filename=\"{}\"; filename*=UTF-8''{}",
        utf8_percent_encode(&ascii, QUOTED),
        utf8_percent_encode(filename, EXTENDED)
    )
}

/// A name as one segment of a path.
pub(crate) fn segment(filename: &str) -> String {
    utf8_percent_encode(filename, SEGMENT).to_string()
}
