//! Building a client.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::{ACCEPT, HeaderName, HeaderValue, USER_AGENT};
use tower_layer::Layer;
use tower_service::Service;

use super::defaults::Defaults;
use super::handle::{Client, Inner};
use super::stack::{Parts, SlotLayer, slot, stack};
use crate::context::Target;
use crate::credential::{self, Credential};
use crate::error::{BoxError, Error, one_line};
use crate::layers::cap::{self};
use crate::layers::credential::{CredentialStamp, SameOrigin};
use crate::layers::leaf::{Leaf, LeafSettings};
use crate::layers::limit::RateLimit;
use crate::layers::retry::{self, Retry, RetryPolicy, Shared};
use crate::limiter::Limiter;
use crate::protocol::Protocol;
use crate::service::{HttpRequest, HttpResponse, HttpService};
use crate::url::base_url::BaseUrl;
use crate::url::redirect::Places;
use crate::wire::secret::{Secret, Secrets};

/// What a service fixes about its clients.
#[derive(Debug)]
pub struct ServiceSettings {
    /// Names the crate and its version.
    pub user_agent: &'static str,
    /// Where the service lives, unless the user says otherwise.
    pub base_url: String,
    /// Whether a base URL may have a path.
    pub base_path: bool,
    /// How the service speaks.
    pub protocol: Arc<dyn Protocol>,
    /// Who is calling.
    pub credential: Arc<dyn Credential>,
    /// The service's limits.
    pub limiter: Arc<dyn Limiter>,
}

/// Puts a service's client `C` together. Services' crates start it; what they fix is in [`ServiceSettings`].
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use http::header::HeaderName;
/// use security_api_transport::{
///     Answer, ApiError, ApiKey, Client, ClientBuilder, Error, Protocol, Rate, RateLimiter, RetryPolicy,
///     ServiceSettings,
/// };
///
/// #[derive(Debug)]
/// struct Weather;
///
/// impl Protocol for Weather {
///     fn api_error(&self, answer: &Answer<'_>) -> ApiError {
///         ApiError::new().with_message(String::from_utf8_lossy(answer.body))
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
    service: Result<ServiceSettings, Error>,
    base_url: Option<String>,
    user_agent: Option<String>,
    defaults: Defaults,
    retry: RetryPolicy,
    leaf: LeafSettings,
    transport: Option<HttpService>,
    per_call: Vec<SlotLayer>,
    per_attempt: Vec<SlotLayer>,
    private_files: bool,
    default_headers: Result<HeaderMap, Error>,
    client: PhantomData<fn() -> C>,
}

impl<C: From<Client>> ClientBuilder<C> {
    /// Starts with what the service fixes. An error comes out of [`build`](Self::build).
    pub fn new(service: Result<ServiceSettings, Error>) -> Self {
        Self {
            service,
            base_url: None,
            user_agent: None,
            defaults: Defaults::default(),
            retry: RetryPolicy::default(),
            leaf: LeafSettings {
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
            client: PhantomData,
        }
    }

    /// Where the service lives, in place of its usual address: `https`, or `http` on this machine.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Names the program, before the crate's own name, in the `User-Agent` header.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Sends this header with every request to the origin of the base URL, requests for tokens and files included, and to
    /// no other: for what stands before the service, such as an access proxy. A header of the call, and the credential, go
    /// before it.
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
        self.add_default_header(name, value, false);
        self
    }

    /// As [`default_header`](Self::default_header), for a value that is shown nowhere: `Debug` of a request does not show
    /// it, and errors hide it where it is quoted. An empty one is an error of [`build`](Self::build).
    pub fn default_secret_header(mut self, name: &str, value: &Secret) -> Self {
        self.add_default_header(name, value.expose(), true);
        self
    }

    fn add_default_header(&mut self, name: &str, value: &str, is_secret: bool) {
        if is_secret && value.trim().is_empty() {
            let name = one_line(name, 60);
            self.default_headers = Err(Error::invalid(format!(
                "default header: the secret of `{name}` is empty"
            )));
        }
        let Ok(headers) = &mut self.default_headers else {
            return;
        };
        let checked = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| {
                let name = one_line(name, 60);
                Error::invalid(format!("default header: `{name}` cannot be a header's name"))
            })
            .and_then(|header| match HeaderValue::from_str(value) {
                Ok(value) => Ok((header, value)),
                Err(_) => Err(Error::invalid(format!(
                    "default header: `{header}` cannot have this value; was it copied whole and without a line break?"
                ))),
            });
        match checked {
            Ok((name, mut value)) => {
                value.set_sensitive(is_secret);
                headers.insert(name, value);
            }
            Err(error) => self.default_headers = Err(error),
        }
    }

    /// Bounds every call: all attempts and waits. `None` for no bound. See [`Defaults`].
    ///
    /// A download is bounded up to its head; after that by the [`idle_timeout`](Self::idle_timeout), unless the call has
    /// a timeout of its own, which covers the last byte.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.defaults.timeout = timeout.into();
        self
    }

    /// Bounds every attempt, from the request fully sent to the response head. The time before that, while there is no
    /// connection for the request, does not count; it is bounded by this time and the connect timeout together.
    ///
    /// Of a body of more than 64 KiB, buffers between this program and the peer may hold megabytes, which nobody can
    /// see. So it counts as sent once a peer that takes 256 KiB a second would have it, or a slower one at the pace of
    /// the upload so far; for this, 8 MiB at most are believed to be in buffers.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.defaults.attempt_timeout = timeout;
        self
    }

    /// Bounds the time without progress while a body is sent or received. What buffers may hold of a body that is sent
    /// counts as progress, as for the [`attempt_timeout`](Self::attempt_timeout).
    ///
    /// An HTTP/2 connection that shows no sign of life for this long, and 30 s at most, while it has requests is left.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.defaults.idle_timeout = timeout;
        self
    }

    /// Bounds connecting, the TLS handshake included.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.leaf.connect_timeout = timeout;
        self
    }

    /// How long an idle connection is kept.
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.leaf.pool_idle_timeout = timeout;
        self
    }

    /// The largest answer that is accepted, in bytes after decompression.
    pub fn response_limit(mut self, bytes: u64) -> Self {
        self.defaults.response_limit = bytes;
        self
    }

    /// The largest download that is accepted, in bytes after decompression.
    pub fn download_limit(mut self, bytes: u64) -> Self {
        self.defaults.download_limit = bytes;
        self
    }

    /// When requests are sent again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The limiter, in place of one by the service's published limits. Give clones of one limiter to all clients that
    /// use the same account.
    pub fn limiter(mut self, limiter: impl Limiter) -> Self {
        if let Ok(service) = &mut self.service {
            service.limiter = Arc::new(limiter);
        }
        self
    }

    /// The credential, in place of the service's usual kind.
    pub fn credential(mut self, credential: impl Credential) -> Self {
        if let Ok(service) = &mut self.service {
            service.credential = Arc::new(credential);
        }
        self
    }

    /// Sends everything by this proxy, for example `http://user:password@proxy.example.com:3128` or
    /// `socks5h://proxy.example.com:1080`. Without it, the system's settings (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` and
    /// their kin) hold, except for this machine itself (`localhost`, `127.0.0.1`), which they are not used for.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.leaf.proxy = Some(url.into());
        self
    }

    /// Uses no proxy, whatever the system's settings say.
    pub fn no_proxy(mut self) -> Self {
        self.leaf.no_proxy = true;
        self
    }

    /// Fetches files from private networks as well ([`Client::fetch`]), for services whose storage is in one.
    ///
    /// Without it, files come from public hosts and from the service's own, so that nobody who can choose a file's URL,
    /// or a redirect of it, has this machine ask what only it can reach. Addresses at which a cloud speaks to its
    /// machines are refused in any case, and this machine unless the service is on it.
    pub fn fetch_from_private_networks(mut self) -> Self {
        self.private_files = true;
        self
    }

    /// Trusts the certificates in this PEM text as well, for a service behind a private authority.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.leaf.root_certificates.push(pem.into());
        self
    }

    /// Speaks HTTP/1.1 only. Without it, HTTP/2 is used where the service offers it.
    pub fn http1_only(mut self) -> Self {
        self.leaf.http1_only = true;
        self
    }

    /// Sends by this service in place of reqwest: any tower service, or a
    #[cfg_attr(feature = "fake", doc = "[`FakeTransport`](crate::FakeTransport).")]
    #[cfg_attr(not(feature = "fake"), doc = "`FakeTransport` (feature `fake`).")]
    ///
    /// An [`Error`] that it gives says itself what became of the request, and an error of reqwest 0.13 is read as if the
    /// client's own transport had given it, so it must not retry by itself. Any other error counts as
    /// [`ErrorKind::Custom`]: the request may have been executed, and is not sent again. All of the time it takes counts
    /// as the attempt's.
    pub fn transport<S>(mut self, transport: S) -> Self
    where
        S: Service<HttpRequest, Response = HttpResponse> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        self.transport = Some(HttpService::new(cap::naming_body_errors(transport)));
        self
    }

    /// Adds a layer around whole calls: it sees each call once, whatever happens below. The first added is outermost.
    ///
    /// The URL of the request that it sees has the query, and `Debug` of a request shows it, but for what was set as a secret
    /// ([`Request::set_secret_query`]). That is put on below all layers.
    pub fn call_layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<HttpService> + Send + Sync + 'static,
        L::Service: Service<HttpRequest, Response = HttpResponse> + Clone + Send + Sync + 'static,
        <L::Service as Service<HttpRequest>>::Error: Into<BoxError>,
        <L::Service as Service<HttpRequest>>::Future: Send + 'static,
    {
        self.per_call.push(slot(layer));
        self
    }

    /// Adds a layer around attempts: it sees each re-send, with the credential on it. The first added is outermost. As for
    /// [`call_layer`](Self::call_layer), what is secret in the query is put on below it. It also sees requests that fetch
    /// files from other hosts ([`Client::fetch`]): a header that it adds for the service should depend on the URL.
    ///
    /// ```
    /// use security_api_transport::{Client, ClientBuilder, HttpResponse};
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
        self.per_attempt.push(slot(layer));
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    /// If the base URL, the credential, the proxy, a certificate, the user agent or a default header cannot be used, if a proxy of the
    /// environment is malformed, or if the base URL is `https` and no TLS is compiled in.
    pub fn build(self) -> Result<C, Error> {
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
            retry: Retry {
                policy: self.retry,
                shared: Arc::new(Shared {
                    credential: Arc::clone(&credential),
                    limiter: Arc::clone(&service.limiter),
                    budget: retry::budget(),
                }),
            },
            credential_stamp: CredentialStamp {
                credential: Arc::clone(&credential),
                base: Arc::clone(&base),
                headers: Arc::new(headers),
                own_headers: Arc::new(own_headers),
            },
            credential: Arc::clone(&credential),
            same_origin: SameOrigin {
                base: Arc::clone(&base),
            },
            rate_limit: RateLimit {
                limiter: service.limiter,
            },
        };
        let stack = match self.transport {
            Some(transport) => stack(transport, parts),
            None => {
                let leaf = self.leaf.silent_for(self.defaults.idle_timeout);
                let places = Places {
                    base: &base,
                    private: self.private_files,
                };
                stack(Leaf::new(leaf, places)?, parts)
            }
        };
        // Last, so that a client that cannot be built leaves no trace.
        credential.bind(&base.to_string())?;
        Ok(C::from(Client(Arc::new(Inner {
            stack,
            target: Arc::new(Target {
                origin: base,
                protocol: service.protocol,
                credential: Some(Arc::clone(&credential)),
                secrets,
                is_authorized: true,
                is_limited: true,
            }),
            credential,
            defaults: self.defaults,
            retries: self.retry.retries,
            until: None,
            headers: HeaderMap::new(),
            private_files: self.private_files,
        }))))
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
            .field("defaults", &self.defaults)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
