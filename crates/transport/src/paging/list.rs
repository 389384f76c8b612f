//! The call of a paged list.

use std::fmt;
use std::marker::PhantomData;

use super::Paging;
use super::page::Page;
use super::streams::{Items, Pages, RawItems};
use crate::call::Call;
use crate::request::Request;

/// The call of a paged list. It cannot be awaited itself, because that would not say whether one page or the whole list
/// is meant.
///
/// Lists with further options have their own type, with the same methods.
#[must_use = "a list does nothing until one of its pages or items is asked for"]
pub struct List<T, P> {
    request: Request,
    page: PhantomData<fn() -> (T, P)>,
}

impl<T, P: Paging> List<T, P> {
    /// The list that starts with `request`.
    pub fn new(request: Request) -> Self {
        Self {
            request: P::begin(request),
            page: PhantomData,
        }
    }

    /// The first page, when awaited.
    pub fn page(self) -> Call<Page<T, P>> {
        Call::new(self.request)
    }

    /// Every page.
    pub fn pages(self) -> Pages<T, P> {
        Pages::new(self.request)
    }

    /// Every item, across pages.
    pub fn items(self) -> Items<T, P> {
        Items::new(self.request)
    }

    /// Every item as raw JSON, across pages.
    pub fn raw_items(self) -> RawItems<P> {
        RawItems::new(self.request)
    }
}

impl Request {
    /// Turns the request into the call of a list, of which it requests the first page.
    pub fn list<T, P: Paging>(self) -> List<T, P> {
        List::new(self)
    }
}

crate::__call_options!(List<T, P>);

impl<T, P> Clone for List<T, P> {
    fn clone(&self) -> Self {
        Self {
            request: self.request.clone(),
            page: PhantomData,
        }
    }
}

impl<T, P> fmt::Debug for List<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("List").field(&self.request).finish()
    }
}
