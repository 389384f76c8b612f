// Where a name has two addresses, the first counts: here the item itself, and on other sites the README's own.
//! [client-builder]: ClientBuilder
//! [client]: Client
//! [cursor]: Cursor
//! [defaults]: Defaults
//! [error]: struct@Error
//! [expiry]: Expiry
//! [items]: Items
//! [list]: List
//! [middleware]: middleware
//! [new-push]: NewPush
//! [not-as-asked]: NotAsAsked
//! [outcome]: Outcome
//! [page]: Page
//! [rate-limiter]: RateLimiter
//! [reason]: Reason
//! [resources]: resources
//! [types]: types
//!
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod call;
mod checks;
mod client;
mod confirmation;
mod create;
mod files;
#[expect(
    unreachable_pub,
    reason = "the items of its `resources` are exported, not the module"
)]
mod generated;
mod instance;
mod not_as_asked;
mod notify;
mod paging;
mod protocol;
mod pushes;
mod reading;
mod reason;
mod requests;
mod respond;
mod token;
mod withdraw;

pub use client::{Client, ClientBuilder};
pub use create::created::Created;
pub use create::difference::Difference;
pub use create::expiry::{Expiry, InvalidExpiry};
pub use create::new_push::NewPush;
pub use create::new_request::NewRequest;
pub use generated::types::Edition;
pub use generated::{operations, types};
#[doc(no_inline)]
pub use http;
pub use instance::bounds::{Bounds, PushKind};
pub use not_as_asked::{Fate, NotAsAsked};
pub use reading::retrieved::Retrieved;
pub use reason::Reason;
#[doc(inline)]
pub use security_api_transport::middleware;
pub use security_api_transport::{
    Anonymous, ApiError, ApiKey, Body, Call, Cursor, Defaults, Download, Error, ErrorKind, Form,
    InvalidTimestamp, Job, Operation, Outcome, Rate, RateLimiter, Rates, RawJson, Request,
    Response, RetryPolicy, Secret, Timestamp, UndecodedItem, Upload,
};
#[cfg(feature = "fake")]
pub use security_api_transport::{FakeRequest, FakeResponse, FakeTransport};

pub use token::token_of_link;

/// The resources of the API, and the types of their calls.
pub mod resources {
    pub use crate::create::Create;
    pub use crate::generated::resources::*;
    pub use crate::notify::NotifyPush;
    pub use crate::reading::{ShowPush, ShowRequest};
    pub use crate::respond::RespondRequest;
    pub use crate::withdraw::Withdraw;
}

/// The call of a paged list. It cannot be awaited itself, because one page is not the list.
///
/// `page()` requests one page; `pages()`, `items()` and `raw_items()` return all of them. All methods are those of
/// [`security_api_transport::List`].
///
/// ```no_run
/// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
/// let first = pwpush.pushes().audit("fkwjfvhall92").page().await?;
/// println!("{} entries", first.items().len());
/// # Ok(()) }
/// ```
pub type List<T> = security_api_transport::List<T, paging::PageNumber>;

/// One page of a list: its items, and the call for the next page.
///
/// A page of the open-source server has 50 items unless it is the last. All methods are those of
/// [`security_api_transport::Page`].
///
/// ```no_run
/// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
/// let mut page = pwpush.pushes().active().page().await?;
/// loop {
///     println!("{} pushes", page.items().len());
///     match page.next() {
///         Some(next) => page = next.await?,
///         None => break,
///     }
/// }
/// # Ok(()) }
/// ```
pub type Page<T> = security_api_transport::Page<T, paging::PageNumber>;

/// Every page of a list: a `Stream` of [`Page`]s with the additional method `try_next()`.
///
/// All methods are those of [`security_api_transport::Pages`].
///
/// ```no_run
/// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
/// let mut pages = pwpush.pushes().expired().pages();
/// while let Some(page) = pages.try_next().await? {
///     println!("{} pushes", page.items().len());
/// }
/// # Ok(()) }
/// ```
pub type Pages<T> = security_api_transport::Pages<T, paging::PageNumber>;

/// Every item of a list, across pages: a `Stream` with the additional methods `try_next()` and `try_collect()`.
///
/// The service sends no total and at most 200 pages, of 50 items each on the open-source server. A list that fills them
/// ends with an error, because there are probably more items that the service does not send. While items are added,
/// pages shift: drop repetitions.
/// All methods are those of [`security_api_transport::Items`].
///
/// ```no_run
/// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
/// let mut pushes = pwpush.pushes().active().items();
/// while let Some(push) = pushes.try_next().await? {
///     println!("{:?} {:?}", push.name, push.views_remaining);
/// }
/// # Ok(()) }
/// ```
pub type Items<T> = security_api_transport::Items<T, paging::PageNumber>;

/// Every item of a list as raw JSON, across pages: for exports, and for members that this version does not know.
///
/// The JSON contains secrets as well, such as the tokens of pushes. All methods are those of
/// [`security_api_transport::RawItems`].
///
/// ```no_run
/// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
/// let mut entries = pwpush.pushes().audit("fkwjfvhall92").raw_items();
/// while let Some(json) = entries.try_next().await? {
///     println!("{}", json.as_str());
/// }
/// # Ok(()) }
/// ```
pub type RawItems = security_api_transport::RawItems<paging::PageNumber>;
