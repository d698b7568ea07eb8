//! `sumun scan list` and `sumun scan explain`: what is checked.

use api::{Value, object};
use clap::{Arg, ArgMatches, Command};
use posture::{Language, catalogue};

use super::{language, spoken};
use crate::common::{self, Failure, Output, exit, table};

/// The subcommands.
pub(super) fn commands() -> [Command; 2] {
    [
        Command::new("list").about("Every check").args([common::output_arg(), language()]),
        Command::new("explain")
            .about("What a check asks for, and what to do about it")
            .arg(Arg::new("id").required(true).value_name("ID").help("Such as POD-005"))
            .args([common::output_arg(), language()]),
    ]
}

pub(super) fn list(matches: &ArgMatches) -> Result<u8, Failure> {
    let language = spoken(matches);
    let value = || Value::from(catalogue().iter().map(|c| described(c, language)).collect::<Vec<_>>());
    Output::of(matches).show(value, || {
        let rows: Vec<_> = catalogue()
            .iter()
            .map(|check| {
                let inputs: Vec<_> = check.inputs.iter().map(|kind| kind.words().of(language)).collect();
                let title = check.title.of(language).to_owned();
                vec![check.id.to_owned(), check.severity.to_string(), inputs.join(" / "), title]
            })
            .collect();
        table(&["ID", "SEVERITY", "FROM", "WHAT IS ASKED FOR"], &rows)
    })?;
    Ok(exit::OK)
}

fn described(check: &posture::Check, language: Language) -> Value {
    let list = |items: &[&'static str]| items.iter().map(|item| Value::from(*item)).collect::<Vec<_>>();
    let inputs: Vec<_> = check.inputs.iter().map(|kind| Value::from(kind.words().of(language))).collect();
    object! {
        "id" => check.id,
        "area" => check.area().words().of(language),
        "severity" => check.severity.name(),
        "title" => check.title.of(language),
        "remedy" => check.remedy.of(language),
        "from" => inputs,
        "items" => list(&check.items),
        "cis" => list(&check.cis),
        "nsa" => list(&check.nsa),
        "pss" => check.pss,
    }
}

pub(super) fn explain(matches: &ArgMatches) -> Result<u8, Failure> {
    let id = matches.get_one::<String>("id").map(|id| id.to_ascii_uppercase()).unwrap_or_default();
    let check = posture::check(&id)
        .ok_or_else(|| Failure(format!("there is no check {id}; `sumun scan list` names them all")))?;
    let language = spoken(matches);
    Output::of(matches).show(
        || described(check, language),
        || {
            let mut rows = vec![
                (check.id, check.title.of(language).to_owned()),
                ("area", check.area().words().of(language).to_owned()),
                ("severity", check.severity.to_string()),
                ("remedy", check.remedy.of(language).to_owned()),
            ];
            let references = [("items", &check.items), ("CIS", &check.cis), ("NSA", &check.nsa)];
            let given = references.into_iter().filter(|(_, items)| !items.is_empty());
            rows.extend(given.map(|(name, items)| (name, items.join(", "))));
            if !check.pss.is_empty() {
                rows.push(("PSS", check.pss.to_owned()));
            }
            rows.into_iter().map(|(name, text)| format!("{name:<10} {text}\n")).collect()
        },
    )?;
    Ok(exit::OK)
}
