//! `cargo xtask ci` and `cargo xtask test`: what must hold before anything lands.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::console::{complain, say};
use crate::project;

/// Features that tests need and that are off by default.
const TEST_FEATURES: &str = "\
    keepnet-api/fake,push-security-api/unconfirmed,push-security-api/fake,pwpush-api/fake,integration-tests/unconfirmed";

/// Packages with features, and the features of each, of which every one must build alone.
const FEATURES: &[(&str, &[&str])] = &[
    (
        "security-api-transport",
        &[
            "rustls",
            "rustls-no-provider",
            "native-tls",
            "jiff-02",
            "fake",
        ],
    ),
    (
        "push-security-api",
        &[
            "rustls",
            "rustls-no-provider",
            "native-tls",
            "webhooks",
            "unconfirmed",
            "fake",
            "jiff-02",
        ],
    ),
    (
        "pwpush-api",
        &[
            "rustls",
            "rustls-no-provider",
            "native-tls",
            "fake",
            "jiff-02",
        ],
    ),
    (
        "keepnet-api",
        &[
            "rustls",
            "rustls-no-provider",
            "native-tls",
            "fake",
            "jiff-02",
            "companies",
            "users",
            "identity",
            "settings",
            "phishing",
            "quishing",
            "smishing",
            "callback",
            "training",
            "incident_response",
            "reporter",
            "threat_sharing",
            "reporting",
            "simulations",
            "soc",
            "admin",
            "full",
        ],
    ),
];

/// Needs the system's OpenSSL where the platform brings no TLS library of its own.
const NEEDS_OPENSSL: &str = "native-tls";

/// Runs every test: with nextest if it is installed, otherwise with plain cargo.
#[derive(Debug, clap::Args)]
pub(crate) struct Test;

impl Test {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        run(&tests())
    }
}

/// Runs the gate: format, lints, documentation, generated code, features alone, and all tests.
#[derive(Debug, clap::Args)]
pub(crate) struct Ci {
    /// Leaves the tests out.
    #[arg(long)]
    skip_tests: bool,
    /// Adds what needs tools that cargo must build first: advisories and licences, the oldest versions of
    /// dependencies, the fuzz targets. Needs the network, and a nightly toolchain for the last two.
    #[arg(long)]
    full: bool,
}

impl Ci {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let mut steps = checks();
        if !self.skip_tests {
            steps.extend(tests());
        }
        if self.full {
            steps.extend(full());
        }
        run(&steps)
    }
}

/// A command that must succeed.
#[derive(Debug)]
struct Step {
    /// What it makes sure of.
    promise: String,
    arguments: Vec<String>,
    environment: &'static [(&'static str, &'static str)],
}

impl Step {
    /// A call of cargo, its arguments separated by spaces.
    fn cargo(promise: impl Into<String>, arguments: impl AsRef<str>) -> Self {
        Self {
            promise: promise.into(),
            arguments: arguments.as_ref().split(' ').map(str::to_owned).collect(),
            environment: &[],
        }
    }

    fn with(self, environment: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            environment,
            ..self
        }
    }

    fn command(&self) -> String {
        let variables = self
            .environment
            .iter()
            .map(|(name, value)| format!("{name}='{value}' "));
        format!(
            "{}cargo {}",
            variables.collect::<String>(),
            self.arguments.join(" ")
        )
    }
}

fn checks() -> Vec<Step> {
    let mut steps = vec![
        Step::cargo("the code is formatted", "fmt --all --check"),
        Step::cargo(
            "the generated code is up to date",
            "run -q -p xtask -- codegen --check",
        ),
        Step::cargo(
            "no lint is raised",
            format!(
                "clippy -q --workspace --all-targets --features {TEST_FEATURES} -- -D warnings"
            ),
        ),
        Step::cargo(
            "the documentation builds",
            format!("doc -q --workspace --no-deps --features {TEST_FEATURES}"),
        )
        .with(&[("RUSTDOCFLAGS", "-D warnings")]),
    ];
    for (package, features) in FEATURES {
        let alone = |features: &str| {
            format!("clippy -q -p {package} --no-default-features{features} -- -D warnings")
        };
        steps.push(Step::cargo(
            format!("{package} builds without features"),
            alone(""),
        ));
        for feature in *features {
            if *feature == NEEDS_OPENSSL && !has_platform_tls() {
                complain(format_args!(
                    "left out: {package} with {feature}, since OpenSSL's headers are not installed"
                ));
                continue;
            }
            steps.push(Step::cargo(
                format!("{package} builds with {feature} alone"),
                alone(&format!(" --features {feature}")),
            ));
        }
    }
    steps
}

fn tests() -> Vec<Step> {
    let all = format!("--workspace --features {TEST_FEATURES}");
    let tests = if cargo_has("nextest") {
        Step::cargo(
            "every test passes",
            format!("nextest run --no-fail-fast {all}"),
        )
    } else {
        Step::cargo(
            "every test passes",
            format!("test --no-fail-fast --lib --bins --tests --examples {all}"),
        )
    };
    vec![
        tests,
        Step::cargo(
            "every example in the documentation works",
            format!("test -q --doc {all}"),
        ),
    ]
}

fn full() -> Vec<Step> {
    let mut steps = Vec::new();
    if !cargo_has("deny") {
        steps.push(Step::cargo(
            "cargo-deny is there",
            "install -q --locked cargo-deny",
        ));
    }
    steps.push(Step::cargo(
        "no dependency has an advisory, a licence or a source that is not allowed",
        "deny --workspace check",
    ));
    steps.push(Step::cargo(
        "the oldest versions of direct dependencies that are allowed will do",
        "+nightly -Z direct-minimal-versions check -p security-api-transport -p push-security-api \
         -p pwpush-api -p keepnet-api \
         --target-dir target/minimal-versions",
    ));
    if !cargo_has("fuzz") {
        steps.push(Step::cargo(
            "cargo-fuzz is there",
            "install -q --locked cargo-fuzz",
        ));
    }
    steps.push(Step::cargo("the fuzz targets build", "+nightly fuzz build"));
    steps
}

/// Whether cargo has this subcommand.
fn cargo_has(subcommand: &str) -> bool {
    Command::new("cargo")
        .args([subcommand, "--version"])
        .output()
        .is_ok_and(|output| output.status.success())
}

fn has_platform_tls() -> bool {
    !cfg!(target_os = "linux")
        || Command::new("pkg-config")
            .args(["--exists", "openssl"])
            .status()
            .is_ok_and(|status| status.success())
}

fn run(steps: &[Step]) -> anyhow::Result<ExitCode> {
    let start = Instant::now();
    for (number, step) in steps.iter().enumerate() {
        let begin = Instant::now();
        say(format_args!(
            "[{}/{}] {}",
            number + 1,
            steps.len(),
            step.promise
        ))?;
        let status = Command::new("cargo")
            .current_dir(project::root())
            .args(&step.arguments)
            .envs(step.environment.iter().copied())
            .status()
            .context("cannot run cargo")?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The features that a manifest declares, `default` aside.
    fn declared(package: &str) -> Vec<String> {
        let folder = package.trim_start_matches("security-api-");
        let path = project::root()
            .join("crates")
            .join(folder)
            .join("Cargo.toml");
        let manifest = std::fs::read_to_string(path).expect("a manifest");
        let section = manifest
            .split("[features]")
            .nth(1)
            .expect("a section of features");
        section
            .lines()
            .take_while(|line| !line.starts_with("[dependencies]"))
            .filter_map(|line| line.split_once(" = ["))
            .map(|(name, _)| name.to_owned())
            .filter(|name| name != "default")
            .collect()
    }

    #[test]
    fn every_feature_is_built_alone() {
        for (package, features) in FEATURES {
            let mut listed = features.to_vec();
            let mut declared = declared(package);
            listed.sort_unstable();
            declared.sort_unstable();
            assert_eq!(listed, declared, "{package}");
        }
    }
}
