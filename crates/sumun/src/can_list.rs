//! `sumun can-list`: everything that somebody may do, with where it comes from.

use std::process::ExitCode;

use api::{Value, object};
use authz::Authorizer;
use authz::explain::held_value;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::common::{self, Failure, Output, Policy, Sources, exit, rule_text, source_text, table};

pub(crate) const NAME: &str = "can-list";

const HELP: &str = "\
Examples:
  sumun can-list bob --as-group dev
  sumun can-list system:serviceaccount:monitoring:prometheus -f manifests/
  sumun can-list --group sre -o json

The user is taken to be in system:authenticated, and a service account in the groups of its own.
Exit codes: 0 done, 1 there is nothing, 2 the question cannot be answered, 3 some files could not be read.";

pub(crate) fn command() -> Command {
    let group = |name: &'static str| Arg::new(name).long(name).value_name("GROUP").action(ArgAction::Append);
    Command::new(NAME)
        .about("List everything that a user may do, with the binding and role that say so")
        .after_help(HELP)
        .arg(Arg::new("USER").value_name("USER").required_unless_present("group").help("The user"))
        .arg(group("as-group").help("Group of the user; may be repeated"))
        .arg(
            group("group")
                .conflicts_with("USER")
                .help("Only what members of this group may; may be repeated"),
        )
        .arg(
            Arg::new("namespace")
                .short('n')
                .long("namespace")
                .value_name("NAME")
                .help("Only what counts in this namespace"),
        )
        .args(common::source_args())
        .args(common::policy_args())
        .arg(common::output_arg())
}

pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    common::end(outcome(matches))
}

fn outcome(matches: &ArgMatches) -> Result<u8, Failure> {
    let strings =
        |name: &str| matches.get_many::<String>(name).into_iter().flatten().cloned().collect::<Vec<_>>();
    let user = match matches.get_one::<String>("USER") {
        Some(name) => common::user(name, strings("as-group")),
        None => api::user::UserInfo::new("", strings("group")),
    };
    let mut live = Sources::of(matches).open_live()?;
    let policy = Policy::load(matches, false, live.as_mut())?;
    let all = policy.union.held(&user);
    let here = matches.get_one::<String>("namespace");
    let fits = |namespace: &str| here.is_none_or(|here| namespace.is_empty() || namespace == here);
    let grants: Vec<Value> = all.list.iter().filter(|h| fits(&h.namespace)).map(held_value).collect();
    let mut answer = object! {
        "user" => user.value(), "grants" => grants,
        "notes" => all.notes.iter().map(String::as_str).map(Value::from).collect::<Vec<_>>(),
    };
    policy.add_origins(&mut answer);
    Output::of(matches).show(|| answer.clone(), || render(&answer))?;
    Ok(if !policy.is_complete {
        exit::INCOMPLETE
    } else if answer.array_at(&["grants"]).is_empty() {
        exit::NO
    } else {
        exit::OK
    })
}

fn render(answer: &Value) -> String {
    let text = |v: &Value, path: &[&str]| v.str_at(path).to_owned();
    let rows: Vec<Vec<String>> = answer
        .array_at(&["grants"])
        .iter()
        .map(|g| {
            let scope = match text(g, &["namespace"]) {
                namespace if namespace.is_empty() => "*".to_owned(),
                namespace => namespace,
            };
            let rule = match (g.at(&["rule"]).is_null(), g.at(&["role", "missing"]).as_bool()) {
                (false, _) => rule_text(g.at(&["rule"])),
                (true, Some(true)) => "(the role does not exist)".to_owned(),
                (true, _) => "(the role has no rules)".to_owned(),
            };
            let subject = match text(g, &["subject", "kind"]) {
                kind if kind.is_empty() => "-".to_owned(),
                kind => format!("{kind} {}", text(g, &["subject", "name"])),
            };
            vec![scope, rule, subject, source_text(g)]
        })
        .collect();
    let mut out =
        if rows.is_empty() { "Nothing.\n".to_owned() } else { table(&["SCOPE", "MAY", "AS", "BY"], &rows) };
    for note in answer.array_at(&["notes"]).iter().filter_map(Value::as_str) {
        out.push_str(&format!("note: {note}\n"));
    }
    out
}
