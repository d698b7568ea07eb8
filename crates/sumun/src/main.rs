//! The `sumun` command.  Each subcommand is a file of its own; flags are a table.

mod completion;
mod flags;
mod serve;

use std::process::ExitCode;

use clap::Command;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut command = cli();
    match command.clone().get_matches_from(arguments()).subcommand() {
        Some((serve::NAME, matches)) => serve::run(matches),
        Some((completion::NAME, matches)) => completion::run(matches, &mut command),
        _ => ExitCode::from(2),
    }
}

fn cli() -> Command {
    Command::new("sumun")
        .version(env!("CARGO_PKG_VERSION"))
        .about("The front door of the Kubernetes API.")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([serve::command(), completion::command()])
}

/// The command line; under the name `kube-apiserver` it is that of `sumun serve`.
fn arguments() -> Vec<std::ffi::OsString> {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    let name = arguments.first().map(std::path::PathBuf::from);
    if name.as_deref().and_then(std::path::Path::file_stem).is_some_and(|stem| stem == "kube-apiserver") {
        arguments.insert(1, serve::NAME.into());
    }
    arguments
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::cli().debug_assert();
    }
}
