//! Network policies: which pods have one, and what they let through.

use evidence::Object;

use crate::finding::Status;
use crate::network::{Direction, Policy, is_everybody, policies};
use crate::scan::Scan;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["NET-002", "NET-003", "NET-004", "NET-005", "NET-006", "NET-007"];

const NO_POLICY: Words =
    words("{} workloads run in it, and no policy is there", "워크로드 {}개가 있는데 정책이 없음");
const NO_DENY: Words = words(
    "no policy is for all of its pods with {} and without rules",
    "모든 파드를 대상으로 규칙 없이 {}를 막는 정책이 없음",
);
const UNCOVERED: Words = words("no policy is for it ({})", "적용되는 정책이 없음 ({})");
const UNPROTECTABLE: Words = words(
    "policies do not reach it: it uses the host's network",
    "호스트 네트워크를 써서 정책이 적용되지 않음",
);
const OPEN: Words =
    words("rule {} lets everybody through on every port", "규칙 {}이 모든 포트에서 모두를 통과시킴");
const DANGLING: Words = words("it selects nothing that is there", "선택하는 파드가 없음");

pub(super) fn run(scan: &mut Scan<'_>) {
    let all = policies(&scan.input.objects);
    for policy in &all {
        open_rules(scan, policy);
    }
    // What is missing may be elsewhere unless this is everything.
    if scan.input.whole_cluster {
        namespaces(scan, &all);
        workloads(scan, &all);
        all.iter().for_each(|policy| dangling(scan, policy));
    }
}

fn open_rules(scan: &mut Scan<'_>, policy: &Policy<'_>) {
    scan.examine("NET-006");
    for direction in Direction::BOTH.into_iter().filter(|d| policy.covers(*d)) {
        let (list, peers) = direction.members();
        for (i, rule) in policy.rules(direction).iter().enumerate() {
            let named = rule.array_at(&[peers]);
            let everybody = |peer: &api::Value| is_everybody(peer.str_at(&["ipBlock", "cidr"]));
            let open = named.is_empty() || named.iter().any(everybody);
            if open && rule.array_at(&["ports"]).is_empty() {
                let field = format!("spec.{list}[{i}]");
                scan.find("NET-006", Status::Fail, policy.object, field, OPEN.with([i]));
            }
        }
    }
}

fn namespaces(scan: &mut Scan<'_>, policies: &[Policy<'_>]) {
    let all: Vec<&Object> = scan.input.objects.of_kind("", "Namespace").collect();
    for namespace in all {
        let within = |o: &Object| o.namespace() == namespace.name();
        let running = scan.workloads.0.iter().filter(|w| within(w.object)).count();
        if running == 0 || scan.settings.is_system(namespace.name()) {
            continue;
        }
        let there: Vec<_> = policies.iter().filter(|p| within(p.object)).collect();
        scan.examine("NET-002");
        if there.is_empty() {
            scan.find("NET-002", Status::Fail, namespace, String::new(), NO_POLICY.with([running]));
        }
        for (id, direction, status) in
            [("NET-003", Direction::Ingress, Status::Fail), ("NET-004", Direction::Egress, Status::Warn)]
        {
            scan.examine(id);
            let denies =
                |p: &&Policy<'_>| p.is_for_all() && p.covers(direction) && p.rules(direction).is_empty();
            if !there.iter().any(denies) {
                scan.find(id, status, namespace, String::new(), NO_DENY.with([direction.name()]));
            }
        }
    }
}

fn workloads(scan: &mut Scan<'_>, policies: &[Policy<'_>]) {
    for workload in scan.workloads.0.clone() {
        if scan.settings.is_system(workload.object.namespace()) {
            continue;
        }
        scan.examine("NET-005");
        if workload.spec().at(&["hostNetwork"]).as_bool() == Some(true) {
            let field = workload.field("hostNetwork");
            scan.find("NET-005", Status::Warn, workload.object, field, UNPROTECTABLE.plain());
            continue;
        }
        for (direction, status) in [(Direction::Ingress, Status::Fail), (Direction::Egress, Status::Warn)] {
            if !policies.iter().any(|p| p.covers(direction) && p.selects(&workload)) {
                let reason = UNCOVERED.with([direction.name()]);
                scan.find("NET-005", status, workload.object, String::new(), reason);
            }
        }
    }
}

fn dangling(scan: &mut Scan<'_>, policy: &Policy<'_>) {
    scan.examine("NET-007");
    if !policy.is_for_all() && !scan.workloads.0.iter().any(|workload| policy.selects(workload)) {
        let field = "spec.podSelector".to_owned();
        scan.find("NET-007", Status::Warn, policy.object, field, DANGLING.plain());
    }
}
