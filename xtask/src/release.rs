//! `cargo xtask release`: publishing the crates, one at a time.

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

/// Publishes a crate, or says what there is to publish.
///
/// Without `--execute` nothing is changed. RELEASING.md describes the whole of it.
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
    /// Says what has changed in each crate since its last release, which version that requires, and the order of publishing.
    Plan,
    /// Compares the public API of each crate with its `public-api.txt`.
    Api {
        /// Writes the files anew.
        #[arg(long)]
        bless: bool,
        /// Only this crate.
        #[arg(long = "crate")]
        only: Option<String>,
    },
    /// Packages all crates, compares them with what is stated, and builds each alone.
    Packages {
        /// Builds only this one.
        #[arg(long = "crate")]
        only: Option<String>,
    },
    /// Publishes what a tag stands for, unless it is published: for the workflow.
    Publish {
        tag: String,
        /// The registry of cargo's configuration to publish in, instead of crates.io.
        #[arg(long)]
        registry: Option<String>,
        /// Packages and builds it, and publishes nothing.
        #[arg(long)]
        dry_run: bool,
        /// Publishes without building it first.
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

/// Runs the gate, and says whether it holds.
fn gate() -> anyhow::Result<bool> {
    let gate = Step::own("the gate holds", "ci")?;
    Ok(step::run(&[gate])? == ExitCode::SUCCESS)
}
