//! Where nodes and load balancers are: apart from each other, and not on the internet unless meant to.

use std::collections::{BTreeMap, BTreeSet};

use super::setting::no_cluster;
use super::{not_exported, untold};
use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::cloud::{Balancer, Cloud, Cluster, Given, Listener};
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["CLD-006", "CLD-007", "CLD-008"];

const PUBLIC_WORKERS: Words =
    words("nodes of the cluster are in a public network", "클러스터 노드가 공인 네트워크에 있음");
const PUBLIC_SUBNET: Words =
    words("nodes are in subnet {}, which is public", "노드가 Public 서브넷 {}에 있음");
const SHARED: Words =
    words("nodes and load balancers share subnet {}", "노드와 로드밸런서가 서브넷 {}을(를) 함께 사용함");
const NO_SUBNET: Words =
    words("subnet {} of the nodes was not exported", "내보내기에 노드의 서브넷 {}이(가) 없음");
const NO_SUBNETS: Words = words(
    "the export does not tell in which subnets the nodes of {} are",
    "내보내기에 {} 노드의 서브넷이 없음",
);
const PUBLIC_IP: Words = words("the node has the public address {}", "노드에 공인 IP {}이(가) 있음");
const NO_NODES: Words = words("the export has no nodes and no servers", "내보내기에 노드와 서버가 없음");
const NO_BALANCERS: Words = words("the export has no load balancers", "내보내기에 로드밸런서가 없음");
const NOT_TOLD: Words = words(
    "the export does not tell whether load balancer {} is on the internet",
    "내보내기에 로드밸런서 {}의 공개 여부가 없음",
);
const PUBLIC_BALANCER: Words = words(
    "it answers on the internet; an exception says that this is meant",
    "인터넷에 공개됨. 의도한 것이면 예외로 등록해야 함",
);
const PLAIN: Words = words("it speaks {}, which is not encrypted", "암호화되지 않은 {}을(를) 사용함");
const OLD_TLS: Words = words("it speaks {} and what is newer", "{} 이상의 오래된 TLS를 허용함");

pub(super) fn run(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    no_cluster(scan, cloud, "CLD-006");
    untold(scan, cloud, Given::Subnets, &["CLD-006"]);
    untold(scan, cloud, Given::Servers, &["CLD-007"]);
    untold(scan, cloud, Given::Balancers, &["CLD-008"]);
    cloud.clusters.iter().for_each(|cluster| apart(scan, cloud, cluster));
    addresses(scan, cloud);
    balancers(scan, cloud);
}

fn apart(scan: &mut Scan<'_>, cloud: &Cloud<'_>, cluster: &Cluster<'_>) {
    scan.examine("CLD-006");
    if let Some(public) = cluster.public_workers.as_ref().filter(|public| public.value) {
        let field = public.field.clone();
        scan.find("CLD-006", Status::Fail, &cluster.resource, field, PUBLIC_WORKERS.plain());
    }
    let subnets = cloud.worker_subnets(cluster);
    if subnets.is_empty() {
        scan.lack("CLD-006", NO_SUBNETS.with([cluster.resource.title()]));
    }
    // Within a network a load balancer may stand beside the nodes; what answers on the internet may not.
    let public = cloud.balancers.iter().filter(|b| b.public.as_ref().is_some_and(|public| public.value));
    let of_balancers = cluster.balancer_subnets.iter().chain(public.flat_map(|b| &b.subnets));
    let balanced: BTreeSet<&str> = of_balancers.map(|at| at.value.as_str()).collect();
    for (at, resource) in subnets {
        let subnet = cloud.subnet(&at.value);
        match subnet.and_then(|subnet| Some((subnet, subnet.public.as_ref()?))) {
            None => scan.lack("CLD-006", NO_SUBNET.with([&at.value])),
            Some((subnet, public)) if public.value => {
                let reason = PUBLIC_SUBNET.with([subnet.resource.title()]);
                scan.find("CLD-006", Status::Fail, resource, at.field.clone(), reason);
            }
            Some(_) => {}
        }
        if balanced.contains(at.value.as_str()) {
            let title = subnet.map_or_else(|| at.value.clone(), |subnet| subnet.resource.title());
            scan.find("CLD-006", Status::Fail, resource, at.field.clone(), SHARED.with([title]));
        }
    }
}

/// A node may be known three times: to the cluster's service, as a server, and as an object.
fn addresses(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    let workers = cloud.workers.iter().map(|worker| (&worker.resource, worker.public_ip.as_ref()));
    let servers = cloud.nodes();
    let servers = servers.iter().map(|server| (&server.resource, server.public_ip.as_ref()));
    let mut seen = BTreeSet::new();
    let mut is_there = false;
    for (resource, address) in workers.chain(servers) {
        is_there = true;
        scan.examine("CLD-007");
        let Some(address) = address.filter(|at| !at.value.is_empty()) else { continue };
        if seen.insert(address.value.clone()) {
            let reason = PUBLIC_IP.with([&address.value]);
            scan.find("CLD-007", Status::Fail, resource, address.field.clone(), reason);
        }
    }
    let objects: Vec<_> = scan.input.objects.of_kind("", "Node").collect();
    for node in objects {
        is_there = true;
        scan.examine("CLD-007");
        for (i, one) in node.value.array_at(&["status", "addresses"]).iter().enumerate() {
            let address = one.str_at(&["address"]);
            if one.str_at(&["type"]) == "ExternalIP" && seen.insert(address.to_owned()) {
                let field = format!("status.addresses[{i}].address");
                scan.find("CLD-007", Status::Fail, node, field, PUBLIC_IP.with([address]));
            }
        }
    }
    let is_there = is_there || cloud.given.contains(&Given::Servers);
    not_exported(scan, "CLD-007", is_there, NO_NODES.plain());
}

fn balancers(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    let is_there = !cloud.balancers.is_empty() || cloud.given.contains(&Given::Balancers);
    not_exported(scan, "CLD-008", is_there || !cloud.listeners.is_empty(), NO_BALANCERS.plain());
    let is_public = |balancer: &Balancer<'_>| balancer.public.as_ref().is_none_or(|public| public.value);
    let inside: BTreeMap<&str, bool> =
        cloud.balancers.iter().map(|b| (b.resource.id.as_str(), !is_public(b))).collect();
    for balancer in &cloud.balancers {
        scan.examine("CLD-008");
        match &balancer.public {
            None => scan.lack("CLD-008", NOT_TOLD.with([balancer.resource.title()])),
            Some(public) if public.value => {
                let field = public.field.clone();
                scan.find("CLD-008", Status::Warn, &balancer.resource, field, PUBLIC_BALANCER.plain());
            }
            Some(_) => {}
        }
    }
    let met = |listener: &&Listener<'_>| inside.get(listener.balancer.as_str()) != Some(&true);
    cloud.listeners.iter().filter(met).for_each(|listener| listens(scan, listener));
}

fn listens(scan: &mut Scan<'_>, listener: &Listener<'_>) {
    scan.examine("CLD-008");
    let protocol = &listener.protocol;
    if protocol.value == "HTTP" {
        let reason = PLAIN.with([&protocol.value]);
        scan.find("CLD-008", Status::Fail, &listener.resource, protocol.field.clone(), reason);
    }
    if let Some((tls, true)) = &listener.tls {
        let reason = OLD_TLS.with([&tls.value]);
        scan.find("CLD-008", Status::Fail, &listener.resource, tls.field.clone(), reason);
    }
}
