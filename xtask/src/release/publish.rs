//! Releasing one crate.
//!
//! The version is set and the changelog dated in one commit; then the crate is published, and then tagged. Whatever fails, the
//! same command goes on from there: a version that the changelog has and no tag is one that was begun.

use std::fmt::Write as _;

use anyhow::{Context as _, bail, ensure};
use semver::Version;
use xtask::console::{complain, say};

use super::level::{Level, compare};
use super::plan::{self, Standing};
use super::workspace::{Member, Workspace};
use super::{api, changelog, edit, git, package};

/// What is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Order {
    /// The crate to release.
    #[arg(value_name = "CRATE")]
    pub(crate) name: String,
    /// Which part of the version to raise. The first release has the version that the manifest has.
    #[arg(long)]
    pub(crate) level: Option<Level>,
    /// Does it. Without this everything is checked but the gate, and nothing is changed.
    #[arg(long)]
    pub(crate) execute: bool,
    /// Leaves publishing to the workflow that runs when the tag is pushed.
    #[arg(long)]
    pub(crate) by_workflow: bool,
    /// Publishes in this registry of cargo's configuration instead of crates.io.
    #[arg(long)]
    pub(crate) registry: Option<String>,
}

/// Releases a crate, or says what that would do.
///
/// # Errors
/// If anything is in the way, with all that is.
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
        Some(begun) => {
            refuse(&[uncommitted(workspace)?, moved_on(workspace, member, begun)?])?;
            say(format_args!("{} {begun} was begun; going on.", member.name))?;
            begun.clone()
        }
        None => {
            let version = version(standing, order.level)?;
            let mut faults = faults(workspace, standing, order)?;
            faults.extend(unreleased(&standings, member).filter(|_| order.execute));
            refuse(&faults)?;
            version
        }
    };
    if !order.execute {
        return dry_run(workspace, &standings, member, &version, order);
    }
    if standing.begun.is_none() {
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

/// Fails with everything that is in the way.
fn refuse(faults: &[Option<String>]) -> anyhow::Result<()> {
    let faults: Vec<_> = faults
        .iter()
        .flatten()
        .map(|fault| format!("- {fault}"))
        .collect();
    ensure!(faults.is_empty(), "not released:\n{}", faults.join("\n"));
    Ok(())
}

/// The version to release.
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

fn uncommitted(workspace: &Workspace) -> anyhow::Result<Option<String>> {
    let changes = git::uncommitted(&workspace.root)?;
    Ok((!changes.is_empty()).then(|| {
        format!(
            "there are changes that are not committed:\n{}",
            changes.trim_end()
        )
    }))
}

/// What is in the way of a release that has not begun.
fn faults(
    workspace: &Workspace,
    standing: &Standing,
    order: &Order,
) -> anyhow::Result<Vec<Option<String>>> {
    let member = &standing.member;
    let mut faults = vec![uncommitted(workspace)?];
    if !standing.told {
        faults.push(Some(format!(
            "{}/{} says nothing under [Unreleased]; say what users get",
            member.folder,
            changelog::FILE
        )));
    }
    let written = api::written(&workspace.file(member, api::FILE))?;
    let now = api::now(workspace, member)?;
    if now != written {
        let differences = compare(&written, &now);
        faults.push(Some(format!(
            "{}/{} does not say what is public; run `cargo xtask release api --bless`, review and commit:
  {}",
            member.folder,
            api::FILE,
            plan::shortened(&[differences.breaking, differences.additions].concat()).join("
  ")
        )));
    }
    if let (Some(level), Some(required), Some(last)) =
        (order.level, standing.required(), &standing.last)
        && level < required
    {
        faults.push(Some(format!(
            "a {level} version does not do; what has changed since {last} requires --level {required}:\n  {}",
            plan::shortened(&standing.reasons()).join("\n  ")
        )));
    }
    Ok(faults)
}

/// The crates it depends on that must be released before it, with the reason.
fn unreleased<'a>(
    standings: &'a [Standing],
    member: &'a Member,
) -> impl Iterator<Item = Option<String>> + 'a {
    standings
        .iter()
        .filter(|other| member.needs.contains(&other.member.name))
        .map(|other| {
            let name = &other.member.name;
            match &other.last {
                _ if other.begun.is_some() => {
                    Some(format!("the release of {name} was begun; finish it first"))
                }
                None => Some(format!("{name} was never released; release it first")),
                Some(last) if !other.changes.breaking.is_empty() => Some(format!(
                    "{name} has changed since {last} in ways that break; release it first"
                )),
                Some(_) => None,
            }
        })
}

/// Whether the crate is no longer what the commit has that set its version.
fn moved_on(
    workspace: &Workspace,
    member: &Member,
    version: &Version,
) -> anyhow::Result<Option<String>> {
    let commit = commit(workspace, member, version)?;
    let changed = git::changed(workspace, member, &commit)?;
    Ok((!changed.is_empty()).then(|| {
        format!(
            "{} has changed since the commit that sets its version to {version}; check out {commit} and run this again",
            member.folder
        )
    }))
}

fn commit_version(workspace: &Workspace, member: &Member, version: &Version) -> anyhow::Result<()> {
    edit::version(workspace, member, version)?;
    let subject = subject(member, version);
    git::git(
        &workspace.root,
        ["commit", "--quiet", "--all", "--message", &subject],
    )?;
    Ok(())
}

fn subject(member: &Member, version: &Version) -> String {
    format!("Release {} {version}", member.name)
}

/// The commit that set the version.
fn commit(workspace: &Workspace, member: &Member, version: &Version) -> anyhow::Result<String> {
    let subject = subject(member, version);
    let log = git::git(&workspace.root, ["log", "--format=%H %s"])?;
    let commit = log.lines().find_map(|line| {
        let (commit, said) = line.split_once(' ')?;
        (said == subject).then(|| commit.to_owned())
    });
    commit.with_context(|| {
        format!(
            "{}/{} has {version}, but there is no commit `{subject}`",
            member.folder,
            changelog::FILE
        )
    })
}

/// Says what would be done, and builds the package.
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
    let _ = writeln!(text, "- the commit `{}`", subject(member, version));
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

/// Has cargo build what would be published, and not publish it.
pub(crate) const DRY_RUN: &str = "--dry-run";
/// Has cargo publish without building it first.
pub(crate) const NO_VERIFY: &str = "--no-verify";

/// How to publish.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Publishing<'a> {
    /// The registry, if it is not crates.io.
    pub(crate) registry: Option<&'a str>,
    /// [`DRY_RUN`] or [`NO_VERIFY`], if either.
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

/// Publishes what is checked out, unless the registry has it.
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
    let status = workspace
        .cargo()
        .args(arguments(member, how))
        .status()
        .context("cannot run cargo")?;
    ensure!(
        status.success(),
        "{} {version} is not published; the same command goes on from here",
        member.name
    );
    Ok(())
}

/// Whether the registry has this version.
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
    let commit = commit(workspace, member, version)?;
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

/// Publishes what a tag stands for, unless the registry has it: what the workflow does when a tag is pushed.
///
/// # Errors
/// If the tag is not of what is checked out, or publishing fails.
pub(crate) fn publish_tag(
    workspace: &Workspace,
    tag: &str,
    how: Publishing<'_>,
) -> anyhow::Result<()> {
    let member = workspace
        .members
        .iter()
        .find(|member| member.tag(&member.version) == tag)
        .with_context(|| format!("{tag} is no crate here in its version"))?;
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
