//! Network policies: which pods they are for, and what they let through.

use evidence::Object;

use crate::finding::Status;
use crate::network::{Action, Direction, Entity, Policy, Reach, Rule, Scope, Subject, Who};
use crate::scan::Scan;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["NET-002", "NET-003", "NET-004", "NET-005", "NET-006", "NET-007"];

const NO_POLICY: Words =
    words("{} workloads run in it, and no policy is there", "워크로드 {}개가 있는데 정책이 없음");
const NO_DENY: Words = words(
    "no policy denies all of its pods what no rule allows ({})",
    "허용하지 않은 통신을 모든 파드에서 막는 정책이 없음 ({})",
);
const UNCOVERED: Words = words("no policy is for it ({})", "적용되는 정책이 없음 ({})");
const UNPROTECTABLE: Words = words(
    "policies do not reach it: it uses the host's network",
    "호스트 네트워크를 써서 정책이 적용되지 않음",
);
const OPEN: Words =
    words("{} lets everybody through on every port", "{}이(가) 모든 포트에서 모두를 통과시킴");
const DANGLING: Words = words("it selects nothing that is there", "선택하는 파드가 없음");
const NOBODY: Words = words("{} names pods that are not there", "{}이(가) 가리키는 파드가 없음");
pub(super) const BLIND: Words = words(
    "a policy may decide in namespace {} that is not followed: one of Antrea, or one of Calico with more than labels, addresses and ports",
    "네임스페이스 {}에 해석하지 않는 정책이 적용될 수 있음: Antrea 정책이나 라벨·주소·포트 외의 조건을 쓰는 Calico 정책",
);

pub(super) fn run(scan: &mut Scan<'_>, reach: &Reach<'_>) {
    for policy in &reach.policies {
        open_rules(scan, policy);
    }
    // What is missing may be elsewhere unless this is everything.
    if scan.input.whole_cluster {
        namespaces(scan, reach);
        workloads(scan, reach);
        reach.policies.iter().for_each(|policy| dangling(scan, reach, policy));
    }
}

fn open_rules(scan: &mut Scan<'_>, policy: &Policy<'_>) {
    scan.examine("NET-006");
    for direction in Direction::BOTH {
        for rule in policy.side(direction).rules.iter().filter(|rule| is_open(rule, direction)) {
            let name = rule.name.to_string();
            let reason = OPEN.with([&name]);
            scan.find("NET-006", Status::Fail, policy.object, name, reason);
        }
    }
}

fn is_open(rule: &Rule, direction: Direction) -> bool {
    rule.action == Action::Allow
        && rule.ports.is_none()
        && rule.who.as_ref().is_none_or(|who| who.iter().any(|who| is_everybody(who, direction)))
}

fn is_everybody(who: &Who, direction: Direction) -> bool {
    match who {
        Who::Entity(Entity::All | Entity::World | Entity::WorldV4 | Entity::WorldV6) => true,
        // Most of the internet may come in whatever is left out of it; what may not be left for is left out of egress.
        Who::Block { block, except, .. } => {
            block.is_everything() && (except.is_empty() || direction == Direction::Ingress)
        }
        Who::Each(lists) => lists.iter().all(|list| list.iter().any(|who| is_everybody(who, direction))),
        _ => false,
    }
}

fn namespaces(scan: &mut Scan<'_>, reach: &Reach<'_>) {
    let all: Vec<&Object> = scan.input.objects.of_kind("", "Namespace").collect();
    for object in all {
        let namespace = reach.namespace(object.name());
        let groups: Vec<_> =
            reach.groups.iter().filter(|g| g.endpoint.namespace.name == namespace.name).collect();
        if groups.is_empty() || scan.settings.is_system(namespace.name) {
            continue;
        }
        if reach.is_blind(namespace.name) {
            for id in ["NET-002", "NET-003", "NET-004"] {
                scan.lack(id, BLIND.with([namespace.name]));
            }
            continue;
        }
        scan.examine("NET-002");
        let local = reach.policies_in(namespace.name).any(|p| !p.object.namespace().is_empty());
        if !local && groups.iter().all(|group| reach.policies_of(group).next().is_none()) {
            let running: usize = groups.iter().map(|group| group.members.len()).sum();
            scan.find("NET-002", Status::Fail, object, String::new(), NO_POLICY.with([running]));
        }
        for (id, direction, status) in
            [("NET-003", Direction::Ingress, Status::Fail), ("NET-004", Direction::Egress, Status::Warn)]
        {
            scan.examine(id);
            if !reach.denies_the_rest(namespace, direction) {
                scan.find(id, status, object, String::new(), NO_DENY.with([direction.name()]));
            }
        }
    }
}

fn workloads(scan: &mut Scan<'_>, reach: &Reach<'_>) {
    let all = scan.workloads.0.clone();
    for (i, workload) in all.iter().enumerate() {
        let namespace = workload.object.namespace();
        let Some(group) = reach.group_of(i).filter(|_| !scan.settings.is_system(namespace)) else { continue };
        if group.endpoint.on_host {
            scan.examine("NET-005");
            let field = workload.field("hostNetwork");
            scan.find("NET-005", Status::Warn, workload.object, field, UNPROTECTABLE.plain());
            continue;
        }
        if reach.is_blind(namespace) {
            scan.lack("NET-005", BLIND.with([namespace]));
            continue;
        }
        scan.examine("NET-005");
        for (direction, status) in [(Direction::Ingress, Status::Fail), (Direction::Egress, Status::Warn)] {
            if !reach.policies_of(group).any(|policy| policy.covers(direction)) {
                let reason = UNCOVERED.with([direction.name()]);
                scan.find("NET-005", status, workload.object, String::new(), reason);
            }
        }
    }
}

fn dangling(scan: &mut Scan<'_>, reach: &Reach<'_>, policy: &Policy<'_>) {
    scan.examine("NET-007");
    let Subject::Pods(pods) = &policy.subject else { return };
    let is_default = pods.selector.is_everything() && matches!(pods.scope, Scope::One(_));
    if !is_default && !reach.is_anybody(pods) {
        let field = subject_field(policy);
        return scan.find("NET-007", Status::Warn, policy.object, field.to_owned(), DANGLING.plain());
    }
    for rule in Direction::BOTH.into_iter().flat_map(|direction| &policy.side(direction).rules) {
        let named = rule.who.iter().flatten();
        let is_gone = |who: &Who| matches!(who, Who::Pods(pods) if !pods.selector.is_everything() && !reach.is_anybody(pods));
        if named.into_iter().any(is_gone) {
            let name = rule.name.to_string();
            let reason = NOBODY.with([&name]);
            scan.find("NET-007", Status::Warn, policy.object, name, reason);
        }
    }
}

fn subject_field(policy: &Policy<'_>) -> &'static str {
    match policy.object.group() {
        "networking.k8s.io" => "spec.podSelector",
        "cilium.io" => "spec.endpointSelector",
        "projectcalico.org" | "crd.projectcalico.org" => "spec.selector",
        _ => "spec.subject",
    }
}
