//! Present grants beside what was used.
//!
//! Entry point: [`compare`].  What every cluster starts with is left out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use api::user::service_account_username;
use authz::rbac::{Binding, RoleKey, Rule, Subject, SubjectKind};
use evidence::Origin;

use super::Observed;
use super::questions::{Ask, Question, SubjectId};
use crate::{BindingEntry, Policy};

/// The most uses of a wildcard that are named.
const MOST_USES: usize = 12;

/// How present grants were used.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Bindings that are unused, or whose subjects are not all seen.
    pub bindings: Vec<BindingUse>,
    /// Rules that allow more than was used.
    pub rules: Vec<RuleUse>,
    /// How many bindings were looked at.
    pub looked_at: usize,
}

/// A binding that could go, or shrink.
#[derive(Clone, Debug)]
pub struct BindingUse {
    /// `RoleBinding ns/name` or `ClusterRoleBinding name`.
    pub binding: String,
    /// Its role, in words.
    pub role: String,
    /// Where it was found.
    pub origin: Origin,
    /// Requests that it could have allowed.
    pub requests: u64,
    /// Subjects that used nothing of it.
    pub unused_subjects: Vec<String>,
    /// How many subjects there are.
    pub subjects: usize,
    /// How many rules of the role were used.
    pub used_rules: usize,
    /// How many rules the role has.
    pub rules: usize,
    /// True when there is no such role.
    pub role_missing: bool,
}

/// A rule that allows more than was used, over all bindings of its role.
#[derive(Clone, Debug)]
pub struct RuleUse {
    /// The role, in words.
    pub role: String,
    /// Where it was found.
    pub origin: Origin,
    /// Position of the rule in the role, from 1.
    pub number: usize,
    /// The rule.
    pub rule: Rule,
    /// True when nobody used it.
    pub unused: bool,
    /// Verbs nobody used.
    pub unused_verbs: Vec<String>,
    /// Resources or paths nobody used.
    pub unused_targets: Vec<String>,
    /// What was used of wildcards, in words.
    pub used: Vec<String>,
}

/// What was used of a rule.
#[derive(Clone, Debug, Default)]
struct Used {
    verbs: BTreeSet<String>,
    /// `resource.group`, or a path.
    targets: BTreeSet<(String, String)>,
}

impl BindingUse {
    /// True when nobody used anything of it.
    pub fn is_unused(&self) -> bool {
        self.requests == 0
    }
}

/// Looks at every binding that is not part of every cluster.
pub fn compare(observed: &Observed, policy: &Policy) -> Comparison {
    let questions = observed.allowed();
    let mut by_subject: HashMap<SubjectId, Vec<&Question>> = HashMap::new();
    for question in &questions {
        by_subject.entry(question.subject).or_default().push(question);
    }
    let holders = Holders::new(observed);
    let mut used: BTreeMap<RoleKey, BTreeMap<usize, Used>> = BTreeMap::new();
    let mut comparison = Comparison::default();
    for entry in policy.bindings.values().filter(|b| !b.stock) {
        comparison.looked_at += 1;
        let role = used.entry(entry.binding.role_key()).or_default();
        let found = binding_use(entry, policy, &holders, &by_subject, role);
        let shrinks = found.is_unused() || !found.unused_subjects.is_empty() || found.role_missing;
        let stock_role = policy.role_of(&entry.binding).is_some_and(|r| r.stock);
        if shrinks || (stock_role && found.used_rules < found.rules) {
            comparison.bindings.push(found);
        }
    }
    for (key, used) in used {
        let Some(role) = policy.roles.get(&key).filter(|r| !r.stock) else { continue };
        // A role of which nothing was used is told by its bindings.
        if used.is_empty() {
            continue;
        }
        for (at, rule) in role.rules.iter().enumerate() {
            let name = role_words(&key);
            comparison.rules.extend(rule_use(name, &role.origin, at, rule, used.get(&at)));
        }
    }
    comparison
}

/// Who is meant by the subjects of bindings.
struct Holders<'a> {
    by_name: HashMap<&'a str, SubjectId>,
    by_group: HashMap<&'a str, Vec<SubjectId>>,
}

impl<'a> Holders<'a> {
    fn new(observed: &'a Observed) -> Self {
        let mut holders = Self { by_name: HashMap::new(), by_group: HashMap::new() };
        for (id, subject) in (0..).zip(observed.subjects()) {
            holders.by_name.insert(&subject.name, id);
            for group in &subject.groups {
                holders.by_group.entry(group).or_default().push(id);
            }
        }
        holders
    }

    fn of(&self, subject: &Subject, binding: &Binding) -> Vec<SubjectId> {
        let by_name = |name: &str| self.by_name.get(name).copied().into_iter().collect();
        match subject.kind {
            SubjectKind::User => by_name(&subject.name),
            SubjectKind::Group => self.by_group.get(subject.name.as_str()).cloned().unwrap_or_default(),
            SubjectKind::ServiceAccount => {
                let own = subject.namespace.is_empty();
                let namespace = if own { &binding.namespace } else { &subject.namespace };
                by_name(&service_account_username(namespace, &subject.name))
            }
            SubjectKind::Other(_) => Vec::new(),
        }
    }
}

fn binding_use(
    entry: &BindingEntry,
    policy: &Policy,
    holders: &Holders,
    by_subject: &HashMap<SubjectId, Vec<&Question>>,
    used: &mut BTreeMap<usize, Used>,
) -> BindingUse {
    let binding = &entry.binding;
    let role = policy.role_of(binding);
    let rules = role.map(|r| r.rules.as_slice()).unwrap_or_default();
    let mut found = BindingUse {
        binding: binding_words(binding),
        role: role_words(&binding.role_key()),
        origin: entry.origin.clone(),
        requests: 0,
        unused_subjects: Vec::new(),
        subjects: binding.subjects.len(),
        used_rules: 0,
        rules: rules.len(),
        role_missing: role.is_none(),
    };
    let mut hit = BTreeSet::new();
    for subject in &binding.subjects {
        let mut requests = 0;
        let asked = holders.of(subject, binding).into_iter().filter_map(|id| by_subject.get(&id)).flatten();
        for question in asked.filter(|q| in_scope(q, &binding.namespace)) {
            for (at, _) in rules.iter().enumerate().filter(|(_, rule)| allows(rule, question)) {
                hit.insert(at);
                requests += question.count;
                used.entry(at).or_default().note(&question.ask);
            }
        }
        found.requests += requests;
        if requests == 0 {
            found.unused_subjects.push(subject_words(subject, binding));
        }
    }
    found.used_rules = hit.len();
    found
}

fn in_scope(question: &Question, namespace: &str) -> bool {
    match &question.ask {
        Ask::Path { .. } => namespace.is_empty(),
        Ask::Resource { namespace: place, .. } => namespace.is_empty() || place == namespace,
    }
}

fn allows(rule: &Rule, question: &Question) -> bool {
    question.asked_names().any(|name| {
        let (verb, target) = question.ask.target(name);
        rule.allows(verb, target)
    })
}

impl Used {
    fn note(&mut self, ask: &Ask) {
        match ask {
            Ask::Path { path, verb } => {
                self.verbs.insert(verb.clone());
                self.targets.insert((String::new(), path.clone()));
            }
            Ask::Resource { group, resource, verb, .. } => {
                self.verbs.insert(verb.clone());
                self.targets.insert((group.clone(), resource.clone()));
            }
        }
    }
}

/// What could go from a rule; `None` when all of it was used.
fn rule_use(role: String, origin: &Origin, at: usize, rule: &Rule, used: Option<&Used>) -> Option<RuleUse> {
    let none = Used::default();
    let used_parts = used.unwrap_or(&none);
    let unused_verbs: Vec<String> = rule
        .verbs
        .iter()
        .filter(|v| *v != "*" && !used_parts.verbs.contains(v.as_str()))
        .map(ToString::to_string)
        .collect();
    let covers = |pattern: &str, target: &str| match pattern.strip_suffix('*') {
        Some(prefix) if pattern.starts_with('/') => target.starts_with(prefix),
        _ => pattern == target,
    };
    let targets = rule.resources.iter().chain(&rule.urls);
    let unused_targets: Vec<String> = targets
        .filter(|t| {
            *t != "*" && !t.starts_with("*/") && !used_parts.targets.iter().any(|(_, u)| covers(t, u))
        })
        .map(ToString::to_string)
        .collect();
    let has_wildcard = [&rule.verbs, &rule.groups, &rule.resources, &rule.urls]
        .iter()
        .any(|list| list.iter().any(|x| x.contains('*')));
    let unused = used.is_none();
    if !unused && unused_verbs.is_empty() && unused_targets.is_empty() && !has_wildcard {
        return None;
    }
    let shown = if has_wildcard && !unused { uses(used_parts) } else { Vec::new() };
    Some(RuleUse {
        role,
        origin: origin.clone(),
        number: at + 1,
        rule: rule.clone(),
        unused,
        unused_verbs,
        unused_targets,
        used: shown,
    })
}

fn uses(used: &Used) -> Vec<String> {
    let verbs = used.verbs.iter().cloned().collect::<Vec<_>>().join(", ");
    let name = |(group, resource): &(String, String)| {
        if group.is_empty() { resource.clone() } else { format!("{resource}.{group}") }
    };
    let mut targets: Vec<String> = used.targets.iter().take(MOST_USES).map(name).collect();
    if used.targets.len() > MOST_USES {
        targets.push(format!("{} more", used.targets.len() - MOST_USES));
    }
    vec![format!("{verbs} on {}", targets.join(", "))]
}

/// `RoleBinding ns/name` or `ClusterRoleBinding name`.
fn binding_words(binding: &Binding) -> String {
    if binding.namespace.is_empty() {
        format!("ClusterRoleBinding {}", binding.name)
    } else {
        format!("RoleBinding {}/{}", binding.namespace, binding.name)
    }
}

/// `Role ns/name` or `ClusterRole name`.
fn role_words(key: &RoleKey) -> String {
    if key.namespace.is_empty() {
        format!("ClusterRole {}", key.name)
    } else {
        format!("Role {}/{}", key.namespace, key.name)
    }
}

fn subject_words(subject: &Subject, binding: &Binding) -> String {
    let own = subject.namespace.is_empty();
    let namespace = if own { &binding.namespace } else { &subject.namespace };
    match &subject.kind {
        SubjectKind::User => format!("User {}", subject.name),
        SubjectKind::Group => format!("Group {}", subject.name),
        SubjectKind::ServiceAccount => format!("ServiceAccount {namespace}/{}", subject.name),
        SubjectKind::Other(kind) => format!("{kind} {}", subject.name),
    }
}
