//! The `sumun` command.  Each subcommand is a file of its own; flags are a table.

mod can_list;
mod cel;
mod common;
mod completion;
mod escalations;
mod explain;
mod flags;
mod kubeconfig;
mod least_privilege;
mod scan;
mod serve;
mod token;
mod who_can;

use std::process::ExitCode;

use clap::Command;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if called_kube_apiserver() {
        return serve::run(&serve::as_kube_apiserver().get_matches());
    }
    let mut command = cli();
    match command.clone().get_matches().subcommand() {
        Some((serve::NAME, matches)) => serve::run(matches),
        Some((explain::NAME, matches)) => explain::run(matches),
        Some((who_can::NAME, matches)) => who_can::run(matches),
        Some((can_list::NAME, matches)) => can_list::run(matches),
        Some((least_privilege::NAME, matches)) => least_privilege::run(matches),
        Some((escalations::NAME, matches)) => escalations::run(matches),
        Some((scan::NAME, matches)) => scan::run(matches),
        Some((cel::NAME, matches)) => cel::run(matches),
        Some((token::NAME, matches)) => token::run(matches),
        Some((kubeconfig::NAME, matches)) => kubeconfig::run(matches),
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
        .subcommands([
            serve::command(),
            explain::command(),
            who_can::command(),
            can_list::command(),
            least_privilege::command(),
            escalations::command(),
            scan::command(),
            cel::command(),
            token::command(),
            kubeconfig::command(),
            completion::command(),
        ])
}

/// True under the name `kube-apiserver` (a link): then the command line is that of `sumun serve`.
fn called_kube_apiserver() -> bool {
    let name = std::env::args_os().next().map(std::path::PathBuf::from);
    name.as_deref().and_then(std::path::Path::file_stem).is_some_and(|stem| stem == "kube-apiserver")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::cli().debug_assert();
        super::serve::as_kube_apiserver().debug_assert();
    }
}
