//! `sumun explain`: may somebody do something, why, and if not, what comes closest.

mod ask;
mod text;

use std::process::ExitCode;

use api::Value;
use clap::{Arg, ArgMatches, Command, ValueHint};

use crate::common::{self, Failure, Output, exit};

pub(crate) const NAME: &str = "explain";

const HELP: &str = "\
Examples:
  # Against the cluster of the kubeconfig
  sumun explain --as bob --as-group dev get pods -n shop

  # Against a directory of manifests, before they are applied
  sumun explain -f manifests/ --as system:serviceaccount:ci:pipeline create deployments.apps -n shop

  # What an audit event says was refused, against present roles
  sumun explain -f dump/ --audit-event event.json

  # A path; for a program
  sumun explain --as prober get /metrics -o json

Beside files (-f) the roles and bindings that every cluster starts with are taken as given.
Exit codes: 0 allowed, 1 denied, 2 the question cannot be answered, 3 answered, but some files could not be read.";

pub(crate) fn command() -> Command {
    let event = Arg::new("audit-event")
        .long("audit-event")
        .value_name("FILE")
        .value_hint(ValueHint::FilePath)
        .conflicts_with_all(["VERB", "as"])
        .help("Ask what the first event of this audit log asked; - is standard input");
    Command::new(NAME)
        .about("Explain why somebody may or may not do something, with the nearest misses")
        .after_help(HELP)
        .args(common::question_args())
        .args(common::user_args())
        .arg(event)
        .args(common::source_args())
        .args(common::policy_args())
        .arg(common::output_arg())
}

pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    common::end(outcome(matches))
}

fn outcome(matches: &ArgMatches) -> Result<u8, Failure> {
    let (answer, is_complete) = ask::ask(matches)?;
    Output::of(matches).show(|| answer.clone(), || text::render(&answer))?;
    Ok(match answer.at(&["allowed"]).as_bool() {
        _ if !is_complete => exit::INCOMPLETE,
        Some(true) => exit::OK,
        _ if answer.at(&["evaluationError"]).is_null() => exit::NO,
        _ => exit::FAILED,
    })
}

/// One string of an answer.
fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value.str_at(&[key])
}
