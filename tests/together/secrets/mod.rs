//! No secret of Password Pusher or Keepnet is shown by an error or its sources, by `Debug`, or by a span or event at
//! any level. The crate of Push Security tests its secrets.

mod keepnet;
mod pwpush;

use security_api_sandbox::Fault;

use crate::marked;

/// Returns the faults of these two services, with JSON that has the mark outside the service's messages.
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
