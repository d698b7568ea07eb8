//! Roles and bindings as the server's own authorizer sees them: who holds which rule, and what every cluster starts with.
//!
//! Entry point: [`Rights::of`].  Rules are matched by crate `authz`, aggregated as its controller does.  What every
//! cluster starts with is told by content: a rule of a stock role that stock does not have is the cluster's own.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use api::Value;
use api::selector::LabelSelector;
use authz::rbac::{Binding, GROUP, RoleKey, RoleKind, Rule, Subject};
use authz::{ResourceTarget, Target, bootstrap};
use evidence::Object;
use privilege::Policy;
use privilege::escalation::Principal;

use crate::finding::Place;
use crate::input::Input;
use crate::settings::Profile;
use crate::sources::provider::is_own;

/// A rule that multiplies out to more permissions than this is not compared with stock.
const MOST_PERMISSIONS: usize = 1 << 16;

/// The roles and bindings that were given.
pub(crate) struct Rights<'a> {
    pub roles: Vec<Role<'a>>,
    pub bindings: Vec<Bound<'a>>,
    /// The same with what is not given but in every cluster, and the authorizer over it.
    pub policy: Arc<Policy>,
    bound_to: HashMap<RoleKey, Vec<usize>>,
    gathered_by: HashMap<String, BTreeSet<String>>,
}

/// A role as it is written.
pub(crate) struct Role<'a> {
    pub object: &'a Object,
    pub key: RoleKey,
    pub rules: Vec<Rule>,
    /// What neither every cluster starts with nor another role gives, by the place of the rule.
    own: Vec<(usize, Vec<Rule>)>,
    /// It gathers its rules from others.
    pub gathers: bool,
}

/// A binding as it is written.
pub(crate) struct Bound<'a> {
    pub object: &'a Object,
    pub binding: Binding,
    /// The subjects that not every cluster starts with, by their place.
    pub own: Vec<usize>,
}

/// What every cluster starts with, gathered.
static STOCK: LazyLock<Arc<Policy>> = LazyLock::new(|| Arc::new(Policy::of(&[])));

/// What stock cluster roles had in earlier releases that a check would tell of: verbs and resource of the core group.
const EARLIER: &[(&str, &str, &str)] = &[
    ("system:controller:expand-controller", "get", "secrets"),
    ("system:controller:persistent-volume-binder", "get", "secrets"),
];

/// The rules of stock roles, of this release and earlier ones.
static STOCK_RULES: LazyLock<HashMap<RoleKey, Vec<Rule>>> = LazyLock::new(|| {
    let rules = STOCK.roles.iter().map(|(key, entry)| (key.clone(), entry.rules.clone()));
    let mut rules: HashMap<RoleKey, Vec<Rule>> = rules.collect();
    for (name, verbs, resource) in EARLIER {
        rules.entry(cluster_role(name)).or_default().push(Rule::resources(verbs, "-", resource));
    }
    rules
});

impl<'a> Rights<'a> {
    /// Those of a managed cluster that are its provider's own are left out.
    pub(crate) fn of(input: &'a Input, profile: Profile) -> Self {
        let given: Vec<&Object> = input.objects.objects.iter().filter(|o| o.group() == GROUP).collect();
        let placed: Vec<Object> = given.iter().map(|object| in_namespace(object)).collect();
        let policy = if placed.is_empty() { Arc::clone(&STOCK) } else { Arc::new(Policy::of(&placed)) };
        let mut rights = Self {
            roles: Vec::new(),
            bindings: Vec::new(),
            gathered_by: gathered_by(&placed, &policy),
            policy,
            bound_to: HashMap::new(),
        };
        for (object, placed) in given.iter().zip(&placed) {
            match object.kind() {
                "Role" | "ClusterRole" => rights.roles.push(Role::of(object, &placed.value)),
                "RoleBinding" | "ClusterRoleBinding" => {
                    rights.bindings.push(Bound::of(object, &placed.value, profile));
                }
                _ => {}
            }
        }
        for (at, bound) in rights.bindings.iter().enumerate() {
            rights.bound_to.entry(bound.binding.role_key()).or_default().push(at);
        }
        rights.leave_to_sources();
        rights.leave_to_provider(profile);
        rights
    }

    /// What nobody but the provider holds is the provider's.
    fn leave_to_provider(&mut self, profile: Profile) {
        let is_left = |role: &Role<'_>| {
            let mut all = self.holders(&role.key).flat_map(Bound::principals).peekable();
            all.peek().is_some() && all.all(|whom| is_own(profile, &whom))
        };
        let left: Vec<bool> = self.roles.iter().map(is_left).collect();
        let theirs = self.roles.iter_mut().zip(left).filter(|(_, left)| *left);
        theirs.for_each(|(role, _)| role.own.clear());
    }

    /// Rules that a role has gathered are those of the roles they are written in.
    fn leave_to_sources(&mut self) {
        let written: HashSet<Rule> = self
            .roles
            .iter()
            .filter(|role| !role.gathers && role.key.kind == RoleKind::ClusterRole)
            .flat_map(|role| role.rules.iter().cloned())
            .collect();
        for role in self.roles.iter_mut().filter(|role| role.gathers) {
            let Role { own, rules, .. } = role;
            own.retain(|(at, _)| rules.get(*at).is_some_and(|rule| !written.contains(rule)));
        }
    }

    /// The bindings that give a role's rules, by itself or through roles that gather them.
    pub(crate) fn holders<'r>(&'r self, key: &RoleKey) -> impl Iterator<Item = &'r Bound<'a>> {
        let is_cluster = key.kind == RoleKind::ClusterRole;
        let through = self.gathered_by.get(key.name.as_str()).filter(|_| is_cluster);
        let keys =
            std::iter::once(key.clone()).chain(through.into_iter().flatten().map(|name| cluster_role(name)));
        let at: Vec<usize> = keys.filter_map(|key| self.bound_to.get(&key)).flatten().copied().collect();
        at.into_iter().filter_map(|at| self.bindings.get(at))
    }

    /// The effective rules that a binding gives; none when its role does not exist.
    pub(crate) fn rules_of(&self, bound: &Bound<'_>) -> &[Rule] {
        self.policy.role_of(&bound.binding).map_or(&[], |entry| entry.rules.as_slice())
    }

    /// True when the cluster role of that name gives everything.
    pub(crate) fn gives_everything(&self, name: &str) -> bool {
        self.policy.roles.get(&cluster_role(name)).is_some_and(|entry| entry.rules.iter().any(is_everything))
    }
}

impl<'a> Role<'a> {
    fn of(object: &'a Object, value: &Value) -> Self {
        let cluster = object.kind() == "ClusterRole";
        let key = RoleKey {
            kind: if cluster { RoleKind::ClusterRole } else { RoleKind::Role },
            namespace: if cluster { "" } else { value.str_at(&["metadata", "namespace"]) }.into(),
            name: object.name().into(),
        };
        let rules: Vec<Rule> = value.array_at(&["rules"]).iter().map(Rule::from_value).collect();
        let stock = stock_rules(&key);
        let own = rules.iter().enumerate().map(|(at, rule)| (at, beyond(rule, stock)));
        let own = own.filter(|(_, rules)| !rules.is_empty()).collect();
        let gathers = value.at(&["aggregationRule"]).as_object().is_some();
        Self { object, key, rules, own, gathers }
    }

    /// What is its own, by the field of the rule: the rule, or of a stock role's the part that was added.
    pub(crate) fn own_rules(&self) -> impl Iterator<Item = (String, &[Rule])> {
        self.own.iter().map(|(at, rules)| (format!("rules[{at}]"), rules.as_slice()))
    }
}

impl<'a> Bound<'a> {
    fn of(object: &'a Object, value: &Value, profile: Profile) -> Self {
        let mut binding = Binding::from_value(value);
        if object.kind() == "ClusterRoleBinding" {
            binding.namespace = api::Str::default();
        }
        let key = (binding.namespace.to_string(), binding.name.to_string());
        let stock = STOCK.bindings.get(&key).filter(|stock| stock.binding.role_key() == binding.role_key());
        let is_theirs = |s: &Subject| Principal::of_subject(s, &binding).is_some_and(|w| is_own(profile, &w));
        let usual = |subject: &Subject| {
            stock.is_some_and(|stock| stock.binding.subjects.contains(subject)) || is_theirs(subject)
        };
        let own = binding.subjects.iter().enumerate().filter(|(_, s)| !usual(s)).map(|(at, _)| at).collect();
        Self { object, binding, own }
    }

    /// The namespace it is for, `""` for the whole cluster.
    pub(crate) fn scope(&self) -> &str {
        &self.binding.namespace
    }

    /// The subjects that not every cluster starts with, with their fields and whom they mean.
    pub(crate) fn own_subjects(&self) -> impl Iterator<Item = (String, Principal)> {
        let subject = |at: &usize| {
            let whom = Principal::of_subject(self.binding.subjects.get(*at)?, &self.binding)?;
            Some((format!("subjects[{at}]"), whom))
        };
        self.own.iter().filter_map(subject)
    }

    /// Everybody it is for.
    pub(crate) fn principals(&self) -> impl Iterator<Item = Principal> {
        self.binding.subjects.iter().filter_map(|s| Principal::of_subject(s, &self.binding))
    }

    /// `ClusterRoleBinding name`, `RoleBinding ns/name`.
    pub(crate) fn shown(&self) -> String {
        Place::from(self.object).subject.to_string()
    }
}

/// The cluster role of that name.
pub(crate) fn cluster_role(name: &str) -> RoleKey {
    RoleKey { kind: RoleKind::ClusterRole, namespace: api::Str::default(), name: name.into() }
}

/// True for a rule about every verb, group and resource.
pub(crate) fn is_everything(rule: &Rule) -> bool {
    let all = |list: &[api::Str]| list.iter().any(|x| x == "*");
    all(&rule.verbs) && all(&rule.groups) && all(&rule.resources) && rule.names.is_empty()
}

/// The rules that every cluster starts with in the role of that name; none for other roles.
pub(crate) fn stock_rules(key: &RoleKey) -> &'static [Rule] {
    STOCK_RULES.get(key).map_or(&[], Vec::as_slice)
}

/// What a rule allows beyond others: itself when they allow nothing or it is too large to compare.
fn beyond(rule: &Rule, others: &[Rule]) -> Vec<Rule> {
    if is_covered(rule, others) {
        return Vec::new();
    }
    let kinds = rule.groups.len().saturating_mul(rule.resources.len());
    if others.is_empty() || kinds.saturating_mul(rule.verbs.len()) > MOST_PERMISSIONS {
        return vec![rule.clone()];
    }
    let part = |verb: &api::Str, part: Rule| Rule { verbs: vec![verb.clone()], ..part };
    let mut parts = Vec::new();
    for verb in &rule.verbs {
        for group in &rule.groups {
            for resource in &rule.resources {
                let (groups, resources) = (vec![group.clone()], vec![resource.clone()]);
                let names = rule.names.clone();
                parts.push(part(verb, Rule { groups, resources, names, ..Rule::default() }));
            }
        }
        if !rule.urls.is_empty() {
            parts.push(part(verb, Rule { urls: rule.urls.clone(), ..Rule::default() }));
        }
    }
    parts.retain(|part| !is_covered(part, others));
    parts
}

/// True when `rules` allow everything that `rule` allows.
pub(crate) fn is_covered(rule: &Rule, rules: &[Rule]) -> bool {
    let kinds = rule.groups.len().saturating_mul(rule.resources.len());
    let each = kinds.saturating_mul(rule.names.len().max(1)).saturating_add(rule.urls.len());
    if rules.is_empty() || rule.verbs.len().saturating_mul(each) > MOST_PERMISSIONS {
        return false;
    }
    let allowed = |verb: &str, target: Target| rules.iter().any(|r| r.allows(verb, target));
    let no_name = [api::Str::default()];
    let names = if rule.names.is_empty() { no_name.as_slice() } else { rule.names.as_slice() };
    rule.verbs.iter().all(|verb| {
        rule.urls.iter().all(|url| allowed(verb, Target::Path(url)))
            && rule.groups.iter().all(|group| {
                rule.resources
                    .iter()
                    .all(|resource| names.iter().all(|name| allowed(verb, target(group, resource, "", name))))
            })
    })
}

/// A resource, with its subresource behind a `/`.
pub(crate) fn target<'a>(group: &'a str, resource: &'a str, namespace: &'a str, name: &'a str) -> Target<'a> {
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    Target::Resource(ResourceTarget {
        group,
        version: "*",
        resource,
        subresource,
        namespace,
        name,
        selectors: None,
    })
}

/// A manifest without a namespace goes to `default`, unless somebody says otherwise.
pub(crate) fn in_namespace(object: &Object) -> Object {
    let mut object = object.clone();
    let placed = ["Role", "RoleBinding", "ServiceAccount", "Pod", "Secret", "ConfigMap"];
    if placed.contains(&object.kind()) && object.namespace().is_empty() {
        object.value.set_at(&["metadata", "namespace"], "default");
    }
    object
}

/// By name of a cluster role, those that gather its rules, at whatever remove.
fn gathered_by(objects: &[Object], policy: &Policy) -> HashMap<String, BTreeSet<String>> {
    if objects.is_empty() {
        return HashMap::new();
    }
    let stock: Vec<Value> = match policy.stock_added {
        true => bootstrap::objects().into_iter().map(|(_, value)| value).collect(),
        false => Vec::new(),
    };
    let is_role = |value: &&Value| value.str_at(&["kind"]) == "ClusterRole";
    let all: Vec<&Value> = stock.iter().chain(objects.iter().map(|o| &o.value)).filter(is_role).collect();
    let name = |value: &Value| value.str_at(&["metadata", "name"]).to_owned();
    let mut direct: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for gatherer in &all {
        for selector in gatherer.array_at(&["aggregationRule", "clusterRoleSelectors"]) {
            let Ok(selector) = LabelSelector::from_object(selector) else { continue };
            let chosen = |role: &&&Value| selector.matches_map(role.at(&["metadata", "labels"]).as_object());
            for source in all.iter().filter(chosen).filter(|role| name(role) != name(gatherer)) {
                direct.entry(name(source)).or_default().insert(name(gatherer));
            }
        }
    }
    direct.keys().map(|source| (source.clone(), reach(source, &direct))).collect()
}

fn reach(source: &str, direct: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![source];
    while let Some(name) = next.pop() {
        for gatherer in direct.get(name).into_iter().flatten() {
            if reached.insert(gatherer.clone()) {
                next.push(gatherer);
            }
        }
    }
    reached
}
