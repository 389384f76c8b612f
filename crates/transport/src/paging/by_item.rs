//! A page of which each item is decoded by itself, when it is taken.
//!
//! An error is many times as large as a small item, so a page of items that cannot be decoded must not become a list of
//! errors.

use std::borrow::Cow;
use std::iter::Enumerate;
use std::vec;

use bytes::Bytes;

use super::{Cursor, Next, Paging, Split, position};
use crate::call::Received;
use crate::error::{Error, ErrorKind, UndecodedItem};
use crate::request::Request;
use crate::wire::decode;

/// A decoded page, with the response that it is from.
pub(super) enum Decoded<T, P: Paging> {
    /// All items were decoded.
    Whole(Split<T, P::Position>, Received),
    /// At least one item could not be decoded with the others.
    ByItem(ByItem<T, P>),
}

/// Decodes the item at this index of the list with this path. Returns whether it had to be repaired.
pub(super) type DecodeItem<T> = fn(&str, usize, &Bytes) -> Result<(T, bool), Error>;

/// The items of a page that are not decoded yet.
pub(super) struct ByItem<T, P: Paging> {
    pub(super) next: Next<P::Position>,
    total: Option<u64>,
    received: Received,
    /// The path of the list in the response.
    list: String,
    items: Enumerate<vec::IntoIter<Bytes>>,
    decode: DecodeItem<T>,
    is_any_repaired: bool,
}

impl<T, P: Paging> ByItem<T, P> {
    pub(super) fn new(
        split: Split<Bytes, P::Position>,
        received: Received,
        list: String,
        decode: DecodeItem<T>,
    ) -> Self {
        Self {
            next: split.next,
            total: split.total,
            received,
            list,
            items: split.items.into_iter().enumerate(),
            decode,
            is_any_repaired: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.len() == 0
    }

    /// Leaves out so many items, or all if there are fewer. Returns how many.
    pub(super) fn leave_out(&mut self, count: usize) -> usize {
        self.items.by_ref().take(count).count()
    }

    /// The page, if every item can be decoded.
    ///
    /// # Errors
    /// The error of the first item that cannot be decoded.
    pub(super) fn whole(mut self) -> Result<(Split<T, P::Position>, Received), Error> {
        let items = self.by_ref().collect::<Result<_, _>>()?;
        let split = Split {
            items,
            next: self.next,
            total: self.total,
        };
        Ok((split, self.received))
    }
}

impl<T, P: Paging> Iterator for ByItem<T, P> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let (index, json) = self.items.next()?;
        Some(match (self.decode)(&self.list, index, &json) {
            Ok((item, is_repaired)) => {
                if is_repaired && !self.is_any_repaired {
                    self.is_any_repaired = true;
                    decode::tell();
                }
                Ok(item)
            }
            Err(cause) => Err(undecoded::<P>(&self.received, index, json, &cause)),
        })
    }
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
