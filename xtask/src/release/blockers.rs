//! The reasons against a release.

use anyhow::ensure;
use semver::Version;

use super::level::{Level, compare};
use super::plan::{self, Standing};
use super::workspace::{Member, Workspace};
use super::{api, changelog, git};

/// Fails with all blockers.
pub(crate) fn refuse(blockers: &[Option<String>]) -> anyhow::Result<()> {
    let blockers: Vec<_> = blockers
        .iter()
        .flatten()
        .map(|fault| format!("- {fault}"))
        .collect();
    ensure!(
        blockers.is_empty(),
        "not released:\n{}",
        blockers.join("\n")
    );
    Ok(())
}

pub(crate) fn uncommitted(workspace: &Workspace) -> anyhow::Result<Option<String>> {
    let changes = git::uncommitted(&workspace.root)?;
    Ok((!changes.is_empty()).then(|| {
        format!(
            "there are changes that are not committed:\n{}",
            changes.trim_end()
        )
    }))
}

/// Returns the reasons against a release that has not begun.
pub(crate) fn blockers(
    workspace: &Workspace,
    standing: &Standing,
    level: Option<Level>,
) -> anyhow::Result<Vec<Option<String>>> {
    let member = &standing.member;
    let mut blockers = vec![uncommitted(workspace)?];
    if !standing.told {
        blockers.push(Some(format!(
            "{}/{} says nothing under [Unreleased]; say what users get",
            member.folder,
            changelog::FILE
        )));
    }
    if let Some(api) = api::outdated(workspace, member)? {
        let differences = compare(&api.written, &api.now);
        blockers.push(Some(format!(
            "{}/{} does not say what is public; run `cargo xtask release api --bless`, review and commit:
  {}",
            member.folder,
            api::FILE,
            plan::shortened(&[differences.breaking, differences.additions].concat()).join("
  ")
        )));
    }
    if let (Some(level), Some(required), Some(last)) = (level, standing.required(), &standing.last)
        && level < required
    {
        blockers.push(Some(format!(
            "a {level} version does not do; what has changed since {last} requires --level {required}:\n  {}",
            plan::shortened(&standing.reasons()).join("\n  ")
        )));
    }
    Ok(blockers)
}

/// Returns the dependencies that must be released first, each with the reason.
pub(crate) fn unreleased<'a>(
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

/// Returns a blocker if the package has changed since the commit that set its version.
pub(crate) fn moved_on(
    workspace: &Workspace,
    member: &Member,
    version: &Version,
) -> anyhow::Result<Option<String>> {
    let commit = git::release_commit(workspace, member, version)?;
    Ok(git::is_changed(workspace, member, &commit)?.then(|| {
        format!(
            "what {} is made of has changed since the commit that sets its version to {version}; check out {commit} and \
             run this again",
            member.name
        )
    }))
}

/// Returns a blocker if the version has a tag outside the checked-out history.
pub(crate) fn tagged(
    workspace: &Workspace,
    member: &Member,
    version: &Version,
) -> anyhow::Result<Option<String>> {
    let tag = member.tag(version);
    let is_there = git::has_tag(&workspace.root, &tag)?;
    Ok(is_there.then(|| format!("the tag {tag} is there already, and not of what is checked out")))
}

/// Returns a blocker if the changelog already lists the version as released.
pub(crate) fn told_already(
    workspace: &Workspace,
    standing: &Standing,
    version: &Version,
) -> anyhow::Result<Option<String>> {
    let member = &standing.member;
    let log = api::written(&workspace.file(member, changelog::FILE))?;
    Ok(changelog::notes(&log, version).map(|_| {
        format!(
            "{}/{} has a section for {version} already",
            member.folder,
            changelog::FILE
        )
    }))
}
