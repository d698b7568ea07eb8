//! `sumun cel eval|check`: the expressions of policies and rules, tried by hand.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use api::{Value, object};
use cel::{Activation, Checked, Env, Limits, Program, Type};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};

pub(crate) const NAME: &str = "cel";

/// What an expression may cost, in CEL's units: the budget of all expressions of one request (upstream's
/// `RuntimeCELCostBudget`).
const BUDGET: u64 = 10_000_000;
/// The variables of admission policies and of rules in schemas, which `check` knows without being told.
const KNOWN: [&str; 7] = ["object", "oldObject", "params", "request", "namespaceObject", "self", "oldSelf"];

const EVAL_HELP: &str = "\
Examples:
  # A rule about a manifest
  sumun cel eval 'object.spec.replicas <= 5' -f deployment.yaml

  # An update, as an admission policy sees it
  sumun cel eval 'object.spec.replicas >= oldObject.spec.replicas' -f new.yaml --var oldObject=old.yaml

  # What kubectl says, for a program
  kubectl get deployment web -o yaml | sumun cel eval 'object.status.readyReplicas' -f - -o json

Exit codes: 0 a value, 1 an error while evaluating, 2 an expression that does not compile or a file that cannot be read.";

const CHECK_HELP: &str = "\
Example:
  sumun cel check 'object.spec.containers.all(c, c.image.startsWith(\"registry.example.com/\"))'

Known are object, oldObject, params, request, namespaceObject, self and oldSelf, of any type; more with --var.
Exit codes: 0 it compiles, 2 it does not.";

pub(crate) fn command() -> Command {
    let expression = Arg::new("expression").required(true).help("The expression");
    let output = Arg::new("output")
        .short('o')
        .long("output")
        .value_parser(["text", "json", "yaml"])
        .default_value("text")
        .help("How the outcome is shown");
    let file = Arg::new("file")
        .short('f')
        .long("file")
        .value_name("FILE")
        .value_hint(ValueHint::FilePath)
        .help("YAML or JSON that is `object` (and `self`) in the expression; - is standard input");
    let var = Arg::new("var").long("var").action(ArgAction::Append);
    Command::new(NAME)
        .about("Try expressions in CEL, the language of admission policies and validation rules")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("eval")
                .about("Evaluate an expression over objects: value, type and cost")
                .after_help(EVAL_HELP)
                .args([expression.clone(), file, output.clone()])
                .arg(var.clone().value_name("NAME=FILE").help("YAML or JSON that is NAME; may be repeated")),
        )
        .subcommand(
            Command::new("check")
                .about("Compile an expression: its type and what it may cost at least")
                .after_help(CHECK_HELP)
                .args([expression, output])
                .arg(var.value_name("NAME").help("One more variable that the expression may mention")),
        )
}

pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    match outcome(matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            let _ = writeln!(std::io::stderr(), "{}", problem.text);
            ExitCode::from(problem.code)
        }
    }
}

fn outcome(matches: &ArgMatches) -> Result<(), Problem> {
    match matches.subcommand() {
        Some(("eval", matches)) => show(matches, &eval(matches)?),
        Some(("check", matches)) => show(matches, &check(matches)?),
        _ => Err(Problem::usage("eval or check?")),
    }
}

/// What went wrong, and the exit code that says so.
struct Problem {
    text: String,
    code: u8,
}

impl Problem {
    fn usage(text: impl std::fmt::Display) -> Self {
        Self { text: text.to_string(), code: 2 }
    }
}

fn eval(matches: &ArgMatches) -> Result<Value, Problem> {
    let mut values = Vec::new();
    if let Some(file) = matches.get_one::<String>("file") {
        let value = read(file)?;
        values.push(("object".to_owned(), value.clone()));
        values.push(("self".to_owned(), value));
    }
    for pair in matches.get_many::<String>("var").into_iter().flatten() {
        let (name, file) = pair
            .split_once('=')
            .ok_or_else(|| Problem::usage(format!("--var {pair}: NAME=FILE is wanted")))?;
        values.push((name.to_owned(), read(file)?));
    }
    let env = values.iter().fold(Env::kubernetes(), |env, (name, _)| env.variable(name, Type::Dyn));
    let checked = compile(&env, matches)?;
    let program = Program::new(&checked).map_err(Problem::usage)?;
    let known = values
        .iter()
        .fold(Activation::new(&env), |known, (name, value)| known.set(name, cel::Value::json(value)));
    let outcome = program.evaluate(&known, &Limits { cost: Some(BUDGET), cancel: None });
    let value = outcome
        .value
        .map_err(|error| Problem { text: format!("ERROR: {error}\ncost: {}", outcome.cost), code: 1 })?;
    // What JSON has no form for, such as a type, is shown as an expression would write it.
    let shown = value.to_json().unwrap_or_else(|| value.to_string().into());
    let ty = value.type_of().to_string();
    Ok(object! { "value" => shown, "type" => ty, "cost" => number(outcome.cost) })
}

fn check(matches: &ArgMatches) -> Result<Value, Problem> {
    let more = matches.get_many::<String>("var").into_iter().flatten().map(String::as_str);
    let env =
        KNOWN.into_iter().chain(more).fold(Env::kubernetes(), |env, name| env.variable(name, Type::Dyn));
    let checked = compile(&env, matches)?;
    let estimate = checked.estimate(&());
    let mut cost = object! { "min" => number(estimate.min) };
    if estimate.max != u64::MAX {
        cost.set_at(&["max"], number(estimate.max));
    }
    Ok(object! { "type" => checked.output_type().to_string(), "estimatedCost" => cost })
}

fn compile(env: &Env, matches: &ArgMatches) -> Result<Checked, Problem> {
    let text = matches.get_one::<String>("expression").map_or("", String::as_str);
    env.compile(text).map_err(Problem::usage)
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The value in a file of YAML or JSON.
fn read(file: &str) -> Result<Value, Problem> {
    let mut bytes = Vec::new();
    let read = match file {
        "-" => std::io::stdin().lock().read_to_end(&mut bytes).map(drop),
        file => std::fs::read(Path::new(file)).map(|content| bytes = content),
    };
    read.map_err(|why| Problem::usage(format!("{file}: {why}")))?;
    let parsed = codec::yaml::parse(&bytes).map_err(|why| Problem::usage(format!("{file}: {why}")))?;
    Ok(parsed.value)
}

fn show(matches: &ArgMatches, outcome: &Value) -> Result<(), Problem> {
    let text = match matches.get_one::<String>("output").map(String::as_str) {
        Some("json") => api::json::to_string(outcome) + "\n",
        Some("yaml") => codec::yaml::write(outcome),
        _ => lines(outcome),
    };
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(why) if why.kind() != std::io::ErrorKind::BrokenPipe => Err(Problem::usage(why)),
        _ => Ok(()),
    }
}

/// A line a member, for people.
fn lines(outcome: &Value) -> String {
    let members = outcome.as_object().into_iter().flat_map(api::Map::iter);
    members.map(|(name, value)| format!("{name}: {}\n", plain(value))).collect()
}

fn plain(value: &Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => api::json::to_string(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(args: &[&str]) -> Result<String, (u8, String)> {
        let matches = command().try_get_matches_from([&[NAME], args].concat()).unwrap();
        let told = match matches.subcommand() {
            Some(("eval", matches)) => eval(matches),
            Some(("check", matches)) => check(matches),
            other => panic!("{other:?}"),
        };
        told.map(|value| lines(&value)).map_err(|problem| (problem.code, problem.text))
    }

    #[test]
    fn expressions_over_files() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("object.yaml");
        std::fs::write(&file, "spec: {replicas: 3, names: [a, b]}\n").unwrap();
        let file = file.to_str().unwrap();
        let rule = "object.spec.replicas <= 5 && 'a' in self.spec.names";
        assert_eq!(told(&["eval", rule, "-f", file]).unwrap(), "value: true\ntype: bool\ncost: 8\n");
        let var = format!("old={file}");
        assert!(told(&["eval", "old.spec.names.size()", "--var", &var]).unwrap().starts_with("value: 2\n"));
        assert_eq!(told(&["eval", "type(1)"]).unwrap(), "value: int\ntype: type\ncost: 0\n");
        assert!(told(&["eval", "ip('10.0.0.1')"]).unwrap().starts_with("value: "));
        let (code, text) = told(&["eval", "object.spec.x", "-f", file]).unwrap_err();
        assert_eq!(code, 1);
        assert!(text.starts_with("ERROR: no such key: x"), "{text}");
    }

    #[test]
    fn what_does_not_compile_is_shown_with_a_caret() {
        let (code, text) = told(&["check", "object.x && foo"]).unwrap_err();
        assert_eq!((code, text.lines().count()), (2, 3), "{text}");
        assert!(text.contains("undeclared reference to 'foo'") && text.ends_with('^'), "{text}");
        assert!(told(&["check", "object.x && foo", "--var", "foo"]).is_ok());
        assert_eq!(told(&["eval", "1", "-f", "/no/such/file"]).unwrap_err().0, 2);
        assert_eq!(told(&["eval", "1", "--var", "x"]).unwrap_err().0, 2);
    }
}
