//! Splitting a page without decoding its items.

use std::borrow::Cow;

use bytes::Bytes;

use super::{Cursor, Paging, Split, position};
use crate::call::Received;
use crate::error::{Error, ErrorKind, UndecodedItem};
use crate::request::Request;
use crate::wire::decode;
use crate::wire::raw::RawJson;

/// A page of items as the service sent them.
type RawSplit<P> = Split<Result<RawJson, Error>, <P as Paging>::Position>;

/// Splits a page into its raw items. Each is a slice of the response.
///
/// # Errors
/// If the response is not a page, or has too many items.
pub(super) fn split<P: Paging>(received: &Received) -> Result<RawSplit<P>, Error> {
    let split = split_with::<P, _>(received, |index, json, is_text| {
        if is_text || decode::text(&json).is_ok() {
            return Ok(RawJson::from_utf8(json));
        }
        let cause = Error::new(ErrorKind::Decode, "it is not UTF-8");
        Err(undecoded::<P>(received, index, json, &cause))
    })?;
    split.bounded(received)
}

/// Splits a page into the bytes of its items, which may not be UTF-8: decoding repairs them. However many items there
/// are.
///
/// # Errors
/// If the response is not a page.
pub(super) fn split_at_all<P: Paging>(
    received: &Received,
) -> Result<Split<Bytes, P::Position>, Error> {
    split_with::<P, _>(received, |_, json, _| json)
}

/// Splits a page, and makes something of each item's index and bytes, and of whether the page is UTF-8.
fn split_with<P: Paging, T>(
    received: &Received,
    make: impl Fn(usize, Bytes, bool) -> T,
) -> Result<Split<T, P::Position>, Error> {
    let payload = received.payload();
    if let Ok(text) = decode::text(&payload)
        && let Ok(split) = split_text::<P, T>(received, &payload, text, |index, json| {
            make(index, json, true)
        })
    {
        return Ok(split);
    }
    // What a repair would replace must not hide the items beside it.
    let (payload, masked) = received.masked_payload();
    let text = String::from_utf8_lossy(&masked);
    split_text::<P, T>(received, &payload, &text, |index, json| {
        make(index, json, false)
    })
}

/// Splits a page by its text, which is as long as the payload.
fn split_text<P: Paging, T>(
    received: &Received,
    payload: &Bytes,
    text: &str,
    make: impl Fn(usize, Bytes) -> T,
) -> Result<Split<T, P::Position>, Error> {
    let position = position::<P>(&received.request);
    let split = P::split_raw(text, position.as_deref())
        .map_err(|_| received.undecodable(decode::explain_page(payload)))?;
    let items = split.items.into_iter().enumerate().map(|(index, item)| {
        let begin = item.get().as_ptr() as usize - text.as_ptr() as usize;
        make(index, payload.slice(begin..begin + item.get().len()))
    });
    Ok(Split {
        items: items.collect(),
        next: split.next,
        total: split.total,
    })
}

/// The path of the list whose first item on the page is `first`.
#[cold]
pub(super) fn list_path(received: &Received, first: &Bytes) -> String {
    let (payload, masked) = received.masked_payload();
    let offset = (first.as_ptr() as usize).checked_sub(payload.as_ptr() as usize);
    let path = offset.map_or_else(String::new, |offset| {
        decode::path_at(&String::from_utf8_lossy(&masked), offset)
    });
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

/// The position of an item on the page that `request` asks for.
fn place<P: Paging>(request: &Request, index: usize) -> Cursor {
    Cursor {
        page: position::<P>(request).map(|position| position.to_string()),
        taken: index,
        size: P::page_size(request).map(Cow::into_owned),
        end: false,
    }
}
