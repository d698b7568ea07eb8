mod random;

use std::sync::Arc;

use api::Value;
use api::user::UserInfo;

use super::{Asked, MissKind};
use crate::rbac::{Kind, Rbac};
use crate::{
    Attributes, Authorizer, Decision, Mode, ResourceTarget, Target, Unavailable, Union, bootstrap, node,
};

fn rbac(yaml: &str) -> Rbac {
    let rbac = Rbac::new();
    for document in yaml.split("---\n") {
        let object = codec::yaml::parse(document.as_bytes()).unwrap().value;
        let kind =
            Kind::ALL.into_iter().find(|k| object.str_at(&["kind"]).to_lowercase() + "s" == k.resource());
        rbac.upsert(kind.unwrap(), &object);
    }
    rbac
}

/// A question: verb, resource with subresource and group, name, namespace.
fn question<'a>(user: &'a UserInfo, text: &'a str) -> Attributes<'a> {
    let words: Vec<&str> = text.split(' ').collect();
    if words[1].starts_with('/') {
        return Attributes { user, verb: words[0], target: Target::Path(words[1]) };
    }
    let (resource, group) = words[1].split_once('.').unwrap_or((words[1], ""));
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let word = |n: usize| words.get(n).map_or("", |w| w.strip_prefix('-').unwrap_or(w));
    let target = ResourceTarget {
        group,
        resource,
        subresource,
        namespace: word(2),
        name: word(3),
        ..ResourceTarget::default()
    };
    Attributes { user, verb: words[0], target: Target::Resource(target) }
}

const OBJECTS: &str = "\
kind: ClusterRole
metadata: {name: reader}
rules: [{apiGroups: [''], resources: [pods, services], verbs: [get, list]}]
---
kind: ClusterRole
metadata: {name: deploy}
rules:
- {apiGroups: [apps], resources: [deployments], verbs: [get]}
- {apiGroups: [extensions], resources: [ingresses], verbs: [get]}
- {apiGroups: [''], resources: [Secrets], verbs: [get]}
- {apiGroups: [''], resources: [configmaps], verbs: [get, create], resourceNames: [a, b]}
- {nonResourceURLs: [/healthz, /metrics/*], verbs: [get]}
---
kind: ClusterRole
metadata: {name: nodes}
rules: [{apiGroups: [''], resources: [nodes], verbs: [get]}]
---
kind: ClusterRole
metadata: {name: sum}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {to-sum: 'true'}}]}
---
kind: ClusterRole
metadata: {name: part, labels: {to-sum: 'yes'}}
rules: [{apiGroups: [batch], resources: [jobs], verbs: [get]}]
---
kind: ClusterRole
metadata: {name: god}
rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]
---
kind: RoleBinding
metadata: {name: b1, namespace: one}
roleRef: {kind: ClusterRole, name: reader}
subjects: [{kind: User, name: bob}]
---
kind: RoleBinding
metadata: {name: b2, namespace: two}
roleRef: {kind: ClusterRole, name: deploy}
subjects: [{kind: User, name: bob}]
---
kind: RoleBinding
metadata: {name: b3, namespace: two}
roleRef: {kind: ClusterRole, name: nodes}
subjects: [{kind: User, name: bob}]
---
kind: RoleBinding
metadata: {name: lost, namespace: three}
roleRef: {kind: Role, name: reader}
subjects: [{kind: User, name: bob}]
---
kind: RoleBinding
metadata: {name: sums, namespace: three}
roleRef: {kind: ClusterRole, name: sum}
subjects: [{kind: User, name: bob}]
---
kind: RoleBinding
metadata: {name: account, namespace: four}
roleRef: {kind: ClusterRole, name: reader}
subjects: [{kind: ServiceAccount, name: app, namespace: ci}]
---
kind: RoleBinding
metadata: {name: case, namespace: four}
roleRef: {kind: ClusterRole, name: reader}
subjects: [{kind: User, name: Bob}]
---
kind: RoleBinding
metadata: {name: prefix, namespace: five}
roleRef: {kind: ClusterRole, name: reader}
subjects: [{kind: Group, name: 'oidc:dev'}]
---
kind: RoleBinding
metadata: {name: confused, namespace: six}
roleRef: {kind: ClusterRole, name: reader}
subjects: [{kind: User, name: dev}]
---
kind: RoleBinding
metadata: {name: others, namespace: seven}
roleRef: {kind: ClusterRole, name: reader}
subjects: [{kind: Group, name: ops}, {kind: Group, name: sre}]
---
kind: ClusterRoleBinding
metadata: {name: gods}
roleRef: {kind: ClusterRole, name: god}
subjects: [{kind: Group, name: 'system:masters'}]
";

#[test]
fn every_way_of_missing_is_told_and_comes_first() {
    let rbac = rbac(OBJECTS);
    let bob = UserInfo::new("bob", ["dev"]);
    let app = UserInfo::new("system:serviceaccount:prod:app", ["system:serviceaccounts"]);
    let both = [MissKind::OtherNamespace, MissKind::Verb];
    for (user, asked, differs, text) in [
        (
            &bob,
            "get pods two",
            &[MissKind::OtherNamespace][..],
            r#"RoleBinding "one/b1" grants ClusterRole "reader", which allows this, but in namespace "one" only"#,
        ),
        (
            &bob,
            "get nodes - n1",
            &[MissKind::OnlyInNamespace],
            r#"RoleBinding "two/b3" grants ClusterRole "nodes", which allows this, but only within namespace "two"; a ClusterRoleBinding would have to"#,
        ),
        (
            &bob,
            "get /healthz",
            &[MissKind::OnlyInNamespace],
            r#"RoleBinding "two/b2" grants ClusterRole "deploy", which allows this, but only within namespace "two"; a ClusterRoleBinding would have to"#,
        ),
        (
            &bob,
            "get configmaps two c",
            &[MissKind::ResourceName],
            r#"RoleBinding "two/b2" grants ClusterRole "deploy", but the rule is for objects named a, b, not "c""#,
        ),
        (
            &bob,
            "create configmaps two",
            &[MissKind::ResourceName],
            r#"RoleBinding "two/b2" grants ClusterRole "deploy", but the rule is for objects named a, b, and a new object's name is not known when it is authorized"#,
        ),
        (
            &bob,
            "get deployments/scale.apps two d",
            &[MissKind::Subresource],
            r#"RoleBinding "two/b2" grants ClusterRole "deploy", but the rule is for deployments, which does not cover deployments/scale"#,
        ),
        (
            &bob,
            "delete pods one p",
            &[MissKind::Verb],
            r#"RoleBinding "one/b1" grants ClusterRole "reader", but the rule has get, list, not delete"#,
        ),
        (
            &bob,
            "get ingresses.networking.k8s.io two",
            &[MissKind::ApiGroup],
            r#"RoleBinding "two/b2" grants ClusterRole "deploy", but the rule is for API group "extensions", not "networking.k8s.io""#,
        ),
        (
            &bob,
            "get secrets two s",
            &[MissKind::ResourceSpelling],
            r#"RoleBinding "two/b2" grants ClusterRole "deploy", but the rule says "Secrets", which no request names; the resource is secrets"#,
        ),
        (
            &bob,
            "get jobs.batch three j",
            &[MissKind::NotAggregated],
            r#"ClusterRole "part" allows this and has the label to-sum=yes; ClusterRole "sum" takes in cluster roles with to-sum=true"#,
        ),
        (
            &bob,
            "get things three",
            &[MissKind::RoleMissing],
            r#"RoleBinding "three/lost" refers to a role that is not there: Role "three/reader" does not exist; there is a ClusterRole of that name"#,
        ),
        (&bob, "get pods four p", &[MissKind::OtherNamespace], ""),
        (&bob, "get pods five p", &[MissKind::OtherNamespace], ""),
        (
            &app,
            "get pods four p",
            &[MissKind::AccountNamespace],
            r#"RoleBinding "four/account" grants ClusterRole "reader", which allows this, but the binding is for "system:serviceaccount:ci:app", the request comes from "system:serviceaccount:prod:app": the namespaces differ"#,
        ),
        (
            &app,
            "get pods seven p",
            &[MissKind::GroupNotCarried],
            r#"RoleBinding "seven/others" grants ClusterRole "reader", which allows this, to group "ops" and "sre"; the user is not in it"#,
        ),
        (
            &bob,
            "delete pods two",
            &both,
            r#"RoleBinding "one/b1" grants ClusterRole "reader", in namespace "one" only, and the rule has get, list, not delete"#,
        ),
    ] {
        let explained = rbac.explain(&question(user, asked));
        assert!(!explained.allowed(), "{asked}");
        let first = explained.misses.first().unwrap_or_else(|| panic!("{asked}: no miss"));
        assert_eq!(first.differs, differs, "{asked}: {:#?}", explained.misses);
        assert!(text.is_empty() || first.text == text, "{asked}:\n{}\n{text}", first.text);
    }
}

#[test]
fn names_that_are_nearly_right_are_told() {
    let rbac = rbac(OBJECTS);
    for (name, groups, asked, text) in [
        ("bob2", ["x"], "get pods seven", None),
        (
            "BOB",
            ["x"],
            "get pods four",
            Some(
                r#"RoleBinding "four/case" grants ClusterRole "reader", which allows this, but the binding is for user "Bob", the request comes from "BOB": case counts"#,
            ),
        ),
        (
            "amy",
            ["dev"],
            "get pods five",
            Some(
                r#"RoleBinding "five/prefix" grants ClusterRole "reader", which allows this, but the binding is for group "oidc:dev", the request comes from "dev": prefixes count"#,
            ),
        ),
        (
            "amy",
            ["dev"],
            "get pods six",
            Some(
                r#"RoleBinding "six/confused" grants ClusterRole "reader", which allows this, but the binding is for a user named "dev", which is a group"#,
            ),
        ),
        (
            "ops",
            ["x"],
            "get pods seven",
            Some(
                r#"RoleBinding "seven/others" grants ClusterRole "reader", which allows this, but the binding is for a group named "ops", which is a user"#,
            ),
        ),
    ] {
        let user = UserInfo::new(name, groups);
        let explained = rbac.explain(&question(&user, asked));
        let near = explained.misses.iter().find(|m| m.differs == [MissKind::SubjectName]);
        assert_eq!(near.map(|m| m.text.as_str()), text, "{name} {asked}");
    }
}

#[test]
fn a_path_nearby_is_told() {
    let rbac = rbac(OBJECTS);
    rbac.batch(|batch| {
        let binding = codec::yaml::parse(b"{metadata: {name: c}, roleRef: {kind: ClusterRole, name: deploy}, subjects: [{kind: User, name: amy}]}");
        batch.upsert(Kind::ClusterRoleBinding, &binding.unwrap().value);
    });
    let amy = UserInfo::new("amy", ["x"]);
    let first = |asked: &str| rbac.explain(&question(&amy, asked)).misses.first().map(|m| m.differs.clone());
    assert_eq!(first("get /healthz/etcd"), Some(vec![MissKind::Path]));
    assert_eq!(first("get /metrics"), Some(vec![MissKind::Path]));
    assert_eq!(first("post /healthz"), Some(vec![MissKind::Verb]));
    assert!(rbac.explain(&question(&amy, "get /healthz")).allowed());
    // Only what allows everything is left, and it is told last.
    assert_eq!(first("get /other"), None);
}

#[test]
fn what_allows_everything_is_told_when_nothing_else_is_near() {
    let rbac = rbac(OBJECTS);
    let amy = UserInfo::new("amy", ["x"]);
    let texts = |asked: &str| {
        let misses = rbac.explain(&question(&amy, asked)).misses;
        misses.into_iter().map(|m| m.text).collect::<Vec<_>>()
    };
    let near = texts("get pods seven");
    assert_eq!(near.len(), 1, "{near:?}");
    assert!(near[0].contains("\"ops\" and \"sre\""), "{near:?}");
    let far = texts("get things seven");
    assert_eq!(far.len(), 1, "{far:?}");
    assert!(far[0].contains("system:masters"), "{far:?}");
}

#[test]
fn all_grants_are_listed_the_deciding_one_first() {
    let rbac = rbac(OBJECTS);
    let both = UserInfo::new("bob", ["system:masters"]);
    let explained = rbac.explain(&question(&both, "get pods one"));
    let names: Vec<_> = explained.grants.iter().map(|g| g.binding.name.as_str()).collect();
    assert_eq!(names, ["gods", "b1"]);
    assert_eq!(explained.verdict.reason.to_string(), format!("RBAC: allowed by {}", explained.grants[0]));
    assert!(explained.misses.is_empty());
}

#[test]
fn members_are_told_in_order_and_who_was_not_asked() {
    let members: Vec<Arc<dyn Authorizer>> = vec![
        Arc::new(node::Node::new()),
        Arc::new(Unavailable("hook".into())),
        Arc::new(rbac(OBJECTS)),
        Arc::new(crate::AlwaysAllow),
    ];
    let union = Union::new(members);
    let bob = UserInfo::new("bob", ["dev"]);
    let told = |asked: &str| {
        let explained = union.explain(&question(&bob, asked));
        explained
            .members
            .iter()
            .map(|m| (m.authorizer.clone(), m.asked, m.verdict.decision))
            .collect::<Vec<_>>()
    };
    let row = |name: &str, asked, decision| (name.to_owned(), asked, decision);
    assert_eq!(
        told("get pods one"),
        [
            row("system:masters", Asked::Yes, Decision::NoOpinion),
            row("Node", Asked::Yes, Decision::NoOpinion),
            row("hook", Asked::Unavailable, Decision::NoOpinion),
            row("RBAC", Asked::Yes, Decision::Allow),
            row("AlwaysAllow", Asked::NotReached, Decision::NoOpinion),
        ]
    );
    assert_eq!(told("get pods two").last(), Some(&row("AlwaysAllow", Asked::Yes, Decision::Allow)));
}

#[test]
fn policy_files_tell_their_lines() {
    let file = r#"{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"bob","namespace":"projectCaribou","resource":"pods","readonly":true}}"#;
    let (policies, _) = crate::abac::Policies::parse(file).unwrap();
    let abac = crate::abac::Abac::new(policies);
    let bob = UserInfo::new("bob", ["dev"]);
    let explained = abac.explain(&question(&bob, "get pods projectCaribou"));
    assert_eq!(explained.notes, ["Line 1 of the policy file allows it."]);
    let explained = abac.explain(&question(&bob, "delete pods projectCaribou"));
    assert_eq!(
        explained.misses[0].text,
        "line 1 of the policy file is for this user, but it is readonly: get, list and watch, not delete"
    );
    assert_eq!(abac.explain(&question(&bob, "get nodes")).misses.len(), 0);
    assert_eq!(abac.holders(&question(&bob, "get pods projectCaribou")).list[0].subject.name, "bob");
    assert_eq!(abac.held(&bob).list.len(), 1);
    assert_eq!(abac.name(), Mode::Abac.name());
}

/// The bootstrap policy and a cluster as companies have it.
fn cluster() -> Rbac {
    let rbac = Rbac::new();
    let mut objects = samples::cluster::all();
    objects.extend(bootstrap::missing_in(&objects.clone()).into_iter().map(|(_, object)| object));
    assert_eq!(crate::rbac::aggregate_all(&mut objects), [""; 0]);
    rbac.batch(|batch| {
        for object in objects {
            if let Some(kind) = kind_of(&object) {
                batch.upsert(kind, &object);
            }
        }
    });
    rbac
}

fn kind_of(object: &Value) -> Option<Kind> {
    Kind::of_resource(&(object.str_at(&["kind"]).to_lowercase() + "s"))
}

#[test]
fn who_may_is_whom_asking_would_allow() {
    let rbac = cluster();
    for asked in [
        "get pods team-001",
        "create pods/exec team-002",
        "get secrets team-003 database",
        "get nodes - team-004-a",
        "get /metrics",
        "delete secrets argocd x",
        "* *",
        "impersonate users - bob",
    ] {
        let nobody = UserInfo::default();
        let holders = rbac.holders(&question(&nobody, asked)).list;
        assert!(!holders.is_empty(), "{asked}");
        let keys: Vec<UserInfo> = holders.iter().map(|h| h.subject.user("")).collect();
        for user in &keys {
            assert!(rbac.authorize(&question(user, asked)).allowed(), "{asked}: {user:?}");
        }
        // And everybody else is refused.
        for user in everybody() {
            let allowed = rbac.authorize(&question(&user, asked)).allowed();
            assert_eq!(allowed, keys.contains(&user), "{asked}: {user:?}");
        }
    }
}

/// Everybody that a binding names.
fn everybody() -> Vec<UserInfo> {
    let mut all: Vec<UserInfo> = Vec::new();
    let bindings = bootstrap::objects().into_iter().map(|(_, o)| o).chain(samples::cluster::all());
    for binding in bindings.filter(|o| o.str_at(&["kind"]).ends_with("Binding")) {
        let binding = crate::rbac::Binding::from_value(&binding);
        all.extend(binding.subjects.iter().map(|s| s.user(&binding.namespace)));
    }
    all.sort_by(|a, b| (&a.name, &a.groups).cmp(&(&b.name, &b.groups)));
    all.dedup();
    all
}

#[test]
fn what_somebody_may_is_all_of_it() {
    let rbac = cluster();
    let user = UserInfo::new("lead-007@example.com", ["team-007-developers"]);
    let held = rbac.held(&user).list;
    assert!(held.iter().any(|h| h.namespace == "team-007" && h.role.as_ref().unwrap().name == "edit"));
    for namespace in ["", "team-007", "team-008"] {
        let here = held.iter().filter(|h| h.namespace.is_empty() || h.namespace == namespace);
        assert_eq!(here.count(), rbac.snapshot().rules(&user, namespace).len(), "{namespace}");
    }
}
