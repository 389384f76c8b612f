//! Splitting a page without decoding its items.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::by_item::{ByItem, Decoded, RawPage};
use super::{Paging, Split, position};
use crate::call::Received;
use crate::error::{Error, ErrorKind};
use crate::wire::decode;
use crate::wire::raw::RawJson;

/// Splits a page into its raw items. Each is a slice of the response.
///
/// # Errors
/// If the response is not a page, or has too many items.
pub(super) fn split<P: Paging>(received: Received) -> Result<Decoded<RawJson, P>, Error> {
    let (split, is_text) = split_at_all::<P>(&received)?;
    let split = split.bounded(&received)?;
    if !is_text {
        let page = RawPage::new(split, received, String::new());
        let items = ByItem::new(page, |_, _, json| match decode::text(json) {
            Ok(_) => Ok((RawJson::from_utf8(json.clone()), false)),
            Err(_) => Err(Error::new(ErrorKind::Decode, "it is not UTF-8")),
        });
        return Ok(Decoded::ByItem(items));
    }
    let split = Split {
        items: split.items.into_iter().map(RawJson::from_utf8).collect(),
        next: split.next,
        total: split.total,
    };
    Ok(Decoded::Whole(split, received))
}

/// Splits a page into the bytes of its items, however many there are. Returns whether the page is UTF-8: otherwise an item
/// may not be, and decoding repairs it.
///
/// # Errors
/// If the response is not a page.
pub(super) fn split_at_all<P: Paging>(
    received: &Received,
) -> Result<(Split<Bytes, P::Position>, bool), Error> {
    let payload = received.payload();
    if let Ok(text) = decode::text(&payload)
        && let Ok(split) = split_text::<P>(received, &payload, text)
    {
        return Ok((split, true));
    }
    // What a repair would replace must not hide the items beside it.
    let (payload, masked) = received.masked_payload();
    let text = String::from_utf8_lossy(&masked);
    Ok((split_text::<P>(received, &payload, &text)?, false))
}

/// Splits a page without decoding its items.
///
/// # Errors
/// If the text is not a page.
pub(super) fn split_raw<'a, P: Paging>(
    page: &'a str,
    position: Option<&P::Position>,
) -> serde_json::Result<Split<&'a RawValue, P::Position>> {
    let mut json = serde_json::Deserializer::from_str(page);
    let wire = P::read(&mut json)?;
    json.end()?;
    Ok(P::split(wire, position))
}

/// Splits a page by its text, which is as long as the payload.
fn split_text<P: Paging>(
    received: &Received,
    payload: &Bytes,
    text: &str,
) -> Result<Split<Bytes, P::Position>, Error> {
    let position = position::<P>(&received.request);
    let split = split_raw::<P>(text, position.as_deref())
        .map_err(|_| received.undecodable(decode::explain_page(payload)))?;
    let items = split.items.into_iter().map(|item| {
        let begin = item.get().as_ptr() as usize - text.as_ptr() as usize;
        payload.slice(begin..begin + item.get().len())
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
