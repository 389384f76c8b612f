//! A small sandbox of all services, and clients with short timeouts.

use std::time::Duration;

use push_security_api::http::HeaderValue;
use push_security_api::middleware::HttpRequest;
use push_security_api::{RateLimiter, RetryPolicy};
use security_api_sandbox::{KeepnetOptions, PushSecurityOptions, Sandbox};
use security_api_transport::ClientBuilder;
use tower::util::MapRequestLayer;

/// The header that identifies the calls of a test in the sandbox's journal.
pub(crate) const CALL_HEADER: &str = "x-test-call";

tokio::task_local! {
    /// The number of the current call.
    pub(crate) static CALL: u32;
}

fn numbered(mut request: HttpRequest) -> HttpRequest {
    if let Ok(number) = CALL.try_with(|number| *number) {
        let number = HeaderValue::from(number);
        request.headers_mut().insert(CALL_HEADER, number);
    }
    request
}

pub(crate) async fn sandbox() -> Sandbox {
    let push = PushSecurityOptions::default()
        .employees(20)
        .browsers(20)
        .accounts(40);
    let push = push
        .apps(10)
        .browser_extensions(5)
        .findings(5)
        .detections(5);
    Sandbox::builder()
        .rate_limits(false)
        .push_security(push)
        .keepnet(
            KeepnetOptions::default()
                .target_users(15)
                .notified_emails(5),
        )
        .start()
        .await
        .expect("a sandbox")
}

fn hurried<C: From<security_api_transport::Client>>(
    builder: ClientBuilder<C>,
    url: &str,
    limiter: &RateLimiter,
) -> C {
    let retry = RetryPolicy::default();
    builder
        .base_url(url)
        .no_proxy()
        .limiter(limiter.clone())
        .attempt_layer(MapRequestLayer::new(numbered))
        .retry(retry.backoff(Duration::from_millis(1), Duration::from_millis(5)))
        .build()
        .expect("a client")
}

pub(crate) fn push(
    sandbox: &Sandbox,
    url: &str,
    limiter: &RateLimiter,
) -> push_security_api::Client {
    let key = sandbox.push_security().api_key();
    hurried(push_security_api::Client::builder(key), url, limiter)
}

pub(crate) fn pusher(sandbox: &Sandbox, url: &str, limiter: &RateLimiter) -> pwpush_api::Client {
    let token = sandbox.password_pusher().token();
    hurried(pwpush_api::Client::builder(token), url, limiter)
}

/// Returns a client without a token, which opens links.
pub(crate) fn visitor(sandbox: &Sandbox) -> pwpush_api::Client {
    let url = sandbox.password_pusher().base_url();
    hurried(
        pwpush_api::Client::anonymous_builder(),
        url,
        &RateLimiter::unlimited(),
    )
}

/// Returns a client of the first company.
pub(crate) fn keepnet(sandbox: &Sandbox, url: &str, limiter: &RateLimiter) -> keepnet_api::Client {
    let platform = sandbox.keepnet();
    let builder = keepnet_api::Client::builder(platform.client_id(), platform.client_secret());
    hurried(builder, url, limiter)
        .for_company(&platform.company_ids()[0])
        .expect("a company")
}
