//! EndpointSlice: some of the endpoints of a Service.

use std::collections::HashSet;

use api::{Value, field};

use crate::core::service::validate::{PROTOCOLS, endpoint_ip};
use crate::kind::{Generation, Kind, default_member, each};
use crate::{Context, Cursor, MetaCheck, equal, meta, names, net};

const HOST_LABEL: &str = "kubernetes.io/hostname";
const ZONE_LABEL: &str = "topology.kubernetes.io/zone";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGERS: [&str; 2] = ["endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"];
const ADDRESS_TYPES: [&str; 3] = ["FQDN", "IPv4", "IPv6"];

const MAX_ADDRESSES: usize = 100;
const MAX_ENDPOINTS: usize = 1000;
const MAX_HINTS: usize = 8;
const MAX_PORTS: usize = 20_000;
const MAX_TOPOLOGY_LABELS: usize = 16;

pub(crate) static ENDPOINT_SLICE: Kind = Kind {
    generation: Generation::When(counts),
    update_checks: &[MetaCheck::New],
    default: |slice, _| {
        each(slice, &["ports"], |port| {
            default_member(port, "name", "");
            default_member(port, "protocol", "TCP");
        });
    },
    prepare_create: |slice, _| drop_topology(slice, &Value::Null),
    prepare_update,
    validate: |slice, _, errors| validate(slice, &Value::Null, errors),
    validate_update: |new, old, _, errors| {
        validate(new, old, errors);
        equal::immutable(
            &Cursor::at("addressType", new.at(&["addressType"])),
            old.at(&["addressType"]),
            errors,
        );
    },
    warnings: |slice, old, _| warnings(slice, old),
    ..Kind::PLAIN
};

/// Generation follows the labels, too: controllers find slices by them.
fn counts(new: &Value, old: &Value) -> bool {
    let paths: [&[&str]; 4] = [&["metadata", "labels"], &["addressType"], &["endpoints"], &["ports"]];
    paths.iter().any(|path| !equal::semantic(new.at(path), old.at(path)))
}

fn prepare_update(new: &mut Value, old: &Value, _cx: &Context) {
    if !equal::semantic(new.at(&["endpoints"]), old.at(&["endpoints"])) {
        drop_topology(new, old);
    }
}

/// `deprecatedTopology` may not be written in `v1`; the host it names becomes `nodeName` when the object knew it before.
fn drop_topology(slice: &mut Value, old: &Value) {
    let known: Vec<&str> = old
        .array_at(&["endpoints"])
        .iter()
        .map(|endpoint| endpoint.str_at(&["deprecatedTopology", HOST_LABEL]))
        .filter(|host| !host.is_empty())
        .collect();
    each(slice, &["endpoints"], |endpoint| {
        let topology = endpoint.remove("deprecatedTopology").unwrap_or_default();
        let host = topology.str_at(&[HOST_LABEL]);
        if known.contains(&host) && names::dns1123_subdomain(host).is_empty() {
            default_member(endpoint, "nodeName", host);
        }
    });
}

fn validate(slice: &Value, old: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(slice);
    let kind = root.child("addressType");
    if kind.str().is_empty() {
        kind.required(errors, "");
    } else {
        kind.one_of(errors, &ADDRESS_TYPES);
    }
    ports(&root.child("ports"), errors);
    let mut found = field::Errors::new();
    endpoints(&root.child("endpoints"), kind.str(), &mut found);
    // What an older server let in may stay.
    if old.is_null() || !equal::semantic(slice.at(&["endpoints"]), old.at(&["endpoints"])) {
        errors.extend(found);
    }
}

/// Reports a list that is too long; true when it is not.
fn bounded(list: &Cursor, max: usize, errors: &mut field::Errors) -> bool {
    if list.len() > max {
        errors.too_many(&list.path(), list.len(), max);
    }
    list.len() <= max
}

fn ports(ports: &Cursor, errors: &mut field::Errors) {
    if !bounded(ports, MAX_PORTS, errors) {
        return;
    }
    let mut seen = HashSet::new();
    for port in ports.items() {
        let (name, protocol, app) = (port.child("name"), port.child("protocol"), port.child("appProtocol"));
        if !name.str().is_empty() {
            name.faults(errors, &names::dns1123_label(name.str()));
        }
        if !seen.insert(port.text("name")) {
            errors.duplicate(&name.path(), &name.str().into());
        }
        if protocol.is_set() {
            protocol.one_of(errors, &PROTOCOLS);
        } else {
            protocol.required(errors, "");
        }
        if app.is_set() {
            app.faults(errors, &names::qualified_name(app.str()));
        }
    }
}

fn endpoints(list: &Cursor, kind: &str, errors: &mut field::Errors) {
    if !bounded(list, MAX_ENDPOINTS, errors) {
        return;
    }
    for endpoint in list.items() {
        let addresses = endpoint.child("addresses");
        if addresses.is_empty() {
            addresses.required(errors, "must contain at least 1 address");
        }
        bounded(&addresses, MAX_ADDRESSES, errors);
        for item in addresses.items() {
            address(&item, &addresses, kind, errors);
        }
        let (node, host) = (endpoint.child("nodeName"), endpoint.child("hostname"));
        if node.is_set() {
            node.faults(errors, &names::dns1123_subdomain(node.str()));
        }
        topology(&endpoint.child("deprecatedTopology"), errors);
        if host.is_set() {
            host.faults(errors, &names::dns1123_label(host.str()));
        }
        hints(&endpoint.child("hints"), errors);
    }
}

/// An address of a family that does not fit is reported at the list.
fn address(item: &Cursor, list: &Cursor, kind: &str, errors: &mut field::Errors) {
    let path = item.path();
    let sound = match kind {
        "IPv4" => net::check_legacy_ip(errors, &path, item.str(), []),
        "IPv6" => {
            let before = errors.len();
            net::check_ip(errors, &path, item.str());
            errors.len() == before
        }
        "FQDN" => return names::fully_qualified_domain_name(errors, &path, item.str()),
        _ => return,
    };
    if sound {
        let is_v4 = net::Address::parse(item.str()).is_some_and(|address| address.ip.is_ipv4());
        if is_v4 != (kind == "IPv4") {
            let why = format!("must be an {kind} address");
            errors.invalid(&list.path(), &item.str().into(), why);
        }
        endpoint_ip(item, errors);
    }
}

fn topology(labels: &Cursor, errors: &mut field::Errors) {
    bounded(labels, MAX_TOPOLOGY_LABELS, errors);
    meta::labels(labels.value(), &labels.path(), errors);
    if labels.has(ZONE_LABEL) {
        errors.internal(&labels.key(ZONE_LABEL).path(), "reserved key was not removed in conversion");
    }
}

fn hints(hints: &Cursor, errors: &mut field::Errors) {
    type Rule = fn(&str) -> names::Faults;
    let rules: [(&str, Rule); 2] = [("forZones", names::label_value), ("forNodes", names::dns1123_subdomain)];
    for (member, rule) in rules {
        let list = hints.child(member);
        if !bounded(&list, MAX_HINTS, errors) {
            return;
        }
        let mut seen = HashSet::new();
        for item in list.items() {
            let name = item.child("name");
            if !seen.insert(item.text("name")) {
                errors.duplicate(&name.path(), &name.str().into());
            }
            name.faults(errors, &rule(name.str()));
        }
    }
}

/// Nobody can mend what the controllers write.
fn warnings(slice: &Value, old: Option<&Value>) -> Vec<String> {
    let mut texts = Vec::new();
    if old.is_none() && slice.str_at(&["addressType"]) == "FQDN" {
        texts.push("spec.addressType: FQDN endpoints are deprecated".to_owned());
    }
    if !MANAGERS.contains(&slice.str_at(&["metadata", "labels", MANAGED_BY])) {
        for endpoint in Cursor::root(slice).child("endpoints").items() {
            let addresses = endpoint.child("addresses");
            texts.extend(addresses.items().filter_map(|ip| net::ip_warning(&ip.path(), ip.str())));
        }
    }
    texts
}
