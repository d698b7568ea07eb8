//! Pods that are not trusted, and the runtimes that keep them apart from the node's kernel.

use std::collections::HashMap;

use api::Value;
use evidence::Object;

use crate::finding::Status;
use crate::scan::Scan;
use crate::words::{Words, words};
use crate::workload::Workload;

const ID: &str = "RUN-005";

/// Labels by which a pod or a namespace says that it needs to be kept apart.
const LABELS: [&str; 2] = ["sumun.io/untrusted", "sumun.io/internet-exposed"];

/// Parts of names of handlers and classes with a kernel of their own, or a wall before the node's.
const STRONG: [&str; 6] = ["gvisor", "runsc", "kata", "firecracker", "kvm", "sandbox"];

const NO_CLASS: Words = words(
    "it is labelled {}, and shares the kernel of its node: no runtimeClassName",
    "{} 라벨이 있는데 runtimeClassName이 없어 노드의 커널을 함께 씀",
);
const WEAK: Words = words(
    "it is labelled {}, and runtime class {} (handler {}) shares the kernel of the node",
    "{} 라벨이 있는데 런타임 클래스 {} (핸들러 {})는 노드의 커널을 함께 씀",
);
const GONE: Words = words("runtime class {} is not there", "런타임 클래스 {}이(가) 없음");
const NOT_GIVEN: Words = words("runtime class {} was not given", "런타임 클래스 {}이(가) 주어지지 않음");

pub(super) fn ids() -> Vec<&'static str> {
    vec![ID]
}

pub(super) fn run(scan: &mut Scan<'_>) {
    let input = scan.input;
    let namespaces: HashMap<&str, &Object> =
        input.objects.of_kind("", "Namespace").map(|object| (object.name(), object)).collect();
    let classes: HashMap<&str, &Object> =
        input.objects.of_kind("node.k8s.io", "RuntimeClass").map(|object| (object.name(), object)).collect();
    for workload in scan.workloads.0.clone() {
        let Some(label) = untrusted(&workload, &namespaces) else { continue };
        let name = workload.spec().str_at(&["runtimeClassName"]);
        let field = workload.field("runtimeClassName");
        let reason = match classes.get(name) {
            _ if name.is_empty() => NO_CLASS.with([label]),
            Some(class) => {
                let handler = class.value.str_at(&["handler"]);
                if is_strong(handler) || is_strong(name) {
                    scan.examine(ID);
                    continue;
                }
                WEAK.with([label, name, handler])
            }
            None if input.whole_cluster => GONE.with([name]),
            None => {
                scan.lack(ID, NOT_GIVEN.with([name]));
                continue;
            }
        };
        scan.examine(ID);
        scan.find(ID, Status::Warn, workload.object, field, reason);
    }
}

fn is_strong(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    STRONG.iter().any(|part| name.contains(part))
}

/// The label by which a pod, or its namespace, is not trusted.
fn untrusted(workload: &Workload<'_>, namespaces: &HashMap<&str, &Object>) -> Option<&'static str> {
    let labels = namespaces.get(workload.object.namespace()).map(|n| n.value.at(&["metadata", "labels"]));
    let of_namespace = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
    let says = |key: &&str| workload.label(key).or_else(|| of_namespace(key)) == Some("true");
    LABELS.into_iter().find(|key| says(key))
}
