//! The sandboxes against which the exerciser must succeed.

use std::collections::BTreeSet;
use std::process::Command;

use push_security_api::Operation;
use security_api_sandbox::PasswordPusherEdition::{Hosted, OpenSource};
use security_api_sandbox::{JournalEntry, PasswordPusherOptions, PushSecurityOptions, Sandbox};

/// A sandbox, and the expected report.
#[derive(Debug)]
pub struct Run {
    name: &'static str,
    service: &'static str,
    sandbox: Sandbox,
    base_url: String,
    environment: Vec<(&'static str, String)>,
    /// Values that the report must not contain.
    secrets: Vec<String>,
    /// The operations that must be called.
    operations: Vec<&'static Operation>,
    /// The number of operations that the server does not support.
    absent: usize,
    /// The text of the errors for writing calls, if the server is read-only.
    read_only: Option<&'static str>,
}

/// Returns one run for each service and kind of server.
///
/// # Errors
/// If a sandbox does not start.
pub async fn runs() -> Result<Vec<Run>, String> {
    let mut runs = vec![
        push_security("Push Security", None).await?,
        push_security("Push Security with a read-only key", Some("Read only")).await?,
    ];
    for (name, edition, samples, absent) in [
        ("Password Pusher, hosted", Hosted, 6, 0),
        ("Password Pusher, open source", OpenSource, 6, 12),
        ("Password Pusher, hosted and empty", Hosted, 0, 0),
        ("Password Pusher, open source and empty", OpenSource, 0, 12),
    ] {
        let options = PasswordPusherOptions::default()
            .edition(edition)
            .samples(samples);
        let sandbox = Sandbox::builder().password_pusher(options).start().await;
        let sandbox = sandbox.map_err(|error| error.to_string())?;
        let pusher = sandbox.password_pusher();
        let token = pusher.token().to_owned();
        runs.push(Run {
            name,
            service: "pwpush",
            base_url: pusher.base_url().to_owned(),
            environment: vec![("PASSWORD_PUSHER_TOKEN", token.clone())],
            secrets: vec![token],
            operations: pwpush_api::operations::ALL.to_vec(),
            absent,
            read_only: None,
            sandbox,
        });
    }
    runs.push(keepnet().await?);
    Ok(runs)
}

async fn push_security(name: &'static str, read_only: Option<&'static str>) -> Result<Run, String> {
    // With few records each list has a page or two.
    let sizes = PushSecurityOptions::default()
        .employees(53)
        .browsers(130)
        .accounts(170);
    let sandbox = Sandbox::builder().rate_limits(false).push_security(sizes);
    let sandbox = sandbox.start().await.map_err(|error| error.to_string())?;
    let push = sandbox.push_security();
    let key = match read_only {
        Some(_) => push.read_only_key(),
        None => push.api_key(),
    };
    Ok(Run {
        name,
        service: "push-security",
        base_url: push.base_url().to_owned(),
        environment: vec![("PUSH_SECURITY_API_KEY", key.to_owned())],
        secrets: vec![key.to_owned()],
        operations: push_security_api::operations::ALL.to_vec(),
        absent: 0,
        read_only,
        sandbox,
    })
}

/// Starts a run in the first company of the sandbox's reseller.
async fn keepnet() -> Result<Run, String> {
    let sandbox = Sandbox::start().await.map_err(|error| error.to_string())?;
    let keepnet = sandbox.keepnet();
    let company = keepnet.company_ids()[0].clone();
    let reset = keepnet
        .forget_password(&company)
        .ok_or("the sandbox has no system user")?;
    let (secret, password) = (keepnet.client_secret().to_owned(), keepnet.password());
    Ok(Run {
        name: "Keepnet",
        service: "keepnet",
        base_url: keepnet.base_url().to_owned(),
        environment: vec![
            ("KEEPNET_CLIENT_ID", keepnet.client_id().to_owned()),
            ("KEEPNET_CLIENT_SECRET", secret.clone()),
            ("KEEPNET_COMPANY_ID", company),
            ("KEEPNET_PASSWORD", password.clone()),
            ("KEEPNET_PASSWORD_RESET_TOKEN", reset),
        ],
        secrets: vec![secret, password],
        operations: keepnet_api::operations::all().collect(),
        absent: 0,
        read_only: None,
        sandbox,
    })
}

impl Run {
    /// Returns the name of the run.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Runs the exerciser, which is this program, and returns the last line of its report.
    ///
    /// # Errors
    /// A broken expectation.
    pub fn check(&self) -> Result<String, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let output = Command::new(program)
            .args([self.service, &self.base_url])
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .output()
            .map_err(|error| error.to_string())?;
        let report = String::from_utf8_lossy(&output.stdout);
        let said = format!("{report}{}", String::from_utf8_lossy(&output.stderr));
        if self
            .secrets
            .iter()
            .any(|secret| said.contains(secret.as_str()))
        {
            return Err("the report quotes a secret".to_owned());
        }
        let writing = |operation: &&&Operation| operation.method() != "GET";
        let failing = match self.read_only {
            Some(_) => self.operations.iter().filter(writing).count(),
            None => 0,
        };
        let absent = match self.absent {
            0 => String::new(),
            absent => format!("{absent} not offered, "),
        };
        let count = self.operations.len();
        let last = format!("{count} operations called, {absent}{failing} failed");
        if report.lines().last() != Some(&last) || output.status.success() != (failing == 0) {
            let failed = report.lines().filter(|line| line.starts_with("FAILED"));
            let failed: String = failed.map(|line| format!("\n{line}")).collect();
            return Err(format!(
                "expected `{last}`, {}{failed}{}",
                output.status,
                last_line(&said)
            ));
        }
        if let Some(reason) = self.read_only
            && report
                .lines()
                .any(|line| line.starts_with("FAILED") && !line.contains(reason))
        {
            return Err(format!("expected all failures to be `{reason}`\n{report}"));
        }
        self.all_listed(&report)?;
        self.all_received()?;
        Ok(last)
    }

    /// Checks that the report lists each operation once.
    fn all_listed(&self, report: &str) -> Result<(), String> {
        let listed = report
            .lines()
            .filter_map(|line| line.split_whitespace().nth(1));
        let listed: BTreeSet<_> = listed.collect();
        let mut operations = self.operations.iter();
        match operations.find(|operation| !listed.contains(operation.id())) {
            Some(missing) => Err(format!("{} is not in the report", missing.id())),
            None => Ok(()),
        }
    }

    /// Checks that the sandbox received each operation that it supports, and refused only the expected ones.
    fn all_received(&self) -> Result<(), String> {
        if self.absent > 0 || self.read_only.is_some() {
            return Ok(());
        }
        let entries = self.sandbox.journal().entries();
        let mut operations = self.operations.iter();
        let missing =
            operations.find(|operation| !entries.iter().any(|entry| is_of(entry, operation)));
        match missing {
            Some(missing) => Err(format!("{} was not received", missing.id())),
            None => Ok(()),
        }
    }
}

fn last_line(text: &str) -> String {
    text.lines()
        .last()
        .map(|line| format!("\n{line}"))
        .unwrap_or_default()
}

/// Returns whether a request is for the operation.
fn is_of(entry: &JournalEntry, operation: &Operation) -> bool {
    let template: Vec<_> = operation.path().split('/').collect();
    let path: Vec<_> = entry.path.split('/').collect();
    entry.method == operation.method()
        && path.len() == template.len()
        && path
            .iter()
            .zip(template)
            .all(|(got, wanted)| wanted.starts_with('{') || *got == wanted)
}
