//! `cargo xtask exercise`: every operation once, through the real client, against a server on this machine.

use std::process::ExitCode;

use crate::program;
use crate::project::Service;

/// Calls every operation of a service once and reports what was sent and what came back.
///
/// Lists are asked beforehand for ids that the server knows.
///
/// It calls operations that delete things, so it refuses any server that is not on this machine.
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
        let arguments = [self.service.name, &self.base_url];
        program::run("exercise", "unconfirmed", &arguments)
    }
}
