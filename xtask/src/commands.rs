//! What there is to run.

use std::fmt::Write as _;

/// A command of `cargo xtask`.
#[derive(Debug)]
pub struct Command {
    /// How it is called.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
}

/// What the program without dependencies does by itself.
pub const LIGHT: &[Command] = &[
    Command {
        name: "demo",
        about: "Runs the playbook: a stolen credential is detected, its owner is found, and everything is exported",
    },
    Command {
        name: "test",
        about: "Runs every test: with nextest if it is installed, otherwise with plain cargo",
    },
];

/// What needs the tools.
pub const TOOLS: &[Command] = &[
    Command {
        name: "ci",
        about: "Runs the gate: format, lints, documentation, generated code, features alone, and all tests",
    },
    Command {
        name: "codegen",
        about: "Writes the generated code, or checks that it is up to date",
    },
    Command {
        name: "compile-time",
        about: "Measures what compiling a crate takes by itself, with its dependencies built",
    },
    Command {
        name: "exercise",
        about: "Calls every operation of a service once and reports what was sent and what came back",
    },
    Command {
        name: "operations",
        about: "Lists every operation of every service",
    },
    Command {
        name: "release",
        about: "Publishes a crate, or says what there is to publish",
    },
    Command {
        name: "spec",
        about: "Compares a vendor's document with what is recorded of it, takes what is new into our description, and checks descriptions",
    },
];

/// The list of all commands.
#[must_use]
pub fn help() -> String {
    let mut text = "The workspace's own commands\n\nUsage: cargo xtask <COMMAND>\n".to_owned();
    for (title, commands) in [
        ("Commands", LIGHT),
        (
            "Commands that build the tools first, which takes a minute once",
            TOOLS,
        ),
    ] {
        let _ = write!(text, "\n{title}:\n");
        for Command { name, about } in commands {
            let _ = writeln!(text, "  {name:<12}  {about}");
        }
    }
    text.push_str("\n`cargo xtask help <COMMAND>` says more of one.");
    text
}
