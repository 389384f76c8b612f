//! The client and its builder.

use std::sync::Arc;
use std::time::Duration;

use security_api_transport::middleware::Credential;
use security_api_transport::{
    Anonymous, ApiKey, Error, ErrorKind, Job, Rate, RateLimiter, Secret, ServiceSettings,
};

use crate::instance::bounds::{Bounds, PushKind};
use crate::instance::{self, Answer, Instance};
use crate::operations::INSTANCE_VERSION;
use crate::protocol::PasswordPusher;
use crate::types::Edition;

/// Builds a [`Client`]. Options that are not set have the values of [`Defaults`](crate::Defaults).
///
/// Created by [`Client::builder`], [`Client::anonymous_builder`] or [`Client::builder_from_env`]. All methods are those
/// of [`security_api_transport::ClientBuilder`]:
///
/// - `base_url`, `user_agent`, `proxy`, `no_proxy`, `root_certificate`, `http1_only`: where requests go, and how. The
///   base URL is the instance's own, path included, without `/api/v2`.
/// - `default_header`, `default_secret_header`: headers for an access proxy in front of the instance. They are sent
///   only to the origin of the base URL, not to where files are stored.
/// - `timeout`, `attempt_timeout`, `idle_timeout`, `connect_timeout`, `pool_idle_timeout`, `response_limit`: timeouts
///   and limits.
/// - `retry`, `limiter`, `credential`: a [`RetryPolicy`](crate::RetryPolicy), a
///   [`Limiter`](crate::middleware::Limiter) shared with other clients, and a
///   [`Credential`](crate::middleware::Credential) that can be renewed.
/// - `transport`, `call_layer`, `attempt_layer`: tower services that replace or wrap how requests are sent.
///
/// ```
/// use pwpush_api::Client;
///
/// let authority = "-----BEGIN CERTIFICATE-----";
/// # let authority = "";
/// let pwpush = Client::builder("an-api-token")
///     .base_url("https://intranet.example.com/pwpush")
///     .root_certificate(authority)
///     .build();
/// # let _ = pwpush;
/// ```
pub type ClientBuilder = security_api_transport::ClientBuilder<Client>;

const TOKEN_VARIABLE: &str = "PASSWORD_PUSHER_TOKEN";
const URL_VARIABLE: &str = "PASSWORD_PUSHER_BASE_URL";

/// A client of the Password Pusher API v2, open-source and commercial. It is the size of one pointer; clones share
/// connections, limits, retry budget and what is known about the instance.
///
/// The service allows 120 requests a minute and 60 a second from one address. The client keeps to that limit: calls
/// wait for their turn, in order. Build all clients of one machine from clones of one [`RateLimiter`], or clone the
/// client.
///
/// ```no_run
/// # async fn example() -> Result<(), pwpush_api::Error> {
/// use pwpush_api::{Client, Expiry, NewPush};
///
/// let pwpush = Client::from_env()?;
/// let push = NewPush::text("correct horse battery staple")
///     .expire_after(Expiry::days(1))
///     .views(1);
/// let push = pwpush.pushes().create(push).await?;
/// println!("{}", push.link().expose());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    transport: security_api_transport::Client,
}

impl Client {
    /// The hosted service in the EU, which is the default base URL. The vendor's bare address redirects there as well.
    pub const EU: &'static str = "https://eu.pwpush.com";

    /// The hosted service in the US. Its tokens are separate.
    pub const US: &'static str = "https://us.pwpush.com";

    /// Creates a client for the hosted service in the EU with this API token. For another instance, see
    /// [`builder`](Self::builder).
    ///
    /// # Errors
    /// If the token is empty or has characters that are invalid in a header.
    ///
    /// ```
    /// let pwpush = pwpush_api::Client::new("an-api-token")?;
    /// assert_eq!(pwpush.base_url(), pwpush_api::Client::EU);
    /// # Ok::<(), pwpush_api::Error>(())
    /// ```
    pub fn new(token: impl Into<Secret>) -> Result<Self, Error> {
        Self::builder(token).build()
    }

    /// Creates a client for the hosted service in the EU without a token. It can create, read, preview and expire
    /// pushes where the instance allows that, but not list or audit them, and not push files.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    ///
    /// ```
    /// let pwpush = pwpush_api::Client::anonymous()?;
    /// # Ok::<(), pwpush_api::Error>(())
    /// ```
    pub fn anonymous() -> Result<Self, Error> {
        Self::anonymous_builder().build()
    }

    /// Creates a client from environment variables: the token in `PASSWORD_PUSHER_TOKEN` and, optionally, another base
    /// URL in `PASSWORD_PUSHER_BASE_URL`.
    ///
    /// # Errors
    /// If the token is not set, or one of the values is invalid.
    ///
    /// ```no_run
    /// let pwpush = pwpush_api::Client::from_env()?;
    /// # Ok::<(), pwpush_api::Error>(())
    /// ```
    pub fn from_env() -> Result<Self, Error> {
        Self::builder_from_env()?.build()
    }

    /// Starts a builder from the same variables as [`from_env`](Self::from_env), for further settings.
    ///
    /// # Errors
    /// If the token is not set.
    ///
    /// ```no_run
    /// let pwpush = pwpush_api::Client::builder_from_env()?
    ///     .user_agent("help-desk/1.0")
    ///     .build()?;
    /// # Ok::<(), pwpush_api::Error>(())
    /// ```
    pub fn builder_from_env() -> Result<ClientBuilder, Error> {
        let token = std::env::var(TOKEN_VARIABLE).map_err(|_| {
            Error::invalid(format!(
                "the environment variable `{TOKEN_VARIABLE}` is not set: give it the API token, or make the client with \
                 `Client::anonymous`"
            ))
        })?;
        let builder = Self::builder(token);
        Ok(match std::env::var(URL_VARIABLE) {
            Ok(url) => builder.base_url(url),
            Err(_) => builder,
        })
    }

    /// Starts a builder with this API token; see [`ClientBuilder`]. An invalid token makes `build` fail.
    ///
    /// ```
    /// let pwpush = pwpush_api::Client::builder("an-api-token")
    ///     .base_url("https://pwpush.example.com")
    ///     .build()?;
    /// # Ok::<(), pwpush_api::Error>(())
    /// ```
    pub fn builder(token: impl Into<Secret>) -> ClientBuilder {
        let credential = ApiKey::bearer(token.into().expose());
        ClientBuilder::new(credential.and_then(|token| settings(Arc::new(token), true)))
    }

    /// Starts a builder of a client that sends no token. It sends no `Authorization` header at all, because the service
    /// refuses an empty one.
    ///
    /// To use a custom [`Credential`](crate::middleware::Credential), start with [`builder`](Self::builder): a client
    /// from this builder counts as anonymous, and refuses to push files.
    ///
    /// ```
    /// let pwpush = pwpush_api::Client::anonymous_builder()
    ///     .base_url("https://oss.pwpush.com")
    ///     .build()?;
    /// # Ok::<(), pwpush_api::Error>(())
    /// ```
    pub fn anonymous_builder() -> ClientBuilder {
        ClientBuilder::new(settings(Arc::new(Anonymous), false))
    }

    /// Returns a client that assumes this edition instead of asking the instance. Call it right after building: an
    /// edition that the client already knows stays.
    ///
    /// If the edition is wrong, a lifetime is sent in a member that the instance ignores. The client detects that,
    /// expires the push again and fails. What a response does not contain cannot be compared: with
    /// [`Edition::Commercial`], a passphrase and addresses for e-mail that are absent from the response are assumed to
    /// be kept. With [`Edition::Oss`], a page of fewer than 50 ends a list; the page size of the
    /// commercial edition is not known, so its lists are read until nothing follows.
    ///
    /// ```
    /// use pwpush_api::{Client, types::Edition};
    ///
    /// let pwpush = Client::builder("an-api-token")
    ///     .base_url("https://pwpush.example.com")
    ///     .build()?
    ///     .assume_edition(Edition::Oss);
    /// # Ok::<(), pwpush_api::Error>(())
    /// ```
    #[must_use]
    pub fn assume_edition(self, edition: Edition) -> Self {
        instance::assume_edition(&self.transport, edition);
        self
    }

    /// Returns a client that refuses values outside of these bounds before they are sent. An instance has bounds for
    /// each kind of push. Call it right after building: the first bounds of a kind stay.
    ///
    /// ```
    /// use pwpush_api::{Bounds, Client, PushKind};
    ///
    /// let pwpush = Client::builder("an-api-token")
    ///     .base_url("https://pwpush.example.com")
    ///     .build()?
    ///     .assume_bounds(PushKind::Text, Bounds::new().days(1..=30).views(1..=20));
    /// # Ok::<(), pwpush_api::Error>(())
    /// ```
    #[must_use]
    pub fn assume_bounds(self, kind: PushKind, bounds: Bounds) -> Self {
        instance::assume_bounds(&self.transport, kind, bounds);
        self
    }

    /// The instance's edition. The client asks (`GET /api/v2/version`, without the token) until it knows it; a failure
    /// is not cached, and no caller waits for another one's request.
    ///
    /// # Errors
    /// If the response names no edition, or an unknown one. The edition is never guessed.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// use pwpush_api::types::Edition;
    ///
    /// if pwpush.edition().await? == Edition::Commercial {
    ///     println!("there are requests, too");
    /// }
    /// # Ok(()) }
    /// ```
    pub fn edition(&self) -> Job<Edition> {
        Job::new(&self.transport, |client| async move {
            instance::edition(&client).await
        })
    }

    /// Makes cheap calls, to check at start-up that the base URL is that of a Password Pusher and the token is right.
    ///
    /// It requests the version (`GET /api/v2/version`, without the token), which nothing else responds to, and with a
    /// token then the last possible page of the active pushes (`GET /api/v2/pushes/active`), which is nearly always
    /// empty. Without a token it does not tell whether the instance allows anonymous calls.
    ///
    /// # Errors
    /// If a call fails, see [`Reason`](crate::Reason), or the response is not that of a Password Pusher.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// pwpush.check().await?;
    /// # Ok(()) }
    /// ```
    pub fn check(&self) -> Job<()> {
        Job::new(&self.transport, |client| Self::from(client).checked())
    }

    async fn checked(self) -> Result<(), Error> {
        let Answer {
            version,
            has_failed,
        } = instance::version(&self.transport).await?;
        let is_named = |version: Option<&String>| version.is_some_and(|it| !it.trim().is_empty());
        let versions = [&version.application_version, &version.api_version];
        if has_failed || !versions.into_iter().all(|it| is_named(it.as_ref())) {
            return Err(Error::new(
                ErrorKind::Decode,
                "the response does not name the versions of a Password Pusher: check the base URL",
            )
            .with_operation(&INSTANCE_VERSION));
        }
        if instance::has_token(&self.transport) {
            let last = self.pushes().active().extra_query("page", "200");
            last.page().await?;
        }
        Ok(())
    }

    /// Creates a limiter for an instance's default limits. Each client has one; build clients on one machine that
    /// cannot be clones of each other with clones of one such limiter.
    ///
    /// # Errors
    /// None in this version; the limits are constants.
    ///
    /// ```
    /// use pwpush_api::Client;
    ///
    /// let limiter = Client::service_limiter()?;
    /// let eu = Client::builder("a-token").limiter(limiter.clone()).build()?;
    /// let also = Client::anonymous_builder().limiter(limiter).build()?;
    /// # Ok::<(), pwpush_api::Error>(())
    /// ```
    pub fn service_limiter() -> Result<RateLimiter, Error> {
        // 120 in each minute of the service's clock, less one that may arrive late. With a burst of 30 there are never
        // 60 in one second, which is the other limit.
        let minute = Rate::quota(119, Duration::from_secs(60), 30)?;
        Ok(RateLimiter::new(minute))
    }
}

security_api_transport::__service_client! {
    Client;
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// use pwpush_api::http::Method;
    ///
    /// let response: serde_json::Value = pwpush
    ///     .request(Method::GET, "/api/v2/pushes/active")
    ///     .query("page", "2")
    ///     .idempotent()
    ///     .call()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    request;
    /// ```
    /// # fn quota_was_raised(pwpush: &pwpush_api::Client) {
    /// pwpush.reopen_limits();
    /// # }
    /// ```
    reopen_limits;
    /// ```
    /// let pwpush = pwpush_api::Client::new("an-api-token")?;
    /// assert_eq!(pwpush.base_url(), "https://eu.pwpush.com");
    /// # Ok::<(), pwpush_api::Error>(())
    /// ```
    base_url;
}

fn settings(credential: Arc<dyn Credential>, has_token: bool) -> Result<ServiceSettings, Error> {
    Ok(ServiceSettings {
        user_agent: concat!("pwpush-api/", env!("CARGO_PKG_VERSION")),
        base_url: Client::EU.to_owned(),
        base_path: true,
        protocol: Arc::new(PasswordPusher::new(has_token)),
        credential,
        limiter: Arc::new(Client::service_limiter()?),
        state: Arc::new(Instance::new(has_token)),
    })
}
