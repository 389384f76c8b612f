//! The workspace's own commands: `cargo xtask help`.

mod codegen;
mod console;
mod exercise;
mod operations;
mod project;

use std::process::ExitCode;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The workspace's own commands")]
enum Command {
    Codegen(codegen::Codegen),
    Exercise(exercise::Exercise),
    Operations(operations::Operations),
}

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Codegen(command) => command.run(),
        Command::Exercise(command) => command.run(),
        Command::Operations(command) => command.run(),
    };
    outcome.unwrap_or_else(|error| {
        console::complain(format_args!("error: {error:#}"));
        ExitCode::FAILURE
    })
}
