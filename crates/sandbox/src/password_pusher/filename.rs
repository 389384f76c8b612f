//! Names of files as they stand in `Content-Disposition`, read as Rack and written as
//! Active Storage does.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is escaped in an extended value, in a quoted string, and in a path: all but
/// letters, digits and these.
const EXTENDED: &AsciiSet = &all_but(NON_ALPHANUMERIC.remove(b'-'), b"!#$&+.^_`|~");
const QUOTED: &AsciiSet = &all_but(NON_ALPHANUMERIC.remove(b'-'), b" !#$+.^_`|~");
const SEGMENT: &AsciiSet = &all_but(NON_ALPHANUMERIC.remove(b'-'), b"._~!$&'()*+,;=:@");

const fn all_but(set: AsciiSet, plain: &[u8]) -> AsciiSet {
    match plain {
        [first, rest @ ..] => all_but(set.remove(*first), rest),
        [] => set,
    }
}

/// What a part's `Content-Disposition` names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Disposition {
    pub(crate) name: Option<String>,
    pub(crate) filename: Option<String>,
}

impl Disposition {
    /// Reads tokens, quoted strings and extended values (RFC 8187). In a
    /// `filename`, percent escapes are undone if all of them are proper ones,
    /// as browsers write quotes and line breaks so.
    pub(crate) fn parse(header: &[u8]) -> Self {
        let mut found = Self::default();
        let mut extended = None;
        for (attribute, value) in attributes(header) {
            match attribute.to_ascii_lowercase().as_str() {
                "name" => found.name = Some(String::from_utf8_lossy(&value).into_owned()),
                "filename" => {
                    let value = unescaped(&value).unwrap_or(value);
                    found.filename = Some(String::from_utf8_lossy(&value).into_owned());
                }
                "filename*" => {
                    let mut parts = value.splitn(3, |byte| *byte == b'\'');
                    let value = (parts.next(), parts.nth(1)).1.and_then(unescaped);
                    extended = value.and_then(|value| String::from_utf8(value).ok());
                }
                _ => {}
            }
        }
        found.filename = extended.or(found.filename);
        found
    }
}

/// The attributes after the disposition's type.
fn attributes(header: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut bytes = header.iter().copied().peekable();
    // The type.
    while bytes.next_if(|byte| *byte != b';').is_some() {}
    while bytes.next().is_some() {
        let mut name = Vec::new();
        while let Some(byte) = bytes.next_if(|byte| !matches!(byte, b'=' | b';')) {
            name.push(byte);
        }
        if bytes.next_if_eq(&b'=').is_none() {
            continue;
        }
        while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
        let mut value = Vec::new();
        if bytes.next_if_eq(&b'"').is_some() {
            while let Some(byte) = bytes.next_if(|byte| *byte != b'"') {
                // Only quotes and backslashes are escaped: clients send paths
                // of Windows as they are.
                let escaped = byte == b'\\' && matches!(bytes.peek(), Some(b'"' | b'\\'));
                value.extend(if escaped { bytes.next() } else { Some(byte) });
            }
            while bytes.next_if(|byte| *byte != b';').is_some() {}
        } else {
            while let Some(byte) = bytes.next_if(|byte| *byte != b';') {
                value.push(byte);
            }
            value.truncate(value.trim_ascii_end().len());
        }
        let name = String::from_utf8_lossy(name.trim_ascii()).into_owned();
        found.push((name, value));
    }
    found
}

/// Undoes percent escapes; nothing if one of them is broken.
fn unescaped(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut bytes = bytes.iter();
    while let Some(byte) = bytes.next() {
        if *byte == b'%' {
            let mut digit = || char::from(*bytes.next()?).to_digit(16);
            plain.push((digit()? * 16 + digit()?) as u8);
        } else {
            plain.push(*byte);
        }
    }
    Some(plain)
}

/// What a form parser makes of a name: what follows the last `/` or `\`, where
/// those at its end do not count (`Rack::Multipart::Parser`).
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_read_however_they_are_written() {
        for (header, filename) in [
            (r#"form-data; name="f"; filename="a b.txt""#, "a b.txt"),
            (r#"form-data; name="f"; filename=plain.txt "#, "plain.txt"),
            (
                r#"form-data; name="f"; filename="say \"hi\".txt""#,
                r#"say "hi".txt"#,
            ),
            (
                r#"form-data; name="f"; filename="say %22hi%22%0D%0A.txt""#,
                "say \"hi\"\r\n.txt",
            ),
            (
                r#"form-data; name="f"; filename="100% of it""#,
                "100% of it",
            ),
            (
                r#"form-data; name="f"; filename="C:\dir\a.txt""#,
                r"C:\dir\a.txt",
            ),
            (r#"form-data; name="f"; filename="a;b=c.txt""#, "a;b=c.txt"),
            ("form-data; name=\"f\"; filename=\"é.txt\"", "é.txt"),
            (
                r#"form-data; name="f"; filename="x"; filename*=UTF-8''%C3%A9%2F..txt"#,
                "é/..txt",
            ),
            (r#"form-data; name="f"; filename*=utf-8'en'a%20b"#, "a b"),
        ] {
            let found = Disposition::parse(header.as_bytes());
            assert_eq!(found.name.as_deref(), Some("f"), "{header}");
            assert_eq!(found.filename.as_deref(), Some(filename), "{header}");
        }
    }

    #[test]
    fn names_are_cut_and_cleaned() {
        for (name, part, stored) in [
            ("", "", ""),
            ("/", "", ""),
            ("a/b/", "b", "b"),
            (r"C:\dir\a.txt", "a.txt", "a.txt"),
            ("../../etc/passwd", "passwd", "passwd"),
            (" a b ", " a b ", "a b"),
            ("a%$|:;<>?*\"b", "a%$|:;<>?*\"b", "a----------b"),
            ("a\r\n\tb\u{202e}", "a\r\n\tb\u{202e}", "a---b-"),
            (" ", " ", ""),
            ("\u{a0}", "\u{a0}", "\u{a0}"),
        ] {
            assert_eq!(last_part(name), part, "{name:?}");
            assert_eq!(sanitized(part), stored, "{name:?}");
        }
    }

    #[test]
    fn letters_with_accents_lose_them_in_ascii() {
        for (name, header) in [
            (
                "é.txt",
                "inline; filename=\"e.txt\"; filename*=UTF-8''%C3%A9.txt",
            ),
            (
                "ŒÞß",
                "inline; filename=\"OEThss\"; filename*=UTF-8''%C5%92%C3%9E%C3%9F",
            ),
            ("я", "inline; filename=\"%3F\"; filename*=UTF-8''%D1%8F"),
        ] {
            assert_eq!(disposition(name, true), header);
        }
    }

    #[test]
    fn a_field_without_a_file_has_no_filename() {
        let found = Disposition::parse(b"form-data; name=\"push[payload]\"");
        assert_eq!(found.name.as_deref(), Some("push[payload]"));
        assert_eq!(found.filename, None);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(filename in any::<String>()) {
            let header = disposition(&filename, false);
            prop_assert!(header.bytes().all(|byte| (32..127).contains(&byte)));
            prop_assert_eq!(Disposition::parse(header.as_bytes()).filename, Some(filename));
        }

        #[test]
        fn nothing_makes_it_panic(header in any::<Vec<u8>>()) {
            Disposition::parse(&header);
        }
    }
}
