//! Nodes as the cluster knows them: how old their kubelets are, and how they are.

use api::Value;
use evidence::Object;

use crate::finding::Status;
use crate::releases::{Release, parse_version};
use crate::scan::Scan;
use crate::sources::cloud::Cloud;
use crate::sources::control_plane::{ControlPlane, Program};
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["HST-072", "HST-077"];

/// How many minor releases a kubelet may lie behind the API server (kubernetes.io/releases/version-skew-policy): one
/// older than 1.25 may less.
const fn most_behind(kubelet: Release) -> u32 {
    if kubelet.minor < 25 { 2 } else { 3 }
}

/// Conditions that are bad when they are true.
const PRESSURE: [&str; 4] = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"];

const NEWER: Words =
    words("its kubelet {} is newer than the API server {}", "kubelet {} 버전이 API 서버 {} 버전보다 높음");
const OLDER: Words = words(
    "its kubelet {} is more than {} minor releases older than {}",
    "kubelet {} 버전이 마이너 버전 {}단계 넘게 API 서버 {} 버전보다 낮음",
);
const NO_SERVER: Words = words(
    "the version of the API server is not known: neither a pod of kube-apiserver nor an export of the cloud tells",
    "kube-apiserver 파드도 클라우드 내보내기도 없어 API 서버 버전을 알 수 없음",
);
const UNKNOWN_KUBELET: Words =
    words("node {} tells no version of its kubelet", "{} 노드의 kubelet 버전을 알 수 없음");
const NOT_READY: Words = words("it is not ready since {}: {}", "{}부터 준비되지 않음: {}");
const NO_CONDITION: Words = words("it does not tell how it is", "상태 정보가 없음");
const UNDER: Words = words("{}: {}", "{}: {}");

pub(super) fn run(scan: &mut Scan<'_>) {
    let nodes: Vec<&Object> = scan.input.objects.of_kind("", "Node").collect();
    if nodes.is_empty() {
        return;
    }
    skew(scan, &nodes);
    for node in nodes {
        health(scan, node);
    }
}

fn skew(scan: &mut Scan<'_>, nodes: &[&Object]) {
    let servers = servers(scan);
    let kubelet = |node: &Object| parse_version(node.value.str_at(&["status", "nodeInfo", "kubeletVersion"]));
    // No kubelet may be newer than the API server, so the newest one shows how old the server is at the least.
    let newest = nodes.iter().filter_map(|node| kubelet(node)).max();
    let (oldest_server, newest_server) = (servers.iter().min(), servers.iter().max().copied().or(newest));
    if oldest_server.is_none() {
        scan.lack("HST-072", NO_SERVER.plain());
    }
    for node in nodes {
        let Some(version) = kubelet(node) else {
            scan.lack("HST-072", UNKNOWN_KUBELET.with([node.name()]));
            continue;
        };
        scan.examine("HST-072");
        let minor = |release: &Release| (release.major, release.minor);
        let (shown, most) = (version.to_string(), most_behind(version));
        let reason = match (oldest_server, newest_server) {
            (Some(server), _) if minor(&version) > minor(server) => NEWER.with([shown, server.to_string()]),
            (_, Some(server)) if version.major == server.major && version.minor + most < server.minor => {
                OLDER.with([shown, most.to_string(), server.to_string()])
            }
            _ => continue,
        };
        scan.find("HST-072", Status::Fail, *node, "status.nodeInfo.kubeletVersion".to_owned(), reason);
    }
}

/// Versions of API servers, by the images of their pods; else by what the cloud says of its only cluster.
fn servers(scan: &Scan<'_>) -> Vec<Release> {
    let control_plane = ControlPlane::of(scan);
    let servers: Vec<_> = control_plane.all(Program::ApiServer).filter_map(|server| server.version).collect();
    if !servers.is_empty() {
        return servers;
    }
    let cloud = Cloud::of(scan.input);
    match cloud.clusters.as_slice() {
        [only] => only.version.iter().filter_map(|version| parse_version(&version.value)).collect(),
        _ => Vec::new(),
    }
}

fn health(scan: &mut Scan<'_>, node: &Object) {
    scan.examine("HST-077");
    let conditions = node.value.array_at(&["status", "conditions"]);
    let find = |name: &str| conditions.iter().find(|condition| condition.str_at(&["type"]) == name);
    let message = |condition: &Value| match condition.str_at(&["message"]) {
        "" => condition.str_at(&["reason"]).to_owned(),
        message => message.to_owned(),
    };
    match find("Ready") {
        None => {
            scan.find("HST-077", Status::Warn, node, "status.conditions".to_owned(), NO_CONDITION.plain());
        }
        Some(ready) if ready.str_at(&["status"]) != "True" => {
            let since = ready.str_at(&["lastTransitionTime"]);
            let patience = scan.settings.limits.not_ready.saturating_mul(60);
            let long = crate::when::moment(since)
                .is_none_or(|since| scan.settings.now.seconds() - since.seconds() > patience);
            let status = if long { Status::Fail } else { Status::Warn };
            let reason = NOT_READY.with([since, &message(ready)]);
            scan.find("HST-077", status, node, "status.conditions[Ready]".to_owned(), reason);
        }
        Some(_) => {}
    }
    for name in PRESSURE {
        if let Some(condition) = find(name).filter(|condition| condition.str_at(&["status"]) == "True") {
            let field = format!("status.conditions[{name}]");
            let reason = UNDER.with([name, &message(condition)]);
            scan.find("HST-077", Status::Warn, node, field, reason);
        }
    }
}
