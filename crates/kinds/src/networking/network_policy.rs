//! NetworkPolicy: who may talk to pods and whom they may talk to.

use api::{Value, field};

use crate::kind::{Generation, Kind, default_member};
use crate::{Cursor, names, net, selectors};

/// Directions of a policy: member of `spec`, name of its peers.
const DIRECTIONS: [(&str, &str); 2] = [("ingress", "from"), ("egress", "to")];
const TYPES: [&str; 2] = ["Ingress", "Egress"];
const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

pub(crate) static NETWORK_POLICY: Kind = Kind {
    generation: Generation::Of(&["spec"]),
    default: default_policy,
    validate: |policy, _, errors| Rules { lax: false, known: Vec::new() }.check(policy, errors),
    validate_update: |new, old, _, errors| {
        let mut before = field::Errors::new();
        selectors::label_selector(&Cursor::root(old).child("spec").child("podSelector"), false, &mut before);
        Rules { lax: !before.is_empty(), known: ranges(old) }.check(new, errors);
    },
    warnings: |policy, _, _| warnings(policy),
    ..Kind::PLAIN
};

fn default_policy(policy: &mut Value, _version: &str) {
    for (direction, _) in DIRECTIONS {
        crate::kind::each(policy, &["spec", direction], |rule| {
            if let Some(ports) = rule.get_mut("ports").and_then(Value::as_array_mut) {
                ports.iter_mut().for_each(|port| default_member(port.make_object(), "protocol", "TCP"));
            }
        });
    }
    if policy.array_at(&["spec", "policyTypes"]).is_empty() {
        let egress = !policy.array_at(&["spec", "egress"]).is_empty();
        let types = if egress { vec!["Ingress", "Egress"] } else { vec!["Ingress"] };
        policy.set_at(&["spec", "policyTypes"], types);
    }
}

/// Calls `visit` with each block of addresses of a policy.
fn each_block(policy: &Value, visit: &mut dyn FnMut(&Cursor)) {
    let spec = Cursor::at("spec", policy.at(&["spec"]));
    for (direction, peers) in DIRECTIONS {
        for rule in spec.child(direction).items() {
            for peer in rule.child(peers).items().filter(|peer| peer.has("ipBlock")) {
                visit(&peer.child("ipBlock"));
            }
        }
    }
}

fn ranges(policy: &Value) -> Vec<String> {
    let mut found = Vec::new();
    each_block(policy, &mut |block| {
        found.push(block.text("cidr").to_owned());
        found.extend(block.child("except").items().map(|range| range.str().to_owned()));
    });
    found
}

fn warnings(policy: &Value) -> Vec<String> {
    let mut texts = Vec::new();
    each_block(policy, &mut |block| {
        texts.extend(net::cidr_warnings(&block.child("cidr").path(), block.text("cidr")));
        for range in block.child("except").items() {
            texts.extend(net::cidr_warnings(&range.path(), range.str()));
        }
    });
    texts
}

/// What is let through because it was there before.
struct Rules {
    /// Bad label values in selectors.
    lax: bool,
    /// Ranges of addresses.
    known: Vec<String>,
}

impl Rules {
    fn check(&self, policy: &Value, errors: &mut field::Errors) {
        let spec = Cursor::at("spec", policy.at(&["spec"]));
        selectors::label_selector(&spec.child("podSelector"), self.lax, errors);
        for (direction, peers) in DIRECTIONS {
            for rule in spec.child(direction).items() {
                rule.child("ports").items().for_each(|port| check_port(&port, errors));
                rule.child(peers).items().for_each(|peer| self.peer(&peer, errors));
            }
        }
        let types = spec.child("policyTypes");
        if types.len() > TYPES.len() {
            return types.invalid(errors, "may not specify more than two policyTypes");
        }
        types.items().for_each(|kind| kind.one_of(errors, &TYPES));
    }

    fn peer(&self, peer: &Cursor, errors: &mut field::Errors) {
        for selector in ["podSelector", "namespaceSelector"] {
            selectors::label_selector(&peer.child(selector), self.lax, errors);
        }
        let block = peer.child("ipBlock");
        if block.is_set() {
            self.block(&block, errors);
        }
        let selects = peer.has("podSelector") || peer.has("namespaceSelector");
        match (selects, block.is_set()) {
            (false, false) => peer.required(errors, "must specify a peer"),
            (true, true) => peer.forbidden(errors, "may not specify both ipBlock and another peer"),
            _ => {}
        }
    }

    fn range(&self, range: &Cursor, errors: &mut field::Errors) -> Option<net::Range> {
        net::check_legacy_cidr(errors, &range.path(), range.str(), self.known.iter().map(String::as_str));
        net::Range::parse(range.str())
    }

    fn block(&self, block: &Cursor, errors: &mut field::Errors) {
        let cidr = block.child("cidr");
        if cidr.str().is_empty() {
            return cidr.required(errors, "");
        }
        let Some(whole) = self.range(&cidr, errors) else { return };
        for except in block.child("except").items() {
            let inner = self.range(&except, errors);
            if inner.is_some_and(|inner| !whole.contains(inner.first) || whole.bits >= inner.bits) {
                except.invalid(errors, "must be a strict subset of `cidr`");
            }
        }
    }
}

fn check_port(port: &Cursor, errors: &mut field::Errors) {
    let (protocol, number, end) = (port.child("protocol"), port.child("port"), port.child("endPort"));
    if protocol.is_set() {
        protocol.one_of(errors, &PROTOCOLS);
    }
    match number.value() {
        Value::Null if end.is_set() => {
            end.invalid(errors, "may not be specified when `port` is not specified");
        }
        Value::Null => {}
        Value::String(name) => {
            if end.is_set() {
                end.invalid(errors, "may not be specified when `port` is non-numeric");
            }
            number.faults(errors, &names::port_name(name));
        }
        _ => {
            number.number_faults(errors, &names::port_number(number.int()));
            if end.is_set() {
                if end.int() < number.int() {
                    end.bad(errors, number.int(), "must be greater than or equal to `port`");
                }
                end.number_faults(errors, &names::port_number(end.int()));
            }
        }
    }
}
