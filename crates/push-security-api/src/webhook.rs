//! Webhooks: verifying deliveries from Push Security and reading their events.
//!
//! A delivery has the header `X-Signature: t=<UNIX seconds>,v1=<hex>`, where `v1` is the HMAC-SHA-256 of `t`, a full
//! stop and the raw body, keyed with the webhook's secret. Pass the body as received, byte for byte: a body that was
//! parsed and serialised again has another signature. This module depends on no web framework; the example
//! `webhook_receiver` uses axum.
//!
//! Push Security waits 5 seconds for a response with a 2xx status and otherwise delivers again, up to three times over
//! 15 to 25 minutes, each time with a new signature and the same [`Event::id`]. So respond first and work afterwards.
//! To detect repetitions and replays, remember ids for twice the [tolerance](Verifier::tolerance): a signature is valid
//! from that long before its time until that long after.
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
