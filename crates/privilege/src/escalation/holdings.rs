//! Which rules somebody holds where: a quick look before the authorizer is asked.
//!
//! Entry point: [`Holdings::of`].  It may say more than is so, never less.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use authz::rbac::{RoleKey, RoleKind, Rule};

use super::principal::Principal;
use crate::Policy;

/// The roles each subject is bound to, by namespace of the binding (`""`: the whole cluster).
pub(super) struct Holdings<'p> {
    policy: &'p Policy,
    by_subject: HashMap<Principal, Vec<(&'p str, RoleKey)>>,
}

/// What one principal holds, by itself and by its groups.
pub(super) struct Held<'p> {
    /// Each with the namespace it holds in.
    pub roles: BTreeSet<(&'p str, RoleKey)>,
    rules: Vec<(&'p str, &'p Rule)>,
}

/// Where something may be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Places {
    /// Everywhere.
    All,
    /// In these namespaces.
    Some(BTreeSet<String>),
}

impl<'p> Holdings<'p> {
    pub fn new(policy: &'p Policy) -> Self {
        let mut by_subject: HashMap<Principal, Vec<(&'p str, RoleKey)>> = HashMap::new();
        for entry in policy.bindings.values() {
            let binding = &entry.binding;
            for principal in binding.subjects.iter().filter_map(|s| Principal::of_subject(s, binding)) {
                let held = by_subject.entry(principal).or_default();
                held.push((binding.namespace.as_str(), binding.role_key()));
            }
        }
        Self { policy, by_subject }
    }

    pub fn of(&self, principal: &Principal) -> Held<'p> {
        let groups = principal.user_info().groups.into_iter().map(Principal::Group);
        let all = groups.chain([principal.clone()]).filter_map(|p| self.by_subject.get(&p)).flatten();
        let roles: BTreeSet<(&'p str, RoleKey)> = all.cloned().collect();
        let mut rules = Vec::new();
        for (place, key) in &roles {
            let found = self.policy.roles.get(key);
            rules.extend(found.into_iter().flat_map(|r| &r.rules).map(|rule| (*place, rule)));
        }
        Held { roles, rules }
    }
}

impl Held<'_> {
    /// Where some rule is about the verb and the resource, whatever its names.
    pub fn places(&self, verb: &str, group: &str, resource: &str) -> Places {
        let mut some = BTreeSet::new();
        for (place, rule) in &self.rules {
            if !is_about(rule, verb, group, resource) {
                continue;
            }
            if place.is_empty() {
                return Places::All;
            }
            some.insert((*place).to_owned());
        }
        Places::Some(some)
    }

    /// The names that rules about the verb and the resource are limited to; `None` when some rule is not limited.
    pub fn names(&self, verb: &str, group: &str, resource: &str) -> Option<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for (_, rule) in self.rules.iter().filter(|(_, rule)| is_about(rule, verb, group, resource)) {
            if rule.names.is_empty() {
                return None;
            }
            names.extend(rule.names.iter().map(ToString::to_string));
        }
        Some(names)
    }

    /// The cluster roles held, by the namespace they are held in.
    pub fn cluster_roles(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (place, key) in self.roles.iter().filter(|(_, key)| key.kind == RoleKind::ClusterRole) {
            all.entry(place).or_default().push(&key.name);
        }
        all
    }
}

impl Places {
    /// True when a namespace is among them.
    pub fn has(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(some) => some.contains(namespace),
        }
    }

    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Some(some) if some.is_empty())
    }
}

fn is_about(rule: &Rule, verb: &str, group: &str, resource: &str) -> bool {
    let has = |list: &[api::Str], wanted: &str| list.iter().any(|x| x == "*" || x == wanted);
    let sub = resource.split_once('/').map(|(_, sub)| format!("*/{sub}"));
    has(&rule.verbs, verb)
        && has(&rule.groups, group)
        && (has(&rule.resources, resource) || sub.is_some_and(|sub| rule.resources.iter().any(|r| *r == sub)))
}

impl Places {
    /// Both together.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Some(mut a), Self::Some(b)) => {
                a.extend(b);
                Self::Some(a)
            }
            _ => Self::All,
        }
    }

    /// Where both are.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, x) | (x, Self::All) => x,
            (Self::Some(a), Self::Some(b)) => Self::Some(a.intersection(&b).cloned().collect()),
        }
    }
}
