//! Findings, for people and for programs.
//!
//! Entry points: [`text`] and [`value`].

use std::fmt::Write as _;

use api::{Value, object};
use evidence::Origin;

use super::judge::Asked;
use super::principal::Principal;
use super::search::{Findings, Path, Step};

/// For people: a block a path, numbered steps, each permission with what gives it.
pub fn text(findings: &Findings) -> String {
    let mut out = String::new();
    for (who, asked) in &findings.admins {
        line(&mut out, 0, &format!("{who} is cluster-admin {}", gives(asked).join(", ")));
    }
    if !findings.admins.is_empty() {
        out.push('\n');
    }
    for path in &findings.paths {
        one(&mut out, path);
    }
    let (paths, looked_at) = (findings.paths.len(), findings.looked_at);
    line(&mut out, 0, &format!("{paths} of {looked_at} identities can become cluster-admin."));
    if findings.stock > 0 {
        let n = findings.stock;
        let text = format!("{n} more can by what every cluster starts with; --show-system shows them.");
        line(&mut out, 0, &text);
    }
    findings.notes.iter().for_each(|note| line(&mut out, 0, &format!("Note: {note}.")));
    out
}

fn one(out: &mut String, path: &Path) {
    let n = path.steps.len();
    let steps = if n == 1 { "1 step".to_owned() } else { format!("{n} steps") };
    let assumes = assumptions(path);
    let when = if assumes.is_empty() { String::new() } else { format!(", if {}", assumes.join(" and ")) };
    line(out, 0, &format!("{} can become cluster-admin in {steps}{when}", path.who));
    for (number, step) in (1..).zip(&path.steps) {
        line(out, 1, &format!("{number}. {} {}  [{}]", step.who, step.does, step.technique.id));
        for asked in &step.asked {
            line(out, 3, &format!("may {}", asked.what));
            gives(asked).iter().for_each(|text| line(out, 4, text));
        }
    }
    match &path.arrival {
        Some((who, asked)) => line(out, 1, &format!("=> {who} is cluster-admin {}", gives(asked).join(", "))),
        None => line(out, 1, "=> cluster-admin"),
    }
    if !path.also.is_empty() {
        line(out, 1, &format!("Also by: {}", path.also.join(", ")));
    }
    if path.members > 0 {
        line(out, 1, &format!("The same goes for {} identities that are in this group", path.members));
    }
    out.push('\n');
}

fn line(out: &mut String, depth: usize, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{:depth$}{text}", "", depth = depth * 2);
}

/// The binding, the rule and where both stand.
fn gives(asked: &Asked) -> Vec<String> {
    if asked.by.is_empty() {
        return vec!["as every member of system:masters".to_owned()];
    }
    let place = |origin: &Option<Origin>| origin.as_ref().map(ToString::to_string).unwrap_or_default();
    let (binding, role) = (place(&asked.binding_origin), place(&asked.role_origin));
    vec![format!("by {} [{binding}]", asked.by), format!("rule {} [{role}]", asked.rule)]
}

/// For programs.
pub fn value(findings: &Findings) -> Value {
    let admins = findings.admins.iter().map(|(who, asked)| {
        object! { "who" => principal(who), "by" => asked_value(asked) }
    });
    object! {
        "admins" => admins.collect::<Vec<_>>(),
        "paths" => findings.paths.iter().map(path).collect::<Vec<_>>(),
        "stockPaths" => int(findings.stock),
        "lookedAt" => int(findings.looked_at),
        "notes" => findings.notes.iter().map(|n| Value::from(n.as_str())).collect::<Vec<_>>(),
    }
}

fn path(path: &Path) -> Value {
    let mut value = object! {
        "who" => principal(&path.who),
        "length" => int(path.steps.len()),
        "assumes" => assumptions(path).into_iter().map(Value::from).collect::<Vec<_>>(),
        "steps" => path.steps.iter().map(step).collect::<Vec<_>>(),
        "also" => path.also.iter().map(|id| Value::from(*id)).collect::<Vec<_>>(),
        "members" => int(path.members),
    };
    if let Some((who, asked)) = &path.arrival {
        value.set_at(&["arrival"], object! { "who" => principal(who), "by" => asked_value(asked) });
    }
    value
}

fn step(step: &Step) -> Value {
    let mut value = object! {
        "who" => principal(&step.who),
        "technique" => step.technique.id,
        "does" => step.does.as_str(),
        "permissions" => step.asked.iter().map(asked_value).collect::<Vec<_>>(),
    };
    if let Some(gains) = &step.gains {
        value.set_at(&["gains"], principal(gains));
    }
    value
}

fn asked_value(asked: &Asked) -> Value {
    let mut value = object! { "permission" => asked.what.as_str() };
    if !asked.by.is_empty() {
        value.set_at(&["by"], asked.by.as_str());
        value.set_at(&["rule"], asked.rule.as_str());
    }
    for (key, origin) in [("bindingOrigin", &asked.binding_origin), ("roleOrigin", &asked.role_origin)] {
        if let Some(origin) = origin {
            value.set_at(&[key], origin.to_string());
        }
    }
    value
}

fn principal(who: &Principal) -> Value {
    match who {
        Principal::User(name) | Principal::Group(name) => {
            object! { "kind" => who.kind(), "name" => name.as_str() }
        }
        Principal::ServiceAccount(namespace, name) => {
            object! { "kind" => who.kind(), "namespace" => namespace.as_str(), "name" => name.as_str() }
        }
    }
}

/// What the steps of a path assume, each once.
pub(super) fn assumptions(path: &Path) -> Vec<&'static str> {
    let mut all: Vec<&str> =
        path.steps.iter().map(|s| s.technique.assumes).filter(|a| !a.is_empty()).collect();
    all.dedup();
    all
}

fn int(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
