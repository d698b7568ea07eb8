//! How services and ingresses open a cluster.

use api::Value;
use evidence::Object;

use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::exposure::is_internal;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["NET-010", "NET-011", "NET-012", "NET-015"];

const OPEN: Words = words(
    "everybody may come: no loadBalancerSourceRanges, and not internal",
    "접근 대역 제한도 내부 설정도 없어 누구나 접근할 수 있음",
);
const EVERYBODY: Words = words("everybody may come: {}", "누구나 접근할 수 있음: {}");
const NODE_PORT: Words = words("it opens port {} on every node", "모든 노드의 {} 포트를 엶");
const CLAIMS: Words = words("it claims {}", "{}를 차지함");
const ANY_HOST: Words = words("a rule is for every host", "모든 호스트에 대한 규칙이 있음");
const ANY_SUBDOMAIN: Words = words("a rule is for {}", "{} 전체에 대한 규칙이 있음");
const DEFAULT_BACKEND: Words =
    words("what no rule is for goes to the default backend", "규칙에 없는 요청이 기본 백엔드로 감");

pub(super) fn run(scan: &mut Scan<'_>) {
    let services: Vec<&Object> = scan.input.objects.of_kind("", "Service").collect();
    for service in services {
        load_balancer(scan, service);
        node_ports(scan, service);
        claimed(scan, service);
    }
    let ingresses: Vec<&Object> = scan.input.objects.of_kind("networking.k8s.io", "Ingress").collect();
    for ingress in ingresses {
        hosts(scan, ingress);
    }
}

fn load_balancer(scan: &mut Scan<'_>, service: &Object) {
    if service.value.str_at(&["spec", "type"]) != "LoadBalancer" {
        return;
    }
    scan.examine("NET-010");
    if is_internal(service) {
        return;
    }
    let ranges = service.value.array_at(&["spec", "loadBalancerSourceRanges"]);
    let open = ranges.iter().filter_map(Value::as_str).find(|range| crate::network::is_everybody(range));
    let reason = match open {
        Some(range) => EVERYBODY.with([range]),
        None if ranges.is_empty() => OPEN.plain(),
        None => return,
    };
    scan.find("NET-010", Status::Warn, service, "spec.loadBalancerSourceRanges".to_owned(), reason);
}

fn node_ports(scan: &mut Scan<'_>, service: &Object) {
    scan.examine("NET-011");
    if service.value.str_at(&["spec", "type"]) != "NodePort" {
        return;
    }
    for (i, port) in service.value.array_at(&["spec", "ports"]).iter().enumerate() {
        let number =
            port.at(&["nodePort"]).as_i64().map_or_else(|| "30000-32767".to_owned(), |n| n.to_string());
        let field = format!("spec.ports[{i}].nodePort");
        scan.find("NET-011", Status::Warn, service, field, NODE_PORT.with([number]));
    }
}

fn claimed(scan: &mut Scan<'_>, service: &Object) {
    scan.examine("NET-012");
    let addresses: Vec<_> =
        service.value.array_at(&["spec", "externalIPs"]).iter().filter_map(Value::as_str).collect();
    if !addresses.is_empty() {
        let reason = CLAIMS.with([addresses.join(", ")]);
        scan.find("NET-012", Status::Fail, service, "spec.externalIPs".to_owned(), reason);
    }
}

fn hosts(scan: &mut Scan<'_>, ingress: &Object) {
    scan.examine("NET-015");
    for (i, rule) in ingress.value.array_at(&["spec", "rules"]).iter().enumerate() {
        let reason = match rule.str_at(&["host"]) {
            "" => ANY_HOST.plain(),
            host if host.starts_with("*.") => ANY_SUBDOMAIN.with([host]),
            _ => continue,
        };
        scan.find("NET-015", Status::Warn, ingress, format!("spec.rules[{i}].host"), reason);
    }
    if !ingress.value.at(&["spec", "defaultBackend"]).is_null() {
        scan.find(
            "NET-015",
            Status::Warn,
            ingress,
            "spec.defaultBackend".to_owned(),
            DEFAULT_BACKEND.plain(),
        );
    }
}
