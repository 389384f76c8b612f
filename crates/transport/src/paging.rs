//! Lists that come in pages: one page, all pages, all items, and where to go on.

mod cursor;
mod decode;
mod items;
mod list;
mod page;
mod raw;
mod streams;
mod walk;

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind};
use crate::request::Request;

pub use cursor::Cursor;
pub use items::PageItems;
pub use list::List;
pub use page::Page;
pub use streams::{Items, Pages, RawItems};

/// How a service pages its lists.
///
/// ```
/// use security_api_transport::{Client, Error, Items, Operation, PageItems, Paging, Request, Split};
/// use http::Method;
/// use serde::Deserialize;
/// use serde_json::value::RawValue;
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
///
///     fn split<T>(wire: Wire<T>, _: &Request) -> Split<T> {
///         Split::new(wire.items.into_vec(), wire.next.into())
///     }
///
///     fn split_raw<'a>(page: &'a str, request: &Request) -> serde_json::Result<Split<&'a RawValue>> {
///         Ok(Self::split(serde_json::from_str(page)?, request))
///     }
///
///     fn set_token(request: Request, token: &str) -> Request {
///         request.set_query("after", token)
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
    /// Set for services that page by number. A page that is byte-identical to the previous one is reported as an error
    /// instead of looping forever.
    const NUMBERED: bool = false;

    /// A page as the service sends it, with items of type `T`.
    type Wire<T>;

    /// Takes a page apart. `request` is the one that the page responds to: where pages are numbered, it says which page
    /// this is.
    fn split<T>(wire: Self::Wire<T>, request: &Request) -> Split<T>;

    /// The same as [`split`](Self::split) without decoding the items.
    ///
    /// # Errors
    /// If the text is not a page.
    fn split_raw<'a>(
        page: &'a str,
        request: &Request,
    ) -> Result<Split<&'a RawValue>, serde_json::Error>;

    /// Puts into the request for the first page what the service needs and the request leaves open, for a [`List`].
    fn begin(request: Request) -> Request {
        request
    }

    /// Makes the request ask for the page with this token.
    fn set_token(request: Request, token: &str) -> Request;

    /// The page size that `request` asks for, or `None`. It is stored in the cursor, so that a resumed run may use
    /// another size.
    fn page_size(request: &Request) -> Option<Cow<'_, str>> {
        let _ = request;
        None
    }
}

/// A page, taken apart.
#[derive(Debug)]
#[non_exhaustive]
pub struct Split<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the list goes on.
    pub next: Next,
    /// How many items the whole list has, if the page says so.
    pub total: Option<u64>,
}

impl<T> Split<T> {
    /// A page with these items, which is followed by `next`.
    #[must_use]
    pub fn new(items: Vec<T>, next: Next) -> Self {
        Self {
            items,
            next,
            total: None,
        }
    }

    /// With the number of items in the whole list.
    #[must_use]
    pub fn with_total(mut self, total: Option<u64>) -> Self {
        self.total = total;
        self
    }
}

/// Where a list goes on after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Next {
    /// Nowhere: the page is the last one.
    End,
    /// At the page with this token.
    Token(String),
    /// The service says that there are more items, but not where.
    Unknown,
}

impl Next {
    fn token(&self) -> Option<&str> {
        match self {
            Self::Token(token) if !token.is_empty() => Some(token),
            _ => None,
        }
    }

    /// The token of the next page; `None` at the end of the list.
    ///
    /// # Errors
    /// If the service did not say where the list goes on although it does.
    fn checked(&self) -> Result<Option<&str>, Error> {
        let incomplete = |what: &str| {
            Err(Error::new(
                ErrorKind::Decode,
                format!("the list is incomplete: {what}"),
            ))
        };
        match self {
            Self::End => Ok(None),
            Self::Token(token) if token.is_empty() => {
                incomplete("the token of the next page is empty")
            }
            Self::Token(token) => Ok(Some(token)),
            Self::Unknown => incomplete(
                "the service says that there are more items, but not the token of the next page",
            ),
        }
    }
}

/// `None` is the end of the list.
impl From<Option<String>> for Next {
    fn from(token: Option<String>) -> Self {
        token.map_or(Self::End, Self::Token)
    }
}

/// The request for the page at a cursor.
fn at<P: Paging>(request: Request, cursor: &Cursor) -> Request {
    match cursor.token() {
        Some(token) => {
            let mut request = P::set_token(request, token);
            request.page = Some(token.to_owned());
            request
        }
        None => request,
    }
}
