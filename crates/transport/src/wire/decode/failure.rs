//! What an error of decoding says: where it is, what was expected there and what kind was found, but no value.

use super::place;
use crate::error::{Error, ErrorKind};
use crate::wire::foreign_response::FOREIGN;

#[cold]
pub(super) fn not_decoded() -> Error {
    Error::new(ErrorKind::Decode, "the response could not be decoded")
}

pub(super) fn invalid_utf8(error: std::str::Utf8Error) -> Error {
    Error::new(
        ErrorKind::Decode,
        format!(
            "the response is not UTF-8 from byte {}",
            error.valid_up_to()
        ),
    )
}

#[cold]
#[inline(never)]
pub(super) fn undecodable(place: &str, text: &str, error: &serde_json::Error) -> Error {
    let start = text.trim_start();
    if start.is_empty() {
        return Error::new(
            ErrorKind::Decode,
            "the response is empty where JSON was expected",
        );
    }
    if start.starts_with('<') {
        return Error::new(
            ErrorKind::Decode,
            "the response is HTML or XML, not JSON: check that the base URL is the API's",
        );
    }
    let place = || match place::path(place, text, error) {
        path if path.is_empty() => path,
        path => format!(" at `{path}`"),
    };
    let message = match error.classify() {
        serde_json::error::Category::Eof => {
            format!("the response is JSON that ends too early{}", place())
        }
        serde_json::error::Category::Data => {
            format!(
                "the response does not fit{}: {}",
                place(),
                without_value(&error.to_string())
            )
        }
        _ => format!(
            "the response is not JSON: line {}, column {}",
            error.line(),
            error.column()
        ),
    };
    Error::new(ErrorKind::Decode, message)
}

/// Removes the offending value from serde's message, and keeps the found and expected kinds.
fn without_value(message: &str) -> String {
    let message = message
        .rsplit_once(" at line ")
        .map_or(message, |(text, _)| text);
    if message.starts_with("missing field `") || message.starts_with(FOREIGN) {
        return message.to_owned();
    }
    let found = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))
        .map(|rest| rest.split([' ', ',']).next().unwrap_or_default());
    let expected = message
        .rsplit_once(", expected ")
        .map(|(_, expected)| expected);
    match (found, expected) {
        (Some(found), Some(expected)) => format!("expected {expected}, found {found}"),
        _ => "invalid value".to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::wire::decode::json;

    pub(in crate::wire::decode) fn message(body: &[u8]) -> String {
        let error = json::<BTreeMap<String, Vec<u32>>>(body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        error.to_string()
    }

    #[test]
    fn a_decode_error_says_where_and_what_was_expected() {
        assert_eq!(
            message(br#"{"a":[1,2,"three"]}"#),
            "the response does not fit at `a[2]`: expected u32, found string"
        );
        assert_eq!(
            message(br#"{"a":[1,-2]}"#),
            "the response does not fit at `a[1]`: expected u32, found integer"
        );
        // A list or an object is refused before it is entered.
        for (body, found) in [
            (r#"{"a":[1, {"b":2}]}"#, "map"),
            ("{\"a\":[1,\n  [2] ]}", "sequence"),
        ] {
            assert_eq!(
                message(body.as_bytes()),
                format!("the response does not fit at `a[1]`: expected u32, found {found}")
            );
        }
    }

    #[test]
    fn each_kind_of_broken_body_is_told_apart() {
        assert!(message(b"").contains("empty"));
        assert!(message(b"<html>Bad gateway</html>").contains("HTML"));
        assert!(message(br#"{"a":[1"#).contains("ends too early"));
        assert!(message(b"{\"a\":\xff}").contains("not UTF-8 from byte 5"));
        assert!(message(b"nonsense").contains("not JSON"));
        assert!(message(b"{} trailing").contains("not JSON"));
    }

    #[test]
    fn a_decode_error_never_shows_the_value() {
        for body in [
            r#"{"a":"s3cret"}"#,
            r#"{"a":["s3cret, expected nothing"]}"#,
            r#"{"a":[1, "s3cret at line 3"]}"#,
        ] {
            let error = json::<BTreeMap<String, Vec<u32>>>(body.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
    }

    crate::model! {
        /// An object with one of each.
        #[derive(Default)]
        struct Own: Received {
            id: String = "id" (required),
            list: Vec<Own> = "list",
            map: BTreeMap<String, i32> = "map",
            flag: Option<bool> = "flag",
        }
    }

    #[test]
    fn the_path_of_an_error_is_that_of_the_value() {
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "decoded, not read")]
        struct Derived {
            id: String,
            #[serde(default)]
            list: Vec<Derived>,
            #[serde(default)]
            map: BTreeMap<String, i32>,
            flag: Option<bool>,
        }

        // Errors about missing members point at the object.
        for (body, path) in [
            ("{}", ""),
            (r#"[1]"#, ""),
            (r#"7"#, ""),
            (r#"{"id":"a","list":[{"id":"b"},{}]}"#, " at `list[1]`"),
            (
                "{\n\"id\":\"a\",\n \"list\":\n[ { } , {\"id\":\"b\"}]}",
                " at `list[0]`",
            ),
            ("{\"id\":\"a\",\n\"flag\":7}", " at `flag`"),
            ("{\"id\":\"a\",\n\"flag\":\"no\"}", " at `flag`"),
            (r#"{"id":["a"]}"#, " at `id`"),
            (r#"{"id":{"a":"b"},"flag":true}"#, " at `id`"),
            (r#"{"id":"a","list":{"id":"b"}}"#, " at `list`"),
            (r#"{"id":"a","list":[ [] ]}"#, " at `list[0]`"),
            (r#"{"id":"a","list":["b"]}"#, " at `list[0]`"),
            (r#"{"id":"a","list":[null]}"#, " at `list[0]`"),
            (r#"{"id":"a","map":{"x":1,"y":2147483648}}"#, " at `map.y`"),
            (
                r#"{"id":"a","map":{"x":1,"y":-2147483649 , "z":1}}"#,
                " at `map.y`",
            ),
            (r#"{"id":"a","map":{"x":[1, {}]}}"#, " at `map.x`"),
            (
                r#"{"id":"a","list":[{"id":"\"","flag":"no\\"}]}"#,
                " at `list[0].flag`",
            ),
            (
                r#"{"id":"é","list":[{"id":"b","list":[{"id":"c","flag":12}]}]}"#,
                " at `list[0].list[0].flag`",
            ),
        ] {
            let errors = [
                json::<Own>(body.as_bytes()).map(drop),
                json::<Derived>(body.as_bytes()).map(drop),
            ];
            for (error, kind) in errors.into_iter().zip(["own", "derived"]) {
                // `serde` accepts a list for a struct, member by member.
                if kind == "derived" && (body == "[1]" || body.contains("[ [] ]")) {
                    continue;
                }
                let error = error.unwrap_err().to_string();
                let start = format!("the response does not fit{path}: ");
                assert!(error.starts_with(&start), "{kind} {body}: {error}");
            }
        }
        for (body, path) in [
            (
                r#"{"id":"a","list":[{"id":"b"},{"id":"c"#,
                " at `list[1].id`",
            ),
            (r#"{"id":"a","list":[{"id":"b"}"#, " at `list`"),
            (r#"{"id":"a","map":{"x":1"#, " at `map`"),
        ] {
            let error = json::<Own>(body.as_bytes()).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("the response is JSON that ends too early{path}")
            );
        }
    }

    #[test]
    fn names_in_a_path_are_escaped_and_bounded() {
        let name = "\u{1b}[31m\r\n\u{202e}";
        let body = serde_json::json!({ name: ["x"], "a": [] }).to_string();
        assert_eq!(
            message(body.as_bytes()),
            r"the response does not fit at `\u{1b}[31m\r\n\u{202e}[0]`: expected u32, found string"
        );
        let body = serde_json::json!({ "n".repeat(60_000): ["x"] }).to_string();
        let long = format!("{}…[0]", "n".repeat(40));
        assert!(message(body.as_bytes()).contains(&format!("`{long}`")));
        let deep = format!("{}1{}", r#"{"abcdefghij":"#.repeat(120), "}".repeat(120));
        let error = RawTree::decode(&deep);
        assert!(error.chars().count() < 320, "{error}");
        // Both ends are there.
        let (start, end) = error.split_once('…').unwrap();
        assert!(start.contains("`abcdefghij.abcdefghij."), "{error}");
        assert!(end.contains(".abcdefghij`"), "{error}");
    }

    /// A type as deeply nested as its text.
    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "decoded, not read")]
    struct RawTree {
        abcdefghij: Box<RawTree>,
    }

    impl RawTree {
        fn decode(text: &str) -> String {
            json::<Self>(text.as_bytes()).unwrap_err().to_string()
        }
    }
}
