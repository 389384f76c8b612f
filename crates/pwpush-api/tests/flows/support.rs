//! Common functions of these tests.

use pwpush_api::{Client, ClientBuilder, RateLimiter};
use security_api_sandbox::{PasswordPusherEdition, PasswordPusherOptions, Sandbox};

pub(crate) async fn sandbox(edition: PasswordPusherEdition) -> Sandbox {
    with(PasswordPusherOptions::default().edition(edition)).await
}

pub(crate) async fn with(options: PasswordPusherOptions) -> Sandbox {
    let builder = Sandbox::builder().password_pusher(options);
    builder.rate_limits(false).start().await.expect("a sandbox")
}

pub(crate) fn owner(sandbox: &Sandbox) -> Client {
    at(Client::builder(sandbox.password_pusher().token()), sandbox)
}

pub(crate) fn viewer(sandbox: &Sandbox) -> Client {
    at(Client::anonymous_builder(), sandbox)
}

pub(crate) fn stranger(sandbox: &Sandbox) -> Client {
    at(
        Client::builder(sandbox.password_pusher().other_token()),
        sandbox,
    )
}

fn at(builder: ClientBuilder, sandbox: &Sandbox) -> Client {
    builder
        .base_url(sandbox.password_pusher().base_url())
        .limiter(RateLimiter::unlimited())
        .build()
        .expect("a client")
}
