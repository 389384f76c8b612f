//! Splitting a page without decoding its items.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::items::{MOST_ITEMS, too_many_items};
use super::{Cursor, Paging, Split};
use crate::call::Received;
use crate::decode;
use crate::error::{Error, ErrorKind, UndecodedItem};
use crate::raw::RawJson;
use crate::request::Request;

/// A page as it came, and its text, which has the same length.
struct RawPage {
    payload: Bytes,
    text: Bytes,
}

impl RawPage {
    fn of(received: &Received) -> Self {
        let (payload, text) = received.raw_payload();
        Self { payload, text }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// The item as the service sent it.
    ///
    /// # Errors
    /// With those bytes, if they are not UTF-8.
    fn item(&self, item: &RawValue) -> Result<RawJson, Bytes> {
        let begin = item.get().as_ptr() as usize - self.text.as_ptr() as usize;
        let bytes = self.payload.slice(begin..begin + item.get().len());
        let is_text =
            self.payload.as_ptr() == self.text.as_ptr() || std::str::from_utf8(&bytes).is_ok();
        match is_text {
            true => Ok(RawJson::from_utf8(bytes)),
            false => Err(bytes),
        }
    }
}

/// Splits a page into its items as they came. Each is a slice of the response.
///
/// # Errors
/// If the response is not a page.
pub(super) fn split<P: Paging>(
    received: &Received,
) -> Result<Split<Result<RawJson, Error>>, Error> {
    let page = RawPage::of(received);
    let split = P::split_raw(page.text(), &received.request)
        .map_err(|_| received.undecodable(decode::explain_page(&page.payload)))?;
    if split.items.len() > MOST_ITEMS {
        return Err(received.undecodable(too_many_items()));
    }
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

/// The path of the list that begins with `first`, one of the page's items.
#[cold]
pub(super) fn list_path(received: &Received, first: &RawJson) -> String {
    let page = RawPage::of(received);
    let offset = first.as_bytes().as_ptr() as usize - page.payload.as_ptr() as usize;
    let path = decode::path_at(page.text(), offset);
    path.strip_suffix("[0]")
        .map_or_else(String::new, str::to_owned)
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
