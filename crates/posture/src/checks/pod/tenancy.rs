//! How a cluster is divided, and what is left of older ways.

use std::collections::{BTreeMap, BTreeSet};

use evidence::Object;

use crate::finding::Status;
use crate::limits::exceeds;
use crate::scan::Scan;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["POD-032", "POD-039", "POD-043"];

/// The label by which parts of an application say what they belong to.
const PART_OF: &str = "app.kubernetes.io/part-of";

const CROWDED: Words = words("{} applications share it: {}", "애플리케이션 {}개가 함께 있음: {}");
const REMOVED_KIND: Words =
    words("no version of Kubernetes since 1.25 looks at it", "1.25 이후의 쿠버네티스는 이 객체를 보지 않음");
const NO_STORE: Words = words(
    "Secrets stand in the cluster's own store only: no external store is connected",
    "외부 저장소 없이 클러스터 자체 저장소에만 시크릿을 둠",
);

/// Drivers and kinds that bring secrets from outside.
const STORE_GROUPS: [&str; 4] =
    ["secrets-store.csi.x-k8s.io", "external-secrets.io", "secrets.hashicorp.com", "bitnami.com"];

pub(super) fn run(scan: &mut Scan<'_>) {
    for object in scan.input.objects.of_kind("policy", "PodSecurityPolicy") {
        scan.examine("POD-043");
        scan.find("POD-043", Status::Warn, object, String::new(), REMOVED_KIND.plain());
    }
    if scan.input.whole_cluster {
        crowded(scan);
        external_store(scan);
    }
}

fn crowded(scan: &mut Scan<'_>) {
    let mut applications: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for workload in &scan.workloads.0 {
        let names = applications.entry(workload.object.namespace()).or_default();
        names.extend(workload.label(PART_OF));
    }
    let namespaces: Vec<&Object> = scan.input.objects.of_kind("", "Namespace").collect();
    for namespace in namespaces {
        if scan.settings.is_system(namespace.name()) {
            continue;
        }
        scan.examine("POD-039");
        let Some(names) = applications.get(namespace.name()) else { continue };
        if exceeds(names.len(), scan.settings.limits.applications) {
            let list = names.iter().copied().collect::<Vec<_>>().join(", ");
            let reason = CROWDED.with([names.len().to_string(), list]);
            scan.find("POD-039", Status::Warn, namespace, String::new(), reason);
        }
    }
}

fn external_store(scan: &mut Scan<'_>) {
    let secrets: Vec<&Object> = scan
        .input
        .objects
        .of_kind("", "Secret")
        .filter(|o| !scan.settings.is_system(o.namespace()) && o.value.str_at(&["type"]) == "Opaque")
        .collect();
    let Some(first) = secrets.first().copied() else { return };
    scan.examine("POD-032");
    let mut objects = scan.input.objects.objects.iter();
    if !objects.any(|o| STORE_GROUPS.contains(&o.group()) || o.name() == "secrets-store.csi.k8s.io") {
        scan.find("POD-032", Status::Warn, first, String::new(), NO_STORE.plain());
    }
}
