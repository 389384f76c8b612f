//! OAuth 2.0 client credentials (RFC 6749, section 4.4).

mod endpoint;
mod limits;
mod sharing;
mod state;
mod token;
mod token_request;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};
use tokio::time::Instant;

use super::{Credential, Generation, check_text};
use crate::error::Error;
use crate::service::HttpService;
use crate::wire::secret::Secret;
use endpoint::check_token_url;
use state::TokenState;
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

impl Inner {
    fn state(&self) -> MutexGuard<'_, TokenState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
