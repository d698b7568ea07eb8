//! Rights of today beside those that somebody has reviewed.

use privilege::Policy;

use crate::checks::Family;
use crate::finding::{Place, Status, Subject};
use crate::scan::Scan;
use crate::sources::review::{Added, Review, review};
use crate::when::day;
use crate::words::{Words, words};

const ID: &str = "IAM-041";

pub(super) const FAMILY: Family = Family { ids: || vec![ID], run };

/// How many rights a finding names.
const SHOWN: usize = 5;

const NONE: Words = words("no reviewed rights were given", "검토한 권한 목록이 주어지지 않음");
const NO_CLUSTER: Words = words("no bindings were given", "바인딩이 주어지지 않음");
const NOBODY: Words = words("it does not say who reviewed it, and when", "검토자나 검토일이 없음");
const OLD: Words = words("it was reviewed {} days ago ({}, by {})", "{}일 전에 검토함 ({}, {})");
const TO_COME: Words = words("it is dated {}, which is still to come", "검토일 {}이(가) 아직 오지 않음");
const ADDED: Words =
    words("{} got {} rights that nobody reviewed: {}", "{}에 검토하지 않은 권한 {}개가 추가됨: {}");

fn run(scan: &mut Scan<'_>) {
    let Some(review) = review(scan.input) else { return scan.lack(ID, NONE.plain()) };
    scan.examine(ID);
    age(scan, &review);
    let policy = Policy::of(&scan.input.objects.objects);
    if policy.bindings.values().all(|entry| entry.stock && policy.stock_added) {
        return scan.lack(ID, NO_CLUSTER.plain());
    }
    for added in review.added(&policy) {
        let reason = reason(&added);
        scan.find(ID, Status::Warn, place(&added), "subjects".to_owned(), reason);
    }
}

fn age(scan: &mut Scan<'_>, review: &Review<'_>) {
    let limit = scan.settings.limits.review_days;
    let (field, reason) = match review.reviewed.filter(|_| !review.reviewer.trim().is_empty()) {
        None => ("spec.reviewer", NOBODY.plain()),
        Some(at) if at > scan.settings.now => ("spec.reviewed", TO_COME.with([day(at)])),
        Some(at) => match scan.settings.days_since(at) {
            days if days > limit => {
                ("spec.reviewed", OLD.with([days.to_string(), day(at), review.reviewer.to_owned()]))
            }
            _ => return,
        },
    };
    scan.find(ID, Status::Fail, review.document, field.to_owned(), reason);
}

fn reason(added: &Added<'_>) -> crate::words::Said {
    let mut shown = added.rights.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if added.rights.len() > SHOWN {
        shown.push_str(", …");
    }
    ADDED.with([added.subject.clone(), added.rights.len().to_string(), shown])
}

/// The binding that gives them.
fn place(added: &Added<'_>) -> Place {
    let binding = &added.binding.binding;
    let kind = if binding.namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
    let subject = Subject {
        api_version: format!("{}/v1", authz::rbac::GROUP),
        kind: kind.to_owned(),
        namespace: binding.namespace.to_string(),
        name: binding.name.to_string(),
    };
    Place { subject, origin: Some(added.binding.origin.clone()) }
}
