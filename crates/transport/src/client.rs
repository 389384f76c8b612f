//! The client: settings, and the stack of layers that every request passes.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Uri};
use tokio::time::Instant;
use tower::util::Either;
use tower_layer::Layer;
use tower_service::Service;

use crate::answer::Answer;
use crate::call::{Call, Received, Sending};
use crate::context::{CallContext, CallLimits, Target};
use crate::credential::{self, Credential};
use crate::download::Download;
use crate::error::{BoxError, Error, ErrorKind, one_line};
use crate::layers::attempt::AttemptTimeout;
use crate::layers::cap::{self, Cap};
use crate::layers::credential::{CredentialReady, CredentialStamp, Named, SameOrigin};
use crate::layers::deadline::Deadline;
use crate::layers::decompression::Decompression;
use crate::layers::leaf::{Leaf, LeafSettings};
use crate::layers::limit::RateLimit;
use crate::layers::query::SecretQuery;
use crate::layers::retry::{self, Retry, RetryPolicy, Shared};
use crate::layers::span::{AttemptSpan, OperationSpan};
use crate::layers::whole::Whole;
use crate::limiter::Limiter;
use crate::operation::Operation;
use crate::outcome::{Outcome, Verdict};
use crate::protocol::{PlainHttp, Protocol};
use crate::receive::receive;
use crate::request::{CallOptions, Request};
use crate::service::{HttpRequest, HttpResponse, HttpService};
use crate::url::base_url::BaseUrl;
use crate::url::location::is_redirect;
use crate::url::path;
use crate::url::redirect::{self, Places};
use crate::wire::secret::{Secret, Secrets};

/// The default of every time and bound that a client keeps to.
///
/// | what | default | changed by |
/// |---|---|---|
/// | connecting, with the TLS handshake | 10 s | [`ClientBuilder::connect_timeout`] |
/// | from the request fully sent to the head of the answer | 30 s | [`ClientBuilder::attempt_timeout`], or per call |
/// | without progress while a body is sent or received | 30 s | [`ClientBuilder::idle_timeout`] |
/// | the whole call, all attempts and waits; a download up to its head | 120 s | [`ClientBuilder::timeout`], or per call, then up to a download's last byte |
/// | waiting for a permit of the rate limiter | 60 s | [`RateLimiter::max_wait`](crate::RateLimiter::max_wait) |
/// | a limit that the service says is used up, on each word of it | 1 h at most | [`RateLimiter::reopen`](crate::RateLimiter::reopen) |
/// | a wait that the service asks for | 60 s | [`RetryPolicy::longest_server_wait`] |
/// | re-sends | 3 | [`ClientBuilder::retry`], or per call |
/// | the wait before a re-send, drawn from 0 to | 200 ms, doubling to 20 s | [`RetryPolicy::backoff`] |
/// | one token request | 10 s | |
/// | waiting for a connection, connecting included | 40 s | the connect timeout and the attempt timeout together |
/// | an HTTP/2 connection that has requests and shows no sign of life | 30 s | [`ClientBuilder::idle_timeout`] |
/// | keeping an idle connection | 30 s | [`ClientBuilder::pool_idle_timeout`] |
/// | the answer, decoded | 16 MiB | [`ClientBuilder::response_limit`], or per call |
/// | a download, decoded | 1 GiB | [`ClientBuilder::download_limit`], or `response_limit` per call |
/// | the answer if it is an error | 64 KiB, then cut | |
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Defaults {
    /// Bounds a whole call.
    pub timeout: Option<Duration>,
    /// Bounds an attempt.
    pub attempt_timeout: Duration,
    /// Bounds a body's lack of progress.
    pub idle_timeout: Duration,
    /// The largest answer, in bytes.
    pub response_limit: u64,
    /// The largest download, in bytes.
    pub download_limit: u64,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            timeout: Some(Duration::from_secs(120)),
            attempt_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(30),
            response_limit: 16 * 1024 * 1024,
            download_limit: 1024 * 1024 * 1024,
        }
    }
}

/// The whole request path, outermost layer first when read from the end.
fn stack<L, B>(leaf: L, parts: Parts) -> HttpService
where
    L: Service<HttpRequest, Response = http::Response<B>, Error = BoxError>,
    L: Clone + Send + Sync + 'static,
    L::Future: Send + 'static,
    B: http_body::Body<Data = bytes::Bytes, Error = BoxError> + Send + Sync + 'static,
{
    let leaf = Cap.layer(Decompression.layer(Whole.layer(leaf)));
    let leaf = SecretQuery.layer(AttemptSpan.layer(leaf));
    let for_credential = HttpService::always_ready(Named {
        leaf: HttpService::new(leaf.clone()),
        user_agent: parts.credential_stamp.headers.get(USER_AGENT).cloned(),
        base: Arc::clone(&parts.credential_stamp.base),
        own_headers: Arc::clone(&parts.credential_stamp.own_headers),
    });

    let same_origin = parts.same_origin;
    let attempt = wrap(parts.per_attempt, leaf, |leaf| {
        HttpService::new(same_origin.layer(leaf))
    });
    let attempt = AttemptTimeout.layer(attempt);
    let attempt = parts.credential_stamp.layer(attempt);
    let attempt = parts.rate_limit.layer(attempt);
    let attempt = CredentialReady {
        credential: parts.credential,
        leaf: for_credential,
    }
    .layer(attempt);

    let call = parts.retry.layer(attempt);
    let call = Deadline.layer(call);
    let call = wrap(parts.per_call, call, HttpService::new);
    HttpService::always_ready(OperationSpan.layer(call))
}

/// The settings of the layers.
struct Parts {
    per_call: Vec<SlotLayer>,
    per_attempt: Vec<SlotLayer>,
    retry: Retry,
    credential: Arc<dyn Credential>,
    credential_stamp: CredentialStamp,
    same_origin: SameOrigin,
    rate_limit: RateLimit,
}

/// A layer of the user's.
type SlotLayer = Arc<dyn Fn(HttpService) -> HttpService + Send + Sync>;

/// Puts the user's layers around a service, the first given outermost; without layers, leaves it as it is. `boxed` is the
/// service as the innermost of them sees it.
fn wrap<S>(
    layers: Vec<SlotLayer>,
    service: S,
    boxed: impl FnOnce(S) -> HttpService,
) -> Either<S, HttpService> {
    if layers.is_empty() {
        return Either::Left(service);
    }
    let wrapped = layers
        .iter()
        .rev()
        .fold(boxed(service), |inner, layer| layer(inner));
    Either::Right(wrapped)
}

/// The handle that the services' clients hold. One pointer wide; clones share everything.
///
/// It may live in a static, be used from several tokio runtimes, one after the other or at once, and outlive them: each
/// runtime has connections of its own, and a runtime that rests or ends holds up no call on another.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    stack: HttpService,
    target: Arc<Target>,
    credential: Arc<dyn Credential>,
    defaults: Defaults,
    retries: u32,
    /// When every call must be over, where the client is that of a job.
    until: Option<Instant>,
    /// Sent with every request beside those that the stack adds.
    headers: HeaderMap,
    /// Whether files are fetched from private networks.
    private_files: bool,
}

impl Client {
    /// A request of an operation whose path has these values in place of its placeholders, in order.
    pub fn operation(&self, operation: &'static Operation, values: &[&str]) -> Request {
        let request = Request::new(
            self.clone(),
            operation,
            operation.method().clone(),
            path::expand(operation.path(), values),
        );
        match self.0.target.protocol.prepare(operation, values) {
            Ok(query) => query.iter().fold(request, |request, (name, value)| {
                request.set_query(name, *value)
            }),
            Err(error) => request.fail(error),
        }
    }

    /// A request of one's own: the way to anything that has no method yet, by the same path as every other call.
    ///
    /// `path` begins with `/` and stays below the base URL. Errors show it as it is written here, so ids, which may be secret,
    /// are better added with [`Request::segment`]: errors show `{}` in their place. The request is not sent
    /// again if it may have been executed, unless it says [`idempotent`](Request::idempotent).
    pub fn request(&self, method: Method, path: &str) -> Request {
        let checked = path::check_path(path).map(|()| path.to_owned());
        let label = checked
            .as_ref()
            .ok()
            .map(|path| format!("{method} {path}").into());
        let mut request = Request::new(self.clone(), own_operation(&method), method, checked);
        request.label = label;
        request
    }

    /// Fetches a file by the URL that the service gave for it, from whichever host: without the credential and the
    /// client's own headers, since the URL is all it takes.
    ///
    /// Up to 5 redirects are followed, to `https` only (a URL on this machine may do without, and lead to another on it).
    /// The URL and redirects may name public hosts and the service's own, and private networks only if the client was
    /// built with [`fetch_from_private_networks`](ClientBuilder::fetch_from_private_networks). The same holds for the
    /// addresses that a name resolves to, unless a proxy resolves it.
    ///
    /// The URL may be a secret: errors and spans show no more of it than scheme and host. Limits hold for the client's
    /// own origin; elsewhere the rate limit is neither asked nor told. [`Call::response_limit`] bounds the size.
    ///
    /// ```
    /// use security_api_transport::{Client, Error};
    ///
    /// async fn example(client: &Client, file_url: &str) -> Result<(), Error> {
    ///     let file = client.fetch(file_url).response_limit(10_000_000).await?;
    ///     file.save_in("received", "file").await?;
    ///     Ok(())
    /// }
    /// ```
    pub fn fetch(&self, url: &str) -> Call<Download> {
        static FETCH: Operation = Operation::new("files.fetch", Method::GET, "(a file's URL)")
            .idempotent()
            .anonymous();
        let mut request = Request::new(self.clone(), &FETCH, Method::GET, Ok(String::new()));
        request.headers.insert(ACCEPT, ANYTHING);
        match redirect::file_url(url, self.places()) {
            Ok(url) => request.url = Some(Box::new(url)),
            Err(error) => request = request.fail(error),
        }
        request.call()
    }

    /// The same client, sending this header with every request to the service, in place of one of the same name. Files that
    /// are fetched by a URL are asked for without it.
    ///
    /// A call that has a header of this name and another value fails, and nothing is sent, since one of the two is meant
    /// for somebody else. Only `accept` and `content-type` of the call's own go before those of the client.
    ///
    /// The copy is cheap and shares connections, limits, the credential and the retry budget.
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
    /// If the name or the value cannot be a header.
    pub fn with_header(&self, name: &'static str, value: &str) -> Result<Self, Error> {
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Error::invalid(format!("`{name}` cannot be a header's name")))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| Error::invalid(format!("the header `{name}` cannot have this value")))?;
        let mut inner = (*self.0).clone();
        inner.headers.insert(header, value);
        Ok(Self(Arc::new(inner)))
    }

    /// The same client for another host of the same service, which takes the same credential: requests go to this origin.
    ///
    /// The rate limiter is not asked and not told there, since the other host counts its own requests, and default headers
    /// ([`ClientBuilder::default_header`]) are not sent there. Connections, credential and retry budget are shared.
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
    /// If it cannot be a base URL, or its host does not lie in the same domain as the client's: the two must differ in
    /// their first label at most, and have three labels at least. A client for this machine has siblings on this machine.
    pub fn sibling(&self, base_url: &str) -> Result<Self, Error> {
        let origin = BaseUrl::parse(base_url.trim(), false)?;
        let own = &self.0.target.origin;
        if !own.is_akin_to(&origin) {
            return Err(Error::invalid(format!(
                "base URL: {origin} is not in the domain of {own}, so the credential does not go there; a sibling's host \
                 differs from it in the first part at most"
            )));
        }
        let mut inner = (*self.0).clone();
        inner.target = Arc::new(Target {
            origin: Arc::new(origin),
            is_limited: false,
            ..(*self.0.target).clone()
        });
        Ok(Self(Arc::new(inner)))
    }

    /// The client that a job's requests are sent with.
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

    /// How long the [`Job`](crate::Job) that this client was made for may go on; `None` if its time is not bounded.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let until = self.0.until?;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// The credential, if it is of this type: for what only that type can tell.
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

    /// The service's protocol, if it is of this type: for what it keeps of the service.
    #[must_use]
    pub fn protocol_as<P: Protocol>(&self) -> Option<&P> {
        let protocol: &dyn Any = &*self.0.target.protocol;
        protocol.downcast_ref()
    }

    /// Where requests go.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.0.target.origin.to_string()
    }

    pub(crate) fn send(self, mut request: Request) -> Sending {
        Box::pin(async move {
            let mut call = CallContext::new(
                request.operation,
                self.target(&request),
                self.limits(&request),
                request.secrets.clone(),
                request.label.clone(),
            );
            match self.exchange(&mut request, &mut call).await {
                Ok(response) => Ok(Received::new(request, call, response)),
                Err(error) => {
                    let place = match &request.url {
                        Some(url) => redirect::shown(url),
                        None => self.0.target.origin.to_string(),
                    };
                    Err(error.in_call(&call).with_place(&place))
                }
            }
        })
    }

    async fn exchange(
        &self,
        request: &mut Request,
        call: &mut CallContext,
    ) -> Result<HttpResponse, Error> {
        if let Some(error) = request.error.take() {
            return Err(error);
        }
        if request.url.is_some() {
            return Box::pin(self.follow(request, call)).await;
        }
        let response = self.pass(request, call).await?;
        self.succeeded(call, response)
    }

    /// Follows the redirects of a fetch.
    async fn follow(
        &self,
        request: &mut Request,
        call: &mut CallContext,
    ) -> Result<HttpResponse, Error> {
        for _ in 0..=redirect::MOST {
            let response = self.pass(request, call).await?;
            let Some(from) = request
                .url
                .take()
                .filter(|_| is_redirect(response.status()))
            else {
                return self.succeeded(call, response);
            };
            let to = redirect::next(&from, response.headers(), self.places())?;
            if redirect::shown(&from) != redirect::shown(&to) {
                // What the caller added was meant for the first.
                request.headers.clear();
                request.headers.insert(ACCEPT, ANYTHING);
            }
            request.url = Some(Box::new(to));
            *call = call.redirected(self.target(request));
        }
        Err(Error::new(
            ErrorKind::Redirect,
            "the file's server redirects again and again",
        ))
    }

    fn places(&self) -> Places<'_> {
        Places {
            base: &self.0.target.origin,
            private: self.0.private_files,
        }
    }

    /// Passes the request through the stack. The response comes back judged.
    async fn pass(&self, request: &Request, call: &CallContext) -> Result<HttpResponse, Error> {
        let http_request = self.http_request(request, call.clone())?;
        let mut stack = self.0.stack.clone();
        match stack.call(http_request).await {
            Ok(response) if response.body().verdict().is_some() => Ok(response),
            // A layer of the user made it. Boxed, so that other calls need no room for it.
            Ok(response) => Box::pin(receive(call, response)).await,
            Err(error) => {
                let error = Error::from_boxed(error);
                // A layer of the user may fail before anything is sent.
                Err(match call.attempt() {
                    0 if error.outcome() == Outcome::Unknown => {
                        error.with_outcome(Outcome::NotSent)
                    }
                    _ => error,
                })
            }
        }
    }

    fn succeeded(&self, call: &CallContext, response: HttpResponse) -> Result<HttpResponse, Error> {
        match response.body().verdict() {
            Some(Verdict::Success) | None => Ok(response),
            Some(verdict) => Err(self.refused(call, verdict, response)),
        }
    }

    /// Where the request goes, and what applies there.
    fn target(&self, request: &Request) -> Arc<Target> {
        let own = &self.0.target;
        let foreign = request
            .url
            .as_ref()
            .filter(|url| !own.origin.is_origin_of(url))
            .and_then(|url| BaseUrl::origin_of(url));
        match foreign {
            None => Arc::clone(own),
            Some(origin) => Arc::new(Target {
                origin: Arc::new(origin),
                protocol: Arc::new(PlainHttp),
                credential: None,
                secrets: Secrets::default(),
                is_authorized: false,
                is_limited: false,
            }),
        }
    }

    fn limits(&self, request: &Request) -> CallLimits {
        let defaults = &self.0.defaults;
        let options = &request.options;
        let default_limit = match options.streamed {
            true => defaults.download_limit,
            false => defaults.response_limit,
        };
        let now = Instant::now();
        let ends = |timeout: Option<Duration>| {
            let own = timeout.and_then(|timeout| now.checked_add(timeout));
            own.into_iter().chain(self.0.until).min()
        };
        CallLimits {
            deadline: ends(options.timeout.or(defaults.timeout)),
            stream_deadline: ends(options.timeout),
            attempt_timeout: options.attempt_timeout.unwrap_or(defaults.attempt_timeout),
            idle_timeout: defaults.idle_timeout,
            response_limit: Some(options.response_limit.unwrap_or(default_limit)),
            retries: options.retries.unwrap_or(self.0.retries),
            idempotent: options
                .idempotent
                .unwrap_or_else(|| request.operation.is_idempotent()),
            streamed: options.streamed,
        }
    }

    fn http_request(&self, request: &Request, call: CallContext) -> Result<HttpRequest, Error> {
        let mut http_request = http::Request::new(request.body.clone());
        *http_request.method_mut() = request.method.clone();
        *http_request.uri_mut() = match &request.url {
            Some(url) => Uri::clone(url),
            None => self.0.target.origin.join(request.target())?,
        };
        let headers = http_request.headers_mut();
        if request.url.is_none() {
            headers.clone_from(&self.0.headers);
        }
        for (name, value) in &request.headers {
            add_header(headers, name, value)?;
        }
        if request.options.streamed {
            headers.entry(ACCEPT).or_insert(ANYTHING);
        }
        http_request.extensions_mut().insert(call);
        Ok(http_request)
    }

    /// The response as an error.
    #[cold]
    fn refused(&self, call: &CallContext, verdict: Verdict, response: HttpResponse) -> Error {
        let (head, body) = response.into_parts();
        let body = body.as_full().cloned().unwrap_or_default();
        let base = &self.0.target.origin;
        let answer =
            Answer::new(call.operation(), head.status, &head.headers, &body).to(base.authority());
        let protocol = call.protocol();
        let redirect = redirect::message(answer.status, answer.headers, base);
        let mut api = protocol.api_error(&answer);
        // A protocol that knows the redirect has better words for it; any other body just names the status.
        let redirect = redirect.map(|usual| match api.message.take() {
            Some(words) if api.has_reason() => words,
            _ => usual,
        });
        let request_id = protocol.request_id(answer.headers).map(str::to_owned);
        let retry_after = protocol.retry_after(&answer);
        let next_renewal = match verdict {
            Verdict::StaleCredential if call.is_authorized() => self.0.credential.next_renewal(),
            _ => None,
        };
        let mut error = Error::from_answer(head.status, head.headers, request_id, body, api)
            .with_verdict(verdict);
        if let Some(wait) = retry_after {
            error = error.with_retry_after(wait);
        }
        if let Some(wait) = next_renewal {
            error = error.with_retry_after(wait).with_hint(
                "new tokens were refused as well, right after they were granted: may this client do this?",
            );
        }
        if let Some(message) = redirect {
            error = error.with_kind(ErrorKind::Redirect).with_message(message);
        }
        error
    }
}

/// Files come in all types.
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");

/// The operation that a request of the user's own counts as.
fn own_operation(method: &Method) -> &'static Operation {
    const fn own(method: Method) -> Operation {
        Operation::new("request", method, "(own path)")
    }
    static OWN: [Operation; 8] = [
        own(Method::GET),
        own(Method::POST),
        own(Method::PUT),
        own(Method::PATCH),
        own(Method::DELETE),
        own(Method::HEAD),
        own(Method::OPTIONS),
        own(Method::TRACE),
    ];
    OWN.iter()
        .find(|operation| operation.method() == method)
        .unwrap_or(&OWN[1])
}

/// Adds a header of a call's own to those of the client.
///
/// # Errors
/// If the client sends it with another value.
fn add_header(
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
            .field("base_url", &self.0.target.origin)
            .finish_non_exhaustive()
    }
}

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

fn slot<L>(layer: L) -> SlotLayer
where
    L: Layer<HttpService> + Send + Sync + 'static,
    L::Service: Service<HttpRequest, Response = HttpResponse> + Clone + Send + Sync + 'static,
    <L::Service as Service<HttpRequest>>::Error: Into<BoxError>,
    <L::Service as Service<HttpRequest>>::Future: Send + 'static,
{
    Arc::new(move |inner| HttpService::new(layer.layer(inner)))
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
