//! `cargo xtask spec`: compares a vendor's document with its record and with our description.

mod align;
mod cover;
mod diff;
mod document;
mod facts;
mod lint;
mod merge;
mod operation;
mod schema;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::json;

use crate::codegen;
use crate::console::{complain, say};
use crate::project::{self, Service};
use document::{BadInput, Document};
use facts::Facts;

/// Compares a vendor's document with its record, adds new parts to our description, and checks descriptions.
#[derive(Debug, clap::Args)]
pub(crate) struct Spec {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Shows the changes of the vendor's document since it was recorded, and its differences from our description.
    ///
    /// Exits with 0 if there is no difference, 1 if there is one, 2 if the document cannot be used.
    Diff {
        /// The vendor's document: OpenAPI 3.0 or 3.1, JSON or YAML.
        file: PathBuf,
        #[arg(long, value_parser = Service::named, default_value = "keepnet")]
        service: Service,
        /// Prints JSON. If the document cannot be used, it has `error` instead of the differences.
        #[arg(long)]
        json: bool,
    },
    /// Adds new parts of the vendor's document to our description, and records the document.
    ///
    /// `DECIDE` marks what a person must decide, in the description or in the output. Parts that we describe
    /// differently are unchanged.
    Merge {
        /// The vendor's document: OpenAPI 3.0 or 3.1, JSON or YAML.
        file: PathBuf,
        #[arg(long, value_parser = Service::named, default_value = "keepnet")]
        service: Service,
    },
    /// Checks our descriptions with the rules of the generator, and with openapi-spec-validator if Python has it.
    Lint {
        /// Only this service.
        #[arg(long, value_parser = Service::named)]
        service: Option<Service>,
    },
}

impl Spec {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let root = project::root();
        let outcome = match &self.command {
            Command::Diff {
                file,
                service,
                json,
            } => diff(&root, file, service, *json),
            Command::Merge { file, service } => merge(&root, file, service),
            Command::Lint { service } => lint::run(&root, *service),
        };
        // 1 means that there is a difference, and nothing else.
        outcome.or_else(|error| {
            complain(format_args!("error: {error:#}"));
            if matches!(self.command, Command::Diff { json: true, .. }) {
                let told = match error.downcast_ref::<BadInput>() {
                    Some(bad) => bad.json(),
                    None => json!({"problem": format!("{error:#}")}),
                };
                say(serde_json::to_string_pretty(&json!({"error": told}))?)?;
            }
            Ok(ExitCode::from(2))
        })
    }
}

/// Reads the record of the vendor's document.
fn recorded(root: &Path, service: &Service) -> anyhow::Result<(PathBuf, Facts)> {
    let Some(folder) = service.vendor else {
        bail!("no document of the vendor is recorded for {}", service.name);
    };
    let path = root.join(folder).join("vendor.txt");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    match facts::read(&text) {
        Ok(facts) => Ok((path, facts)),
        Err(line) => bail!("{}: this line is not a fact: {line}", path.display()),
    }
}

fn diff(root: &Path, file: &Path, service: &Service, json: bool) -> anyhow::Result<ExitCode> {
    let (_, recorded) = recorded(root, service)?;
    let vendor = facts::of(&Document::read(file)?.value);
    let ours = facts::of(&codegen::description(root, service)?);
    let changes = diff::changes(&recorded, &vendor);
    let coverage = cover::compare(&ours, &vendor, &cover::documented(root, service)?);
    if json {
        let changed: Vec<_> = changes.iter().map(diff::Change::json).collect();
        let report = json!({"changes": changed, "coverage": coverage.json()});
        say(serde_json::to_string_pretty(&report)?)?;
    } else {
        say(format_args!(
            "changes since the document was recorded: {}",
            changes.len()
        ))?;
        for change in &changes {
            say(format_args!("  {}", change.shown()))?;
        }
        say(coverage.shown())?;
    }
    Ok(match changes.is_empty() && coverage.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn merge(root: &Path, file: &Path, service: &Service) -> anyhow::Result<ExitCode> {
    let (path, recorded) = recorded(root, service)?;
    let document = Document::read(file)?;
    let mut told = merge::merge(root, service, &recorded, &document.value)?;
    let text = facts::written(&facts::of(&document.value));
    if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        told.push(format!("recorded {}", file.display()));
    }
    match told.is_empty() {
        true => say("nothing is new")?,
        false => told.iter().try_for_each(say)?,
    }
    Ok(ExitCode::SUCCESS)
}
