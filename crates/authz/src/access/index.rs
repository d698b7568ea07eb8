//! Rules in the order of their effects, found by whom and what they are about.
//!
//! Entry point: [`RuleSet::decide`].

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use api::Str;
use api::time::Timestamp;
use cel::environment::{REQUEST_BUDGET, access_review};
use cel::{Activation, Env, Type};

use super::facts::Part;
use super::matching::MatchRule;
use super::rule::{AccessRule, Effect};
use crate::authorizer::{Attributes, Target};
use crate::rbac::SubjectKind;
use crate::spec::review_spec;

/// What conditions may mention: `request` as in match conditions of webhooks, and `now`.
pub(super) fn environment() -> &'static Env {
    static ENV: LazyLock<Env> = LazyLock::new(|| access_review().clone().variable("now", Type::Timestamp));
    &ENV
}

/// What they hold for a question, see [`review_spec`].
pub(super) fn variables(request: &api::Value, now: Timestamp) -> Activation<'_> {
    Activation::new(environment())
        .set("request", cel::Value::json(request))
        .set("now", cel::Value::Timestamp(now))
}

/// All rules of an authorizer.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// The strongest effect first, then by name.
    rules: Vec<Arc<AccessRule>>,
    users: HashMap<Str, Vec<u32>>,
    groups: HashMap<Str, Vec<u32>>,
    resources: HashMap<Str, Vec<u32>>,
    namespaces: HashMap<Str, Vec<u32>>,
    paths: Vec<u32>,
    /// Those that name neither subjects nor resources nor namespaces.
    any: Vec<u32>,
}

/// What rules say of a request.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The rule that decides, `None` when no rule holds.
    pub rule: Option<Arc<AccessRule>>,
    /// Rules with a condition that could not be evaluated, and why: those that would have allowed, and the one that
    /// decides when it failed to.
    pub failures: Vec<(Arc<AccessRule>, String)>,
}

impl RuleSet {
    /// An index over rules.
    pub fn new(rules: impl IntoIterator<Item = Arc<AccessRule>>) -> Self {
        let mut set = Self { rules: rules.into_iter().collect(), ..Self::default() };
        set.rules.sort_by(|a, b| (a.effect, &a.name).cmp(&(b.effect, &b.name)));
        for (position, rule) in (0..).zip(set.rules.clone()) {
            set.enter(position, &rule);
        }
        set
    }

    /// Every rule, the strongest effect first, then by name.
    pub fn rules(&self) -> &[Arc<AccessRule>] {
        &self.rules
    }

    /// True without rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Which rule decides.  A rule that denies or has no opinion decides also when its condition cannot be evaluated;
    /// one that allows does not.
    pub fn decide(&self, attributes: &Attributes, now: Timestamp) -> Outcome {
        let mut outcome = Outcome::default();
        let mut request = None;
        let mut budget = REQUEST_BUDGET;
        for position in self.candidates(attributes) {
            let Some(rule) = self.rules.get(position as usize) else { continue };
            if !rule.facts.allow(attributes) || !rule.concerns(attributes, now) {
                continue;
            }
            let said = if rule.conditions.is_empty() {
                Ok(true)
            } else {
                let request = request.get_or_insert_with(|| review_spec(attributes));
                rule.holds(&variables(request, now), &mut budget)
            };
            let decides = match said {
                Ok(holds) => holds,
                Err(why) => {
                    outcome.failures.push((Arc::clone(rule), why));
                    rule.effect != Effect::Allow
                }
            };
            if decides {
                outcome.rule = Some(Arc::clone(rule));
                return outcome;
            }
        }
        outcome
    }

    /// The positions of the rules that may concern a request, ascending.
    fn candidates(&self, attributes: &Attributes) -> Vec<u32> {
        let user = attributes.user;
        let mut found = self.any.clone();
        found.extend(self.users.get(user.name.as_str()).into_iter().flatten());
        found.extend(user.groups.iter().filter_map(|g| self.groups.get(g.as_str())).flatten());
        match attributes.target {
            Target::Resource(r) => {
                found.extend(self.resources.get(r.resource).into_iter().flatten());
                found.extend(self.namespaces.get(r.namespace).into_iter().flatten());
            }
            Target::Path(_) => found.extend(&self.paths),
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Puts a rule where those whom it concerns look: under its subjects, or else under what it is about.
    fn enter(&mut self, position: u32, rule: &AccessRule) {
        if let Some(subjects) = subjects(rule) {
            for (is_group, name) in subjects {
                let table = if is_group { &mut self.groups } else { &mut self.users };
                table.entry(name).or_default().push(position);
            }
        } else if let Some(resources) = resources(rule) {
            for resource in resources {
                self.resources.entry(resource).or_default().push(position);
            }
            self.paths.push(position);
        } else if let Some(namespaces) = namespaces(rule) {
            for namespace in namespaces {
                self.namespaces.entry(namespace).or_default().push(position);
            }
            self.paths.push(position);
        } else {
            self.any.push(position);
        }
    }
}

/// The users and groups (true) that a rule is for, `None` for everybody.
fn subjects(rule: &AccessRule) -> Option<Vec<(bool, Str)>> {
    if !rule.subjects.is_empty() {
        let keys = rule.subjects.iter().filter_map(|s| Some((s.kind == SubjectKind::Group, s.username("")?)));
        return Some(keys.collect());
    }
    let named = |part| rule.facts.values(part).map(|values| (part == Part::Group, values));
    let (is_group, values) = named(Part::User).or_else(|| named(Part::Group))?;
    Some(values.iter().map(|v| (is_group, Str::from(&**v))).collect())
}

/// The resources that a rule is about besides paths, `None` for any.
fn resources(rule: &AccessRule) -> Option<Vec<Str>> {
    if let Some(values) = rule.facts.values(Part::Resource) {
        return Some(values.iter().map(|v| Str::from(&**v)).collect());
    }
    if rule.matches.is_empty() {
        return None;
    }
    let named: Option<Vec<_>> = rule.matches.iter().map(|m| m.named_resources()).collect();
    let mut named: Vec<Str> = named?.into_iter().flatten().map(Str::from).collect();
    named.sort_unstable();
    named.dedup();
    Some(named)
}

/// The namespaces that a rule is about besides paths, `None` for any.
fn namespaces(rule: &AccessRule) -> Option<Vec<Str>> {
    if let Some(values) = rule.facts.values(Part::Namespace) {
        return Some(values.iter().map(|v| Str::from(&**v)).collect());
    }
    let listed = |m: &MatchRule| !m.namespaces.is_empty() && m.namespaces.iter().all(|n| !n.ends_with('*'));
    let about_resources = || rule.matches.iter().filter(|m| m.resources.is_some());
    if rule.matches.is_empty() || !about_resources().all(listed) {
        return None;
    }
    let mut named: Vec<Str> = about_resources().flat_map(|m| m.namespaces.iter().cloned()).collect();
    named.sort_unstable();
    named.dedup();
    Some(named)
}
