//! Service: a name and an address for pods.

pub mod allocation;
mod families;
pub mod pool;
mod stack;
pub(crate) mod validate;
pub(crate) mod warnings;

use api::{Map, Value, object};

use crate::kind::{Generation, Kind, Status, default_member, default_text, each, inside, text_field};
use crate::{Context, NameRule};

/// Seconds a client stays with the same pod under `sessionAffinity: ClientIP`.
const AFFINITY_SECONDS: i64 = 10_800;

pub(crate) static SERVICE: Kind = Kind {
    name_rule: NameRule::Label,
    create_on_update: true,
    generation: Generation::Ignored,
    status: Status::Own,
    default: default_service,
    prepare_create: |service, _| drop_unused_policy(service),
    prepare_update: |new: &mut Value, old: &Value, cx: &Context| {
        if cx.subresource.is_empty() {
            drop_by_type(new, old);
            drop_unused_policy(new);
        }
    },
    validate: validate::create,
    validate_update: validate::update,
    warnings: |service, _, cx| warnings::warnings(service, cx),
    fields: |service| {
        vec![
            ("spec.clusterIP", text_field(service, &["spec", "clusterIP"])),
            ("spec.type", text_field(service, &["spec", "type"])),
        ]
    },
    ..Kind::PLAIN
};

/// Type of the Service: `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
pub(crate) fn kind_of(service: &Value) -> &str {
    service.str_at(&["spec", "type"])
}

/// True when the Service gets an address inside the cluster.
pub(crate) fn needs_cluster_ip(service: &Value) -> bool {
    kind_of(service) != "ExternalName"
}

/// True when the Service has no address on purpose.
pub(crate) fn is_headless(service: &Value) -> bool {
    matches!(service.array_at(&["spec", "clusterIPs"]), [one] if one.as_str() == Some(families::NONE))
}

/// True when a load balancer asks the nodes whether they have a pod of the Service.
pub(crate) fn needs_health_port(service: &Value) -> bool {
    kind_of(service) == "LoadBalancer" && service.str_at(&["spec", "externalTrafficPolicy"]) == "Local"
}

/// True when the Service can be reached from outside the cluster.
pub(crate) fn is_external(service: &Value) -> bool {
    match kind_of(service) {
        "LoadBalancer" | "NodePort" => true,
        "ClusterIP" => !service.array_at(&["spec", "externalIPs"]).is_empty(),
        _ => false,
    }
}

/// Ports on the nodes that the Service names, 0 left out.
pub(crate) fn node_ports(service: &Value) -> Vec<i64> {
    let ports = service.array_at(&["spec", "ports"]).iter();
    ports.filter_map(|port| port.at(&["nodePort"]).as_i64()).filter(|port| *port != 0).collect()
}

type Need = fn(&Value) -> bool;

fn default_service(service: &mut Value, _version: &str) {
    let spec = service.object_at_mut(&["spec"]);
    default_affinity(spec);
    default_text(spec, "type", "ClusterIP");
    each(service, &["spec", "ports"], default_port);
    let external = is_external(service);
    let kind = kind_of(service).to_owned();
    let spec = service.object_at_mut(&["spec"]);
    if external {
        default_text(spec, "externalTrafficPolicy", "Cluster");
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer" | "ClusterIP") {
        default_member(spec, "internalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        default_member(spec, "allocateLoadBalancerNodePorts", true);
        each(service, &["status", "loadBalancer", "ingress"], |ingress| {
            if ingress.get("ip").and_then(Value::as_str).is_some_and(|ip| !ip.is_empty()) {
                default_member(ingress, "ipMode", "VIP");
            }
        });
    }
}

fn default_affinity(spec: &mut Map) {
    default_text(spec, "sessionAffinity", "None");
    match spec.get("sessionAffinity").and_then(Value::as_str) {
        Some("None") => drop(spec.remove("sessionAffinityConfig")),
        Some("ClientIP") => {
            let config = spec.get("sessionAffinityConfig");
            if config.is_none_or(|config| config.at(&["clientIP", "timeoutSeconds"]).is_null()) {
                let config = object! { "clientIP" => object! { "timeoutSeconds" => AFFINITY_SECONDS } };
                spec.insert("sessionAffinityConfig", config);
            }
        }
        _ => {}
    }
}

fn default_port(port: &mut Map) {
    default_text(port, "protocol", "TCP");
    let unset = match port.get("targetPort") {
        None | Some(Value::Null) => true,
        Some(Value::Int(number)) => *number == 0,
        Some(Value::String(name)) => name.is_empty(),
        Some(_) => false,
    };
    if unset {
        let number = port.get("port").cloned().unwrap_or(Value::Int(0));
        port.insert("targetPort", number);
    }
}

/// Nothing inside the cluster routes to an external name.
fn drop_unused_policy(service: &mut Value) {
    let policy = service.str_at(&["spec", "internalTrafficPolicy"]);
    if kind_of(service) == "ExternalName" && matches!(policy, "Cluster" | "Local") {
        service.remove_at(&["spec", "internalTrafficPolicy"]);
    }
}

/// A write that changes the type and leaves what came with the old one as it was means to give it up.
fn drop_by_type(new: &mut Value, old: &Value) {
    let same = |new: &Value, member: &str| {
        crate::equal::semantic(new.at(&["spec", member]), old.at(&["spec", member]))
    };
    let lost = |new: &Value, needs: Need| needs(old) && !needs(new);
    let mut gone: Vec<&str> = Vec::new();
    if lost(new, needs_cluster_ip) {
        if same(new, "clusterIP") && same(new, "clusterIPs") {
            gone.extend(["clusterIP", "clusterIPs"]);
        }
        gone.extend(["ipFamilies", "ipFamilyPolicy"].into_iter().filter(|member| same(new, member)));
    }
    let load_balanced: Need = |service| kind_of(service) == "LoadBalancer";
    let on_nodes: Need = |service| matches!(kind_of(service), "NodePort" | "LoadBalancer");
    let by_need: [(Need, &str); 4] = [
        (needs_health_port, "healthCheckNodePort"),
        (load_balanced, "allocateLoadBalancerNodePorts"),
        (load_balanced, "loadBalancerClass"),
        (is_external, "externalTrafficPolicy"),
    ];
    gone.extend(
        by_need.iter().filter(|(needs, member)| lost(new, *needs) && same(new, member)).map(|(_, m)| *m),
    );
    let kept = node_ports(old);
    if lost(new, on_nodes) && node_ports(new).iter().all(|port| kept.contains(port)) {
        each(new, &["spec", "ports"], |port| drop(port.remove("nodePort")));
    }
    inside(new, &["spec"], |spec| gone.iter().for_each(|member| drop(spec.remove(member))));
    if !load_balanced(new) {
        new.remove_at(&["status", "loadBalancer"]);
    }
}
