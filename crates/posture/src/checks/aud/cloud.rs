//! Logs that a cloud keeps: of the control plane, of connections, and the buckets they end in.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::Kind;
use crate::checks::cld::setting::{self, Setting};
use crate::checks::cld::{not_exported, untold};
use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::sources::cloud::{At, Bucket, Cloud, Given, LogExport, Openness, Resource};
use crate::when::day;
use crate::words::{Words, words};

const IDS: &[&str] = &["AUD-015", "AUD-016", "AUD-017"];

const SETTINGS: &[Setting] =
    &[Setting { id: "AUD-014", of: |cluster| &cluster.audit, off: |_| (Status::Fail, OFF.plain()) }];

/// How old the last event may be, in seconds.
const OLDEST: i64 = 86_400;

const OFF: Words = words(
    "nobody can tell later who asked the API server for what",
    "감사 로그가 꺼져 있어 API 요청 기록이 남지 않음",
);
const NOT_EXPORTED: Words =
    words("no automatic export sends kube-audit to a bucket", "kube-audit 로그의 자동 내보내기가 없음");
const NO_BUCKET: Words = words("the export of {} names no bucket", "{} 자동 내보내기에 버킷이 없음");
const SILENT: Words = words("the last event of {} is of {}", "{}의 마지막 이벤트가 {}에 기록됨");
const NO_EVENTS: Words =
    words("what was looked up has no event of kube-audit", "조회한 로그에 kube-audit 이벤트가 없음");
const NO_EXPORTS: Words = words(
    "neither automatic exports of logs nor logs were exported",
    "로그 자동 내보내기 설정과 조회한 로그가 내보내기에 없음",
);
const NO_FLOW_LOG: Words = words("connections of {} are not logged", "{}의 연결이 기록되지 않음");
const NOT_ALL: Words = words("of connections only {} are logged", "연결 중 {}만 기록됨");
const NO_INTERFACES: Words = words(
    "the network interfaces of nodes, or their flow logs, were not exported",
    "노드의 네트워크 인터페이스나 Flow Log 설정이 내보내기에 없음",
);
const PUBLIC: Words = words("everybody may read the logs in it: {}", "누구나 로그를 읽을 수 있음: {}");
const ACCOUNTS: Words = words(
    "every account of the cloud may read the logs in it: {}",
    "클라우드의 모든 계정이 로그를 읽을 수 있음: {}",
);
const ERASABLE: Words = words(
    "logs in it can be overwritten and deleted: neither versions nor a lock",
    "버전 관리와 객체 잠금이 없어 로그를 덮어쓰거나 삭제할 수 있음",
);
const NO_ACL: Words =
    words("the access list of bucket {} was not exported", "내보내기에 버킷 {}의 ACL이 없음");
const NO_BUCKETS: Words =
    words("the export does not tell in which buckets logs are", "내보내기에 로그 버킷이 없음");

pub(super) fn ids() -> Vec<&'static str> {
    IDS.iter().copied().chain(SETTINGS.iter().map(|setting| setting.id)).collect()
}

pub(super) fn run(scan: &mut Scan<'_>) {
    let input = scan.input;
    let cloud = Cloud::of(input);
    setting::run(scan, &cloud, SETTINGS);
    arrives(scan, &cloud);
    connections(scan, &cloud);
    buckets(scan, &cloud);
}

fn is_audit(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase().replace('_', "-");
    kind.contains("kube-audit") || kind.contains("k8s-audit")
}

fn arrives(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    let exports = cloud.given.contains(&Given::Exports);
    let log = scan.input.audit_log.as_ref().and_then(|log| log.integrity().period());
    not_exported(
        scan,
        "AUD-015",
        exports || !cloud.log_lines.is_empty() || log.is_some(),
        NO_EXPORTS.plain(),
    );
    if exports {
        scan.examine("AUD-015");
        exported(scan, cloud);
    }
    let audit = cloud.log_lines.iter().find(|lines| is_audit(&lines.kind));
    let late =
        |last: api::time::Timestamp, now: api::time::Timestamp| now.seconds() - last.seconds() > OLDEST;
    match (audit, cloud.log_lines.first()) {
        (Some(lines), _) => {
            scan.examine("AUD-015");
            let last = lines.last.filter(|last| late(*last, scan.settings.now));
            if let Some(last) = last {
                let reason = SILENT.with([lines.kind.clone(), day(last)]);
                scan.find("AUD-015", Status::Warn, &lines.resource, lines.resource.path.clone(), reason);
            }
        }
        (None, Some(other)) => {
            scan.examine("AUD-015");
            scan.find(
                "AUD-015",
                Status::Warn,
                &other.resource,
                other.resource.path.clone(),
                NO_EVENTS.plain(),
            );
        }
        (None, None) => {}
    }
    if let Some((_, last)) = log.filter(|_| audit.is_none()) {
        scan.examine("AUD-015");
        if late(last, scan.settings.now) {
            let place = Place::default();
            scan.find(
                "AUD-015",
                Status::Warn,
                place,
                String::new(),
                SILENT.with(["kube-audit".to_owned(), day(last)]),
            );
        }
    }
}

fn exported(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    let sends =
        |export: &&LogExport<'_>| export.types.iter().any(|at| is_audit(&at.value) || at.value == "all");
    match cloud.exports.iter().find(sends) {
        Some(export) if export.bucket.is_none() => {
            let reason = NO_BUCKET.with([export.resource.title()]);
            scan.find("AUD-015", Status::Warn, &export.resource, export.resource.path.clone(), reason);
        }
        Some(_) => {}
        None => {
            let first = cloud.exports.first().map(|export| Place::from(&export.resource));
            let document = || scan.input.of_kind(Kind::Cloud).next().map(Place::from);
            let place = first.or_else(document).unwrap_or_default();
            scan.find("AUD-015", Status::Warn, place, "exportConfigInfo".to_owned(), NOT_EXPORTED.plain());
        }
    }
}

/// An interface of a node, and what the interface itself says of a flow log.
struct OfNode<'c, 'a> {
    id: &'c str,
    title: String,
    resource: &'c Resource<'a>,
    says: Option<&'c At<bool>>,
}

fn interfaces<'c, 'a>(cloud: &'c Cloud<'a>) -> Vec<OfNode<'c, 'a>> {
    let nodes = cloud.nodes();
    let servers: BTreeSet<&str> = nodes.iter().map(|server| server.resource.id.as_str()).collect();
    let subnets = cloud.clusters.iter().flat_map(|cluster| cloud.worker_subnets(cluster));
    let subnets: BTreeSet<&str> = subnets.map(|(at, _)| at.value.as_str()).collect();
    let named: BTreeSet<&str> = nodes.iter().flat_map(|s| s.interfaces.iter().map(String::as_str)).collect();
    let of_node = |id: &str, server: &str, subnet: &str| {
        named.contains(id) || servers.contains(server) || (servers.is_empty() && subnets.contains(subnet))
    };
    let listed = cloud.interfaces.iter().filter(|i| of_node(&i.resource.id, &i.server, &i.subnet));
    let mut all: Vec<OfNode<'c, 'a>> = listed
        .map(|interface| OfNode {
            id: &interface.resource.id,
            title: interface.resource.title(),
            resource: &interface.resource,
            says: interface.flow_log.as_ref(),
        })
        .collect();
    let known: BTreeSet<&str> = all.iter().map(|interface| interface.id).collect();
    for server in nodes {
        let rest = server.interfaces.iter().filter(|id| !known.contains(id.as_str()));
        all.extend(rest.map(|id| OfNode { id, title: id.clone(), resource: &server.resource, says: None }));
    }
    all
}

fn connections(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    untold(scan, cloud, Given::Interfaces, &["AUD-016"]);
    let configured = cloud.given.contains(&Given::FlowLogs);
    let logs: BTreeMap<&str, _> = cloud.flow_logs.iter().map(|log| (log.of.as_str(), log)).collect();
    let all = interfaces(cloud);
    let decided = all.iter().any(|interface| configured || interface.says.is_some());
    not_exported(scan, "AUD-016", decided, NO_INTERFACES.plain());
    for interface in all {
        let says = interface.says.map(|at| at.value);
        let log = logs.get(interface.id);
        if log.is_none() && says.is_none() && !configured {
            continue;
        }
        scan.examine("AUD-016");
        if let Some(log) = log {
            let part = log.action.as_ref().filter(|action| !action.value.eq_ignore_ascii_case("ALL"));
            if let Some(action) = part {
                let reason = NOT_ALL.with([&action.value]);
                scan.find("AUD-016", Status::Warn, &log.resource, action.field.clone(), reason);
            }
        } else if configured || says == Some(false) {
            let field = interface.says.map_or_else(|| interface.resource.path.clone(), |at| at.field.clone());
            scan.find(
                "AUD-016",
                Status::Fail,
                interface.resource,
                field,
                NO_FLOW_LOG.with([interface.title]),
            );
        }
    }
}

/// Buckets into which logs are sent; when nothing tells that, those that are named so.
fn buckets(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    let of_flows = cloud.flow_logs.iter().filter_map(|log| log.bucket.as_ref());
    let of_exports = cloud.exports.iter().filter_map(|export| export.bucket.as_ref());
    let mut names: BTreeSet<&str> = of_flows.chain(of_exports).map(|at| at.value.as_str()).collect();
    if names.is_empty() {
        let named = cloud.buckets.iter().map(|bucket| bucket.resource.name.as_str());
        names.extend(named.filter(|name| name.contains("log") || name.contains("audit")));
    }
    not_exported(scan, "AUD-017", !names.is_empty(), NO_BUCKETS.plain());
    for name in names {
        match cloud.buckets.iter().find(|bucket| bucket.resource.name == name) {
            Some(bucket) => bucket_of_logs(scan, bucket),
            None => scan.lack("AUD-017", NO_ACL.with([name])),
        }
    }
}

fn bucket_of_logs(scan: &mut Scan<'_>, bucket: &Bucket<'_>) {
    let Some((openness, at)) = &bucket.access else {
        return scan.lack("AUD-017", NO_ACL.with([bucket.resource.title()]));
    };
    scan.examine("AUD-017");
    let open = match openness {
        Openness::Private => None,
        Openness::Accounts => Some((Status::Warn, ACCOUNTS)),
        Openness::Everybody => Some((Status::Fail, PUBLIC)),
    };
    if let Some((status, words)) = open {
        scan.find("AUD-017", status, &bucket.resource, at.field.clone(), words.with([&at.value]));
    }
    let is_on = |at: &Option<At<bool>>| at.as_ref().map(|at| at.value);
    // One of the two is enough; what was not exported is not held against it.
    if is_on(&bucket.versions) == Some(false) && is_on(&bucket.locks) != Some(true) {
        let field = bucket.versions.as_ref().map_or_else(String::new, |at| at.field.clone());
        scan.find("AUD-017", Status::Warn, &bucket.resource, field, ERASABLE.plain());
    }
}
