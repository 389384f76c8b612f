//! The published crates.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use semver::Version;

/// The workspace with the crates: this one, or one that a test creates.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// The crates in the order of publishing: each after its dependencies.
    pub(crate) members: Vec<Member>,
    /// The manifests of the workspace and of all its packages.
    pub(crate) manifests: Vec<PathBuf>,
    /// Cargo's home, if it is not the default.
    cargo_home: Option<PathBuf>,
}

/// A published crate.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) version: Version,
    /// The folder of the crate, relative to the root of the workspace.
    pub(crate) folder: String,
    /// The published crates of the workspace that the crate depends on.
    pub(crate) needs: BTreeSet<String>,
    /// The features that the documentation includes, except the default ones.
    pub(crate) documented: Vec<String>,
    /// All features.
    pub(crate) features: Vec<String>,
    /// The oldest supported version of Rust.
    pub(crate) rust: Option<Version>,
}

impl Workspace {
    /// Reads the manifests.
    ///
    /// # Errors
    /// If Cargo cannot read them.
    pub(crate) fn load(root: &Path) -> anyhow::Result<Self> {
        Self::load_with(root, None)
    }

    /// Reads the manifests, with this folder as Cargo's home.
    ///
    /// # Errors
    /// If Cargo cannot read them.
    pub(crate) fn load_with(root: &Path, cargo_home: Option<&Path>) -> anyhow::Result<Self> {
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .no_deps()
            .exec()
            .context("cannot read the manifests")?;
        let manifests = metadata
            .packages
            .iter()
            .map(|package| &package.manifest_path);
        let manifests = manifests.map(|manifest| manifest.clone().into_std_path_buf());
        let manifests = std::iter::once(root.join("Cargo.toml")).chain(manifests);
        let published =
            |package: &&Package| package.publish.as_ref().is_none_or(|to| !to.is_empty());
        let published: Vec<_> = metadata.packages.iter().filter(published).collect();
        let names: BTreeSet<_> = published
            .iter()
            .map(|package| package.name.as_str())
            .collect();
        let mut waiting = Vec::new();
        for package in &published {
            waiting.push(Member::new(&metadata.workspace_root, package, &names)?);
        }
        waiting.sort_by(|one, other| one.name.cmp(&other.name));
        let mut members: Vec<Member> = Vec::new();
        while !waiting.is_empty() {
            let is_there = |name: &String| members.iter().any(|member| member.name == *name);
            let next = waiting
                .iter()
                .position(|member| member.needs.iter().all(is_there))
                .context("crates depend on each other in a circle")?;
            members.push(waiting.remove(next));
        }
        Ok(Self {
            manifests: manifests.collect(),
            root: root.to_path_buf(),
            members,
            cargo_home: cargo_home.map(Path::to_path_buf),
        })
    }

    /// Returns the crate with this name.
    ///
    /// # Errors
    /// If there is no such crate. The error lists the names.
    pub(crate) fn member(&self, name: &str) -> anyhow::Result<&Member> {
        self.members
            .iter()
            .find(|member| member.name == name)
            .with_context(|| {
                let names: Vec<_> = self.members.iter().map(|member| &*member.name).collect();
                format!("no crate `{name}` is published, only {}", names.join(", "))
            })
    }

    /// Returns a `cargo` command at the root.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new("cargo");
        command.current_dir(&self.root);
        if let Some(home) = &self.cargo_home {
            command.env("CARGO_HOME", home);
        }
        command
    }

    /// Returns the path of a file of a crate.
    pub(crate) fn file(&self, member: &Member, name: &str) -> PathBuf {
        self.root.join(&member.folder).join(name)
    }

    /// Returns the target folder for releases. It is separate, because its builds enable nightly features.
    pub(crate) fn target(&self) -> PathBuf {
        self.root.join("target/release-checks")
    }
}

impl Member {
    fn new(
        root: &cargo_metadata::camino::Utf8Path,
        package: &Package,
        published: &BTreeSet<&str>,
    ) -> anyhow::Result<Self> {
        let folder = package.manifest_path.parent().unwrap_or(root);
        let needs = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development)
            .filter(|dependency| published.contains(dependency.name.as_str()))
            .map(|dependency| dependency.name.clone())
            .collect();
        let documented = &package.metadata["docs"]["rs"]["features"];
        let documented = documented.as_array().into_iter().flatten();
        let mut features: Vec<_> = package.features.keys().cloned().collect();
        features.sort_unstable();
        Ok(Self {
            name: package.name.to_string(),
            version: package.version.clone(),
            folder: folder
                .strip_prefix(root)
                .with_context(|| format!("{folder} is not in the workspace"))?
                .as_str()
                .replace('\\', "/"),
            needs,
            documented: documented
                .filter_map(|name| name.as_str())
                .map(str::to_owned)
                .collect(),
            features,
            rust: package.rust_version.clone(),
        })
    }

    /// Returns the name of the library in Rust.
    pub(crate) fn library(&self) -> String {
        self.name.replace('-', "_")
    }

    /// Returns the tag of a version.
    pub(crate) fn tag(&self, version: &Version) -> String {
        format!("{}-v{version}", self.name)
    }
}
