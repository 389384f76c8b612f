//! The Push Security client against the sandbox, over real sockets.

mod exports;
mod fake;
mod faults;
mod filters;
mod limits;
mod lists;
#[path = "../support/marked.rs"]
mod marked;
mod receiver;
mod records;
mod refusals;
mod secrets;
mod support;
mod tail;
mod webhook_attacks;
mod webhook_forms;
mod webhooks;
