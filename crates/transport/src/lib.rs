//! The request path that the security API clients share.
//!
//! Users depend on a service's crate, which re-exports the public parts of this one. The README lists the layers that a
//! request passes, from the outside in.

mod body;
mod call;
mod call_options;
mod client;
mod clock;
mod context;
mod credential;
mod download;
mod error;
#[cfg(any(feature = "fake", test))]
mod fake;
mod headers;
mod job;
mod layers;
mod limiter;
mod operation;
mod outcome;
mod paging;
mod protocol;
mod receive;
mod request;
mod response_parts;
mod retry_table;
mod runtime;
mod service;
mod text;
mod url;
mod wire;

pub use wire::{model, open_enum};

pub use body::Body;
pub use body::multipart::{Form, Upload};
pub use call::{Call, Response};
pub use client::{Client, ClientBuilder, Defaults, ServiceSettings};
pub use credential::{Anonymous, ApiKey, OAuth2, TokenInfo};
pub use download::{Download, FETCH};
pub use error::{ApiError, Error, ErrorKind, UndecodedItem, ValidationMessages, one_line};
#[cfg(any(feature = "fake", test))]
pub use fake::{FakeRequest, FakeResponse, FakeTransport};
pub use job::{Job, JobOptions};
pub use layers::retry::RetryPolicy;
pub use limiter::{Rate, RateLimiter, Rates};
pub use operation::Operation;
pub use outcome::Outcome;
pub use paging::{
    Cursor, Items, List, Next, Page, PageItems, PageVisitor, Pages, Paging, RawItems, ReadPage,
    Split, Stamp, Tail, TailCursor, Timeline,
};
pub use protocol::Protocol;
pub use request::Request;
pub use response_parts::ResponseParts;
pub use retry_table::Verdict;
pub use wire::patch::Patch;
pub use wire::raw::RawJson;
pub use wire::secret::Secret;
pub use wire::timestamp::{InvalidTimestamp, Timestamp};

/// What custom layers, transports, credentials, limiters and response types are written with, and the types of futures.
pub mod middleware {
    pub use crate::body::ResponseBody;
    pub use crate::call::{CallFuture, FromResponse, Received};
    pub use crate::context::CallContext;
    pub use crate::credential::{Credential, Generation};
    pub use crate::error::BoxError;
    pub use crate::job::JobFuture;
    pub use crate::limiter::Limiter;
    pub use crate::service::{HttpRequest, HttpResponse, HttpService};
}

/// What generated code needs from other crates, and the service crates from this one.
#[doc(hidden)]
pub mod __private {
    pub use crate::clock::after;
    pub use crate::error::no_page_number;
    pub use crate::runtime::{Bound, Pause};
    pub use crate::text::{is_blank, is_white_space};
    pub use crate::wire::failure_members::{is_failure_status, reports_error};
    pub use {bytes, http, serde, serde_json};
}
