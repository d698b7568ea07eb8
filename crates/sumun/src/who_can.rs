//! `sumun who-can`: everybody who may do something, by which binding, role and rule.

use std::process::ExitCode;

use api::user::UserInfo;
use api::{Value, object};
use authz::explain::{Holder, holder_value};
use authz::{Attributes, Authorizer, bootstrap};
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::common::{
    self, Failure, Live, Output, Policy, Question, Sources, exit, rule_text, source_text, table,
};

pub(crate) const NAME: &str = "who-can";

const HELP: &str = "\
Examples:
  sumun who-can delete pods -n shop
  sumun who-can get secrets database -n shop -f manifests/
  sumun who-can create pods/exec -n shop -o json
  sumun who-can '*' '*'
  sumun who-can get /metrics

With -A: who may in all namespaces at once; -n NAME has them, too.
Exit codes: 0 somebody may, 1 nobody may, 2 the question cannot be answered, 3 some files could not be read.";

pub(crate) fn command() -> Command {
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    Command::new(NAME)
        .about("List everybody who may do something, with the binding, role and rule that say so")
        .after_help(HELP)
        .args(common::question_args())
        .arg(flag("all").help("Also the accounts and groups that every cluster has for itself"))
        .arg(flag("rules").help("Also the rule of each role"))
        .args(common::source_args())
        .args(common::policy_args())
        .arg(common::output_arg())
}

pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    common::end(outcome(matches))
}

fn outcome(matches: &ArgMatches) -> Result<u8, Failure> {
    let mut live = Sources::of(matches).open_live()?;
    let namespace =
        live.as_ref().map(Live::namespace).filter(|n| !n.is_empty()).unwrap_or("default").to_owned();
    let policy = Policy::load(matches, false, live.as_mut())?;
    let question = Question::of(matches, UserInfo::default(), &policy.resources, &namespace)?;
    let holders = policy.union.holders(&question.attributes());
    let (shown, stock): (Vec<&Holder>, Vec<&Holder>) =
        holders.list.iter().partition(|holder| matches.get_flag("all") || !is_stock(holder));
    let rows: Vec<Value> = shown.into_iter().map(|holder| row(holder, &policy, &question)).collect();
    let mut notes = holders.notes;
    if !stock.is_empty() {
        notes.push(format!("and {} that every cluster has for itself; --all lists them", stock.len()));
    }
    let notes: Vec<Value> = notes.iter().map(String::as_str).map(Value::from).collect();
    let mut answer = object! { "question" => question.describe(), "subjects" => rows, "notes" => notes };
    policy.add_origins(&mut answer);
    Output::of(matches).show(|| answer.clone(), || render(&answer, matches.get_flag("rules")))?;
    Ok(if !policy.is_complete {
        exit::INCOMPLETE
    } else if answer.array_at(&["subjects"]).is_empty() {
        exit::NO
    } else {
        exit::OK
    })
}

/// True when a binding that every cluster starts with says so.
fn is_stock(holder: &Holder) -> bool {
    let Some(grant) = &holder.grant else { return false };
    let binding = &grant.binding;
    bootstrap::is_binding(&binding.namespace, &binding.name)
}

/// A holder, and whether all authorizers together let it pass: another one may deny first.
fn row(holder: &Holder, policy: &Policy, question: &Question) -> Value {
    let mut value = holder_value(holder);
    let user = holder.subject.user("");
    let verdict = policy.union.authorize(&Attributes { user: &user, ..question.attributes() });
    if !verdict.allowed() {
        let why = verdict.reason.to_string();
        value.set_at(
            &["denied"],
            if why.is_empty() { "another authorizer denies it".to_owned() } else { why },
        );
    }
    value
}

fn render(answer: &Value, wide: bool) -> String {
    let subjects = answer.array_at(&["subjects"]);
    let located = subjects.iter().any(|s| !s.str_at(&["binding", "origin"]).is_empty());
    let rows: Vec<Vec<String>> = subjects.iter().map(|subject| cells(subject, wide, located)).collect();
    let mut heading = vec!["SUBJECT", "SCOPE", "BY"];
    heading.extend(wide.then_some("RULE"));
    heading.extend(located.then_some("AT"));
    let mut out = if rows.is_empty() {
        format!("Nobody may {}.\n", answer.str_at(&["question"]))
    } else {
        table(&heading, &rows)
    };
    for note in answer.array_at(&["notes"]).iter().filter_map(Value::as_str) {
        out.push_str(&format!("note: {note}\n"));
    }
    out
}

fn cells(grant: &Value, wide: bool, located: bool) -> Vec<String> {
    let text = |path: &[&str]| grant.str_at(path);
    let namespace = text(&["subject", "namespace"]);
    let slash = if namespace.is_empty() { "" } else { "/" };
    let scope = match text(&["binding", "namespace"]) {
        "" => "*",
        namespace => namespace,
    };
    let denied = grant.get("denied").and_then(Value::as_str).map(|why| format!(" (but denied: {why})"));
    let mut cells = vec![
        format!("{} {namespace}{slash}{}", text(&["subject", "kind"]), text(&["subject", "name"])),
        scope.to_owned(),
        source_text(grant) + &denied.unwrap_or_default(),
    ];
    cells.extend(wide.then(|| {
        if grant.at(&["rule"]).is_null() { "-".to_owned() } else { rule_text(grant.at(&["rule"])) }
    }));
    cells.extend(located.then(|| text(&["binding", "origin"]).to_owned()));
    cells
}
