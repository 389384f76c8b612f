//! The exerciser: every operation once, with every parameter, against the sandbox.

use std::process::Command;

use push_security_api::{Operation, operations};
use security_api_sandbox::Entry;

use crate::support::sandbox;

fn is_of(entry: &Entry, operation: &Operation) -> bool {
    let template: Vec<_> = operation.path().split('/').collect();
    let path: Vec<_> = entry.path.split('/').collect();
    entry.method == operation.method()
        && path.len() == template.len()
        && path
            .iter()
            .zip(template)
            .all(|(got, wanted)| wanted == "{id}" || *got == wanted)
}

#[tokio::test]
async fn every_operation_is_called_and_answered_with_success() {
    let sandbox = sandbox().await;
    let push = sandbox.push_security();
    let output = Command::new(env!("CARGO_BIN_EXE_exercise"))
        .args(["push-security", push.base_url()])
        .env("PUSH_SECURITY_API_KEY", push.api_key())
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .expect("the exerciser runs");
    let report = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{report}");
    let count = operations::ALL.len();
    let last = format!("{count} operations called, 0 failed\n");
    assert!(report.ends_with(&last), "{report}");
    if cfg!(feature = "unconfirmed") {
        assert_eq!(count, 26);
    }

    let entries = sandbox.journal().entries();
    for entry in &entries {
        assert_eq!(entry.status, Some(200), "{entry:?}");
    }
    for operation in operations::ALL {
        assert!(
            entries.iter().any(|entry| is_of(entry, operation)),
            "{} was not received",
            operation.id()
        );
        assert!(report.contains(operation.id()), "{report}");
    }
}

#[tokio::test]
async fn a_failed_operation_is_reported_and_fails_the_exerciser() {
    let sandbox = sandbox().await;
    let push = sandbox.push_security();
    let output = Command::new(env!("CARGO_BIN_EXE_exercise"))
        .args(["push-security", push.base_url()])
        .env("PUSH_SECURITY_API_KEY", push.read_only_key())
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .expect("the exerciser runs");
    let report = String::from_utf8(output.stdout).expect("text");
    assert!(!output.status.success(), "{report}");
    let failed = operations::ALL
        .iter()
        .filter(|operation| operation.method() != "GET")
        .count();
    assert!(report.contains(&format!("{failed} failed")), "{report}");
    assert!(report.contains("Read only"), "{report}");
    assert!(!report.contains(push.read_only_key()));
}
