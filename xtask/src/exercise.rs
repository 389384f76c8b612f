//! `cargo xtask exercise`: calls every operation once, through the real client, against a server on this machine.
//!
//! There are so many calls that they are compiled only on demand, in a package that is written below the target folder.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use anyhow::Context as _;

use crate::codegen;
use crate::project::{self, Service};

/// Calls every operation of a service once and reports the requests and responses.
///
/// Ids are looked up in lists first. Without a server, every operation of every service is called against the sandbox,
/// and all must succeed.
///
/// Some operations delete records, so only servers on this machine are accepted.
#[derive(Debug, clap::Args)]
pub(crate) struct Exercise {
    /// The service whose client is exercised.
    #[arg(long, value_parser = Service::named, requires = "base_url")]
    service: Option<Service>,
    /// The base URL of a server with the API, such as `http://127.0.0.1:4010`.
    #[arg(long, requires = "service")]
    base_url: Option<String>,
}

const MAIN: &str = include_str!("../exercise/main.rs");

impl Exercise {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let root = project::root();
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let package = target.join("exercise");
        write(&root, &package)?;
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .current_dir(&root)
            .args(["run", "--quiet", "--manifest-path"])
            .arg(package.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", &target)
            .arg("--");
        if let (Some(service), Some(base_url)) = (&self.service, &self.base_url) {
            command.args([service.name, base_url]);
        }
        let status = command.status().context("cannot run cargo")?;
        Ok(match status.success() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }
}

/// Writes the package, outside the workspace and with its lock file.
fn write(root: &Path, package: &Path) -> anyhow::Result<()> {
    for service in Service::selected(None) {
        let calls = codegen::exerciser(root, &service)?;
        codegen::apply(package, &service.exercise_folders(), &calls)?;
    }
    let mut manifest = "[package]\nname = \"exercise\"\nedition = \"2024\"\n\n[workspace]\n\n\
         # Nothing is debugged here, and it compiles faster.\n[profile.dev]\ndebug = false\n\n\
         [features]\ndefault = [\"unconfirmed\"]\nunconfirmed = [\"integration-tests/unconfirmed\"]\n\n[dependencies]\n\
         tokio = { version = \"1\", features = [\"macros\", \"rt\"] }\n"
        .to_owned();
    let dependencies = [("integration-tests", "tests", "")];
    let crates = Service::selected(None);
    let crates = crates.iter().map(|service| {
        let name = service.crate_dir.trim_start_matches("crates/");
        (name, service.crate_dir, "default-features = false, ")
    });
    for (name, folder, options) in dependencies.into_iter().chain(crates) {
        let path = root.join(folder);
        manifest += &format!("{name} = {{ {options}path = '{}' }}\n", path.display());
    }
    let lock = root.join("Cargo.lock");
    let lock =
        fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    for (file, text) in [
        ("Cargo.toml", &*manifest),
        ("Cargo.lock", &*lock),
        ("src/main.rs", MAIN),
    ] {
        let place = package.join(file);
        // An unchanged file is not compiled again.
        if fs::read_to_string(&place).is_ok_and(|old| old == text) {
            continue;
        }
        fs::write(&place, text).with_context(|| format!("cannot write {}", place.display()))?;
    }
    Ok(())
}
