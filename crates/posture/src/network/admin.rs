//! Policies of administrators (`policy.networking.k8s.io`): AdminNetworkPolicy and BaselineAdminNetworkPolicy of
//! `v1alpha1`, ClusterNetworkPolicy of `v1alpha2`.

use api::Value;
use evidence::Object;

use super::address::Block;
use super::plain::or_everything;
use super::policy::{Action, Pods, Policy, Rule, RuleName, Scope, Selector, Side, Subject, Tier, Who};
use super::ports::{Ports, Protocol, number};

/// Reads a policy; `None` when it does not say whom it is for.
pub(super) fn policy(object: &Object) -> Option<Policy<'_>> {
    let spec = object.value.at(&["spec"]);
    let is_baseline = object.kind() == "BaselineAdminNetworkPolicy" || spec.str_at(&["tier"]) == "Baseline";
    Some(Policy {
        object,
        tier: if is_baseline { Tier::BASELINE } else { Tier::ADMIN },
        order: spec.at(&["priority"]).as_f64().unwrap_or(0.0),
        subject: Subject::Pods(pods(spec.at(&["subject"]))?),
        ingress: side(spec, "ingress", "from"),
        egress: side(spec, "egress", "to"),
    })
}

/// The pods of a policy of the first drafts that chooses by what namespaces have in common, which is not followed.
pub(super) fn unread(object: &Object) -> Option<Pods> {
    let spec = object.value.at(&["spec"]);
    let rules = |list: &str, peers: &'static str| {
        spec.array_at(&[list]).iter().flat_map(move |rule| rule.array_at(&[peers]))
    };
    let is_common = |peer: &Value| {
        let chosen = [peer.at(&["namespaces"]), peer.at(&["pods", "namespaces"])];
        chosen.iter().any(|namespaces| of_namespaces(namespaces).is_none())
    };
    let mut peers = rules("ingress", "from").chain(rules("egress", "to"));
    peers.any(is_common).then(|| pods(spec.at(&["subject"])))?
}

fn pods(peer: &Value) -> Option<Pods> {
    let pods = peer.at(&["pods"]);
    let (namespaces, selector) = match peer.at(&["namespaces"]) {
        Value::Null if pods.is_null() => return None,
        // The first drafts had a member `namespaces` there.
        Value::Null => match pods.at(&["namespaces"]) {
            Value::Null => (pods.at(&["namespaceSelector"]), pods.at(&["podSelector"])),
            namespaces => (namespaces, pods.at(&["podSelector"])),
        },
        namespaces => (namespaces, &Value::Null),
    };
    let scope = Scope::Selected(or_everything(of_namespaces(namespaces)?));
    Some(Pods { scope, selector: Selector::Plain(or_everything(selector)) })
}

/// A selector; the first drafts wrapped it, and had others by what pods and namespaces have in common.
fn of_namespaces(namespaces: &Value) -> Option<&Value> {
    let has = |member: &str| !namespaces.at(&[member]).is_null();
    if has("sameLabels") || has("notSameLabels") {
        return None;
    }
    Some(if has("namespaceSelector") { namespaces.at(&["namespaceSelector"]) } else { namespaces })
}

fn side(spec: &Value, list: &'static str, peers: &str) -> Side {
    let rule = |(index, rule): (usize, &Value)| {
        let action = match rule.str_at(&["action"]) {
            "Allow" | "Accept" => Action::Allow,
            "Pass" => Action::Pass,
            _ => Action::Deny,
        };
        let name = RuleName { spec: None, list, index };
        let who: Option<Vec<_>> = rule.array_at(&[peers]).iter().map(who).collect();
        match (who, ports(rule)) {
            (Some(who), Some(ports)) => {
                let ports = (!ports.is_empty()).then_some(ports);
                Rule { name, action, who: Some(who.into_iter().flatten().collect()), ports }
            }
            // A peer or port of a kind that is not known: such a rule allows nothing, or denies everything.
            _ if action == Action::Allow => Rule { name, action, who: Some(Vec::new()), ports: None },
            _ => Rule { name, action: Action::Deny, who: None, ports: None },
        }
    };
    Side { isolates: false, rules: spec.array_at(&[list]).iter().enumerate().map(rule).collect() }
}

fn who(peer: &Value) -> Option<Vec<Who>> {
    if let Some(pods) = pods(peer) {
        return Some(vec![Who::Pods(pods)]);
    }
    let nodes = peer.at(&["nodes"]);
    if !nodes.is_null() {
        return Some(vec![Who::Nodes(or_everything(nodes))]);
    }
    // Names are of hosts elsewhere, whose addresses nobody knows.
    if !peer.at(&["domainNames"]).is_null() {
        return Some(Vec::new());
    }
    let networks = peer.at(&["networks"]).as_array()?;
    let block = |network: &Value| {
        let block = Block::parse(network.as_str()?)?;
        Some(Who::Block { block, except: Vec::new(), cluster: true })
    };
    networks.iter().map(block).collect()
}

fn ports(rule: &Value) -> Option<Vec<Ports>> {
    let old = rule.array_at(&["ports"]).iter().map(old_port);
    old.chain(rule.array_at(&["protocols"]).iter().map(port)).collect()
}

fn old_port(port: &Value) -> Option<Ports> {
    let carried = |member: &str| Protocol::parse(port.str_at(&[member, "protocol"])).map(Some);
    if let Some(name) = port.at(&["namedPort"]).as_str() {
        return Some(Ports::Named(None, name.to_owned()));
    }
    if let Some(one) = number(port.at(&["portNumber", "port"])) {
        return Some(Ports::Numbers(carried("portNumber")?, one, one));
    }
    let (from, to) = (port.at(&["portRange", "start"]), port.at(&["portRange", "end"]));
    Some(Ports::Numbers(carried("portRange")?, number(from)?, number(to)?))
}

fn port(port: &Value) -> Option<Ports> {
    if let Some(name) = port.at(&["destinationNamedPort"]).as_str() {
        return Some(Ports::Named(None, name.to_owned()));
    }
    let members = [("tcp", Protocol::Tcp), ("udp", Protocol::Udp), ("sctp", Protocol::Sctp)];
    let (member, protocol) = members.into_iter().find(|(member, _)| !port.at(&[member]).is_null())?;
    let number_at = |path: &[&str]| number(port.at(&[member, "destinationPort"]).at(path));
    Some(match (number_at(&["number"]), number_at(&["range", "start"]), number_at(&["range", "end"])) {
        (Some(one), ..) => Ports::Numbers(Some(protocol), one, one),
        (None, Some(from), Some(to)) => Ports::Numbers(Some(protocol), from, to),
        _ => Ports::all(Some(protocol)),
    })
}
