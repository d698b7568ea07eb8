//! Policies of Calico: NetworkPolicy and GlobalNetworkPolicy of `projectcalico.org`, and of `crd.projectcalico.org` where
//! Calico keeps them.
//!
//! Entry point: [`Calico::policy`].  Tiers are asked by their order and policies by theirs; the first rule that fits decides,
//! `Pass` leaves it to the next tier, and what no rule of a tier fits is denied where one of its policies applies.  A policy
//! with something that is not known here is not followed at all.

mod expression;
#[cfg(test)]
mod properties;
mod rules;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::HashMap;

use api::{Map, Value};
use evidence::{Evidence, Object};

pub(crate) use self::expression::{Expression, Label};
use self::rules::Rules;
use super::address::Block;
use super::ends::Namespace;
use super::policy::{Action, Direction, Pods, Policy, Rule, RuleName, Scope, Selector, Side, Subject, Tier};
use super::reading::{Unread, place};

const GROUPS: [&str; 2] = ["projectcalico.org", "crd.projectcalico.org"];

/// Members of a policy; `performanceHints` change nothing.
const MEMBERS: [&str; 12] = [
    "tier",
    "order",
    "ingress",
    "egress",
    "selector",
    "types",
    "serviceAccountSelector",
    "namespaceSelector",
    "doNotTrack",
    "preDNAT",
    "applyOnForward",
    "performanceHints",
];

/// Tiers that are there without being made.
const BUILT_IN: [Tier<'static>; 5] = [
    Tier::DEFAULT,
    Tier::ADMIN,
    Tier::BASELINE,
    Tier { name: "adminnetworkpolicy", ..Tier::ADMIN },
    Tier { name: "baselineadminnetworkpolicy", ..Tier::BASELINE },
];

/// What policies refer to.
#[derive(Debug)]
pub(super) struct Calico<'a> {
    tiers: HashMap<&'a str, Tier<'a>>,
    sets: Vec<Set<'a>>,
}

/// A NetworkSet or GlobalNetworkSet: addresses with labels.
#[derive(Debug)]
struct Set<'a> {
    /// `None` for one of the whole cluster.
    namespace: Option<Namespace<'a>>,
    labels: Option<&'a Map>,
    blocks: Vec<Block>,
}

/// True for a policy that Calico enforces; staged ones it does not.
pub(super) fn is_policy(object: &Object) -> bool {
    is_of(object, "NetworkPolicy") || is_of(object, "GlobalNetworkPolicy")
}

fn is_of(object: &Object, kind: &str) -> bool {
    object.kind() == kind && GROUPS.contains(&object.group())
}

impl<'a> Calico<'a> {
    pub(super) fn of(evidence: &'a Evidence) -> Self {
        let mut tiers: HashMap<_, _> = BUILT_IN.into_iter().map(|tier| (tier.name, tier)).collect();
        for object in evidence.objects.iter().filter(|object| is_of(object, "Tier")) {
            let spec = object.value.at(&["spec"]);
            let otherwise = match spec.str_at(&["defaultAction"]) {
                "Pass" => Action::Pass,
                _ => Action::Deny,
            };
            let order = spec.at(&["order"]).as_f64().unwrap_or(f64::INFINITY);
            let known = BUILT_IN.iter().any(|tier| tier.name == object.name());
            if !known {
                tiers.insert(object.name(), Tier { order, name: object.name(), otherwise });
            }
        }
        Self { tiers, sets: sets(evidence) }
    }

    /// Reads a policy; `None` for one that is not for pods.
    pub(super) fn policy(&self, object: &'a Object) -> Result<Option<Policy<'a>>, Unread<'a>> {
        let spec = object.value.at(&["spec"]);
        let is_set = |member: &str| spec.at(&[member]).as_bool() == Some(true);
        // Before connections are tracked or addresses translated only the network of hosts is filtered.
        if is_set("doNotTrack") || is_set("preDNAT") {
            return Ok(None);
        }
        let pods = subject(object).ok_or_else(|| place(object))?;
        let tier = match spec.str_at(&["tier"]) {
            "" => Some(&Tier::DEFAULT),
            name => self.tiers.get(name),
        };
        let sides = || {
            let [ingress, egress] = Direction::BOTH.map(|direction| self.side(object, direction));
            Some((ingress?, egress?))
        };
        match (tier, only(spec, &MEMBERS).and_then(|()| sides())) {
            (Some(tier), Some((ingress, egress))) => Ok(Some(Policy {
                object,
                tier: *tier,
                order: spec.at(&["order"]).as_f64().unwrap_or(f64::INFINITY),
                subject: Subject::Pods(pods),
                ingress,
                egress,
            })),
            _ => Err(Unread::For(pods)),
        }
    }

    fn side(&self, object: &Object, direction: Direction) -> Option<Side> {
        let spec = object.value.at(&["spec"]);
        if !covers(object, spec, direction) {
            return Some(Side::default());
        }
        let list = if direction == Direction::Ingress { "ingress" } else { "egress" };
        let rules = Rules { sets: &self.sets, namespace: object.namespace(), direction };
        let mut all = Vec::new();
        for (index, value) in spec.array_at(&[list]).iter().enumerate() {
            let action = match value.str_at(&["action"]) {
                "Allow" => Action::Allow,
                "Deny" => Action::Deny,
                "Pass" => Action::Pass,
                "Log" => continue,
                _ => return None,
            };
            let (who, ports) = rules.read(value)?;
            all.push(Rule { name: RuleName { spec: None, list, index }, action, who, ports });
        }
        Some(Side { isolates: true, rules: all })
    }
}

/// Servers fill in what is not said by which rules there are; what never went through one is for both.
fn covers(object: &Object, spec: &Value, direction: Direction) -> bool {
    let types = spec.array_at(&["types"]);
    if !types.is_empty() {
        return types.iter().any(|t| t.as_str() == Some(direction.name()));
    }
    let (ingress, egress) = (spec.array_at(&["ingress"]), spec.array_at(&["egress"]));
    let is_kept = object.group() == "crd.projectcalico.org";
    is_kept
        || match direction {
            Direction::Ingress => !ingress.is_empty() || egress.is_empty(),
            Direction::Egress => !egress.is_empty(),
        }
}

/// Whom a policy is for.
fn subject(object: &Object) -> Option<Pods> {
    let spec = object.value.at(&["spec"]);
    let accounts = Expression::parse(spec.str_at(&["serviceAccountSelector"]))?.prefixed("pcsa.");
    let expression = Expression::parse(spec.str_at(&["selector"]))?.and(accounts);
    let scope = match (object.kind(), spec.str_at(&["namespaceSelector"])) {
        ("NetworkPolicy", _) => Scope::One(object.namespace().to_owned()),
        (_, "") => Scope::all(),
        (_, namespaces) => Scope::Expressed(Expression::parse(namespaces)?.of_namespaces()),
    };
    Some(Pods { scope, selector: Selector::Calico(expression) })
}

/// Something when a value has no other members than these.
fn only(value: &Value, members: &[&str]) -> Option<()> {
    let Some(object) = value.as_object() else { return value.is_null().then_some(()) };
    object.iter().all(|(key, _)| members.contains(&key)).then_some(())
}

fn sets(evidence: &Evidence) -> Vec<Set<'_>> {
    let spaces = evidence.of_kind("", "Namespace");
    let spaces: HashMap<_, _> =
        spaces.map(|o| (o.name(), o.value.at(&["metadata", "labels"]).as_object())).collect();
    let set = |object| {
        let (is_global, is_local) = (is_of(object, "GlobalNetworkSet"), is_of(object, "NetworkSet"));
        let nets = object.value.array_at(&["spec", "nets"]).iter();
        let name = object.namespace();
        let labels = spaces.get(name).copied().flatten();
        (is_global || is_local).then(|| Set {
            namespace: is_local.then_some(Namespace { name, labels }),
            labels: object.value.at(&["metadata", "labels"]).as_object(),
            blocks: nets.filter_map(|net| Block::parse(net.as_str()?)).collect(),
        })
    };
    evidence.objects.iter().filter_map(set).collect()
}
