//! Commands that must succeed, in sequence.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use std::{env, io, iter};

use crate::console::{complain, say};
use crate::root;

/// Features that tests need and that are off by default.
pub const TEST_FEATURES: &str = "\
    keepnet-api/fake,push-security-api/unconfirmed,push-security-api/fake,pwpush-api/fake,integration-tests/unconfirmed";

/// A command that must succeed.
#[derive(Debug)]
pub struct Step {
    /// What the command ensures.
    pub promise: String,
    /// The program, or `None` for Cargo.
    pub program: Option<PathBuf>,
    /// The arguments.
    pub arguments: Vec<String>,
    /// Environment variables.
    pub environment: &'static [(&'static str, &'static str)],
}

impl Step {
    /// Creates a call of Cargo. `arguments` are separated by spaces.
    #[must_use]
    pub fn cargo(promise: impl Into<String>, arguments: impl AsRef<str>) -> Self {
        Self {
            promise: promise.into(),
            program: None,
            arguments: arguments.as_ref().split(' ').map(str::to_owned).collect(),
            environment: &[],
        }
    }

    /// Creates a call of this program, which is not rebuilt.
    ///
    /// # Errors
    /// If the path of this program is unknown.
    pub fn own(promise: impl Into<String>, arguments: impl AsRef<str>) -> io::Result<Self> {
        let program = env::current_exe()?;
        Ok(Self {
            program: Some(program),
            ..Self::cargo(promise, arguments)
        })
    }

    /// Sets environment variables.
    #[must_use]
    pub fn with(self, environment: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            environment,
            ..self
        }
    }

    /// Returns the command line that runs the step alone.
    #[must_use]
    pub fn command(&self) -> String {
        let variables = self
            .environment
            .iter()
            .map(|(name, value)| format!("{name}='{value}' "));
        let program = match self.program {
            Some(_) => "cargo xtask",
            None => "cargo",
        };
        format!(
            "{}{program} {}",
            variables.collect::<String>(),
            self.arguments.join(" ")
        )
    }
}

/// Returns the steps of all tests.
///
/// # Errors
/// If the path of this program is unknown.
pub fn tests() -> io::Result<Vec<Step>> {
    let all = format!("--workspace --features {TEST_FEATURES}");
    Ok(vec![
        Step::cargo("every test passes", suite(&all)),
        Step::cargo(
            "every example in the documentation works",
            format!("test -q --locked --doc {all}"),
        ),
        Step::own("every operation succeeds against the sandbox", "exercise")?,
        Step::cargo(
            "every operation decodes what the service may send",
            format!("test -q --locked {all} --test decoding -- --ignored"),
        ),
    ])
}

/// Returns the arguments that run the tests of these packages, without doctests.
#[must_use]
pub fn suite(packages: &str) -> String {
    match cargo_has("nextest") {
        true => format!("nextest run --locked --no-fail-fast {packages}"),
        false => format!("test --locked --no-fail-fast --lib --bins --tests --examples {packages}"),
    }
}

/// Returns the version line of a Cargo subcommand, or `None` if it is not installed.
#[must_use]
pub fn version_of(subcommand: &str) -> Option<String> {
    let output = with_tools("cargo")
        .args([subcommand, "--version"])
        .output()
        .ok()?;
    let said = String::from_utf8(output.stdout).ok();
    said.filter(|_| output.status.success())
}

/// Returns whether Cargo has this subcommand.
fn cargo_has(subcommand: &str) -> bool {
    version_of(subcommand).is_some()
}

/// The folder into which the gate installs tools, so that nothing else on the machine changes.
pub const TOOLS: &str = "target/tools";

/// Returns a command whose `PATH` includes the tools.
pub fn with_tools(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = iter::once(root().join(TOOLS).join("bin")).chain(env::split_paths(&path));
    if let Ok(path) = env::join_paths(folders) {
        command.env("PATH", path);
    }
    command
}

/// Runs the steps until one fails.
///
/// # Errors
/// If a step cannot be run.
pub fn run(steps: &[Step]) -> io::Result<ExitCode> {
    let start = Instant::now();
    for (number, step) in steps.iter().enumerate() {
        let begin = Instant::now();
        say(format_args!(
            "[{}/{}] {}",
            number + 1,
            steps.len(),
            step.promise
        ))?;
        let program = step.program.as_deref().unwrap_or(Path::new("cargo"));
        let status = with_tools(program)
            .current_dir(root())
            .args(&step.arguments)
            .envs(step.environment.iter().copied())
            .status()
            .map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!("cannot run {}: {error}", program.display()),
                )
            })?;
        if !status.success() {
            complain(format_args!(
                "failed; to run it alone:\n  {}",
                step.command()
            ));
            return Ok(ExitCode::FAILURE);
        }
        say(format_args!("      {}", seconds(begin.elapsed())))?;
    }
    say(format_args!(
        "all {} hold, {}",
        steps.len(),
        seconds(start.elapsed())
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn seconds(time: Duration) -> String {
    format!("{:.0} s", time.as_secs_f64())
}
