// Where a name has two addresses, the first counts: here the item itself, and on other sites the README's own.
//! [client-builder]: ClientBuilder
//! [client]: Client
//! [cursor]: Cursor
//! [date]: DateTime
//! [defaults]: Defaults
//! [error]: struct@Error
//! [items]: Items
//! [list]: List
//! [middleware]: middleware
//! [outcome]: Outcome
//! [page]: Page
//! [raw-json]: RawJson
//! [reason]: Reason
//! [request]: Client::request
//! [resources]: resources
//! [search-module]: mod@search
//! [search]: SearchRequest
//! [time]: mod@time
//! [token]: mod@token
//! [types]: types
//!
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "companies")]
pub mod api_clients;
mod audit_log;
#[cfg(any(
    feature = "companies",
    feature = "incident_response",
    feature = "phishing",
    feature = "training",
    feature = "users"
))]
mod before_change;
#[cfg(any(
    feature = "incident_response",
    feature = "phishing",
    feature = "training",
    feature = "users"
))]
mod blank_ids;
mod client;
#[cfg(any(
    feature = "incident_response",
    feature = "phishing",
    feature = "training"
))]
mod created_id;
mod envelope;
mod generated;
#[cfg(feature = "incident_response")]
pub mod incident_response;
#[cfg(any(feature = "companies", feature = "phishing", feature = "users"))]
mod names_in_errors;
mod paging;
#[cfg(feature = "users")]
mod passwords;
#[cfg(feature = "users")]
pub mod people;
#[cfg(feature = "phishing")]
pub mod phishing;
mod polling;
mod protocol;
mod reason;
pub mod search;
pub mod time;
pub mod token;
#[cfg(feature = "training")]
pub mod training;

pub use audit_log::Tail;
pub use client::{Client, ClientBuilder, Sibling, SiblingClient};
pub use generated::{operations, resources, types};
#[doc(no_inline)]
pub use http;
pub use polling::{Polling, Progress};
pub use reason::Reason;
pub use search::{Filter, SearchRequest};
#[doc(inline)]
pub use security_api_transport::middleware;
pub use security_api_transport::{
    ApiError, ApiKey, Body, Call, Cursor, Defaults, Download, Error, ErrorKind, Form,
    InvalidTimestamp, Job, OAuth2, Operation, Outcome, Patch, Rate, RateLimiter, Rates, RawJson,
    Request, Response, RetryPolicy, Secret, TailCursor, Timestamp, UndecodedItem, Upload,
};
#[cfg(feature = "fake")]
pub use security_api_transport::{FakeRequest, FakeResponse, FakeTransport};

pub use time::{DateTime, TimeSpan};

/// The call of a list. No request is sent until it is turned into a page, pages or items.
///
/// Searches return it. All methods are those of [`security_api_transport::List`].
///
/// ```
/// use keepnet_api::{Cursor, Error, List};
///
/// async fn ids<T>(list: List<T>) -> Result<(), Error>
/// where
///     T: serde::de::DeserializeOwned,
/// {
///     // One page.
///     let page = list.clone().page().await?;
///     println!("{} of {:?}", page.items().len(), page.total());
///     // All of it, without decoding, as JSON lines.
///     let mut items = list.raw_items();
///     while let Some(json) = items.try_next().await? {
///         println!("{}", json.to_line());
///     }
///     Ok(())
/// }
/// ```
pub type List<T> = security_api_transport::List<T, paging::PageNumber>;

/// One page of a list: its items, and the call for the next page.
///
/// `page()` of a list returns it, and [`Pages`] yield it. `items()` and `into_items()` return the items, `total()` the
/// number of items in the whole list, `next()` the call for the next page, and `next_cursor()` a [`Cursor`] to store.
/// All methods are those of [`security_api_transport::Page`].
///
/// ```
/// use keepnet_api::{Error, List};
///
/// async fn count<T: serde::de::DeserializeOwned>(list: List<T>) -> Result<usize, Error> {
///     let mut page = list.page().await?;
///     let mut count = page.items().len();
///     // The next page has the same filter, order and options.
///     while let Some(next) = page.next() {
///         page = next.await?;
///         count += page.items().len();
///     }
///     Ok(count)
/// }
/// ```
pub type Page<T> = security_api_transport::Page<T, paging::PageNumber>;

/// Every page of a list in order: a `Stream` of [`Page`]s with the additional method `try_next()`.
///
/// `pages()` of a list returns it. `cursor()` is the start of the page after the last one received, and `resume()`
/// continues there. All methods are those of [`security_api_transport::Pages`].
///
/// ```
/// use keepnet_api::{Error, List};
///
/// async fn sizes<T: serde::de::DeserializeOwned>(list: List<T>) -> Result<(), Error> {
///     let mut pages = list.pages();
///     while let Some(page) = pages.try_next().await? {
///         println!("{} items; then {:?}", page.items().len(), pages.cursor());
///     }
///     Ok(())
/// }
/// ```
pub type Pages<T> = security_api_transport::Pages<T, paging::PageNumber>;

/// Every item of a list, across pages: a `Stream` with the additional methods `try_next()` and `try_collect()`.
///
/// `items()` of a list returns it. Pages are requested as they are needed, with the options of the list. After an item
/// that cannot be decoded the stream continues; any other error ends it. `cursor()` is the position before the next
/// item, also after an error, and `resume()` continues there. All methods are those of
/// [`security_api_transport::Items`].
///
/// ```
/// use keepnet_api::{Cursor, Error, List};
///
/// async fn all<T: serde::de::DeserializeOwned>(list: List<T>, from: Cursor) -> Result<Vec<T>, Error> {
///     list.items().resume(from).try_collect().await
/// }
/// ```
pub type Items<T> = security_api_transport::Items<T, paging::PageNumber>;

/// Every item of a list as raw JSON, across pages: for exports, and for members that this version does not model.
///
/// `raw_items()` of a list returns it. It works like [`Items`]. All methods are those of
/// [`security_api_transport::RawItems`].
///
/// ```
/// use keepnet_api::{Error, RawItems};
///
/// async fn print(mut items: RawItems) -> Result<(), Error> {
///     while let Some(json) = items.try_next().await? {
///         println!("{}", json.to_line());
///     }
///     Ok(())
/// }
/// ```
pub type RawItems = security_api_transport::RawItems<paging::PageNumber>;
