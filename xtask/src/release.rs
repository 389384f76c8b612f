//! `cargo xtask release`: publishes the crates, one at a time.

mod api;
mod blockers;
mod changelog;
mod edit;
mod git;
mod level;
mod links;
mod package;
mod plan;
mod publish;
mod requirements;
#[cfg(test)]
mod tests;
mod workspace;

use std::process::ExitCode;

use workspace::{Member, Workspace};
use xtask::console::{complain, say};
use xtask::step::{self, Step};

use crate::project;

/// Publishes a crate, or lists what there is to publish.
///
/// Without `--execute` nothing is changed. RELEASING.md describes the process.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true
)]
pub(crate) struct Release {
    #[command(subcommand)]
    task: Option<Task>,
    #[command(flatten)]
    order: Option<publish::Order>,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// Shows the changes of each crate since its last release, the version that they require, and the order of
    /// publishing.
    Plan,
    /// Compares the public API of each crate with its `public-api.txt`.
    Api {
        /// Writes the files.
        #[arg(long)]
        bless: bool,
        /// Only this crate.
        #[arg(long = "crate")]
        only: Option<String>,
    },
    /// Packages all crates, compares the packages with their recorded contents, and builds each alone.
    Packages {
        /// Builds only this crate.
        #[arg(long = "crate")]
        only: Option<String>,
    },
    /// Publishes the crate of a tag, unless it is published already. For the workflow.
    Publish {
        tag: String,
        /// The registry of Cargo's configuration to publish to, instead of crates.io.
        #[arg(long)]
        registry: Option<String>,
        /// Packages and builds the crate without publishing it.
        #[arg(long)]
        dry_run: bool,
        /// Publishes without building first.
        #[arg(long, conflicts_with = "dry_run")]
        no_verify: bool,
    },
}

impl Release {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let workspace = Workspace::load(&project::root())?;
        match (&self.task, &self.order) {
            (Some(Task::Plan), _) => {
                let standings = plan::standings(&workspace)?;
                say(plan::tell(&standings).trim_end())?;
            }
            (Some(Task::Api { bless, only }), _) => {
                let report = api::check(&workspace, only.as_deref(), *bless)?;
                if report.is_empty() {
                    return Ok(ExitCode::SUCCESS);
                }
                say(report.trim_end())?;
                if !bless {
                    complain(
                        "what is public has changed; run `cargo xtask release api --bless` and review the files",
                    );
                    return Ok(ExitCode::FAILURE);
                }
            }
            (Some(Task::Packages { only }), _) => {
                let built: Vec<&Member> = match only {
                    Some(name) => vec![workspace.member(name)?],
                    None => workspace.members.iter().collect(),
                };
                package::check(&workspace, &built, None)?;
            }
            (
                Some(Task::Publish {
                    tag,
                    registry,
                    dry_run,
                    no_verify,
                }),
                _,
            ) => {
                let how = publish::Publishing {
                    registry: registry.as_deref(),
                    mode: dry_run
                        .then_some(publish::DRY_RUN)
                        .or(no_verify.then_some(publish::NO_VERIFY)),
                };
                publish::publish_tag(&workspace, tag, how)?;
            }
            (None, Some(order)) => publish::release(&workspace, order, gate)?,
            (None, None) => anyhow::bail!("which crate?"),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Runs the gate, and returns whether it passes.
fn gate() -> anyhow::Result<bool> {
    let gate = Step::own("the gate holds", "ci")?;
    Ok(step::run(&[gate])? == ExitCode::SUCCESS)
}
