//! The exerciser: every operation once, with every parameter, against the sandbox.

use std::collections::BTreeSet;
use std::process::Command;

use push_security_api::{Operation, operations};
use security_api_sandbox::{Entry, PasswordPusherEdition, PasswordPusherOptions, Sandbox};

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

/// Whether the exerciser was content, and what it says.
fn exercise<'a>(
    service: &str,
    base_url: &str,
    environment: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_exercise"))
        .args([service, base_url])
        .envs(environment)
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .expect("the exerciser runs");
    let report = String::from_utf8(output.stdout).expect("text");
    (output.status.success(), report)
}

#[tokio::test]
async fn every_operation_is_called_and_answered_with_success() {
    let sandbox = sandbox().await;
    let push = sandbox.push_security();
    let key = ("PUSH_SECURITY_API_KEY", push.api_key());
    let (success, report) = exercise("push-security", push.base_url(), [key]);
    assert!(success, "{report}");
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
    let key = ("PUSH_SECURITY_API_KEY", push.read_only_key());
    let (success, report) = exercise("push-security", push.base_url(), [key]);
    assert!(!success, "{report}");
    let failed = operations::ALL
        .iter()
        .filter(|operation| operation.method() != "GET")
        .count();
    assert!(report.contains(&format!("{failed} failed")), "{report}");
    assert!(report.contains("Read only"), "{report}");
    assert!(!report.contains(push.read_only_key()));
}

#[tokio::test]
async fn password_pusher_answers_every_operation_that_its_edition_offers() {
    for (edition, last) in [
        (
            PasswordPusherEdition::Hosted,
            "21 operations called, 0 failed\n",
        ),
        (
            PasswordPusherEdition::OpenSource,
            "21 operations called, 12 not offered, 0 failed\n",
        ),
    ] {
        let options = PasswordPusherOptions::default().edition(edition).samples(6);
        let sandbox = Sandbox::builder().password_pusher(options).start().await;
        let sandbox = sandbox.expect("the sandbox starts");
        let pusher = sandbox.password_pusher();
        let token = ("PASSWORD_PUSHER_TOKEN", pusher.token());
        let (success, report) = exercise("pwpush", pusher.base_url(), [token]);
        assert!(success && report.ends_with(last), "{report}");
        assert!(!report.contains(pusher.token()));
    }
}

/// What the exerciser says of Keepnet, run in the first company of the sandbox's reseller.
fn keepnet_report(sandbox: &Sandbox) -> (bool, String) {
    let keepnet = sandbox.keepnet();
    let company = &keepnet.company_ids()[0];
    let token = keepnet.forget_password(company).expect("a system user");
    exercise(
        "keepnet",
        keepnet.base_url(),
        [
            ("KEEPNET_CLIENT_ID", keepnet.client_id()),
            ("KEEPNET_CLIENT_SECRET", keepnet.client_secret()),
            ("KEEPNET_COMPANY_ID", company),
            ("KEEPNET_PASSWORD", &keepnet.password()),
            ("KEEPNET_PASSWORD_RESET_TOKEN", &token),
        ],
    )
}

#[tokio::test]
async fn every_operation_of_keepnet_is_called_and_answered_with_success() {
    let sandbox = Sandbox::start().await.expect("a sandbox");
    let secrets = [
        sandbox.keepnet().client_secret().to_owned(),
        sandbox.keepnet().password(),
    ];
    let (success, report) = keepnet_report(&sandbox);
    let failures: Vec<_> = report
        .lines()
        .filter(|line| line.starts_with("FAILED"))
        .collect();
    assert!(success, "{failures:#?}");
    assert!(
        report.ends_with("949 operations called, 0 failed\n"),
        "{failures:#?}"
    );
    let called = report.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("ok")).then_some((words.next()?, words.next()?, words.next()?))
    });
    let called: BTreeSet<_> = called.collect();
    let all = keepnet_api::operations::all();
    let all = all.map(|operation| {
        let method = operation.method().as_str();
        (operation.id(), method, operation.path())
    });
    assert_eq!(called, all.collect());
    for secret in &secrets {
        assert!(!report.contains(secret));
    }
}
