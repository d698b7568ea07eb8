//! What a kubelet may write of a pod: its status.
//!
//! Entry points: [`update`] and [`warnings`].

use std::collections::BTreeSet;

use api::field::Errors;
use api::{Map, Value};

use super::validate::changed_annotations;
use crate::core::pod_spec::validate::Options;
use crate::{Cursor, meta, names, net, shown};

const STATUS_LISTS: [&str; 3] = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"];

/// Addresses in the status that can be written better.
pub(super) fn warnings(pod: &Value) -> Vec<String> {
    let root = Cursor::root(pod);
    let status = root.child("status");
    let mut texts = Vec::new();
    for list in ["podIPs", "hostIPs"] {
        for item in status.child(list).items() {
            let ip = item.child("ip");
            texts.extend(net::ip_warning(&ip.path(), ip.str()));
        }
    }
    texts
}

/// All failures of a changed status.
pub(super) fn update(new: &Value, old: &Value, options: &Options, errors: &mut Errors) {
    changed_annotations(new, old, options, errors);
    let root = Cursor::root(new);
    let status = root.child("status");
    conditions(&status.child("conditions"), errors);
    nominated_node(&status, old, errors);
    let generation = status.child("observedGeneration");
    if generation.int() < 0 {
        generation.bad(errors, generation.int(), "must be a non-negative integer");
    }
    let qos = status.child("qosClass");
    if qos.str() != old.str_at(&["status", "qosClass"]) {
        qos.bad(errors, qos.str(), meta::IMMUTABLE);
    }
    restarts(&status, old, errors);
    claims(&status, new, errors);
    pod_ips(&status.child("podIPs"), old.array_at(&["status", "podIPs"]), errors);
    host_ips(&status, old, errors);
    for list in STATUS_LISTS {
        users(&status.child(list), new.str_at(&["spec", "os", "name"]), errors);
    }
    for (list, containers) in
        [("containerStatuses", "containers"), ("initContainerStatuses", "initContainers")]
    {
        for container in status.child(list).items() {
            health(&container, new.array_at(&["spec", containers]), errors);
        }
    }
    for container in status.child("ephemeralContainerStatuses").items() {
        let allocated = container.child("allocatedResourcesStatus");
        if !allocated.is_empty() {
            allocated.forbidden(errors, "must not be specified in container status");
        }
    }
}

fn conditions(conditions: &Cursor, errors: &mut Errors) {
    for condition in conditions.items() {
        let generation = condition.child("observedGeneration");
        if generation.int() < 0 {
            generation.bad(errors, generation.int(), "must be a non-negative integer");
        }
        let kind = condition.child_as("type", "Type");
        if !matches!(kind.str(), "PodScheduled" | "Ready" | "Initialized") {
            kind.faults(errors, &names::qualified_name(kind.str()));
        }
    }
}

fn nominated_node(status: &Cursor, old: &Value, errors: &mut Errors) {
    let node = status.child("nominatedNodeName");
    if node.is_empty() || node.str() == old.str_at(&["status", "nominatedNodeName"]) {
        return;
    }
    node.faults(errors, &names::dns1123_subdomain(node.str()));
    if !old.str_at(&["spec", "nodeName"]).is_empty() {
        node.forbidden(errors, "may not be set on pods that are already bound to a node");
    }
}

/// A container that ended runs again only where its pod restarts it.
fn restarts(status: &Cursor, old: &Value, errors: &mut Errors) {
    let spec = old.at(&["spec"]);
    let all = ["containers", "initContainers"].iter().flat_map(|list| spec.array_at(&[list]));
    let any_restarts_all = all
        .flat_map(|c| c.array_at(&["restartPolicyRules"]))
        .any(|rule| rule.str_at(&["action"]) == "RestartAllContainers");
    for (list, containers) in
        [("containerStatuses", "containers"), ("initContainerStatuses", "initContainers")]
    {
        if !any_restarts_all {
            let containers = spec.array_at(&[containers]);
            let may_restart = |name: &str, code: i64| {
                let container = containers.iter().find(|c| c.str_at(&["name"]) == name);
                container.is_some_and(|container| restarts_after(container, spec, code))
            };
            no_restart(&status.child(list), old.array_at(&["status", list]), may_restart, true, errors);
        }
    }
    let list = "ephemeralContainerStatuses";
    no_restart(&status.child(list), old.array_at(&["status", list]), |_, _| false, false, errors);
}

/// Reports containers that left their end; with `first` only the first status of the name counts.
fn no_restart(
    statuses: &Cursor,
    old: &[Value],
    may_restart: impl Fn(&str, i64) -> bool,
    first: bool,
    errors: &mut Errors,
) {
    let why = "may not be transitioned to non-terminated state";
    for (i, before) in old.iter().enumerate() {
        let (name, ended) = (before.str_at(&["name"]), before.at(&["state", "terminated"]));
        if ended.is_null() || may_restart(name, ended.at(&["exitCode"]).as_i64().unwrap_or(0)) {
            continue;
        }
        let alive = statuses.list().iter().filter(|status| {
            status.str_at(&["name"]) == name && status.at(&["state", "terminated"]).is_null()
        });
        for _ in alive.take(if first { 1 } else { usize::MAX }) {
            errors.forbidden(&statuses.path().index(i).child("state"), why);
        }
    }
}

/// Whether a container starts again after it ended with `code`: its rules, its policy, that of the pod.
fn restarts_after(container: &Value, spec: &Value, code: i64) -> bool {
    let own = container.str_at(&["restartPolicy"]);
    if !own.is_empty() {
        for rule in container.array_at(&["restartPolicyRules"]) {
            let listed = rule.array_at(&["exitCodes", "values"]).iter().any(|v| v.as_i64() == Some(code));
            let wanted = rule.str_at(&["exitCodes", "operator"]) == "In";
            if listed == wanted && rule.str_at(&["action"]) == "Restart" {
                return true;
            }
        }
    }
    let policy = if own.is_empty() { spec.str_at(&["restartPolicy"]) } else { own };
    match policy {
        "Never" => false,
        "OnFailure" => code != 0,
        _ => true,
    }
}

fn claims(status: &Cursor, pod: &Value, errors: &mut Errors) {
    let known = pod.array_at(&["spec", "resourceClaims"]);
    let mut seen = BTreeSet::new();
    for claim in status.child("resourceClaimStatuses").items() {
        let (name, object) = (claim.child("name"), claim.child("resourceClaimName"));
        if !known.iter().any(|claim| claim.str_at(&["name"]) == name.str()) {
            name.bad(errors, name.str(), "must match the name of an entry in `spec.resourceClaims`");
        }
        if !seen.insert(name.str()) {
            name.duplicate(errors);
        }
        if object.is_set() {
            object.faults(errors, &names::dns1123_subdomain(object.str()));
        }
    }
    let extended = status.child("extendedResourceClaimStatus");
    if extended.is_set() {
        extended_claim(&extended, pod.at(&["spec"]), errors);
    }
}

fn extended_claim(claim: &Cursor, spec: &Value, errors: &mut Errors) {
    let mappings = claim.child("requestMappings");
    if mappings.is_empty() {
        mappings.required(errors, "at least one request mapping is required");
    }
    let mut seen = BTreeSet::new();
    for mapping in mappings.items() {
        let (container, resource, request) =
            (mapping.child("containerName"), mapping.child("resourceName"), mapping.child("requestName"));
        let lists = ["containers", "initContainers"].into_iter();
        let named =
            lists.flat_map(|list| spec.array_at(&[list])).find(|c| c.str_at(&["name"]) == container.str());
        match named {
            None => {
                let why =
                    "must match the name of an entry in spec.initContainers.name or spec.containers.name";
                container.bad(errors, container.str(), why);
            }
            Some(named) if named.at(&["resources", "requests"]).get(resource.str()).is_none() => {
                let why = "must match the extended resource name of an entry in \
                           spec.initContainers.resources.requests or spec.containers.resources.requests";
                resource.bad(errors, resource.str(), why);
            }
            Some(_) => {}
        }
        let shown = claim.child("requestName").path();
        names::report(errors, &shown, request.str(), &names::dns1123_label(request.str()));
        if !seen.insert((container.str(), resource.str(), request.str())) {
            [container, resource, request].iter().for_each(|part| part.duplicate(errors));
        }
    }
    let name = claim.child("resourceClaimName");
    if name.is_empty() {
        name.required(errors, "");
    } else {
        name.faults(errors, &names::dns1123_subdomain(name.str()));
    }
}

fn pod_ips(list: &Cursor, old: &[Value], errors: &mut Errors) {
    for ip in list.items() {
        let known = old.iter().map(|ip| ip.str_at(&["ip"]));
        net::check_legacy_ip(errors, &ip.path(), ip.text("ip"), known);
    }
    one_per_family(list, errors);
}

fn host_ips(status: &Cursor, old: &Value, errors: &mut Errors) {
    let list = status.child("hostIPs");
    let Some(first) = list.items().next() else { return };
    if status.text("hostIP") != first.text("ip") {
        first.child("ip").bad(errors, first.text("ip"), "must be equal to `hostIP`");
    }
    pod_ips(&list, old.array_at(&["status", "hostIPs"]), errors);
}

fn one_per_family(list: &Cursor, errors: &mut Errors) {
    if list.len() < 2 {
        return;
    }
    let addresses: Vec<_> = list.items().map(|ip| net::Address::parse(ip.text("ip"))).collect();
    if addresses.iter().any(Option::is_none) {
        let bad = list.items().find(|ip| net::Address::parse(ip.text("ip")).is_none());
        let shown = bad.map(|ip| ip.text("ip").to_owned()).unwrap_or_default();
        errors.internal(
            &list.path(),
            format!("failed to check for dual stack with error:ParseAddr(\"{shown}\")"),
        );
    }
    let fourth = addresses.iter().flatten().filter(|address| address.ip.is_ipv4()).count();
    if list.len() > 2 || fourth != 1 {
        let shown = shown::list_of(list.value(), "PodIP");
        list.bad(errors, shown, "may specify no more than one IP for each IP family");
    }
}

fn users(list: &Cursor, os: &str, errors: &mut Errors) {
    for container in list.items() {
        let user = container.child("user");
        let linux = user.child("linux");
        if !linux.is_set() {
            continue;
        }
        match os {
            "windows" => linux.forbidden(errors, "cannot be set for a windows pod"),
            "linux" | "" => {
                for id in [linux.child("uid"), linux.child("gid")] {
                    id.number_faults(errors, &names::unix_id(id.int()));
                }
                for group in linux.child("supplementalGroups").items() {
                    group.number_faults(errors, &names::unix_id(group.int()));
                }
            }
            _ => {}
        }
    }
}

/// Longest message about the health of a device, in bytes.
const HEALTH_MESSAGE_MAX: usize = 1024;

/// The health of what a container got must be about what it asked for.
fn health(status: &Cursor, containers: &[Value], errors: &mut Errors) {
    let container = containers.iter().find(|c| c.str_at(&["name"]) == status.text("name"));
    for allocated in status.child("allocatedResourcesStatus").items() {
        let name = allocated.child("name");
        if let Some(container) = container
            && let Some(why) = not_asked_for(container, name.str())
        {
            name.bad(errors, name.str(), why);
        }
        let mut seen = BTreeSet::new();
        for resource in allocated.child("resources").items() {
            let (id, message) = (resource.child("resourceID"), resource.child("message"));
            resource.child("health").one_of(errors, &["Healthy", "Unhealthy", "Unknown"]);
            if message.is_set() && message.is_empty() {
                message.required(errors, "must be non-empty if specified");
            } else if message.str().len() > HEALTH_MESSAGE_MAX {
                errors.too_long(&message.path(), HEALTH_MESSAGE_MAX);
            }
            if !seen.insert(id.str()) {
                id.duplicate(errors);
            }
        }
    }
}

fn not_asked_for(container: &Value, name: &str) -> Option<&'static str> {
    if let Some(wanted) = name.strip_prefix("claim:") {
        let why = "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or \
                   'claim:<claimName>' if request is empty";
        let found = container.array_at(&["resources", "claims"]).iter().any(|claim| {
            let (claim, request) = (claim.str_at(&["name"]), claim.str_at(&["request"]));
            if request.is_empty() { wanted == claim } else { wanted == format!("{claim}/{request}") }
        });
        return (!found).then_some(why);
    }
    let mut requests = container.at(&["resources", "requests"]).as_object().into_iter().flat_map(Map::keys);
    (!requests.any(|request| request == name))
        .then_some("must match one of the container's resource requests")
}
