//! The commands of `cargo xtask` with dependencies: the generator, the gate and what it checks.

mod codegen;
mod compile_time;
mod exercise;
mod gate;
mod operations;
mod project;
mod release;
mod spec;

use std::process::ExitCode;

use clap::Parser;
use xtask::console;

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "The workspace's own commands"
)]
enum Command {
    Ci(gate::Ci),
    Codegen(codegen::Codegen),
    CompileTime(compile_time::CompileTime),
    Exercise(exercise::Exercise),
    Operations(operations::Operations),
    Release(release::Release),
    Spec(spec::Spec),
}

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Ci(command) => command.run(),
        Command::Codegen(command) => command.run(),
        Command::CompileTime(command) => command.run(),
        Command::Exercise(command) => command.run(),
        Command::Operations(command) => command.run(),
        Command::Release(command) => command.run(),
        Command::Spec(command) => command.run(),
    };
    outcome.unwrap_or_else(|error| {
        console::complain(format_args!("error: {error:#}"));
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_list_of_commands_has_the_help_text_of_each() {
        let command = Command::command();
        let told = command.get_subcommands().map(|command| {
            let about = command.get_about().map(ToString::to_string);
            (command.get_name().to_owned(), about.unwrap_or_default())
        });
        let listed = xtask::commands::TOOLS
            .iter()
            .map(|command| (command.name.to_owned(), command.about.to_owned()));
        assert_eq!(listed.collect::<Vec<_>>(), told.collect::<Vec<_>>());
    }
}
