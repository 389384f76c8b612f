//! The real service if there is a token for it, the sandbox if not.

use std::env;
use std::error::Error;

use pwpush_api::{Client, Timestamp};
use security_api_sandbox::Sandbox;

/// A client, and the sandbox it talks to if it is not the real service.
pub(crate) struct Service {
    pub(crate) pwpush: Client,
    /// Stops when it is dropped, so it has to live as long as the client is used.
    pub(crate) sandbox: Option<Sandbox>,
}

impl Service {
    /// The time there; that of a sandbox can be moved.
    #[allow(dead_code, reason = "not every example looks at it")]
    pub(crate) fn now(&self) -> Timestamp {
        match &self.sandbox {
            Some(sandbox) => sandbox.clock().now().try_into().unwrap_or_default(),
            None => Timestamp::now(),
        }
    }
}

/// `PASSWORD_PUSHER_TOKEN` selects the real service, or the instance that `PASSWORD_PUSHER_BASE_URL` names.
pub(crate) async fn service() -> Result<Service, Box<dyn Error>> {
    if env::var_os("PASSWORD_PUSHER_TOKEN").is_some() {
        let pwpush = Client::from_env()?;
        return Ok(Service {
            pwpush,
            sandbox: None,
        });
    }
    eprintln!("PASSWORD_PUSHER_TOKEN is not set: using a sandbox\n");
    let sandbox = Sandbox::start().await?;
    let service = sandbox.password_pusher();
    let pwpush = Client::builder(service.token())
        .base_url(service.base_url())
        .build()?;
    Ok(Service {
        pwpush,
        sandbox: Some(sandbox),
    })
}
