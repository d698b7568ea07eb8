//! Who may do what by the bindings of a cluster, written down to be reviewed, and what was added since.
//!
//! Entry points: [`rights`] writes them down, [`Review::added`] asks the RBAC authorizer, fed with what was reviewed,
//! for each right of today.

use std::collections::{BTreeMap, BTreeSet};

use api::{Value, object};
use authz::rbac::{Binding, Kind as RbacKind, Rbac, Rule, Snapshot, Subject, SubjectKind};
use authz::{Attributes, ResourceTarget, Target};
use evidence::{Problem, ProblemKind};
use privilege::{BindingEntry, Policy};

use crate::catalogue::Kind;
use crate::document::Document;
use crate::input::Input;
use crate::when::moment;

const VERSION: &str = "posture.sumun.io/v1";
const KIND: &str = "Rights";

/// A rule that multiplies out to more is compared no further.
const MOST_RIGHTS: usize = 1 << 16;

/// No name: every object.
static EVERY: [api::Str; 1] = [api::Str::const_new("")];

/// Rights that somebody has reviewed.
pub(crate) struct Review<'a> {
    pub document: &'a Document,
    /// Who has.
    pub reviewer: &'a str,
    /// When.
    pub reviewed: Option<api::time::Timestamp>,
    rbac: Rbac,
}

/// Everything that the bindings among the objects allow, subject by subject: to be reviewed, and given to later scans.
pub fn rights(input: &Input) -> Value {
    let policy = Policy::of(&input.objects.objects);
    let mut all: BTreeMap<(String, String), Vec<Value>> = BTreeMap::new();
    for (_, binding, subject, rules) in granted(&policy) {
        let key = (called(subject, &binding.namespace), binding.namespace.to_string());
        let known = all.entry(key).or_default();
        for rule in rules.iter().map(Rule::value) {
            if !known.contains(&rule) {
                known.push(rule);
            }
        }
    }
    let one = |((subject, namespace), rules): ((String, String), Vec<Value>)| {
        object! { "subject" => subject, "namespace" => namespace, "rules" => Value::Array(rules) }
    };
    object! {
        "apiVersion" => VERSION,
        "kind" => KIND,
        "metadata" => object! { "name" => "rights" },
        "spec" => object! {
            "reviewer" => "",
            "reviewed" => "",
            "rights" => Value::Array(all.into_iter().map(one).collect()),
        },
    }
}

/// The newest review that was given.
pub(crate) fn review(input: &Input) -> Option<Review<'_>> {
    let all = input.of_kind(Kind::Attestation).filter(|document| fits(&document.value));
    all.map(Review::of).max_by_key(|review| review.reviewed)
}

pub(super) fn fits(value: &Value) -> bool {
    value.str_at(&["apiVersion"]).starts_with("posture.sumun.io/") && value.str_at(&["kind"]) == KIND
}

/// Reviews that are not whole.
pub(super) fn problems(input: &Input) -> Vec<Problem> {
    let documents = input.of_kind(Kind::Attestation).filter(|document| fits(&document.value));
    let broken = documents.filter(|document| document.value.at(&["spec", "rights"]).as_array().is_none());
    let text = "rights without spec.rights: they are not whole".to_owned();
    broken
        .map(|d| Problem { origin: d.origin.clone(), kind: ProblemKind::Broken, text: text.clone() })
        .collect()
}

/// Rights that a binding gives and nobody has reviewed.
pub(crate) struct Added<'p> {
    pub binding: &'p BindingEntry,
    pub subject: String,
    /// `verb resource`, each.
    pub rights: BTreeSet<String>,
}

impl<'a> Review<'a> {
    fn of(document: &'a Document) -> Self {
        let spec = document.value.at(&["spec"]);
        let rbac = Rbac::new();
        rbac.batch(|batch| {
            for (i, entry) in spec.array_at(&["rights"]).iter().enumerate() {
                let namespace = entry.str_at(&["namespace"]);
                let Some(subject) = subject(entry.str_at(&["subject"])) else { continue };
                let (role, binding, kind) = match namespace {
                    "" => (RbacKind::ClusterRole, RbacKind::ClusterRoleBinding, "ClusterRole"),
                    _ => (RbacKind::Role, RbacKind::RoleBinding, "Role"),
                };
                let name = format!("r{i}");
                let metadata = || object! { "name" => name.clone(), "namespace" => namespace };
                let rules = Value::Array(entry.array_at(&["rules"]).to_vec());
                batch.upsert(role, &object! { "metadata" => metadata(), "rules" => rules });
                let role =
                    object! { "apiGroup" => authz::rbac::GROUP, "kind" => kind, "name" => name.clone() };
                let subjects = Value::Array(vec![subject]);
                batch.upsert(
                    binding,
                    &object! { "metadata" => metadata(), "roleRef" => role, "subjects" => subjects },
                );
            }
        });
        let reviewed = moment(spec.str_at(&["reviewed"]));
        Self { document, reviewer: spec.str_at(&["reviewer"]), reviewed, rbac }
    }

    /// What the bindings of today allow beyond what was reviewed; those that every cluster starts with count only when
    /// they were among the objects.
    pub(crate) fn added<'p>(&self, policy: &'p Policy) -> Vec<Added<'p>> {
        let reviewed = self.rbac.snapshot();
        let mut all = Vec::new();
        for (entry, binding, subject, rules) in granted(policy) {
            if entry.stock && policy.stock_added {
                continue;
            }
            let user = subject.user(&binding.namespace);
            let new = rules.iter().flat_map(atoms).filter(|r| !r.is_in(&reviewed, &user, &binding.namespace));
            let rights: BTreeSet<String> = new.map(|right| right.to_string()).collect();
            if !rights.is_empty() {
                all.push(Added { binding: entry, subject: called(subject, &binding.namespace), rights });
            }
        }
        all
    }
}

/// Bindings with each of their subjects and the rules they give it.
fn granted(policy: &Policy) -> impl Iterator<Item = (&BindingEntry, &Binding, &Subject, &[Rule])> {
    policy.bindings.values().flat_map(|entry| {
        let rules = policy.role_of(&entry.binding).map_or(&[][..], |role| role.rules.as_slice());
        entry.binding.subjects.iter().map(move |subject| (entry, &*entry.binding, subject, rules))
    })
}

/// `User bob`, `Group dev`, `ServiceAccount namespace/name`
fn called(subject: &Subject, namespace: &str) -> String {
    let own = if subject.namespace.is_empty() { namespace } else { &subject.namespace };
    match &subject.kind {
        SubjectKind::User => format!("User {}", subject.name),
        SubjectKind::Group => format!("Group {}", subject.name),
        SubjectKind::ServiceAccount => format!("ServiceAccount {own}/{}", subject.name),
        SubjectKind::Other(kind) => format!("{kind} {}", subject.name),
    }
}

/// The subject that is called so.
fn subject(called: &str) -> Option<Value> {
    let (kind, name) = called.split_once(' ')?;
    Some(match (kind, name.split_once('/')) {
        ("ServiceAccount", Some((namespace, name))) => {
            object! { "kind" => kind, "name" => name, "namespace" => namespace }
        }
        _ => object! { "kind" => kind, "name" => name, "apiGroup" => authz::rbac::GROUP },
    })
}

/// One verb on one resource or path, as a rule has it: `*` is itself.
struct Right<'a> {
    verb: &'a str,
    group: &'a str,
    resource: &'a str,
    name: &'a str,
    path: Option<&'a str>,
}

/// The rights of a rule, at most [`MOST_RIGHTS`].
fn atoms(rule: &Rule) -> impl Iterator<Item = Right<'_>> {
    let names = if rule.names.is_empty() { &EVERY[..] } else { &rule.names };
    let right = |verb, group, resource, name, path| Right { verb, group, resource, name, path };
    let of_resources = move |verb| {
        let places = rule.groups.iter().flat_map(|group| rule.resources.iter().map(move |r| (group, r)));
        places.flat_map(move |(group, r)| names.iter().map(move |name| right(verb, group, r, name, None)))
    };
    let of_paths = move |verb| rule.urls.iter().map(move |url| right(verb, "", "", "", Some(url.as_str())));
    let all =
        rule.verbs.iter().flat_map(move |verb| of_resources(verb.as_str()).chain(of_paths(verb.as_str())));
    all.take(MOST_RIGHTS)
}

impl Right<'_> {
    fn is_in(&self, reviewed: &Snapshot, user: &api::user::UserInfo, namespace: &str) -> bool {
        let (resource, subresource) = self.resource.split_once('/').unwrap_or((self.resource, ""));
        let target = match self.path {
            Some(path) => Target::Path(path),
            None => Target::Resource(ResourceTarget {
                group: self.group,
                resource,
                subresource,
                namespace,
                name: self.name,
                ..ResourceTarget::default()
            }),
        };
        reviewed.find(&Attributes { user, verb: self.verb, target }).is_some()
    }
}

impl std::fmt::Display for Right<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(path) = self.path {
            return write!(f, "{} {path}", self.verb);
        }
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        if self.name.is_empty() { Ok(()) } else { write!(f, " {:?}", self.name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evidence::{Object, Origin};

    fn input(objects: &[&str]) -> Input {
        let mut input = Input::default();
        for text in objects {
            let value = codec::yaml::parse(text.as_bytes()).unwrap().value;
            input.add(Object { value, origin: Origin::whole("test") });
        }
        input
    }

    const ROLE: &str = "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: ns}, rules: [{verbs: [get, list], apiGroups: ['', apps], resources: [pods, deployments/scale]}]}";
    const BOUND: &str = "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b, namespace: ns}, roleRef: {kind: Role, name: r}, subjects: [{kind: ServiceAccount, name: s}, {kind: Group, name: dev}]}";

    /// What is new beside a review of `before`: binding, subject and rights.
    fn added(before: &[&str], now: &[&str]) -> Vec<String> {
        let mut given = input(now);
        let written = codec::yaml::write(&rights(&input(before)));
        given.documents.extend(Document::parse(Kind::Attestation, "r", written.as_bytes()).unwrap());
        assert!(problems(&given).is_empty());
        let policy = Policy::of(&given.objects.objects);
        let added = review(&given).unwrap().added(&policy);
        let show = |a: &Added<'_>| {
            let rights: Vec<&str> = a.rights.iter().map(String::as_str).collect();
            format!("{} {}: {}", a.binding.binding.name, a.subject, rights.join(", "))
        };
        added.iter().map(show).collect()
    }

    #[test]
    fn what_was_reviewed_is_not_new() {
        assert!(added(&[ROLE, BOUND], &[ROLE, BOUND]).is_empty());
        // The same by other words, or less.
        let split = ROLE.replace("rules: [", "rules: [{verbs: [get], apiGroups: [''], resources: [pods]}, ");
        assert!(added(&[ROLE, BOUND], &[&split, BOUND]).is_empty());
        assert!(added(&[&ROLE.replace("[get, list]", "['*']"), BOUND], &[ROLE, BOUND]).is_empty());
        assert!(added(&[ROLE, BOUND], &[ROLE]).is_empty());
    }

    #[test]
    fn what_is_new_is_named() {
        let more = ROLE.replace("[get, list]", "[get, list, delete]").replace("['', apps]", "['']");
        assert_eq!(
            added(&[ROLE, BOUND], &[&more, BOUND]),
            [
                "b ServiceAccount ns/s: delete deployments/scale, delete pods",
                "b Group dev: delete deployments/scale, delete pods"
            ]
        );
        let other = BOUND.replace("name: s}", "name: t}").replace(", {kind: Group, name: dev}", "");
        let found = added(&[ROLE, BOUND], &[ROLE, &other]);
        assert!(found.len() == 1 && found[0].starts_with("b ServiceAccount ns/t: "), "{found:?}");
        // All of a kind is more than some of it; a star is more than every verb there is.
        let named =
            ROLE.replace("resources: [pods, deployments/scale]", "resources: [pods], resourceNames: [a]");
        assert!(!added(&[&named, BOUND], &[ROLE, BOUND]).is_empty());
        assert!(!added(&[ROLE, BOUND], &[&ROLE.replace("[get, list]", "['*']"), BOUND]).is_empty());
    }

    #[test]
    fn what_every_cluster_starts_with_counts_when_it_is_given() {
        let admin = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: cluster-admin}, rules: [{verbs: ['*'], apiGroups: ['*'], resources: ['*']}, {verbs: ['*'], nonResourceURLs: ['*']}]}";
        let bound = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: cluster-admin}, roleRef: {kind: ClusterRole, name: cluster-admin}, subjects: [{kind: Group, name: 'system:masters'}]}";
        assert!(added(&[admin, bound], &[admin, bound]).is_empty());
        let grown = bound.replace("subjects: [", "subjects: [{kind: User, name: eve}, ");
        assert_eq!(
            added(&[admin, bound], &[admin, &grown]),
            ["cluster-admin User eve: * *, * *.*"].map(|_| "cluster-admin User eve: * *, * *.*".to_owned())
        );
    }
}
