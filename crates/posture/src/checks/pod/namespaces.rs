//! What namespaces ask of the pods in them.

use std::collections::BTreeMap;

use admission::pod_security::{Level, LevelVersion, Policy, evaluate};
use api::Value;
use evidence::Object;

use crate::finding::Status;
use crate::scan::Scan;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["POD-034", "POD-035", "POD-040", "POD-041", "POD-042"];

const WITHOUT: Words = words("it has no {}", "{}가 없음");
const NO_LEVEL: Words = words(
    "nothing is enforced; what runs in it would meet \"{}\"",
    "강제하는 수준이 없음. 지금 실행 중인 파드는 \"{}\"을 만족함",
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
    "nothing refuses a pod: no namespace enforces a level and no admission policy or engine is installed",
    "파드를 거부하는 수단이 없음: 수준을 강제하는 네임스페이스도, 어드미션 정책이나 엔진도 없음",
);

/// Groups of the objects of policy engines.
const ENGINES: [&str; 4] =
    ["kyverno.io", "policies.kyverno.io", "templates.gatekeeper.sh", "policies.kubewarden.io"];

pub(super) fn run(scan: &mut Scan<'_>) {
    let namespaces: Vec<&Object> = scan.input.objects.of_kind("", "Namespace").collect();
    for namespace in &namespaces {
        if scan.settings.is_system(namespace.name()) {
            continue;
        }
        has_limits(scan, namespace);
        levels(scan, namespace);
    }
    if scan.input.whole_cluster {
        something_enforces(scan, &namespaces);
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

fn levels(scan: &mut Scan<'_>, namespace: &Object) {
    let labels = namespace.value.at(&["metadata", "labels"]);
    let (policy, errors) = Policy::of_labels(labels, &Policy::default());
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
        Level::Privileged if errors.is_empty() => {
            let reason = NO_LEVEL.with([met.name()]);
            scan.find("POD-040", Status::Fail, namespace, field("enforce"), reason);
        }
        Level::Baseline if met == Level::Restricted => {
            scan.find("POD-040", Status::Warn, namespace, field("enforce"), COULD_BE_RESTRICTED.plain());
        }
        _ => {}
    }
    for mode in ["warn", "audit"] {
        if labels.get(&label(mode)).is_none() && policy.enforce.level != Level::Restricted {
            scan.find("POD-041", Status::Warn, namespace, field(mode), SILENT.with([mode]));
        }
    }
    let pinned = labels.get(&label("enforce-version")).and_then(Value::as_str).is_some_and(|v| v != "latest");
    if policy.enforce.level != Level::Privileged && !pinned {
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

fn something_enforces(scan: &mut Scan<'_>, namespaces: &[&Object]) {
    scan.examine("POD-042");
    let enforces = |o: &&Object| {
        let labels = o.value.at(&["metadata", "labels"]);
        Policy::of_labels(labels, &Policy::default()).0.enforce.level != Level::Privileged
    };
    let kinds: BTreeMap<(&str, &str), ()> =
        scan.input.objects.objects.iter().map(|o| ((o.group(), o.kind()), ())).collect();
    let policies = [("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding")];
    let installed = policies.iter().any(|kind| kinds.contains_key(kind))
        || kinds.keys().any(|(group, _)| ENGINES.contains(group) || *group == "constraints.gatekeeper.sh");
    if let Some(first) = namespaces.first().filter(|_| !installed && !namespaces.iter().any(enforces)) {
        scan.find("POD-042", Status::Fail, *first, String::new(), NOTHING_ENFORCES.plain());
    }
}
