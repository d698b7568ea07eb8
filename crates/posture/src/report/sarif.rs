//! SARIF 2.1.0 (OASIS), as code hosts read it.

use std::fmt::Write as _;

use api::{Value, object};

use super::{Report, remark};
use crate::catalogue::{Check, Severity};
use crate::finding::{Finding, Status};
use crate::words::Language;

/// Every finding as a SARIF result, every check as a rule.
pub fn sarif(report: &Report, language: Language, version: &str) -> Value {
    let rules: Vec<_> = report.outcomes.iter().map(|outcome| rule(outcome.check, language)).collect();
    let results: Vec<_> = report.findings().into_iter().map(|finding| result(finding, language)).collect();
    let driver = object! {
        "name" => "sumun",
        "version" => version,
        "rules" => rules,
    };
    object! {
        "$schema" => "https://json.schemastore.org/sarif-2.1.0.json",
        "version" => "2.1.0",
        "runs" => vec![object! { "tool" => object! { "driver" => driver }, "results" => results }],
    }
}

fn text(text: impl Into<String>) -> Value {
    object! { "text" => text.into() }
}

fn rule(check: &Check, language: Language) -> Value {
    // What GitHub sorts security findings by.
    let score = match check.severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    };
    let tags: Vec<Value> =
        std::iter::once("security").chain(check.cis.iter().copied()).map(Value::from).collect();
    object! {
        "id" => check.id,
        "shortDescription" => text(check.title.of(language)),
        "help" => text(check.remedy.of(language)),
        "properties" => object! { "security-severity" => score, "tags" => tags },
    }
}

fn result(finding: &Finding, language: Language) -> Value {
    let level = if finding.status == Status::Fail { "error" } else { "warning" };
    let origin = finding.origin.as_ref();
    let source = origin.map_or("", |o| &*o.source);
    let line = origin.map_or(1, |o| i64::try_from(o.line.max(1)).unwrap_or(i64::MAX));
    let name = format!("{} {}", finding.subject, finding.field);
    let remark = remark(finding, language);
    let mut message = format!("{}: {}", finding.subject, finding.reason.of(language));
    if !remark.is_empty() {
        message = format!("{message} ({remark})");
    }
    let mut value = object! {
        "ruleId" => finding.check.id,
        "level" => level,
        "message" => text(message),
        "locations" => vec![object! {
            "physicalLocation" => object! {
                "artifactLocation" => object! { "uri" => uri(source) },
                "region" => object! { "startLine" => line },
            },
            "logicalLocations" => vec![object! { "fullyQualifiedName" => name.trim_end() }],
        }],
    };
    if finding.status == Status::Excepted {
        let suppression = object! { "kind" => "external", "status" => "accepted", "justification" => remark };
        value.set_at(&["suppressions"], vec![suppression]);
    }
    if let Some(known) = finding.known {
        value.set_at(&["baselineState"], if known { "unchanged" } else { "new" });
    }
    value
}

/// A path as a URI: what is relative stays so, for whoever knows where the scan was made.
fn uri(source: &str) -> String {
    let path = source.strip_prefix("./").unwrap_or(source);
    if path.contains("://") {
        return path.to_owned();
    }
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri("./a b/c#1%.yaml"), "a%20b/c%231%25.yaml");
        assert_eq!(uri("/x/é.yaml"), "file:///x/%C3%A9.yaml");
        assert_eq!(uri("https://10.0.0.1:6443"), "https://10.0.0.1:6443");
    }
}
