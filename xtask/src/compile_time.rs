//! `cargo xtask compile-time`: measures what compiling the largest crates costs their users.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;
use std::{env, fs};

use anyhow::Context as _;
use wait4::Wait4 as _;

use crate::console::say;
use crate::project;

/// Measures the cost of compiling a crate alone, with its dependencies built.
///
/// Reports CPU time in user mode, and the memory of the largest process. Builds use the default profiles: `dev` with
/// debug information for backtraces and `release` without any, both without incremental compilation. CPU time depends
/// on the machine and its load, so each bound is scaled by a yardstick of the same run: a release build of `syn`.
#[derive(Debug, clap::Args)]
pub(crate) struct CompileTime {
    /// Fails if anything exceeds its bound.
    #[arg(long)]
    check: bool,
}

/// The maximum memory of a compiler, in MiB.
const MOST_MEMORY: u64 = 1536;

/// A measured build.
#[derive(Debug, Clone, Copy)]
struct Case {
    name: &'static str,
    /// The arguments of `cargo`.
    arguments: &'static str,
    /// The file that is compiled again: of the workspace, or of the program if `None`.
    fresh: Option<&'static str>,
    /// The maximum CPU time, in seconds of a machine on which the yardstick takes [`YARDSTICK`].
    most: f64,
}

/// The CPU time of the yardstick, in seconds, on the machine for which the bounds were set.
const YARDSTICK: f64 = 15.0;

const PROGRAM: &str = include_str!("../compile-time/main.rs");

const KEEPNET: Option<&str> = Some("crates/keepnet-api/src/lib.rs");
const PUSH_SECURITY: Option<&str> = Some("crates/push-security-api/src/lib.rs");

const CASES: &[Case] = &[
    Case {
        name: "check of keepnet-api, full",
        arguments: "check -p keepnet-api --lib --no-default-features --features full,rustls",
        fresh: KEEPNET,
        most: 4.5,
    },
    Case {
        name: "release build of keepnet-api, full",
        arguments: "build --release -p keepnet-api --lib --no-default-features --features full,rustls",
        fresh: KEEPNET,
        most: 18.0,
    },
    Case {
        name: "release build of push-security-api",
        arguments: "build --release -p push-security-api --lib --no-default-features --features rustls,webhooks",
        fresh: PUSH_SECURITY,
        most: 7.0,
    },
    Case {
        name: "release build of a program with 20 calls of Keepnet",
        arguments: "build --release",
        fresh: None,
        most: 8.0,
    },
];

/// The resources that a command used.
#[derive(Debug)]
struct Usage {
    cpu: Duration,
    /// The memory of the largest process, in MiB.
    memory: u64,
}

impl CompileTime {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let root = project::root();
        let program = program(&root)?;
        let mut kept = true;
        let yardstick = yardstick(&root)?;
        let scale = yardstick / YARDSTICK;
        say(format_args!(
            "the yardstick took {yardstick:.1} CPU s, so bounds are multiplied by {scale:.2}"
        ))?;
        say("CPU s    of   MiB    of  what")?;
        for case in CASES {
            let (place, fresh) = match case.fresh {
                Some(fresh) => (&root, fresh),
                None => (&program, "src/main.rs"),
            };
            compile(&root, place, case)?;
            touch(&place.join(fresh))?;
            let Usage { cpu, memory } = compile(&root, place, case)?;
            let most = case.most * scale;
            let is_kept = cpu.as_secs_f64() <= most && memory <= MOST_MEMORY;
            kept &= is_kept;
            say(format_args!(
                "{:5.1}  {most:4.1}  {memory:4}  {MOST_MEMORY}  {}{}",
                cpu.as_secs_f64(),
                case.name,
                if is_kept { "" } else { ": too much" }
            ))?;
        }
        let binary = target(&root).join("release/program");
        let size = fs::metadata(&binary)
            .with_context(|| format!("cannot read {}", binary.display()))?
            .len();
        say(format_args!("the program has {:.1} MB", size as f64 / 1e6))?;
        Ok(match kept || !self.check {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }
}

/// Returns the target folder, which is shared with no other build.
fn target(root: &Path) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("compile-time")
}

/// Writes the program into a package outside the workspace. Within it, Cargo would unify its features with those of
/// other packages.
fn program(root: &Path) -> anyhow::Result<PathBuf> {
    let dependencies = format!(
        "keepnet-api = {{ path = '{}' }}\ntokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}",
        root.join("crates/keepnet-api").display()
    );
    package(root, "program", &dependencies, PROGRAM)
}

/// Returns the CPU seconds of a release build of `syn`, with nothing built before.
fn yardstick(root: &Path) -> anyhow::Result<f64> {
    let place = package(
        root,
        "yardstick",
        "syn = { version = \"2\", features = [\"full\"] }",
        "",
    )?;
    let built = target(root).join("yardstick-target");
    if built.exists() {
        fs::remove_dir_all(&built).with_context(|| format!("cannot remove {}", built.display()))?;
    }
    let usage = cargo(&place, "build --release", &built)?;
    Ok(usage.cpu.as_secs_f64())
}

/// Writes a package outside any workspace, with the lock file of this one.
fn package(root: &Path, name: &str, dependencies: &str, main: &str) -> anyhow::Result<PathBuf> {
    let place = target(root).join(name);
    let manifest = format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{dependencies}\n"
    );
    let source = match main {
        "" => "src/lib.rs",
        _ => "src/main.rs",
    };
    fs::create_dir_all(place.join("src"))
        .and_then(|()| fs::write(place.join(source), main))
        .and_then(|()| fs::write(place.join("Cargo.toml"), manifest))
        .and_then(|()| fs::copy(root.join("Cargo.lock"), place.join("Cargo.lock")))
        .with_context(|| format!("cannot write {}", place.display()))?;
    Ok(place)
}

/// Makes Cargo compile the file again, without changing its content.
fn touch(path: &Path) -> anyhow::Result<()> {
    let file = fs::File::options().append(true).open(path);
    file.and_then(|file| file.set_modified(std::time::SystemTime::now()))
        .with_context(|| format!("cannot touch {}", path.display()))
}

fn compile(root: &Path, place: &Path, case: &Case) -> anyhow::Result<Usage> {
    cargo(place, case.arguments, &target(root))
}

fn cargo(place: &Path, arguments: &str, target: &Path) -> anyhow::Result<Usage> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut child = Command::new(cargo)
        .current_dir(place)
        .args(arguments.split(' '))
        .arg("--quiet")
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_INCREMENTAL", "0")
        .spawn()
        .context("cannot run cargo")?;
    let used = child.wait4().context("cannot wait for cargo")?;
    anyhow::ensure!(used.status.success(), "cargo {arguments} failed");
    let usage = used.rusage;
    Ok(Usage {
        cpu: usage.utime,
        memory: usage.maxrss >> 20,
    })
}
