//! Lists as streams.
//!
//! All three follow one contract. An item that cannot be decoded is an `Err` that carries it
//! ([`Error::item`](crate::Error::item)), and the stream continues after it when it is polled again. A page that cannot
//! be fetched is an `Err` that ends the stream. The cursor points at the first item that was not returned yet, and
//! [`Cursor::is_end`] is true only if the list was read to its end.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::by_item::Decoded;
use super::decode::decode;
use super::item_walk::ItemWalk;
use super::page_walk::PageWalk;
use super::raw;
use super::{Cursor, Page, Paging};
use crate::error::Error;
use crate::request::Request;
use crate::wire::raw::RawJson;

/// What all the streams have in common.
macro_rules! stream {
    ($name:ident $([$item:ident])?) => {
        impl<$($item,)? P: Paging> fmt::Debug for $name<$($item,)? P> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl<$($item,)? P: Paging> Unpin for $name<$($item,)? P> {}
    };
}

stream!(Items[T]);
stream!(RawItems);
stream!(Pages[T]);

/// What the streams of items have in common.
macro_rules! item_stream {
    ($name:ident $([$item:ident])?) => {
        impl<$($item,)? P: Paging> $name<$($item,)? P> {
            /// Every item of the list that starts with `request`.
            pub fn new(request: Request) -> Self {
                Self {
                    walk: ItemWalk::new(request),
                }
            }

            /// Starts at this position instead of the first item.
            pub fn resume(mut self, cursor: Cursor) -> Self {
                self.walk.resume(cursor);
                self
            }

            /// The position of the first item that was not returned yet, also after an error.
            #[must_use]
            pub fn cursor(&self) -> Cursor {
                self.walk.cursor()
            }
        }
    };
}

item_stream!(Items[T]);
item_stream!(RawItems);

/// Every item of a list, across pages: a stream with the additional methods [`try_next`](Self::try_next) and
/// [`try_collect`](Self::try_collect).
///
/// Pages are requested as they are needed. An item that cannot be decoded is an error with the item in
/// [`Error::item`](crate::Error::item), and the stream continues after it when it is polled again. Any other error ends
/// the stream; pass [`cursor`](Self::cursor) to [`resume`](Self::resume) of a new stream to continue there.
///
/// ```
/// # use security_api_transport::{Cursor, Error, Items, Paging};
/// # async fn example<P: Paging>(mut list: Items<serde_json::Value, P>) -> Result<Cursor, Error> {
/// loop {
///     match list.try_next().await {
///         Ok(Some(record)) => println!("{record}"),
///         Ok(None) => return Ok(list.cursor()),
///         Err(error) => match error.item() {
///             Some(item) => eprintln!("{error}: {} bytes", item.json().len()),
///             None => return Err(error),
///         },
///     }
/// }
/// # }
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct Items<T, P: Paging> {
    walk: ItemWalk<T, P>,
}

impl<T, P> Items<T, P>
where
    T: DeserializeOwned,
    P: Paging,
{
    /// The next item; `None` after the last.
    ///
    /// # Errors
    /// If the item cannot be decoded, after which the stream continues, or if its page cannot be fetched.
    // Not an `async fn`, because each item would be moved through its state as well.
    pub fn try_next(&mut self) -> impl Future<Output = Result<Option<T>, Error>> + '_ {
        std::future::poll_fn(|cx| match self.walk.decoded_at_hand() {
            Some(item) => Poll::Ready(Ok(Some(item))),
            None => self.poll_item(cx),
        })
    }

    #[inline(never)]
    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<T>, Error>> {
        Pin::new(self).poll_next(cx).map(Option::transpose)
    }

    /// Collects all items in memory.
    ///
    /// # Errors
    /// If any item cannot be decoded, or a page cannot be fetched. Items received before are lost; to keep them, read
    /// item by item.
    pub async fn try_collect(mut self) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        while let Some(item) = self.try_next().await? {
            items.push(item);
        }
        Ok(items)
    }
}

impl<T, P> Stream for Items<T, P>
where
    T: DeserializeOwned,
    P: Paging,
{
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.walk.poll_next(cx, decode::<T, P>)
    }
}

/// Every item of a list as raw JSON, across pages: for exports.
///
/// An item that is not UTF-8 is an error with its bytes in [`Error::item`](crate::Error::item), and the stream
/// continues after it when it is polled again. Any other error ends the stream.
#[must_use = "streams do nothing unless polled"]
pub struct RawItems<P: Paging> {
    walk: ItemWalk<RawJson, P>,
}

impl<P: Paging> RawItems<P> {
    /// The next item; `None` after the last.
    ///
    /// # Errors
    /// If the item is not UTF-8, after which the stream continues, or if its page cannot be fetched.
    pub async fn try_next(&mut self) -> Result<Option<RawJson>, Error> {
        if let Some(item) = self.walk.at_hand() {
            return item.map(Some);
        }
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }

    /// Collects all items in memory.
    ///
    /// # Errors
    /// If any item is not UTF-8, or a page cannot be fetched. Items received before are lost; to keep them, read item
    /// by item.
    pub async fn try_collect(mut self) -> Result<Vec<RawJson>, Error> {
        let mut items = Vec::new();
        while let Some(item) = self.try_next().await? {
            items.push(item);
        }
        Ok(items)
    }
}

impl<P: Paging> Stream for RawItems<P> {
    type Item = Result<RawJson, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.walk.poll_next(cx, raw::split::<P>)
    }
}

/// Every page of a list.
///
/// A page with an item that cannot be decoded is an error with the first such item in
/// [`Error::item`](crate::Error::item) and the whole page in [`Error::body`](crate::Error::body). The stream continues
/// with the next page when it is polled again. Any other error ends the stream.
#[must_use = "streams do nothing unless polled"]
pub struct Pages<T, P: Paging> {
    walk: PageWalk<P>,
    page: PhantomData<fn() -> T>,
}

impl<T, P: Paging> Pages<T, P> {
    /// Every page of the list that starts with `request`.
    pub fn new(request: Request) -> Self {
        Self {
            walk: PageWalk::new(request),
            page: PhantomData,
        }
    }

    /// Starts with the page at this position instead of the first.
    pub fn resume(mut self, cursor: Cursor) -> Self {
        self.walk.resume(cursor);
        self
    }

    /// The start of the first page that was not returned yet, also after an error.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.walk.next_page()
    }
}

impl<T, P> Pages<T, P>
where
    T: DeserializeOwned,
    P: Paging,
{
    /// The next page; `None` after the last.
    ///
    /// # Errors
    /// If an item of the page cannot be decoded, after which the stream continues, or if the page cannot be fetched.
    pub async fn try_next(&mut self) -> Result<Option<Page<T, P>>, Error> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }
}

impl<T, P> Stream for Pages<T, P>
where
    T: DeserializeOwned,
    P: Paging,
{
    type Item = Result<Page<T, P>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let received = match ready!(self.walk.poll_page(cx)) {
            None => return Poll::Ready(None),
            Some(Ok(received)) => received,
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
        };
        let page = decode::<T, P>(received).and_then(|decoded| match decoded {
            Decoded::Whole(split, received) => {
                self.walk
                    .received(split.next.clone(), split.items.is_empty());
                Ok(Page::new(split, received))
            }
            Decoded::ByItem(items) => {
                self.walk.received(items.following(), false);
                let (split, received) = items.whole()?;
                Ok(Page::new(split, received))
            }
        });
        Poll::Ready(Some(page))
    }
}
