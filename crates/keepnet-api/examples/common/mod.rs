//! The real service if there are credentials for it, the sandbox if not.

use std::env;
use std::error::Error;
use std::time::Duration;

use keepnet_api::{Client, Polling};
use security_api_sandbox::Sandbox;

/// A client, and the sandbox it talks to if it is not the real service.
pub(crate) struct Service {
    pub(crate) keepnet: Client,
    /// Stops when it is dropped, so it has to live as long as the client is used.
    #[allow(dead_code, reason = "not every example looks at it")]
    pub(crate) sandbox: Option<Sandbox>,
}

/// By the environment: `KEEPNET_CLIENT_ID` and `KEEPNET_CLIENT_SECRET` set mean the real service (or wherever
/// `KEEPNET_BASE_URL` points), and `KEEPNET_COMPANY_ID` one of a reseller's companies.
pub(crate) async fn service() -> Result<Service, Box<dyn Error>> {
    if env::var_os("KEEPNET_CLIENT_ID").is_some() {
        let mut keepnet = Client::from_env()?;
        if let Ok(company) = env::var("KEEPNET_COMPANY_ID") {
            keepnet = keepnet.for_company(company)?;
        }
        return Ok(Service {
            keepnet,
            sandbox: None,
        });
    }
    eprintln!("KEEPNET_CLIENT_ID is not set: using a sandbox with invented data\n");
    let sandbox = Sandbox::start().await?;
    let service = sandbox.keepnet();
    let keepnet = Client::builder(service.company_client_id(), service.company_client_secret())
        .base_url(service.base_url())
        .build()?;
    Ok(Service {
        keepnet,
        sandbox: Some(sandbox),
    })
}

#[allow(dead_code, reason = "not every example waits")]
impl Service {
    /// How to wait: patiently for the service, and hardly at all for the sandbox, whose time is moved on instead.
    pub(crate) fn polling(&self) -> Polling {
        match self.sandbox {
            Some(_) => Polling::every(Duration::from_millis(100)),
            None => Polling::default()
                .backoff(Duration::from_secs(60), Duration::from_secs(3600))
                .deadline(Duration::from_secs(30 * 86_400)),
        }
    }

    /// Lets the sandbox's time pass.
    pub(crate) fn pass(&self, time: Duration) {
        if let Some(sandbox) = &self.sandbox {
            sandbox.clock().advance(time);
        }
    }

    /// Whether to do what people notice: always in the sandbox, and with the real service if `--live` is given.
    pub(crate) fn may_act(&self) -> bool {
        self.sandbox.is_some() || env::args().any(|argument| argument == "--live")
    }
}
