//! SARIF 2.1.0: runs of tools with their results.

use std::collections::BTreeMap;

use api::Value;

use super::{Analysis, Manner};
use crate::document::Document;
use crate::when::moment;

/// Tools that ask a running application.
const DYNAMIC: [&str; 9] =
    ["acunetix", "arachni", "burp", "nikto", "nuclei", "stackhawk", "wapiti", "zap", "zed attack proxy"];

/// Tools that look at images, configuration or secrets: their findings are no analysis of code.
const NEITHER: [&str; 14] = [
    "checkov",
    "dockle",
    "gitleaks",
    "grype",
    "hadolint",
    "kics",
    "kube-linter",
    "kubescape",
    "kubesec",
    "sumun",
    "terrascan",
    "tfsec",
    "trivy",
    "trufflehog",
];

pub(super) fn fits(value: &Value) -> bool {
    value.get("runs").is_some_and(|runs| runs.as_array().is_some())
        && value.str_at(&["version"]).starts_with("2.")
}

pub(super) fn read(document: &Document) -> Vec<(String, Analysis<'_>)> {
    document.value.array_at(&["runs"]).iter().filter_map(|run| of_run(document, run)).collect()
}

fn of_run<'a>(document: &'a Document, run: &'a Value) -> Option<(String, Analysis<'a>)> {
    let tool = run.str_at(&["tool", "driver", "name"]);
    let lower = tool.to_ascii_lowercase();
    let is_one = |list: &[&str]| list.iter().any(|name| lower.contains(name));
    let manner = match (is_one(&DYNAMIC), is_one(&NEITHER)) {
        (true, _) => Manner::Dynamic,
        (_, true) => return None,
        _ => Manner::Static,
    };
    let invocations = run.array_at(&["invocations"]);
    let times = invocations.iter().flat_map(|i| [i.str_at(&["endTimeUtc"]), i.str_at(&["startTimeUtc"])]);
    let changes = run.array_at(&["versionControlProvenance"]).iter().map(|p| p.str_at(&["asOfTimeUtc"]));
    let taken = times.filter_map(moment).max().or_else(|| changes.filter_map(moment).max());
    let is_whole = invocations.iter().all(|i| i.at(&["executionSuccessful"]).as_bool() != Some(false));
    let mut open: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for result in run.array_at(&["results"]).iter().filter(|result| is_open(run, result)) {
        open.entry(rule(result)).or_default().push(location(result));
    }
    let category = run.str_at(&["automationDetails", "id"]).to_owned();
    let repository =
        run.array_at(&["versionControlProvenance"]).first().map_or("", |p| p.str_at(&["repositoryUri"]));
    Some((format!("{category} {repository}"), Analysis { document, manner, tool, taken, is_whole, open }))
}

/// Grave, and neither set aside nor gone.
fn is_open(run: &Value, result: &Value) -> bool {
    let set_aside = |s: &Value| matches!(s.str_at(&["status"]), "" | "accepted");
    level(run, result) == "error"
        && matches!(result.str_at(&["kind"]), "" | "fail")
        && result.str_at(&["baselineState"]) != "absent"
        && !result.array_at(&["suppressions"]).iter().any(set_aside)
}

/// A result without a level has that of its rule, and a warning's without one.
fn level<'a>(run: &'a Value, result: &'a Value) -> &'a str {
    let own = result.str_at(&["level"]);
    if !own.is_empty() {
        return own;
    }
    let rules = run.array_at(&["tool", "driver", "rules"]);
    let index =
        ["ruleIndex"].iter().find_map(|f| result.get(f)).or_else(|| result.at(&["rule"]).get("index"));
    let index = index.and_then(Value::as_i64).and_then(|i| usize::try_from(i).ok());
    let by_name = || rules.iter().find(|r| r.str_at(&["id"]) == rule(result));
    let rule = index.and_then(|i| rules.get(i)).or_else(by_name);
    match rule.map_or("", |rule| rule.str_at(&["defaultConfiguration", "level"])) {
        "" => "warning",
        level => level,
    }
}

fn rule(result: &Value) -> &str {
    let (own, inner) = (result.str_at(&["ruleId"]), result.str_at(&["rule", "id"]));
    match (own, inner) {
        ("", "") => "a rule without a name",
        ("", inner) => inner,
        (own, _) => own,
    }
}

/// `file:line`
fn location(result: &Value) -> String {
    let Some(first) = result.array_at(&["locations"]).first() else { return String::new() };
    let place = first.at(&["physicalLocation"]);
    let file = place.str_at(&["artifactLocation", "uri"]);
    match place.at(&["region", "startLine"]).as_i64() {
        Some(line) => format!("{file}:{line}"),
        None => file.to_owned(),
    }
}
