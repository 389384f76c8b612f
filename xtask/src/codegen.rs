//! `cargo xtask codegen`: the client crates' code, out of the descriptions of the APIs.

mod emit;
mod ir;
mod names;
mod node;
mod place;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::console::{complain, say};
use crate::project::{self, Service};
pub(crate) use emit::Files;
pub(crate) use ir::Api;
use node::Refusal;

/// Writes the generated code, or checks that it is up to date.
#[derive(Debug, clap::Args)]
pub(crate) struct Codegen {
    /// Change nothing; show what would change, and fail if anything would.
    #[arg(long)]
    check: bool,
    /// Only this service.
    #[arg(long, value_parser = Service::named)]
    service: Option<Service>,
}

impl Codegen {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let (up_to_date, report) = self.run_in(&project::root())?;
        if !report.is_empty() {
            say(report.trim_end())?;
        }
        if up_to_date {
            return Ok(ExitCode::SUCCESS);
        }
        let only = self.service.map_or_else(String::new, |service| {
            format!(" --service {}", service.name)
        });
        complain(format_args!(
            "generated code is not up to date; run `cargo xtask codegen{only}`"
        ));
        Ok(ExitCode::FAILURE)
    }

    /// Whether the generated code in this workspace is up to date, after writing it unless it was to be checked; and
    /// what was or would be changed.
    fn run_in(&self, root: &Path) -> anyhow::Result<(bool, String)> {
        let (mut up_to_date, mut report) = (true, String::new());
        for service in Service::selected(self.service) {
            let files = generate(root, &service)?;
            if self.check {
                let drift = write::check(root, &service, &files)?;
                up_to_date &= drift.is_empty();
                report.push_str(&drift);
            } else {
                for change in write::apply(root, &service, &files)? {
                    report.push_str(&change);
                    report.push('\n');
                }
            }
        }
        Ok((up_to_date, report))
    }
}

/// The generated files of a service.
///
/// # Errors
/// If the description cannot be read, or has something that cannot be expressed.
pub(crate) fn generate(root: &Path, service: &Service) -> anyhow::Result<Files> {
    let description = description(root, service)?;
    render(&description, service).or_else(|refusals| refuse(service, &refusals))
}

/// What the description of a service says.
///
/// # Errors
/// If the description cannot be read, or has something that cannot be expressed.
pub(crate) fn api(root: &Path, service: &Service) -> anyhow::Result<Api> {
    read::api(&description(root, service)?).or_else(|refusals| refuse(service, &refusals))
}

fn description(root: &Path, service: &Service) -> anyhow::Result<Value> {
    let path = root.join(service.description);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    serde_saphyr::from_str(&text).with_context(|| format!("{} is no YAML", service.description))
}

fn render(description: &Value, service: &Service) -> Result<Files, Vec<Refusal>> {
    emit::files(&read::api(description)?, service)
}

fn refuse<T>(service: &Service, refusals: &[Refusal]) -> anyhow::Result<T> {
    let mut text = String::new();
    for refusal in refusals {
        write!(text, "\n{}{refusal}", service.description)?;
    }
    bail!("the description has what cannot be turned into code:{text}")
}
