//! How rules are written: wildcards, and what is slipped into the roles that everybody is bound to.

use api::Str;
use authz::rbac::{RoleKind, Rule};

use super::held::{Hits, bound_to, named};
use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::rights::{Rights, cluster_role, is_covered, stock_rules};
use crate::words::{Part, Said, Words, words};

pub(super) const IDS: &[&str] = &["IAM-005", "IAM-043"];

const ALL: Words =
    words("every verb on every resource of {}: {}", "{}의 모든 리소스에 모든 동사를 허용함: {}");
const ALL_VERBS: Words = words("every verb, those to come included", "앞으로 생길 것까지 모든 동사를 허용함");
const ALL_RESOURCES: Words =
    words("every resource, those to come included", "앞으로 생길 것까지 모든 리소스를 허용함");
const ALL_GROUPS: Words =
    words("every API group, those to come included", "앞으로 생길 것까지 모든 API 그룹을 허용함");
const ALL_PATHS: Words = words("every path of the server", "서버의 모든 경로를 허용함");
const NO_PATTERN: Words =
    words("{} gives nothing: RBAC has no such pattern", "{}은(는) 아무 권한도 주지 않음. RBAC에 없는 형식임");
const NOBODY: Words = words("nobody is bound to it yet", "아직 연결된 대상은 없음");
const ADDED: Words = words("everybody bound to {} {} ({}) by it", "{}에 연결된 모든 대상: {} ({})");

const AGGREGATE_TO: &str = "rbac.authorization.k8s.io/aggregate-to-";

pub(super) fn run(scan: &mut Scan<'_>, rights: &Rights<'_>, hits: &mut Hits<'_, '_>) {
    for role in &rights.roles {
        scan.examine("IAM-005");
        let holders = || rights.holders(&role.key).filter(|bound| bound.principals().next().is_some());
        let held = holders().next().is_some();
        for (field, rules) in role.own_rules() {
            let told = || match held {
                true => bound_to(holders()).into(),
                false => NOBODY.plain().into(),
            };
            let worst =
                rules.iter().filter_map(|rule| wildcard(rule, told)).max_by_key(|(status, _)| *status);
            let Some((status, reason)) = worst else { continue };
            let status = if held { status } else { Status::Warn };
            scan.find("IAM-005", status, role.object, field, reason);
        }
        added(scan, hits, role);
    }
}

fn is_all(list: &[Str]) -> bool {
    list.iter().any(|x| x == "*")
}

/// What is wrong with the wildcards of a rule.
fn wildcard(rule: &Rule, holders: impl Fn() -> Part) -> Option<(Status, Said)> {
    let (verbs, resources) = (is_all(&rule.verbs), is_all(&rule.resources));
    if verbs && resources {
        let group = |group: &Str| if group.is_empty() { "\"\"".to_owned() } else { group.to_string() };
        let groups = named(rule.groups.iter().map(group));
        return Some((Status::Fail, ALL.saying([groups.into(), holders()])));
    }
    let pattern = rule.resources.iter().find(|r| r.ends_with("/*"));
    let reason = if verbs {
        ALL_VERBS.plain()
    } else if resources {
        ALL_RESOURCES.plain()
    } else if is_all(&rule.groups) {
        ALL_GROUPS.plain()
    } else if is_all(&rule.urls) {
        ALL_PATHS.plain()
    } else {
        NO_PATTERN.with([pattern?])
    };
    Some((Status::Warn, reason))
}

/// Cluster roles that put into view, edit or admin what these do not have.
fn added(scan: &mut Scan<'_>, hits: &mut Hits<'_, '_>, role: &crate::sources::rights::Role<'_>) {
    let labels = role.object.value.at(&["metadata", "labels"]);
    let into = ["view", "edit", "admin"]
        .into_iter()
        .filter(|to| labels.str_at(&[&format!("{AGGREGATE_TO}{to}")]) == "true");
    let into: Vec<&str> = into.collect();
    if role.key.kind != RoleKind::ClusterRole || into.is_empty() {
        return;
    }
    scan.examine("IAM-043");
    for to in into {
        let stock = stock_rules(&cluster_role(to));
        let mut usual: Vec<&str> = Vec::new();
        for rule in stock {
            usual.extend(hits.of(rule).iter().map(|hit| hit.danger.id));
        }
        for (field, rules) in role.own_rules() {
            let new = rules
                .iter()
                .filter(|rule| !is_covered(rule, stock))
                .find_map(|rule| hits.of(rule).iter().find(|hit| !usual.contains(&hit.danger.id)).cloned());
            let Some(hit) = new else { continue };
            let reason = ADDED.saying([to.into(), hit.danger.may.plain().into(), hit.what().into()]);
            scan.find("IAM-043", Status::Warn, role.object, field, reason);
        }
    }
}
