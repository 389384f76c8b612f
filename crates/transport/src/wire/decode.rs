//! Decodes responses, with clear errors when that fails.

mod failure;
mod nothing;
mod place;
mod repair;

use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind};
use crate::wire::foreign_response::whole_response;
use failure::{invalid_utf8, not_decoded, undecodable};
use nothing::Nothing;

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use super::failure::tests::message;

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
}
