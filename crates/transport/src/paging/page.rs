//! One page of a list.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::by_item::Decoded;
use super::decode::decode;
use super::repeated::payload;
use super::{Cursor, Next, Paging, Split, at, position};
use crate::call::{Call, FromResponse, Received};
use crate::error::Error;
use crate::request::Request;

/// One page of a list.
pub struct Page<T, P: Paging> {
    items: Vec<T>,
    total: Option<u64>,
    following: Following<P>,
}

/// What follows a page. It does not depend on the type of the items, so a program has it once.
struct Following<P: Paging> {
    next: Next<P::Position>,
    /// The request for the page before.
    request: Request,
    /// The part of the response before that holds the items, if pages have numbers.
    payload: Option<Bytes>,
}

impl<T, P: Paging> Page<T, P> {
    /// The items.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// Goes over the items, as `for item in &page` does.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// Returns the items alone.
    #[must_use]
    pub fn into_items(self) -> Vec<T> {
        self.items
    }

    /// The number of items in the whole list at the time of the request, if the service sends it.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Whether the service has more pages, or may have.
    #[must_use]
    pub fn has_next(&self) -> bool {
        self.following.is_any()
    }

    /// The start of the next page, to be stored. `None` if there is no next page, or the service did not say where it
    /// is.
    #[must_use]
    pub fn next_cursor(&self) -> Option<Cursor> {
        self.following.cursor()
    }

    /// The call for the next page, with the same filters and options. If there turns out to be none, the page is empty.
    /// The call fails if the service said that there are more items, but not where.
    #[must_use]
    pub fn next(&self) -> Option<Call<Self>> {
        self.following.request().map(Call::new)
    }
}

impl<T, P: Paging> IntoIterator for Page<T, P> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T, P: Paging> IntoIterator for &'a Page<T, P> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: fmt::Debug, P: Paging> fmt::Debug for Page<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("items", &self.items)
            .field("has_next", &self.has_next())
            .finish()
    }
}

impl<T, P> FromResponse for Page<T, P>
where
    T: DeserializeOwned,
    P: Paging,
{
    fn from_response(received: Received) -> Result<Self, Error> {
        received.check_is_new_page::<P>()?;
        let (split, received) = match decode::<T, P>(received)? {
            Decoded::Whole(split, received) => (split, received),
            Decoded::ByItem(items) => items.whole()?,
        };
        Ok(Self::new(split, received))
    }
}

impl<T, P: Paging> Page<T, P> {
    pub(super) fn new(split: Split<T, P::Position>, received: Received) -> Self {
        Self {
            items: split.items,
            total: split.total,
            following: Following::new(split.next, received),
        }
    }
}

impl<P: Paging> Following<P> {
    fn new(next: Next<P::Position>, received: Received) -> Self {
        let payload = payload::<P>(&received);
        let this = position::<P>(&received.request).map(|this| this.to_string());
        let next = match next {
            Next::At(next) if Some(next.to_string()) == this => {
                Next::Unknown("the service named this page as the next one")
            }
            next => next,
        };
        let mut request = received.request;
        request.previous = None;
        Self {
            next,
            request,
            payload,
        }
    }

    fn is_any(&self) -> bool {
        !matches!(self.next, Next::End)
    }

    fn cursor(&self) -> Option<Cursor> {
        let position = self.next.checked().ok()??;
        let mut cursor = Cursor::page(position.to_string());
        cursor.size = P::page_size(&self.request, Some(position)).map(Cow::into_owned);
        Some(cursor)
    }

    fn request(&self) -> Option<Request> {
        let mut request = match self.next.checked() {
            Ok(None) => return None,
            Ok(Some(position)) => at::<P>(self.request.clone(), position),
            Err(error) => self.request.clone().fail(error),
        };
        request.previous.clone_from(&self.payload);
        Some(request)
    }
}
