//! Walking from item to item, also from a stored cursor, whose run may have used another page size.

use std::task::{Context, Poll, ready};
use std::vec;

use super::by_item::{ByItem, Decoded};
use super::page_walk::PageWalk;
use super::{Cursor, Next, Paging};
use crate::call::Received;
use crate::error::Error;
use crate::request::Request;

/// The items of a page that are not returned yet.
enum Batch<T, P: Paging> {
    Whole(vec::IntoIter<T>),
    /// Some items may not be decodable.
    ByItem(Box<ByItem<T, P>>),
}

impl<T, P: Paging> Batch<T, P> {
    /// The items after the first `skip`, how many were skipped, whether the page was empty, and what follows it.
    fn of(decoded: Decoded<T, P>, skip: usize) -> (Self, usize, bool, Next<P::Position>) {
        match decoded {
            Decoded::Whole(split, _) => {
                let mut items = split.items;
                let is_empty = items.is_empty();
                let skipped = skip.min(items.len());
                items.drain(..skipped);
                let batch = Self::Whole(items.into_iter());
                (batch, skipped, is_empty, split.next)
            }
            Decoded::ByItem(mut items) => {
                let is_empty = items.is_empty();
                let skipped = items.leave_out(skip);
                let next = items.following();
                (Self::ByItem(Box::new(items)), skipped, is_empty, next)
            }
        }
    }

    #[inline]
    fn next(&mut self) -> Option<Result<T, Error>> {
        match self {
            Self::Whole(items) => items.next().map(Ok),
            Self::ByItem(items) => Iterator::next(&mut **items),
        }
    }
}

/// Walks from item to item.
pub(super) struct ItemWalk<T, P: Paging> {
    walk: PageWalk<P>,
    batch: Batch<T, P>,
    /// How many items of the coming pages were taken by an earlier run.
    skip: usize,
    /// The page size of the earlier run, if it was another one: then those items may span more than one page now. With
    /// the same size, a page that has fewer items has shrunk, and nothing may be skipped on the next.
    resized_from: Option<Option<String>>,
}

impl<T, P: Paging> ItemWalk<T, P> {
    pub(super) fn new(request: Request) -> Self {
        Self {
            walk: PageWalk::new(request),
            batch: Batch::Whole(Vec::new().into_iter()),
            skip: 0,
            resized_from: None,
        }
    }

    pub(super) fn resume(&mut self, mut cursor: Cursor) {
        self.skip = std::mem::take(&mut cursor.taken);
        let size = cursor.size.clone();
        self.walk.resume(cursor);
        self.resized_from = (size.as_deref() != self.walk.page_size()).then_some(size);
    }

    pub(super) fn cursor(&self) -> Cursor {
        let mut cursor = self.walk.cursor();
        cursor.taken += self.skip;
        // What is still to be skipped may span more than one page for the next run as well.
        if let Some(size) = self.resized_from.as_ref().filter(|_| self.skip > 0) {
            cursor.size.clone_from(size);
        }
        cursor
    }

    /// The next item of the current page.
    #[inline]
    pub(super) fn at_hand(&mut self) -> Option<Result<T, Error>> {
        let item = self.batch.next()?;
        self.walk.taken += 1;
        Some(item)
    }

    /// The same for a page without undecodable items. Items are large, and each is moved by the call that returns it,
    /// so the item is the last thing read here.
    #[inline]
    pub(super) fn decoded_at_hand(&mut self) -> Option<T> {
        let Batch::Whole(items) = &mut self.batch else {
            return None;
        };
        self.walk.taken += usize::from(!items.as_slice().is_empty());
        items.next()
    }

    pub(super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        decode: impl Fn(Received) -> Result<Decoded<T, P>, Error>,
    ) -> Poll<Option<Result<T, Error>>> {
        loop {
            if let Some(item) = self.at_hand() {
                return Poll::Ready(Some(item));
            }
            let received = match ready!(self.walk.poll_page(cx)) {
                None => return Poll::Ready(None),
                Some(received) => received.and_then(&decode),
            };
            let decoded = match received {
                Ok(decoded) => decoded,
                Err(error) => return Poll::Ready(Some(Err(error))),
            };
            let (batch, skipped, is_empty, next) = Batch::of(decoded, self.skip);
            self.batch = batch;
            self.skip = match self.resized_from {
                Some(_) => self.skip - skipped,
                None => 0,
            };
            self.walk.taken = skipped;
            self.walk.received(next, is_empty);
        }
    }
}
