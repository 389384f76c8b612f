//! An imitation of the Password Pusher API v2.

mod call;
mod content;
mod create;
mod edition;
mod filename;
mod files;
mod instance;
mod language;
mod model;
mod notify;
mod options;
mod params;
mod pushes;
mod requests;
mod response;
mod routes;
mod seed;
mod service;
mod settings;
mod state;
mod throttle;
mod upload;
mod url;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

pub use edition::PasswordPusherEdition;
pub use options::PasswordPusherOptions;
pub use settings::PasswordPusherSettings;

use self::state::State;
use crate::common::clock::Clock;

/// The imitation of Password Pusher: an instance of its server with two users, empty at first unless it is given
/// [samples](PasswordPusherOptions::samples).
///
/// Pushes expire by views and by the sandbox's [`Clock`]. The jobs that the real server runs by the hour of the day
/// count from the sandbox's start: what is past its limits is expired every two hours if nobody looks at it before, and
/// expired pushes that were made without a token are removed once a day.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let sandbox = security_api_sandbox::Sandbox::start().await?;
/// let pusher = sandbox.password_pusher();
/// // Everything a client needs:
/// let (url, token) = (pusher.base_url(), pusher.token());
/// assert_eq!(token.len(), 20);
/// # let _ = url;
/// # std::io::Result::Ok(()) })?;
/// # std::io::Result::Ok(())
/// ```
pub struct PasswordPusher {
    base_url: String,
    state: Arc<State>,
}

impl PasswordPusher {
    pub(crate) fn new(
        address: SocketAddr,
        seed: u64,
        limited: bool,
        options: &PasswordPusherOptions,
        clock: Clock,
    ) -> Self {
        let state = State::new(address, seed, limited, options, clock);
        seed::make(&state, options.samples);
        Self {
            base_url: format!("http://{address}"),
            state: Arc::new(state),
        }
    }

    pub(crate) fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Where it listens, such as `http://127.0.0.1:49152`, without `/api/v2`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The token of a user, for `Authorization: Bearer`.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.state.users[0].token
    }

    /// The token of another user, who owns nothing of the first one's.
    #[must_use]
    pub fn other_token(&self) -> &str {
        &self.state.users[1].token
    }

    /// The edition it is.
    #[must_use]
    pub fn edition(&self) -> PasswordPusherEdition {
        self.state.options.edition
    }

    /// How many pushes are stored, expired ones included.
    #[must_use]
    pub fn pushes(&self) -> usize {
        self.state.store().pushes.len()
    }
}

impl fmt::Debug for PasswordPusher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PasswordPusher")
            .field("base_url", &self.base_url)
            .field("edition", &self.edition())
            .field("pushes", &self.pushes())
            .finish_non_exhaustive()
    }
}
