//! Paged lists: one page, all pages, all items, and where to resume.

mod by_item;
mod cursor;
mod decode;
mod endless;
mod item_walk;
mod list;
mod page;
mod page_items;
mod page_walk;
mod raw;
mod read_page;
mod repeated;
mod streams;
mod tail;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer};

use crate::error::{Error, ErrorKind};
use crate::request::Request;

pub use cursor::Cursor;
pub use list::List;
pub use page::Page;
pub use page_items::PageItems;
pub use read_page::{PageVisitor, ReadPage};
pub use streams::{Items, Pages, RawItems};
pub use tail::{Stamp, Tail, TailCursor, Timeline};

/// How a service pages its lists.
///
/// ```
/// use security_api_transport::{Client, Error, Items, Operation, PageItems, Paging, Request, Split};
/// use http::Method;
/// use serde::{Deserialize, Deserializer};
///
/// enum ByToken {}
///
/// #[derive(Deserialize)]
/// #[serde(bound = "T: Deserialize<'de>")]
/// struct Wire<T> {
///     items: PageItems<T>,
///     next: Option<String>,
/// }
///
/// impl Paging for ByToken {
///     type Wire<T> = Wire<T>;
///     type Position = String;
///
///     fn position(text: &str) -> Result<String, Error> {
///         Ok(text.to_owned())
///     }
///
///     fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(page: D) -> Result<Wire<T>, D::Error> {
///         Wire::deserialize(page)
///     }
///
///     fn split<T>(wire: Wire<T>, _: Option<&String>) -> Split<T, String> {
///         Split::new(wire.items.into_vec(), wire.next.into())
///     }
///
///     fn go(request: Request, after: &String) -> Request {
///         request.set_query("after", after)
///     }
/// }
///
/// static LIST: Operation = Operation::new("records.list", Method::GET, "/v1/records").idempotent();
///
/// async fn example(client: &Client) -> Result<(), Error> {
///     let mut records = Items::<serde_json::Value, ByToken>::new(client.operation(&LIST, &[]));
///     while let Some(record) = records.try_next().await? {
///         println!("{record}");
///     }
///     Ok(())
/// }
/// ```
pub trait Paging: Send + Sync + 'static {
    /// Set for services that page by number. The same page twice in a row is an error, because the service seems to ignore
    /// the number: a page with the same bytes, or with the same [`IDS`](Self::IDS).
    const NUMBERED: bool = false;

    /// The members in which an item has its id. Numbered pages with several items that have the same ids are the same page,
    /// whatever else differs.
    const IDS: &'static [&'static str] = &[];

    /// A page as the service sends it, with items of type `T`.
    type Wire<T>;

    /// Where a page is. Its text is what a [`Cursor`] stores.
    type Position: Clone + fmt::Display + Send + Sync + 'static;

    /// Parses the text of a position.
    ///
    /// # Errors
    /// If the text is not a position of this service's lists.
    fn position(text: &str) -> Result<Self::Position, Error>;

    /// The position of the first page, if `request` names one.
    fn first(request: &Request) -> Option<Self::Position> {
        let _ = request;
        None
    }

    /// Decodes a page.
    ///
    /// # Errors
    /// If it is not a page of this service, or an item cannot be decoded.
    fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        page: D,
    ) -> Result<Self::Wire<T>, D::Error>;

    /// Splits the page at this position. The first page may have no position.
    fn split<T>(wire: Self::Wire<T>, position: Option<&Self::Position>)
    -> Split<T, Self::Position>;

    /// Sets in the request for the first page of a [`List`] what the service requires and the request leaves open.
    fn begin(request: Request) -> Request {
        request
    }

    /// Makes the request ask for the page at this position.
    fn go(request: Request, position: &Self::Position) -> Request;

    /// The page size that is asked for at this position of the list that `request` is of, or `None`. It is stored in the
    /// cursor, so that a resumed run may use another size.
    fn page_size<'a>(
        request: &'a Request,
        position: Option<&Self::Position>,
    ) -> Option<Cow<'a, str>> {
        let _ = (request, position);
        None
    }
}

/// A page, split into its parts.
#[derive(Debug)]
#[non_exhaustive]
pub struct Split<T, P> {
    /// The items.
    pub items: Vec<T>,
    /// Where the list continues.
    pub next: Next<P>,
    /// The number of items in the whole list, if the page contains it.
    pub total: Option<u64>,
}

impl<T, P> Split<T, P> {
    /// A page with these items, followed by `next`.
    #[must_use]
    pub fn new(items: Vec<T>, next: Next<P>) -> Self {
        Self {
            items,
            next,
            total: None,
        }
    }

    /// Sets the number of items in the whole list.
    #[must_use]
    pub fn with_total(mut self, total: Option<u64>) -> Self {
        self.total = total;
        self
    }
}

/// Where a list continues after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Next<P> {
    /// Nowhere: the page is the last one.
    End,
    /// At the page with this position, which is empty if there turns out to be none.
    At(P),
    /// The service says that there are more items, but not where. The text says what is missing, for the error.
    Unknown(&'static str),
}

impl<P> Next<P> {
    /// The position of the next page; `None` at the end of the list.
    ///
    /// # Errors
    /// If the service says that the list continues, but not where.
    fn checked(&self) -> Result<Option<&P>, Error> {
        match self {
            Self::End => Ok(None),
            Self::At(position) => Ok(Some(position)),
            Self::Unknown(what) => Err(Error::new(
                ErrorKind::Decode,
                format!("the list is incomplete: {what}"),
            )),
        }
    }
}

/// The next page from its token; `None` is the end of the list.
impl From<Option<String>> for Next<String> {
    fn from(token: Option<String>) -> Self {
        match token {
            None => Self::End,
            Some(token) if token.is_empty() => Self::Unknown("the token of the next page is empty"),
            Some(token) => Self::At(token),
        }
    }
}

/// The request for the page at this position. The position is stored in the request.
fn at<P: Paging>(request: Request, position: &P::Position) -> Request {
    let mut request = P::go(request, position);
    request.position = Some(Arc::new(position.clone()));
    request
}

/// The position of the page that this request asks for.
fn position<P: Paging>(request: &Request) -> Option<Cow<'_, P::Position>> {
    match &request.position {
        Some(position) => position.downcast_ref().map(Cow::Borrowed),
        None => P::first(request).map(Cow::Owned),
    }
}
