//! Writes generated files, and compares them with the existing ones.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::Context as _;
use similar::TextDiff;

use super::emit::Files;

/// Writes changed files, removes other files from the folders and their subfolders, and returns a line for each.
pub(crate) fn apply(
    root: &Path,
    folders: &[PathBuf],
    files: &Files,
) -> anyhow::Result<Vec<String>> {
    let mut changes = Vec::new();
    for (path, text) in files {
        let place = root.join(path);
        if read(&place)?.as_ref() == Some(text) {
            continue;
        }
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot create {}", parent.display()))?;
        }
        fs::write(&place, text).with_context(|| format!("cannot write {}", place.display()))?;
        changes.push(format!("wrote {}", path.display()));
    }
    for path in stale(root, folders, files)? {
        fs::remove_file(root.join(&path))
            .with_context(|| format!("cannot remove {}", path.display()))?;
        changes.push(format!("removed {}", path.display()));
    }
    Ok(changes)
}

/// Returns the changes that writing would make, as a unified diff.
pub(super) fn check(root: &Path, folders: &[PathBuf], files: &Files) -> anyhow::Result<String> {
    let mut drift = String::new();
    for (path, new) in files {
        let old = read(&root.join(path))?;
        if old.as_ref() != Some(new) {
            let shown = path.display().to_string();
            diff(&mut drift, &shown, old.as_deref(), Some(new))?;
        }
    }
    for path in stale(root, folders, files)? {
        let old = read(&root.join(&path))?;
        diff(
            &mut drift,
            &path.display().to_string(),
            old.as_deref(),
            None,
        )?;
    }
    Ok(drift)
}

fn diff(
    drift: &mut String,
    path: &str,
    old: Option<&str>,
    new: Option<&str>,
) -> anyhow::Result<()> {
    let name = |text: Option<&str>, side: &str| match text {
        Some(_) => format!("{side}/{path}"),
        None => "/dev/null".to_owned(),
    };
    let (before, after) = (name(old, "a"), name(new, "b"));
    let diff = TextDiff::from_lines(old.unwrap_or_default(), new.unwrap_or_default());
    write!(drift, "{}", diff.unified_diff().header(&before, &after))?;
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Returns the files that are no longer generated.
fn stale(root: &Path, folders: &[PathBuf], files: &Files) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for folder in folders {
        list(root, folder, &mut found)?;
    }
    found.retain(|path| !files.contains_key(path));
    Ok(found)
}

/// Adds the files of a folder and its subfolders.
fn list(root: &Path, directory: &Path, found: &mut BTreeSet<PathBuf>) -> anyhow::Result<()> {
    let entries = match fs::read_dir(root.join(directory)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot list {}", directory.display()));
        }
    };
    for entry in entries {
        let entry = entry?;
        let path = directory.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            list(root, &path, found)?;
        } else {
            found.insert(path);
        }
    }
    Ok(())
}
