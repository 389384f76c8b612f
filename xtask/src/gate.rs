//! `cargo xtask ci`: the checks that a change must pass.

use std::process::{Command, ExitCode};

use anyhow::Context as _;
use xtask::console::complain;
use xtask::root;
use xtask::step::{Step, TEST_FEATURES, TOOLS, run, suite, tests, version_of};

/// Packages with features. Every feature must build alone.
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

/// The nightly compiler of the steps that need one, and its version. A `nightly` of that version will do.
const NIGHTLY: (&str, &str) = ("nightly-2026-05-20", "(e50aa6fba 2026-05-19)");

/// The tools that `ci --full` installs into a folder of the workspace if they are missing, with their versions.
const DENY: &str = "cargo-deny@0.20.2";
const FUZZ: &str = "cargo-fuzz@0.13.2";
const HACK: &str = "cargo-hack@0.6.44";

/// The duration of each fuzz target, in seconds.
const FUZZ_SECONDS: u32 = 180;

/// Features for further runs of the transport's tests: each TLS library, both, and none.
const TRANSPORT_SUITES: &[&str] = &[
    "native-tls,fake",
    "rustls,native-tls,fake",
    "rustls-no-provider,fake",
    "fake,jiff-02",
];

/// Packages of which every two features must build together, and the features that are left out: `_tls`, which any TLS
/// feature enables, and of Keepnet the unions of other features and those whose pairs the other packages cover.
const POWERSETS: &[(&[&str], &str)] = &[
    (&["security-api-transport"], ",_tls"),
    (&["push-security-api", "pwpush-api"], ""),
    (
        &["keepnet-api"],
        ",full,simulations,soc,admin,rustls,rustls-no-provider,native-tls,fake,jiff-02",
    ),
];

/// The target folder for the oldest versions of dependencies, apart from the committed lock file.
const OLDEST: &str = "target/minimal-versions";

/// The feature that needs the system's OpenSSL on platforms without a TLS library.
const NEEDS_OPENSSL: &str = "native-tls";

/// Benches with bounds of instructions, memory, fairness and deadlines.
const BENCHES: &[&str] = &["overhead", "uploads", "crowd"];

/// The bench that counts instructions with valgrind.
const NEEDS_VALGRIND: &str = "overhead";

/// Runs the gate: format, lints, documentation, generated code, features alone, and all tests.
#[derive(Debug, clap::Args)]
pub(crate) struct Ci {
    /// Skips the tests.
    #[arg(long)]
    skip_tests: bool,
    /// Adds steps that are slow, or whose tools must be built first: the tests with each kind of TLS, the bounds of the
    /// benches, pairs of features, advisories and licences, the oldest versions of dependencies, and three minutes of
    /// each fuzz target. Needs the network, and a nightly toolchain for the last two.
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
        Ok(run(&steps)?)
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
        Step::own(
            "each package has its recorded contents, and builds alone",
            "release packages",
        )?,
    ];
    // The public API may differ between platforms. The recorded files are those of Linux.
    if cfg!(target_os = "linux") {
        steps.push(Step::own(
            "the public API of each crate matches its file",
            "release api",
        )?);
    }
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

fn full() -> anyhow::Result<Vec<Step>> {
    let nightly = nightly();
    let mut steps = transport_suites();
    steps.extend(benches());
    steps.extend(installed("hack", HACK));
    steps.extend(feature_pairs());
    steps.extend(installed("deny", DENY));
    steps.push(Step::cargo(
        "no dependency has an advisory, a licence or a source that is not allowed",
        "deny --locked --workspace check",
    ));
    steps.push(Step::cargo(
        "no dependency of the fuzz targets does either",
        "deny --locked --manifest-path fuzz/Cargo.toml check",
    ));
    steps.extend(oldest_versions(nightly));
    steps.extend(installed("fuzz", FUZZ));
    steps.extend(fuzzing(nightly)?);
    Ok(steps)
}

fn transport_suites() -> Vec<Step> {
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
    steps
}

fn benches() -> Vec<Step> {
    let mut steps = Vec::new();
    for bench in BENCHES {
        if *bench == NEEDS_VALGRIND && !has_valgrind() {
            complain(format_args!(
                "left out: the bounds of the bench {bench}, since valgrind is not installed"
            ));
            continue;
        }
        steps.push(Step::cargo(
            format!("the bench {bench} keeps within its bounds"),
            format!("bench -q --locked -p integration-tests --bench {bench} -- --check"),
        ));
    }
    steps
}

fn feature_pairs() -> impl Iterator<Item = Step> {
    let openssl = if has_platform_tls() {
        ""
    } else {
        ",native-tls"
    };
    POWERSETS.iter().map(move |(packages, left_out)| {
        let packages: String = packages.iter().map(|name| format!(" -p {name}")).collect();
        Step::cargo(
            "every two features build together",
            format!(
                "hack check -q --locked --lib --feature-powerset --depth 2 \
                 --exclude-features default{left_out}{openssl}{packages}"
            ),
        )
    })
}

fn oldest_versions(nightly: &str) -> [Step; 2] {
    let oldest = format!(
        "+{nightly} -Z direct-minimal-versions \
         --config resolver.lockfile-path='{OLDEST}/Cargo.lock'"
    );
    [
        Step::cargo(
            "the oldest allowed versions of direct dependencies resolve",
            format!("{oldest} generate-lockfile"),
        ),
        Step::cargo(
            "the crates build with them",
            format!(
                "{oldest} check --locked -p security-api-transport -p push-security-api -p pwpush-api \
                 -p keepnet-api --target-dir {OLDEST}"
            ),
        ),
    ]
}

fn fuzzing(nightly: &str) -> anyhow::Result<Vec<Step>> {
    let mut steps = Vec::new();
    for target in fuzz_targets()? {
        let corpus = root().join("fuzz/corpus").join(&target);
        std::fs::create_dir_all(corpus)
            .context("cannot create the folder of the fuzzer's corpus")?;
        steps.push(Step::cargo(
            format!("no input of {FUZZ_SECONDS} s breaks the fuzz target {target}"),
            format!(
                "+{nightly} fuzz run {target} fuzz/corpus/{target} fuzz/seeds/{target} -- \
                 -dict=fuzz/dictionaries/{target}.dict -max_total_time={FUZZ_SECONDS}"
            ),
        ));
    }
    Ok(steps)
}

/// Returns the names of the fuzz targets.
fn fuzz_targets() -> anyhow::Result<Vec<String>> {
    let files =
        std::fs::read_dir(root().join("fuzz/targets")).context("cannot list the fuzz targets")?;
    let mut names = Vec::new();
    for file in files {
        let name = file?.path().with_extension("");
        names.extend(
            name.file_name()
                .map(|name| name.to_string_lossy().into_owned()),
        );
    }
    names.sort_unstable();
    Ok(names)
}

/// Returns the step that installs a tool, or `None` if this version of it is installed.
fn installed(subcommand: &str, tool: &str) -> Option<Step> {
    let (name, version) = tool.split_once('@')?;
    let there = version_of(subcommand).is_some_and(|said| said.trim().ends_with(version));
    (!there).then(|| {
        Step::cargo(
            format!("{name} {version} is there"),
            format!("install -q --locked --root {TOOLS} {tool}"),
        )
    })
}

/// Returns the name of the nightly toolchain to use.
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

fn has_valgrind() -> bool {
    Command::new("valgrind")
        .arg("--version")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_step_changes_a_lock_file() {
        let mut steps = checks().unwrap();
        steps.extend(tests().unwrap());
        steps.extend(full().unwrap());
        let free = ["fmt", "codegen", "exercise", "release"];
        for step in steps {
            let free = free.contains(&&*step.arguments[0])
                // These steps write lock files that are not committed. The fuzz targets' lock file is checked before
                // they are built.
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
        let fuzz = root().join("fuzz");
        for name in fuzz_targets().unwrap() {
            assert!(fuzz.join("seeds").join(&name).is_dir(), "{name:?}");
            let dictionary = fuzz.join("dictionaries").join(&name);
            assert!(dictionary.with_extension("dict").is_file(), "{name:?}");
        }
    }

    #[test]
    fn workflows_use_the_toolchain_and_tools_of_the_gate_and_pinned_actions() {
        let folder = root().join(".github/workflows");
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

    /// Returns the features of a manifest, except `default` and `_tls`. Any TLS feature enables `_tls`, which selects
    /// no library.
    fn declared(package: &str) -> Vec<String> {
        let folder = package.trim_start_matches("security-api-");
        let path = root().join("crates").join(folder).join("Cargo.toml");
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
            .filter(|name| name != "default" && name != "_tls")
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
