//! An embedded server that imitates the HTTP APIs of security services, for tests and for trying things out without an
//! account.
//!
//! [`Sandbox::start`] opens one loopback listener per service and gives base URLs and credentials. Behind them is a
//! seeded, reproducible organisation whose state changes as the real one's would. A test can move the [`Clock`], queue
//! [`Fault`]s and read in the [`Journal`] what was received.
//!
//! Today it imitates the Push Security REST API v1 and its signed webhooks, see [`PushSecurity`], the Password Pusher
//! API v2, see [`PasswordPusher`], and the Keepnet REST API, see [`Keepnet`].
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! use security_api_sandbox::{Fault, Sandbox};
//!
//! let sandbox = Sandbox::builder().seed(7).start().await?;
//! println!("{}/v1/browsers", sandbox.push_security().base_url());
//! sandbox.faults().queue(Fault::status(503).header("retry-after", "1"));
//! # std::io::Result::Ok(()) })?;
//! # std::io::Result::Ok(())
//! ```

// A file of the same name is the same thing in each service: `options`, what a caller of the sandbox chooses; `state`,
// what the service holds; `routes`, from a method and a path to an operation; `service`, from a request to its
// response; `call`, a request on its way through an operation; `response`, responses and refusals; `lists`,
// filters and pages; `seed`, what the service holds at the start.
mod common;
mod keepnet;
mod password_pusher;
mod push_security;
mod sandbox;

pub use common::clock::Clock;
pub use common::faults::{Fault, Faults};
pub use common::journal::{Entry, Journal};
pub use keepnet::{Keepnet, KeepnetOptions};
pub use password_pusher::{
    PasswordPusher, PasswordPusherEdition, PasswordPusherOptions, PasswordPusherSettings,
};
pub use push_security::{OrganisationCounts, PushSecurity, PushSecurityOptions, WebhookDelivery};
pub use sandbox::{Sandbox, SandboxBuilder};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_can_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Sandbox>();
        shared::<PushSecurity>();
        shared::<Keepnet>();
        shared::<PasswordPusher>();
        shared::<Clock>();
        shared::<Faults>();
        shared::<Journal>();
        fn sent<T: Send>(_: &T) {}
        sent(&Sandbox::builder().start());
    }
}
