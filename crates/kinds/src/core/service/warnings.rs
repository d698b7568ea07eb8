//! What a Service asks for that has no effect or should be said otherwise.

use api::{Value, field};

use super::{families, kind_of};
use crate::{Context, net};

pub(super) fn warnings(service: &Value, cx: &Context) -> Vec<String> {
    if cx.subresource == "status" {
        let ingress = service.array_at(&["status", "loadBalancer", "ingress"]);
        return ingress_warnings(ingress, &field::Path::new("status.loadBalancer.ingress"));
    }
    let mut texts = Vec::new();
    if !service.at(&["metadata", "annotations", "service.kubernetes.io/topology-aware-hints"]).is_null() {
        let wanted = "please use service.kubernetes.io/topology-mode instead";
        texts.push(format!("annotation service.kubernetes.io/topology-aware-hints is deprecated, {wanted}"));
    }
    if kind_of(service) != "ExternalName"
        && !matches!(service.str_at(&["spec", "clusterIP"]), "" | families::NONE)
    {
        texts.extend(each(service, "clusterIPs", net::ip_warning));
    }
    ignored(service, &mut texts);
    if service.str_at(&["spec", "trafficDistribution"]) == "PreferClose" {
        texts.push(
            "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"".to_owned(),
        );
    }
    texts
}

fn ignored(service: &Value, texts: &mut Vec<String>) {
    let text = |member: &str| service.str_at(&["spec", member]);
    let external_ips = !service.array_at(&["spec", "externalIPs"]).is_empty();
    let external_name = kind_of(service) == "ExternalName";
    let headless = kind_of(service) == "ClusterIP" && text("clusterIP") == families::NONE;
    let balancer_ip = text("loadBalancerIP");
    let mut warn = |on: bool, warning: &str| {
        if on {
            texts.push(warning.to_owned());
        }
    };
    warn(headless && !balancer_ip.is_empty(), "spec.loadBalancerIP is ignored for headless services");
    warn(headless && external_ips, "spec.externalIPs is ignored for headless services");
    warn(
        headless && text("sessionAffinity") != "None",
        "spec.SessionAffinity is ignored for headless services",
    );
    each(service, "externalIPs", net::ip_warning).iter().for_each(|warning| warn(true, warning));
    warn(
        external_ips && !headless && !external_name,
        "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
    );
    if !balancer_ip.is_empty()
        && let Some(warning) = net::ip_warning(&field::Path::new("spec.loadBalancerIP"), balancer_ip)
    {
        warn(true, &warning);
    }
    each(service, "loadBalancerSourceRanges", net::cidr_warnings)
        .iter()
        .for_each(|warning| warn(true, warning));
    warn(external_name && external_ips, "spec.externalIPs is ignored when spec.type is \"ExternalName\"");
    warn(
        !external_name && !text("externalName").is_empty(),
        "spec.externalName is ignored when spec.type is not \"ExternalName\"",
    );
}

/// Warnings about each text of a list in `spec`.
fn each<W: IntoIterator<Item = String>>(
    service: &Value,
    member: &str,
    warn: fn(&field::Path, &str) -> W,
) -> Vec<String> {
    let path = field::Path::new("spec").child(member);
    let items = service.array_at(&["spec", member]).iter().filter_map(Value::as_str).enumerate();
    items.flat_map(|(i, text)| warn(&path.index(i), text)).collect()
}

/// Warnings about points of entry of a load balancer at `path`.
pub(crate) fn ingress_warnings(ingress: &[Value], path: &field::Path) -> Vec<String> {
    let points = ingress.iter().enumerate().filter(|(_, point)| !point.str_at(&["ip"]).is_empty());
    points.filter_map(|(i, point)| net::ip_warning(&path.index(i), point.str_at(&["ip"]))).collect()
}
