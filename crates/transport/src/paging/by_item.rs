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
    page: RawPage<P>,
    decode: DecodeItem<T>,
}

/// A page of raw items. It does not depend on their type, so a program has it once.
pub(super) struct RawPage<P: Paging> {
    next: Next<P::Position>,
    total: Option<u64>,
    received: Received,
    /// The path of the list in the response.
    list: String,
    items: Enumerate<vec::IntoIter<Bytes>>,
    is_any_repaired: bool,
}

impl<P: Paging> RawPage<P> {
    pub(super) fn new(split: Split<Bytes, P::Position>, received: Received, list: String) -> Self {
        Self {
            next: split.next,
            total: split.total,
            received,
            list,
            items: split.items.into_iter().enumerate(),
            is_any_repaired: false,
        }
    }

    /// Logs the first repair of an item.
    fn repaired(&mut self) {
        if !self.is_any_repaired {
            self.is_any_repaired = true;
            decode::tell();
        }
    }
}

impl<T, P: Paging> ByItem<T, P> {
    pub(super) fn new(page: RawPage<P>, decode: DecodeItem<T>) -> Self {
        Self { page, decode }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.page.items.len() == 0
    }

    /// What follows the page.
    pub(super) fn following(&self) -> Next<P::Position> {
        self.page.next.clone()
    }

    /// Leaves out so many items, or all if there are fewer. Returns how many.
    pub(super) fn leave_out(&mut self, count: usize) -> usize {
        self.page.items.by_ref().take(count).count()
    }

    /// The page, if every item can be decoded.
    ///
    /// # Errors
    /// The error of the first item that cannot be decoded.
    pub(super) fn whole(mut self) -> Result<(Split<T, P::Position>, Received), Error> {
        let mut items = Vec::new();
        for item in self.by_ref() {
            items.push(item?);
        }
        let split = Split {
            items,
            next: self.page.next,
            total: self.page.total,
        };
        Ok((split, self.page.received))
    }
}

impl<T, P: Paging> Iterator for ByItem<T, P> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let page = &mut self.page;
        let (index, json) = page.items.next()?;
        Some(match (self.decode)(&page.list, index, &json) {
            Ok((item, is_repaired)) => {
                if is_repaired {
                    page.repaired();
                }
                Ok(item)
            }
            Err(cause) => Err(undecoded::<P>(&page.received, index, json, &cause)),
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
    let position = position::<P>(request);
    Cursor {
        page: position.as_ref().map(|position| position.to_string()),
        taken: index,
        size: P::page_size(request, position.as_deref()).map(Cow::into_owned),
        end: false,
    }
}
