//! Firewalls of servers and subnets: what they let in, and what they let out.

use std::collections::{BTreeMap, BTreeSet};

use super::{not_exported, untold};
use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::cloud::{AclRule, At, Cloud, Direction, Given, Ports, Protocol, Range, Rule, is_world};
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["CLD-002", "CLD-003", "CLD-004", "CLD-005"];

/// Ports by which machines and clusters are administered.
const ADMIN: [(Ports, &str); 8] = [
    (Ports::one(22), "SSH"),
    (Ports::one(3389), "RDP"),
    (Ports::one(6443), "kube-apiserver"),
    (Ports::one(10250), "kubelet"),
    (Ports::one(10255), "kubelet"),
    (Ports::one(10257), "kube-controller-manager"),
    (Ports::one(10259), "kube-scheduler"),
    (Ports::of(2379, 2380), "etcd"),
];

/// Ports that services open on nodes.
const NODE_PORTS: Ports = Ports::of(30_000, 32_767);

/// How many rules of a subnet's firewall are held against each other.
const MOST_RULES: usize = 1000;

const NO_RULES: Words =
    words("the export has no rules of firewalls of servers", "내보내기에 ACG(보안 그룹) 규칙이 없음");
const NO_ACLS: Words = words("the export has no network ACLs", "내보내기에 Network ACL이 없음");
const ADMIN_OPEN: Words = words("{} may come to {}", "{}에서 {} 포트에 접근할 수 있음");
const ALL_OPEN: Words = words("{} may come to every port", "{}에서 모든 포트에 접근할 수 있음");
const MANY_PORTS: Words = words("it opens {} ports ({}) to {}", "{}개 포트({})를 {}에 엶");
const OUT_OPEN: Words = words("everything may leave, to {}", "{}(으)로 모든 트래픽이 나갈 수 있음");
const IN_OPEN: Words = words(
    "{} may come to every port, and no rule before it drops anything",
    "{}에서 모든 포트에 접근할 수 있고 앞선 차단 규칙이 없음",
);
const SHADOWED: Words = words(
    "it decides nothing: rule {} before it is for all of that",
    "앞선 {}번 규칙이 모두 포함하므로 효과가 없음",
);
const DEFAULT_ACL: Words = words(
    "subnet {} uses the default ACL, to which every new subnet of the network belongs",
    "서브넷 {}이(가) 기본 Network ACL을 사용함",
);
const EMPTY_ACL: Words = words(
    "subnet {} uses it, and it has no rule: everything goes through",
    "서브넷 {}이(가) 사용하는데 규칙이 없어 모두 통과함",
);

pub(super) fn run(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    let given = !cloud.rules.is_empty() || cloud.given.contains(&Given::Rules);
    for id in ["CLD-002", "CLD-003", "CLD-004"] {
        not_exported(scan, id, given, NO_RULES.plain());
    }
    untold(scan, cloud, Given::Rules, &["CLD-002", "CLD-003", "CLD-004"]);
    untold(scan, cloud, Given::Acls, &["CLD-004", "CLD-005"]);
    for rule in &cloud.rules {
        match rule.direction {
            Direction::Inbound => {
                admin_ports(scan, rule);
                broad(scan, rule);
            }
            Direction::Outbound => leaving(scan, rule),
        }
    }
    acls(scan, cloud);
}

/// Ports of nodes are opened for datagrams too; the others speak TCP only.
fn admin_ports(scan: &mut Scan<'_>, rule: &Rule<'_>) {
    scan.examine("CLD-002");
    let Some(world) = rule.world() else { return };
    let meets = |ports: Ports| rule.ports.iter().any(|own| own.meets(ports));
    let mut open: Vec<String> = Vec::new();
    if rule.protocol.may_be(Protocol::Tcp) {
        let admin = ADMIN.iter().filter(|(ports, _)| meets(*ports));
        open.extend(admin.map(|(ports, name)| format!("{ports} ({name})")));
    }
    if (rule.protocol.may_be(Protocol::Tcp) || rule.protocol == Protocol::Udp) && meets(NODE_PORTS) {
        open.push(format!("{NODE_PORTS} (NodePort)"));
    }
    if !open.is_empty() {
        let reason = ADMIN_OPEN.with([world.value.clone(), open.join(", ")]);
        scan.find("CLD-002", Status::Fail, &rule.resource, rule.ports_field.clone(), reason);
    }
}

fn broad(scan: &mut Scan<'_>, rule: &Rule<'_>) {
    scan.examine("CLD-003");
    if let Some(world) = rule.world().filter(|_| rule.is_all_ports()) {
        let reason = ALL_OPEN.with([&world.value]);
        return scan.find("CLD-003", Status::Fail, &rule.resource, rule.ports_field.clone(), reason);
    }
    // Members of a group trust each other; and load balancers need the ports of nodes.
    let private = rule.peers.iter().all(|peer| Range::parse(&peer.value).is_some_and(Range::is_private));
    let needed = |ports: &Ports| private && NODE_PORTS.contains(*ports);
    let most = scan.settings.limits.port_range;
    let many = rule.ports.iter().find(|ports| i64::from(ports.count()) > most && !needed(ports));
    if let (Some(ports), Some(peer)) = (many, rule.peers.first()) {
        let reason = MANY_PORTS.with([ports.count().to_string(), ports.to_string(), peer.value.clone()]);
        scan.find("CLD-003", Status::Warn, &rule.resource, rule.ports_field.clone(), reason);
    }
}

fn leaving(scan: &mut Scan<'_>, rule: &Rule<'_>) {
    scan.examine("CLD-004");
    if let Some(world) = rule.world().filter(|_| rule.is_all_ports()) {
        let reason = OUT_OPEN.with([&world.value]);
        scan.find("CLD-004", Status::Warn, &rule.resource, world.field.clone(), reason);
    }
}

fn acls(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    let given = !cloud.acls.is_empty() || !cloud.acl_rules.is_empty() || cloud.given.contains(&Given::Acls);
    not_exported(scan, "CLD-005", given, NO_ACLS.plain());
    let mut by_acl: BTreeMap<&str, Vec<&AclRule<'_>>> = BTreeMap::new();
    for rule in &cloud.acl_rules {
        match rule.direction {
            Direction::Inbound => by_acl.entry(&rule.acl).or_default().push(rule),
            Direction::Outbound => acl_leaving(scan, rule),
        }
    }
    used(scan, cloud, &by_acl.keys().copied().collect());
    for rules in by_acl.values_mut() {
        scan.examine("CLD-005");
        rules.sort_by_key(|rule| rule.priority);
        rules.truncate(MOST_RULES);
        entering(scan, rules);
    }
}

fn world<'r>(rule: &'r AclRule<'_>) -> Option<&'r At<String>> {
    rule.peer.as_ref().filter(|peer| is_world(&peer.value))
}

fn lets_all(rule: &AclRule<'_>) -> bool {
    rule.allows && rule.protocol.may_be(Protocol::Tcp) && rule.ports.iter().any(|ports| ports.is_all())
}

fn acl_leaving(scan: &mut Scan<'_>, rule: &AclRule<'_>) {
    scan.examine("CLD-004");
    if let Some(world) = world(rule).filter(|_| lets_all(rule)) {
        let reason = OUT_OPEN.with([&world.value]);
        scan.find("CLD-004", Status::Warn, &rule.resource, world.field.clone(), reason);
    }
}

fn entering(scan: &mut Scan<'_>, rules: &[&AclRule<'_>]) {
    for (i, rule) in rules.iter().enumerate() {
        let before = rules.get(..i).unwrap_or_default();
        let drops = before.iter().any(|earlier| !earlier.allows);
        if let Some(world) = world(rule).filter(|_| lets_all(rule) && !drops) {
            let reason = IN_OPEN.with([&world.value]);
            scan.find("CLD-005", Status::Fail, &rule.resource, world.field.clone(), reason);
        }
        if let Some(earlier) = before.iter().find(|earlier| covers(earlier, rule)) {
            let reason = SHADOWED.with([earlier.priority]);
            scan.find("CLD-005", Status::Warn, &rule.resource, rule.resource.path.clone(), reason);
        }
    }
}

/// True when a rule is for everything that another is for.
fn covers(rule: &AclRule<'_>, other: &AclRule<'_>) -> bool {
    let range = |rule: &AclRule<'_>| rule.peer.as_ref().and_then(|peer| Range::parse(&peer.value));
    let (Some(mine), Some(theirs)) = (range(rule), range(other)) else { return false };
    let has = |ports: &Ports| rule.ports.iter().any(|own| own.contains(*ports));
    rule.protocol.may_be(other.protocol) && mine.contains(theirs) && other.ports.iter().all(has)
}

/// Which firewalls subnets use: not the default one, and none without a rule.
fn used(scan: &mut Scan<'_>, cloud: &Cloud<'_>, with_rules: &BTreeSet<&str>) {
    for acl in &cloud.acls {
        let subnet = cloud.subnets.iter().find(|subnet| subnet.acl == acl.resource.id);
        let Some(subnet) = subnet else { continue };
        scan.examine("CLD-005");
        let title = subnet.resource.title();
        let default = acl.is_default.as_ref().filter(|default| default.value);
        let (field, reason) = match default {
            Some(default) => (default.field.clone(), DEFAULT_ACL.with([title])),
            None if acl.lets_rest && !with_rules.contains(acl.resource.id.as_str()) => {
                // Rules are an answer of their own, and that may not have been asked for.
                if !cloud.given.contains(&Given::Acls) && cloud.acl_rules.is_empty() {
                    scan.lack("CLD-005", NO_ACLS.plain());
                    continue;
                }
                (acl.resource.path.clone(), EMPTY_ACL.with([title]))
            }
            None => continue,
        };
        scan.find("CLD-005", Status::Warn, &acl.resource, field, reason);
    }
}
