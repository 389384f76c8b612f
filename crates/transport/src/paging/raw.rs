//! Splitting a page without decoding its items.

use std::borrow::Cow;
use std::iter;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::{Cursor, Paging, Split};
use crate::call::Received;
use crate::decode;
use crate::error::{Error, ErrorKind, UndecodedItem};
use crate::raw::RawJson;
use crate::request::Request;

const BOM: &[u8] = "\u{feff}".as_bytes();

/// The text of a page. A byte order mark is left out, and bytes that are not UTF-8 are replaced one by one, so that each
/// item can be found in the response as it came.
struct PageText<'a> {
    payload: &'a Bytes,
    text: Cow<'a, str>,
    /// Where the text begins in the payload.
    start: usize,
}

impl<'a> PageText<'a> {
    fn of(payload: &'a Bytes) -> Self {
        let start = if payload.starts_with(BOM) {
            BOM.len()
        } else {
            0
        };
        let bytes = &payload[start..];
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(masked(bytes)),
        };
        Self {
            payload,
            text,
            start,
        }
    }

    /// The item as the service sent it.
    ///
    /// # Errors
    /// With those bytes, if they are not UTF-8.
    fn item(&self, item: &RawValue) -> Result<RawJson, Bytes> {
        let offset = item.get().as_ptr() as usize - self.text.as_ptr() as usize;
        let begin = self.start + offset;
        let bytes = self.payload.slice(begin..begin + item.get().len());
        match self.text {
            Cow::Borrowed(_) => Ok(RawJson::from_utf8(bytes)),
            Cow::Owned(_) if std::str::from_utf8(&bytes).is_ok() => Ok(RawJson::from_utf8(bytes)),
            Cow::Owned(_) => Err(bytes),
        }
    }
}

/// A text of the same length, with a question mark for each byte that is not UTF-8.
#[cold]
fn masked(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(iter::repeat_n('?', chunk.invalid().len()));
    }
    text
}

/// Splits a page into its items as they came. Each is a slice of the response.
///
/// # Errors
/// If the response is not a page.
pub(super) fn split<P: Paging>(
    received: &Received,
) -> Result<Split<Result<RawJson, Error>>, Error> {
    let payload = received.payload();
    let page = PageText::of(&payload);
    let split = P::split_raw(&page.text, &received.request)
        .map_err(|_| received.undecodable(decode::explain_page(&payload)))?;
    let items = split.items.into_iter().enumerate().map(|(index, item)| {
        page.item(item).map_err(|json| {
            let cause = Error::new(ErrorKind::Decode, "it is not UTF-8");
            undecoded::<P>(received, index, json, &cause)
        })
    });
    Ok(Split {
        items: items.collect(),
        next: split.next,
        total: split.total,
    })
}

/// The error for one item of a page.
#[cold]
pub(super) fn undecoded<P: Paging>(
    received: &Received,
    index: usize,
    json: Bytes,
    cause: &Error,
) -> Error {
    let cursor = place::<P>(&received.request, index);
    let message = format!("item {} of the page: {cause}", index + 1);
    received
        .undecodable(Error::new(ErrorKind::Decode, message))
        .with_item(UndecodedItem::new(json, cursor))
}

/// The place of an item on the page that `request` asks for.
fn place<P: Paging>(request: &Request, index: usize) -> Cursor {
    Cursor {
        page: request.page.clone(),
        taken: index,
        size: P::page_size(request).map(Cow::into_owned),
        end: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_the_bytes_that_came_whatever_stands_around_them() {
        for (page, expected) in [
            (&b"[1, {\"a\": 2} ]"[..], [Ok("1"), Ok("{\"a\": 2}")]),
            (b"\xef\xbb\xbf[1,2]", [Ok("1"), Ok("2")]),
            (b"[\"\xff\xfe\",2]", [Err(&b"\"\xff\xfe\""[..]), Ok("2")]),
            (
                b"\xef\xbb\xbf[\"\xe2\x82\",\"\xc3\xa4\"]",
                [Err(b"\"\xe2\x82\""), Ok("\"ä\"")],
            ),
        ] {
            let payload = Bytes::copy_from_slice(page);
            let page = PageText::of(&payload);
            let items: Vec<&RawValue> = serde_json::from_str(&page.text).unwrap();
            assert_eq!(items.len(), expected.len());
            for (item, expected) in items.into_iter().zip(expected) {
                let item = page.item(item);
                let item = item.as_ref().map(RawJson::as_str).map_err(|json| &json[..]);
                assert_eq!(item, expected);
            }
        }
    }
}
