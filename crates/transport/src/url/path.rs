//! Expands path templates so that no value can leave its segment.

use super::encode::{encode_into, is_plain};
use crate::error::Error;
use crate::operation::Operation;
use crate::text::is_blank;

/// Replaces the placeholders of the operation's path with `values`, in order, each encoded as one segment. A secret is
/// not put in: its placeholder stays, and it is passed to `secret` together with its name.
///
/// # Errors
/// If a value is empty or blank, or has `.` or `..` as a segment: URL parsers resolve such segments even when they are
/// percent-encoded, so the request would go to another resource.
///
/// # Panics
/// If there are fewer values than placeholders, which is a bug of the generator.
pub(crate) fn expand(
    operation: &'static Operation,
    values: &[&str],
    mut secret: impl FnMut(&'static str, &str),
) -> Result<String, Error> {
    let template = operation.path();
    let room: usize = values.iter().map(|value| value.len()).sum();
    let mut path = String::with_capacity(template.len() + room);
    let mut values = values.iter();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').expect("a placeholder is closed");
        path.push_str(before);
        let value = values.next().expect("every placeholder has a value");
        if operation.is_secret_in_path(name) {
            check_segment(name, value)?;
            path.extend(["{", name, "}"]);
            secret(name, value);
        } else {
            push_segment(&mut path, name, value)?;
        }
        rest = after;
    }
    path.push_str(rest);
    Ok(path)
}

/// Appends a value as one encoded segment, unless it would not stay within the segment.
pub(crate) fn push_segment(path: &mut String, name: &str, value: &str) -> Result<(), Error> {
    match check_segment(name, value)? {
        true => path.push_str(value),
        false => encode_into(path, value),
    }
    Ok(())
}

/// Checks that a value stays within its segment, and returns whether it needs no encoding.
fn check_segment(name: &str, value: &str) -> Result<bool, Error> {
    if is_blank(value) {
        return Err(Error::invalid(format!(
            "`{name}` is empty or blank: such an id would address the whole collection"
        )));
    }
    let is_plain = is_plain(value);
    let leaves = match is_plain {
        true => is_dots(value),
        false => value.split(['/', '\\']).any(is_dots),
    };
    if leaves {
        return Err(Error::invalid(format!(
            "`{name}` has `.` or `..` as a path segment, which would address another resource"
        )));
    }
    Ok(is_plain)
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
    if segment.len() > "%2e%2e".len() || !segment.starts_with(['.', '%']) {
        return false;
    }
    let plain = segment.replace("%2e", ".").replace("%2E", ".");
    plain == "." || plain == ".."
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;
    use proptest::prelude::*;

    fn expand(value: &str) -> Result<String, Error> {
        static METHODS: Operation = Operation::new(
            "methods.list",
            Method::GET,
            "/v1/accounts/{id}/loginMethods",
        );
        super::expand(&METHODS, &[value], |_, _| unreachable!("nothing is secret"))
    }

    #[test]
    fn an_id_that_would_leave_its_segment_is_refused_before_anything_is_sent() {
        for id in [
            "", " ", "\u{a0}", ".", "..", "../admin", "a/../b", "..\\x", "%2e%2e", "%2E.", ".%2e/x",
        ] {
            let error = expand(id).unwrap_err();
            assert!(error.to_string().contains("`id`"), "{id}: {error}");
        }
    }

    #[test]
    fn reserved_characters_are_encoded() {
        assert_eq!(
            expand("a/b?c#d e%é").unwrap(),
            "/v1/accounts/a%2Fb%3Fc%23d%20e%25%C3%A9/loginMethods"
        );
    }

    #[test]
    fn a_secret_is_checked_and_left_out() {
        static SHOW: Operation = Operation::new("pushes.show", Method::GET, "/pushes/{token}/{id}")
            .secret_path(&["token"]);
        let expand = |token: &str| {
            let mut kept = Vec::new();
            let path = super::expand(&SHOW, &[token, "a b"], |name, value| {
                kept.push((name, value.to_owned()));
            });
            path.map(|path| (path, kept))
        };
        assert_eq!(
            expand("t0/ken").unwrap(),
            (
                "/pushes/{token}/a%20b".to_owned(),
                vec![("token", "t0/ken".to_owned())]
            )
        );
        for token in ["", "..", "t0ken/../x"] {
            let error = expand(token).unwrap_err().to_string();
            assert!(
                error.contains("`token`") && !error.contains("t0ken"),
                "{error}"
            );
        }
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
            if let Ok(path) = expand(&id) {
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
