//! Clusters that a provider runs: who may come to the API server, what is encrypted, how old they are.

use super::setting::{self, Setting};
use super::untold;
use crate::finding::Status;
use crate::releases::{Release, Support, parse_version, support};
use crate::scan::Scan;
use crate::sources::cloud::{At, Cloud, Cluster, Endpoint, Given, Pool, Provider, Range};
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["CLD-001", "CLD-011"];

pub(super) const SETTINGS: &[Setting] = &[
    Setting { id: "CLD-009", of: |cluster| &cluster.encrypts_secrets, off: unencrypted },
    Setting { id: "CLD-010", of: |cluster| &cluster.protected, off: |_| (Status::Warn, UNPROTECTED.plain()) },
];

/// The first release for which Naver Cloud encrypts secrets with a key of the site's own (guide.ncloud-docs.com,
/// September 2026).
const KMS_SINCE: Release = Release::minor(28);

/// How many minor releases a node may be behind the API server.
const MOST_BEHIND: u32 = 3;

const OPEN: Words = words("everybody may come to the API server: {}", "누구나 API 서버에 접근할 수 있음: {}");
const WIDE: Words = words(
    "{} is wider than /24: name the networks that need the API",
    "{}은(는) /24보다 넓은 대역이므로 API가 필요한 대역만 지정해야 함",
);
const NO_ACL: Words = words(
    "the export does not tell who may come to the API server of cluster {}",
    "내보내기에 클러스터 {}의 API 서버 접근 제어가 없음",
);
const UNENCRYPTED: Words =
    words("secrets are stored without a key of your own", "시크릿이 KMS 키 없이 저장됨");
const TOO_OLD: Words = words(
    "secrets are stored without a key of your own; release {} cannot do it, 1.28 can",
    "시크릿이 KMS 키 없이 저장됨. {} 버전은 지원하지 않으며 1.28부터 가능함",
);
const UNPROTECTED: Words =
    words("the cluster can be deleted by mistake", "반납 보호가 꺼져 있어 실수로 클러스터가 반납될 수 있음");
const NO_VERSION: Words = words("the version of {} cannot be told", "{}의 버전을 알 수 없음");
const ENDED: Words = words("{} has had no fixes since {}", "{} 버전은 {} 이후로 패치가 제공되지 않음");
const LONG_ENDED: Words = words("{} has had no fixes for years", "{} 버전은 패치 제공이 끝난 지 오래됨");
const ENDING: Words = words("{} gets no fixes after {}", "{} 버전의 패치 제공이 {}에 끝날 예정임");
const BEHIND: Words =
    words("nodes of {} are older than the API server ({})", "노드 버전 {}이(가) API 서버 버전({})보다 낮음");

pub(super) fn run(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    setting::run(scan, cloud, SETTINGS);
    endpoints(scan, cloud);
    versions(scan, cloud);
}

fn endpoints(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    if cloud.endpoints.is_empty() {
        setting::no_cluster(scan, cloud, "CLD-001");
    }
    for cluster in cloud.clusters.iter().filter(|cluster| cloud.endpoint(cluster).is_none()) {
        scan.lack("CLD-001", NO_ACL.with([cluster.resource.title()]));
    }
    untold(scan, cloud, Given::Endpoints, &["CLD-001"]);
    cloud.endpoints.iter().for_each(|endpoint| restricted(scan, endpoint));
}

fn restricted(scan: &mut Scan<'_>, endpoint: &Endpoint<'_>) {
    let inside = endpoint.public.as_ref().is_some_and(|public| !public.value);
    if endpoint.default.is_none() && !inside {
        return scan.lack("CLD-001", NO_ACL.with([endpoint.resource.title()]));
    }
    scan.examine("CLD-001");
    if let Some((field, value)) = endpoint.open() {
        let reason = OPEN.with([value]);
        return scan.find("CLD-001", Status::Fail, &endpoint.resource, field.to_owned(), reason);
    }
    let wide = |at: &&At<String>| Range::parse(&at.value).is_some_and(Range::is_wide);
    for at in endpoint.allowed.iter().filter(|_| !inside).filter(wide) {
        let reason = WIDE.with([&at.value]);
        scan.find("CLD-001", Status::Warn, &endpoint.resource, at.field.clone(), reason);
    }
}

fn unencrypted(cluster: &Cluster<'_>) -> (Status, crate::words::Said) {
    let version = cluster.version.as_ref().and_then(|at| parse_version(&at.value));
    match version.filter(|v| cluster.provider == Provider::NaverCloud && *v < KMS_SINCE) {
        Some(version) => (Status::Warn, TOO_OLD.with([version])),
        None => (Status::Fail, UNENCRYPTED.plain()),
    }
}

fn versions(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    setting::no_cluster(scan, cloud, "CLD-011");
    for cluster in &cloud.clusters {
        let Some((at, version)) = known(cluster.version.as_ref()) else {
            scan.lack("CLD-011", NO_VERSION.with([cluster.resource.title()]));
            continue;
        };
        scan.examine("CLD-011");
        looked_after(scan, cluster, at, version);
        for pool in cloud.pools_of(cluster) {
            pool_version(scan, pool, version);
        }
    }
}

fn known(at: Option<&At<String>>) -> Option<(&At<String>, Release)> {
    let at = at?;
    Some((at, parse_version(&at.value)?))
}

fn looked_after(scan: &mut Scan<'_>, cluster: &Cluster<'_>, at: &At<String>, version: Release) {
    let shown = at.value.as_str();
    let (status, reason) = match support(version.minor, cluster.provider.profile(), scan.settings.now) {
        Support::Until(day, left) if left < 0 => (Status::Fail, ENDED.with([shown, day])),
        Support::Until(day, left) if left < scan.settings.limits.support_days => {
            (Status::Warn, ENDING.with([shown, day]))
        }
        Support::Ended => (Status::Fail, LONG_ENDED.with([shown])),
        Support::Until(..) | Support::Unknown => return,
    };
    scan.find("CLD-011", status, &cluster.resource, at.field.clone(), reason);
}

/// Nodes may be older than the API server for the time of an upgrade.
fn pool_version(scan: &mut Scan<'_>, pool: &Pool<'_>, of_cluster: Release) {
    let Some((at, version)) = known(pool.version.as_ref()) else { return };
    let behind = of_cluster.minor.saturating_sub(version.minor);
    if behind == 0 {
        return;
    }
    let status = if behind > MOST_BEHIND { Status::Fail } else { Status::Warn };
    let reason = BEHIND.with([at.value.clone(), of_cluster.to_string()]);
    scan.find("CLD-011", status, &pool.resource, at.field.clone(), reason);
}
