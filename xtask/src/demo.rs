//! `cargo xtask demo`: the playbook, without an account or with one.

use std::process::ExitCode;

use crate::{console, program};

/// Runs the playbook: a stolen credential is detected, its owner is found, and everything is exported.
///
/// It needs no account: it starts the sandbox. With `--live` it runs against the real service, by the credentials in the
/// environment (`PUSH_SECURITY_API_KEY`), after asking.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Runs against the real services.
    #[arg(long)]
    live: bool,
}

impl Demo {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        console::complain("Building; the first time takes a minute or two.");
        let arguments: &[&str] = if self.live { &["--live"] } else { &[] };
        program::run("demo", "", arguments)
    }
}
