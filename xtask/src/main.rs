//! The workspace's own commands: `cargo xtask help`.

mod codegen;
mod compile_time;
mod console;
mod demo;
mod exercise;
mod gate;
mod operations;
mod program;
mod project;
mod spec;

use std::process::ExitCode;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The workspace's own commands")]
enum Command {
    Ci(gate::Ci),
    Codegen(codegen::Codegen),
    CompileTime(compile_time::CompileTime),
    Demo(demo::Demo),
    Exercise(exercise::Exercise),
    Operations(operations::Operations),
    Spec(spec::Spec),
    Test(gate::Test),
}

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Ci(command) => command.run(),
        Command::Codegen(command) => command.run(),
        Command::CompileTime(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Exercise(command) => command.run(),
        Command::Operations(command) => command.run(),
        Command::Spec(command) => command.run(),
        Command::Test(command) => command.run(),
    };
    outcome.unwrap_or_else(|error| {
        console::complain(format_args!("error: {error:#}"));
        ExitCode::FAILURE
    })
}
