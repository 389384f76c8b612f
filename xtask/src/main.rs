//! The workspace's own commands: `cargo xtask help`.

mod codegen;
mod project;

use std::process::ExitCode;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The workspace's own commands")]
enum Command {
    Codegen(codegen::Codegen),
}

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Codegen(command) => command.run(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
