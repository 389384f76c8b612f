//! Running the programs of the integration tests.
//!
//! They are built by themselves, so that this one need not be built with the clients: it must work when generated code
//! does not.

use std::process::{Command, ExitCode};

use anyhow::Context as _;

use crate::project;

/// Builds and runs a program.
///
/// # Errors
/// If cargo cannot be run.
pub(crate) fn run(name: &str, features: &str, arguments: &[&str]) -> anyhow::Result<ExitCode> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(project::root())
        .args(["run", "--quiet", "--package", "integration-tests"])
        .args(["--bin", name, "--features", features, "--"])
        .args(arguments)
        .status()
        .context("cannot run cargo")?;
    Ok(match status.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
