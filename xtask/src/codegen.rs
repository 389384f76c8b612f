//! `cargo xtask codegen`: generates the client crates' code from the descriptions of the APIs.

mod description;
mod emit;
mod ir;
mod names;
mod node;
mod place;
mod read;
mod readme;
#[cfg(test)]
mod tests;
mod write;

use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

use crate::console::{complain, say};
use crate::project::{self, Service};
use description::Description;
pub(crate) use emit::Files;
pub(crate) use ir::{ALWAYS, Api};
pub(crate) use names::{Use, is_free, of_types as type_names, type_name};
use node::Refusal;
pub(crate) use write::apply;

/// Writes the generated code, or checks that it is up to date.
#[derive(Debug, clap::Args)]
pub(crate) struct Codegen {
    /// Shows the changes without writing them, and fails if there are any.
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

    /// Returns whether the generated code is up to date, and the changes. Without `check` the changes are written
    /// first.
    fn run_in(&self, root: &Path) -> anyhow::Result<(bool, String)> {
        let (mut up_to_date, mut report) = (true, String::new());
        for service in Service::selected(self.service) {
            let files = generate(root, &service)?;
            let readme = readme::updated(root, &service, &emit::coverage(&api(root, &service)?))?;
            let files: Files = files.into_iter().chain(readme).collect();
            if self.check {
                let drift = write::check(root, &[service.generated()], &files)?;
                up_to_date &= drift.is_empty();
                report.push_str(&drift);
            } else {
                for change in apply(root, &[service.generated()], &files)? {
                    report.push_str(&change);
                    report.push('\n');
                }
            }
        }
        Ok((up_to_date, report))
    }
}

/// Returns the generated files of a service.
///
/// # Errors
/// If the description cannot be read, or contains something that cannot be expressed.
pub(crate) fn generate(root: &Path, service: &Service) -> anyhow::Result<Files> {
    let description = Description::load(root, service)?;
    render(&description.value, service).or_else(|refusals| description.refuse(&refusals))
}

/// Checks that code can be generated from the documents of a service's description. Each comes with its file name.
///
/// # Errors
/// Everything that cannot be expressed.
pub(crate) fn check(service: &Service, documents: Vec<(Value, String)>) -> anyhow::Result<()> {
    let description = Description::of(service.description, documents)?;
    match render(&description.value, service) {
        Ok(_) => Ok(()),
        Err(refusals) => description.refuse(&refusals),
    }
}

/// Returns the exerciser's calls of a service, by path below the folder of its package.
///
/// # Errors
/// If the description cannot be read, or contains something that cannot be expressed.
pub(crate) fn exerciser(root: &Path, service: &Service) -> anyhow::Result<Files> {
    let description = Description::load(root, service)?;
    calls(&description.value, service).or_else(|refusals| description.refuse(&refusals))
}

/// Returns the description of a service as one document.
///
/// # Errors
/// If the description cannot be read.
pub(crate) fn description(root: &Path, service: &Service) -> anyhow::Result<Value> {
    Ok(Description::load(root, service)?.value)
}

/// Reads the description of a service.
///
/// # Errors
/// If the description cannot be read, or contains something that cannot be expressed.
pub(crate) fn api(root: &Path, service: &Service) -> anyhow::Result<Api> {
    let description = Description::load(root, service)?;
    read::api(&description.value).or_else(|refusals| description.refuse(&refusals))
}

fn render(description: &Value, service: &Service) -> Result<Files, Vec<Refusal>> {
    emit::files(description, &read::api(description)?, service)
}

fn calls(description: &Value, service: &Service) -> Result<Files, Vec<Refusal>> {
    emit::exerciser(&read::api(description)?, service)
}
