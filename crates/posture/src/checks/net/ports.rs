//! Ports that services and policies open beyond what is listened on.

use api::Value;
use evidence::Object;

use crate::finding::Status;
use crate::limits::exceeds;
use crate::network::Protocol;
use crate::scan::Scan;
use crate::sources::exposure::Services;
use crate::words::{Words, words};
use crate::workload::Workload;

pub(super) const IDS: &[&str] = &["NET-018"];

const ID: &str = "NET-018";

const SURPLUS: Words = words(
    "no container of the pods behind it declares port {}",
    "연결된 파드의 어떤 컨테이너도 {} 포트를 선언하지 않음",
);
const MANY: Words = words("it opens {} ports", "포트를 {}개 엶");
const RANGE: Words = words("it opens ports {} to {}", "{}번부터 {}번까지의 포트를 엶");

pub(super) fn run(scan: &mut Scan<'_>) {
    let input = scan.input;
    let services = Services::of(&input.objects, &scan.workloads);
    let workloads = scan.workloads.0.clone();
    for service in &services.all {
        scan.examine(ID);
        let behind = services.pods_behind(service);
        let pods: Vec<_> = behind.into_iter().filter_map(|i| workloads.get(i)).collect();
        let ports = service.value.array_at(&["spec", "ports"]);
        if exceeds(ports.len(), scan.settings.limits.service_ports) {
            scan.find(ID, Status::Warn, *service, "spec.ports".to_owned(), MANY.with([ports.len()]));
        }
        for (i, port) in
            ports.iter().enumerate().filter(|(_, port)| !pods.is_empty() && !is_declared(&pods, port))
        {
            let field = format!("spec.ports[{i}].targetPort");
            scan.find(ID, Status::Warn, *service, field, SURPLUS.with([shown(target(port))]));
        }
    }
    for policy in input.objects.of_kind("networking.k8s.io", "NetworkPolicy") {
        ranges(scan, policy);
    }
}

fn target(port: &Value) -> &Value {
    let target = port.at(&["targetPort"]);
    if target.is_null() { port.at(&["port"]) } else { target }
}

fn shown(port: &Value) -> String {
    port.as_i64().map_or_else(|| port.as_str().unwrap_or("").to_owned(), |number| number.to_string())
}

fn is_declared(pods: &[&Workload<'_>], port: &Value) -> bool {
    let protocol = Protocol::parse(port.str_at(&["protocol"]));
    let target = target(port);
    let is_it = |declared: &Value| {
        let same = match target {
            Value::String(name) => declared.str_at(&["name"]) == name.as_str(),
            number => declared.at(&["containerPort"]) == number,
        };
        same && Protocol::parse(declared.str_at(&["protocol"])) == protocol
    };
    pods.iter().any(|pod| pod.containers().any(|c| c.value.array_at(&["ports"]).iter().any(is_it)))
}

fn ranges(scan: &mut Scan<'_>, policy: &Object) {
    scan.examine(ID);
    for (i, rule) in policy.value.array_at(&["spec", "ingress"]).iter().enumerate() {
        for (j, port) in rule.array_at(&["ports"]).iter().enumerate() {
            let (from, to) = (port.at(&["port"]).as_i64(), port.at(&["endPort"]).as_i64());
            let (Some(from), Some(to)) = (from, to) else { continue };
            if to.saturating_sub(from) >= scan.settings.limits.port_range {
                let field = format!("spec.ingress[{i}].ports[{j}].endPort");
                scan.find(ID, Status::Warn, policy, field, RANGE.with([from, to]));
            }
        }
    }
}
