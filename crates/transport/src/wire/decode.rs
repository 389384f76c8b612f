//! Decodes responses, with clear errors when that fails.

mod place;
mod repair;

use serde::de::{DeserializeOwned, Deserializer, Visitor};

use crate::error::{Error, ErrorKind};
use crate::wire::foreign_response::{FOREIGN, whole_response};

pub(crate) use place::path_at;
pub(crate) use repair::{masked, repair};

/// What JSON is decoded into. A program has one of these for each type that it decodes, and the rest of this file once.
pub(crate) trait DecodeTarget {
    /// Decodes a text.
    fn parse(&mut self, text: &str) -> Result<(), serde_json::Error>;

    /// Decodes nothing.
    fn take_nothing(&mut self, nothing: Nothing) -> Result<(), serde::de::value::Error>;
}

impl<T: DeserializeOwned> DecodeTarget for Option<T> {
    fn parse(&mut self, text: &str) -> Result<(), serde_json::Error> {
        *self = Some(serde_json::from_str(text)?);
        Ok(())
    }

    fn take_nothing(&mut self, nothing: Nothing) -> Result<(), serde::de::value::Error> {
        *self = Some(T::deserialize(nothing)?);
        Ok(())
    }
}

/// The value that `decode` puts into its target.
///
/// # Errors
/// Those of `decode`.
#[inline]
pub(crate) fn value<T: DeserializeOwned>(
    decode: impl FnOnce(&mut dyn DecodeTarget) -> Result<(), Error>,
) -> Result<T, Error> {
    let mut value = None;
    decode(&mut value)?;
    value.ok_or_else(not_decoded)
}

/// Decodes JSON as received, and if that fails, once more after [`repair`].
///
/// # Errors
/// With the JSON path and what was expected there, but never with a value, which may be secret.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let (value, is_repaired) = within("", body)?;
    if is_repaired {
        tell();
    }
    Ok(value)
}

/// Decodes JSON into `target` without a repair.
///
/// # Errors
/// Like [`json`].
pub(crate) fn fill(target: &mut dyn DecodeTarget, body: &[u8]) -> Result<(), Error> {
    // UTF-8 is checked once for the whole text.
    let text = text(body).map_err(invalid_utf8)?;
    target
        .parse(text)
        .map_err(|error| undecodable("", text, &error))
}

/// Like [`fill`], for a whole response: if it is an object, the target knows one of its members, or it has none.
///
/// # Errors
/// Like [`json`].
pub(crate) fn fill_whole(target: &mut dyn DecodeTarget, body: &[u8]) -> Result<(), Error> {
    whole_response(|| fill(target, body))
}

/// Decodes JSON at `place` in a larger text, like [`json`], and returns whether it had to be repaired.
///
/// # Errors
/// Like [`json`], with the path in the larger text.
pub(crate) fn within<T: DeserializeOwned>(place: &str, body: &[u8]) -> Result<(T, bool), Error> {
    let mut is_repaired = false;
    let value = value(|target| {
        is_repaired = fill_within(target, place, body)?;
        Ok(())
    })?;
    Ok((value, is_repaired))
}

fn fill_within(target: &mut dyn DecodeTarget, place: &str, body: &[u8]) -> Result<bool, Error> {
    // UTF-8 is checked once for the whole text.
    let strict = text(body).map(|text| target.parse(text));
    if let Ok(Ok(())) = strict {
        return Ok(false);
    }
    let repaired = second(place, body, strict.ok().and_then(Result::err))?;
    match target.parse(&repaired) {
        Ok(()) => Ok(true),
        Err(error) => Err(undecodable(place, &repaired, &error)),
    }
}

/// Decodes JSON without a repair.
///
/// # Errors
/// Like [`json`].
pub(crate) fn strict<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    value(|target| fill(target, body))
}

/// The bytes as text. Pages are large, so the check takes several bytes at once.
///
/// # Errors
/// If they are not UTF-8.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, std::str::Utf8Error> {
    match simdutf8::basic::from_utf8(bytes) {
        Ok(text) => Ok(text),
        // The faster check does not say where the error is.
        Err(_) => std::str::from_utf8(bytes),
    }
}

/// The repaired text, or the decoding error if there is nothing to repair.
#[cold]
#[inline(never)]
fn second(place: &str, body: &[u8], error: Option<serde_json::Error>) -> Result<String, Error> {
    repair(body).ok_or_else(|| match (std::str::from_utf8(body), error) {
        (Ok(text), Some(error)) => undecodable(place, text, &error),
        (Ok(_), None) => not_decoded(),
        (Err(error), _) => invalid_utf8(error),
    })
}

#[cold]
fn not_decoded() -> Error {
    Error::new(ErrorKind::Decode, "the response could not be decoded")
}

/// Logs that the decoded text had been repaired.
#[cold]
#[inline(never)]
pub(crate) fn tell() {
    tracing::warn!("the response was not correct JSON and was decoded after a repair");
}

/// Decodes a response without a body. Only types that can be decoded from nothing, such as `()` and `Option`, succeed.
#[cold]
pub(crate) fn nothing(target: &mut dyn DecodeTarget) -> Result<(), Error> {
    target.take_nothing(Nothing::Empty).map_err(|_| {
        Error::new(
            ErrorKind::Decode,
            "the response is empty where JSON was expected",
        )
    })
}

/// Whether the target is `()`, which accepts any response.
#[cold]
pub(crate) fn is_unit(target: &mut dyn DecodeTarget) -> bool {
    target.take_nothing(Nothing::Unit).is_ok()
}

/// No value.
#[derive(Clone, Copy)]
pub(crate) enum Nothing {
    /// Nothing was sent. Unlike `null`, it is not decoded as an object without members.
    Empty,
    /// The type needs no value.
    Unit,
}

impl<'de> Deserializer<'de> for Nothing {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self {
            Self::Empty => visitor.visit_none(),
            Self::Unit => Err(serde::de::Error::custom("")),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self {
            Self::Empty => visitor.visit_unit(),
            Self::Unit => self.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Explains why a payload is not a page.
#[cold]
pub(crate) fn explain_page(payload: &[u8]) -> Error {
    match json::<serde_json::Value>(payload) {
        Ok(_) => Error::new(
            ErrorKind::Decode,
            "the response is JSON, but no page of a list",
        ),
        Err(error) => error,
    }
}

fn invalid_utf8(error: std::str::Utf8Error) -> Error {
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
fn undecodable(place: &str, text: &str, error: &serde_json::Error) -> Error {
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
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn message(body: &[u8]) -> String {
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

    #[test]
    fn an_odd_value_is_repaired_and_costs_no_other() {
        type Read = BTreeMap<String, Vec<serde_json::Value>>;
        let read = json::<Read>("\u{feff}{\"a\":[\"cut \\ud83d\",1e400,2]}".as_bytes()).unwrap();
        assert_eq!(read["a"][0], "cut \u{fffd}");
        assert_eq!(read["a"][1], "1e400");
        assert_eq!(read["a"][2], 2);
        let read = json::<Read>(b"{\"a\":[\"caf\xe9\"]}").unwrap();
        assert_eq!(read["a"][0], "caf\u{fffd}");
        // Other errors are reported with their place in the repaired text.
        assert_eq!(
            message("\u{feff}{\"\\ud83d\":[1e400]}".as_bytes()),
            "the response does not fit at `\u{fffd}[0]`: expected u32, found string"
        );
    }

    #[test]
    fn numbers_of_many_digits_are_kept_as_text_and_refused_as_numbers() {
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "decoded, not read")]
        struct Plain {
            a: u64,
        }
        let digits = "7".repeat(400);
        let body = format!(r#"{{"a":{digits}}}"#);
        let text: BTreeMap<String, String> = json(body.as_bytes()).unwrap();
        assert_eq!(text["a"], digits);
        let error = json::<Plain>(body.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            error,
            "the response does not fit at `a`: expected u64, found string"
        );
    }

    #[test]
    fn no_whole_number_loses_digits_on_its_way_into_a_text() {
        crate::model! {
            /// An object with an id.
            #[derive(Default)]
            struct Record: Received {
                id: String = "id",
            }
        }

        for edge in [i128::from(i64::MIN), i128::from(u64::MAX)] {
            for step in -3000..3000 {
                let digits = (edge + step).to_string();
                let body = format!(r#"{{"id":{digits}}}"#);
                assert_eq!(json::<Record>(body.as_bytes()).unwrap().id, digits);
            }
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
