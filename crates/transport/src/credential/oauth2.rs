//! OAuth 2.0 client credentials (RFC 6749, section 4.4).

mod endpoint;
mod limits;
mod state;
mod token;
mod token_request;

use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};
use tokio::time::Instant;

use super::{Credential, Generation, check_text};
use crate::error::{Error, ErrorKind};
use crate::runtime::runtime;
use crate::service::HttpService;
use crate::wire::secret::Secret;
use endpoint::{Granted, check_token_url, form_request, request_token};
use state::TokenState;
pub use token::TokenInfo;
use token_request::{EndedRequests, TokenFuture, TokenOutcome, Waiter};

/// A client id and secret, exchanged for tokens.
///
/// One caller fetches a token while the others wait for its result. A token is renewed before it expires, alongside
/// calls that use the live one, which are not delayed. If a caller is cancelled, the next one continues its token
/// request. Clones share the token, and so do all clients built with a clone; a credential is bound to one token URL,
/// client id and scope.
///
/// The token is sent to the base URL of every client built with the credential, so give it only to clients of services
/// that may see each other's tokens. A credential whose token URL is a path belongs to one base URL.
///
/// Clients that share a credential may run in several runtimes. Each runtime fetches a token if there is none, and uses
/// a token that another one fetched. A runtime never waits for another one's request, since that may no longer be
/// driven.
///
/// If the service refuses a token (401), a new one is fetched and the call is sent once more. If the service refuses
/// that one and the next as well, right after they were granted, the token is kept for half a second, growing to half a
/// minute: the service may accept it for other operations, and another token would be no better. [`Error::retry_after`]
/// says for how long.
#[derive(Clone)]
pub struct OAuth2(Arc<Inner>);

struct Inner {
    /// The token URL. Empty until a client is built, if only the path was given.
    token_url: OnceLock<Uri>,
    /// The path of the token URL below the client's base URL.
    token_path: Option<String>,
    client_id: String,
    client_secret: Secret,
    scope: Option<String>,
    state: Mutex<TokenState>,
    /// The last generation that the service accepted. Outside of the state, because each successful call sets it.
    accepted: AtomicU64,
}

impl OAuth2 {
    /// Exchanges this client id and secret at `token_url`: a URL, or a path such as `/connect/token`, which is appended
    /// to the base URL of the client that uses the credential.
    ///
    /// A credential with a path belongs to one base URL. Clients of another base URL need another credential.
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
    /// If the URL is not `https` (a loopback host may use `http`), or the id or the secret is empty or has a line
    /// break, as when it is read from a file. The secret is not in the error.
    pub fn client_credentials(
        token_url: &str,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Result<Self, Error> {
        let (url, token_path) = if token_url.starts_with('/') {
            crate::url::path::check_path(token_url)
                .map_err(|error| Error::invalid(format!("token URL: {error}")))?;
            (OnceLock::new(), Some(token_url.to_owned()))
        } else {
            (OnceLock::from(check_token_url(token_url)?), None)
        };
        let client_id = client_id.into();
        let client_secret = client_secret.into();
        check_text("the client id", &client_id)?;
        check_text("the client secret", client_secret.expose())?;
        Ok(Self(Arc::new(Inner {
            token_url: url,
            token_path,
            client_id,
            client_secret,
            scope: None,
            state: Mutex::default(),
            accepted: AtomicU64::default(),
        })))
    }

    /// Requests this scope. The credential starts without a token.
    #[must_use]
    pub fn scope(self, scope: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            token_url: self.0.token_url.clone(),
            token_path: self.0.token_path.clone(),
            client_id: self.0.client_id.clone(),
            client_secret: self.0.client_secret.clone(),
            scope: Some(scope.into()),
            state: Mutex::default(),
            accepted: AtomicU64::default(),
        }))
    }

    /// The current token, if it is live.
    #[must_use]
    pub fn current(&self) -> Option<TokenInfo> {
        let now = Instant::now();
        let token = self.0.state().live(now)?.clone();
        Some(TokenInfo {
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

/// The next step of a caller who needs a token.
enum Step {
    /// There is a live token.
    Ready,
    /// The last request failed; the next may start only at this time.
    CoolDown(Instant),
    /// Wait for the request in progress.
    Wait { waiter: Waiter, is_renewal: bool },
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, TokenState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a token, polling the request for it.
    async fn obtain(
        &self,
        transport: &HttpService,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        let failures = self.state().failures;
        loop {
            match self.step(transport, deadline, failures)? {
                Step::Ready => return Ok(()),
                Step::CoolDown(time) => tokio::time::sleep_until(time).await,
                Step::Wait { waiter, is_renewal } => match self.wait(&waiter).await {
                    TokenOutcome::Granted => return Ok(()),
                    TokenOutcome::Failed(error) if !is_renewal => return Err(error),
                    // The request was to replace a live token; now a token is needed.
                    TokenOutcome::Failed(_) | TokenOutcome::GivenUp => {}
                },
            }
        }
    }

    /// `failures` is how many requests had failed when the caller started to wait.
    fn step(
        &self,
        transport: &HttpService,
        deadline: Option<Instant>,
        failures: u64,
    ) -> Result<Step, Error> {
        let now = Instant::now();
        let mut ended = EndedRequests::default();
        let mut state = self.state();
        if state.live(now).is_some() {
            return Ok(Step::Ready);
        }
        if state.failures != failures
            && let Some(error) = state.last_failure()
        {
            return Err(error);
        }
        if let Some((waiter, is_renewal)) = state.join(now, &mut ended) {
            return Ok(Step::Wait { waiter, is_renewal });
        }
        if let Some((until, error)) = state.cool_down(now) {
            if deadline.is_some_and(|deadline| until >= deadline) {
                return Err(error.with_retry_after(until.saturating_duration_since(now)));
            }
            return Ok(Step::CoolDown(until));
        }
        let response = self.ask(transport, limits::RETRIES)?;
        let waiter = state.begin(response, false);
        Ok(Step::Wait {
            waiter,
            is_renewal: false,
        })
    }

    /// A waiter for the request that replaces a live token, if a replacement is due.
    fn join_renewal(&self, transport: &HttpService) -> Option<Waiter> {
        let now = Instant::now();
        let mut ended = EndedRequests::default();
        let mut state = self.state();
        if !state.is_due(now) {
            return None;
        }
        if let Some((waiter, _)) = state.join(now, &mut ended) {
            return Some(waiter);
        }
        // One attempt, because there is still a live token.
        let response = self.ask(transport, 0).ok()?;
        Some(state.begin(response, true))
    }

    fn ask(&self, transport: &HttpService, retries: u32) -> Result<TokenFuture, Error> {
        let token_url = self.token_url.get().ok_or_else(|| {
            Error::invalid("token URL: it is a path, which is complete only within a client that was built with the credential")
        })?;
        let secret = &self.client_secret;
        let request = form_request(token_url, &self.client_id, secret, self.scope.as_deref());
        let response = request_token(transport.clone(), request, secret.clone(), retries);
        Ok(Box::pin(response))
    }

    async fn wait(&self, waiter: &Waiter) -> TokenOutcome {
        poll_fn(|cx| self.poll(waiter, cx)).await
    }

    /// Polls the waiter's request, if it can make progress.
    fn poll(&self, waiter: &Waiter, cx: &Context<'_>) -> Poll<TokenOutcome> {
        if let Poll::Ready(outcome) = waiter.poll(cx) {
            return Poll::Ready(outcome);
        }
        let response = {
            let mut state = self.state();
            let (refusals, now) = (state.refusals, Instant::now());
            match state.request(&waiter.waiters) {
                Some(request) if request.is_of(runtime()) && !request.is_useless(refusals, now) => {
                    request.take()
                }
                // The request has just ended, or the caller runs in another runtime.
                _ => return Poll::Ready(waiter.outcome().unwrap_or(TokenOutcome::GivenUp)),
            }
        };
        let Some(response) = response else {
            return Poll::Pending;
        };
        // If this panics, no other caller waits in vain: `PolledRequest` ends the request.
        let mut polled = PolledRequest {
            oauth2: self,
            waiter,
            response: Some(response),
        };
        polled.poll()
    }

    fn end(&self, waiter: &Waiter, result: Result<Granted, Error>) -> TokenOutcome {
        let mut ended = EndedRequests::default();
        // Writing out the error takes longer than anybody should wait for the state.
        let result = result.map_err(|error| self.without_secret(error));
        let mut state = self.state();
        let Some(request) = state.remove(&waiter.waiters) else {
            return waiter.outcome().unwrap_or(TokenOutcome::GivenUp);
        };
        let outcome = match result {
            Ok(_) if request.is_useless(state.refusals, Instant::now()) => TokenOutcome::GivenUp,
            Ok(granted) => {
                state.grant(granted);
                for other in state.requests.drain(..) {
                    ended.add(other, TokenOutcome::Granted);
                }
                TokenOutcome::Granted
            }
            Err(error) => {
                state.fail(&error, request.is_renewal);
                TokenOutcome::Failed(error)
            }
        };
        ended.add(request, outcome.clone());
        outcome
    }

    /// Errors of the layers below may quote the request's secret.
    fn without_secret(&self, error: Error) -> Error {
        if !self.client_secret.is_shown_in(&format!("{error:?}")) {
            return error;
        }
        let mut bare = Error::new(ErrorKind::Credential, "the token request failed");
        if let Some(wait) = error.retry_after() {
            bare = bare.with_retry_after(wait);
        }
        match error.is_permanent() {
            true => bare.permanent(),
            false => bare,
        }
    }
}

/// The future of a request while it is polled.
struct PolledRequest<'a> {
    oauth2: &'a Inner,
    waiter: &'a Waiter,
    response: Option<TokenFuture>,
}

impl PolledRequest<'_> {
    fn poll(&mut self) -> Poll<TokenOutcome> {
        let waiters = &self.waiter.waiters;
        let waker = Waker::from(Arc::clone(waiters));
        let Some(response) = &mut self.response else {
            return Poll::Pending;
        };
        match response.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => {
                self.response = None;
                Poll::Ready(self.oauth2.end(self.waiter, result))
            }
            Poll::Pending => {
                let mut response = self.response.take();
                if let Some(request) = self.oauth2.state().request(waiters) {
                    request.put_back(&mut response);
                }
                waiters.pass_on_wake();
                Poll::Pending
            }
        }
    }
}

impl Drop for PolledRequest<'_> {
    fn drop(&mut self) {
        // The future is still here only after a panic.
        if self.response.is_some() {
            let mut ended = EndedRequests::default();
            if let Some(request) = self.oauth2.state().remove(&self.waiter.waiters) {
                ended.add(request, TokenOutcome::GivenUp);
            }
        }
    }
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
        self.0.state().live(Instant::now()).is_some()
    }

    async fn ready(
        &self,
        transport: &HttpService,
        deadline: Option<std::time::Instant>,
    ) -> Result<(), Error> {
        self.0
            .obtain(transport, deadline.map(Instant::from_std))
            .await
    }

    fn is_due(&self) -> bool {
        self.0.state().is_due(Instant::now())
    }

    async fn renew(&self, transport: &HttpService) {
        if let Some(waiter) = self.0.join_renewal(transport) {
            self.0.wait(&waiter).await;
        }
    }

    fn apply(&self, headers: &mut HeaderMap) -> Option<Generation> {
        // A token that expired since it was ready is still sent: the service decides, and a 401 renews it.
        let state = self.0.state();
        let token = state.token.as_ref()?;
        headers.insert(AUTHORIZATION, token.header.clone());
        Some(Generation(token.generation))
    }

    fn rejected(&self, generation: Generation) -> bool {
        let is_proven = self.0.accepted.load(Ordering::Relaxed) == generation.0;
        self.0.state().refuse(generation.0, is_proven)
    }

    fn accepted(&self, generation: Generation) {
        self.0.accepted.store(generation.0, Ordering::Relaxed);
    }

    fn secrets(&self) -> Vec<Secret> {
        let mut secrets = self.0.state().tokens();
        secrets.push(self.0.client_secret.clone());
        secrets
    }

    fn next_renewal(&self) -> Option<Duration> {
        self.0.state().kept_for(Instant::now())
    }
}
