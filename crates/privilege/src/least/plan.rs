//! From questions to roles and bindings.
//!
//! Entry point: [`plan`].  The steps: who is granted (a user, or a group of his); which questions need a grant; which
//! names are pinned and which verbs go together; what is granted in the whole cluster; equal grants become one role.

use std::collections::{BTreeMap, BTreeSet};

use api::user::split_service_account;
use api::{Map, Value, object};
use authz::Authorizer;
use authz::rbac::{GROUP, Rule};

use super::grants::{Grants, Names, ResourceKey};
use super::questions::{Ask, Question, Subject, SubjectId};
use super::{Observed, Options, names};
use crate::Policy;

/// Resources whose objects come and go under made-up names, so that a name seen is worth nothing.
const FLEETING: [&str; 8] = [
    "pods",
    "replicasets",
    "events",
    "endpointslices",
    "controllerrevisions",
    "certificatesigningrequests",
    "nodes",
    "volumeattachments",
];
/// Verbs that are about one object each: whatever was named is pinned, since any other would be another right.
const ABOUT_ONE: [&str; 6] = ["bind", "escalate", "use", "approve", "sign", "attest"];
/// Resources of which any other object is worth too much to be given for one.
const PRECIOUS: [&str; 2] = ["secrets", "serviceaccounts/token"];
/// The label of everything that a plan makes.
const LABEL: &str = "authz.sumun.io/made-by";

/// To whom something is granted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    /// A service account: namespace and name.
    ServiceAccount(String, String),
    /// A user by name.
    User(String),
    /// A group.
    Group(String),
}

/// A `Role` or, without a namespace, a `ClusterRole`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRole {
    /// Its name.
    pub name: String,
    /// Its namespace, `""` for a cluster role.
    pub namespace: String,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// A `RoleBinding` or, without a namespace, a `ClusterRoleBinding`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedBinding {
    /// Its name.
    pub name: String,
    /// Its namespace, `""` for a cluster role binding.
    pub namespace: String,
    /// The role.
    pub role: String,
    /// True when the role is a cluster role.
    pub cluster_role: bool,
    /// Whom it is for, sorted.
    pub grantees: Vec<Grantee>,
}

/// Grants by namespace, `""` for the whole cluster.
pub(super) type Scopes = BTreeMap<String, Grants>;

/// The roles and bindings for what was observed.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Roles; those of the cluster first, then by namespace and name.
    pub roles: Vec<PlannedRole>,
    /// Bindings, in the same order.
    pub bindings: Vec<PlannedBinding>,
    /// Questions that the bindings of every cluster allow already.
    pub covered_by_defaults: usize,
    pub(super) granted: BTreeMap<Grantee, Scopes>,
    pub(super) members: BTreeMap<Grantee, Vec<SubjectId>>,
}

/// The smallest sensible plan for what was allowed.
pub fn plan(observed: &Observed, options: &Options) -> Plan {
    let mut plan = Plan::default();
    let subjects: Vec<&Subject> = observed.subjects().collect();
    let grantees = grantees(&subjects, options.by_group);
    for (id, grantee) in (0..).zip(&grantees) {
        if let Some(grantee) = grantee {
            plan.members.entry(grantee.clone()).or_default().push(id);
        }
    }
    let needs = needs(observed, &grantees, options, &mut plan);
    for (grantee, places) in needs {
        let mut scopes: Scopes = places.into_iter().map(|(ns, needs)| (ns, needs.grants(options))).collect();
        widen(&mut scopes, options.cluster_wide_from);
        drop_covered(&mut scopes);
        plan.granted.insert(grantee, scopes);
    }
    assemble(&mut plan, options);
    plan
}

/// Who stands for each subject; `None` for those that are not granted anything.
fn grantees(subjects: &[&Subject], by_group: bool) -> Vec<Option<Grantee>> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for subject in subjects.iter().filter(|s| s.class.is_granted()) {
        own_groups(subject).for_each(|group| *sizes.entry(group).or_default() += 1);
    }
    let group_of = |subject: &Subject| {
        let shared = own_groups(subject).filter(|g| sizes.get(g).is_some_and(|n| *n > 1));
        // Of equally large groups the first by name.
        let largest = shared.max_by_key(|g| (sizes.get(g).copied(), std::cmp::Reverse(*g)));
        largest.map(|g| Grantee::Group(g.to_owned()))
    };
    subjects
        .iter()
        .map(|subject| {
            let own = || match split_service_account(&subject.name) {
                Some((namespace, name)) => Grantee::ServiceAccount(namespace.to_owned(), name.to_owned()),
                None => Grantee::User(subject.name.clone()),
            };
            let group = || if by_group { group_of(subject) } else { None };
            subject.class.is_granted().then(|| group().unwrap_or_else(own))
        })
        .collect()
}

/// The groups of a user that somebody gave it on purpose.
fn own_groups(subject: &Subject) -> impl Iterator<Item = &str> {
    subject.groups.iter().map(String::as_str).filter(|g| !g.starts_with("system:"))
}

/// What is needed in one scope.
#[derive(Default)]
struct Needs {
    resources: BTreeMap<ResourceKey, BTreeMap<String, Need>>,
    paths: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Default)]
struct Need {
    unnamed: bool,
    more_names: bool,
    names: BTreeSet<String>,
    count: u64,
}

fn needs(
    observed: &Observed,
    grantees: &[Option<Grantee>],
    options: &Options,
    plan: &mut Plan,
) -> BTreeMap<Grantee, BTreeMap<String, Needs>> {
    let defaults = options.use_defaults.then(|| Policy::of(&[]));
    let defaults = defaults.as_ref().map(Policy::authorizer);
    let mut needs: BTreeMap<Grantee, BTreeMap<String, Needs>> = BTreeMap::new();
    for question in observed.allowed() {
        let (Some(Some(grantee)), Some(subject)) =
            (grantees.get(question.subject as usize), observed.subject_of(&question))
        else {
            continue;
        };
        let left = match &defaults {
            Some(defaults) => not_allowed(question, subject, defaults),
            None => Some(question),
        };
        match left {
            Some(question) => needs.entry(grantee.clone()).or_default().add(&question),
            None => plan.covered_by_defaults += 1,
        }
    }
    needs
}

/// What is left of a question when `defaults` answer a part of it.
fn not_allowed(mut question: Question, subject: &Subject, defaults: &dyn Authorizer) -> Option<Question> {
    let user = subject.user_info();
    let refused = |name: &str| !question.ask.allowed(&user, name, defaults);
    let unnamed = question.unnamed && refused("");
    let more_names = question.more_names && refused("any-other-name");
    let names: Vec<String> = question.names.iter().filter(|name| refused(name)).cloned().collect();
    question.unnamed = unnamed;
    question.more_names = more_names;
    question.names = names;
    (question.unnamed || question.more_names || !question.names.is_empty()).then_some(question)
}

trait AddQuestion {
    fn add(&mut self, question: &Question);
}

impl AddQuestion for BTreeMap<String, Needs> {
    fn add(&mut self, question: &Question) {
        match &question.ask {
            Ask::Path { path, verb } => {
                let paths = &mut self.entry(String::new()).or_default().paths;
                paths.entry(verb.clone()).or_default().insert(path.clone());
            }
            Ask::Resource { group, resource, verb, namespace } => {
                let needs = self.entry(namespace.clone()).or_default();
                let verbs = needs.resources.entry((group.clone(), resource.clone())).or_default();
                let need = verbs.entry(verb.clone()).or_default();
                need.unnamed |= question.unnamed;
                need.more_names |= question.more_names;
                need.names.extend(question.names.iter().cloned());
                need.count += question.count;
            }
        }
    }
}

impl Needs {
    fn grants(&self, options: &Options) -> Grants {
        let mut grants = Grants { paths: self.paths.clone(), ..Grants::default() };
        for (resource, verbs) in &self.resources {
            let pin = options.exact || pins(resource, verbs, options.most_names);
            for (verb, need) in verbs {
                let pin = pin || ABOUT_ONE.contains(&verb.as_str()) || verb.starts_with("impersonate");
                let any = need.unnamed || need.more_names || !pin;
                let names = if any { Names::Any } else { Names::Only(need.names.clone()) };
                grants.allow(resource, verb, &names);
            }
            let lists = ["list", "watch"].iter().any(|v| grants.names(resource, v) == Some(&Names::Any));
            if lists && !options.exact {
                // Who may list all of them reads all of them: the other two ways of reading reveal nothing more.
                ["get", "list", "watch"].iter().for_each(|verb| grants.allow(resource, verb, &Names::Any));
            }
        }
        grants
    }
}

/// True when always the same few objects were asked for.
fn pins((_, resource): &ResourceKey, verbs: &BTreeMap<String, Need>, most: usize) -> bool {
    let base = resource.split('/').next().unwrap_or(resource);
    let named = || verbs.values().filter(|n| !n.names.is_empty() && !n.unnamed);
    let names: BTreeSet<&String> = named().flat_map(|n| &n.names).collect();
    let count: u64 = named().map(|n| n.count).sum();
    let few = names.len() <= most && !verbs.values().any(|n| n.more_names);
    let again = count >= 2 * names.len() as u64 || PRECIOUS.contains(&resource.as_str());
    few && again && !FLEETING.contains(&base)
}

/// What is needed alike in many namespaces is granted in the whole cluster.
fn widen(scopes: &mut Scopes, from: Option<usize>) {
    let Some(from) = from else { return };
    let mut places: BTreeMap<Grants, Vec<String>> = BTreeMap::new();
    for (namespace, grants) in scopes.iter().filter(|(namespace, _)| !namespace.is_empty()) {
        places.entry(grants.clone()).or_default().push(namespace.clone());
    }
    for (grants, namespaces) in places.into_iter().filter(|(_, n)| n.len() >= from.max(1)) {
        namespaces.iter().for_each(|namespace| {
            scopes.remove(namespace);
        });
        scopes.entry(String::new()).or_default().add(&grants);
    }
}

/// What is granted in the whole cluster need not be granted in a namespace.
fn drop_covered(scopes: &mut Scopes) {
    let Some(cluster) = scopes.get("").cloned() else { return };
    for (namespace, grants) in scopes.iter_mut() {
        if !namespace.is_empty() {
            *grants = grants.without(&cluster);
        }
    }
    scopes.retain(|_, grants| !grants.is_empty());
}

/// Equal grants become one role, in as many namespaces as they are needed.
fn assemble(plan: &mut Plan, options: &Options) {
    let mut places: BTreeMap<&Grants, BTreeMap<&str, Vec<&Grantee>>> = BTreeMap::new();
    for (grantee, scopes) in &plan.granted {
        for (namespace, grants) in scopes {
            places.entry(grants).or_default().entry(namespace).or_default().push(grantee);
        }
    }
    let mut given = names::Names::default();
    let (mut roles, mut bindings) = (Vec::new(), Vec::new());
    for (grants, by_namespace) in places {
        let all: BTreeSet<&Grantee> = by_namespace.values().flatten().copied().collect();
        let base = names::of_grantees(&options.prefix, &all.into_iter().collect::<Vec<_>>());
        let cluster_role = by_namespace.len() > 1 || by_namespace.contains_key("");
        let wanted = if by_namespace.contains_key("") || !cluster_role { base } else { base + ":namespaced" };
        let home = if cluster_role { "" } else { by_namespace.keys().next().copied().unwrap_or("") };
        let role = given.take("Role", home, &wanted);
        for (namespace, grantees) in by_namespace {
            bindings.push(PlannedBinding {
                name: given.take("Binding", namespace, &role),
                namespace: namespace.to_owned(),
                role: role.clone(),
                cluster_role,
                grantees: grantees.into_iter().cloned().collect(),
            });
        }
        roles.push(PlannedRole { name: role, namespace: home.to_owned(), rules: grants.rules() });
    }
    roles.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    bindings.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    (plan.roles, plan.bindings) = (roles, bindings);
}

impl Plan {
    /// The objects, each role before its bindings.
    pub fn objects(&self) -> Vec<Value> {
        let mut objects = Vec::new();
        for role in &self.roles {
            objects.push(role.value());
            let is_its = |b: &&PlannedBinding| {
                b.role == role.name
                    && if b.cluster_role { role.namespace.is_empty() } else { b.namespace == role.namespace }
            };
            objects.extend(self.bindings.iter().filter(is_its).map(PlannedBinding::value));
        }
        objects
    }
}

impl PlannedRole {
    fn value(&self) -> Value {
        let kind = if self.namespace.is_empty() { "ClusterRole" } else { "Role" };
        let mut value = head(kind, &self.namespace, &self.name);
        value.set_at(&["rules"], self.rules.iter().map(Rule::value).collect::<Vec<_>>());
        value
    }
}

impl PlannedBinding {
    fn value(&self) -> Value {
        let kind = if self.namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
        let role_kind = if self.cluster_role { "ClusterRole" } else { "Role" };
        let mut value = head(kind, &self.namespace, &self.name);
        value.set_at(
            &["roleRef"],
            object! { "apiGroup" => GROUP, "kind" => role_kind, "name" => self.role.as_str() },
        );
        value.set_at(&["subjects"], self.grantees.iter().map(Grantee::value).collect::<Vec<_>>());
        value
    }
}

fn head(kind: &str, namespace: &str, name: &str) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name", name.into());
    if !namespace.is_empty() {
        metadata.insert("namespace", namespace.into());
    }
    metadata.insert("labels", object! { LABEL => "least-privilege" });
    object! { "apiVersion" => format!("{GROUP}/v1"), "kind" => kind, "metadata" => metadata }
}

impl Grantee {
    /// As a subject of a binding.
    fn value(&self) -> Value {
        match self {
            Self::ServiceAccount(namespace, name) => object! {
                "kind" => "ServiceAccount", "name" => name.as_str(), "namespace" => namespace.as_str(),
            },
            Self::User(name) => object! { "kind" => "User", "apiGroup" => GROUP, "name" => name.as_str() },
            Self::Group(name) => object! { "kind" => "Group", "apiGroup" => GROUP, "name" => name.as_str() },
        }
    }

    pub(super) fn short(&self) -> String {
        match self {
            Self::ServiceAccount(namespace, name) => format!("{namespace}:{name}"),
            Self::User(name) => name.clone(),
            Self::Group(name) => format!("group:{name}"),
        }
    }
}

/// `ServiceAccount ns/name`, `User "x"`, `Group "x"`.
impl std::fmt::Display for Grantee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ServiceAccount(namespace, name) => write!(f, "ServiceAccount {namespace}/{name}"),
            Self::User(name) => write!(f, "User {name}"),
            Self::Group(name) => write!(f, "Group {name}"),
        }
    }
}
