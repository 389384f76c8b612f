//! Names of files as they stand in `Content-Disposition`, read as Rack and written as Active Storage does.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::params::has_broken_escape;
use crate::common::query;

/// What is escaped in an extended value, in a quoted string, and in a path: all but letters, digits and these.
const EXTENDED: &AsciiSet = &all_but(NON_ALPHANUMERIC.remove(b'-'), b"!#$&+.^_`|~");
const QUOTED: &AsciiSet = &all_but(NON_ALPHANUMERIC.remove(b'-'), b" !#$+.^_`|~");
const SEGMENT: &AsciiSet = &all_but(NON_ALPHANUMERIC.remove(b'-'), b"._~!$&'()*+,;=:@");

const fn all_but(set: AsciiSet, plain: &[u8]) -> AsciiSet {
    match plain {
        [first, rest @ ..] => all_but(set.remove(*first), rest),
        [] => set,
    }
}

/// What a part's `Content-Disposition` names, in the one form that is played: in quotes, without backslashes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Disposition {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
}

impl Disposition {
    /// In a name of a file, percent escapes are undone if all of them are proper ones, as browsers write quotes and
    /// line breaks so.
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

/// What a form parser makes of a name: what follows the last `/` or `\`, where those at its end do not count
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

/// Letters and what stands for them in ASCII (`I18n.transliterate`).
const LATIN: &[(&str, &str)] = &[
    ("ÀÁÂÃÄÅĀĂĄ", "A"),
    ("Æ", "AE"),
    ("ÇĆĈĊČ", "C"),
    ("ÈÉÊËĒĔĖĘĚ", "E"),
    ("ÌÍÎÏĨĪĬĮİ", "I"),
    ("ÐĎĐ", "D"),
    ("ÑŃŅŇ", "N"),
    ("ÒÓÔÕÖØŌŎŐǪǬ", "O"),
    ("×", "x"),
    ("ÙÚÛÜŨŪŬŮŰŲ", "U"),
    ("ÝŶŸ", "Y"),
    ("Þ", "Th"),
    ("ß", "ss"),
    ("ẞ", "SS"),
    ("àáâãäåāăą", "a"),
    ("æ", "ae"),
    ("çćĉċč", "c"),
    ("èéêëēĕėęě", "e"),
    ("ìíîïĩīĭįı", "i"),
    ("ðďđ", "d"),
    ("ñńņň", "n"),
    ("òóôõöøōŏőǫǭ", "o"),
    ("ùúûüũūŭůűų", "u"),
    ("ýÿŷ", "y"),
    ("þ", "th"),
    ("ĜĞĠĢ", "G"),
    ("ĝğġģ", "g"),
    ("ĤĦ", "H"),
    ("ĥħ", "h"),
    ("Ĳ", "IJ"),
    ("ĳ", "ij"),
    ("Ĵ", "J"),
    ("ĵ", "j"),
    ("Ķ", "K"),
    ("ķĸ", "k"),
    ("ĹĻĽĿŁ", "L"),
    ("ĺļľŀł", "l"),
    ("ŉ", "'n"),
    ("Ŋ", "NG"),
    ("ŋ", "ng"),
    ("Œ", "OE"),
    ("œ", "oe"),
    ("ŔŖŘ", "R"),
    ("ŕŗř", "r"),
    ("ŚŜŞŠ", "S"),
    ("śŝşš", "s"),
    ("ŢŤŦ", "T"),
    ("ţťŧ", "t"),
    ("Ŵ", "W"),
    ("ŵ", "w"),
    ("ŹŻŽ", "Z"),
    ("źżž", "z"),
];

/// The header that gives a download its name: once in ASCII, once in full.
pub(crate) fn disposition(filename: &str, in_place: bool) -> String {
    let place = if in_place { "inline" } else { "attachment" };
    let mut ascii = String::with_capacity(filename.len());
    for char in filename.chars() {
        let plain = LATIN.iter().find(|(letters, _)| letters.contains(char));
        match plain {
            _ if char.is_ascii() => ascii.push(char),
            Some((_, plain)) => ascii.push_str(plain),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written_and_nothing_else_is() {
        for (header, name, filename) in [
            (r#"form-data; name="f""#, "f", None),
            (r#"form-data; name="f"; filename="""#, "f", Some("")),
            (
                r#"form-data; name="f"; filename="a;b=c é""#,
                "f",
                Some("a;b=c é"),
            ),
            (
                r#"form-data; name="f"; filename="%22%0D%0A%25""#,
                "f",
                Some("\"\r\n%"),
            ),
            (
                r#"form-data; name="f"; filename="100% of it""#,
                "f",
                Some("100% of it"),
            ),
        ] {
            let found = Disposition::parse(header.as_bytes()).expect(header);
            assert_eq!((&*found.name, found.filename.as_deref()), (name, filename));
        }
        for header in [
            "",
            "form-data",
            "form-data; name=f",
            r#"form-data; name="f"; filename=a"#,
            r#"form-data; name="f"; filename="a\"b""#,
            r#"form-data; name="f"; filename*=UTF-8''a"#,
        ] {
            assert_eq!(Disposition::parse(header.as_bytes()), None, "{header}");
        }
    }
}
