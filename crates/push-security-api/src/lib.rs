// Where a name has two addresses, the first counts: here the item itself, and on other sites the README's own.
//! [client-builder]: ClientBuilder
//! [client]: Client
//! [cursor]: Cursor
//! [defaults]: Defaults
//! [error]: struct@Error
//! [items]: Items
//! [middleware]: middleware
//! [outcome]: Outcome
//! [page]: Page
//! [pages]: Pages
//! [rate-limiter]: RateLimiter
//! [raw-json]: RawJson
//! [reason]: Reason
//! [request]: Client::request
//! [resources]: resources
//! [types]: types
#![cfg_attr(
    feature = "webhooks",
    doc = "[verifier]: webhook::Verifier\n[webhook]: mod@webhook"
)]
//!
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod generated;
mod paging;
mod protocol;
mod reason;
mod tail;
#[cfg(feature = "webhooks")]
pub mod webhook;

pub use client::{Client, ClientBuilder};
pub use generated::{operations, resources, types};
#[doc(no_inline)]
pub use http;
pub use reason::Reason;
#[doc(inline)]
pub use security_api_transport::middleware;
pub use security_api_transport::{
    ApiError, ApiKey, Body, Call, Cursor, Defaults, Download, Error, ErrorKind, Form,
    InvalidTimestamp, Job, Operation, Outcome, Patch, Rate, RateLimiter, Rates, RawJson, Request,
    Response, RetryPolicy, Secret, TailCursor, Timestamp, UndecodedItem, Upload,
};
#[cfg(feature = "fake")]
pub use security_api_transport::{FakeRequest, FakeResponse, FakeTransport};

/// One page of a list: its items, and the call for the next page.
///
/// Returned by `page()` of a list, and yielded by [`Pages`]. `items()` and `into_items()` return the items,
/// `has_next()` and `next()` lead to the next page, and `next_cursor()` is a [`Cursor`] to store. All methods are those
/// of [`security_api_transport::Page`].
///
/// ```no_run
/// # async fn example(push: push_security_api::Client) -> Result<(), push_security_api::Error> {
/// let mut page = push.apps().list().limit(50).page().await?;
/// loop {
///     println!("{} apps", page.items().len());
///     // The next page has the same filters and options.
///     match page.next() {
///         Some(next) => page = next.await?,
///         None => break,
///     }
/// }
/// # Ok(()) }
/// ```
pub type Page<T> = security_api_transport::Page<T, paging::NextToken>;

/// Every page of a list: a `Stream` of [`Page`]s with the additional method `try_next()`.
///
/// Returned by `pages()` of a list. `cursor()` is the start of the page after the last received one, and `resume()`
/// continues there. All methods are those of [`security_api_transport::Pages`].
///
/// ```no_run
/// # async fn example(push: push_security_api::Client) -> Result<(), push_security_api::Error> {
/// let mut pages = push.findings().list().pages();
/// while let Some(page) = pages.try_next().await? {
///     println!("{} findings; then {:?}", page.items().len(), pages.cursor());
/// }
/// # Ok(()) }
/// ```
pub type Pages<T> = security_api_transport::Pages<T, paging::NextToken>;

/// Every item of a list, across pages: a `Stream` with the additional methods `try_next()` and `try_collect()`.
///
/// Returned by `items()` of a list. Pages are requested as they are needed, and the options of the list apply to each
/// of them. After an item that cannot be decoded the stream continues; any other error ends it. `cursor()` is the
/// position of the next item, also after an error, and `resume()` continues there. All methods are those of
/// [`security_api_transport::Items`].
///
/// ```no_run
/// # async fn example(push: push_security_api::Client) -> Result<(), push_security_api::Error> {
/// let mut employees = push.employees().list().items();
/// while let Some(employee) = employees.try_next().await? {
///     println!("{} {:?}", employee.id, employee.email);
/// }
/// # Ok(()) }
/// ```
pub type Items<T> = security_api_transport::Items<T, paging::NextToken>;

/// Every item of a list as raw JSON, across pages: for exports, and for members that this version does not know.
///
/// Returned by `raw_items()` of a list, and used like [`Items`]. All methods are those of
/// [`security_api_transport::RawItems`].
///
/// ```no_run
/// # async fn example(push: push_security_api::Client) -> Result<(), push_security_api::Error> {
/// use push_security_api::types::Detection;
///
/// let mut detections = push.detections().list().raw_items();
/// while let Some(json) = detections.try_next().await? {
///     println!("{}", json.as_str());
///     // The same item as an object.
///     let detection: Detection = json.decode()?;
///     println!("{:?}", detection.severity);
/// }
/// # Ok(()) }
/// ```
pub type RawItems = security_api_transport::RawItems<paging::NextToken>;

/// The records of a list that are created from a time on: a `Stream` with the additional method `try_next()`.
///
/// Returned by `tail()` of a list. [`follow`](security_api_transport::Tail::follow) makes it wait for new records, and
/// an error does not end it. `cursor()` is a [`TailCursor`] to store, and a tail that starts there continues: records
/// come at least once, and exactly once where records and cursor are stored together. All methods are those of
/// [`security_api_transport::Tail`].
///
/// ```no_run
/// # async fn example(push: push_security_api::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use push_security_api::TailCursor;
///
/// let stored: TailCursor = serde_json::from_slice(&std::fs::read("cursor.json")?)?;
/// let mut detections = push.detections().list().tail(stored).follow(Duration::from_secs(60)).raw();
/// loop {
///     match detections.try_next().await {
///         Ok(Some(detection)) => println!("{}", detection.to_line()),
///         Ok(None) => return Ok(()),
///         // The client has retried already; the tail continues where it stopped.
///         Err(error) if error.is_retryable() => eprintln!("{error}"),
///         Err(error) => return Err(error.into()),
///     }
///     if detections.at_page_end() {
///         std::fs::write("cursor.json", serde_json::to_vec(&detections.cursor())?)?;
///     }
/// }
/// # }
/// ```
pub type Tail<T> = security_api_transport::Tail<T, tail::Created>;
