//! What the history says.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use semver::Version;

use super::workspace::{Member, Workspace};

/// What git says.
///
/// # Errors
/// If it fails, with what it complains of.
pub(crate) fn git<const N: usize>(root: &Path, arguments: [&str; N]) -> anyhow::Result<String> {
    let output = Command::new("git")
        .current_dir(root)
        .args(arguments)
        .output()
        .context("cannot run git")?;
    anyhow::ensure!(
        output.status.success(),
        "git {} failed: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    String::from_utf8(output.stdout).context("what git says is not UTF-8")
}

/// The last version of a crate that has a tag in the history of what is checked out.
pub(crate) fn last_release(
    workspace: &Workspace,
    member: &Member,
) -> anyhow::Result<Option<Version>> {
    let pattern = format!("{}-v*", member.name);
    let tags = git(
        &workspace.root,
        ["tag", "--merged", "HEAD", "--list", &pattern],
    )?;
    let prefix = format!("{}-v", member.name);
    let versions = tags
        .lines()
        .filter_map(|tag| Version::parse(tag.strip_prefix(&prefix)?).ok());
    Ok(versions.max())
}

/// A file as it was at a commit; nothing if it was not there.
pub(crate) fn file_at(root: &Path, commit: &str, path: &str) -> anyhow::Result<Option<String>> {
    if git(root, ["ls-tree", "--name-only", commit, "--", path])?.is_empty() {
        return Ok(None);
    }
    git(root, ["show", &format!("{commit}:{path}")]).map(Some)
}

/// The files of the crate's package that are not what they were at a commit.
///
/// The version and the changelog aside: they change with every release.
pub(crate) fn changed(
    workspace: &Workspace,
    member: &Member,
    since: &str,
) -> anyhow::Result<Vec<String>> {
    let folder = format!("{}/", member.folder);
    let names = changed_in(workspace, since, &folder)?;
    let packaged = |name: &&str| {
        let inside = name.strip_prefix(&folder).unwrap_or(name);
        inside.starts_with("src/")
            || inside.starts_with("LICENSE")
            || ["Cargo.toml", "README.md"].contains(&inside)
    };
    Ok(names.lines().filter(packaged).map(str::to_owned).collect())
}

/// Whether anything that a package is made of is not what it was at a commit: the manifest and the lock file of the workspace
/// are in it as well.
pub(crate) fn is_changed(
    workspace: &Workspace,
    member: &Member,
    since: &str,
) -> anyhow::Result<bool> {
    let folder = format!("{}/", member.folder);
    for place in [&*folder, "Cargo.toml", "Cargo.lock"] {
        if !changed_in(workspace, since, place)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The names of the files of a folder that are not what they were at a commit.
fn changed_in(workspace: &Workspace, since: &str, place: &str) -> anyhow::Result<String> {
    git(&workspace.root, ["diff", "--name-only", since, "--", place])
}

/// What has changed that is not committed.
pub(crate) fn uncommitted(root: &Path) -> anyhow::Result<String> {
    git(root, ["status", "--porcelain", "--untracked-files=normal"])
}

/// Whether there is a tag of this name, wherever.
pub(crate) fn has_tag(root: &Path, name: &str) -> anyhow::Result<bool> {
    Ok(!git(root, ["tag", "--list", name])?.is_empty())
}

/// What the commit says that sets a version.
pub(crate) fn subject(member: &Member, version: &Version) -> String {
    format!("Release {} {version}", member.name)
}

/// The commit that set a version.
pub(crate) fn release_commit(
    workspace: &Workspace,
    member: &Member,
    version: &Version,
) -> anyhow::Result<String> {
    let subject = subject(member, version);
    let log = git(&workspace.root, ["log", "--format=%H %s"])?;
    let commit = log.lines().find_map(|line| {
        let (commit, said) = line.split_once(' ')?;
        (said == subject).then(|| commit.to_owned())
    });
    commit.with_context(|| {
        format!(
            "the changelog in {} has {version}, but there is no commit `{subject}`",
            member.folder
        )
    })
}
