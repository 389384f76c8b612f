//! `cargo xtask compile-time`: what the largest crate costs those who compile it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;
use std::{env, fs};

use anyhow::Context as _;
use wait4::Wait4 as _;

use crate::console::say;
use crate::project;

/// Measures what compiling keepnet-api takes by itself, with its dependencies built: CPU time in user mode, and the
/// memory of the largest process.
#[derive(Debug, clap::Args)]
pub(crate) struct CompileTime {
    /// Fail if anything takes more than is allowed for it.
    #[arg(long)]
    check: bool,
}

/// The memory that no compiler may take, in MiB.
const MOST_MEMORY: u64 = 1536;

/// What is compiled.
#[derive(Debug, Clone, Copy)]
struct Case {
    name: &'static str,
    /// After `cargo`.
    arguments: &'static str,
    /// Whether it is the program that is compiled anew, and not the crate.
    is_program: bool,
    /// The most CPU time, in seconds.
    most: u64,
}

const PROGRAM: &str = include_str!("../compile-time/main.rs");

const CASES: &[Case] = &[
    Case {
        name: "check, full",
        arguments: "check -p keepnet-api --lib --no-default-features --features full,rustls",
        is_program: false,
        most: 15,
    },
    Case {
        name: "check, users",
        arguments: "check -p keepnet-api --lib --no-default-features --features users,rustls",
        is_program: false,
        most: 4,
    },
    Case {
        name: "check, platform alone",
        arguments: "check -p keepnet-api --lib --no-default-features --features rustls",
        is_program: false,
        most: 2,
    },
    Case {
        name: "release build, full",
        arguments: "build --release -p keepnet-api --lib --no-default-features --features full,rustls",
        is_program: false,
        most: 30,
    },
    Case {
        name: "release build of a program with 20 calls",
        arguments: "build --release",
        is_program: true,
        most: 30,
    },
];

/// What a command took.
#[derive(Debug)]
struct Usage {
    cpu: Duration,
    /// Of the largest process, in MiB.
    memory: u64,
}

impl CompileTime {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let root = project::root();
        let program = program(&root)?;
        let mut kept = true;
        say("CPU s  of   MiB   of    what")?;
        for case in CASES {
            let (place, fresh) = match case.is_program {
                true => (&program, "src/main.rs"),
                false => (&root, "crates/keepnet-api/src/lib.rs"),
            };
            compile(&root, place, case)?;
            touch(&place.join(fresh))?;
            let Usage { cpu, memory } = compile(&root, place, case)?;
            let is_kept = cpu <= Duration::from_secs(case.most) && memory <= MOST_MEMORY;
            kept &= is_kept;
            say(format_args!(
                "{:5.1}  {:2}  {memory:4}  {MOST_MEMORY}  {}{}",
                cpu.as_secs_f64(),
                case.most,
                case.name,
                if is_kept { "" } else { ": too much" }
            ))?;
        }
        Ok(match kept || !self.check {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }
}

/// Where it is compiled, apart from everything else.
fn target(root: &Path) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("compile-time")
}

/// Writes a package of its own with the program in it: one of the workspace would have the features of all others.
fn program(root: &Path) -> anyhow::Result<PathBuf> {
    let place = target(root).join("program");
    let manifest = format!(
        "[package]\nname = \"program\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         keepnet-api = {{ path = '{}' }}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\n",
        root.join("crates/keepnet-api").display()
    );
    fs::create_dir_all(place.join("src"))
        .and_then(|()| fs::write(place.join("src/main.rs"), PROGRAM))
        .and_then(|()| fs::write(place.join("Cargo.toml"), manifest))
        .and_then(|()| fs::copy(root.join("Cargo.lock"), place.join("Cargo.lock")))
        .with_context(|| format!("cannot write {}", place.display()))?;
    Ok(place)
}

/// Has the file compiled anew, without changing it.
fn touch(path: &Path) -> anyhow::Result<()> {
    let file = fs::File::options().append(true).open(path);
    file.and_then(|file| file.set_modified(std::time::SystemTime::now()))
        .with_context(|| format!("cannot touch {}", path.display()))
}

fn compile(root: &Path, place: &Path, case: &Case) -> anyhow::Result<Usage> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut child = Command::new(cargo)
        .current_dir(place)
        .args(case.arguments.split(' '))
        .arg("--quiet")
        .env("CARGO_TARGET_DIR", target(root))
        .env("CARGO_INCREMENTAL", "0")
        .spawn()
        .context("cannot run cargo")?;
    let used = child.wait4().context("cannot wait for cargo")?;
    anyhow::ensure!(used.status.success(), "cargo {} failed", case.arguments);
    let usage = used.rusage;
    Ok(Usage {
        cpu: usage.utime,
        memory: usage.maxrss >> 20,
    })
}
