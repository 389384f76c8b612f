//! Checks the contents of the packages, and that each builds alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use flate2::read::GzDecoder;
use tar::Archive;
use toml_edit::DocumentMut;

use super::links;
use super::workspace::{Member, Workspace};
use xtask::console::complain;

/// The file with the recorded contents of the packages.
pub(crate) const FILE: &str = "xtask/packages.toml";

/// The recorded contents of a package.
#[derive(Debug)]
struct Stated {
    /// The maximum size of the compressed file, in kB.
    most_kb: u64,
    /// The files, without those that Cargo adds. `src/**.rs` covers all sources.
    files: BTreeSet<String>,
}

/// Packages all crates together and compares them with the record. Then builds and documents the given crates, each in
/// a separate folder and with its packaged siblings instead of the published ones. `registry` replaces crates.io.
///
/// # Errors
/// If a crate cannot be packaged or built, or differs from the record.
pub(crate) fn check(
    workspace: &Workspace,
    built: &[&Member],
    registry: Option<&str>,
) -> anyhow::Result<()> {
    let archives = archives(workspace, registry)?;
    let stated = fs::read_to_string(workspace.root.join(FILE))
        .with_context(|| format!("cannot read {FILE}"))?;
    let stated = read(&stated).context(FILE)?;
    let mut faults = String::new();
    let place = tempfile::tempdir().context("cannot make a folder")?;
    for (member, archive) in workspace.members.iter().zip(&archives) {
        let files = unpack(archive, place.path())?;
        let size = fs::metadata(archive)?.len().div_ceil(1000);
        match stated.get(&member.name) {
            Some(stated) => faults.push_str(&differences(member, stated, &files, size)),
            None => {
                let _ = writeln!(
                    faults,
                    "{}: not stated; it has {size} kB and {files:?}",
                    member.name
                );
            }
        }
    }
    anyhow::ensure!(
        faults.is_empty(),
        "packages are not as {FILE} states:\n{}",
        faults.trim_end()
    );
    for member in built {
        complain(format_args!(
            "      {} {} alone",
            member.name, member.version
        ));
        for command in ["check", "doc --no-deps --lib"] {
            build(workspace, place.path(), member, command)?;
        }
        check_links(workspace, &place.path().join(folder(member)), member)?;
    }
    Ok(())
}

/// Checks that the links of a package's README lead to files of the package, or into the documentation just built.
fn check_links(workspace: &Workspace, package: &Path, member: &Member) -> anyhow::Result<()> {
    let Ok(text) = fs::read_to_string(package.join("README.md")) else {
        return Ok(());
    };
    let built = workspace.target().join("doc");
    let broken = links::broken(&text, package, Some((&member.name, &built)));
    anyhow::ensure!(
        broken.is_empty(),
        "the README of {} has broken links: {}",
        member.name,
        broken.join(", ")
    );
    Ok(())
}

/// Reads the record of each crate.
fn read(text: &str) -> anyhow::Result<BTreeMap<String, Stated>> {
    let document: DocumentMut = text.parse()?;
    let mut stated = BTreeMap::new();
    for (name, item) in document.iter() {
        let member = |key| {
            item.get(key)
                .with_context(|| format!("{name} lacks `{key}`"))
        };
        let most = member("most_kb")?.as_integer();
        let most = most.and_then(|most| u64::try_from(most).ok());
        let files = member("files")?.as_array();
        let files = files.and_then(|files| {
            files
                .iter()
                .map(|file| file.as_str().map(str::to_owned))
                .collect()
        });
        stated.insert(
            name.to_owned(),
            Stated {
                most_kb: most.with_context(|| format!("`most_kb` of {name} is not a size"))?,
                files: files
                    .with_context(|| format!("`files` of {name} are not a list of names"))?,
            },
        );
    }
    Ok(stated)
}

/// Packages all crates together, so that each finds the others as if they were in the registry.
fn archives(workspace: &Workspace, registry: Option<&str>) -> anyhow::Result<Vec<PathBuf>> {
    let target = workspace.target();
    let mut command = workspace.cargo();
    command
        .args([
            "package",
            "--quiet",
            "--locked",
            "--no-verify",
            "--allow-dirty",
            "--target-dir",
        ])
        .arg(&target);
    command.args(
        registry
            .into_iter()
            .flat_map(|registry| ["--registry", registry]),
    );
    for member in &workspace.members {
        command.args(["--package", &member.name]);
    }
    let status = command.status().context("cannot run cargo")?;
    anyhow::ensure!(status.success(), "the crates cannot be packaged");
    let archive = |member: &Member| {
        target
            .join("package")
            .join(format!("{}.crate", folder(member)))
    };
    Ok(workspace.members.iter().map(archive).collect())
}

/// Returns the name of the root folder of a package.
fn folder(member: &Member) -> String {
    format!("{}-{}", member.name, member.version)
}

/// Unpacks a package, and returns the names of its files.
fn unpack(archive: &Path, place: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    let open = || File::open(archive).with_context(|| format!("cannot read {}", archive.display()));
    for entry in Archive::new(GzDecoder::new(open()?)).entries()? {
        let path = entry?.path()?.into_owned();
        let path: PathBuf = path.components().skip(1).collect();
        let path = path.to_string_lossy().replace('\\', "/");
        let by_cargo = [
            ".cargo_vcs_info.json",
            "Cargo.lock",
            "Cargo.toml",
            "Cargo.toml.orig",
        ];
        if by_cargo.contains(&&*path) {
            continue;
        }
        let is_source = path.starts_with("src/") && path.ends_with(".rs");
        files.insert(if is_source {
            "src/**.rs".to_owned()
        } else {
            path
        });
    }
    Archive::new(GzDecoder::new(open()?)).unpack(place)?;
    Ok(files)
}

fn differences(member: &Member, stated: &Stated, files: &BTreeSet<String>, size: u64) -> String {
    let mut faults = String::new();
    let name = &member.name;
    for file in files.difference(&stated.files) {
        let _ = writeln!(faults, "{name}: has {file}, which is not stated");
    }
    for file in stated.files.difference(files) {
        let _ = writeln!(faults, "{name}: lacks {file}");
    }
    if size > stated.most_kb {
        let _ = writeln!(
            faults,
            "{name}: has {size} kB, of {} at most",
            stated.most_kb
        );
    }
    faults
}

/// Builds an unpacked crate with its packaged siblings.
fn build(workspace: &Workspace, place: &Path, member: &Member, how: &str) -> anyhow::Result<()> {
    let mut command = workspace.cargo();
    command
        .current_dir(place.join(folder(member)))
        .args(how.split(' '))
        .args(["--quiet", "--offline", "--features"])
        .arg(member.documented.join(","))
        .arg("--target-dir")
        .arg(workspace.target())
        // As for the snapshot of the public API, with which the build is shared.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTDOCFLAGS", "-D warnings");
    for sibling in workspace
        .members
        .iter()
        .filter(|other| member.needs.contains(&other.name))
    {
        let path = place.join(folder(sibling));
        command.arg("--config");
        command.arg(format!("patch.crates-io.{}.path={:?}", sibling.name, path));
    }
    let status = command.status().context("cannot run cargo")?;
    anyhow::ensure!(
        status.success(),
        "the package of {} fails `cargo {how}` alone",
        member.name
    );
    Ok(())
}
