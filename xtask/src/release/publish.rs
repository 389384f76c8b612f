//! Releases one crate.
//!
//! One commit sets the version and dates the changelog. Then the crate is published and tagged. After any failure the
//! same command resumes: a version that the changelog has and that has no tag is a release that has begun.

use std::fmt::Write as _;

use anyhow::{Context as _, bail, ensure};
use semver::Version;
use xtask::console::{complain, say};

use super::blockers::{blockers, moved_on, refuse, tagged, told_already, uncommitted, unreleased};
use super::level::Level;
use super::plan::{self, Standing};
use super::workspace::{Member, Workspace};
use super::{api, changelog, edit, git, package};

/// The options of a release.
#[derive(Debug, clap::Args)]
pub(crate) struct Order {
    /// The crate to release.
    #[arg(value_name = "CRATE")]
    pub(crate) name: String,
    /// The part of the version to increment. The first release keeps the version of the manifest.
    #[arg(long)]
    pub(crate) level: Option<Level>,
    /// Releases the crate. Without this everything but the gate is checked, and nothing is changed.
    #[arg(long)]
    pub(crate) execute: bool,
    /// Leaves publishing to the workflow that runs when the tag is pushed.
    #[arg(long)]
    pub(crate) by_workflow: bool,
    /// The registry of Cargo's configuration to publish to, instead of crates.io.
    #[arg(long)]
    pub(crate) registry: Option<String>,
}

/// Releases a crate, or describes what that would do.
///
/// # Errors
/// If anything blocks the release, with all blockers.
pub(crate) fn release(
    workspace: &Workspace,
    order: &Order,
    gate: impl FnOnce() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let standings = plan::standings(workspace)?;
    let member = workspace.member(&order.name)?;
    let standing = standings
        .iter()
        .find(|standing| standing.member.name == member.name)
        .context("a crate without a standing")?;
    let version = match &standing.begun {
        Some(begun) => resumed(workspace, member, begun)?,
        None => {
            let version = version(standing, order.level)?;
            let mut blockers = blockers(workspace, standing, order.level)?;
            blockers.push(tagged(workspace, member, &version)?);
            blockers.push(told_already(workspace, standing, &version)?);
            if order.execute {
                blockers.extend(unreleased(&standings, member));
            }
            refuse(&blockers)?;
            version
        }
    };
    if !order.execute {
        return dry_run(workspace, &standings, member, &version, order);
    }
    if standing.begun.is_none() {
        rehearse(workspace, member, &version, order.registry.as_deref())?;
        ensure!(gate()?, "the gate does not hold");
        commit_version(workspace, member, &version)
            .context("the version is set in part; `git restore .` undoes that")?;
    }
    if !order.by_workflow {
        publish(workspace, member, &version, order.publishing())?;
    }
    tag(workspace, member, &version)?;
    say(format_args!(
        "{} {version} is {}. To share it: git push origin HEAD {}",
        member.name,
        if order.by_workflow {
            "ready to be published by the workflow"
        } else {
            "published"
        },
        member.tag(&version)
    ))?;
    Ok(())
}

/// Returns the version of a release that was begun, if it can go on.
fn resumed(workspace: &Workspace, member: &Member, begun: &Version) -> anyhow::Result<Version> {
    // A version that was set in part has no commit.
    refuse(&[uncommitted(workspace)?])?;
    refuse(&[
        moved_on(workspace, member, begun)?,
        tagged(workspace, member, begun)?,
    ])?;
    say(format_args!("{} {begun} was begun; going on.", member.name))?;
    Ok(begun.clone())
}

/// Checks that the registry would take the version.
fn rehearse(
    workspace: &Workspace,
    member: &Member,
    version: &Version,
    registry: Option<&str>,
) -> anyhow::Result<()> {
    ensure!(
        !is_published(workspace, member, version, registry)?,
        "{} {version} is in the registry already; no tag says of what",
        member.name
    );
    let rehearsal = Publishing {
        mode: Some(DRY_RUN),
        registry,
    };
    ensure!(
        cargo_publish(workspace, member, rehearsal)?,
        "the package does not build with what is published; release what it needs first"
    );
    Ok(())
}

/// Returns the version to release.
fn version(standing: &Standing, level: Option<Level>) -> anyhow::Result<Version> {
    match (&standing.last, level) {
        (None, _) => Ok(standing.member.version.clone()),
        (Some(last), Some(level)) => Ok(level.next(last)),
        (Some(_), None) => {
            let hint = match standing.required() {
                Some(level) => format!("it must be {level} at least"),
                None => "nothing has changed since the last release".to_owned(),
            };
            bail!("say with --level which part of the version to raise; {hint}")
        }
    }
}

fn commit_version(workspace: &Workspace, member: &Member, version: &Version) -> anyhow::Result<()> {
    edit::version(workspace, member, version)?;
    let subject = git::subject(member, version);
    git::git(
        &workspace.root,
        ["commit", "--quiet", "--all", "--message", &subject],
    )?;
    Ok(())
}

/// Describes the release, and builds the package.
fn dry_run(
    workspace: &Workspace,
    standings: &[Standing],
    member: &Member,
    version: &Version,
    order: &Order,
) -> anyhow::Result<()> {
    say(format_args!(
        "Building the package of {} as its users will, with those it needs, which takes minutes the first time:",
        member.name
    ))?;
    package::check(workspace, &[member], order.registry.as_deref())?;
    let mut text = format!("This would release {} {version}:\n", member.name);
    let is_first = standings
        .iter()
        .any(|standing| standing.member.name == member.name && standing.last.is_none());
    if is_first && order.level.is_some() {
        text.push_str(
            "- the first version is that of the manifest; --level counts from the second on\n",
        );
    }
    let folder = &member.folder;
    if version != &member.version {
        let _ = writeln!(
            text,
            "- {folder}/Cargo.toml, Cargo.toml and the lock files get the version"
        );
    }
    if let Some(notes) =
        changelog::unreleased(&api::written(&workspace.file(member, changelog::FILE))?)
    {
        let _ = writeln!(
            text,
            "- {folder}/{} gets the version and its date, with this:",
            changelog::FILE
        );
        for line in notes.lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    let _ = writeln!(text, "- the commit `{}`", git::subject(member, version));
    match order.by_workflow {
        true => text.push_str("- the workflow publishes once the tag is pushed\n"),
        false => {
            let _ = writeln!(
                text,
                "- cargo {}",
                arguments(member, order.publishing()).join(" ")
            );
        }
    }
    let _ = writeln!(text, "- the tag {}", member.tag(version));
    for before in unreleased(standings, member).flatten() {
        let _ = writeln!(text, "Before it: {before}.");
    }
    text.push_str("Nothing was changed. The gate was not run; `--execute` runs it first.");
    say(text)?;
    Ok(())
}

/// Makes Cargo build the package without publishing it.
pub(crate) const DRY_RUN: &str = "--dry-run";
/// Makes Cargo publish without building first.
pub(crate) const NO_VERIFY: &str = "--no-verify";

/// The options of publishing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Publishing<'a> {
    /// The registry, if it is not crates.io.
    pub(crate) registry: Option<&'a str>,
    /// [`DRY_RUN`], [`NO_VERIFY`] or `None`.
    pub(crate) mode: Option<&'static str>,
}

impl Order {
    fn publishing(&self) -> Publishing<'_> {
        Publishing {
            registry: self.registry.as_deref(),
            mode: None,
        }
    }
}

fn arguments<'a>(member: &'a Member, how: Publishing<'a>) -> Vec<&'a str> {
    let mut arguments = vec!["publish", "--locked", "--package", &member.name];
    let registry = how.registry.into_iter();
    arguments.extend(registry.flat_map(|registry| ["--registry", registry]));
    arguments.extend(how.mode);
    arguments
}

/// Publishes the checked-out version, unless the registry has it.
fn publish(
    workspace: &Workspace,
    member: &Member,
    version: &Version,
    how: Publishing<'_>,
) -> anyhow::Result<()> {
    if is_published(workspace, member, version, how.registry)? {
        complain(format_args!(
            "{} {version} is in the registry.",
            member.name
        ));
        return Ok(());
    }
    ensure!(
        cargo_publish(workspace, member, how)?,
        "{} {version} is not published; the same command goes on from here",
        member.name
    );
    Ok(())
}

/// Runs `cargo publish`, and returns whether it succeeded.
fn cargo_publish(
    workspace: &Workspace,
    member: &Member,
    how: Publishing<'_>,
) -> anyhow::Result<bool> {
    let mut command = workspace.cargo();
    let status = command.args(arguments(member, how)).status();
    Ok(status.context("cannot run cargo")?.success())
}

/// Returns whether the registry has this version.
fn is_published(
    workspace: &Workspace,
    member: &Member,
    version: &Version,
    registry: Option<&str>,
) -> anyhow::Result<bool> {
    let output = workspace
        .cargo()
        .args(["info", "--registry", registry.unwrap_or("crates-io")])
        .arg(format!("{}@{version}", member.name))
        .output()
        .context("cannot run cargo")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success() || said.contains("could not find"),
        "cannot ask the registry for {} {version}: {}",
        member.name,
        said.trim()
    );
    Ok(output.status.success())
}

/// Tags the commit that set the version.
fn tag(workspace: &Workspace, member: &Member, version: &Version) -> anyhow::Result<()> {
    let commit = git::release_commit(workspace, member, version)?;
    let log = api::written(&workspace.file(member, changelog::FILE))?;
    let notes = changelog::notes(&log, version).unwrap_or_default();
    let message = format!("{} {version}\n\n{notes}", member.name);
    let name = member.tag(version);
    git::git(
        &workspace.root,
        [
            "tag",
            "--annotate",
            "--cleanup=verbatim",
            "--message",
            &message,
            &name,
            &commit,
        ],
    )?;
    Ok(())
}

/// Publishes the crate of a tag, unless the registry has it. The workflow runs this when a tag is pushed.
///
/// # Errors
/// If the tag does not match the checked-out version, or publishing fails.
pub(crate) fn publish_tag(
    workspace: &Workspace,
    tag: &str,
    how: Publishing<'_>,
) -> anyhow::Result<()> {
    let member = workspace
        .members
        .iter()
        .find(|member| member.tag(&member.version) == tag)
        .with_context(|| format!("{tag} is not the tag of a crate's current version"))?;
    let head = git::git(&workspace.root, ["rev-parse", "HEAD"])?;
    let tagged = git::git(
        &workspace.root,
        ["rev-parse", &format!("refs/tags/{tag}^{{commit}}")],
    )?;
    ensure!(head == tagged, "{tag} is not what is checked out");
    refuse(&[uncommitted(workspace)?])?;
    publish(workspace, member, &member.version, how)?;
    if how.mode != Some(DRY_RUN) {
        say(format_args!(
            "{} {} is published.",
            member.name, member.version
        ))?;
    }
    Ok(())
}
