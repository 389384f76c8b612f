//! `cargo xtask exercise`: every operation once, through the real client, against a server on this machine.

use std::process::{Command, ExitCode};

use anyhow::Context as _;

use crate::project::{self, Service};

/// Calls every operation of a service once and reports what was sent and what came back.
///
/// Lists are asked beforehand for ids that the server knows.
///
/// The client is built and run as a program of its own, so that this one need not be built with it. It calls
/// operations that delete things, so it refuses any server that is not on this machine.
#[derive(Debug, clap::Args)]
pub(crate) struct Exercise {
    /// The service whose client is exercised.
    #[arg(long, value_parser = Service::named)]
    service: Service,
    /// Where a server that speaks its API listens, such as `http://127.0.0.1:4010`.
    #[arg(long)]
    base_url: String,
}

impl Exercise {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .current_dir(project::root())
            .args(["run", "--quiet", "--package", "integration-tests"])
            .args(["--bin", "exercise", "--features", "unconfirmed", "--"])
            .args([self.service.name, &self.base_url])
            .status()
            .context("cannot run cargo")?;
        Ok(match status.success() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }
}
