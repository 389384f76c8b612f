//! The three services together: one playbook through all of them, and promises that are kept to each.

mod dropped;
mod limits;
#[path = "../support/marked.rs"]
mod marked;
mod playbook;
mod promises;
#[path = "../support/proxy/mod.rs"]
mod proxy;
mod secrets;
mod services;
mod surface;
mod values;
