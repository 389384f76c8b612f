//! Expands path templates so that no value can leave its segment.

use super::encode::{encoded, is_plain};
use crate::error::Error;

/// Replaces the placeholders of `template` with `values`, in order, each encoded as one segment.
///
/// # Errors
/// If a value is empty, or has `.` or `..` as a segment: URL parsers resolve such segments even when they are
/// percent-encoded, so the request would go to another resource.
///
/// # Panics
/// If there are fewer values than placeholders, which is a bug of the generator.
pub(crate) fn expand(template: &'static str, values: &[&str]) -> Result<String, Error> {
    let room: usize = values.iter().map(|value| value.len()).sum();
    let mut path = String::with_capacity(template.len() + room);
    let mut values = values.iter();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').expect("a placeholder is closed");
        path.push_str(before);
        let value = values.next().expect("every placeholder has a value");
        push_segment(&mut path, name, value)?;
        rest = after;
    }
    path.push_str(rest);
    Ok(path)
}

/// Appends a value as one encoded segment, unless it would not stay within the segment.
pub(crate) fn push_segment(path: &mut String, name: &str, value: &str) -> Result<(), Error> {
    if value.is_empty() {
        return Err(Error::invalid(format!(
            "`{name}` is empty: an empty id would address the whole collection"
        )));
    }
    let plain = is_plain(value);
    let leaves = if plain {
        is_dots(value)
    } else {
        value.split(['/', '\\']).any(is_dots)
    };
    if leaves {
        return Err(Error::invalid(format!(
            "`{name}` has `.` or `..` as a path segment, which would address another resource"
        )));
    }
    if plain {
        path.push_str(value);
    } else {
        path.extend(encoded(value));
    }
    Ok(())
}

/// Checks a path that the caller wrote.
pub(crate) fn check_path(path: &str) -> Result<(), Error> {
    if !path.starts_with('/') {
        return Err(Error::invalid("the path must begin with `/`"));
    }
    if path.contains(['?', '#']) {
        return Err(Error::invalid(
            "the path must not contain `?` or `#`: give the query with `query`",
        ));
    }
    let allowed = |c: char| c.is_ascii_graphic() && c != '\\';
    if !path.chars().all(allowed) {
        return Err(Error::invalid(
            "the path has characters that must be percent-encoded: add such segments with `segment`",
        ));
    }
    if path.split('/').any(is_dots) {
        return Err(Error::invalid("the path has `.` or `..` as a segment"));
    }
    Ok(())
}

/// Whether URL parsers would take the segment for `.` or `..`.
fn is_dots(segment: &str) -> bool {
    if segment.len() > "%2e%2e".len() {
        return false;
    }
    let plain = segment.replace("%2e", ".").replace("%2E", ".");
    plain == "." || plain == ".."
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEMPLATE: &str = "/v1/accounts/{id}/loginMethods";

    #[test]
    fn an_id_that_would_leave_its_segment_is_refused_before_anything_is_sent() {
        for id in [
            "", ".", "..", "../admin", "a/../b", "..\\x", "%2e%2e", "%2E.", ".%2e/x",
        ] {
            let error = expand(TEMPLATE, &[id]).unwrap_err();
            assert!(error.to_string().contains("`id`"), "{id}: {error}");
        }
    }

    #[test]
    fn reserved_characters_are_encoded() {
        assert_eq!(
            expand(TEMPLATE, &["a/b?c#d e%é"]).unwrap(),
            "/v1/accounts/a%2Fb%3Fc%23d%20e%25%C3%A9/loginMethods"
        );
    }

    #[test]
    fn a_path_of_the_callers_own_is_checked() {
        assert!(check_path("/v1/urlBlocking/a%20b").is_ok());
        for path in [
            "v1",
            "/v1?x=1",
            "/v1#x",
            "/a/../b",
            "/a/%2e%2E",
            "/a b",
            "/a\\b",
            "/é",
            "/a\n",
        ] {
            assert!(check_path(path).is_err(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_id_the_url_keeps_its_shape(id in "\\PC{0,24}|[./%2eE\\\\]{0,8}") {
            if let Ok(path) = expand(TEMPLATE, &[&id]) {
                let url = reqwest::Url::parse(&format!("https://host{path}")).unwrap();
                let segments: Vec<_> = url.path_segments().unwrap().collect();
                prop_assert_eq!(segments.len(), 4);
                prop_assert_eq!((segments[0], segments[1], segments[3]), ("v1", "accounts", "loginMethods"));
                let decoded = percent_encoding::percent_decode_str(segments[2]).decode_utf8().unwrap();
                prop_assert_eq!(decoded, id);
                prop_assert!(url.query().is_none() && url.fragment().is_none());
            }
        }
    }
}
