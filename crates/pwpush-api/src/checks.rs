//! What no instance accepts, and the client refuses before anything is sent.

use security_api_transport::__private::is_white_space;
use security_api_transport::{Error, Request, Secret, Upload};

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

/// Adds the passphrase that a push or request, which `what` names, is opened with. The service reads it from the query
/// alone.
pub(crate) fn opened_with(request: Request, passphrase: &Secret, what: &str) -> Request {
    match check_passphrase(Some(passphrase), &format!("opens no {what}")) {
        Ok(()) => request.set_secret_query("passphrase", passphrase),
        Err(error) => request.fail(error),
    }
}

/// # Errors
/// If the passphrase is empty or blank: the service treats it as no passphrase. `effect` is what that would do.
pub(crate) fn check_passphrase(passphrase: Option<&Secret>, effect: &str) -> Result<(), Error> {
    if passphrase.is_some_and(|passphrase| is_white_space(passphrase.expose())) {
        return Err(Error::invalid(format!(
            "`passphrase` is empty or blank, which {effect}: give one, or leave it out"
        )));
    }
    Ok(())
}

/// # Errors
/// If the text is blank, or has more characters than the service accepts. `field` is what the caller set.
pub(crate) fn check_text(field: &str, text: &str, most: usize) -> Result<(), Error> {
    if is_white_space(text) {
        return Err(Error::invalid(format!("`{field}` is blank: give a text")));
    }
    check_length(field, text, most)
}

/// # Errors
/// If the text has more characters than the service accepts. `field` is what the caller set.
pub(crate) fn check_length(field: &str, text: &str, most: usize) -> Result<(), Error> {
    let length = text.chars().count();
    if length > most {
        return Err(Error::invalid(format!(
            "`{field}` has {length} characters; at most {most} can be sent: shorten it, or put the rest into a file"
        )));
    }
    Ok(())
}

/// How many people one call can notify.
const RECIPIENTS: usize = 5;

/// The addresses in the service's form.
///
/// # Errors
/// If there are too many, or one is invalid or repeated. No address is in the error.
pub(crate) fn recipients(field: &str, addresses: &[String]) -> Result<Option<String>, Error> {
    if addresses.len() > RECIPIENTS {
        return Err(Error::invalid(format!(
            "`{field}`: {} addresses; at most {RECIPIENTS} people can be told",
            addresses.len()
        )));
    }
    for (index, address) in addresses.iter().enumerate() {
        let wrong = |what: &str| {
            Err(Error::invalid(format!(
                "`{field}`: address {} {what}",
                index + 1
            )))
        };
        if !is_address(address) {
            return wrong(
                "is not an e-mail address that the service takes: one address without blanks, of letters of ASCII, \
                 digits and `._%+-`, at a domain such as `example.com`; an international domain is written as `xn--…`",
            );
        }
        if addresses[..index]
            .iter()
            .any(|other| other.eq_ignore_ascii_case(address))
        {
            return wrong("is there twice");
        }
    }
    Ok((!addresses.is_empty()).then(|| addresses.join(",")))
}

/// Whether the service accepts the address: `[\w.%+-]+@([\w-]+\.)+\w{2,}`, where `\w` is an ASCII letter or digit or
/// `_`.
fn is_address(address: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let Some((local, host)) = address.split_once('@') else {
        return false;
    };
    let Some((domain, top)) = host.rsplit_once('.') else {
        return false;
    };
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| is_word(c) || c == '-');
    !local.is_empty()
        && local.chars().all(|c| is_word(c) || ".%+-".contains(c))
        && domain.split('.').all(is_label)
        && top.len() >= 2
        && top.chars().all(is_word)
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

    #[test]
    fn as_many_people_are_told_as_the_service_takes() {
        let people: Vec<_> = (1..=6)
            .map(|number| format!("p{number}@example.com"))
            .collect();
        assert_eq!(recipients("to", &[]).unwrap(), None);
        let five = recipients("to", &people[..5]).unwrap().unwrap();
        assert_eq!(five.split(',').collect::<Vec<_>>(), people[..5]);
        let error = recipients("to", &people).unwrap_err().to_string();
        assert!(
            error.contains("6 addresses") && !error.contains('@'),
            "{error}"
        );
    }

    #[test]
    fn addresses_are_those_that_the_service_takes() {
        for address in ["a@example.com", "a.b+c%d@sub.example-1.org", "_@xn--e1a.fr"] {
            assert!(is_address(address), "{address}");
        }
        for other in [
            "",
            "a",
            "a@b",
            "@example.com",
            "a@.com",
            "a@example.c",
            "a b@example.com",
            "a@@example.com",
            "é@example.fr",
            "a@exämple.fr",
            "a@example.com\n",
            "a@b.com,c@d.com",
            "a@example.co-m",
        ] {
            assert!(!is_address(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_name_makes_it_panic(name in any::<String>()) {
            why_lost(&name);
        }
    }
}
