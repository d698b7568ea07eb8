//! PolicyReport objects (`wgpolicyk8s.io/v1alpha2`), as dashboards of clusters read them.

use std::collections::BTreeMap;

use api::time::Timestamp;
use api::{Value, object};

use super::{Outcome, Report, remark};
use crate::finding::{Finding, Status};
use crate::words::Language;

/// A List: a ClusterPolicyReport with what concerns the cluster and every check that found nothing, and a PolicyReport
/// for each namespace in which something was found.
pub fn policy_report(report: &Report, language: Language, now: Timestamp) -> Value {
    let mut by_namespace: BTreeMap<&str, Vec<Value>> = BTreeMap::from([("", Vec::new())]);
    for outcome in &report.outcomes {
        if outcome.findings.is_empty() {
            by_namespace.entry("").or_default().push(result(outcome, None, language, now));
        }
        for finding in &outcome.findings {
            let results = by_namespace.entry(&finding.subject.namespace).or_default();
            results.push(result(outcome, Some(finding), language, now));
        }
    }
    let items: Vec<_> =
        by_namespace.into_iter().map(|(namespace, results)| one(namespace, results)).collect();
    object! { "apiVersion" => "v1", "kind" => "List", "items" => items }
}

fn one(namespace: &str, results: Vec<Value>) -> Value {
    let count = |name: &str| {
        i64::try_from(results.iter().filter(|r| r.str_at(&["result"]) == name).count()).unwrap_or(i64::MAX)
    };
    let summary = object! {
        "pass" => count("pass"),
        "fail" => count("fail"),
        "warn" => count("warn"),
        "error" => count("error"),
        "skip" => count("skip"),
    };
    let labels = object! { "app.kubernetes.io/managed-by" => "sumun" };
    let (kind, metadata) = if namespace.is_empty() {
        ("ClusterPolicyReport", object! { "name" => "sumun-scan", "labels" => labels })
    } else {
        ("PolicyReport", object! { "name" => "sumun-scan", "namespace" => namespace, "labels" => labels })
    };
    object! {
        "apiVersion" => "wgpolicyk8s.io/v1alpha2",
        "kind" => kind,
        "metadata" => metadata,
        "summary" => summary,
        "results" => results,
    }
}

fn result(outcome: &Outcome, finding: Option<&Finding>, language: Language, now: Timestamp) -> Value {
    let check = outcome.check;
    let status = finding.map_or(outcome.status, |finding| finding.status);
    let result = match status {
        Status::Pass => "pass",
        Status::Fail => "fail",
        Status::Warn => "warn",
        Status::NotApplicable | Status::NotEvaluated | Status::Manual | Status::Excepted => "skip",
    };
    let message = finding.map_or_else(|| check.title.of(language).to_owned(), |f| f.reason.of(language));
    let mut value = object! {
        "source" => "sumun",
        "policy" => check.id,
        "rule" => check.title.of(language),
        "category" => check.area().words().of(language),
        "severity" => check.severity.name(),
        "result" => result,
        "scored" => !matches!(status, Status::Manual | Status::NotEvaluated),
        "message" => message,
        "timestamp" => object! { "seconds" => now.seconds(), "nanos" => i64::from(now.nanos()) },
    };
    let mut properties = object! { "status" => status.name() };
    if let Some(finding) = finding {
        let remark = remark(finding, language);
        if !remark.is_empty() {
            properties.set_at(&["remark"], remark);
        }
        if !finding.field.is_empty() {
            properties.set_at(&["field"], finding.field.as_str());
        }
        if !finding.subject.api_version.is_empty() {
            value.set_at(&["resources"], vec![resource(finding)]);
        } else {
            properties.set_at(&["subject"], finding.subject.to_string());
        }
    }
    value.set_at(&["properties"], properties);
    value
}

fn resource(finding: &Finding) -> Value {
    let subject = &finding.subject;
    let mut resource = object! {
        "apiVersion" => subject.api_version.as_str(),
        "kind" => subject.kind.as_str(),
        "name" => subject.name.as_str(),
    };
    if !subject.namespace.is_empty() {
        resource.set_at(&["namespace"], subject.namespace.as_str());
    }
    resource
}
