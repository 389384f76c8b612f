//! The three services together: one playbook across all of them, and promises that apply to each.

mod dropped;
mod foreign;
mod limits;
#[path = "../support/marked.rs"]
mod marked;
mod playbook;
mod promises;
#[path = "../support/proxy/mod.rs"]
mod proxy;
mod request_path;
mod secrets;
mod services;
mod surface;
mod values;
