//! Queries of the git history.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use semver::Version;

use super::workspace::{Member, Workspace};

/// Runs git and returns its output.
///
/// # Errors
/// If git fails, with its message.
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

/// Returns the last version of a crate with a tag in the checked-out history.
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

/// Returns a file as of a commit, or `None` if the commit does not have it.
pub(crate) fn file_at(root: &Path, commit: &str, path: &str) -> anyhow::Result<Option<String>> {
    if git(root, ["ls-tree", "--name-only", commit, "--", path])?.is_empty() {
        return Ok(None);
    }
    git(root, ["show", &format!("{commit}:{path}")]).map(Some)
}

/// Returns the files of the crate's package that changed since a commit.
///
/// Ignores the version and the changelog, which change with every release.
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

/// Returns whether any source of a package changed since a commit. The workspace's manifest and lock file are sources,
/// too.
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

/// Returns the names of a folder's files that changed since a commit.
fn changed_in(workspace: &Workspace, since: &str, place: &str) -> anyhow::Result<String> {
    git(&workspace.root, ["diff", "--name-only", since, "--", place])
}

/// Returns the uncommitted changes.
pub(crate) fn uncommitted(root: &Path) -> anyhow::Result<String> {
    git(root, ["status", "--porcelain", "--untracked-files=normal"])
}

/// Returns whether the tag exists, in any history.
pub(crate) fn has_tag(root: &Path, name: &str) -> anyhow::Result<bool> {
    Ok(!git(root, ["tag", "--list", name])?.is_empty())
}

/// Returns the subject of the commit that sets a version.
pub(crate) fn subject(member: &Member, version: &Version) -> String {
    format!("Release {} {version}", member.name)
}

/// Returns the commit that set a version.
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
