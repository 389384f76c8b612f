//! An imitation of the Password Pusher API v2.

mod call;
mod commercial;
mod content;
mod create;
mod edition;
mod filename;
mod files;
mod instance;
mod language;
mod notify;
mod options;
mod params;
mod pushes;
mod records;
mod requests;
mod response;
mod routes;
mod ruby;
mod seed;
mod service;
mod state;
mod upload;
mod url;

pub use edition::PasswordPusherEdition;
pub use options::{PasswordPusherOptions, PasswordPusherSettings};

use self::state::State;
use crate::common::service::Imitation;

/// The imitation of Password Pusher: an instance of its server with two users. It is empty at first, unless it is given
/// [samples](PasswordPusherOptions::samples).
///
/// Pushes expire by views and by the sandbox's [`Clock`](crate::Clock), when they are next read. Uploaded files are
/// kept in memory.
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
#[derive(Debug)]
pub struct PasswordPusher(pub(crate) Imitation<State>);

impl PasswordPusher {
    /// The base URL, such as `http://127.0.0.1:49152`, without `/api/v2`.
    pub fn base_url(&self) -> &str {
        self.0.base_url()
    }

    /// The token of a user, for `Authorization: Bearer`.
    pub fn token(&self) -> &str {
        &self.0.state.users[0].token
    }

    /// The token of a second user.
    pub fn other_token(&self) -> &str {
        &self.0.state.users[1].token
    }

    /// The number of pushes, including expired ones.
    pub fn pushes(&self) -> usize {
        self.0.state.store().pushes.len()
    }
}
