//! Namespaces, the `kubernetes` service and what goes with it, priority classes, API services.

use std::net::{IpAddr, SocketAddr};

use api::{ApiError, Value, object};

use super::Wanted;
use crate::app::App;

/// The namespaces that are always there.
pub(super) fn namespaces() -> Vec<Wanted> {
    ["default", "kube-system", "kube-public", "kube-node-lease"]
        .into_iter()
        .map(|name| core("namespaces", object! { "metadata" => object! { "name" => name } }))
        .collect()
}

/// Everything else of this file.
///
/// # Errors
/// A service range that makes no sense.
pub(super) fn objects(app: &App) -> Result<Vec<Wanted>, ApiError> {
    let range = app.config.service_cluster_ip_range.as_str();
    let service_ip = crate::allocate::first_service_ip(range).map_err(ApiError::internal)?;
    let mut all = Vec::new();
    all.extend(priority_classes());
    all.extend(api_services(app));
    all.push(service_cidr(range));
    all.push(service(service_ip, app.config.secure_port));
    all.push(ip_address(service_ip));
    // Endpoints may not be on loopback: a server that only this machine reaches has none.
    if let Some(ip) = app.advertised_ip() {
        all.extend(endpoints(SocketAddr::new(ip, app.config.secure_port)));
    }
    Ok(all)
}

fn core(resource: &'static str, object: Value) -> Wanted {
    Wanted { group: "", version: "v1", resource, object }
}

fn networking(resource: &'static str, object: Value) -> Wanted {
    Wanted { group: "networking.k8s.io", version: "v1", resource, object }
}

fn priority_classes() -> impl Iterator<Item = Wanted> {
    let class = |name: &str, value: i64, description: &str| {
        let object = object! {
            "metadata" => object! { "name" => name }, "value" => value, "description" => description,
        };
        Wanted { group: "scheduling.k8s.io", version: "v1", resource: "priorityclasses", object }
    };
    [
        class(
            "system-cluster-critical",
            2_000_000_000,
            "Pods the cluster cannot do without; they may run on another node.",
        ),
        class(
            "system-node-critical",
            2_000_001_000,
            "Pods a node cannot do without; they must run on that node.",
        ),
    ]
    .into_iter()
}

/// One APIService a served group-version, as upstream's aggregator registers its own.
fn api_services(app: &App) -> Vec<Wanted> {
    let service = |version: &openapi::ApiVersion| {
        let name = format!("{}.{}", version.version, version.group);
        let mut spec = object! {
            "groupPriorityMinimum" => i64::from(version.group_priority), "version" => version.version.clone(),
            "versionPriority" => i64::from(version.version_priority),
        };
        if !version.group.is_empty() {
            spec.set_at(&["group"], version.group.clone());
        }
        let labels = object! { "kube-aggregator.kubernetes.io/automanaged" => "onstart" };
        let object = object! { "metadata" => object! { "name" => name, "labels" => labels }, "spec" => spec };
        Wanted { group: "apiregistration.k8s.io", version: "v1", resource: "apiservices", object }
    };
    let own = |version: &&std::sync::Arc<openapi::ApiVersion>| version.group != "apiregistration.k8s.io";
    app.listing.versions().iter().filter(own).map(|version| service(version)).collect()
}

fn service_cidr(range: &str) -> Wanted {
    let cidrs: Vec<&str> = range.split(',').collect();
    networking(
        "servicecidrs",
        object! { "metadata" => object! { "name" => "kubernetes" }, "spec" => object! { "cidrs" => cidrs } },
    )
}

fn service(ip: IpAddr, port: u16) -> Wanted {
    let labels = object! { "component" => "apiserver", "provider" => "kubernetes" };
    let port =
        object! { "name" => "https", "port" => 443, "protocol" => "TCP", "targetPort" => i64::from(port) };
    let spec = object! {
        "type" => "ClusterIP", "clusterIP" => ip.to_string(), "clusterIPs" => vec![ip.to_string()],
        "ipFamilies" => vec![family(ip)], "ipFamilyPolicy" => "SingleStack", "sessionAffinity" => "None",
        "ports" => vec![port],
    };
    core("services", object! { "metadata" => in_default(labels), "spec" => spec })
}

fn ip_address(ip: IpAddr) -> Wanted {
    let owner = kinds::allocation::Owner { namespace: "default".to_owned(), name: "kubernetes".to_owned() };
    networking("ipaddresses", kinds::pool::ip_address(ip, &owner))
}

fn endpoints(address: SocketAddr) -> [Wanted; 2] {
    let port = object! { "name" => "https", "port" => i64::from(address.port()), "protocol" => "TCP" };
    let ip = address.ip().to_string();
    let subset =
        object! { "addresses" => vec![object! { "ip" => ip.as_str() }], "ports" => vec![port.clone()] };
    let labels = object! { "endpointslice.kubernetes.io/skip-mirror" => "true" };
    let old = object! { "metadata" => in_default(labels), "subsets" => vec![subset] };
    let labels = object! { "kubernetes.io/service-name" => "kubernetes" };
    let endpoint = object! { "addresses" => vec![ip.as_str()], "conditions" => object! { "ready" => true } };
    let slice = object! {
        "metadata" => in_default(labels), "addressType" => family(address.ip()), "endpoints" => vec![endpoint],
        "ports" => vec![port],
    };
    let slice =
        Wanted { group: "discovery.k8s.io", version: "v1", resource: "endpointslices", object: slice };
    [core("endpoints", old), slice]
}

fn in_default(labels: Value) -> Value {
    object! { "name" => "kubernetes", "namespace" => "default", "labels" => labels }
}

fn family(ip: IpAddr) -> &'static str {
    if ip.is_ipv4() { "IPv4" } else { "IPv6" }
}
