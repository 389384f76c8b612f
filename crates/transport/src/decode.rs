//! Decoding an answer, and saying clearly why it cannot be decoded.

use serde::de::{DeserializeOwned, Deserializer, Visitor};

use crate::error::{Error, ErrorKind};

/// Decodes JSON. UTF-8 is checked once for the whole text.
///
/// # Errors
/// With the JSON path and what was expected there, but never with a value: it may be secret.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let text = std::str::from_utf8(body).map_err(invalid_utf8)?;
    serde_json::from_str(text).map_err(|_| explain::<T>(text))
}

/// Decodes an answer without a body: a value only for types that have one for nothing, as `()` and `Option` have.
pub(crate) fn nothing<T: DeserializeOwned>() -> Result<T, Error> {
    T::deserialize(Nothing).map_err(|_: serde::de::value::Error| {
        Error::new(
            ErrorKind::Decode,
            "the answer is empty where JSON was expected",
        )
    })
}

/// Where nothing was sent; unlike `null`, it is no object without members.
struct Nothing;

impl<'de> Deserializer<'de> for Nothing {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_none()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Says why a payload that is no page is none.
#[cold]
pub(crate) fn explain_page(payload: &[u8]) -> Error {
    match json::<serde_json::Value>(payload) {
        Ok(_) => Error::new(
            ErrorKind::Decode,
            "the answer is JSON, but no page of a list",
        ),
        Err(error) => error,
    }
}

fn invalid_utf8(error: std::str::Utf8Error) -> Error {
    Error::new(
        ErrorKind::Decode,
        format!("the answer is not UTF-8 from byte {}", error.valid_up_to()),
    )
}

/// Decodes again, now keeping track of the path; only failures pay for that.
#[cold]
#[inline(never)]
fn explain<T: DeserializeOwned>(text: &str) -> Error {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => undecodable(text, None, deserializer.end().err()),
        Err(error) => {
            let path = error.path().to_string();
            undecodable(text, Some(path), Some(error.into_inner()))
        }
    }
}

#[cold]
#[inline(never)]
fn undecodable(text: &str, path: Option<String>, error: Option<serde_json::Error>) -> Error {
    let start = text.trim_start();
    if start.is_empty() {
        return Error::new(
            ErrorKind::Decode,
            "the answer is empty where JSON was expected",
        );
    }
    if start.starts_with('<') {
        return Error::new(
            ErrorKind::Decode,
            "the answer is HTML or XML, not JSON: check that the base URL is the API's",
        );
    }
    let Some(error) = error else {
        return Error::new(ErrorKind::Decode, "the answer could not be decoded");
    };
    let place = match path.as_deref() {
        None | Some(".") => String::new(),
        Some(path) => format!(" at `{path}`"),
    };
    let message = match error.classify() {
        serde_json::error::Category::Eof => {
            format!("the answer is JSON that ends too early{place}")
        }
        serde_json::error::Category::Data => {
            format!(
                "the answer does not fit{place}: {}",
                without_value(&error.to_string())
            )
        }
        _ => format!(
            "the answer is not JSON: line {}, column {}",
            error.line(),
            error.column()
        ),
    };
    Error::new(ErrorKind::Decode, message)
}

/// Takes the offending value out of serde's message, keeping the kinds that were found and expected.
fn without_value(message: &str) -> String {
    let message = message
        .rsplit_once(" at line ")
        .map_or(message, |(text, _)| text);
    if message.starts_with("missing field `") {
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
            "the answer does not fit at `a[2]`: expected u32, found string"
        );
        assert_eq!(
            message(br#"{"a":[1,-2]}"#),
            "the answer does not fit at `a[1]`: expected u32, found integer"
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
}
