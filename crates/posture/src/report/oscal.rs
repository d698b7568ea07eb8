//! OSCAL assessment results (NIST, 1.1.3), as systems of governance read them.

use api::time::Timestamp;
use api::{Value, object};
use uuid::Uuid;

use super::{Outcome, Report, remark};
use crate::finding::{Finding, Status};
use crate::words::Language;

const VERSION: &str = "1.1.3";

/// The report as assessment results: an observation for each finding, a finding for each check that was decided.
/// Identifiers follow from what they name, so that the same results are the same text.
pub fn oscal(report: &Report, language: Language, version: &str, now: Timestamp) -> Value {
    let decided = |o: &&Outcome| !matches!(o.status, Status::NotEvaluated | Status::NotApplicable);
    let decided: Vec<_> = report.outcomes.iter().filter(decided).collect();
    let title = super::Terms::of(language).title;
    let selected: Vec<Value> = decided.iter().map(|o| object! { "control-id" => o.check.id }).collect();
    let selection = if selected.is_empty() {
        object! { "description" => "nothing was decided" }
    } else {
        object! { "include-controls" => selected }
    };
    let mut result = object! {
        "uuid" => uuid(&["result", &now.text()]),
        "title" => title,
        "description" => title,
        "start" => now.text(),
        "reviewed-controls" => object! { "control-selections" => vec![selection] },
    };
    // Lists of OSCAL have at least one member.
    let observations: Vec<_> = decided
        .iter()
        .flat_map(|o| o.findings.iter().enumerate().map(|(i, f)| observation(i, f, language, now)))
        .collect();
    let findings: Vec<_> = decided.iter().map(|o| finding(o, language)).collect();
    for (key, list) in [("observations", observations), ("findings", findings)] {
        if !list.is_empty() {
            result.set_at(&[key], list);
        }
    }
    let plan = uuid(&["plan"]);
    object! {
        "assessment-results" => object! {
            "uuid" => uuid(&["results", &now.text()]),
            "metadata" => object! {
                "title" => title,
                "last-modified" => now.text(),
                "version" => version,
                "oscal-version" => VERSION,
            },
            "import-ap" => object! { "href" => format!("#{plan}") },
            "results" => vec![result],
            "back-matter" => object! {
                "resources" => vec![object! {
                    "uuid" => plan,
                    "title" => "sumun scan",
                    "description" => "The catalogue of checks: sumun scan list",
                }],
            },
        },
    }
}

fn key<'a>(index: &'a str, finding: &'a Finding, subject: &'a str) -> [&'a str; 5] {
    ["observation", finding.check.id, index, subject, &finding.field]
}

fn observation_id(index: usize, finding: &Finding) -> String {
    uuid(&key(&index.to_string(), finding, &finding.subject.to_string()))
}

fn observation(index: usize, finding: &Finding, language: Language, now: Timestamp) -> Value {
    let subject = finding.subject.to_string();
    let reason = finding.reason.of(language);
    let mut observation = object! {
        "uuid" => observation_id(index, finding),
        "title" => format!("{}: {subject}", finding.check.id),
        "description" => reason.clone(),
        "methods" => vec![Value::from("TEST")],
        "types" => vec![Value::from("finding")],
        "subjects" => vec![object! {
            "subject-uuid" => uuid(&["subject", &subject]),
            "type" => "inventory-item",
            "title" => subject,
        }],
        "collected" => now.text(),
    };
    let remark = remark(finding, language);
    if !remark.is_empty() {
        observation.set_at(&["remarks"], remark);
    }
    if let Some(origin) = &finding.origin {
        let at =
            if finding.field.is_empty() { origin.to_string() } else { format!("{origin} {}", finding.field) };
        observation.set_at(&["relevant-evidence"], vec![object! { "description" => at }]);
    }
    observation
}

fn finding(outcome: &Outcome, language: Language) -> Value {
    let check = outcome.check;
    let (state, reason) = match outcome.status {
        Status::Fail => ("not-satisfied", "fail"),
        Status::Pass => ("satisfied", "pass"),
        Status::Warn | Status::Excepted => ("not-satisfied", "other"),
        _ => ("satisfied", "other"),
    };
    let mut finding = object! {
        "uuid" => uuid(&["finding", check.id]),
        "title" => check.title.of(language),
        "description" => check.remedy.of(language),
        "props" => vec![
            object! { "name" => "severity", "value" => check.severity.name() },
            object! { "name" => "status", "value" => outcome.status.name() },
        ],
        "target" => object! {
            "type" => "objective-id",
            "target-id" => check.id,
            "status" => object! { "state" => state, "reason" => reason },
        },
    };
    let related: Vec<Value> = outcome
        .findings
        .iter()
        .enumerate()
        .map(|(i, f)| object! { "observation-uuid" => observation_id(i, f) })
        .collect();
    if !related.is_empty() {
        finding.set_at(&["related-observations"], related);
    }
    finding
}

/// What our identifiers are made within.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f2b_6a3e_9c1d_4e57_8a40_5d7c_19e0_3b62);

/// A UUID that follows from a name (RFC 9562, version 5; OSCAL takes 4 and 5 only).
fn uuid(name: &[&str]) -> String {
    let name: Vec<u8> = name.iter().flat_map(|part| part.bytes().chain([0])).collect();
    Uuid::new_v5(&NAMESPACE, &name).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_follow_from_names() {
        assert_eq!(uuid(&["a", "b"]), uuid(&["a", "b"]));
        assert_ne!(uuid(&["a", "b"]), uuid(&["ab"]));
        let id = uuid(&["x"]);
        assert_eq!((id.len(), id.as_bytes()[14], id.as_bytes()[8]), (36, b'5', b'-'));
    }
}
