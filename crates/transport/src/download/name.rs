//! File names: as the service sends them, and as they may be saved.

use std::fmt::Display;

use crate::text::is_disruptive;

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

/// A token or a quoted string, and the text after it.
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

/// The longest name in bytes. It leaves room for a number within the limit of file systems.
const LONGEST: usize = 200;

/// A longer extension is treated as part of the name.
const LONGEST_EXTENSION: usize = 20;

/// A name that is safe on Linux, macOS and Windows, whatever the service sends: it names a file in the folder it is put
/// in, displays as it is, and is not a device, a command-line option or a hidden file. `None` if nothing is left of it.
pub(super) fn harmless(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|&c| !is_disruptive(c) && !is_invisible(c))
        .map(|c| if r#"<>:"|?*"#.contains(c) { '_' } else { c })
        .collect();
    // A shell takes `-` for an option and `~` for a home folder; a leading dot hides the file.
    let clean = clean.trim_start_matches(|c| is_blank_or_dot(c) || matches!(c, '-' | '~'));
    // Windows drops trailing dots and blanks, so the name would refer to another file.
    let mut clean = clean.trim_end_matches(is_blank_or_dot).to_owned();
    if is_device(&clean) {
        clean.insert(0, '_');
    }
    shorten(&mut clean);
    (!clean.is_empty()).then_some(clean)
}

/// The name of the `number`th file with the same name, such as `notes (2).txt`.
pub(super) fn numbered(name: &str, number: impl Display) -> String {
    let (stem, extension) = split(name);
    format!("{stem} ({number}){extension}")
}

fn is_blank_or_dot(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

/// Characters that are not shown, beyond those that change how others are: `gpj.exe` may look like `exe.jpg` with
/// those.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2060}'..='\u{206F}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Whether Windows takes the name for a device. Windows checks what stands before the first dot, without blanks.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end().to_ascii_uppercase();
    match stem.as_str() {
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$" => true,
        _ => ["COM", "LPT"].iter().any(|port| {
            let mut number = stem.strip_prefix(port).unwrap_or_default().chars();
            matches!(
                (number.next(), number.next()),
                (Some('0'..='9' | '¹' | '²' | '³'), None)
            )
        }),
    }
}

/// The name without its extension, and the extension with its dot.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if name.len() - dot <= LONGEST_EXTENSION => name.split_at(dot),
        _ => (name, ""),
    }
}

/// Shortens a name that is too long, and keeps the extension.
fn shorten(name: &mut String) {
    if name.len() <= LONGEST {
        return;
    }
    let (stem, extension) = split(name);
    let mut end = LONGEST - extension.len();
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    *name = format!(
        "{}{extension}",
        stem[..end].trim_end_matches(is_blank_or_dot)
    );
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
            (
                "attachment; filename=\"x;.csv\"; filename*=UTF-8''y.csv",
                Some("y.csv"),
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
            ("a\0b\nc", Some("abc")),
            ("a:b*c", Some("a_b_c")),
        ] {
            assert_eq!(harmless(name).as_deref(), expected, "{name:?}");
        }
    }

    #[test]
    fn a_name_is_no_device_no_option_no_home_and_no_hidden_file() {
        for (name, expected) in [
            ("nul.txt", Some("_nul.txt")),
            ("COM1", Some("_COM1")),
            ("com0.a.b", Some("_com0.a.b")),
            ("lpt9 .txt", Some("_lpt9 .txt")),
            ("CON .txt", Some("_CON .txt")),
            ("CON\u{a0}.txt", Some("_CON\u{a0}.txt")),
            ("COM¹.log", Some("_COM¹.log")),
            ("conin$", Some("_conin$")),
            ("CONOUT$.x", Some("_CONOUT$.x")),
            ("clock$", Some("_clock$")),
            ("CON:", Some("CON_")),
            (".CON", Some("_CON")),
            ("COM10", Some("COM10")),
            ("COM", Some("COM")),
            ("console.txt", Some("console.txt")),
            ("-rf", Some("rf")),
            ("--help.txt", Some("help.txt")),
            ("~root", Some("root")),
            (". -~", None),
            (".bashrc", Some("bashrc")),
            ("...profile", Some("profile")),
            ("report. .", Some("report")),
            ("report. . txt", Some("report. . txt")),
            ("a.txt\u{3000}.", Some("a.txt")),
        ] {
            assert_eq!(harmless(name).as_deref(), expected, "{name:?}");
        }
    }

    #[test]
    fn a_name_shows_what_it_is() {
        for (name, expected) in [
            ("invoice\u{202e}fdp.exe", Some("invoicefdp.exe")),
            ("a\u{200b}\u{200d}\u{feff}\u{ad}b.txt", Some("ab.txt")),
            ("\u{2066}x\u{2069}\u{e0041}", Some("x")),
            ("\u{200b}.\u{200b}.", None),
            ("C\u{200b}ON", Some("_CON")),
            ("Übersicht 計画 שלום.pdf", Some("Übersicht 計画 שלום.pdf")),
        ] {
            assert_eq!(harmless(name).as_deref(), expected, "{name:?}");
        }
    }

    #[test]
    fn a_name_that_is_too_long_keeps_its_extension() {
        let long = |length: usize, end: &str| format!("{}{end}", "x".repeat(length));
        for (name, expected) in [
            (long(200, ""), long(200, "")),
            (long(201, ""), long(200, "")),
            (long(196, ".txt"), long(196, ".txt")),
            (long(197, ".txt"), long(196, ".txt")),
            (long(300, ".tar.gz"), long(197, ".gz")),
            // The cut may have exposed characters that a name may not end with.
            (long(195, ".y.txt"), long(195, ".txt")),
            (long(194, "  yyy.txt"), long(194, ".txt")),
            (
                format!("{}.{}", long(100, ""), long(150, "")),
                format!("{}.{}", long(100, ""), long(99, "")),
            ),
            (
                format!("€{}", long(300, ".€")),
                format!("€{}", long(193, ".€")),
            ),
            (
                format!("{}.€", "€".repeat(100)),
                format!("{}.€", "€".repeat(65)),
            ),
            (format!("CON{}.txt", " ".repeat(300)), "_CON.txt".to_owned()),
            (
                format!("CON.{}", long(300, "")),
                format!("_CON.{}", long(195, "")),
            ),
        ] {
            assert_eq!(harmless(&name).unwrap(), expected, "{name:?}");
        }
    }

    #[test]
    fn files_of_one_name_are_told_apart_before_the_extension() {
        for (name, expected) in [
            ("notes.txt", "notes (2).txt"),
            ("a.tar.gz", "a.tar (2).gz"),
            ("notes", "notes (2)"),
            ("a.no extension, this", "a (2).no extension, this"),
            ("a.no extension of a name", "a.no extension of a name (2)"),
        ] {
            assert_eq!(numbered(name, 2), expected);
        }
    }

    /// Written from the documentation of the systems, independently of the code.
    fn is_harmless(name: &str) -> bool {
        let devices = "CON PRN AUX NUL CLOCK$ CONIN$ CONOUT$";
        let ports = ["COM", "LPT"].iter().flat_map(|port| {
            "0123456789¹²³"
                .chars()
                .map(move |number| format!("{port}{number}"))
        });
        let mut devices = devices.split(' ').map(str::to_owned).chain(ports);
        let stem = name.split('.').next().unwrap().trim().to_uppercase();
        let shows_nothing = [
            0xAD, 0x61C, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x202D,
            0x202E, 0x2028, 0x2029, 0x2060, 0x2066, 0x2067, 0x2068, 0x2069, 0xFEFF, 0xE0001,
        ];
        !name.is_empty()
            && name.len() <= 200
            && Path::new("/folder").join(name).parent() == Some(Path::new("/folder"))
            && !devices.any(|device| device == stem)
            && !name.starts_with(['.', '-', '~', ' '])
            && !name.ends_with(['.', ' '])
            && name.trim() == name
            && !name.chars().any(|c| {
                c.is_control()
                    || r#"/\<>:"|?*"#.contains(c)
                    || shows_nothing.contains(&u32::from(c))
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn whatever_the_service_calls_it_the_name_is_harmless(
            field in "\\PC{0,60}|attachment; ?filename\\*?=\\PC{0,40}",
            name in "(?s).{0,40}|(?s).{190,230}|[./\\\\ :~\u{200b}\u{202e}-]{0,4}(con|COM1|lpt²|x{190,210}|NUL |conin\\$)?[. ~\u{a0}]{0,3}(txt)?[. ]{0,2}",
        ) {
            for name in disposition_name(&field).into_iter().chain([name]) {
                if let Some(made) = harmless(&name) {
                    prop_assert!(is_harmless(&made), "{:?} became {:?}", name, made);
                    prop_assert!(is_harmless(&numbered(&made, 2)) || made.len() > 190, "{:?}", made);
                    prop_assert_eq!(harmless(&made), Some(made));
                }
            }
        }
    }
}
