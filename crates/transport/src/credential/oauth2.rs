//! OAuth 2.0 client credentials (RFC 6749, section 4.4).

mod endpoint;
mod flight;
mod limits;
mod state;
mod token;

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
use endpoint::{Granted, check_token_url, request_token, token_request};
use flight::{Landing, Over, Seat, TokenFuture};
use state::State;
pub use token::TokenInfo;

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
pub struct OAuth2(Arc<Shared>);

struct Shared {
    /// The token URL. Empty until a client is built, if only the path was given.
    token_url: OnceLock<Uri>,
    /// The path of the token URL below the client's base URL.
    token_path: Option<String>,
    client_id: String,
    client_secret: Secret,
    scope: Option<String>,
    state: Mutex<State>,
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
        Ok(Self(Arc::new(Shared {
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
        Self(Arc::new(Shared {
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
    Go,
    /// The last fetch failed; the next may start only at this time.
    SleepUntil(Instant),
    /// Wait for the fetch in progress.
    Join { seat: Seat, early: bool },
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a token, polling the fetch for it.
    async fn obtain(
        &self,
        transport: &HttpService,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        let failures = self.state().failures;
        loop {
            match self.step(transport, deadline, failures)? {
                Step::Go => return Ok(()),
                Step::SleepUntil(time) => tokio::time::sleep_until(time).await,
                Step::Join { seat, early } => match self.wait(&seat).await {
                    Landing::Granted => return Ok(()),
                    Landing::Failed(error) if !early => return Err(error),
                    // The fetch was to replace a live token; now a token is needed.
                    Landing::Failed(_) | Landing::GivenUp => {}
                },
            }
        }
    }

    /// `failures` is how many fetches had failed when the caller started to wait.
    fn step(
        &self,
        transport: &HttpService,
        deadline: Option<Instant>,
        failures: u64,
    ) -> Result<Step, Error> {
        let now = Instant::now();
        let mut over = Over::default();
        let mut state = self.state();
        if state.live(now).is_some() {
            return Ok(Step::Go);
        }
        if state.failures != failures
            && let Some(error) = state.last_failure()
        {
            return Err(error);
        }
        if let Some((seat, early)) = state.join(now, &mut over) {
            return Ok(Step::Join { seat, early });
        }
        if let Some((until, error)) = state.cool_down(now) {
            if deadline.is_some_and(|deadline| until >= deadline) {
                return Err(error.with_retry_after(until.saturating_duration_since(now)));
            }
            return Ok(Step::SleepUntil(until));
        }
        let response = self.ask(transport, limits::RETRIES)?;
        let seat = state.begin(response, false);
        Ok(Step::Join { seat, early: false })
    }

    /// A seat at the fetch that replaces a live token, if a replacement is due.
    fn early(&self, transport: &HttpService) -> Option<Seat> {
        let now = Instant::now();
        let mut over = Over::default();
        let mut state = self.state();
        if !state.is_due(now) {
            return None;
        }
        if let Some((seat, _)) = state.join(now, &mut over) {
            return Some(seat);
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
        let request = token_request(token_url, &self.client_id, secret, self.scope.as_deref());
        let response = request_token(transport.clone(), request, secret.clone(), retries);
        Ok(Box::pin(response))
    }

    async fn wait(&self, seat: &Seat) -> Landing {
        poll_fn(|cx| self.poll(seat, cx)).await
    }

    /// Polls the seat's fetch, if it can make progress.
    fn poll(&self, seat: &Seat, cx: &Context<'_>) -> Poll<Landing> {
        if let Poll::Ready(landing) = seat.poll(cx) {
            return Poll::Ready(landing);
        }
        let response = {
            let mut state = self.state();
            let (refusals, now) = (state.refusals, Instant::now());
            match state.flight(&seat.crowd) {
                Some(flight) if flight.is_of(runtime()) && !flight.is_useless(refusals, now) => {
                    flight.take()
                }
                // The fetch has just ended, or the caller runs in another runtime.
                _ => return Poll::Ready(seat.landing().unwrap_or(Landing::GivenUp)),
            }
        };
        let Some(response) = response else {
            return Poll::Pending;
        };
        // If this panics, no other caller waits for the fetch: `Polled` ends the flight.
        let mut polled = Polled {
            shared: self,
            seat,
            response: Some(response),
        };
        polled.poll()
    }

    fn end(&self, seat: &Seat, result: Result<Granted, Error>) -> Landing {
        let mut over = Over::default();
        // Writing out the error takes longer than anybody should wait for the state.
        let result = result.map_err(|error| self.without_secret(error));
        let mut state = self.state();
        let Some(flight) = state.remove(&seat.crowd) else {
            return seat.landing().unwrap_or(Landing::GivenUp);
        };
        let landing = match result {
            Ok(_) if flight.is_useless(state.refusals, Instant::now()) => Landing::GivenUp,
            Ok(granted) => {
                state.grant(granted);
                for other in state.flights.drain(..) {
                    over.add(other, Landing::Granted);
                }
                Landing::Granted
            }
            Err(error) => {
                state.fail(&error, flight.early);
                Landing::Failed(error)
            }
        };
        over.add(flight, landing.clone());
        landing
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

/// The future of a flight while it is polled.
struct Polled<'a> {
    shared: &'a Shared,
    seat: &'a Seat,
    response: Option<TokenFuture>,
}

impl Polled<'_> {
    fn poll(&mut self) -> Poll<Landing> {
        let crowd = &self.seat.crowd;
        let waker = Waker::from(Arc::clone(crowd));
        let Some(response) = &mut self.response else {
            return Poll::Pending;
        };
        match response.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => {
                self.response = None;
                Poll::Ready(self.shared.end(self.seat, result))
            }
            Poll::Pending => {
                let mut response = self.response.take();
                if let Some(flight) = self.shared.state().flight(crowd) {
                    flight.put_back(&mut response);
                }
                crowd.pass_on_news();
                Poll::Pending
            }
        }
    }
}

impl Drop for Polled<'_> {
    fn drop(&mut self) {
        // The future is still here only after a panic.
        if self.response.is_some() {
            let mut over = Over::default();
            if let Some(flight) = self.shared.state().remove(&self.seat.crowd) {
                over.add(flight, Landing::GivenUp);
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
        if let Some(seat) = self.0.early(transport) {
            self.0.wait(&seat).await;
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
