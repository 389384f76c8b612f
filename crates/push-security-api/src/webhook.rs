//! Webhooks: is it really from Push Security, and what does it say?
//!
//! A delivery carries `X-Signature: t=<UNIX seconds>,v1=<hex>`, where `v1` is the HMAC-SHA-256 of `t`, a full stop and
//! the raw body under the webhook's secret. Give the body as it came, byte for byte: a body that was parsed and written
//! again has another signature. Nothing here depends on a web framework; the example `webhook_receiver` uses axum.
//!
//! Push Security waits 5 seconds for an answer with a 2xx status and otherwise delivers again, up to three times over
//! 15 to 25 minutes, each time with a new signature and the same [`Event::id`]. So answer first and work afterwards. To
//! tell a repetition, or a replay, from news, remember ids for twice the [tolerance](Verifier::tolerance): a signature
//! counts from that long before its time until that long after.
//!
//! ```
//! use push_security_api::webhook::{Payload, Verifier};
//!
//! # fn receive(signature: Option<&str>, body: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! let verifier = Verifier::new("psws_0123456789abcdef0123456789abcdef")?;
//! let event = verifier.event(signature, body)?;
//! match &event.payload {
//!     Payload::Detection(change) => println!("{} {:?}", event.object, change.new),
//!     Payload::Login(login) => println!("{:?} logged in", login.email),
//!     _ => println!("{} {}", event.id, event.object),
//! }
//! # Ok(()) }
//! ```

mod event;
mod signature;

pub use event::{Change, Event, Payload};
pub use signature::{SIGNATURE_HEADER, Verifier, WebhookError};
