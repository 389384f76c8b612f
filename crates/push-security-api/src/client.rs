//! The client and its builder.

use std::sync::Arc;

use http::HeaderName;
use security_api_transport::{ApiKey, Error, Job, Rate, RateLimiter, Secret, ServiceSettings};

use crate::paging::PageBody;
use crate::protocol::PushSecurity;
use crate::types::Browser;

/// Builds a [`Client`]. Options that are not set have the values of [`Defaults`](crate::Defaults).
///
/// Created by [`Client::builder`] or [`Client::builder_from_env`]. All methods are those of
/// [`security_api_transport::ClientBuilder`]:
///
/// - `base_url`, `user_agent`, `proxy`, `no_proxy`, `root_certificate`, `http1_only`: where requests go, and how.
/// - `timeout`, `attempt_timeout`, `idle_timeout`, `connect_timeout`, `pool_idle_timeout`, `response_limit`: timeouts
///   and limits.
/// - `retry`, `limiter`, `credential`: a [`RetryPolicy`](crate::RetryPolicy), a [`Limiter`](crate::middleware::Limiter)
///   shared with other clients, and a [`Credential`](crate::middleware::Credential) that can be renewed.
/// - `transport`, `call_layer`, `attempt_layer`: tower services that replace or wrap how requests are sent.
///
/// ```
/// use push_security_api::Client;
///
/// // Two clients of one user share the limit that the service has for that user.
/// let limiter = Client::service_limiter()?;
/// let reader = Client::builder("a-key-that-reads").limiter(limiter.clone()).build()?;
/// let writer = Client::builder("a-key-that-writes").limiter(limiter).build()?;
/// # Ok::<(), push_security_api::Error>(())
/// ```
pub type ClientBuilder = security_api_transport::ClientBuilder<Client>;

const BASE_URL: &str = "https://api.pushsecurity.com";
const KEY_VARIABLE: &str = "PUSH_SECURITY_API_KEY";
const URL_VARIABLE: &str = "PUSH_SECURITY_BASE_URL";

/// A client of the Push Security REST API v1. It is the size of one pointer; clones share connections, limits and retry
/// budget.
///
/// The service allows each user 10 requests a second, in bursts of up to 20. The client keeps to that limit:
/// calls wait for their turn, in order. Build all clients of one user from clones of one [`RateLimiter`], or clone the
/// client.
///
/// ```no_run
/// # async fn example() -> Result<(), push_security_api::Error> {
/// let push = push_security_api::Client::from_env()?;
/// let apps = push.apps().list().items().try_collect().await?;
/// println!("{} apps", apps.len());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    transport: security_api_transport::Client,
}

impl Client {
    /// Creates a client with this API key.
    ///
    /// Keys are made on the settings page of the admin console, with one of two permissions: `Read only` for GET
    /// requests, `Full access` for all.
    ///
    /// # Errors
    /// If the key is empty or has characters that are invalid in a header.
    ///
    /// ```
    /// let push = push_security_api::Client::new("an-api-key")?;
    /// # Ok::<(), push_security_api::Error>(())
    /// ```
    pub fn new(api_key: impl Into<Secret>) -> Result<Self, Error> {
        Self::builder(api_key).build()
    }

    /// Creates a client from environment variables: the key in `PUSH_SECURITY_API_KEY` and, optionally, another base
    /// URL in `PUSH_SECURITY_BASE_URL`.
    ///
    /// # Errors
    /// If the key is not set, or one of the values is invalid.
    ///
    /// ```no_run
    /// let push = push_security_api::Client::from_env()?;
    /// # Ok::<(), push_security_api::Error>(())
    /// ```
    pub fn from_env() -> Result<Self, Error> {
        Self::builder_from_env()?.build()
    }

    /// Starts a builder from the same variables as [`from_env`](Self::from_env), for further settings.
    ///
    /// # Errors
    /// If the key is not set.
    ///
    /// ```no_run
    /// let push = push_security_api::Client::builder_from_env()?
    ///     .user_agent("night-watch/1.0")
    ///     .build()?;
    /// # Ok::<(), push_security_api::Error>(())
    /// ```
    pub fn builder_from_env() -> Result<ClientBuilder, Error> {
        let key = std::env::var(KEY_VARIABLE).map_err(|_| {
            Error::invalid(format!(
                "the environment variable `{KEY_VARIABLE}` is not set: give it the API key"
            ))
        })?;
        let builder = Self::builder(key);
        Ok(match std::env::var(URL_VARIABLE) {
            Ok(url) => builder.base_url(url),
            Err(_) => builder,
        })
    }

    /// Starts a builder with this API key; see [`ClientBuilder`]. An invalid key makes `build` fail.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let push = push_security_api::Client::builder("an-api-key")
    ///     .timeout(Duration::from_secs(20))
    ///     .user_agent("night-watch/1.0")
    ///     .build()?;
    /// # Ok::<(), push_security_api::Error>(())
    /// ```
    pub fn builder(api_key: impl Into<Secret>) -> ClientBuilder {
        ClientBuilder::new(settings(&api_key.into()))
    }

    /// Makes the cheapest authenticated call, to check at start-up that base URL and key are right.
    ///
    /// It requests one browser (`GET /v1/browsers`), which counts against the rate limit like any call. It does not
    /// tell whether the key may change anything.
    ///
    /// # Errors
    /// If the call fails, see [`Reason`](crate::Reason), or the response is no list of this service. The service's
    /// response to a wrong key is not documented, and most likely gives
    /// [`Reason::KeyRefused`](crate::Reason::KeyRefused).
    ///
    /// ```no_run
    /// # async fn example(push: push_security_api::Client) -> Result<(), push_security_api::Error> {
    /// push.check().await?;
    /// # Ok(()) }
    /// ```
    pub fn check(&self) -> Job<()> {
        Job::new(&self.transport, |client| async move {
            let first = Self::from(client).browsers().list().limit(1).page();
            let page = first.into_request().call::<PageBody<Browser>>();
            page.await.map(drop)
        })
    }

    /// Creates a limiter for the service's published limits. Each client has one. For several keys of
    /// one user, give all clients clones of one limiter.
    ///
    /// # Errors
    /// None in this version; the limits are constants.
    ///
    /// ```
    /// use push_security_api::Client;
    ///
    /// let limiter = Client::service_limiter()?;
    /// let night = Client::builder("a-key").limiter(limiter.clone()).build()?;
    /// let day = Client::builder("another-key").limiter(limiter).build()?;
    /// # Ok::<(), push_security_api::Error>(())
    /// ```
    pub fn service_limiter() -> Result<RateLimiter, Error> {
        // The service allows 20 in any one second. A burst of 9 in addition to 10 a second leaves room for one request
        // that was sent on time and arrives late.
        Ok(RateLimiter::new(Rate::per_second(10.0, 9)?))
    }
}

security_api_transport::__service_client! {
    Client;
    /// ```no_run
    /// # async fn example(push: push_security_api::Client) -> Result<(), push_security_api::Error> {
    /// use push_security_api::http::Method;
    ///
    /// let response: serde_json::Value = push
    ///     .request(Method::GET, "/v1/browsers")
    ///     .query("limit", "5")
    ///     .idempotent()
    ///     .call()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    request;
    /// ```
    /// # fn quota_was_raised(push: &push_security_api::Client) {
    /// push.reopen_limits();
    /// # }
    /// ```
    reopen_limits;
    /// ```
    /// let push = push_security_api::Client::new("an-api-key")?;
    /// assert_eq!(push.base_url(), "https://api.pushsecurity.com");
    /// # Ok::<(), push_security_api::Error>(())
    /// ```
    base_url;
}

fn settings(api_key: &Secret) -> Result<ServiceSettings, Error> {
    Ok(ServiceSettings {
        user_agent: concat!("push-security-api/", env!("CARGO_PKG_VERSION")),
        base_url: BASE_URL.to_owned(),
        base_path: false,
        protocol: Arc::new(PushSecurity),
        credential: Arc::new(ApiKey::new(
            HeaderName::from_static("x-api-key"),
            api_key.expose(),
        )?),
        limiter: Arc::new(Client::service_limiter()?),
        state: Arc::new(()),
    })
}
