//! For programs: a plain tree.

use api::{Value, object};

use super::{Outcome, Report};
use crate::finding::{Finding, Status};
use crate::frameworks::Framework;
use crate::words::Language;

/// The whole report as a tree, for JSON and YAML.
pub fn value(report: &Report, language: Language) -> Value {
    let areas: Vec<_> = report
        .areas()
        .iter()
        .map(|area| {
            object! {
                "area" => area.area.0,
                "title" => area.area.words().of(language),
                "score" => area.score().map_or(Value::Null, |score| Value::from(int(score))),
                "coverage" => int(area.coverage()),
                "pass" => int(area.passed),
                "warn" => int(area.warned),
                "fail" => int(area.failed),
                "notEvaluated" => int(area.not_evaluated),
            }
        })
        .collect();
    let checks: Vec<_> = report.outcomes.iter().map(|outcome| check(outcome, language)).collect();
    let guidelines: Vec<_> =
        report.frameworks.iter().map(|framework| guideline(report, *framework, language)).collect();
    let mut value = object! {
        "summary" => object! {
            "fail" => int(report.count(Status::Fail)),
            "warn" => int(report.count(Status::Warn)),
            "pass" => int(report.count(Status::Pass)),
            "excepted" => int(report.count(Status::Excepted)),
            "notEvaluated" => int(report.count(Status::NotEvaluated)),
            "notApplicable" => int(report.count(Status::NotApplicable)),
        },
        "areas" => areas,
        "checks" => checks,
    };
    if !guidelines.is_empty() {
        value.set_at(&["guidelines"], guidelines);
    }
    value
}

fn guideline(report: &Report, framework: Framework, language: Language) -> Value {
    let items: Vec<_> = report
        .by_item(framework)
        .iter()
        .map(|outcome| {
            object! {
                "id" => outcome.item.id,
                "title" => outcome.title(language),
                "status" => outcome.status.name(),
                "checks" => list(&outcome.checks()),
            }
        })
        .collect();
    object! { "name" => framework.name(), "title" => framework.title().of(language), "items" => items }
}

fn int(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn list(items: &[&'static str]) -> Vec<Value> {
    items.iter().map(|item| Value::from(*item)).collect()
}

fn check(outcome: &Outcome, language: Language) -> Value {
    let check = outcome.check;
    let findings: Vec<_> = outcome.findings.iter().map(|f| finding(f, language)).collect();
    let lacking: Vec<_> = outcome.lacking.iter().map(|said| Value::from(said.of(language))).collect();
    object! {
        "id" => check.id,
        "title" => check.title.of(language),
        "severity" => check.severity.name(),
        "status" => outcome.status.name(),
        "examined" => int(outcome.examined),
        "remedy" => check.remedy.of(language),
        "references" => object! {
            "items" => list(&check.items),
            "cis" => list(&check.cis),
            "nsa" => list(&check.nsa),
            "pss" => check.pss,
        },
        "findings" => findings,
        "lacking" => lacking,
    }
}

fn finding(finding: &Finding, language: Language) -> Value {
    let origin = finding.origin.as_ref();
    let mut value = object! {
        "status" => finding.status.name(),
        "apiVersion" => finding.subject.api_version.as_str(),
        "kind" => finding.subject.kind.as_str(),
        "namespace" => finding.subject.namespace.as_str(),
        "name" => finding.subject.name.as_str(),
        "source" => origin.map_or("", |o| &*o.source),
        "line" => int(origin.map_or(0, |o| o.line)),
        "field" => finding.field.as_str(),
        "reason" => finding.reason.of(language),
    };
    if let Some(exception) = &finding.exception {
        value.set_at(
            &["exception"],
            object! {
                "reason" => exception.reason.as_str(),
                "owner" => exception.owner.as_str(),
                "expires" => exception.until.to_string(),
                "source" => exception.origin.to_string(),
                "ended" => finding.status != Status::Excepted,
            },
        );
    }
    if let Some(known) = finding.known {
        value.set_at(&["known"], known);
    }
    value
}
