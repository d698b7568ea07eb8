//! `sumun scan list` and `sumun scan explain`: what is checked, and which limits a site may decide.

use api::{Value, object};
use clap::{Arg, ArgAction, ArgMatches, Command};
use posture::{LIMITS, Language, Limit, catalogue};

use super::{language, spoken};
use crate::common::{self, Failure, Output, exit, table};

/// The subcommands.
pub(super) fn commands() -> [Command; 2] {
    [
        Command::new("list").about("Every check").args([limits(), common::output_arg(), language()]),
        Command::new("explain")
            .about("What a check asks for, and what to do about it")
            .arg(Arg::new("id").required(true).value_name("ID").help("Such as POD-005"))
            .args([common::output_arg(), language()]),
    ]
}

fn limits() -> Arg {
    Arg::new("limits")
        .long("limits")
        .action(ArgAction::SetTrue)
        .help("What you may decide with --limit NAME=N, instead of the checks")
}

pub(super) fn list(matches: &ArgMatches) -> Result<u8, Failure> {
    let language = spoken(matches);
    if matches.get_flag("limits") {
        return list_limits(matches, language);
    }
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

fn list_limits(matches: &ArgMatches, language: Language) -> Result<u8, Failure> {
    let value = || Value::from(LIMITS.iter().map(|limit| limited(limit, language)).collect::<Vec<_>>());
    Output::of(matches).show(value, || {
        let row = |limit: &Limit| {
            let about = limit.about.of(language).to_owned();
            vec![limit.name.to_owned(), limit.default.to_string(), limit.checks.join(" "), about]
        };
        table(&["NAME", "DEFAULT", "CHECKS", "WHAT"], &LIMITS.iter().map(row).collect::<Vec<_>>())
    })?;
    Ok(exit::OK)
}

fn limited(limit: &Limit, language: Language) -> Value {
    object! {
        "name" => limit.name,
        "default" => limit.default,
        "checks" => limit.checks.iter().map(|id| Value::from(*id)).collect::<Vec<_>>(),
        "about" => limit.about.of(language),
    }
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
        "limits" => Limit::of(check.id).map(|limit| limited(limit, language)).collect::<Vec<_>>(),
    }
}

/// What to say of a name that no check has: an item of a guideline, or a slip.
fn unknown(id: &str) -> String {
    let said = |words: &[&str]| words.join(", ");
    let checks = catalogue().iter();
    let decides = |c: &&posture::Check| c.items.iter().chain(&c.cis).chain(&c.nsa).any(|item| *item == id);
    let deciding: Vec<_> = checks.clone().filter(decides).map(|check| check.id).collect();
    if !deciding.is_empty() {
        return format!("{id} is an item of a guideline; what decides it: {}", said(&deciding));
    }
    let near: Vec<_> = checks.filter(|check| is_near(id, check.id)).map(|check| check.id).take(5).collect();
    let meant = if near.is_empty() { String::new() } else { format!(" did you mean {}?", said(&near)) };
    format!("there is no check {id};{meant} `sumun scan list` names them all")
}

/// True for a name without its dash or its zeros, and for one that differs in one letter.
fn is_near(given: &str, id: &str) -> bool {
    let parts = |name: &str| {
        let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
        let letters = name.strip_suffix(digits).unwrap_or(name).trim_end_matches(['-', '_', ' ']);
        (letters.to_owned(), digits.parse::<u32>().ok())
    };
    let differ = given.chars().zip(id.chars()).filter(|(a, b)| a != b).count();
    parts(given) == parts(id) || (given.len() == id.len() && differ == 1)
}

pub(super) fn explain(matches: &ArgMatches) -> Result<u8, Failure> {
    let id = matches.get_one::<String>("id").map(|id| id.to_ascii_uppercase()).unwrap_or_default();
    let check = posture::check(&id).ok_or_else(|| Failure(unknown(&id)))?;
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
            rows.extend(Limit::of(check.id).map(|limit| {
                let about = limit.about.of(language);
                ("limit", format!("--limit {}={}: {about}", limit.name, limit.default))
            }));
            rows.into_iter().map(|(name, text)| format!("{name:<10} {text}\n")).collect()
        },
    )?;
    Ok(exit::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_items_are_understood() {
        for (given, said) in [
            ("POD5", "did you mean POD-005?"),
            ("POD-05", "did you mean POD-005?"),
            ("PID-005", "did you mean POD-005?"),
            ("B8.4", "B8.4 is an item of a guideline; what decides it: "),
            ("NONSENSE", "there is no check NONSENSE; `sumun"),
        ] {
            assert!(unknown(given).contains(said), "{given}: {}", unknown(given));
        }
    }
}
