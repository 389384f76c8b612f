//! The name of a file, as the service gives it and as it may be saved.

/// The file name in a Content-Disposition field: `filename*` (RFC 8187) before `filename`.
pub(super) fn disposition_name(field: &str) -> Option<String> {
    let mut plain = None;
    let mut extended = None;
    let mut rest = field.split_once(';')?.1;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = parameter_value(after.trim_start());
        match name.trim().to_ascii_lowercase().as_str() {
            "filename*" => extended = decode_extended(&value),
            "filename" => plain = Some(value),
            _ => {}
        }
        rest = after.trim_start().trim_start_matches(';');
    }
    extended.or(plain)
}

/// A token or a quoted string, and what follows it.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[index + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            _ => value.push(c),
        }
    }
    (value, "")
}

fn decode_extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8();
    decoded.ok().map(std::borrow::Cow::into_owned)
}

/// A name that names a file in the folder it is put in, and nothing else, on every system.
pub(super) fn harmless(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .map(|c| if r#"<>:"|?*"#.contains(c) { '_' } else { c })
        .filter(|c| !c.is_control())
        .collect();
    let clean = clean.trim().trim_end_matches('.').trim_end();
    if clean.is_empty() || clean.chars().all(|c| c == '.') {
        return None;
    }
    let stem = clean
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    let reserved = ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str())
        || ["COM", "LPT"].iter().any(|device| {
            let number = stem.strip_prefix(device);
            number.is_some_and(|number| number.len() == 1 && number.as_bytes()[0].is_ascii_digit())
        });
    let mut clean = clean.to_owned();
    if reserved {
        clean.insert(0, '_');
    }
    while clean.len() > 200 {
        clean.pop();
    }
    Some(clean)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_services_name_for_a_file_is_understood_in_all_its_forms() {
        for (field, expected) in [
            ("attachment; filename=report.csv", Some("report.csv")),
            (
                r#"attachment; filename="a \"b\"; c.csv""#,
                Some(r#"a "b"; c.csv"#),
            ),
            (
                "attachment; filename=x.csv; filename*=UTF-8''%E2%82%AC%20rates.csv",
                Some("€ rates.csv"),
            ),
            ("attachment; filename*=ISO-8859-1''a; filename=b", Some("b")),
            ("attachment", None),
            ("attachment; size=3", None),
        ] {
            assert_eq!(disposition_name(field).as_deref(), expected, "{field}");
        }
    }

    #[test]
    fn a_file_never_lands_outside_its_folder() {
        for (name, expected) in [
            ("../../etc/passwd", Some("passwd")),
            (r"C:\windows\system32\evil.dll", Some("evil.dll")),
            ("..", None),
            ("a/..", None),
            ("", None),
            (" . ", None),
            ("nul.txt", Some("_nul.txt")),
            ("COM1", Some("_COM1")),
            ("a\0b\nc", Some("abc")),
            ("a:b*c", Some("a_b_c")),
        ] {
            assert_eq!(harmless(name).as_deref(), expected, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_service_calls_it_it_is_one_plain_name(field in "\\PC{0,60}|attachment; ?filename\\*?=\\PC{0,40}") {
            if let Some(name) = disposition_name(&field).and_then(|name| harmless(&name)) {
                let folder = Path::new("/folder");
                let path = folder.join(&name);
                prop_assert_eq!(path.parent(), Some(folder));
                prop_assert!(!name.contains(['/', '\\', '\0']) && name != ".." && name != ".");
            }
        }
    }
}
