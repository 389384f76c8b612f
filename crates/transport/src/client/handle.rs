//! The handle that makes calls.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use tokio::time::Instant;

use crate::call_options::CallOptions;
use crate::context::Destination;
use crate::credential::Credential;
use crate::error::Error;
use crate::headers;
use crate::limiter::Limiter;
use crate::protocol::Protocol;
use crate::service::HttpService;
use crate::url::base_url::BaseUrl;

use super::defaults::Defaults;

/// The handle that service clients hold. It is the size of one pointer; clones share everything.
///
/// It may be stored in a static, be used from several tokio runtimes, in sequence or concurrently, and outlive them.
/// Each runtime has its own connections, and an idle or finished runtime does not block calls on another. A call that
/// was polled in one runtime and is polled on in another begins again there, unless it may have been executed and is
/// not idempotent; then it fails with [`Outcome::Unknown`](crate::Outcome::Unknown).
#[derive(Clone)]
pub struct Client(pub(super) Arc<Inner>);

#[derive(Clone)]
pub(super) struct Inner {
    pub(super) stack: HttpService,
    pub(super) destination: Arc<Destination>,
    pub(super) credential: Arc<dyn Credential>,
    pub(super) limiter: Arc<dyn Limiter>,
    pub(super) state: Arc<dyn Any + Send + Sync>,
    pub(super) defaults: Defaults,
    pub(super) retries: u32,
    /// The deadline of the job, if this is the client of a job.
    pub(super) until: Option<Instant>,
    /// Headers sent with every request in addition to those that the stack adds.
    pub(super) headers: HeaderMap,
    /// Whether files are fetched from private networks.
    pub(super) private_files: bool,
}

impl Client {
    /// Returns a client that sends this header with every request to the service, replacing a header of the same name.
    /// Requests that fetch a file by its URL do not carry it.
    ///
    /// A call that sets a header of this name to another value fails without sending anything, since the two values
    /// conflict. Only `accept` and `content-type` of the call take precedence over those of the client.
    ///
    /// The new client is cheap, and shares connections, limits, the credential and the retry budget.
    ///
    /// ```
    /// use security_api_transport::{Client, Error};
    ///
    /// fn for_company(client: &Client, company: &str) -> Result<Client, Error> {
    ///     client.with_header("x-company-id", company)?.with_header("x-on-behalf", "yes")
    /// }
    /// ```
    ///
    /// # Errors
    /// If the name or the value is not a valid header name or value, or the header follows from the body, as
    /// `content-length`.
    pub fn with_header(&self, name: &'static str, value: &str) -> Result<Self, Error> {
        let (name, value) = headers::checked("header of the client", name, value)?;
        let mut inner = (*self.0).clone();
        inner.headers.insert(name, value);
        Ok(Self(Arc::new(inner)))
    }

    /// Returns a client for another host of the same service, which accepts the same credential. Requests go to
    /// `base_url`.
    ///
    /// The rate limiter does not apply to that host, since the host counts its own requests, and default headers
    /// ([`ClientBuilder::default_header`](crate::ClientBuilder::default_header)) are not sent to it. Connections,
    /// credential and retry budget are shared.
    ///
    /// ```
    /// use security_api_transport::{Client, Error};
    ///
    /// fn reports(client: &Client) -> Result<Client, Error> {
    ///     client.sibling("https://reports.example.com")
    /// }
    /// ```
    ///
    /// # Errors
    /// If `base_url` is not a valid base URL, or its host is not in the same domain as the client's: the two hosts may
    /// differ only in their first label, and must have at least three labels. A client for this machine has siblings on
    /// this machine.
    pub fn sibling(&self, base_url: &str) -> Result<Self, Error> {
        let origin = BaseUrl::parse(base_url.trim(), false)?;
        let own = &self.0.destination.origin;
        if !own.is_akin_to(&origin) {
            return Err(Error::invalid(format!(
                "base URL: {origin} is not in the domain of {own}, so the credential does not go there; a sibling's host \
                 differs from it in the first part at most"
            )));
        }
        let mut inner = (*self.0).clone();
        inner.destination = Arc::new(Destination {
            origin: Arc::new(origin),
            is_limited: false,
            ..(*self.0.destination).clone()
        });
        Ok(Self(Arc::new(inner)))
    }

    /// The client that sends a job's requests.
    ///
    /// # Errors
    /// If the client sends one of the headers with another value.
    pub(crate) fn for_job(
        &self,
        options: &CallOptions,
        until: Option<Instant>,
        headers: &HeaderMap,
    ) -> Result<Self, Error> {
        let mut inner = (*self.0).clone();
        inner.until = until.into_iter().chain(inner.until).min();
        if let Some(timeout) = options.attempt_timeout {
            inner.defaults.attempt_timeout = timeout;
        }
        if let Some(limit) = options.response_limit {
            inner.defaults.response_limit = limit;
        }
        inner.retries = options.retries.unwrap_or(inner.retries);
        for (name, value) in headers {
            add_header(&mut inner.headers, name, value)?;
        }
        Ok(Self(Arc::new(inner)))
    }

    /// The time that remains for the [`Job`](crate::Job) that this client was made for, or `None` if its time is not
    /// bounded.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let until = self.0.until?;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// The credential, if it has type `C`. Use it for what only that type offers.
    ///
    /// ```
    /// use security_api_transport::{Client, OAuth2, TokenInfo};
    ///
    /// fn token(client: &Client) -> Option<TokenInfo> {
    ///     client.credential::<OAuth2>()?.current()
    /// }
    /// ```
    #[must_use]
    pub fn credential<C: Credential>(&self) -> Option<&C> {
        let credential: &dyn Any = &*self.0.credential;
        credential.downcast_ref()
    }

    /// Opens all limits that are closed because the service reported them as used up, for all clients that share the
    /// limiter. Requests start as they do when the time is over: without a burst.
    ///
    /// ```
    /// fn quota_was_raised(client: &security_api_transport::Client) {
    ///     client.reopen_limits();
    /// }
    /// ```
    pub fn reopen_limits(&self) {
        self.0.limiter.reopen();
    }

    pub(crate) fn protocol(&self) -> &dyn Protocol {
        &*self.0.destination.protocol
    }

    /// The [`state`](crate::ServiceSettings::state) of the service's client, if it has type `S`.
    #[must_use]
    pub fn state<S: Any>(&self) -> Option<&S> {
        self.0.state.downcast_ref()
    }

    /// The base URL that requests go to.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.0.destination.origin.to_string()
    }
}

/// Adds a header of one call to those of the client.
///
/// # Errors
/// If the client sends the header with another value.
pub(super) fn add_header(
    headers: &mut HeaderMap,
    name: &HeaderName,
    value: &HeaderValue,
) -> Result<(), Error> {
    let other = headers.insert(name.clone(), value.clone());
    if other.is_some_and(|other| other != value) && !matches!(*name, ACCEPT | CONTENT_TYPE) {
        return Err(Error::invalid(format!(
            "the header `{name}` of the call differs from the one that the client sends with every call \
             (`with_header`): leave one of them out"
        )));
    }
    Ok(())
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.0.destination.origin)
            .finish_non_exhaustive()
    }
}
