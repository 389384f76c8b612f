//! Names of files that the service would lose.

use security_api_transport::{Error, Upload};

/// The most bytes of a part's `Content-Disposition` that the service's form parser accepts. It ignores longer parts.
const LONGEST_DISPOSITION: usize = 1536;

/// # Errors
/// If the service would silently lose one of the files because of its name, or nobody could download it.
pub(crate) fn check_files(files: &[Upload]) -> Result<(), Error> {
    for (index, file) in files.iter().enumerate() {
        let Some(what) = why_lost(file.name()) else {
            continue;
        };
        return Err(Error::invalid(format!(
            "`file`: the name of file {} {what}: give it another one with `file_name`",
            index + 1
        )));
    }
    Ok(())
}

/// Why the service would lose a file of this name. The service decodes percent-encoding, cuts the name at `/` and `\\`,
/// ignores parts without a name and parts whose header is too long, and trims the name.
fn why_lost(name: &str) -> Option<&'static str> {
    let name = name.trim_end_matches(['/', '\\']);
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let blanks = ['\t', '\n', '\u{b}', '\u{c}', '\r', ' '];
    let kept = last.trim_matches(blanks);
    // Browsers and other clients shorten a link that ends in `/.` or `/..` before they request it.
    if kept.is_empty() || is_dots(kept) {
        return Some(
            "is empty, blank, `.` or `..` after the last `/`, and nobody could download it",
        );
    }
    if name.contains('\0') {
        return Some("has a NUL character, with which the push could not be read");
    }
    let escaped = |c: char| matches!(c, '"' | '\\' | '%') || c.is_ascii_control();
    let length: usize = name
        .chars()
        .map(|c| if escaped(c) { 3 } else { c.len_utf8() })
        .sum();
    let header = " form-data; name=\"request[files][]\"; filename=\"\"".len();
    (header + length > LONGEST_DISPOSITION).then_some(
        "is too long, about 1,480 bytes are taken, and the service would ignore the file",
    )
}

/// Whether a URL segment means the folder it is in, or the one above.
pub(crate) fn is_dots(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_the_service_would_lose_are_told_from_those_that_it_changes() {
        for name in [
            "", " ", "/", "\\", "//", "a/ ", "a/..", ".", "..", "\t", "a\0b", "x/\r\n",
        ] {
            assert!(why_lost(name).is_some(), "{name:?}");
        }
        for name in [
            "a/b",
            "a/",
            "%2F",
            "100%",
            "a:b?.txt",
            "...",
            ".a",
            "\u{a0}",
            " a ",
            "a\rb",
            "\u{202e}x",
        ] {
            assert!(why_lost(name).is_none(), "{name:?}");
        }
        // The service accepts 1,536 bytes of the part's Content-Disposition, of which 48 are around the name.
        assert!(why_lost(&"x".repeat(1488)).is_none());
        assert!(why_lost(&"x".repeat(1489)).is_some());
        assert!(why_lost(&"x".repeat(1500)).is_some());
        assert!(why_lost(&"\"".repeat(500)).is_some());
        assert!(why_lost(&"é".repeat(750)).is_some());
    }

    proptest! {
        #[test]
        fn no_name_makes_it_panic(name in any::<String>()) {
            why_lost(&name);
        }
    }
}
