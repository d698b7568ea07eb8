//! `networking.k8s.io/v1` NetworkPolicy.

use api::Value;
use api::selector::LabelSelector;
use evidence::Object;

use super::address::Block;
use super::policy::{
    Action, Direction, Pods, Policy, Rule, RuleName, Scope, Selector, Side, Subject, Tier, Who,
};
use super::ports::{Ports, Protocol, number};

/// When such policies are asked among others of the tier.
pub(super) const ORDER: f64 = 1_000.0;

/// Reads a policy; what cannot be read selects nothing and lets nothing through.
pub(super) fn policy(object: &Object) -> Policy<'_> {
    let spec = object.value.at(&["spec"]);
    Policy {
        object,
        tier: Tier::DEFAULT,
        order: ORDER,
        // A selector that is left out is an empty one: everything in the namespace.
        subject: Subject::Pods(Pods::of(object.namespace(), or_everything(spec.at(&["podSelector"])))),
        ingress: side(object, Direction::Ingress),
        egress: side(object, Direction::Egress),
    }
}

/// A selector: everything when it is left out, nothing when it is broken.
pub(super) fn or_everything(selector: &Value) -> LabelSelector {
    match selector {
        Value::Null => LabelSelector::everything(),
        selector => LabelSelector::from_object(selector).unwrap_or_else(|_| LabelSelector::nothing()),
    }
}

fn side(object: &Object, direction: Direction) -> Side {
    let (list, peers) = match direction {
        Direction::Ingress => ("ingress", "from"),
        Direction::Egress => ("egress", "to"),
    };
    let spec = object.value.at(&["spec"]);
    if !covers(spec, direction) {
        return Side::default();
    }
    let rule = |(index, rule): (usize, &Value)| {
        let who: Vec<_> = rule.array_at(&[peers]).iter().filter_map(|peer| who(object, peer)).collect();
        let ports: Vec<_> = rule.array_at(&["ports"]).iter().filter_map(ports).collect();
        Rule {
            name: RuleName { spec: None, list, index },
            action: Action::Allow,
            who: (!rule.array_at(&[peers]).is_empty()).then_some(who),
            ports: (!rule.array_at(&["ports"]).is_empty()).then_some(ports),
        }
    };
    Side { isolates: true, rules: spec.array_at(&[list]).iter().enumerate().map(rule).collect() }
}

/// What a policy does not say is for ingress, and for egress when it has rules for that.
fn covers(spec: &Value, direction: Direction) -> bool {
    let types = spec.array_at(&["policyTypes"]);
    if types.is_empty() {
        return direction == Direction::Ingress || !spec.array_at(&["egress"]).is_empty();
    }
    types.iter().any(|t| t.as_str() == Some(direction.name()))
}

fn who(object: &Object, peer: &Value) -> Option<Who> {
    let (pods, namespaces) = (peer.at(&["podSelector"]), peer.at(&["namespaceSelector"]));
    let block = peer.at(&["ipBlock"]);
    if !block.is_null() {
        return blocked(block);
    }
    let scope = match namespaces {
        Value::Null if pods.is_null() => return None,
        Value::Null => Scope::One(object.namespace().to_owned()),
        selector => Scope::Selected(or_everything(selector)),
    };
    Some(Who::Pods(Pods { scope, selector: Selector::Plain(or_everything(pods)) }))
}

fn blocked(block: &Value) -> Option<Who> {
    let except = block.array_at(&["except"]).iter().filter_map(Value::as_str).filter_map(Block::parse);
    let (except, block) = (except.collect(), Block::parse(block.str_at(&["cidr"]))?);
    Some(Who::Block { block, except, cluster: true })
}

fn ports(port: &Value) -> Option<Ports> {
    let protocol = Some(Protocol::parse(port.str_at(&["protocol"]))?);
    match port.at(&["port"]) {
        Value::Null => Some(Ports::all(protocol)),
        Value::String(name) => Some(Ports::Named(protocol, name.to_string())),
        from => {
            let from = number(from)?;
            Some(Ports::Numbers(protocol, from, number(port.at(&["endPort"])).unwrap_or(from)))
        }
    }
}
