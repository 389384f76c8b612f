//! No secret of Password Pusher or Keepnet is shown: not by an error or what causes it, not by `Debug`, not by a span or an
//! event at any level. Push Security's are looked for where its other promises are.

mod keepnet;
mod pwpush;

use security_api_sandbox::Fault;

use crate::marked;

/// What can go wrong on the way to these two: with JSON as well, which has the mark outside of what a service says on
/// purpose.
fn faults() -> Vec<Fault> {
    let json = |status| Fault::status(status).header("content-type", "application/json");
    let mut faults = marked::faults();
    faults.extend([
        Fault::cut_body(5),
        json(200).body(r#"{"hunter2":"hunter2"}"#),
        json(200).body(r#"{"data":"hunter2","payload":["hunter2"],"results":"hunter2"#),
        json(418).body(r#"{"hunter2":["hunter2"]}"#),
    ]);
    faults
}
