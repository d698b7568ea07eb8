//! `sumun who-can`: everybody who may do something, by which binding, role and rule.

use std::process::ExitCode;

use api::user::UserInfo;
use api::{Value, object};
use authz::explain::{Holder, holder_value};
use authz::rbac::{Subject, SubjectKind};
use authz::{Attributes, Authorizer};
use clap::{ArgMatches, Command};

use crate::common::{self, Failure, Live, Output, Policy, Question, Sources, exit, rule_text, table};

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
    Command::new(NAME)
        .about("List everybody who may do something, with the binding, role and rule that say so")
        .after_help(HELP)
        .args(common::question_args())
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
    let rows: Vec<Value> = holders.list.iter().map(|holder| row(holder, &policy, &question)).collect();
    let mut answer = object! {
        "question" => question.describe(), "subjects" => rows,
        "notes" => holders.notes.iter().map(String::as_str).map(Value::from).collect::<Vec<_>>(),
    };
    policy.add_origins(&mut answer);
    Output::of(matches).show(|| answer.clone(), || render(&answer))?;
    Ok(if !policy.is_complete {
        exit::INCOMPLETE
    } else if answer.array_at(&["subjects"]).is_empty() {
        exit::NO
    } else {
        exit::OK
    })
}

/// A holder, and whether all authorizers together let it pass: another one may deny first.
fn row(holder: &Holder, policy: &Policy, question: &Question) -> Value {
    let mut value = holder_value(holder);
    let user = user_of(&holder.subject);
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

/// A user that is this subject and nothing else.
fn user_of(subject: &Subject) -> UserInfo {
    match subject.kind {
        SubjectKind::Group => UserInfo::new("", [subject.name.as_str()]),
        SubjectKind::ServiceAccount => {
            let name = api::user::service_account_username(&subject.namespace, &subject.name);
            UserInfo::new(name, [""; 0])
        }
        _ => UserInfo::new(subject.name.as_str(), [""; 0]),
    }
}

fn render(answer: &Value) -> String {
    let text = |v: &Value, path: &[&str]| v.str_at(path).to_owned();
    let rows: Vec<Vec<String>> = answer
        .array_at(&["subjects"])
        .iter()
        .map(|s| {
            let namespace = text(s, &["subject", "namespace"]);
            let slash = if namespace.is_empty() { "" } else { "/" };
            let scope = match (text(s, &["binding", "namespace"]), s.at(&["binding"]).is_null()) {
                (_, true) => "*".to_owned(),
                (namespace, _) if namespace.is_empty() => "*".to_owned(),
                (namespace, _) => namespace,
            };
            let by = match text(s, &["source"]) {
                source if !source.is_empty() => format!("{}: {source}", text(s, &["authorizer"])),
                _ => format!("{} {}", text(s, &["binding", "kind"]), text(s, &["binding", "name"])),
            };
            let role = match text(s, &["role", "name"]) {
                name if name.is_empty() => "-".to_owned(),
                name => format!("{} {name}", text(s, &["role", "kind"])),
            };
            let mut rule =
                if s.at(&["rule"]).is_null() { "-".to_owned() } else { rule_text(s.at(&["rule"])) };
            if let Some(why) = s.get("denied").and_then(Value::as_str) {
                rule = format!("but denied: {why}");
            }
            let mut row = vec![
                text(s, &["subject", "kind"]),
                format!("{namespace}{slash}{}", text(s, &["subject", "name"])),
                scope,
                by,
                role,
                rule,
            ];
            row.extend(s.at(&["binding", "origin"]).as_str().map(str::to_owned));
            row
        })
        .collect();
    let with_origin = rows.iter().any(|r| r.len() > 6);
    let heading = ["KIND", "SUBJECT", "SCOPE", "BY", "ROLE", "RULE", "AT"];
    let heading = heading.get(..if with_origin { 7 } else { 6 }).unwrap_or_default();
    let mut out = if rows.is_empty() {
        format!("Nobody may {}.\n", answer.str_at(&["question"]))
    } else {
        table(heading, &rows)
    };
    for note in answer.array_at(&["notes"]).iter().filter_map(Value::as_str) {
        out.push_str(&format!("note: {note}\n"));
    }
    out
}
