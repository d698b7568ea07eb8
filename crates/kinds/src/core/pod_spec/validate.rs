//! What is wrong with a pod spec, in a pod or in a template, in upstream's order and words.
//!
//! Entry points: [`pod_spec`] for the spec alone, [`template`] for a pod template with its metadata.  [`Options`] says
//! what an old object may keep; [`Facts`] is what one part of the spec needs to know of the others.

pub(crate) mod annotations;
mod claims;
mod containers;
mod env;
mod mounts;
mod options;
mod os;
mod pod_resources;
mod probes;
mod projections;
mod requirements;
mod scheduling;
mod security;
mod volumes;
mod windows;

use std::collections::BTreeMap;

use api::field::Errors;
use api::{Map, Value};

use super::CONTAINER_LISTS;
use crate::{Cursor, meta, names, net};

pub(crate) use containers::image_of_pod;
pub(crate) use options::Options;
use requirements::container_resources;
pub(crate) use scheduling::{narrower_node_affinity, tolerations};

/// How upstream shows a path of one empty step.
pub(crate) const NOWHERE: &str = "[]";

/// What one part of the spec needs to know of the others.
pub(crate) struct Facts<'a> {
    /// What may stay as it is.
    pub(crate) options: &'a Options,
    /// The metadata of the pod; `None` in a template.
    pub(crate) metadata: Option<&'a Value>,
    /// The spec.
    pub(crate) spec: &'a Value,
    /// The sound volumes, by name.
    pub(crate) volumes: BTreeMap<&'a str, &'a Value>,
    /// Seconds from the first signal to the end.
    pub(crate) grace: Option<i64>,
}

impl Facts<'_> {
    /// The operating system the spec names, if any.
    fn os(&self) -> Option<&str> {
        self.spec.get("os").filter(|os| !os.is_null()).map(|os| os.str_at(&["name"]))
    }

    /// The users of the pod are those of the host.
    fn host_users(&self) -> bool {
        self.spec.at(&["hostUsers"]).as_bool() != Some(false)
    }

    /// The pod has the host's network.
    fn host_network(&self) -> bool {
        self.spec.at(&["hostNetwork"]).as_bool() == Some(true)
    }

    /// The names of the pod's resource claims.
    fn claims(&self) -> impl Iterator<Item = &str> {
        let names = self.spec.array_at(&["resourceClaims"]).iter().map(|claim| claim.str_at(&["name"]));
        names.filter(|name| !name.is_empty())
    }
}

/// All failures of a pod template: labels, annotations, spec.
pub(crate) fn template(template: &Cursor, options: &Options, errors: &mut Errors) {
    let metadata = template.child("metadata");
    // Upstream reports labels and annotations as if they stood beside the spec.
    let (labels, annotations) = (metadata.value().at(&["labels"]), metadata.value().at(&["annotations"]));
    meta::labels(labels, &template.child("labels").path(), errors);
    let shown = template.child("annotations").path();
    meta::annotations(annotations, &shown, errors);
    let spec = template.child("spec");
    annotations::pod_specific(annotations, &shown, spec.value(), options, errors);
    pod_spec(&spec, None, options, errors);
    annotations::match_fields(annotations, &spec, errors);
    if !spec.child("ephemeralContainers").is_empty() {
        spec.child("ephemeralContainers")
            .forbidden(errors, "ephemeral containers not allowed in pod template");
    }
}

/// All failures of a pod spec; `metadata` is the pod's, `None` in a template.
pub(crate) fn pod_spec(spec: &Cursor, metadata: Option<&Value>, options: &Options, errors: &mut Errors) {
    let grace = spec.child("terminationGracePeriodSeconds");
    if !grace.is_set() {
        grace.required(errors, "");
    }
    let volumes = volumes::all(&spec.child("volumes"), metadata, options, errors);
    let facts = Facts { options, metadata, spec: spec.value(), volumes, grace: grace.value().as_i64() };
    claims::all(&spec.child("resourceClaims"), &facts, errors);
    containers::all(spec, &facts, errors);
    pod_resources::all(spec, &facts, errors);
    host_ports(spec, &facts, errors);
    policies(spec, errors);
    let selector = spec.child("nodeSelector");
    meta::labels(selector.value(), &selector.path(), errors);
    security::of_pod(spec, options, errors);
    scheduling::affinity(&spec.child("affinity"), options, errors);
    dns_config(spec, errors);
    gates(spec, errors);
    scheduling::topology_spread(&spec.child("topologySpreadConstraints"), options, errors);
    windows::host_process(spec, &facts, errors);
    host_users(spec, &facts, errors);
    host_name(spec, &facts, errors);
    named_objects(spec, errors);
    limits(spec, options, errors);
    os::all(spec, &facts, errors);
    env::file_volumes(spec, errors);
}

/// Visits all containers: first those that start first.
fn each_container(spec: &Cursor, mut visit: impl FnMut(&Cursor)) {
    for list in CONTAINER_LISTS {
        spec.child(list).items().for_each(|container| visit(&container));
    }
}

/// On the host's network a host port is the container port.
fn host_ports(spec: &Cursor, facts: &Facts, errors: &mut Errors) {
    if !facts.host_network() {
        return;
    }
    for container in spec.child("containers").items() {
        for port in container.child("ports").items() {
            let (host, own) = (port.child("hostPort"), port.child("containerPort").int());
            if (facts.options.is_pod || host.int() != 0) && host.int() != own {
                host.bad(errors, host.int(), "must match `containerPort` when `hostNetwork` is true");
            }
        }
    }
}

fn policies(spec: &Cursor, errors: &mut Errors) {
    let closed: [(&str, &[&str]); 2] = [
        ("restartPolicy", &["Always", "OnFailure", "Never"]),
        ("dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]),
    ];
    for (name, allowed) in closed {
        let policy = spec.child(name);
        if policy.is_empty() {
            policy.required(errors, "");
        } else {
            policy.one_of(errors, allowed);
        }
    }
}

/// Limits of the C library's resolver.
const NAME_SERVERS_MAX: usize = 3;
const SEARCH_PATHS_MAX: usize = 32;
const SEARCH_LIST_MAX: usize = 2048;

fn dns_config(spec: &Cursor, errors: &mut Errors) {
    let config = spec.child("dnsConfig");
    let (servers, searches) = (config.child("nameservers"), config.child("searches"));
    if spec.text("dnsPolicy") == "None" {
        if !config.is_set() {
            return config.required(errors, "must provide `dnsConfig` when `dnsPolicy` is None");
        }
        if servers.is_empty() {
            let why = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            return servers.required(errors, why);
        }
    }
    if servers.len() > NAME_SERVERS_MAX {
        servers.invalid(errors, &format!("must not have more than {NAME_SERVERS_MAX} nameservers"));
    }
    for server in servers.items() {
        net::check_legacy_ip(errors, &server.path(), server.str(), []);
    }
    if searches.len() > SEARCH_PATHS_MAX {
        searches.invalid(errors, &format!("must not have more than {SEARCH_PATHS_MAX} search paths"));
    }
    let joined: usize = searches.items().map(|s| s.str().len() + 1).sum();
    if joined.saturating_sub(1) > SEARCH_LIST_MAX {
        let why = format!(
            "must not have more than {SEARCH_LIST_MAX} characters (including spaces) in the search list"
        );
        searches.invalid(errors, &why);
    }
    for search in searches.items().filter(|search| search.str() != ".") {
        let domain = search.str().strip_suffix('.').unwrap_or(search.str());
        names::report(errors, &search.path(), domain, &names::dns1123_subdomain_with_underscore(domain));
    }
    for option in config.child("options").items().filter(|option| option.text("name").is_empty()) {
        option.required(errors, "must not be empty");
    }
}

fn gates(spec: &Cursor, errors: &mut Errors) {
    for gate in spec.child("readinessGates").items() {
        let kind = gate.child("conditionType");
        kind.faults(errors, &names::qualified_name(kind.str()));
    }
    let mut seen = Vec::new();
    for gate in spec.child("schedulingGates").items() {
        let name = gate.text("name");
        names::report(errors, &gate.path(), name, &names::qualified_name(name));
        if seen.contains(&name) {
            errors.duplicate(&gate.path(), &name.into());
        }
        seen.push(name);
    }
}

/// Users of their own do not go with other parts of the host.
fn host_users(spec: &Cursor, facts: &Facts, errors: &mut Errors) {
    if facts.host_users() {
        return;
    }
    let why = "when `hostUsers` is false";
    if facts.host_network() && !facts.options.lax_host_users_with_host_network {
        spec.child("hostNetwork").forbidden(errors, why);
    }
    for (name, shown) in [("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if spec.flag(name) {
            spec.child_as(name, shown).forbidden(errors, why);
        }
    }
    if !facts.options.lax_host_users_with_devices {
        each_container(spec, |container| {
            let devices = container.child("volumeDevices");
            if !devices.is_empty() {
                devices.forbidden(errors, why);
            }
        });
    }
}

/// Longest host name of Linux, in bytes.
const HOST_NAME_MAX: usize = 64;

fn host_name(spec: &Cursor, facts: &Facts, errors: &mut Errors) {
    let name = spec.child("hostnameOverride");
    if !name.is_set() {
        return;
    }
    if spec.flag("setHostnameAsFQDN") {
        name.forbidden(errors, "may not be specified when setHostnameAsFQDN is true");
    }
    if facts.host_network() {
        name.forbidden(errors, "may not be specified when hostNetwork is true");
    }
    if name.str().len() > HOST_NAME_MAX {
        errors.too_long(&name.path(), HOST_NAME_MAX);
    }
    name.faults(errors, &names::dns1123_subdomain(name.str()));
}

/// Names of objects and hosts; empty ones are sound.
fn named_objects(spec: &Cursor, errors: &mut Errors) {
    for name in ["serviceAccountName", "nodeName"] {
        let text = spec.child(name);
        if !text.is_empty() {
            text.faults(errors, &names::dns1123_subdomain(text.str()));
        }
    }
    let deadline = spec.child("activeDeadlineSeconds");
    if deadline.is_set() {
        deadline.number_faults(errors, &names::in_range(deadline.int(), 1, i64::from(i32::MAX)));
    }
    for name in ["hostname", "subdomain"] {
        let text = spec.child(name);
        if !text.is_empty() {
            text.faults(errors, &names::dns1123_label(text.str()));
        }
    }
}

fn limits(spec: &Cursor, options: &Options, errors: &mut Errors) {
    tolerations(&spec.child("tolerations"), options, errors);
    for alias in spec.child("hostAliases").items() {
        let ip = alias.child("ip");
        net::check_legacy_ip(errors, &ip.path(), ip.str(), []);
        for name in alias.child("hostnames").items() {
            name.faults(errors, &names::dns1123_subdomain(name.str()));
        }
    }
    let class = spec.child("priorityClassName");
    if !class.is_empty() {
        class.faults(errors, &names::dns1123_subdomain(class.str()));
    }
    let runtime = spec.child("runtimeClassName");
    if runtime.is_set() {
        runtime.faults(errors, &names::dns1123_subdomain(runtime.str()));
    }
    let preemption = spec.child("preemptionPolicy");
    if preemption.is_set() {
        if preemption.is_empty() {
            preemption.required(errors, "");
        } else {
            preemption.one_of(errors, &["PreemptLowerPriority", "Never"]);
        }
    }
    overhead(&spec.child("overhead"), options, errors);
}

/// The overhead is checked as the limits of a container.
pub(crate) fn overhead(overhead: &Cursor, options: &Options, errors: &mut Errors) {
    if overhead.map().is_none_or(Map::is_empty) {
        return;
    }
    let limits: Map = [("limits", overhead.value().clone())].into_iter().collect();
    let limits = Value::Object(limits);
    container_resources(&Cursor::at(&overhead.path().to_string(), &limits), &[], options, errors);
}
