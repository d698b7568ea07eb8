//! What is wrong with a Service.

use std::collections::HashSet;
use std::net::IpAddr;

use api::{Value, field, object};

use super::families;
use super::{is_external, is_headless, kind_of, needs_health_port};
use crate::cursor::Cursor;
use crate::{Context, meta, names, net};

const AFFINITIES: [&str; 2] = ["ClientIP", "None"];
const IP_MODES: [&str; 2] = ["Proxy", "VIP"];
pub(crate) const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
const TRAFFIC_POLICIES: [&str; 2] = ["Cluster", "Local"];
const TRAFFIC_DISTRIBUTIONS: [&str; 3] = ["PreferClose", "PreferSameZone", "PreferSameNode"];
const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

const TOPOLOGY_HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const TOPOLOGY_MODE: &str = "service.kubernetes.io/topology-mode";
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
const ONLY_LOAD_BALANCER: &str = "may only be used when `type` is 'LoadBalancer'";
/// Seconds of a day, the longest affinity.
const MAX_AFFINITY_SECONDS: i64 = 86_400;

pub(super) fn create(service: &Value, _cx: &Context, errors: &mut field::Errors) {
    whole(service, &Value::Null, errors);
}

pub(super) fn update(new: &Value, old: &Value, cx: &Context, errors: &mut field::Errors) {
    if cx.subresource == "status" {
        let status = new.at(&["status", "loadBalancer"]);
        let old = old.at(&["status", "loadBalancer"]);
        return load_balancer_status(
            Cursor::at("status.loadBalancer", status),
            old,
            Some(kind_of(new)),
            errors,
        );
    }
    families::cluster_ip_changes(new, old, errors);
    families::family_changes(new, old, errors);
    load_balancer_class(new, old, errors);
    let port = |service: &Value| service.at(&["spec", "healthCheckNodePort"]).as_i64().unwrap_or(0);
    if needs_health_port(old) && needs_health_port(new) && port(new) != port(old) {
        errors.forbidden(&field::Path::new("spec.healthCheckNodePort"), meta::IMMUTABLE);
    }
    whole(new, old, errors);
}

fn whole(service: &Value, old: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(service);
    let spec = root.child("spec");
    topology_annotations(&root, errors);
    by_type(&spec, service, errors);
    let mut seen = HashSet::new();
    let ports = spec.child("ports");
    for port in ports.items() {
        check_port(&port, ports.len() > 1, &mut seen, errors);
    }
    meta::labels(spec.child("selector").value(), &spec.child("selector").path(), errors);
    affinity(&spec, errors);
    families::check(service, old, errors);
    external_ips(&spec, old, errors);
    if spec.text("type").is_empty() {
        spec.child("type").required(errors, "");
    } else {
        spec.child("type").one_of(errors, &TYPES);
    }
    duplicate_ports(&ports, kind_of(service), errors);
    source_ranges(&root, old, errors);
    let allocate = spec.child("allocateLoadBalancerNodePorts");
    match (kind_of(service), allocate.is_set()) {
        ("LoadBalancer", false) => errors.required(&field::Path::new("allocateLoadBalancerNodePorts"), ""),
        ("LoadBalancer", true) | (_, false) => {}
        (_, true) => allocate.forbidden(errors, ONLY_LOAD_BALANCER),
    }
    load_balancer_class(service, &Value::Null, errors);
    traffic(service, &spec, errors);
}

fn topology_annotations(root: &Cursor, errors: &mut field::Errors) {
    let annotations = root.value().at(&["metadata", "annotations"]);
    if let (Some(hints), Some(mode)) = (annotations.get(TOPOLOGY_HINTS), annotations.get(TOPOLOGY_MODE))
        && hints != mode
    {
        let path = field::Path::new("metadata.annotations").key(TOPOLOGY_MODE);
        errors.invalid(
            &path,
            mode,
            format!("must match annotations[{TOPOLOGY_HINTS}] when both are specified"),
        );
    }
}

fn by_type(spec: &Cursor, service: &Value, errors: &mut field::Errors) {
    let kind = kind_of(service);
    let headless = is_headless(service);
    if spec.child("ports").is_empty() && !headless && kind != "ExternalName" {
        spec.child("ports").required(errors, "");
    }
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let why = format!("may not be set to 'None' for {kind} services");
            spec.child("clusterIPs").index(0).invalid(errors, &why);
        }
        "ExternalName" => {
            let set = |member: &str| {
                let value = spec.child(member);
                if member == "ipFamilyPolicy" { value.is_set() } else { !value.is_empty() }
            };
            for member in
                ["clusterIPs", "ipFamilies", "ipFamilyPolicy"].into_iter().filter(|member| set(member))
            {
                spec.child(member).forbidden(errors, "may not be set for ExternalName services");
            }
            let name = spec.child("externalName");
            match name.str().strip_suffix('.').unwrap_or(name.str()) {
                "" => name.required(errors, ""),
                cname => names::report(errors, &name.path(), cname, &names::dns1123_subdomain(cname)),
            }
        }
        _ => {}
    }
}

fn check_port<'a>(
    port: &Cursor<'a, '_>,
    named: bool,
    seen: &mut HashSet<&'a str>,
    errors: &mut field::Errors,
) {
    let name = port.child("name");
    if name.str().is_empty() {
        if named {
            name.required(errors, "");
        }
    } else {
        name.faults(errors, &names::dns1123_label(name.str()));
        if !seen.insert(port.text("name")) {
            name.duplicate(errors);
        }
    }
    let number = port.child("port");
    number.number_faults(errors, &names::port_number(number.int()));
    let protocol = port.child("protocol");
    if protocol.str().is_empty() {
        protocol.required(errors, "");
    } else {
        protocol.one_of(errors, &PROTOCOLS);
    }
    port_or_name(&port.child("targetPort"), errors);
    let app = port.child("appProtocol");
    if app.is_set() {
        app.faults(errors, &names::qualified_name(app.str()));
    }
}

/// A port by its number or name.
pub(crate) fn port_or_name(port: &Cursor, errors: &mut field::Errors) {
    match port.value() {
        Value::String(name) => port.faults(errors, &names::port_name(name)),
        _ => port.number_faults(errors, &names::port_number(port.int())),
    }
}

fn affinity(spec: &Cursor, errors: &mut field::Errors) {
    let affinity = spec.child("sessionAffinity");
    let config = spec.child("sessionAffinityConfig");
    match affinity.str() {
        "" => affinity.required(errors, ""),
        "ClientIP" => {
            let client = config.child("clientIP");
            let timeout = client.child("timeoutSeconds");
            match [config, client, timeout].iter().find(|step| !step.is_set()) {
                Some(missing) => missing.required(errors, "when session affinity type is ClientIP"),
                None if (1..=MAX_AFFINITY_SECONDS).contains(&timeout.int()) => {}
                None => {
                    let why = format!("must be greater than 0 and less than {MAX_AFFINITY_SECONDS}");
                    timeout.invalid(errors, &why);
                }
            }
        }
        "None" if config.is_set() => {
            config.forbidden(errors, "must not be set when session affinity is None");
        }
        _ => affinity.one_of(errors, &AFFINITIES),
    }
}

fn external_ips(spec: &Cursor, old: &Value, errors: &mut field::Errors) {
    let known = || old.array_at(&["spec", "externalIPs"]).iter().filter_map(Value::as_str);
    for ip in spec.child("externalIPs").items() {
        if net::check_legacy_ip(errors, &ip.path(), ip.str(), known()) {
            endpoint_ip(&ip, errors);
        }
    }
}

/// An address that may stand for something outside this node.
pub(crate) fn endpoint_ip(at: &Cursor, errors: &mut field::Errors) {
    let Some(address) = net::Address::parse(at.str()) else {
        return at.bad(errors, at.str(), "must be a valid IP address");
    };
    let (link_local, link_local_multicast) = match address.ip {
        IpAddr::V4(ip) => (ip.is_link_local(), matches!(ip.octets(), [224, 0, 0, _])),
        IpAddr::V6(ip) => (ip.is_unicast_link_local(), ip.segments()[0] & 0xff0f == 0xff02),
    };
    if address.ip.is_unspecified() {
        at.invalid(errors, &format!("may not be unspecified ({})", at.str()));
    }
    if address.ip.is_loopback() {
        at.invalid(errors, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
    }
    if link_local {
        at.invalid(errors, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    }
    if link_local_multicast {
        at.invalid(errors, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
    }
}

/// Neither a port nor a port on the nodes may be named twice with the same protocol.
fn duplicate_ports(ports: &Cursor, kind: &str, errors: &mut field::Errors) {
    let number = |port: &Cursor, member: &str| port.child(member).int();
    if kind == "ClusterIP" {
        for port in ports.items().filter(|port| number(port, "nodePort") != 0) {
            port.child("nodePort").forbidden(errors, "may not be used when `type` is 'ClusterIP'");
        }
    }
    let mut seen = HashSet::new();
    for port in ports.items().filter(|port| number(port, "nodePort") != 0) {
        if !seen.insert((port.text("protocol"), number(&port, "nodePort"))) {
            port.child("nodePort").duplicate(errors);
        }
    }
    seen.clear();
    for port in ports.items() {
        let key = (port.text("protocol"), number(&port, "port"));
        if !seen.insert(key) {
            // Upstream shows its internal structure here.
            let shown = object! {
                "Name" => "", "Protocol" => key.0, "AppProtocol" => Value::Null, "Port" => key.1, "TargetPort" => 0,
                "NodePort" => 0,
            };
            errors.duplicate(&port.path(), &shown);
        }
    }
}

fn source_ranges(root: &Cursor, old: &Value, errors: &mut field::Errors) {
    let spec = root.child("spec");
    let balanced = spec.text("type") == "LoadBalancer";
    let ranges = spec.child_as("loadBalancerSourceRanges", "LoadBalancerSourceRanges");
    if !ranges.is_empty() {
        if !balanced {
            ranges.forbidden(errors, ONLY_LOAD_BALANCER);
        }
        let known = || old.array_at(&["spec", "loadBalancerSourceRanges"]).iter().filter_map(Value::as_str);
        for range in ranges.items() {
            net::check_legacy_cidr(errors, &range.path(), range.str().trim(), known().map(str::trim));
        }
        return;
    }
    let annotation = |service: &Value| service.at(&["metadata", "annotations"]).get(SOURCE_RANGES).cloned();
    let Some(value) = annotation(root.value()) else { return };
    let path = field::Path::new("metadata.annotations").key(SOURCE_RANGES);
    if !balanced {
        errors.forbidden(&path, ONLY_LOAD_BALANCER);
    }
    let text = value.as_str().unwrap_or("").trim();
    if annotation(old).as_ref() != Some(&value) && !text.is_empty() {
        for range in text.split(',') {
            net::check_legacy_cidr(errors, &path, range.trim(), []);
        }
    }
}

fn load_balancer_class(service: &Value, old: &Value, errors: &mut field::Errors) {
    let spec = Cursor::at("spec", service.at(&["spec"]));
    let class = spec.child("loadBalancerClass");
    let balanced = |service: &Value| kind_of(service) == "LoadBalancer";
    if balanced(old) && balanced(service) && old.at(&["spec", "loadBalancerClass"]) != class.value() {
        class.invalid(errors, "may not change once set");
    }
    if class.is_set() {
        if balanced(service) {
            class.faults(errors, &names::qualified_name(class.str()));
        } else {
            class.forbidden(errors, ONLY_LOAD_BALANCER);
        }
    }
}

fn traffic(service: &Value, spec: &Cursor, errors: &mut field::Errors) {
    let external = spec.child("externalTrafficPolicy");
    match (is_external(service), external.str()) {
        (false, "") => {}
        (false, _) => external.invalid(errors, "may only be set for externally-accessible services"),
        (true, "") => external.required(errors, ""),
        (true, _) => external.one_of(errors, &TRAFFIC_POLICIES),
    }
    let port = spec.child("healthCheckNodePort");
    match (needs_health_port(service), port.int()) {
        (false, 0) => {}
        (false, _) => {
            let why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
            port.invalid(errors, why);
        }
        (true, 0) => port.required(errors, ""),
        (true, number) => port.number_faults(errors, &names::port_number(number)),
    }
    let internal = spec.child("internalTrafficPolicy");
    if internal.is_set() {
        internal.one_of(errors, &TRAFFIC_POLICIES);
    } else if matches!(kind_of(service), "NodePort" | "LoadBalancer" | "ClusterIP") {
        internal.required(errors, "");
    }
    let distribution = spec.child("trafficDistribution");
    if distribution.is_set() {
        distribution.one_of(errors, &TRAFFIC_DISTRIBUTIONS);
    }
}

/// The `loadBalancer` of a Service's status (with its type) or of an Ingress's (without).
pub(crate) fn load_balancer_status(
    status: Cursor,
    old: &Value,
    kind: Option<&str>,
    errors: &mut field::Errors,
) {
    let ingress = status.child("ingress");
    if kind.is_some_and(|kind| kind != "LoadBalancer") {
        if !ingress.is_empty() {
            ingress.forbidden(errors, "may only be used when `spec.type` is 'LoadBalancer'");
        }
        return;
    }
    let known = || old.array_at(&["ingress"]).iter().map(|point| point.str_at(&["ip"]));
    for point in ingress.items() {
        let (ip, mode) = (point.child("ip"), point.child("ipMode"));
        if !ip.str().is_empty() {
            net::check_legacy_ip(errors, &ip.path(), ip.str(), known());
        }
        if kind.is_some() {
            match (ip.str().is_empty(), mode.is_set()) {
                (false, false) => mode.required(errors, "must be specified when `ip` is set"),
                (true, true) => mode.forbidden(errors, "may not be specified when `ip` is not set"),
                (_, true) => mode.one_of(errors, &IP_MODES),
                (true, false) => {}
            }
        }
        host_name(&point.child("hostname"), errors);
    }
}

fn host_name(host: &Cursor, errors: &mut field::Errors) {
    if !host.str().is_empty() {
        host.faults(errors, &names::dns1123_subdomain(host.str()));
        if net::Address::parse(host.str()).is_some() {
            host.invalid(errors, "must be a DNS name, not an IP address");
        }
    }
}
