//! Endpoints: the addresses behind a Service, in the old form.

use api::{Value, field};

use super::service::validate::{PROTOCOLS, endpoint_ip};
use crate::kind::{Kind, default_text, each};
use crate::{Cursor, MetaCheck, equal, names, net};

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";

pub(crate) static ENDPOINTS: Kind = Kind {
    create_on_update: true,
    update_checks: &[MetaCheck::Change, MetaCheck::New],
    default: default_protocols,
    validate: |endpoints, _, errors| subsets(endpoints, errors),
    validate_update: |new, old, _, errors| {
        // What an older server let in may stay.
        if !equal::semantic(new.at(&["subsets"]), old.at(&["subsets"])) {
            subsets(new, errors);
        }
    },
    warnings: |endpoints, _, _| warnings(endpoints),
    ..Kind::PLAIN
};

fn default_protocols(endpoints: &mut Value, _version: &str) {
    each(endpoints, &["subsets"], |subset| {
        if let Some(ports) = subset.get_mut("ports").and_then(Value::as_array_mut) {
            ports.iter_mut().for_each(|port| default_text(port.make_object(), "protocol", "TCP"));
        }
    });
}

fn subsets(endpoints: &Value, errors: &mut field::Errors) {
    for subset in Cursor::root(endpoints).child("subsets").items() {
        let lists = [subset.child("addresses"), subset.child("notReadyAddresses")];
        if lists.iter().all(Cursor::is_empty) {
            subset.required(errors, "must specify `addresses` or `notReadyAddresses`");
        }
        for address in lists.iter().flat_map(Cursor::items) {
            check_address(&address, errors);
        }
        let ports = subset.child("ports");
        for port in ports.items() {
            check_port(&port, ports.len() > 1, errors);
        }
    }
}

fn check_address(address: &Cursor, errors: &mut field::Errors) {
    let (ip, host, node) = (address.child("ip"), address.child("hostname"), address.child("nodeName"));
    net::check_legacy_ip(errors, &ip.path(), ip.str(), []);
    if !host.str().is_empty() {
        host.faults(errors, &names::dns1123_label(host.str()));
    }
    if node.is_set() {
        node.faults(errors, &names::dns1123_subdomain(node.str()));
    }
    endpoint_ip(&ip, errors);
}

fn check_port(port: &Cursor, named: bool, errors: &mut field::Errors) {
    let (name, number, protocol) = (port.child("name"), port.child("port"), port.child("protocol"));
    if !name.str().is_empty() {
        name.faults(errors, &names::dns1123_label(name.str()));
    } else if named {
        name.required(errors, "");
    }
    number.number_faults(errors, &names::port_number(number.int()));
    if protocol.str().is_empty() {
        protocol.required(errors, "");
    } else {
        protocol.one_of(errors, &PROTOCOLS);
    }
    let app = port.child("appProtocol");
    if app.is_set() {
        app.faults(errors, &names::qualified_name(app.str()));
    }
}

/// Nobody can mend what the controller writes.
fn warnings(endpoints: &Value) -> Vec<String> {
    if endpoints.str_at(&["metadata", "labels", MANAGED_BY]) == "endpoint-controller" {
        return Vec::new();
    }
    let mut texts = Vec::new();
    for subset in Cursor::root(endpoints).child("subsets").items() {
        for list in [subset.child("addresses"), subset.child("notReadyAddresses")] {
            texts.extend(list.items().filter_map(|address| {
                let ip = address.child("ip");
                net::ip_warning(&ip.path(), ip.str())
            }));
        }
    }
    texts
}
