//! Building a client.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::{ACCEPT, HeaderValue, USER_AGENT};
use tower_layer::Layer;
use tower_service::Service;

use super::defaults::Defaults;
use super::handle::{Client, Inner};
use super::stack::{Parts, SlotLayer, slot, stack};
use crate::context::Destination;
use crate::credential::{self, Credential};
use crate::error::{BoxError, Error, one_line};
use crate::headers;
use crate::layers::credential::ApplyCredential;
use crate::layers::custom_transport::naming_body_errors;
use crate::layers::rate_limit::RateLimit;
use crate::layers::retry::{self, Retry, RetryPolicy, RetrySettings};
use crate::layers::transport::{ReqwestTransport, TransportSettings};
use crate::limiter::Limiter;
use crate::protocol::Protocol;
use crate::service::{HttpRequest, HttpResponse, HttpService};
use crate::text::is_blank;
use crate::url::base_url::BaseUrl;
use crate::url::redirect::FileHosts;
use crate::wire::secret::{Secret, Secrets};

/// What a service crate fixes for all its clients.
#[derive(Debug)]
pub struct ServiceSettings {
    /// The `User-Agent` of the crate: its name and version.
    pub user_agent: &'static str,
    /// The service's base URL, unless the user sets another.
    pub base_url: String,
    /// Whether a base URL may have a path.
    pub base_path: bool,
    /// How requests and responses of this service are interpreted.
    pub protocol: Arc<dyn Protocol>,
    /// The credential of the service's usual kind.
    pub credential: Arc<dyn Credential>,
    /// The limiter for the service's published limits.
    pub limiter: Arc<dyn Limiter>,
    /// What the client knows and learns about the service, shared by its clones; `()` if nothing. Handles read it with
    /// [`Client::state`].
    pub state: Arc<dyn Any + Send + Sync>,
}

/// Builds a service's client `C`. Service crates create the builder; what they fix is in [`ServiceSettings`].
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use http::header::HeaderName;
/// use security_api_transport::{
///     ResponseParts, ApiError, ApiKey, Client, ClientBuilder, Error, Protocol, Rate, RateLimiter, RetryPolicy,
///     ServiceSettings,
/// };
///
/// #[derive(Debug)]
/// struct Weather;
///
/// impl Protocol for Weather {
///     fn api_error(&self, response: &ResponseParts<'_>) -> ApiError {
///         ApiError::new().with_message(String::from_utf8_lossy(response.body))
///     }
/// }
///
/// # fn main() -> Result<(), Error> {
/// # let _ = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider().install_default();
/// let client = ClientBuilder::<Client>::new(Ok(ServiceSettings {
///     user_agent: "weather/1.0",
///     base_url: "https://weather.example.com".to_owned(),
///     base_path: false,
///     protocol: Arc::new(Weather),
///     credential: Arc::new(ApiKey::new(HeaderName::from_static("x-api-key"), "a-key")?),
///     limiter: Arc::new(RateLimiter::new(Rate::per_second(5.0, 5)?)),
///     state: Arc::new(()),
/// }))
/// .timeout(Duration::from_secs(20))
/// .attempt_timeout(Duration::from_secs(5))
/// .idle_timeout(Duration::from_secs(5))
/// .connect_timeout(Duration::from_secs(3))
/// .pool_idle_timeout(Duration::from_secs(20))
/// .response_limit(1024 * 1024)
/// .retry(RetryPolicy::default().retries(1))
/// .user_agent("night-watch/2.1")
/// .no_proxy()
/// .http1_only()
/// .build()?;
/// assert_eq!(client.base_url(), "https://weather.example.com");
/// # Ok(()) }
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder<C> {
    settings: Settings,
    client: PhantomData<fn() -> C>,
}

/// The settings of a client. They do not depend on its type, so that this crate, and not each user of it, compiles what
/// is made from them.
struct Settings {
    service: Result<ServiceSettings, Error>,
    base_url: Option<String>,
    user_agent: Option<String>,
    defaults: Defaults,
    retry: RetryPolicy,
    connections: TransportSettings,
    transport: Option<HttpService>,
    per_call: Vec<SlotLayer>,
    per_attempt: Vec<SlotLayer>,
    private_files: bool,
    default_headers: Result<HeaderMap, Error>,
}

impl<C: From<Client>> ClientBuilder<C> {
    /// Starts from the service's settings. If `service` is an error, [`build`](Self::build) returns it.
    pub fn new(service: Result<ServiceSettings, Error>) -> Self {
        Self {
            settings: Settings::new(service),
            client: PhantomData,
        }
    }

    /// The base URL of the service, instead of its usual one: `https`, or `http` on this machine.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.settings.base_url = Some(url.into());
        self
    }

    /// Prepends the program's name to the crate's name in the `User-Agent` header.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.settings.user_agent = Some(name.into());
        self
    }

    /// Sends this header with every request to the origin of the base URL, including token requests and file downloads
    /// from it, and to no other origin. It is meant for what stands in front of the service, such as an access proxy. A
    /// header of the same name that the call or the credential sets takes precedence.
    ///
    /// ```
    /// use security_api_transport::{Client, ClientBuilder, Secret};
    ///
    /// fn behind_a_proxy(builder: ClientBuilder<Client>, secret: &Secret) -> ClientBuilder<Client> {
    ///     builder
    ///         .default_header("cf-access-client-id", "an-id.access")
    ///         .default_secret_header("cf-access-client-secret", secret)
    /// }
    /// ```
    pub fn default_header(mut self, name: &str, value: &str) -> Self {
        self.settings.add_default_header(name, value, false);
        self
    }

    /// Like [`default_header`](Self::default_header), for a secret value: `Debug` of a request does not show the value,
    /// and errors redact it where the service quotes it. An empty value makes [`build`](Self::build) fail.
    pub fn default_secret_header(mut self, name: &str, value: &Secret) -> Self {
        self.settings.add_default_header(name, value.expose(), true);
        self
    }

    /// Bounds every call, including all attempts and waits. `None` removes the bound. See [`Defaults`].
    ///
    /// For a download this covers the time up to the response head. After that the [`idle_timeout`](Self::idle_timeout)
    /// applies, unless the call has its own timeout, which covers the last byte.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.settings.defaults.timeout = timeout.into();
        self
    }

    /// Bounds every attempt, from the request being fully sent to the response head. The time before that, while the
    /// request waits for a connection, does not count; it is bounded by the attempt timeout and the connect timeout
    /// together.
    ///
    /// With a body of more than 64 KiB, megabytes may sit in buffers between this program and the peer, where their
    /// progress cannot be observed. Such a body counts as sent once a peer that reads 256 KiB/s would have received it,
    /// or a slower peer at the pace of the upload so far. At most 8 MiB are assumed to be in buffers.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.settings.defaults.attempt_timeout = timeout;
        self
    }

    /// Bounds the time without progress while a body is sent or received. As for the
    /// [`attempt_timeout`](Self::attempt_timeout), bytes that may still be in buffers count as progress while a body is
    /// sent.
    ///
    /// An HTTP/2 connection that has requests and shows no sign of life for this long, at most 30 s, is closed.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.defaults.idle_timeout = timeout;
        self
    }

    /// Bounds connecting, including the TLS handshake.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connections.connect_timeout = timeout;
        self
    }

    /// How long an idle connection is kept in the pool.
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connections.pool_idle_timeout = timeout;
        self
    }

    /// The largest response that is accepted, in bytes after decompression.
    pub fn response_limit(mut self, bytes: u64) -> Self {
        self.settings.defaults.response_limit = bytes;
        self
    }

    /// The largest download that is accepted, in bytes after decompression.
    pub fn download_limit(mut self, bytes: u64) -> Self {
        self.settings.defaults.download_limit = bytes;
        self
    }

    /// When and how often failed requests are retried.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// The limiter, instead of one for the service's published limits. Give clones of one limiter to all clients that
    /// use the same account.
    pub fn limiter(mut self, limiter: impl Limiter) -> Self {
        if let Ok(service) = &mut self.settings.service {
            service.limiter = Arc::new(limiter);
        }
        self
    }

    /// The credential, instead of one of the service's usual kind.
    pub fn credential(mut self, credential: impl Credential) -> Self {
        if let Ok(service) = &mut self.settings.service {
            service.credential = Arc::new(credential);
        }
        self
    }

    /// Sends all requests through this proxy, for example `http://user:password@proxy.example.com:3128` or
    /// `socks5h://proxy.example.com:1080`. Without it, the system's proxy settings (`HTTPS_PROXY`, `ALL_PROXY`,
    /// `NO_PROXY` and so on) apply, except for requests to this machine (`localhost`, `127.0.0.1`).
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.settings.connections.proxy = Some(url.into());
        self
    }

    /// Uses no proxy, and ignores the system's proxy settings.
    pub fn no_proxy(mut self) -> Self {
        self.settings.connections.no_proxy = true;
        self
    }

    /// Allows [`Client::fetch`] to fetch files from private networks, for services whose storage is in one.
    ///
    /// Without it, files are fetched only from public hosts and from the service's own host, so that whoever chooses a
    /// file's URL or redirect cannot make this machine send requests that only it can send. Cloud metadata addresses
    /// are always refused, and so is this machine unless the service runs on it.
    pub fn fetch_from_private_networks(mut self) -> Self {
        self.settings.private_files = true;
        self
    }

    /// Also trusts the certificates in this PEM text, for a service with a private certificate authority.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.settings.connections.root_certificates.push(pem.into());
        self
    }

    /// Uses HTTP/1.1 only. Without it, HTTP/2 is used where the service offers it.
    pub fn http1_only(mut self) -> Self {
        self.settings.connections.http1_only = true;
        self
    }

    /// Sends requests through this service instead of reqwest: any tower service, or a
    #[cfg_attr(feature = "fake", doc = "[`FakeTransport`](crate::FakeTransport).")]
    #[cfg_attr(not(feature = "fake"), doc = "`FakeTransport` (feature `fake`).")]
    ///
    /// An [`Error`] that the service returns keeps its outcome. An error of reqwest 0.13 is interpreted as if the
    /// client's own transport had returned it, so the service must not retry by itself. Any other error becomes
    /// [`ErrorKind::Custom`](crate::ErrorKind::Custom): the request may have been executed, and is not retried. All the
    /// time that the service takes counts towards the attempt timeout.
    pub fn transport<S>(mut self, transport: S) -> Self
    where
        S: Service<HttpRequest, Response = HttpResponse> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        self.settings.transport = Some(HttpService::new(naming_body_errors(transport)));
        self
    }

    /// Adds a layer around whole calls. It sees each call once, however many attempts it takes. The first layer added
    /// is outermost.
    ///
    /// The URL of the request contains the query, and `Debug` of a request shows it, except for parameters set as
    /// secrets ([`Request::set_secret_query`](crate::Request::set_secret_query)). Those are added below all layers.
    /// A layer passes the request's extensions on, because they contain the
    /// [`CallContext`](crate::middleware::CallContext); without it nothing is sent.
    pub fn call_layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<HttpService> + Send + Sync + 'static,
        L::Service: Service<HttpRequest, Response = HttpResponse> + Clone + Send + Sync + 'static,
        <L::Service as Service<HttpRequest>>::Error: Into<BoxError>,
        <L::Service as Service<HttpRequest>>::Future: Send + 'static,
    {
        self.settings.per_call.push(slot(layer));
        self
    }

    /// Adds a layer around attempts. It sees each retry, with the credential applied. The first layer added is
    /// outermost. As for [`call_layer`](Self::call_layer), secret query parameters are added below it. Before it adds a
    /// header meant for the service, the layer asks whether the request [leaves the service's
    /// origin](crate::middleware::CallContext::leaves_origin), because it also sees those that fetch files from other
    /// hosts ([`Client::fetch`]).
    ///
    /// ```
    /// use security_api_transport::middleware::HttpResponse;
    /// use security_api_transport::{Client, ClientBuilder};
    /// use tower::util::MapResponseLayer;
    ///
    /// fn with_log(builder: ClientBuilder<Client>) -> ClientBuilder<Client> {
    ///     builder.attempt_layer(MapResponseLayer::new(|response: HttpResponse| {
    ///         println!("{}", response.status());
    ///         response
    ///     }))
    /// }
    /// ```
    pub fn attempt_layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<HttpService> + Send + Sync + 'static,
        L::Service: Service<HttpRequest, Response = HttpResponse> + Clone + Send + Sync + 'static,
        <L::Service as Service<HttpRequest>>::Error: Into<BoxError>,
        <L::Service as Service<HttpRequest>>::Future: Send + 'static,
    {
        self.settings.per_attempt.push(slot(layer));
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// If the base URL, the credential, the proxy, a certificate, the user agent or a default header is invalid, if a
    /// proxy of the environment is malformed, or if the base URL is `https` and no TLS is compiled in.
    pub fn build(self) -> Result<C, Error> {
        self.settings.build().map(C::from)
    }
}

impl Settings {
    fn new(service: Result<ServiceSettings, Error>) -> Self {
        Self {
            service,
            base_url: None,
            user_agent: None,
            defaults: Defaults::default(),
            retry: RetryPolicy::default(),
            connections: TransportSettings {
                connect_timeout: Duration::from_secs(10),
                pool_idle_timeout: Duration::from_secs(30),
                ping_interval: Duration::from_secs(10),
                ping_timeout: Duration::from_secs(20),
                proxy: None,
                no_proxy: false,
                root_certificates: Vec::new(),
                http1_only: false,
            },
            transport: None,
            per_call: Vec::new(),
            per_attempt: Vec::new(),
            private_files: false,
            default_headers: Ok(HeaderMap::new()),
        }
    }

    fn add_default_header(&mut self, name: &str, value: &str, is_secret: bool) {
        if is_secret && is_blank(value) {
            let name = one_line(name, 60);
            self.default_headers = Err(Error::invalid(format!(
                "default header: the secret of `{name}` is empty"
            )));
        }
        let Ok(defaults) = &mut self.default_headers else {
            return;
        };
        match headers::checked("default header", name, value) {
            Ok((name, mut value)) => {
                value.set_sensitive(is_secret);
                defaults.insert(name, value);
            }
            Err(error) => self.default_headers = Err(error),
        }
    }

    fn build(self) -> Result<Client, Error> {
        let service = self.service?;
        let base_url = self.base_url.unwrap_or(service.base_url);
        let base = Arc::new(BaseUrl::parse(base_url.trim(), service.base_path)?);
        let credential = service.credential;
        let own_headers = self.default_headers?;
        let mut secrets = Secrets::default();
        secrets.add(own_headers.values().flat_map(credential::secrets_of));
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(
            USER_AGENT,
            user_agent(self.user_agent.as_deref(), service.user_agent)?,
        );
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let parts = Parts {
            per_call: self.per_call,
            per_attempt: self.per_attempt,
            retry: Retry(Arc::new(RetrySettings {
                policy: self.retry,
                credential: Arc::clone(&credential),
                limiter: Arc::clone(&service.limiter),
                budget: retry::budget(),
                shared_retries: retry::SharedRetries::default(),
            })),
            apply_credential: ApplyCredential {
                credential: Arc::clone(&credential),
                base: Arc::clone(&base),
                headers: Arc::new(headers),
                own_headers: Arc::new(own_headers),
            },
            credential: Arc::clone(&credential),
            rate_limit: RateLimit {
                limiter: Arc::clone(&service.limiter),
            },
        };
        let stack = match self.transport {
            Some(transport) => stack(transport, parts),
            None => {
                let settings = self.connections.silent_for(self.defaults.idle_timeout);
                let hosts = FileHosts {
                    base: &base,
                    private: self.private_files,
                };
                stack(ReqwestTransport::new(settings, hosts)?, parts)
            }
        };
        // Last, so that a failed build has no side effect.
        credential.bind(&base.to_string())?;
        Ok(Client(Arc::new(Inner {
            stack,
            destination: Arc::new(Destination {
                origin: base,
                protocol: service.protocol,
                credential: Some(Arc::clone(&credential)),
                secrets,
                is_authorized: true,
                is_limited: true,
            }),
            credential,
            limiter: service.limiter,
            state: service.state,
            defaults: self.defaults,
            retries: self.retry.retries,
            until: None,
            headers: HeaderMap::new(),
            private_files: self.private_files,
        })))
    }
}

fn user_agent(program: Option<&str>, own: &str) -> Result<HeaderValue, Error> {
    let text = match program {
        Some(program) => format!("{program} {own}"),
        None => own.to_owned(),
    };
    HeaderValue::from_str(&text)
        .map_err(|_| Error::invalid("user agent: it has characters that no header can have"))
}

/// Shows no credential.
impl<C> fmt::Debug for ClientBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("defaults", &self.settings.defaults)
            .field("retry", &self.settings.retry)
            .finish_non_exhaustive()
    }
}
