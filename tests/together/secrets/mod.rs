//! No secret of Password Pusher or Keepnet is shown: not by an error or what causes it, not by `Debug`, not by a span or an
//! event at any level. Push Security's are looked for where its other promises are.

mod keepnet;
mod pwpush;

use security_api_sandbox::Fault;

use crate::marked::MARK;

/// Faults whose responses have the mark in every place that an error may take words from, other than what a service says
/// on purpose.
fn faults() -> Vec<Fault> {
    let json = |status| Fault::status(status).header("content-type", "application/json");
    vec![
        Fault::reset(),
        Fault::cut_body(5),
        Fault::status(200).body(MARK),
        json(200).body(r#"{"hunter2":"hunter2"}"#),
        json(200).body(r#"{"data":"hunter2","payload":["hunter2"],"results":"hunter2"#),
        Fault::status(200).body(vec![b'h', b'u', 0xff]),
        Fault::status(200)
            .header("content-encoding", "gzip")
            .body(MARK),
        Fault::status(500).body("<html>hunter2</html>"),
        Fault::status(503).header("retry-after", MARK),
        Fault::status(429).header("retry-after", "3600"),
        Fault::status(302).header("location", "https://hunter2:hunter2@example.com/?hunter2"),
        Fault::status(301).header("location", "/elsewhere?hunter2"),
        Fault::status(403).header("x-hunter2", MARK),
        json(418).body(r#"{"hunter2":["hunter2"]}"#),
    ]
}
