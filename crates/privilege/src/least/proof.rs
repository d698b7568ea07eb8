//! The plan on trial: every question is asked again, and what else the plan allows is told.
//!
//! Entry point: [`prove`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use authz::rbac::{Kind, Rbac};
use authz::{Authorizer, Union, bootstrap};

use super::grants::{Grants, Names, ResourceKey};
use super::plan::{Grantee, Plan};
use super::questions::{Ask, Question, SubjectId};
use super::{Observed, Options};

/// What the trial showed.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// Questions that were asked, each name for itself.
    pub asked: usize,
    /// Requests that these stand for.
    pub requests: u64,
    /// Questions that would be refused, in words.  A plan that is right has none.
    pub refused: Vec<String>,
    /// What is allowed though nobody asked for it.
    pub excess: Vec<Excess>,
}

/// Something that the plan allows though nobody asked for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Excess {
    /// To whom.
    pub grantee: Grantee,
    /// What, in words.
    pub what: String,
    /// Why it is so.
    pub why: Why,
    /// In which namespaces; empty for the whole cluster.
    pub namespaces: BTreeSet<String>,
}

/// Why more is allowed than was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// `get`, `list` and `watch` go together once all objects may be listed.
    ReadsTogether,
    /// Too many names, or too fleeting ones, to be pinned.
    AnyName,
    /// It was asked for in some namespaces and is granted in all.
    AllNamespaces,
    /// Only some members of the group asked for it.
    OtherMembers,
    /// Too many paths below one segment.
    PathsBelow,
}

/// Asks every allowed question of everybody who is granted something, of the authorizer a server would run with this
/// plan.
pub fn prove(observed: &Observed, plan: &Plan, options: &Options) -> Proof {
    let judge = authorizer(plan, options);
    let mut proof = Proof::default();
    for question in observed.allowed() {
        let Some(subject) = observed.subject_of(&question).filter(|s| s.class.is_granted()) else { continue };
        proof.asked += question.asked_names().count();
        proof.requests += question.count;
        if let Some(name) = question.first_refused(&subject.user_info(), &judge) {
            proof.refused.push(format!("{}: {} {name}", subject.name, question.ask.words()));
        }
    }
    proof.excess = excess(observed, plan);
    proof
}

fn authorizer(plan: &Plan, options: &Options) -> Union {
    let rbac = Arc::new(Rbac::new());
    rbac.batch(|batch| {
        if options.use_defaults {
            bootstrap::objects().iter().for_each(|(kind, object)| batch.upsert(*kind, object));
        }
        for object in plan.objects() {
            let kind = match object.str_at(&["kind"]) {
                "ClusterRole" => Kind::ClusterRole,
                "Role" => Kind::Role,
                "ClusterRoleBinding" => Kind::ClusterRoleBinding,
                _ => Kind::RoleBinding,
            };
            batch.upsert(kind, &object);
        }
    });
    Union::new([rbac as Arc<dyn Authorizer>])
}

/// Who asked for a verb on a resource, where, and for which names.
#[derive(Default)]
struct Asked<'a> {
    by: BTreeSet<SubjectId>,
    namespaces: BTreeSet<&'a str>,
    any_name: bool,
}

fn excess(observed: &Observed, plan: &Plan) -> Vec<Excess> {
    let questions = observed.allowed();
    let mut by_subject: HashMap<SubjectId, Vec<&Question>> = HashMap::new();
    for question in &questions {
        by_subject.entry(question.subject).or_default().push(question);
    }
    let mut found: BTreeMap<(Grantee, String, Why), BTreeSet<String>> = BTreeMap::new();
    for (grantee, scopes) in &plan.granted {
        let members = plan.members.get(grantee).map(Vec::as_slice).unwrap_or_default();
        let asked: Vec<&Question> =
            members.iter().filter_map(|id| by_subject.get(id)).flatten().copied().collect();
        for (namespace, grants) in scopes {
            let mut report = |what: String, why: Why| {
                let places = found.entry((grantee.clone(), what, why)).or_default();
                places.extend((!namespace.is_empty()).then(|| namespace.clone()));
            };
            resources(namespace, grants, &asked, members.len(), &mut report);
            let below = grants.paths.iter().flat_map(|(verb, paths)| paths.iter().map(move |p| (verb, p)));
            for (verb, path) in below.filter(|(_, path)| path.ends_with('*')) {
                report(format!("{verb} {path}"), Why::PathsBelow);
            }
        }
    }
    let excess = |((grantee, what, why), namespaces)| Excess { grantee, what, why, namespaces };
    found.into_iter().map(excess).collect()
}

fn resources(
    namespace: &str,
    grants: &Grants,
    questions: &[&Question],
    members: usize,
    report: &mut dyn FnMut(String, Why),
) {
    let asked = asked(namespace, questions);
    for (resource, verbs) in &grants.resources {
        for (verb, names) in verbs {
            let what = words(resource, verb);
            let Some(asked) = asked.get(&(&resource.0, &resource.1, verb)) else {
                report(what, Why::ReadsTogether);
                continue;
            };
            if namespace.is_empty() && !asked.namespaces.contains("") {
                let some: Vec<&str> = asked.namespaces.iter().take(3).copied().collect();
                let dots = if asked.namespaces.len() > 3 { ", …" } else { "" };
                report(format!("{what} (asked in {}{dots})", some.join(", ")), Why::AllNamespaces);
            } else if *names == Names::Any && !asked.any_name {
                report(what.clone(), Why::AnyName);
            }
            if members > 1 && asked.by.len() < members {
                report(format!("{what} ({} of {members} members asked)", asked.by.len()), Why::OtherMembers);
            }
        }
    }
}

/// The questions that a grant in `namespace` is about, by group, resource and verb.
fn asked<'a>(
    namespace: &str,
    questions: &[&'a Question],
) -> BTreeMap<(&'a str, &'a str, &'a str), Asked<'a>> {
    let mut all: BTreeMap<(&str, &str, &str), Asked> = BTreeMap::new();
    for question in questions {
        let Ask::Resource { group, resource, verb, namespace: place } = &question.ask else { continue };
        if !namespace.is_empty() && place != namespace {
            continue;
        }
        let asked = all.entry((group, resource, verb)).or_default();
        asked.by.insert(question.subject);
        asked.namespaces.insert(place);
        asked.any_name |= question.unnamed;
    }
    all
}

fn words((group, resource): &ResourceKey, verb: &str) -> String {
    let ask = Ask::Resource {
        group: group.clone(),
        resource: resource.clone(),
        verb: verb.to_owned(),
        namespace: String::new(),
    };
    ask.words()
}

impl Why {
    /// Why, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::ReadsTogether => "get, list and watch go together",
            Self::AnyName => "any name",
            Self::AllNamespaces => "in every namespace",
            Self::OtherMembers => "every member of the group",
            Self::PathsBelow => "too many paths to name",
        }
    }
}

/// `ServiceAccount ns/name: get pods in a, b and 3 more namespaces (any name)`.
impl std::fmt::Display for Excess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.grantee, self.what)?;
        let some: Vec<&str> = self.namespaces.iter().take(2).map(String::as_str).collect();
        if !some.is_empty() {
            write!(f, " in {}", some.join(", "))?;
        }
        if self.namespaces.len() > some.len() {
            write!(f, " and {} more namespaces", self.namespaces.len() - some.len())?;
        }
        write!(f, " ({})", self.why.words())
    }
}
