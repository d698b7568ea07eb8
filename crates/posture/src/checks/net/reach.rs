//! What pods can reach: the metadata of machines, and from the internet what should be far from it.

use std::collections::HashSet;
use std::net::IpAddr;

use evidence::{Evidence, Object};

use crate::catalogue::Kind;
use crate::checks::net::policies::BLIND;
use crate::finding::Status;
use crate::network::{
    Because, Declared, Endpoint, Group, METADATA, Machine, Peer, Port, Protocol, Reach, Verdict, machines,
    metadata_service,
};
use crate::scan::Scan;
use crate::sources::exposure::{Exposure, Way};
use crate::sources::nodes::{is_of_cloud, nodes};
use crate::words::{Said, Words, words};
use crate::workload::Workload;

pub(super) const IDS: &[&str] = &["NET-008", "NET-009"];

const METADATA_OPEN: Words = words("nothing keeps it from {}", "{} 접근을 막는 정책이 없음");
const METADATA_ALLOWED: Words = words("{} lets it reach {}", "{}이(가) {} 접근을 허용함");
const METADATA_ON_HOST: Words = words(
    "it uses the host's network, from which {} is reached whatever policies say",
    "호스트 네트워크를 써서 정책과 관계없이 {}에 접근할 수 있음",
);
const REACHES: Words = words(
    "it can be reached through {}, and it reaches {}",
    "{}(으)로 외부에 노출되어 있는데 {}에 접근할 수 있음",
);

/// The label by which a namespace says that it is sensitive, and by which a pod says that it talks to the API.
const SENSITIVE: &str = "sumun.io/sensitive";
const USES_API: &str = "sumun.io/uses-api";

/// The most targets that a finding names.
const MOST_NAMED: usize = 5;

pub(super) fn run(scan: &mut Scan<'_>, reach: &Reach<'_>) {
    if scan.input.whole_cluster {
        metadata(scan, reach);
        sensitive(scan, reach);
    }
}

fn metadata(scan: &mut Scan<'_>, reach: &Reach<'_>) {
    let on_cloud = scan.settings.profile.is_managed()
        || scan.input.has(Kind::Cloud)
        || nodes(&scan.input.objects).into_iter().any(is_of_cloud);
    let status = if on_cloud { Status::Fail } else { Status::Warn };
    let all = scan.workloads.0.clone();
    for group in &reach.groups {
        let namespace = group.endpoint.namespace.name;
        if scan.settings.is_system(namespace) {
            continue;
        }
        if reach.is_blind(namespace) && !group.endpoint.on_host {
            scan.lack("NET-008", BLIND.with([namespace]));
            continue;
        }
        let Verdict { allowed, because } = reach.may_leave(group, metadata_service(), Port::tcp(80));
        for workload in group.members.iter().filter_map(|i| all.get(*i)) {
            scan.examine("NET-008");
            if group.endpoint.on_host {
                let field = workload.field("hostNetwork");
                scan.find("NET-008", Status::Warn, workload.object, field, METADATA_ON_HOST.with([METADATA]));
            } else if allowed {
                scan.find("NET-008", status, workload.object, String::new(), why(because));
            }
        }
    }
}

fn why(because: Option<Because<'_>>) -> Said {
    match because {
        None => METADATA_OPEN.with([METADATA]),
        Some(Because { policy, rule }) => {
            let rule = rule.map_or_else(String::new, |rule| format!(" {rule}"));
            let policy = format!("{} {}{rule}", policy.kind(), policy.name());
            METADATA_ALLOWED.with([policy, METADATA.to_string()])
        }
    }
}

/// Something that should be far from the internet.
struct Target<'r, 'a> {
    name: String,
    end: End<'r, 'a>,
    ports: Vec<Port>,
    /// It is the API server, which some pods are made to talk to.
    is_api: bool,
}

enum End<'r, 'a> {
    Pods(&'r Group<'a>),
    Node(Machine<'a>),
    /// An API server that is on no node.
    Api(IpAddr),
}

fn sensitive(scan: &mut Scan<'_>, reach: &Reach<'_>) {
    let exposure = Exposure::of(&scan.input.objects, &scan.workloads);
    let targets = targets(scan, reach);
    let all = scan.workloads.0.clone();
    for (i, workload) in all.iter().enumerate() {
        let ways: Vec<_> = exposure.to(i).iter().filter(|o| o.is_public && is_from_outside(o.way)).collect();
        let (Some(way), Some(group)) = (ways.first(), reach.group_of(i)) else { continue };
        if reach.is_blind(workload.object.namespace()) {
            scan.lack("NET-009", BLIND.with([workload.object.namespace()]));
            continue;
        }
        scan.examine("NET-009");
        let reached = reached(reach, group, workload, &targets);
        if !reached.is_empty() {
            let by = format!("{} {}", way.object.kind(), way.object.name());
            let reason = REACHES.with([by, some_of(&reached)]);
            scan.find("NET-009", Status::Fail, workload.object, String::new(), reason);
        }
    }
}

fn is_from_outside(way: Way) -> bool {
    matches!(way, Way::LoadBalancer | Way::NodePort | Way::ExternalAddress | Way::Ingress | Way::Route)
}

fn reached(
    reach: &Reach<'_>,
    group: &Group<'_>,
    workload: &Workload<'_>,
    targets: &[Target<'_, '_>],
) -> Vec<String> {
    let uses_api = workload.label(USES_API) == Some("true");
    let mut reached = Vec::new();
    for target in targets.iter().filter(|target| !(target.is_api && uses_api)) {
        let may = |port: &&Port| match target.end {
            End::Pods(to) => {
                let theirs = to.endpoint.namespace.name;
                let is_told = theirs != group.endpoint.namespace.name && !reach.is_blind(theirs);
                is_told && reach.may_pass(group, to, **port).allowed
            }
            End::Node(machine) => reach.may_leave(group, Peer::Node(machine), **port).allowed,
            End::Api(address) => reach.may_leave(group, Peer::World(address, true), **port).allowed,
        };
        if let Some(port) = target.ports.iter().find(may) {
            reached.push(format!("{} ({port})", target.name));
        }
    }
    reached
}

fn some_of(reached: &[String]) -> String {
    let named: Vec<_> = reached.iter().take(MOST_NAMED).map(String::as_str).collect();
    let more = reached.len().saturating_sub(MOST_NAMED);
    if more == 0 { named.join(", ") } else { format!("{} (+{more})", named.join(", ")) }
}

fn targets<'r, 'a>(scan: &Scan<'a>, reach: &'r Reach<'a>) -> Vec<Target<'r, 'a>> {
    let mut targets = node_targets(scan);
    let sensitive: HashSet<&str> = reach
        .namespaces
        .values()
        .filter(|n| {
            let label = n.labels.and_then(|labels| labels.get(SENSITIVE)).and_then(api::Value::as_str);
            label.map_or(n.name == "kube-system", |value| value == "true")
        })
        .map(|n| n.name)
        .collect();
    for group in &reach.groups {
        let Endpoint { namespace, on_host, ports, .. } = &group.endpoint;
        // Pods on the network of nodes are reached as nodes are.
        if *on_host || !sensitive.contains(namespace.name) {
            continue;
        }
        let first = group.members.first().and_then(|i| scan.workloads.0.get(*i));
        let name = first.map_or("", |workload| workload.object.name());
        targets.push(Target {
            name: format!("{}/{name}", namespace.name),
            end: End::Pods(group),
            ports: ports_of(ports),
            is_api: false,
        });
    }
    targets
}

/// What is listened on, as far as it is declared; name service is for everybody.
fn ports_of(declared: &[Declared<'_>]) -> Vec<Port> {
    let serves_names = declared.iter().any(|d| d.number == 53);
    let ports: Vec<_> = declared
        .iter()
        .filter(|d| !(serves_names && d.protocol == Protocol::Udp) && d.number != 53)
        .map(|d| Port { protocol: d.protocol, number: Some(d.number) })
        .collect();
    if declared.is_empty() { vec![Port::UNNAMED] } else { ports }
}

/// The kubelet of any node; etcd and the API server where there are nodes of the control plane.
fn node_targets<'r, 'a>(scan: &Scan<'a>) -> Vec<Target<'r, 'a>> {
    let machines = machines(&scan.input.objects);
    let any = machines.last().map_or(Machine::default(), |(_, machine)| *machine);
    let target = |name: &str, machine: Machine<'a>, port: u16, is_api: bool| Target {
        name: name.to_owned(),
        end: End::Node(machine),
        ports: vec![Port::tcp(port)],
        is_api,
    };
    let mut targets = vec![target("kubelet", any, 10_250, false)];
    if let Some((_, control)) = machines.first().filter(|(_, machine)| machine.serves_api) {
        targets.push(target("etcd", *control, 2379, false));
        targets.push(target("API server", *control, 6443, true));
    } else if let Some((address, port)) = api_server(&scan.input.objects) {
        let (end, ports) = (End::Api(address), vec![Port::tcp(port)]);
        targets.push(Target { name: "API server".to_owned(), end, ports, is_api: true });
    }
    targets
}

/// Where the API server of a cluster is whose control plane is on no node of it.
fn api_server(evidence: &Evidence) -> Option<(IpAddr, u16)> {
    let is_it = |object: &&Object| object.namespace() == "default" && object.name() == "kubernetes";
    let slice = evidence.of_kind("discovery.k8s.io", "EndpointSlice").find(is_it).and_then(|object| {
        let addresses = object.value.array_at(&["endpoints"]).first()?.array_at(&["addresses"]);
        Some((addresses.first()?.as_str()?, object.value.array_at(&["ports"]).first()?))
    });
    let (address, port) = slice.or_else(|| {
        let subset = evidence.of_kind("", "Endpoints").find(is_it)?.value.array_at(&["subsets"]).first()?;
        let address = subset.array_at(&["addresses"]).first()?.str_at(&["ip"]);
        Some((address, subset.array_at(&["ports"]).first()?))
    })?;
    Some((address.parse().ok()?, u16::try_from(port.at(&["port"]).as_i64()?).ok()?))
}
