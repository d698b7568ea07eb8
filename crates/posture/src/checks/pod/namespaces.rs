//! What namespaces ask of the pods in them.

use admission::pod_security::{Level, LevelVersion, Policy, Version, evaluate};
use evidence::Object;

use super::engines::Engines;
use crate::finding::Status;
use crate::scan::Scan;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["POD-034", "POD-035", "POD-040", "POD-041", "POD-042"];

const WITHOUT: Words = words("it has no {}", "{}가 없음");
const NO_LEVEL: Words = words(
    "nothing is enforced; what runs in it would meet \"{}\"",
    "강제하는 수준이 없음. 지금 실행 중인 파드는 \"{}\"을 만족함",
);
const NO_LEVEL_BUT: Words = words(
    "no level is enforced; {} {} refuses pods, and whether it does as much is not known",
    "강제하는 수준이 없음. {} {}이(가) 파드를 거부하지만 그만큼 막는지는 알 수 없음",
);
const EXEMPT: Words = words(
    "its labels are passed over: the configuration of the plug-in exempts it",
    "플러그인 설정의 예외라 라벨이 적용되지 않음",
);
const COULD_BE_RESTRICTED: Words = words(
    "it enforces baseline, and all that runs in it meets restricted",
    "baseline을 강제하지만 지금 실행 중인 모든 파드가 restricted를 만족함",
);
const BAD_LABEL: Words = words("{}", "{}");
const SILENT: Words = words(
    "violations of restricted are not told: no label {}",
    "restricted 위반을 알리지 않음: {} 라벨이 없음",
);
const NOT_PINNED: Words = words(
    "what is enforced changes with the next upgrade: no enforce-version",
    "enforce-version이 없어 업그레이드에 따라 강제 내용이 바뀜",
);
const NOTHING_ENFORCES: Words = words(
    "nothing refuses a pod: no namespace enforces a level, and no admission policy in force is about pods",
    "파드를 거부하는 수단이 없음: 수준을 강제하는 네임스페이스도, 파드를 막는 어드미션 정책도 없음",
);

pub(super) fn run(scan: &mut Scan<'_>) {
    let input = scan.input;
    let namespaces: Vec<&Object> = input.objects.of_kind("", "Namespace").collect();
    let engines = Engines::of(input);
    for namespace in &namespaces {
        if scan.settings.is_system(namespace.name()) {
            continue;
        }
        has_limits(scan, namespace);
        levels(scan, namespace, &engines);
    }
    if scan.input.whole_cluster {
        something_enforces(scan, &namespaces, &engines);
    }
}

fn has_limits(scan: &mut Scan<'_>, namespace: &Object) {
    // Without the whole cluster what is missing may be elsewhere.
    if !scan.input.whole_cluster {
        return;
    }
    for (id, kind) in [("POD-034", "LimitRange"), ("POD-035", "ResourceQuota")] {
        scan.examine(id);
        if scan.objects.in_namespace("", kind, namespace.name()).is_empty() {
            scan.find(id, Status::Warn, namespace, String::new(), WITHOUT.with([kind]));
        }
    }
}

fn levels(scan: &mut Scan<'_>, namespace: &Object, engines: &Engines<'_>) {
    let labels = namespace.value.at(&["metadata", "labels"]);
    let (policy, errors) = Policy::of_labels(labels, &engines.defaults());
    scan.examine("POD-040");
    scan.examine("POD-041");
    for error in &errors.0 {
        let reason = BAD_LABEL.with([error]);
        scan.find("POD-040", Status::Fail, namespace, "metadata.labels".to_owned(), reason);
    }
    let label = |mode: &str| format!("pod-security.kubernetes.io/{mode}");
    let field = |mode: &str| format!("metadata.labels[{}]", label(mode));
    let met = met_level(scan, namespace.name());
    match policy.enforce.level {
        _ if engines.is_exempt(namespace.name()) => {
            scan.find("POD-040", Status::Fail, namespace, String::new(), EXEMPT.plain());
        }
        Level::Privileged if errors.is_empty() => {
            let (status, reason) = match engines.in_namespace(namespace.name()) {
                Some(policy) => (Status::Warn, NO_LEVEL_BUT.with([policy.kind(), policy.name()])),
                None => (Status::Fail, NO_LEVEL.with([met.name()])),
            };
            scan.find("POD-040", status, namespace, field("enforce"), reason);
        }
        Level::Baseline if met == Level::Restricted => {
            scan.find("POD-040", Status::Warn, namespace, field("enforce"), COULD_BE_RESTRICTED.plain());
        }
        _ => {}
    }
    let defaults = engines.defaults();
    for (mode, told) in [("warn", defaults.warn.level), ("audit", defaults.audit.level)] {
        let is_silent = labels.get(&label(mode)).is_none() && told == Level::Privileged;
        if is_silent && policy.enforce.level != Level::Restricted {
            scan.find("POD-041", Status::Warn, namespace, field(mode), SILENT.with([mode]));
        }
    }
    if policy.enforce.level != Level::Privileged && policy.enforce.version == Version::Latest {
        scan.find("POD-041", Status::Warn, namespace, field("enforce-version"), NOT_PINNED.plain());
    }
}

/// The strictest level that everything in a namespace meets.
fn met_level(scan: &Scan<'_>, namespace: &str) -> Level {
    let version = scan.settings.pod_security;
    let there: Vec<_> = scan.workloads.0.iter().filter(|w| w.object.namespace() == namespace).collect();
    let meets =
        |level: Level| there.iter().all(|w| evaluate(LevelVersion { level, version }, &w.pod).is_empty());
    [Level::Restricted, Level::Baseline].into_iter().find(|level| meets(*level)).unwrap_or(Level::Privileged)
}

fn something_enforces(scan: &mut Scan<'_>, namespaces: &[&Object], engines: &Engines<'_>) {
    scan.examine("POD-042");
    let defaults = engines.defaults();
    let enforces = |o: &&Object| {
        let labels = o.value.at(&["metadata", "labels"]);
        let level = Policy::of_labels(labels, &defaults).0.enforce.level;
        level != Level::Privileged && !engines.is_exempt(o.name())
    };
    if let Some(first) = namespaces.first().filter(|_| engines.is_empty() && !namespaces.iter().any(enforces))
    {
        scan.find("POD-042", Status::Fail, *first, String::new(), NOTHING_ENFORCES.plain());
    }
}
