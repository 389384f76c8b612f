//! The real service if there is a key for it, the sandbox if not.

use std::env;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use push_security_api::Client;
use security_api_sandbox::Sandbox;

/// A client, and the sandbox it talks to if it is not the real service.
pub(crate) struct Service {
    pub(crate) push: Client,
    /// Stops when it is dropped, so it has to live as long as the client is used.
    #[allow(dead_code, reason = "not every example looks at it")]
    pub(crate) sandbox: Option<Arc<Sandbox>>,
}

/// By the environment: `PUSH_SECURITY_API_KEY` set means the real service (or wherever `PUSH_SECURITY_BASE_URL`
/// points).
pub(crate) async fn service() -> Result<Service, Box<dyn Error>> {
    if env::var_os("PUSH_SECURITY_API_KEY").is_some() {
        let push = Client::from_env()?;
        return Ok(Service {
            push,
            sandbox: None,
        });
    }
    eprintln!("PUSH_SECURITY_API_KEY is not set: using a sandbox with invented data\n");
    let sandbox = Sandbox::start().await?;
    let service = sandbox.push_security();
    let push = Client::builder(service.api_key())
        .base_url(service.base_url())
        .build()?;
    Ok(Service {
        push,
        sandbox: Some(Arc::new(sandbox)),
    })
}

/// Lets the sandbox detect something every few seconds, so that there is something to follow.
#[allow(dead_code, reason = "not every example follows something")]
pub(crate) fn raise_detections(service: &Service) {
    let Some(sandbox) = service.sandbox.clone() else {
        return;
    };
    tokio::spawn(async move {
        for employee in sandbox.push_security().employee_ids().iter().cycle() {
            tokio::time::sleep(Duration::from_secs(2)).await;
            sandbox.push_security().raise_detection(employee);
        }
    });
}
