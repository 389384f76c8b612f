//! Decoding a page: as a whole if possible, item by item otherwise.

use serde::de::DeserializeOwned;

use super::raw::{self, undecoded};
use super::{Paging, Split, position};
use crate::call::Received;
use crate::error::Error;
use crate::wire::decode;

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
        let mut items = Vec::with_capacity(self.items.len());
        for item in self.items {
            items.push(item?);
        }
        Ok(Split {
            items,
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
            let split = P::split(wire, position.as_deref());
            split.bounded(received).map(Decoded::Whole)
        }
        Err(error) => by_item::<T, P>(received, error).map(Decoded::ByItem),
    }
}

#[cold]
fn by_item<T: DeserializeOwned, P: Paging>(
    received: &Received,
    error: Error,
) -> Result<Split<Result<T, Error>, P::Position>, Error> {
    let mut items = Vec::new();
    let page = each::<P>(received, error, &mut items)?;
    Ok(Split {
        items,
        next: page.next,
        total: page.total,
    })
}

/// Where the items of a page are decoded to. A program has one of these for each type, and [`each`] once.
trait Items {
    /// Decodes an item that stands at `place`, and returns whether it had to be repaired.
    fn decode(&mut self, place: &str, json: &[u8]) -> Result<bool, Error>;

    /// Adds an item that could not be decoded.
    fn fail(&mut self, error: Error);
}

impl<T: DeserializeOwned> Items for Vec<Result<T, Error>> {
    fn decode(&mut self, place: &str, json: &[u8]) -> Result<bool, Error> {
        let (value, is_repaired) = decode::within(place, json)?;
        self.push(Ok(value));
        Ok(is_repaired)
    }

    fn fail(&mut self, error: Error) {
        self.push(Err(error));
    }
}

/// Decodes each item of a page by itself, and returns the page without them.
fn each<P: Paging>(
    received: &Received,
    error: Error,
    items: &mut dyn Items,
) -> Result<Split<(), P::Position>, Error> {
    // The error about the whole page describes best what is wrong with the page itself.
    let raw = match raw::split_at_all::<P>(received) {
        Ok(raw) => raw.bounded(received)?,
        Err(_) => return Err(error),
    };
    let list = match raw.items.first() {
        Some(first) => raw::list_path(received, first),
        None => String::new(),
    };
    let mut is_any_repaired = false;
    for (index, json) in raw.items.into_iter().enumerate() {
        match items.decode(&format!("{list}[{index}]"), &json) {
            Ok(is_repaired) => is_any_repaired |= is_repaired,
            Err(cause) => items.fail(undecoded::<P>(received, index, json, &cause)),
        }
    }
    if is_any_repaired {
        decode::tell();
    }
    Ok(Split {
        items: Vec::new(),
        next: raw.next,
        total: raw.total,
    })
}
