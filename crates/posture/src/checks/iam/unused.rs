//! Grants that nobody used in the time that the audit log tells of.
//!
//! What was used of which rule is judged by crate `privilege`, as `sumun least-privilege --current` does.

use api::time::Timestamp;
use privilege::Policy;
use privilege::least::{BindingUse, RuleUse, compare};

use crate::finding::{Place, Status, Subject};
use crate::scan::Scan;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["IAM-040"];

const NO_LOG: Words = words("no audit log was given", "감사 로그가 주어지지 않음");
const NO_GRANTS: Words = words("no roles and bindings were given", "역할과 바인딩이 주어지지 않음");
const SHORT: Words = words(
    "the audit log tells of {} days; what is used once a month needs {}",
    "감사 로그의 기간이 {}일임. 월 단위로 쓰이는 권한을 보려면 {}일이 필요함",
);
const UNUSED: Words = words("nobody used {} by it in {} days", "{}의 권한이 {}일 동안 한 번도 쓰이지 않음");
const IDLE: Words = words(
    "of its subjects these used nothing of {} in {} days: {}",
    "대상 가운데 {}의 권한을 {}일 동안 쓰지 않은 것: {}",
);
const PARTLY: Words = words("{} of {} rules of {} were used in {} days", "{}/{}개 규칙만 쓰임({}, {}일)");
const RULE_UNUSED: Words =
    words("nobody used this rule in {} days", "이 규칙이 {}일 동안 한 번도 쓰이지 않음");
const RULE_WIDE: Words = words("not used in {} days: {}", "{}일 동안 쓰이지 않은 것: {}");
const RULE_WILD: Words =
    words("of its wildcards only this was used in {} days: {}", "와일드카드 가운데 {}일 동안 쓰인 것: {}");

/// The most subjects, verbs or resources that are named.
const MOST: usize = 12;

pub(super) fn run(scan: &mut Scan<'_>) {
    let input = scan.input;
    let Some(log) = input.audit_log.as_ref().filter(|log| log.events() > 0) else {
        return scan.lack("IAM-040", NO_LOG.plain());
    };
    let policy = Policy::of(&input.objects.objects);
    if policy.bindings.values().all(|entry| entry.stock) {
        return scan.lack("IAM-040", NO_GRANTS.plain());
    }
    let (first, last) = log.observed().period();
    let days = days(first, last);
    if days < scan.settings.limits.unused_days {
        return scan.lack("IAM-040", SHORT.with([days, scan.settings.limits.unused_days]));
    }
    let comparison = compare(log.observed(), &policy);
    (0..comparison.looked_at).for_each(|_| scan.examine("IAM-040"));
    for found in &comparison.bindings {
        binding(scan, found, days);
    }
    for found in &comparison.rules {
        rule(scan, found, days);
    }
}

/// Whole days from the first to the last event.
fn days(first: &str, last: &str) -> i64 {
    match (Timestamp::parse(first), Timestamp::parse(last)) {
        (Ok(first), Ok(last)) => (last.seconds() - first.seconds()).div_euclid(86_400),
        _ => 0,
    }
}

/// `RoleBinding ns/name` as a subject.
fn subject(words: &str) -> Subject {
    let (kind, rest) = words.split_once(' ').unwrap_or(("", words));
    let (namespace, name) = rest.split_once('/').unwrap_or(("", rest));
    Subject {
        api_version: "rbac.authorization.k8s.io/v1".to_owned(),
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

fn binding(scan: &mut Scan<'_>, found: &BindingUse, days: i64) {
    // A role that is missing is told by a check of its own.
    if found.role_missing {
        return;
    }
    let (days, role) = (days.to_string(), &found.role);
    let (field, reason) = if found.is_unused() {
        ("roleRef", UNUSED.with([role, &days]))
    } else if !found.unused_subjects.is_empty() {
        ("subjects", IDLE.with([role, &days, &few(&found.unused_subjects)]))
    } else {
        let (used, all) = (found.used_rules.to_string(), found.rules.to_string());
        ("roleRef", PARTLY.with([&used, &all, role, &days]))
    };
    let place = Place { subject: subject(&found.binding), origin: Some(found.origin.clone()) };
    scan.find("IAM-040", Status::Warn, place, field.to_owned(), reason);
}

fn rule(scan: &mut Scan<'_>, found: &RuleUse, days: i64) {
    let days = days.to_string();
    let idle: Vec<String> = found.unused_verbs.iter().chain(&found.unused_targets).cloned().collect();
    let reason = if found.unused {
        RULE_UNUSED.with([&days])
    } else if !idle.is_empty() {
        RULE_WIDE.with([&days, &few(&idle)])
    } else {
        RULE_WILD.with([&days, &few(&found.used)])
    };
    let place = Place { subject: subject(&found.role), origin: Some(found.origin.clone()) };
    let field = format!("rules[{}]", found.number.saturating_sub(1));
    scan.find("IAM-040", Status::Warn, place, field, reason);
}

fn few(all: &[String]) -> String {
    let mut text = all.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > MOST {
        text.push_str(&format!(", … ({})", all.len()));
    }
    text
}
