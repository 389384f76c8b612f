//! Whole flows against the sandbox, over real sockets.
#![cfg(feature = "webhooks")]

#[path = "../../../tests/support/marked.rs"]
mod marked;

mod flows {
    mod exports;
    #[cfg(feature = "fake")]
    mod fake;
    mod faults;
    mod filters;
    mod limits;
    mod lists;
    mod receiver;
    mod records;
    mod refusals;
    mod secrets;
    mod support;
    mod tail;
    mod webhook_attacks;
    mod webhook_forms;
    mod webhook_signatures;
    mod webhooks;
}
