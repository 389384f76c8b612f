//! The commands of `cargo xtask`.

use std::fmt::Write as _;

/// A command of `cargo xtask`.
#[derive(Debug)]
pub struct Command {
    /// The name on the command line.
    pub name: &'static str,
    /// A one-line description.
    pub about: &'static str,
}

/// The commands of the program without dependencies.
pub const LIGHT: &[Command] = &[
    Command {
        name: "demo",
        about: "Runs the playbook: a stolen credential is detected, its owner gets a one-time link and a training, and all is exported",
    },
    Command {
        name: "test",
        about: "Runs every test: with nextest if it is installed, otherwise with plain cargo",
    },
];

/// The commands of the tools, which have dependencies.
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
        about: "Measures the cost of compiling a crate alone, with its dependencies built",
    },
    Command {
        name: "exercise",
        about: "Calls every operation of a service once and reports the requests and responses",
    },
    Command {
        name: "operations",
        about: "Lists every operation of every service",
    },
    Command {
        name: "release",
        about: "Publishes a crate, or lists what there is to publish",
    },
    Command {
        name: "spec",
        about: "Compares a vendor's document with its record, adds new parts to our description, and checks descriptions",
    },
];

/// Returns the list of all commands.
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
    text.push_str("\n`cargo xtask help <COMMAND>` describes one command.");
    text
}
