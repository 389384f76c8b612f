//! A workspace of three crates with the names and dependencies of ours.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::registry::Registry;
use super::{PUSH, PWPUSH, TRANSPORT};
use crate::release::git::git;
use crate::release::workspace::Workspace;
use crate::release::{api, package};

/// The workspace, in a temporary folder.
pub(super) struct Small {
    _place: TempDir,
    pub(super) root: PathBuf,
    home: PathBuf,
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

impl Small {
    pub(super) fn new(registry: &Registry) -> Self {
        let place = tempfile::tempdir().unwrap();
        let (root, home) = (place.path().join("workspace"), place.path().join("home"));
        write(&home.join("config.toml"), &registry.configuration());
        write(
            &root.join("Cargo.toml"),
            "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n\n[workspace.dependencies]\n\
             security-api-transport = { path = \"crates/security-api-transport\", version = \"0.1.0\" }\n\
             pwpush-api = { path = \"crates/pwpush-api\", version = \"0.1.0\" }\n",
        );
        write(&root.join(".gitignore"), "target/\n");
        let client = "pub use security_api_transport::Client;\n";
        let transport = "pub struct Client(());\nimpl Client { pub fn name(&self) -> u8 { 0 } }\n";
        let mut stated = String::new();
        for (name, source) in [(TRANSPORT, transport), (PWPUSH, client), (PUSH, client)] {
            let needs = match name {
                TRANSPORT => "",
                _ => "security-api-transport.workspace = true\n",
            };
            let folder = root.join("crates").join(name);
            let manifest = format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"MIT\"\n\
                 description = \"A crate.\"\nrepository = \"https://example.com\"\n\n[dependencies]\n{needs}"
            );
            write(&folder.join("Cargo.toml"), &manifest);
            write(
                &folder.join("CHANGELOG.md"),
                "# Changelog\n\n## [Unreleased]\n\n- All.\n",
            );
            write(&folder.join("src/lib.rs"), source);
            let files = "[\"CHANGELOG.md\", \"public-api.txt\", \"src/**.rs\"]";
            stated.push_str(&format!("[{name}]\nmost_kb = 10\nfiles = {files}\n"));
        }
        write(&root.join(package::FILE), &stated);
        let small = Self {
            _place: place,
            root,
            home,
        };
        small.lock();
        git(&small.root, ["init", "--quiet"]).unwrap();
        for (key, value) in [
            ("user.name", "A maintainer"),
            ("user.email", "m@example.com"),
            ("core.autocrlf", "false"),
        ] {
            git(&small.root, ["config", key, value]).unwrap();
        }
        small.bless();
        small.commit("Begin");
        small
    }

    pub(super) fn load(&self) -> Workspace {
        Workspace::load_with(&self.root, Some(&self.home)).unwrap()
    }

    fn path(&self, name: &str, file: &str) -> PathBuf {
        self.root.join("crates").join(name).join(file)
    }

    pub(super) fn read(&self, name: &str, file: &str) -> String {
        fs::read_to_string(self.path(name, file)).unwrap()
    }

    pub(super) fn append(&self, name: &str, file: &str, text: &str) {
        write(&self.path(name, file), &(self.read(name, file) + text));
    }

    pub(super) fn replace(&self, name: &str, file: &str, old: &str, new: &str) {
        let text = self.read(name, file);
        assert!(text.contains(old), "{text}");
        write(&self.path(name, file), &text.replace(old, new));
    }

    /// Adds an unreleased entry to the changelog.
    pub(super) fn note(&self, name: &str, note: &str) {
        self.replace(
            name,
            "CHANGELOG.md",
            "## [Unreleased]\n",
            &format!("## [Unreleased]\n\n{note}\n"),
        );
    }

    /// Writes the lock file.
    pub(super) fn lock(&self) {
        let mut command = self.load().cargo();
        let made = command.args(["generate-lockfile", "--quiet"]).status();
        assert!(made.unwrap().success());
    }

    /// Writes the snapshots of the public API.
    pub(super) fn bless(&self) {
        api::check(&self.load(), None, true).unwrap();
    }

    pub(super) fn commit(&self, subject: &str) {
        git(&self.root, ["add", "--all"]).unwrap();
        git(&self.root, ["commit", "--quiet", "--message", subject]).unwrap();
    }

    pub(super) fn at(&self, name: &str) -> String {
        git(&self.root, ["rev-parse", &format!("{name}^{{commit}}")]).unwrap()
    }

    pub(super) fn head(&self) -> String {
        self.at("HEAD")
    }

    pub(super) fn tags(&self) -> Vec<String> {
        let tags = git(&self.root, ["tag", "--list"]).unwrap();
        tags.lines().map(str::to_owned).collect()
    }
}
