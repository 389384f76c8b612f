// Where a name has two addresses, the first counts: here the item itself, and on other sites the README's own.
//! [cursor]: Cursor
//! [defaults]: Defaults
//! [error]: struct@Error
//! [rate-limiter]: RateLimiter
//! [raw-json]: RawJson
//! [reason]: Reason
//! [request]: Client::request
#![cfg_attr(feature = "webhooks", doc = "[verifier]: webhook::Verifier")]
//!
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod generated;
mod paging;
mod protocol;
#[cfg(feature = "webhooks")]
pub mod webhook;

pub use client::{Client, ClientBuilder};
pub use generated::{operations, resources, types};
#[doc(no_inline)]
pub use http;
pub use protocol::Reason;
pub use security_api_transport::{
    ApiError, Body, BoxError, Call, CallContext, CallFuture, Credential, Cursor, Defaults, Error,
    ErrorKind, FromResponse, Generation, HttpRequest, HttpResponse, HttpService, InvalidTimestamp,
    Limiter, Operation, Outcome, Patch, Rate, RateLimiter, RawJson, Received, Request, Response,
    ResponseBody, RetryPolicy, Secret, Timestamp, UndecodedItem,
};
#[cfg(feature = "fake")]
pub use security_api_transport::{FakeAnswer, FakeRequest, FakeTransport};

/// One page of a list: its items, and the call for the next page.
///
/// It is what `page()` of a list gives, and what [`Pages`] consist of. `items()` and `into_items()` give the items,
/// `has_next()` and `next()` lead on, and `next_cursor()` is a [`Cursor`] to store. All methods are those of
/// [`security_api_transport::Page`].
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

/// Every page of a list, one after the other: a `Stream` of [`Page`]s that has `try_next()` of its own.
///
/// It is what `pages()` of a list gives. `cursor()` is the start of the page after the one received last, and
/// `resume()` goes on there. All methods are those of [`security_api_transport::Pages`].
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

/// Every item of a list, across pages: a `Stream` that has `try_next()` and `try_collect()` of its own.
///
/// It is what `items()` of a list gives. Pages are asked for as they are needed, and the options of the list hold for
/// each of them. After an error it ends. `cursor()` is the place before the next item, also after an error, and
/// `resume()` goes on there. All methods are those of [`security_api_transport::Items`].
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

/// Every item of a list as the JSON it came as, across pages: for exports, and for members that this version does not
/// know.
///
/// It is what `raw_items()` of a list gives, and works as [`Items`] do. All methods are those of
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
