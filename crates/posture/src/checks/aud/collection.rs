//! Logs: whether they leave their nodes and the cluster, whether anybody looks at them, for how long they are kept.

use std::collections::HashSet;

use evidence::Object;

use crate::checks::run::{Everywhere, everywhere};
use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::sources::attestation;
use crate::sources::cloud::Cloud;
use crate::sources::host::{Host, Seen};
use crate::sources::nodes::{Found, Installed, names};
use crate::sources::products::Role;
use crate::sources::sinks::{Sink, sinks, texts};
use crate::sources::tls_secrets::TlsSecrets;
use crate::words::{Words, words};
use crate::workload::Workload;

pub(super) const IDS: &[&str] = &["AUD-011", "AUD-012", "AUD-013"];

const SHIPPERS: [Role; 2] = [Role::Shipper, Role::ShipperElsewhere];

/// Paths of nodes with the logs of the system in or below them, and those with logs of containers alone.
const SYSTEM_LOGS: [&str; 8] = [
    "/",
    "/var",
    "/var/log",
    "/var/log/journal",
    "/run/log/journal",
    "/run/log",
    "/var/log/syslog",
    "/var/log/messages",
];

/// Words of a configuration that reads logs of the system.
const READS_SYSTEM: [&str; 6] =
    ["systemd", "journal", "syslog", "/var/log/messages", "kubelet", "/var/log/*"];

const NO_SHIPPER: Words =
    words("nothing was found that takes logs off the nodes", "로그를 노드 밖으로 보내는 수단을 찾지 못함");
const PARTLY: Words = words("{} is not on {} of {} nodes", "{}이(가) 노드 {}/{}에 없음");
const NO_NODES: Words = words(
    "{} is there, and no Node was given to tell whether it is everywhere",
    "{}이(가) 있으나 노드 정보가 없어 모든 노드에 있는지 알 수 없음",
);
const INSIDE: Words = words(
    "{} keeps logs in the cluster, with which they are lost",
    "{}이(가) 로그를 클러스터 안에만 두어 클러스터와 함께 사라질 수 있음",
);
const NOWHERE: Words = words(
    "the configuration of {} does not tell where logs go",
    "{}의 설정에서 로그를 보내는 곳을 알 수 없음",
);
const SHORT: Words = words("logs are kept for {} days; {} are asked for", "로그를 {}일 보관함 ({}일 필요)");
const NOBODY_LOOKS: Words =
    words("nothing was found that measures, searches or watches", "측정, 검색, 감시하는 도구를 찾지 못함");
const CONTAINERS_ONLY: Words = words(
    "{} takes logs of containers, not those of the kubelet and the system",
    "{}이(가) 컨테이너 로그만 수집하고 kubelet과 시스템 로그는 수집하지 않음",
);
const UNTOLD: Words = words(
    "the configuration of {} does not tell which logs are taken",
    "{}의 설정에서 수집하는 로그를 알 수 없음",
);
const NOT_KEPT: Words = words(
    "logs of the system are gone with a reboot: no /var/log/journal, no syslog",
    "재부팅하면 시스템 로그가 사라짐: /var/log/journal도 syslog도 없음",
);
const NOT_SEEN: Words = words(
    "whether the logs of host {} are kept was not collected",
    "호스트 {}의 로그 보존 여부가 수집되지 않음",
);

pub(super) fn run(scan: &mut Scan<'_>) {
    let installed = Installed::of(&scan.input.objects, &scan.workloads);
    let shippers = Shippers::of(scan, &installed);
    let whole = scan.input.whole_cluster;
    if attestation::decide(scan, "AUD-011", Status::Warn) != Some(true) && whole {
        shipping(scan, &shippers);
    }
    retention(scan);
    if attestation::decide(scan, "AUD-012", Status::Warn) != Some(true) && whole {
        analysis(scan, &installed);
    }
    if whole {
        of_nodes(scan, &shippers);
    }
    of_hosts(scan);
}

/// What takes logs off nodes, and what its configuration says.
struct Shippers<'a> {
    found: Vec<Found<'a>>,
    texts: Vec<String>,
    sinks: Vec<Sink>,
}

impl<'a> Shippers<'a> {
    fn of(scan: &Scan<'a>, installed: &Installed<'a>) -> Self {
        let input = scan.input;
        let found: Vec<_> = installed
            .with(&SHIPPERS)
            .into_iter()
            .filter(|found| found.workload.is_some_and(|(workload, _)| is_daemon(&workload)))
            .collect();
        let secrets = TlsSecrets::of(&input.objects);
        let workloads = found.iter().filter_map(|found| Some(found.workload?.0));
        let texts: Vec<_> = workloads.flat_map(|w| texts(&input.objects, &secrets, &w)).collect();
        let named = |service: &Object| format!("{}.{}", service.name(), service.namespace());
        let services: HashSet<String> = input.objects.of_kind("", "Service").map(named).collect();
        let sinks = texts.iter().flat_map(|text| sinks(text, &services)).collect();
        Self { found, texts, sinks }
    }

    /// True when one of them has its service outside of the cluster built in.
    fn has_service(&self) -> bool {
        self.found.iter().any(|found| found.product.role == Role::ShipperElsewhere)
    }

    fn place(&self) -> Place {
        let first = self.found.iter().find_map(|found| found.workload);
        first.map_or_else(Place::cluster, |(workload, _)| Place::from(workload.object))
    }
}

fn is_daemon(workload: &Workload<'_>) -> bool {
    workload.object.kind() == "DaemonSet" || !workload.spec().str_at(&["nodeName"]).is_empty()
}

/// Says where shippers are not; true when they are everywhere.
fn are_everywhere(scan: &mut Scan<'_>, id: &'static str, shippers: &Shippers<'_>) -> bool {
    let (status, reason) = match everywhere(scan, &shippers.found) {
        Everywhere::Yes => return true,
        Everywhere::Unknown => {
            scan.lack(id, NO_NODES.with([names(&shippers.found)]));
            return false;
        }
        Everywhere::No(..) if shippers.found.is_empty() => (Status::Warn, NO_SHIPPER.plain()),
        Everywhere::No(missing, of) => {
            let parts = [names(&shippers.found), missing.len().to_string(), of.to_string()];
            (Status::Warn, PARTLY.with(parts))
        }
    };
    scan.examine(id);
    scan.find(id, status, shippers.place(), String::new(), reason);
    false
}

fn shipping(scan: &mut Scan<'_>, shippers: &Shippers<'_>) {
    let id = "AUD-011";
    if !Cloud::of(scan.input).exports.is_empty() {
        return scan.examine(id);
    }
    if !are_everywhere(scan, id, shippers) {
        return;
    }
    let named = names(&shippers.found);
    if shippers.has_service() || shippers.sinks.contains(&Sink::Outside) {
        scan.examine(id);
    } else if shippers.sinks.contains(&Sink::Inside) {
        scan.examine(id);
        scan.find(id, Status::Warn, shippers.place(), String::new(), INSIDE.with([named]));
    } else {
        scan.lack(id, NOWHERE.with([named]));
    }
}

/// How long stores of logs keep them, where that is set.
fn retention(scan: &mut Scan<'_>) {
    let wanted = scan.settings.limits.log_days;
    let input = scan.input;
    for map in input.objects.of_kind("", "ConfigMap") {
        let members = map.value.at(&["data"]).as_object().into_iter().flat_map(api::Map::iter);
        for (key, text) in members {
            let lines = text.as_str().unwrap_or("").lines().map(str::trim);
            let days = lines.filter_map(|line| line.strip_prefix("retention_period:")).filter_map(days);
            for days in days.filter(|days| *days > 0) {
                scan.examine("AUD-011");
                if days < wanted {
                    let field = format!("data[{key}]");
                    scan.find("AUD-011", Status::Warn, map, field, SHORT.with([days, wanted]));
                }
            }
        }
    }
}

/// `744h`, `31d`, `8w`, `1y`.
fn days(text: &str) -> Option<i64> {
    let text = text.trim().trim_matches(['"', '\'']);
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(end)?;
    let number: i64 = number.parse().ok()?;
    match unit.chars().next()? {
        'h' => Some(number / 24),
        'd' => Some(number),
        'w' => number.checked_mul(7),
        'y' => number.checked_mul(365),
        _ => None,
    }
}

fn analysis(scan: &mut Scan<'_>, installed: &Installed<'_>) {
    let looks = !installed.with(&[Role::Monitoring, Role::ShipperElsewhere]).is_empty();
    let cloud = Cloud::of(scan.input);
    let in_cloud = cloud.clusters.iter().any(|c| c.audit.as_ref().is_some_and(|audit| audit.value));
    scan.examine("AUD-012");
    if !looks && !in_cloud {
        scan.find("AUD-012", Status::Warn, Place::cluster(), String::new(), NOBODY_LOOKS.plain());
    }
}

fn of_nodes(scan: &mut Scan<'_>, shippers: &Shippers<'_>) {
    let id = "AUD-013";
    if !are_everywhere(scan, id, shippers) {
        return;
    }
    let named = names(&shippers.found);
    let mounts =
        |found: &Found<'_>| found.workload.is_some_and(|(workload, _)| mounts_system_logs(&workload));
    let reads = |text: &String| READS_SYSTEM.iter().any(|word| text.contains(word));
    let is_told = shippers.texts.iter().any(|text| text.contains("/var/log") || reads(text));
    let takes = shippers.found.iter().any(mounts);
    if takes && !shippers.has_service() && !is_told {
        return scan.lack(id, UNTOLD.with([named]));
    }
    scan.examine(id);
    if !takes || !(shippers.has_service() || shippers.texts.iter().any(reads)) {
        scan.find(id, Status::Warn, shippers.place(), String::new(), CONTAINERS_ONLY.with([named]));
    }
}

fn mounts_system_logs(workload: &Workload<'_>) -> bool {
    workload.volumes().any(|(_, volume)| {
        let path = volume.str_at(&["hostPath", "path"]);
        let trimmed = path.trim_end_matches('/');
        SYSTEM_LOGS.contains(&if trimmed.is_empty() && !path.is_empty() { "/" } else { trimmed })
    })
}

/// Whether hosts keep the logs of the system themselves.
fn of_hosts(scan: &mut Scan<'_>) {
    for host in Host::all(scan.input) {
        let journal = host.content("/etc/systemd/journald.conf").and_then(storage);
        let there = |path: &str| matches!(host.seen(path), Seen::There(_));
        let unknown = |path: &str| matches!(host.seen(path), Seen::Unknown(_));
        let volatile = matches!(journal.as_deref(), Some("volatile" | "none"));
        let kept = journal.as_deref() == Some("persistent") || (there("/var/log/journal") && !volatile);
        let syslog = ["/var/log/syslog", "/var/log/messages"];
        if kept || syslog.into_iter().any(there) {
            scan.examine("AUD-013");
        } else if unknown("/var/log/journal") || syslog.into_iter().any(unknown) {
            scan.lack("AUD-013", NOT_SEEN.with([host.name()]));
        } else {
            scan.examine("AUD-013");
            let place = host.place("File", "/var/log/journal");
            scan.find("AUD-013", Status::Warn, place, String::new(), NOT_KEPT.plain());
        }
    }
}

/// Where the journal is kept.
fn storage(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim).filter_map(|line| line.strip_prefix("Storage="));
    lines.next_back().map(str::to_ascii_lowercase)
}
