//! Decoding a page: as a whole if possible, item by item otherwise.

use serde::de::DeserializeOwned;

use super::items::is_too_many;
use super::raw::{self, undecoded};
use super::{Paging, Split, position};
use crate::call::Received;
use crate::error::Error;
use crate::wire::decode;
use crate::wire::raw::RawJson;

/// A decoded page.
pub(super) enum Decoded<T, P> {
    /// All items were decoded.
    Whole(Split<T, P>),
    /// At least one item could not be decoded.
    ByItem(Split<Result<T, Error>, P>),
}

impl<T, P> Split<Result<T, Error>, P> {
    /// The page, if every item could be decoded.
    ///
    /// # Errors
    /// The error of the first item that could not be decoded.
    pub(super) fn whole(self) -> Result<Split<T, P>, Error> {
        Ok(Split {
            items: self.items.into_iter().collect::<Result<_, _>>()?,
            next: self.next,
            total: self.total,
        })
    }
}

/// Decodes a page. An item that cannot be decoded does not affect the others.
///
/// # Errors
/// If the response is not a page.
pub(super) fn decode<T, P>(received: &Received) -> Result<Decoded<T, P::Position>, Error>
where
    T: DeserializeOwned,
    P: Paging,
    P::Wire<T>: DeserializeOwned,
{
    match received.decode() {
        Ok(wire) => {
            let position = position::<P>(&received.request);
            Ok(Decoded::Whole(P::split(wire, position.as_deref())))
        }
        Err(error) => by_item::<T, P>(received, error).map(Decoded::ByItem),
    }
}

#[cold]
fn by_item<T: DeserializeOwned, P: Paging>(
    received: &Received,
    error: Error,
) -> Result<Split<Result<T, Error>, P::Position>, Error> {
    // The error about the whole page describes best what is wrong with the page itself.
    let raw = match raw::split::<P>(received) {
        Ok(raw) => raw,
        Err(other) if is_too_many(&other) => return Err(other),
        Err(_) => return Err(error),
    };
    let list = match raw.items.first() {
        Some(Ok(first)) => raw::list_path(received, first),
        _ => String::new(),
    };
    let mut is_any_repaired = false;
    let mut decode = |(index, item): (usize, Result<RawJson, Error>)| {
        let item = item?;
        match decode::within(&format!("{list}[{index}]"), item.as_bytes()) {
            Ok((value, is_repaired)) => {
                is_any_repaired |= is_repaired;
                Ok(value)
            }
            Err(cause) => Err(undecoded::<P>(received, index, item.to_bytes(), &cause)),
        }
    };
    let items: Vec<Result<T, Error>> = raw.items.into_iter().enumerate().map(&mut decode).collect();
    if is_any_repaired {
        decode::tell();
    }
    Ok(Split {
        items,
        next: raw.next,
        total: raw.total,
    })
}
