//! The client and its builder.

use std::sync::Arc;

use http::Method;
use security_api_transport::__private::is_blank;
use security_api_transport::{Error, Job, OAuth2, RateLimiter, Request, Secret, ServiceSettings};

use crate::envelope::company_list::CompanyList;
use crate::protocol::{CHECK, Keepnet};
use crate::token::TokenInfo;

/// Builds a [`Client`]. Settings that are not set have the values of [`Defaults`](crate::Defaults).
///
/// From [`Client::builder`] or [`Client::builder_from_env`]. All methods are those of
/// [`security_api_transport::ClientBuilder`]:
///
/// - `base_url`, `user_agent`, `proxy`, `no_proxy`, `root_certificate`, `http1_only`: where requests go, and how.
///   Tokens are fetched below the base URL as well.
/// - `timeout`, `attempt_timeout`, `idle_timeout`, `connect_timeout`, `pool_idle_timeout`, `response_limit`: times and
///   sizes.
/// - `retry`, `limiter`, `credential`: a [`RetryPolicy`](crate::RetryPolicy), a [`Limiter`](crate::middleware::Limiter)
///   shared with other clients, and a [`Credential`](crate::middleware::Credential) instead of client id and secret.
/// - `transport`, `call_layer`, `attempt_layer`: a tower service that sends the requests, and tower layers around calls
///   and attempts.
///
/// ```
/// use keepnet_api::{Client, Rate, RateLimiter};
///
/// // The service documents no limits. This limiter is shared by two clients of one account.
/// let limiter = RateLimiter::new(Rate::per_second(5.0, 5)?);
/// let nightly = Client::builder("an-id", "a-secret").limiter(limiter.clone()).build()?;
/// let daily = Client::builder("an-id", "a-secret").limiter(limiter).build()?;
/// # Ok::<(), keepnet_api::Error>(())
/// ```
pub type ClientBuilder = security_api_transport::ClientBuilder<Client>;

const BASE_URL: &str = "https://api.keepnetlabs.com";
/// Below the base URL, whichever that is.
const TOKEN_PATH: &str = "/connect/token";
const SCOPE: &str = "api1";
const ID_VARIABLE: &str = "KEEPNET_CLIENT_ID";
const SECRET_VARIABLE: &str = "KEEPNET_CLIENT_SECRET";
const URL_VARIABLE: &str = "KEEPNET_BASE_URL";
/// The documented header, and the one that the vendor's own programs send. Calls were seen to need both.
const COMPANY_HEADERS: [&str; 2] = ["x-keepnet-company-id", "x-ir-company-id"];

/// A client of the Keepnet Labs REST API. One pointer wide; clones share connections, token, limits and retry budget.
///
/// A token is fetched when it is first needed, shared by all clones, and renewed before it expires. The service
/// documents no rate limit; after a 429, all clones wait.
///
/// ```no_run
/// # async fn example() -> Result<(), keepnet_api::Error> {
/// let keepnet = keepnet_api::Client::from_env()?;
/// keepnet.check().await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    transport: security_api_transport::Client,
}

impl Client {
    /// Creates a client with the id and secret of a REST client of the platform.
    ///
    /// # Errors
    /// If the id or the secret is empty.
    ///
    /// ```
    /// let keepnet = keepnet_api::Client::new("an-id", "a-secret")?;
    /// # Ok::<(), keepnet_api::Error>(())
    /// ```
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Result<Self, Error> {
        Self::builder(client_id, client_secret).build()
    }

    /// Creates a client from the environment variables `KEEPNET_CLIENT_ID`, `KEEPNET_CLIENT_SECRET` and, optionally,
    /// `KEEPNET_BASE_URL`.
    ///
    /// # Errors
    /// If the id or the secret is not set, or one of the values is invalid.
    ///
    /// ```no_run
    /// let keepnet = keepnet_api::Client::from_env()?;
    /// # Ok::<(), keepnet_api::Error>(())
    /// ```
    pub fn from_env() -> Result<Self, Error> {
        Self::builder_from_env()?.build()
    }

    /// Creates a builder from the same environment variables as [`from_env`](Self::from_env).
    ///
    /// # Errors
    /// If the id or the secret is not set.
    ///
    /// ```no_run
    /// let keepnet = keepnet_api::Client::builder_from_env()?
    ///     .user_agent("night-watch/1.0")
    ///     .build()?;
    /// # Ok::<(), keepnet_api::Error>(())
    /// ```
    pub fn builder_from_env() -> Result<ClientBuilder, Error> {
        let variable = |name: &str, what: &str| {
            std::env::var(name).map_err(|_| {
                Error::invalid(format!(
                    "the environment variable `{name}` is not set: give it the {what}"
                ))
            })
        };
        let id = variable(ID_VARIABLE, "client id")?;
        let secret = Secret::from(variable(SECRET_VARIABLE, "client secret")?);
        let builder = Self::builder(id, secret);
        Ok(match std::env::var(URL_VARIABLE) {
            Ok(url) => builder.base_url(url),
            Err(_) => builder,
        })
    }

    /// Creates a builder; see [`ClientBuilder`]. An invalid id or secret is reported by `build`.
    ///
    /// ```
    /// // A platform on premises: tokens are fetched from there, too.
    /// let keepnet = keepnet_api::Client::builder("an-id", "a-secret")
    ///     .base_url("https://api.awareness.example.com")
    ///     .build()?;
    /// # Ok::<(), keepnet_api::Error>(())
    /// ```
    pub fn builder(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> ClientBuilder {
        ClientBuilder::new(settings(client_id.into(), client_secret.into()))
    }

    /// Sends the cheapest authenticated request, to check address, id and secret at start-up.
    ///
    /// The request is `GET /api/companies/my`, which every role may send.
    ///
    /// # Errors
    /// If the call fails; see [`Reason`](crate::Reason). A wrong id or secret is an error of the kind
    /// [`Credential`](crate::ErrorKind::Credential). A response that is not the service's envelope with the list of
    /// companies, as another service sends, is one of the kind [`Decode`](crate::ErrorKind::Decode).
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// keepnet.check().await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn check(&self) -> Job<()> {
        Job::new(&self.transport, |client| async move {
            let companies = client.operation(&CHECK, &[]).call::<CompanyList>();
            companies.await.map(drop)
        })
    }

    /// Returns a clone of the client whose requests name this company.
    ///
    /// For REST clients of resellers, who have companies below their own. A client with the role of a company admin
    /// works for its own company only, and may be refused if it names one.
    ///
    /// # Errors
    /// If the id is empty or has characters that a header cannot hold. Without the id, a request would work on the
    /// client's own company.
    ///
    /// ```
    /// let keepnet = keepnet_api::Client::new("an-id", "a-secret")?;
    /// let customer = keepnet.for_company("aB3dE5gH7jK9")?;
    /// # Ok::<(), keepnet_api::Error>(())
    /// ```
    pub fn for_company(&self, company_id: impl AsRef<str>) -> Result<Self, Error> {
        let id = company_id.as_ref();
        if is_blank(id) {
            return Err(Error::invalid(
                "`company_id` is empty: give the company's `resourceId`, or use the client as it is",
            ));
        }
        if !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::invalid(
                "`company_id` has characters that ids do not have: give the company's `resourceId`, not its name",
            ));
        }
        let mut transport = self.transport.clone();
        for header in COMPANY_HEADERS {
            transport = transport.with_header(header, id)?;
        }
        Ok(Self { transport })
    }

    /// The facts about the current token: lifetime, permissions and claims. `None` before the first call has fetched a
    /// token, and if the client was built with another kind of credential.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// keepnet.check().await?;
    /// if let Some(token) = keepnet.token_info() {
    ///     println!("for {:?}", token.expires_in());
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn token_info(&self) -> Option<TokenInfo> {
        let credential = self.transport.credential::<OAuth2>()?;
        credential.current().map(TokenInfo::new)
    }

    /// Returns a client for another host of the service that accepts the same token; see [`Sibling`].
    ///
    /// The host is derived from the base URL: `https://vishing-api.keepnetlabs.com` for `https://api.keepnetlabs.com`.
    ///
    /// # Errors
    /// If the base URL's host does not begin with `api.`. The sibling's host is then unknown: give it with
    /// [`sibling_at`](Self::sibling_at).
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::http::Method;
    /// use keepnet_api::{RawJson, SearchRequest, Sibling};
    ///
    /// let templates: RawJson = keepnet
    ///     .sibling(Sibling::Vishing)?
    ///     .request(Method::POST, "/api/callback-simulator/callback-template/search")
    ///     .json(&SearchRequest::new())
    ///     .idempotent()
    ///     .call()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn sibling(&self, sibling: Sibling) -> Result<SiblingClient, Error> {
        const BEGINS: &str = "https://api.";
        let base = self.base_url();
        match base.split_at_checked(BEGINS.len()) {
            Some((begin, domain)) if begin.eq_ignore_ascii_case(BEGINS) => {
                let url = format!("https://{}.{domain}", sibling.label());
                self.sibling_at(sibling, url)
            }
            _ => Err(Error::invalid(format!(
                "the sibling's host cannot be derived from {base}, whose host does not begin with `api.`; give it with \
                 `sibling_at`"
            ))),
        }
    }

    /// Returns a client for another host of the service whose address cannot be derived from the base URL, as on some
    /// platforms on premises.
    ///
    /// # Errors
    /// If `base_url` is not a base URL, or its host differs from the client's own in more than the first label. The
    /// token is sent to no other domain.
    ///
    /// ```
    /// use keepnet_api::{Client, Sibling};
    ///
    /// let keepnet = Client::builder("an-id", "a-secret")
    ///     .base_url("https://test-api.example.com")
    ///     .build()?;
    /// let calls = keepnet.sibling_at(Sibling::Vishing, "https://test-vishing-api.example.com")?;
    /// assert!(keepnet.sibling_at(Sibling::Vishing, "https://vishing-api.example.net").is_err());
    /// # let _ = calls;
    /// # Ok::<(), keepnet_api::Error>(())
    /// ```
    pub fn sibling_at(
        &self,
        sibling: Sibling,
        base_url: impl AsRef<str>,
    ) -> Result<SiblingClient, Error> {
        let transport = self.transport.sibling(base_url.as_ref())?;
        Ok(SiblingClient { sibling, transport })
    }
}

security_api_transport::__service_client! {
    Client;
    /// Of a response in the service's envelope, `data` is decoded; of any other, the whole response.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::http::Method;
    ///
    /// let regions: serde_json::Value = keepnet
    ///     .request(Method::GET, "/api/regions")
    ///     .idempotent()
    ///     .call()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    request;
    /// ```
    /// # fn quota_was_raised(keepnet: &keepnet_api::Client) {
    /// keepnet.reopen_limits();
    /// # }
    /// ```
    reopen_limits;
    /// ```
    /// let keepnet = keepnet_api::Client::new("an-id", "a-secret")?;
    /// assert_eq!(keepnet.base_url(), "https://api.keepnetlabs.com");
    /// # Ok::<(), keepnet_api::Error>(())
    /// ```
    base_url;
}

/// Another host of the service that accepts the same token. Its operations are not published; send the requests that
/// the vendor's front end sends there with [`SiblingClient::request`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sibling {
    /// `vishing-api`: vishing campaigns, their reports, and templates of callback calls.
    Vishing,
    /// `ets-api`: the e-mail threat simulator, with its scans and plugins.
    EmailThreatSimulator,
    /// `ti-api`: threat intelligence, with its search for leaks.
    ThreatIntelligence,
}

impl Sibling {
    /// The first label of the host, which replaces `api`.
    fn label(self) -> &'static str {
        match self {
            Self::Vishing => "vishing-api",
            Self::EmailThreatSimulator => "ets-api",
            Self::ThreatIntelligence => "ti-api",
        }
    }
}

/// Requests to a [`Sibling`], from [`Client::sibling`].
///
/// They share the client's token, company, connections and settings, but not its limiter, because the host counts its
/// own requests.
#[derive(Debug, Clone)]
pub struct SiblingClient {
    sibling: Sibling,
    transport: security_api_transport::Client,
}

impl SiblingClient {
    /// The host.
    ///
    /// ```
    /// use keepnet_api::{Client, Sibling};
    ///
    /// let vishing = Client::new("an-id", "a-secret")?.sibling(Sibling::Vishing)?;
    /// assert_eq!(vishing.sibling(), Sibling::Vishing);
    /// # Ok::<(), keepnet_api::Error>(())
    /// ```
    #[must_use]
    pub fn sibling(&self) -> Sibling {
        self.sibling
    }

    /// The base URL of the host.
    ///
    /// ```
    /// use keepnet_api::{Client, Sibling};
    ///
    /// let vishing = Client::new("an-id", "a-secret")?.sibling(Sibling::Vishing)?;
    /// assert_eq!(vishing.base_url(), "https://vishing-api.keepnetlabs.com");
    /// # Ok::<(), keepnet_api::Error>(())
    /// ```
    #[must_use]
    pub fn base_url(&self) -> String {
        self.transport.base_url()
    }

    /// Creates a request to this host; see [`Client::request`].
    ///
    /// ```no_run
    /// # async fn example(vishing: keepnet_api::SiblingClient) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::http::Method;
    ///
    /// let path = "/api/callback-simulator/callback-template/language";
    /// let languages: serde_json::Value = vishing.request(Method::GET, path).idempotent().call().await?;
    /// # Ok(()) }
    /// ```
    pub fn request(&self, method: Method, path: &str) -> Request {
        self.transport.request(method, path)
    }
}

fn settings(client_id: String, client_secret: Secret) -> Result<ServiceSettings, Error> {
    let credential = OAuth2::client_credentials(TOKEN_PATH, client_id, client_secret)?;
    Ok(ServiceSettings {
        user_agent: concat!("keepnet-api/", env!("CARGO_PKG_VERSION")),
        base_url: BASE_URL.to_owned(),
        base_path: false,
        protocol: Arc::new(Keepnet),
        credential: Arc::new(credential.scope(SCOPE)),
        // The service documents that limits exist, but none of their values.
        limiter: Arc::new(RateLimiter::unlimited()),
        state: Arc::new(()),
    })
}
