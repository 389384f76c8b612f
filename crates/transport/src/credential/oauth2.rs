//! OAuth 2.0 client credentials (RFC 6749, section 4.4).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Uri};
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;
use tower::ServiceExt;

use super::{Credential, Generation, secret_value};
use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::host::{self, is_loopback};
use crate::path::push_pair;
use crate::retry_after::retry_after;
use crate::secret::Secret;
use crate::service::HttpService;

/// What happens when, in the life of a token.
mod times {
    use std::time::Duration;

    /// Bounds one token request, from sending it to its last byte.
    pub(super) const ATTEMPT: Duration = Duration::from_secs(10);
    /// How often a token request that failed for the moment is sent again.
    pub(super) const RETRIES: u32 = 2;
    /// The first wait between token requests; it doubles.
    pub(super) const BACKOFF: Duration = Duration::from_millis(200);
    /// After a fetch failed, the next one is not started before this, doubled with each failure.
    pub(super) const COOL_DOWN: Duration = Duration::from_millis(500);
    /// The longest cool-down.
    pub(super) const LONGEST_COOL_DOWN: Duration = Duration::from_secs(30);
    /// The longest cool-down that the token endpoint can ask for.
    pub(super) const LONGEST_SERVER_WAIT: Duration = Duration::from_secs(60);
    /// A token is renewed this long before it expires, or in the last fifth of its life if that is shorter.
    pub(super) const REFRESH_AHEAD: Duration = Duration::from_secs(300);
    /// A token this close to its end is not used any more.
    pub(super) const EXPIRY_MARGIN: Duration = Duration::from_secs(5);
    /// What a token endpoint that names no `expires_in` is taken to mean.
    pub(super) const DEFAULT_LIFE: Duration = Duration::from_secs(600);
    /// No token is taken to live longer.
    pub(super) const LONGEST_LIFE: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    /// A fetch that nobody drove on for so long is given up.
    pub(super) const ABANDONED: Duration = Duration::from_secs(30);
    /// The largest token answer that is accepted, in bytes.
    pub(super) const LIMIT: usize = 64 * 1024;
}

/// A client id and secret, exchanged for tokens.
///
/// Tokens are fetched by one caller while the others wait for its result, and renewed ahead of their expiry by one
/// caller while the others go on with the live one. If that caller goes away, the next one drives its request on. Clones share the token, and so do all clients built with a clone;
/// a credential is bound to one token URL, client id and scope.
#[derive(Clone)]
pub struct OAuth2(Arc<Shared>);

struct Shared {
    /// Where tokens come from; empty until a client is built, if only the path was given.
    token_url: OnceLock<Uri>,
    /// The token URL below the base URL of the client.
    token_path: Option<String>,
    client_id: String,
    client_secret: Secret,
    scope: Option<String>,
    state: Mutex<State>,
    /// The fetch under way. Whoever holds the lock drives it on, so it outlives the caller who began it.
    fetch: tokio::sync::Mutex<Option<Fetch>>,
}

struct Fetch {
    begun: Instant,
    /// How many tokens had been refused when it began.
    refusals: u64,
    /// It is to replace a token that is still live, so nobody else needs to learn of its failure.
    early: bool,
    answer: Pin<Box<dyn Future<Output = Result<Granted, Error>> + Send>>,
}

/// What a token request brought.
struct Granted {
    answer: TokenAnswer,
    header: HeaderValue,
    /// When it was asked for: the token's life began no earlier.
    asked: Instant,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    generation: u64,
    /// Counts the tokens that the service refused.
    refusals: u64,
    /// Counts the fetches that failed, so that those who waited for one learn of it.
    failures: u64,
    /// How many failed in a row.
    failed_in_a_row: u32,
    last_failure: Option<Error>,
    not_before: Option<Instant>,
}

#[derive(Clone)]
struct Token {
    header: HeaderValue,
    secret: Secret,
    scope: Option<String>,
    members: Arc<Map<String, Value>>,
    generation: u64,
    expires: Instant,
    renew: Instant,
}

/// What is known of the current token.
#[derive(Clone)]
#[non_exhaustive]
pub struct TokenInfo {
    /// The token itself.
    pub token: Secret,
    /// The scope that was granted, if the service said so.
    pub scope: Option<String>,
    /// How long it still lives.
    pub expires_in: Duration,
    members: Arc<Map<String, Value>>,
}

impl TokenInfo {
    /// A member of the token endpoint's answer that is not of the standard. Some of them may be secret.
    ///
    /// ```
    /// use security_api_transport::TokenInfo;
    ///
    /// fn may_write(token: &TokenInfo) -> bool {
    ///     let permissions = token.member("permissions").and_then(|list| list.as_array());
    ///     permissions.is_some_and(|list| list.iter().any(|permission| permission == "write"))
    /// }
    /// ```
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }
}

/// Shows neither the token nor the endpoint's own members.
impl fmt::Debug for TokenInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenInfo")
            .field("token", &self.token)
            .field("scope", &self.scope)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

struct TokenAnswer {
    access_token: Secret,
    expires_in: Option<Duration>,
    scope: Option<String>,
    members: Map<String, Value>,
}

impl TokenAnswer {
    fn parse(json: &[u8]) -> Option<Self> {
        let mut members: Map<String, Value> = serde_json::from_slice(json).ok()?;
        let Value::String(access_token) = members.remove("access_token")? else {
            return None;
        };
        let scope = match members.remove("scope") {
            Some(Value::String(scope)) => Some(scope),
            _ => None,
        };
        Some(Self {
            access_token: access_token.into(),
            expires_in: members.remove("expires_in").as_ref().and_then(life),
            scope,
            members,
        })
    }
}

/// Seconds, as a number or, as some endpoints write them, as text. Anything else, and 0, is as good as nothing.
fn life(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    seconds
        .filter(|seconds: &f64| *seconds > 0.0)
        .map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

#[derive(Deserialize)]
struct TokenRefusal {
    error: Option<String>,
    error_description: Option<String>,
}

/// # Errors
/// If the client secret cannot be sent there.
fn check_token_url(token_url: &str) -> Result<Uri, Error> {
    let token_url: Uri = token_url
        .parse()
        .map_err(|_| Error::invalid("token URL: it is not a URL"))?;
    let secure = token_url.scheme_str() == Some("https")
        || (token_url.scheme_str() == Some("http") && token_url.host().is_some_and(is_loopback));
    if token_url
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err(Error::invalid(
            "token URL: it has a user name or password, which are not sent; leave them out",
        ));
    }
    if let Some(Err(what)) = token_url.authority().map(host::check) {
        return Err(Error::invalid(format!("token URL: {what}")));
    }
    if !secure {
        return Err(Error::invalid(
            "token URL: it must be `https`, since the client secret is sent there",
        ));
    }
    Ok(token_url)
}

impl OAuth2 {
    /// Exchanges this client id and secret at `token_url`: a URL, or a path such as `/connect/token`, which stands below
    /// the base URL of the client that the credential is given to, whatever that turns out to be.
    ///
    /// A credential with a path belongs to one base URL: clients of another need one of their own.
    ///
    /// ```
    /// use security_api_transport::OAuth2;
    ///
    /// let credential = OAuth2::client_credentials("https://login.example.com/token", "an-id", "a-secret")?
    ///     .scope("api");
    /// assert!(credential.current().is_none());
    /// # Ok::<(), security_api_transport::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the URL is not `https` (a loopback host may do without), or the id or the secret is empty. The secret is not
    /// in the error.
    pub fn client_credentials(
        token_url: &str,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Result<Self, Error> {
        let (url, token_path) = if token_url.starts_with('/') {
            crate::path::check_path(token_url)
                .map_err(|error| Error::invalid(format!("token URL: {error}")))?;
            (OnceLock::new(), Some(token_url.to_owned()))
        } else {
            (OnceLock::from(check_token_url(token_url)?), None)
        };
        let client_id = client_id.into();
        let client_secret = client_secret.into();
        if client_id.trim().is_empty() {
            return Err(Error::invalid("the client id is empty"));
        }
        if client_secret.expose().is_empty() {
            return Err(Error::invalid("the client secret is empty"));
        }
        Ok(Self(Arc::new(Shared {
            token_url: url,
            token_path,
            client_id,
            client_secret,
            scope: None,
            state: Mutex::default(),
            fetch: tokio::sync::Mutex::default(),
        })))
    }

    /// Asks for this scope. The credential starts without a token.
    #[must_use]
    pub fn scope(self, scope: impl Into<String>) -> Self {
        Self(Arc::new(Shared {
            token_url: self.0.token_url.clone(),
            token_path: self.0.token_path.clone(),
            client_id: self.0.client_id.clone(),
            client_secret: self.0.client_secret.clone(),
            scope: Some(scope.into()),
            state: Mutex::default(),
            fetch: tokio::sync::Mutex::default(),
        }))
    }

    /// The current token, if there is a live one.
    #[must_use]
    pub fn current(&self) -> Option<TokenInfo> {
        let now = Instant::now();
        self.0.live(now).map(|token| TokenInfo {
            token: token.secret,
            scope: token.scope,
            expires_in: token.expires.saturating_duration_since(now),
            members: token.members,
        })
    }
}

impl fmt::Debug for OAuth2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2")
            .field("host", &self.0.token_url.get().and_then(Uri::host))
            .field("scope", &self.0.scope)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live(&self, now: Instant) -> Option<Token> {
        self.state()
            .token
            .as_ref()
            .filter(|token| now < token.expires)
            .cloned()
    }

    /// Waits for a token. Whoever holds the lock fetches; the others find its result.
    async fn fetch_or_wait(
        &self,
        leaf: &HttpService,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        let (generation, failures) = {
            let state = self.state();
            (state.generation, state.failures)
        };
        let mut fetch = self.fetch.lock().await;
        let now = Instant::now();
        let cool_down = {
            let state = self.state();
            if let Some(token) = &state.token
                && (now < token.expires || state.generation != generation)
            {
                return Ok(());
            }
            let last = state.last_failure.clone();
            if let Some(error) = last.clone().filter(|_| state.failures != failures) {
                return Err(error);
            }
            state.not_before.filter(|_| fetch.is_none()).zip(last)
        };
        if let Some((not_before, error)) = cool_down {
            if deadline.is_some_and(|deadline| not_before >= deadline) {
                return Err(error.with_retry_after(not_before.saturating_duration_since(now)));
            }
            tokio::time::sleep_until(not_before).await;
        }
        self.drive(&mut fetch, leaf, false).await
    }

    /// Renews a live token; a failure leaves it in place.
    async fn refresh(&self, leaf: &HttpService, deadline: Option<Instant>) {
        let Ok(mut fetch) = self.fetch.try_lock() else {
            return;
        };
        let now = Instant::now();
        let due = {
            let state = self.state();
            state.token.as_ref().is_some_and(|token| now >= token.renew)
                && state.not_before.is_none_or(|not_before| now >= not_before)
        };
        if !due {
            return;
        }
        let renewal = self.drive(&mut fetch, leaf, true);
        let _ = match deadline {
            // The live token will do, so most of the caller's time is left to the call itself.
            Some(deadline) => {
                let half = deadline.saturating_duration_since(now) / 2;
                tokio::time::timeout(half, renewal).await.unwrap_or(Ok(()))
            }
            None => renewal.await,
        };
    }

    /// Goes on with the fetch under way, or begins one, and keeps what it brings.
    ///
    /// A token that was asked for before another one was refused may have been revoked together with that, so it is
    /// asked for again.
    async fn drive(
        &self,
        slot: &mut Option<Fetch>,
        leaf: &HttpService,
        mut early: bool,
    ) -> Result<(), Error> {
        loop {
            let now = Instant::now();
            let refusals = self.state().refusals;
            let useless =
                |fetch: &Fetch| fetch.refusals != refusals || now >= fetch.begun + times::ABANDONED;
            if slot.as_ref().is_some_and(useless) {
                *slot = None;
            }
            let request = self.token_request()?;
            let fetch = slot.get_or_insert_with(|| Fetch {
                begun: now,
                refusals,
                early,
                // One try if a live token is left.
                answer: Box::pin(request_token(
                    leaf.clone(),
                    request,
                    if early { 0 } else { times::RETRIES },
                )),
            });
            let result = fetch.answer.as_mut().await;
            early = fetch.early;
            *slot = None;
            let mut state = self.state();
            match result {
                Ok(_) if state.refusals != refusals => early = false,
                Ok(granted) => {
                    state.grant(granted);
                    return Ok(());
                }
                Err(error) => {
                    let error = self.without_secret(error);
                    state.fail(&error, early);
                    return Err(error);
                }
            }
        }
    }

    /// An endpoint may echo what it was sent.
    fn without_secret(&self, error: Error) -> Error {
        if error.to_string().contains(self.client_secret.expose()) {
            return error.with_message("the token endpoint refused the request");
        }
        error
    }

    fn token_request(&self) -> Result<http::Request<Body>, Error> {
        let token_url = self.token_url.get().ok_or_else(|| {
            Error::invalid("token URL: it is a path, which is complete only within a client that was built with the credential")
        })?;
        let mut form = zeroize::Zeroizing::new(String::from("grant_type=client_credentials"));
        let mut field = |name: &str, value: &str| push_pair(&mut form, name, value);
        field("client_id", &self.client_id);
        field("client_secret", self.client_secret.expose());
        if let Some(scope) = &self.scope {
            field("scope", scope);
        }
        let mut request = http::Request::new(Body::from(form.as_bytes().to_vec()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = token_url.clone();
        let headers = request.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!(
                "security-api-transport/",
                env!("CARGO_PKG_VERSION")
            )),
        );
        Ok(request)
    }
}

impl State {
    fn grant(&mut self, granted: Granted) {
        let Granted {
            answer,
            header,
            asked,
        } = granted;
        let life = answer
            .expires_in
            .unwrap_or(times::DEFAULT_LIFE)
            .min(times::LONGEST_LIFE);
        let ahead = times::REFRESH_AHEAD.min(life / 5);
        // Jitter, so that a fleet started together does not renew together.
        let ahead = ahead.mul_f64(1.0 - 0.2 * fastrand::f64());
        let margin = times::EXPIRY_MARGIN.min(life / 10);
        self.generation += 1;
        self.token = Some(Token {
            header,
            secret: answer.access_token,
            scope: answer.scope,
            members: Arc::new(answer.members),
            generation: self.generation,
            expires: asked + life.saturating_sub(margin),
            renew: asked + life.saturating_sub(ahead),
        });
        self.failed_in_a_row = 0;
        self.last_failure = None;
        self.not_before = None;
    }

    fn fail(&mut self, error: &Error, early: bool) {
        if !early {
            self.failures += 1;
        }
        let cool_down = times::COOL_DOWN
            .saturating_mul(1 << self.failed_in_a_row.min(10))
            .min(times::LONGEST_COOL_DOWN)
            .mul_f64(0.5 + 0.5 * fastrand::f64());
        self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
        let asked = error.retry_after().unwrap_or_default();
        self.not_before =
            Some(Instant::now() + asked.min(times::LONGEST_SERVER_WAIT).max(cool_down));
        self.last_failure = Some(error.clone());
    }
}

async fn request_token(
    leaf: HttpService,
    request: http::Request<Body>,
    mut retries: u32,
) -> Result<Granted, Error> {
    let mut backoff = times::BACKOFF;
    loop {
        let asked = Instant::now();
        let attempt = request_token_once(leaf.clone(), request.clone());
        let error = match tokio::time::timeout(times::ATTEMPT, attempt).await {
            Ok(Ok((answer, header))) => {
                return Ok(Granted {
                    answer,
                    header,
                    asked,
                });
            }
            Ok(Err(error)) => error,
            Err(_) => Error::new(
                ErrorKind::Credential,
                "the token endpoint did not answer in time",
            ),
        };
        // A longer wait that the endpoint asks for is left to the cool-down.
        if retries == 0 || error.is_permanent() || error.retry_after() > Some(backoff) {
            return Err(error);
        }
        retries -= 1;
        let wait = backoff.mul_f64(fastrand::f64());
        tokio::time::sleep(wait.max(error.retry_after().unwrap_or_default())).await;
        backoff *= 2;
    }
}

async fn request_token_once(
    leaf: HttpService,
    request: http::Request<Body>,
) -> Result<(TokenAnswer, HeaderValue), Error> {
    let answer = leaf.oneshot(request).await.map_err(|error| {
        let error = Error::from_boxed(error);
        let permanent = error.is_permanent();
        let failure = Error::new(
            ErrorKind::Credential,
            "the token endpoint could not be reached",
        )
        .with_source(error);
        if permanent {
            failure.permanent()
        } else {
            failure
        }
    })?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, times::LIMIT)
        .collect()
        .await
        .map_err(|_| {
            Error::new(
                ErrorKind::Credential,
                "the token endpoint's answer broke off or is too large",
            )
        })?
        .to_bytes();
    if head.status.is_success() {
        let answer = TokenAnswer::parse(&body).ok_or_else(|| {
            Error::new(
                ErrorKind::Credential,
                "the token endpoint's answer has no `access_token`: check the token URL",
            )
            .permanent()
        })?;
        let header = secret_value(
            "the token that was granted",
            "Bearer ",
            answer.access_token.expose(),
        )
        .map_err(|error| error.with_kind(ErrorKind::Credential).permanent())?;
        return Ok((answer, header));
    }
    Err(refusal(head.status, &head.headers, &body))
}

/// The token endpoint's refusal as an error. Only what RFC 6749 says of errors is taken from the body, and only in the
/// form that it says.
fn refusal(status: http::StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let (code, description) = serde_json::from_slice::<TokenRefusal>(body)
        .map_or((None, None), |refusal| {
            (refusal.error, refusal.error_description)
        });
    let code = code.filter(|code| {
        code.len() <= 40 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    });
    let description = description
        .map(|text| text.trim().to_owned())
        .filter(|text| {
            !text.is_empty() && text.len() <= 300 && !text.chars().any(char::is_control)
        });
    let transient = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
    let message = match code.as_deref() {
        Some("invalid_client") => {
            format!("the token endpoint refused the client id or secret ({status}, invalid_client)")
        }
        Some(code) => format!("the token endpoint refused the request ({status}, {code})"),
        None => format!("the token endpoint answered {status}"),
    };
    let message = match description {
        Some(description) if code.is_some() => format!("{message}: {description}"),
        _ => message,
    };
    let mut error = Error::new(ErrorKind::Credential, message);
    if let Some(wait) = retry_after(headers) {
        error = error.with_retry_after(wait);
    }
    if transient { error } else { error.permanent() }
}

#[async_trait]
impl Credential for OAuth2 {
    fn bind(&self, base_url: &str) -> Result<(), Error> {
        let Some(path) = &self.0.token_path else {
            return Ok(());
        };
        let url = check_token_url(&format!("{base_url}{path}"))?;
        if *self.0.token_url.get_or_init(|| url.clone()) != url {
            return Err(Error::invalid(
                "token URL: the credential belongs to a client of another base URL already; make one for each",
            ));
        }
        Ok(())
    }

    fn is_ready(&self) -> bool {
        let now = Instant::now();
        let state = self.0.state();
        let token = state.token.as_ref();
        token.is_some_and(|token| now < token.renew && now < token.expires)
    }

    async fn ready(
        &self,
        leaf: &HttpService,
        deadline: Option<std::time::Instant>,
    ) -> Result<(), Error> {
        let now = Instant::now();
        let deadline = deadline.map(Instant::from_std);
        match self.0.live(now) {
            Some(token) if now < token.renew => Ok(()),
            Some(_) => {
                self.0.refresh(leaf, deadline).await;
                Ok(())
            }
            None => self.0.fetch_or_wait(leaf, deadline).await,
        }
    }

    fn stamp(&self, headers: &mut HeaderMap) -> Option<Generation> {
        // A token that ended since it was ready is still sent: the service decides, and a 401 renews it.
        let state = self.0.state();
        let token = state.token.as_ref()?;
        headers.insert(AUTHORIZATION, token.header.clone());
        Some(Generation(token.generation))
    }

    fn rejected(&self, generation: Generation) -> bool {
        let mut state = self.0.state();
        if state
            .token
            .as_ref()
            .is_some_and(|token| token.generation == generation.0)
        {
            state.token = None;
            state.refusals += 1;
        }
        true
    }
}
