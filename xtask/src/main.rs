//! The workspace's own commands: `cargo xtask help`.
//!
//! This program has no dependencies. It runs the demo and the tests, and builds [the tools](../tools.rs) for all other
//! commands.

use std::io;
use std::process::ExitCode;

use xtask::console::{complain, say};
use xtask::{commands, program, step};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    run(&words).unwrap_or_else(|error| {
        complain(format_args!("error: {error}"));
        ExitCode::FAILURE
    })
}

const DEMO: &str = "\
Runs the playbook: a stolen credential is detected, its owner gets a one-time link and a training, and all is exported.

It needs no account: it starts the sandbox. With `--live` it runs against the real services, by the credentials in the
environment (`PUSH_SECURITY_API_KEY`, `PASSWORD_PUSHER_TOKEN`, `KEEPNET_CLIENT_ID` and `KEEPNET_CLIENT_SECRET`), after asking.

Usage: cargo xtask demo [--live]";

const TEST: &str = "\
Runs every test: with nextest if it is installed, otherwise with plain cargo.

Usage: cargo xtask test";

fn run(words: &[&str]) -> io::Result<ExitCode> {
    match words {
        ["help" | "--help" | "-h"] => {
            say(commands::help())?;
            Ok(ExitCode::SUCCESS)
        }
        [] => {
            complain(commands::help());
            Ok(ExitCode::from(2))
        }
        ["help", "demo"] | ["demo", "--help" | "-h"] => {
            say(DEMO)?;
            Ok(ExitCode::SUCCESS)
        }
        ["help", "test"] | ["test", "--help" | "-h"] => {
            say(TEST)?;
            Ok(ExitCode::SUCCESS)
        }
        ["demo"] | ["demo", "--live"] => {
            complain("Building the demo. The first time takes about a minute.");
            let features = if words.len() > 1 { "live" } else { "" };
            program::run("demo", features, &words[1..])
        }
        ["test"] => {
            complain("Building the tests. The first time takes some minutes.");
            step::run(&step::tests()?)
        }
        [light @ ("demo" | "test"), ..] => refuse(&format!(
            "unexpected arguments; `cargo xtask help {light}` says which it takes"
        )),
        ["help", name] | [name, ..] if commands::TOOLS.iter().any(|tool| tool.name == *name) => {
            program::tools(words)
        }
        ["help", name, ..] | [name, ..] => refuse(&format!(
            "there is no command `{name}`; `cargo xtask help` lists those there are"
        )),
    }
}

fn refuse(why: &str) -> io::Result<ExitCode> {
    complain(format_args!("error: {why}"));
    Ok(ExitCode::from(2))
}
