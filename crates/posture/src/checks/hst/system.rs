//! The operating system below Kubernetes: what it is, how old it is, and what protects it.

use api::Value;
use api::time::Timestamp;

use crate::finding::Status;
use crate::scan::Scan;
use crate::settings::Profile;
use crate::sources::host::Host;
use crate::systems;
use crate::when::moment;
use crate::words::{Said, Words, words};

pub(super) const IDS: &[&str] = &["HST-070", "HST-071", "HST-076", "HST-078"];

/// Systems made for running containers, by what `/etc/os-release` calls them.
const MADE_FOR_CONTAINERS: [&str; 12] = [
    "bottlerocket",
    "cos",
    "flatcar",
    "talos",
    "rhcos",
    "fedora-coreos",
    "sle-micro",
    "sl-micro",
    "opensuse-microos",
    "rancheros",
    "kairos",
    "ubuntu-core",
];

/// The same by what nodes call them.
const NAMES: [&str; 13] = [
    "bottlerocket",
    "container-optimized os",
    "flatcar",
    "talos",
    "coreos",
    "sle micro",
    "linux enterprise micro",
    "suse linux micro",
    "microos",
    "rancheros",
    "kairos",
    "ubuntu core",
    "azure container linux",
];

const GENERAL: Words = words(
    "{} is made for many purposes: it brings programs that nobody needs here",
    "{} 운영체제는 범용이라 필요 없는 프로그램이 포함됨",
);
const PROVIDED: Words = words(
    "{} is the provider's image; see what its own checker reports (HST-073)",
    "{} 운영체제는 제공자의 이미지임. 제공자 점검 도구의 결과를 확인해야 함 (HST-073)",
);
const OLD_PATCHES: Words = words(
    "{} security updates are waiting, the oldest for {} days",
    "보안 업데이트 {}개가 대기 중이며 가장 오래된 것은 {}일 됨",
);
const PATCHES: Words = words(
    "{} security updates are waiting; since when is not known",
    "보안 업데이트 {}개가 대기 중임 (시점은 알 수 없음)",
);
const STALE: Words = words("nobody has asked for updates for {} days", "{}일 동안 업데이트를 확인하지 않음");
const REBOOT: Words =
    words("what was mended counts after a reboot only", "재부팅해야 적용되는 업데이트가 있음");
const ENDED: Words = words("{} gets no updates since {}", "{} 지원이 {}에 끝남");
const NO_UPDATES: Words =
    words("which updates wait on {} is not known: {}", "{}의 대기 중인 업데이트를 알 수 없음: {}");
const NOT_COLLECTED: Words = words("nobody has looked", "수집되지 않음");
const NO_LSM: Words = words(
    "neither AppArmor nor SELinux keeps containers in",
    "AppArmor와 SELinux 중 어느 것도 컨테이너를 제한하지 않음",
);
const NO_SECCOMP: Words = words("the kernel has no seccomp", "커널이 seccomp을 지원하지 않음");
const NO_FACT: Words = words("{} of {} was not collected", "{} 정보가 {}에서 수집되지 않음");
const NO_CLOCK: Words = words(
    "nothing keeps its clock right, so that times in logs and ends of certificates cannot be trusted",
    "시각 동기화가 없어 로그 시각과 인증서 만료를 믿을 수 없음",
);

pub(super) fn run(scan: &mut Scan<'_>) {
    let hosts = Host::all(scan.input);
    let nodes: Vec<_> = scan.input.objects.of_kind("", "Node").collect();
    for node in &nodes {
        let image = node.value.str_at(&["status", "nodeInfo", "osImage"]);
        let windows = node.value.str_at(&["status", "nodeInfo", "operatingSystem"]) == "windows";
        if !image.is_empty() && !windows {
            let known = NAMES.iter().any(|name| image.to_ascii_lowercase().contains(name));
            made_for_containers(scan, known, image, *node, "status.nodeInfo.osImage");
        }
    }
    for host in &hosts {
        // A node has told it already.
        let name = host.at(&["os", "prettyName"]).as_str().unwrap_or("");
        if !name.is_empty() && !nodes.iter().any(|node| node.name() == host.name()) {
            let known = is_made_for_containers(host);
            made_for_containers(scan, known, name, host.place("Host", "os"), "os.id");
        }
        updates(scan, host);
        protection(scan, host);
        clock(scan, host);
    }
}

fn made_for_containers(
    scan: &mut Scan<'_>,
    known: bool,
    name: &str,
    place: impl Into<crate::finding::Place>,
    field: &str,
) {
    scan.examine("HST-070");
    if known {
        return;
    }
    let provided = scan.settings.profile == Profile::Nks && name.contains("Ubuntu");
    let reason = if provided { PROVIDED } else { GENERAL };
    scan.find("HST-070", Status::Warn, place, field.to_owned(), reason.with([name]));
}

fn is_made_for_containers(host: &Host<'_>) -> bool {
    let (id, variant) = (host.at(&["os", "id"]).as_str(), host.at(&["os", "variantId"]).as_str());
    let id = id.unwrap_or("");
    MADE_FOR_CONTAINERS.contains(&id) || variant == Some("coreos")
}

fn updates(scan: &mut Scan<'_>, host: &Host<'_>) {
    let now = scan.settings.now;
    let os = host.at(&["os"]);
    let (id, version) = (os.str_at(&["id"]), os.str_at(&["versionId"]));
    let place = || host.place("Host", "updates");
    if let Some(day) = systems::end(id, version).filter(|day| passed(day, now)) {
        let name = os.str_at(&["prettyName"]);
        scan.find("HST-071", Status::Fail, place(), "os.versionId".to_owned(), ENDED.with([name, day]));
    }
    let updates = host.at(&["updates"]);
    let Some(security) = updates.at(&["security"]).as_i64() else {
        let why = host.missing("updates").map(str::to_owned);
        let why = why.unwrap_or_else(|| NOT_COLLECTED.en.to_owned());
        return scan.lack("HST-071", NO_UPDATES.with([host.name(), &why]));
    };
    scan.examine("HST-071");
    let age = |member: &str| moment(updates.str_at(&[member])).map(|t| scan.settings.days_since(t));
    let patience = scan.settings.limits.patch_days;
    let waiting = waiting(security, age("oldestSecurity"), patience);
    let asked = age("checked").filter(|days| *days > patience);
    let stale = asked.map(|days| (Status::Warn, "checked", STALE.with([days])));
    let reboot = updates.at(&["rebootRequired"]).as_bool() == Some(true);
    let reboot = reboot.then(|| (Status::Warn, "rebootRequired", REBOOT.plain()));
    for (status, member, reason) in [waiting, stale, reboot].into_iter().flatten() {
        scan.find("HST-071", status, place(), format!("updates.{member}"), reason);
    }
}

fn waiting(security: i64, age: Option<i64>, patience: i64) -> Option<(Status, &'static str, Said)> {
    match (security, age) {
        (..=0, _) => None,
        (n, Some(days)) if days > patience => Some((Status::Fail, "security", OLD_PATCHES.with([n, days]))),
        (_, Some(_)) => None,
        (n, None) => Some((Status::Warn, "security", PATCHES.with([n]))),
    }
}

fn passed(day: &str, now: Timestamp) -> bool {
    moment(day).is_some_and(|end| end.plus_seconds(86_400).seconds() <= now.seconds())
}

fn protection(scan: &mut Scan<'_>, host: &Host<'_>) {
    let app_armor = host.at(&["appArmor"]).as_bool();
    let se_linux = host.at(&["seLinux"]).as_str();
    let seccomp = host.at(&["seccomp"]).as_bool();
    let place = |what| host.place("Host", what);
    if app_armor.is_none() && se_linux.is_none() || seccomp.is_none() {
        scan.lack("HST-076", NO_FACT.with(["LSM/seccomp", host.name()]));
    }
    scan.examine("HST-076");
    if app_armor == Some(false) && se_linux != Some("enforcing")
        || app_armor.is_none() && se_linux.is_some_and(|mode| mode != "enforcing")
    {
        scan.find("HST-076", Status::Warn, place("lsm"), "appArmor".to_owned(), NO_LSM.plain());
    }
    if seccomp == Some(false) {
        scan.find("HST-076", Status::Warn, place("seccomp"), "seccomp".to_owned(), NO_SECCOMP.plain());
    }
}

fn clock(scan: &mut Scan<'_>, host: &Host<'_>) {
    let sync = host.at(&["timeSync"]);
    let (services, synchronized) = (sync.at(&["services"]), sync.at(&["synchronized"]).as_bool());
    if services.as_array().is_none() && synchronized.is_none() {
        return scan.lack("HST-078", NO_FACT.with(["timeSync", host.name()]));
    }
    scan.examine("HST-078");
    let runs = services.as_array().is_some_and(|all| all.iter().any(|s| s.as_str().is_some()));
    if synchronized == Some(false) || !runs && synchronized != Some(true) {
        let place = host.place("Host", "timeSync");
        scan.find("HST-078", Status::Warn, place, "timeSync".to_owned(), NO_CLOCK.plain());
    }
}

/// Whether a host keeps containers in with AppArmor; `None` when nobody knows.
pub(in crate::checks) fn app_armor(host: &Host<'_>) -> Option<bool> {
    host.at(&["appArmor"]).as_bool()
}

/// `enforcing`, `permissive` or `disabled`; `None` when nobody knows.
pub(in crate::checks) fn se_linux<'a>(host: &Host<'a>) -> Option<&'a str> {
    let mode: Option<&'a Value> = Some(host.at(&["seLinux"]));
    mode.and_then(Value::as_str)
}
