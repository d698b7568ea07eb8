//! `sumun completion SHELL`.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;

pub(crate) const NAME: &str = "completion";

pub(crate) fn command() -> Command {
    Command::new(NAME)
        .about("Print the completion script of a shell")
        .after_help("Example: source <(sumun completion bash)")
        .arg(
            Arg::new("shell")
                .required(true)
                .value_parser(value_parser!(Shell))
                .help("bash, zsh, fish, elvish or powershell"),
        )
}

pub(crate) fn run(matches: &ArgMatches, command: &mut Command) -> ExitCode {
    let Some(shell) = matches.get_one::<Shell>("shell") else { return ExitCode::from(2) };
    // Into memory first: the generator panics when its output cannot be written.
    let mut script = Vec::new();
    clap_complete::generate(*shell, command, "sumun", &mut script);
    match std::io::stdout().write_all(&script) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let _ = writeln!(std::io::stderr(), "cannot write the script: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
