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
    let names = git(
        &workspace.root,
        ["diff", "--name-only", since, "--", &folder],
    )?;
    let packaged = |name: &&str| {
        let inside = name.strip_prefix(&folder).unwrap_or(name);
        inside.starts_with("src/")
            || inside.starts_with("LICENSE")
            || ["Cargo.toml", "README.md"].contains(&inside)
    };
    Ok(names.lines().filter(packaged).map(str::to_owned).collect())
}

/// What has changed that is not committed.
pub(crate) fn uncommitted(root: &Path) -> anyhow::Result<String> {
    git(root, ["status", "--porcelain"])
}
