//! Builds and runs the other programs of the workspace.
//!
//! Each is built separately and only on demand, so that the generator works even if generated code does not compile.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitCode};

use crate::console::complain;
use crate::root;

/// Builds and runs a program of the integration tests.
///
/// # Errors
/// If cargo cannot be run.
pub fn run(name: &str, features: &str, arguments: &[&str]) -> io::Result<ExitCode> {
    let mut command = Command::new(cargo());
    command
        .current_dir(root())
        .args(["run", "--locked", "--package", "integration-tests"])
        .args(["--bin", name, "--features", features, "--"])
        .args(arguments);
    finish(command)
}

/// The target folder of the programs of this package.
const TARGET: &str = "target/xtask";

/// Builds the tools, and runs one of their commands in the current directory.
///
/// # Errors
/// If cargo cannot be run.
pub fn tools(arguments: &[&str]) -> io::Result<ExitCode> {
    let manifest = root().join("Cargo.toml");
    let target = root().join(TARGET);
    let mut command = Command::new(cargo());
    command.args(["run", "--locked", "--manifest-path"]);
    command.arg(manifest);
    command.args(["--package", "xtask", "--bin", "xtask-tools"]);
    command.arg("--target-dir").arg(&target);
    if target
        .join(format!("debug/xtask-tools{EXE_SUFFIX}"))
        .exists()
    {
        command.arg("--quiet");
    } else {
        complain(
            "Building the generator, the gate and the release tools. The first time takes about a minute.",
        );
    }
    command.arg("--").args(arguments);
    finish(command)
}

fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn finish(mut command: Command) -> io::Result<ExitCode> {
    let status = command
        .status()
        .map_err(|error| io::Error::new(error.kind(), format!("cannot run cargo: {error}")))?;
    // A program that a signal ended has no exit code.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the packages that are compiled for the demo.
    fn compiled(features: &str) -> String {
        let output = Command::new(cargo())
            .current_dir(root())
            .args([
                "tree", "--locked", "--quiet", "--edges", "no-dev", "--prefix", "none",
            ])
            .args(["--package", "integration-tests", "--features", features])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn tls_is_compiled_for_the_demo_with_the_real_services_alone() {
        let has_tls = |tree: &str| tree.contains("rustls") || tree.contains("aws-lc-sys");
        assert!(has_tls(&compiled("live")));
        let tree = compiled("");
        assert!(!has_tls(&tree), "{tree}");
        assert!(!tree.contains("proptest"), "{tree}");
    }
}
