//! The client: its settings, the stack of layers that every request passes, and how a request is sent through it.

mod builder;
mod defaults;
mod exchange;
mod handle;
mod service_client;
mod stack;

pub use builder::{ClientBuilder, ServiceSettings};
pub use defaults::Defaults;
pub use handle::Client;
