//! Writes a new version into the files that state it.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use semver::Version;
use toml_edit::{DocumentMut, value};

use super::workspace::{Member, Workspace};
use super::{changelog, requirements};

/// Sets the version of a crate and the requirements of the others, dates its changelog, and updates the lock files.
///
/// # Errors
/// If a file cannot be read or written, or Cargo cannot update a lock file.
pub(crate) fn version(
    workspace: &Workspace,
    member: &Member,
    version: &Version,
) -> anyhow::Result<()> {
    edit(&workspace.file(member, "Cargo.toml"), |text| {
        let mut manifest: DocumentMut = text.parse()?;
        manifest["package"]["version"] = value(version.to_string());
        Ok(manifest.to_string())
    })?;
    for manifest in &workspace.manifests {
        edit(manifest, |text| {
            let mut manifest: DocumentMut = text.parse()?;
            requirements::each(&mut manifest, |name, asked| {
                if name == member.name {
                    let decor = asked.decor().clone();
                    *asked = version.to_string().into();
                    *asked.decor_mut() = decor;
                }
            });
            Ok(manifest.to_string())
        })?;
    }
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    edit(&workspace.file(member, changelog::FILE), |text| {
        Ok(changelog::dated(text, version, &today))
    })?;
    for folder in ["", "fuzz"] {
        let folder = workspace.root.join(folder);
        if folder.join("Cargo.lock").is_file() {
            lock(workspace, &folder)?;
        }
    }
    Ok(())
}

fn edit(path: &Path, change: impl FnOnce(&str) -> anyhow::Result<String>) -> anyhow::Result<()> {
    let text = fs::read_to_string(path);
    text.map_err(anyhow::Error::from)
        .and_then(|text| change(&text))
        .and_then(|text| Ok(fs::write(path, text)?))
        .with_context(|| format!("cannot edit {}", path.display()))
}

/// Updates the lock file of a folder with the versions of the local crates.
fn lock(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let status = workspace
        .cargo()
        .current_dir(folder)
        .args(["update", "--quiet", "--workspace", "--offline"])
        .status()
        .context("cannot run cargo")?;
    anyhow::ensure!(
        status.success(),
        "cannot update {}",
        folder.join("Cargo.lock").display()
    );
    Ok(())
}
