//! An embedded server that imitates the HTTP APIs of security services, for tests and for trials without an account.
//!
//! [`Sandbox::start`] opens one loopback listener for each service and returns base URLs and credentials. Behind each
//! listener is seeded, reproducible data that the API changes as the real one would. A test can move the [`Clock`],
//! queue [`Fault`]s, and read in the [`Journal`] which requests arrived.
//!
//! The imitated services are the Push Security REST API v1 with its signed webhooks ([`PushSecurity`]), the Password
//! Pusher API v2 ([`PasswordPusher`]) and the Keepnet REST API ([`Keepnet`]).
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

// Files of the same name have the same purpose in each service. `options`: the settings. `records`: what the service
// keeps. `state`: all of it, and the credentials. `seed`: the data at the start. `routes`: from a method and a path to an
// operation. `service`: from a request to its response. `call`: a request on its way through an operation. `response`:
// responses and refusals. `lists`: filters and pages.
mod common;
mod keepnet;
mod password_pusher;
mod push_security;
mod sandbox;

pub use common::clock::Clock;
pub use common::faults::{Fault, Faults};
pub use common::journal::{Journal, JournalEntry};
pub use keepnet::{Keepnet, KeepnetOptions};
pub use password_pusher::{
    PasswordPusher, PasswordPusherEdition, PasswordPusherOptions, PasswordPusherSettings,
};
pub use push_security::{OrganisationCounts, PushSecurity, PushSecurityOptions, WebhookDelivery};
pub use sandbox::{Sandbox, SandboxBuilder};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
