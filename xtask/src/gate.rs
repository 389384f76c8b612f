//! `cargo xtask ci` and `cargo xtask test`: what must hold before anything lands.

use std::path::{Path, PathBuf};
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
            "_simulator",
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

/// The nightly compiler of the steps that need one, and what it says of itself: a `nightly` that is just that one will do.
const NIGHTLY: (&str, &str) = ("nightly-2026-05-20", "(e50aa6fba 2026-05-19)");

/// The tools that `ci --full` installs where they are missing, and their versions.
const DENY: &str = "cargo-deny@0.20.2";
const FUZZ: &str = "cargo-fuzz@0.13.2";

/// Features of the transport with which its tests run, apart from the default ones: each kind of TLS, and none.
const TRANSPORT_SUITES: &[&str] = &["native-tls,fake", "rustls-no-provider,fake", "fake"];

/// Where the oldest versions of dependencies are built, away from the lock file that is committed.
const OLDEST: &str = "target/minimal-versions";

/// Needs the system's OpenSSL where the platform brings no TLS library of its own.
const NEEDS_OPENSSL: &str = "native-tls";

/// Runs every test: with nextest if it is installed, otherwise with plain cargo.
#[derive(Debug, clap::Args)]
pub(crate) struct Test;

impl Test {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        run(&tests()?)
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
        let mut steps = checks()?;
        if !self.skip_tests {
            steps.extend(tests()?);
        }
        if self.full {
            steps.extend(full()?);
        }
        run(&steps)
    }
}

/// A command that must succeed.
#[derive(Debug)]
struct Step {
    /// What it makes sure of.
    promise: String,
    /// The program: cargo, if none is given.
    program: Option<PathBuf>,
    arguments: Vec<String>,
    environment: &'static [(&'static str, &'static str)],
}

impl Step {
    /// A call of cargo, its arguments separated by spaces.
    fn cargo(promise: impl Into<String>, arguments: impl AsRef<str>) -> Self {
        Self {
            promise: promise.into(),
            program: None,
            arguments: arguments.as_ref().split(' ').map(str::to_owned).collect(),
            environment: &[],
        }
    }

    /// A command of this program, which is not built anew for it.
    fn own(promise: impl Into<String>, arguments: impl AsRef<str>) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot tell where this program is")?;
        Ok(Self {
            program: Some(program),
            ..Self::cargo(promise, arguments)
        })
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

fn checks() -> anyhow::Result<Vec<Step>> {
    let mut steps = vec![
        Step::cargo("the code is formatted", "fmt --all --check"),
        Step::own("the generated code is up to date", "codegen --check")?,
        Step::cargo(
            "no lint is raised",
            format!(
                "clippy -q --locked --workspace --all-targets --features {TEST_FEATURES} -- -D warnings"
            ),
        ),
        Step::cargo(
            "the documentation builds",
            format!("doc -q --locked --workspace --no-deps --features {TEST_FEATURES}"),
        )
        .with(&[("RUSTDOCFLAGS", "-D warnings")]),
        Step::cargo(
            "the fuzz targets' lock file is up to date",
            "fetch -q --locked --manifest-path fuzz/Cargo.toml",
        ),
    ];
    for (package, features) in FEATURES {
        let alone = |features: &str| {
            format!(
                "clippy -q --locked -p {package} --no-default-features{features} -- -D warnings"
            )
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
    Ok(steps)
}

fn tests() -> anyhow::Result<Vec<Step>> {
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
            format!("test -q --locked {all} --test decode -- --ignored"),
        ),
    ])
}

/// What runs the tests of these packages, examples in the documentation aside.
fn suite(packages: &str) -> String {
    match cargo_has("nextest") {
        true => format!("nextest run --locked --no-fail-fast {packages}"),
        false => format!("test --locked --no-fail-fast --lib --bins --tests --examples {packages}"),
    }
}

fn full() -> anyhow::Result<Vec<Step>> {
    let nightly = nightly();
    let mut steps = Vec::new();
    for features in TRANSPORT_SUITES {
        if features.contains(NEEDS_OPENSSL) && !has_platform_tls() {
            complain(format_args!(
                "left out: the transport's tests with {features}, since OpenSSL's headers are not installed"
            ));
            continue;
        }
        steps.push(Step::cargo(
            format!("the transport's tests pass with {features} alone"),
            suite(&format!(
                "-p security-api-transport --no-default-features --features {features}"
            )),
        ));
    }
    steps.extend(installed("deny", DENY));
    steps.push(Step::cargo(
        "no dependency has an advisory, a licence or a source that is not allowed",
        "deny --locked --workspace check",
    ));
    let oldest = format!(
        "+{nightly} -Z direct-minimal-versions \
         --config resolver.lockfile-path='{OLDEST}/Cargo.lock'"
    );
    steps.push(Step::cargo(
        "the oldest versions of direct dependencies that are allowed go together",
        format!("{oldest} generate-lockfile"),
    ));
    steps.push(Step::cargo(
        "and will do",
        format!(
            "{oldest} check --locked -p security-api-transport -p push-security-api -p pwpush-api \
             -p keepnet-api --target-dir {OLDEST}"
        ),
    ));
    steps.extend(installed("fuzz", FUZZ));
    steps.push(Step::cargo(
        "the fuzz targets build",
        format!("+{nightly} fuzz build"),
    ));
    Ok(steps)
}

/// Installs a tool in its version, unless it is there in that.
fn installed(subcommand: &str, tool: &str) -> Option<Step> {
    let (name, version) = tool.split_once('@')?;
    let there = version_of(subcommand).is_some_and(|said| said.trim().ends_with(version));
    (!there).then(|| {
        Step::cargo(
            format!("{name} {version} is there"),
            format!("install -q --locked {tool}"),
        )
    })
}

/// The name of the nightly toolchain to use.
fn nightly() -> &'static str {
    let (pinned, version) = NIGHTLY;
    let output = Command::new("rustc")
        .args(["+nightly", "--version"])
        .output();
    match output {
        Ok(output) if String::from_utf8_lossy(&output.stdout).contains(version) => "nightly",
        _ => pinned,
    }
}

/// What a subcommand of cargo says of its version, if cargo has it.
fn version_of(subcommand: &str) -> Option<String> {
    let output = Command::new("cargo")
        .args([subcommand, "--version"])
        .output()
        .ok()?;
    let said = String::from_utf8(output.stdout).ok();
    said.filter(|_| output.status.success())
}

/// Whether cargo has this subcommand.
fn cargo_has(subcommand: &str) -> bool {
    version_of(subcommand).is_some()
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
        let program = step.program.as_deref().unwrap_or(Path::new("cargo"));
        let status = Command::new(program)
            .current_dir(project::root())
            .args(&step.arguments)
            .envs(step.environment.iter().copied())
            .status()
            .with_context(|| format!("cannot run {}", program.display()))?;
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

    #[test]
    fn no_step_changes_a_lock_file() {
        let mut steps = checks().unwrap();
        steps.extend(tests().unwrap());
        steps.extend(full().unwrap());
        let free = ["fmt", "codegen", "exercise"];
        for step in steps {
            let free = free.contains(&&*step.arguments[0])
                // It writes one that is not committed; the fuzz targets' is checked before they are built.
                || step.arguments.iter().any(|word| word == "generate-lockfile" || word == "fuzz");
            assert!(
                free || step.command().contains("--locked"),
                "{}",
                step.command()
            );
        }
    }

    #[test]
    fn every_fuzz_target_has_seeds_and_a_dictionary() {
        let fuzz = project::root().join("fuzz");
        for target in std::fs::read_dir(fuzz.join("targets")).unwrap() {
            let target = target.unwrap().path();
            let name = target.file_stem().unwrap();
            assert!(fuzz.join("seeds").join(name).is_dir(), "{name:?}");
            let dictionary = fuzz.join("dictionaries").join(name);
            assert!(dictionary.with_extension("dict").is_file(), "{name:?}");
        }
    }

    #[test]
    fn workflows_use_the_toolchain_and_tools_of_the_gate_and_pinned_actions() {
        let folder = project::root().join(".github/workflows");
        let files = std::fs::read_dir(folder).unwrap();
        let files = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        let text = files.collect::<String>();
        for pinned in [NIGHTLY.0, DENY] {
            assert!(text.contains(pinned), "{pinned}");
        }
        for line in text.lines().filter(|line| line.contains("uses:")) {
            let hash = line.split_once('@').unwrap().1;
            assert!(
                hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{line}"
            );
        }
    }

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
