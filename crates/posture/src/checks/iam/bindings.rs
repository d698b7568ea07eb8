//! Whom bindings are for.
//!
//! Entry point: [`run`]: one walk over bindings, a function a check.

use std::collections::HashSet;

use api::user::{ANONYMOUS, AUTHENTICATED, SERVICE_ACCOUNTS, SYSTEM_MASTERS, UNAUTHENTICATED};
use authz::rbac::Rule;
use privilege::escalation::Principal;

use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::rights::{Bound, Rights, cluster_role, is_covered, is_everything, stock_rules};
use crate::words::{Words, words};

pub(super) const IDS: &[&str] =
    &["IAM-001", "IAM-002", "IAM-003", "IAM-004", "IAM-026", "IAM-042", "IAM-044", "IAM-045"];

/// The group that an installer makes for its own administrators.
const INSTALLERS: &str = "kubeadm:cluster-admins";

/// Roles whose rights are for everybody.
const PUBLIC: [&str; 4] = [
    "system:basic-user",
    "system:discovery",
    "system:public-info-viewer",
    "system:service-account-issuer-discovery",
];

const EVERYTHING: Words = words("{} may do everything, by {}", "{}: {}에 의해 모든 권한을 가짐");
const MASTERS: Words = words(
    "it gives {} to system:masters, whom no authorizer refuses anyway",
    "권한 검사를 받지 않는 system:masters에 {}을(를) 연결함",
);
const ANYBODY: Words =
    words("whoever reaches the server has the rights of {}", "인증 없이 누구나 {}의 권한을 가짐");
const JOINING: Words = words(
    "whoever reaches the server reads cluster-info, which only nodes that join need",
    "노드 조인에만 필요한 cluster-info를 인증 없이 누구나 읽음",
);
const ALL_USERS: Words = words("all of {} have the rights of {}", "{} 전체가 {}의 권한을 가짐");
const DEFAULT_ACCOUNT: Words = words(
    "{}: every pod that names no account of its own has the rights of {}",
    "{}: 서비스 어카운트를 지정하지 않은 모든 파드가 {}의 권한을 가짐",
);
const NO_ROLE: Words = words("there is no {}", "{}이(가) 없음");
const NO_SUBJECT: Words = words("there is no {}", "{}이(가) 없음");
const NO_NAMESPACE: Words = words("there is no namespace {}", "네임스페이스 {}이(가) 없음");
const FOREIGN: Words = words("{} is of another namespace", "{}은(는) 다른 네임스페이스에 있음");
const WRITES: Words =
    words("{} writes in the whole cluster, by {}", "{}: {}에 의해 클러스터 전체에 쓸 수 있음");
const NODES: Words = words(
    "{} has the rights of every node; the Node authorizer gives each its own",
    "{}이(가) 모든 노드의 권한을 가짐",
);

pub(super) fn run(scan: &mut Scan<'_>, rights: &Rights<'_>) {
    let known = Known::of(scan);
    for bound in &rights.bindings {
        let role = format!("{} {}", bound.binding.role_ref.kind, bound.binding.role_ref.name);
        for id in ["IAM-002", "IAM-003", "IAM-004", "IAM-026"] {
            scan.examine(id);
        }
        if scan.input.whole_cluster {
            ["IAM-001", "IAM-042", "IAM-044"].into_iter().for_each(|id| scan.examine(id));
            dangling(scan, rights, &known, bound, &role);
        }
        let rules = rights.rules_of(bound);
        for (field, whom) in bound.own_subjects() {
            everything(scan, bound, &field, &whom, rules, &role);
            everybody(scan, bound, &field, &whom, rules, &role);
            default_account(scan, bound, &field, &whom, &role);
            foreign(scan, bound, &field, &whom, rules, &role);
        }
        nodes(scan, bound);
    }
}

fn everything(
    scan: &mut Scan<'_>,
    bound: &Bound<'_>,
    field: &str,
    whom: &Principal,
    rules: &[Rule],
    role: &str,
) {
    if *whom == Principal::Group(SYSTEM_MASTERS.to_owned()) {
        return scan.find("IAM-002", Status::Fail, bound.object, field.to_owned(), MASTERS.with([role]));
    }
    if !bound.scope().is_empty() || !rules.iter().any(is_everything) {
        return;
    }
    let usual = *whom == Principal::Group(INSTALLERS.to_owned());
    let status = if usual { Status::Warn } else { Status::Fail };
    let reason = EVERYTHING.with([whom.to_string(), role.to_owned()]);
    scan.find("IAM-001", status, bound.object, field.to_owned(), reason);
}

fn everybody(
    scan: &mut Scan<'_>,
    bound: &Bound<'_>,
    field: &str,
    whom: &Principal,
    rules: &[Rule],
    role: &str,
) {
    let covered = |names: &[&str]| {
        let public: Vec<Rule> =
            names.iter().flat_map(|name| stock_rules(&cluster_role(name))).cloned().collect();
        !rules.is_empty() && rules.iter().all(|rule| is_covered(rule, &public))
    };
    let (user, group) = match whom {
        Principal::User(name) => (name.as_str(), ""),
        Principal::Group(name) => ("", name.as_str()),
        Principal::ServiceAccount(..) => return,
    };
    if (user == ANONYMOUS || group == UNAUTHENTICATED) && !covered(&["system:public-info-viewer"]) {
        let (status, reason) = match only_cluster_info(rules) {
            true => (Status::Warn, JOINING.plain()),
            false => (Status::Fail, ANYBODY.with([role])),
        };
        scan.find("IAM-003", status, bound.object, field.to_owned(), reason);
    }
    if [AUTHENTICATED, SERVICE_ACCOUNTS].contains(&group) && !covered(&PUBLIC) {
        let reason = ALL_USERS.with([group, role]);
        scan.find("IAM-004", Status::Fail, bound.object, field.to_owned(), reason);
    }
}

/// What nodes read before they join.
fn only_cluster_info(rules: &[Rule]) -> bool {
    let info = [Rule::resources("get", "-", "configmaps").named("cluster-info")];
    !rules.is_empty() && rules.iter().all(|rule| is_covered(rule, &info))
}

fn default_account(scan: &mut Scan<'_>, bound: &Bound<'_>, field: &str, whom: &Principal, role: &str) {
    let prefix = format!("{SERVICE_ACCOUNTS}:");
    let default = match whom {
        Principal::ServiceAccount(_, name) => name == "default",
        Principal::Group(name) => name.starts_with(&prefix),
        Principal::User(_) => false,
    };
    if default {
        let reason = DEFAULT_ACCOUNT.with([whom.to_string(), role.to_owned()]);
        scan.find("IAM-026", Status::Fail, bound.object, field.to_owned(), reason);
    }
}

/// Service accounts with rights outside of their namespace; those of the system are there for the whole cluster.
fn foreign(
    scan: &mut Scan<'_>,
    bound: &Bound<'_>,
    field: &str,
    whom: &Principal,
    rules: &[Rule],
    role: &str,
) {
    let Principal::ServiceAccount(namespace, _) = whom else { return };
    if scan.settings.is_system(namespace) || bound.scope() == namespace {
        return;
    }
    let reader = bound.binding.role_ref.name == "extension-apiserver-authentication-reader";
    let (status, reason) = match bound.scope() {
        "" if rules.iter().any(writes) => (Status::Fail, WRITES.with([whom.to_string(), role.to_owned()])),
        "" => return,
        // What every extension server needs.
        "kube-system" if reader => return,
        _ => (Status::Warn, FOREIGN.with([whom])),
    };
    scan.find("IAM-044", status, bound.object, field.to_owned(), reason);
}

/// True for a rule by which something is changed; reviews are questions.
fn writes(rule: &Rule) -> bool {
    let reviews =
        |group: &api::Str| matches!(group.as_str(), "authentication.k8s.io" | "authorization.k8s.io");
    let reads = |verb: &api::Str| matches!(verb.as_str(), "get" | "list" | "watch");
    !rule.resources.is_empty() && !rule.verbs.iter().all(reads) && !rule.groups.iter().all(reviews)
}

fn nodes(scan: &mut Scan<'_>, bound: &Bound<'_>) {
    if !bound.scope().is_empty() || bound.binding.role_key() != cluster_role("system:node") {
        return;
    }
    scan.examine("IAM-045");
    for (at, whom) in bound.principals().enumerate() {
        let field = format!("subjects[{at}]");
        scan.find("IAM-045", Status::Fail, bound.object, field, NODES.with([whom]));
    }
}

/// Accounts and namespaces that are there.
struct Known<'a> {
    accounts: HashSet<(&'a str, &'a str)>,
    namespaces: HashSet<&'a str>,
}

impl<'a> Known<'a> {
    fn of(scan: &Scan<'a>) -> Self {
        let objects = &scan.input.objects;
        let accounts = objects.of_kind("", "ServiceAccount").map(|o| (o.namespace(), o.name()));
        let namespaces = objects.of_kind("", "Namespace").map(|o| o.name());
        Self { accounts: accounts.collect(), namespaces: namespaces.collect() }
    }
}

/// What a binding names that is not there.
fn dangling(scan: &mut Scan<'_>, rights: &Rights<'_>, known: &Known<'_>, bound: &Bound<'_>, role: &str) {
    let mut warn =
        |field: &str, reason| scan.find("IAM-042", Status::Warn, bound.object, field.to_owned(), reason);
    if bound.own.is_empty() {
        return;
    }
    if rights.policy.role_of(&bound.binding).is_none() {
        warn("roleRef", NO_ROLE.with([role]));
    }
    for (field, whom) in bound.own_subjects() {
        if let Principal::ServiceAccount(namespace, name) = &whom
            && !known.accounts.contains(&(namespace.as_str(), name.as_str()))
        {
            warn(&field, NO_SUBJECT.with([whom]));
        }
    }
    let scope = bound.scope();
    if !scope.is_empty() && !known.namespaces.is_empty() && !known.namespaces.contains(scope) {
        warn("metadata.namespace", NO_NAMESPACE.with([scope]));
    }
}
