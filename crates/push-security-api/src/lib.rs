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
    ApiError, Body, BoxError, Call, CallContext, CallFuture, Credential, Cursor, Error, ErrorKind,
    FromResponse, Generation, HttpRequest, HttpResponse, HttpService, Limiter, Operation, Patch,
    Rate, RateLimiter, RawJson, Received, Request, Response, ResponseBody, RetryPolicy, Secret,
    Sent, Timestamp,
};
#[cfg(feature = "fake")]
pub use security_api_transport::{FakeAnswer, FakeRequest, FakeTransport};

/// One page of a list.
pub type Page<T> = security_api_transport::Page<T, paging::NextToken>;
/// Every page of a list.
pub type Pages<T> = security_api_transport::Pages<T, paging::NextToken>;
/// Every item of a list, across pages.
pub type Items<T> = security_api_transport::Items<T, paging::NextToken>;
/// Every item of a list as the JSON it came as, across pages.
pub type RawItems = security_api_transport::RawItems<paging::NextToken>;
