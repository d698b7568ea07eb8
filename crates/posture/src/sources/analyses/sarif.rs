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
const NEITHER: [&str; 31] = [
    "actionlint",
    "anchore",
    "checkov",
    "clair",
    "datree",
    "dependency-check",
    "detect-secrets",
    "docker scout",
    "dockle",
    "ggshield",
    "gitleaks",
    "grype",
    "hadolint",
    "kics",
    "kube-linter",
    "kubescape",
    "kubesec",
    "nessus",
    "openvas",
    "osv-scanner",
    "polaris",
    "scorecard",
    "snyk container",
    "snyk iac",
    "snyk open source",
    "sumun",
    "terrascan",
    "tflint",
    "tfsec",
    "trivy",
    "trufflehog",
];

/// From this score on services that show results take a rule of security for a grave one.
const GRAVE: f64 = 7.0;

pub(super) fn fits(value: &Value) -> bool {
    value.get("runs").is_some_and(|runs| runs.as_array().is_some())
        && value.str_at(&["version"]).starts_with("2.1.")
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
    // Who has not looked gives no list of results, not even an empty one.
    let is_whole = run.at(&["results"]).as_array().is_some()
        && invocations.iter().all(|i| i.at(&["executionSuccessful"]).as_bool() != Some(false));
    let mut open: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for result in run.array_at(&["results"]).iter().filter(|result| is_open(run, result)) {
        open.entry(rule(result)).or_default().push(location(run, result));
    }
    let category = run.str_at(&["automationDetails", "id"]).to_owned();
    let repository =
        run.array_at(&["versionControlProvenance"]).first().map_or("", |p| p.str_at(&["repositoryUri"]));
    Some((format!("{category} {repository}"), Analysis { document, manner, tool, taken, is_whole, open }))
}

/// Grave, and neither set aside nor gone.
fn is_open(run: &Value, result: &Value) -> bool {
    let set_aside = |s: &Value| matches!(s.str_at(&["status"]), "" | "accepted");
    is_grave(run, result)
        && matches!(result.str_at(&["kind"]), "" | "fail")
        && result.str_at(&["baselineState"]) != "absent"
        && !result.array_at(&["suppressions"]).iter().any(set_aside)
}

/// A result without a level has that of its rule, and a warning's without one.
fn is_grave(run: &Value, result: &Value) -> bool {
    let rule = rule_of(run, result).unwrap_or(&Value::Null);
    let score = rule.at(&["properties", "security-severity"]);
    let score = score.as_f64().or_else(|| score.as_str()?.trim().parse().ok());
    let own = result.str_at(&["level"]);
    let level = if own.is_empty() { rule.str_at(&["defaultConfiguration", "level"]) } else { own };
    level == "error" || (level != "none" && score.is_some_and(|score| score >= GRAVE))
}

/// The rule of a result: at its place among the rules of the tool or of one of its extensions, or by its name.
fn rule_of<'a>(run: &'a Value, result: &Value) -> Option<&'a Value> {
    let place = |value: &Value| value.as_i64().and_then(|i| usize::try_from(i).ok());
    let extensions = run.array_at(&["tool", "extensions"]);
    let own = run.at(&["tool", "driver"]);
    let component = match place(result.at(&["rule", "toolComponent", "index"])) {
        Some(i) => extensions.get(i)?,
        None => own,
    };
    let index = place(result.at(&["ruleIndex"])).or_else(|| place(result.at(&["rule", "index"])));
    let by_index = index.and_then(|i| component.array_at(&["rules"]).get(i));
    let name = rule(result);
    // `RULE/PART` is a part of a rule.
    let is_named = |r: &&Value| {
        let id = r.str_at(&["id"]);
        !id.is_empty() && name.strip_prefix(id).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut all = [own].into_iter().chain(extensions).flat_map(|part| part.array_at(&["rules"]));
    by_index.or_else(|| all.find(is_named))
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
fn location(run: &Value, result: &Value) -> String {
    let Some(first) = result.array_at(&["locations"]).first() else { return String::new() };
    let place = first.at(&["physicalLocation"]);
    let file = match place.str_at(&["artifactLocation", "uri"]) {
        "" => {
            let index = place.at(&["artifactLocation", "index"]).as_i64();
            let artifact = index.and_then(|i| run.array_at(&["artifacts"]).get(usize::try_from(i).ok()?));
            artifact.map_or("", |artifact| artifact.str_at(&["location", "uri"]))
        }
        uri => uri,
    };
    match place.at(&["region", "startLine"]).as_i64() {
        Some(line) => format!("{file}:{line}"),
        None => file.to_owned(),
    }
}
