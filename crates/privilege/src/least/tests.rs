//! From log lines to policies.

use std::collections::HashSet;
use std::sync::Arc;

use api::Value;
use api::user::UserInfo;
use audit::log::{Reader, Summary};
use authz::rbac::{Kind, Rbac, Rule};
use authz::{Authorizer, Union};
use evidence::{Object, Origin};
use proptest::prelude::*;

use super::*;
use crate::Policy;

/// A line of a log: `user group,group verb target`, where target is a path or `resource[/sub].group:namespace:name`.
fn event(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let [user, groups, verb, target, more @ ..] = words.as_slice() else { panic!("{text}") };
    let groups: Vec<String> = groups.split(',').filter(|g| *g != "-").map(|g| format!("\"{g}\"")).collect();
    let object = if target.starts_with('/') {
        format!(r#""requestURI":"{target}?x""#)
    } else {
        let parts: Vec<&str> = target.split(':').collect();
        let [resource, namespace, name] = parts.as_slice() else { panic!("{text}") };
        let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
        let (resource, sub) = resource.split_once('/').unwrap_or((resource, ""));
        format!(
            r#""requestURI":"/x","objectRef":{{"resource":"{resource}","subresource":"{sub}","apiGroup":"{group}","namespace":"{namespace}","name":"{name}"}}"#
        )
    };
    let stage = more.iter().find(|m| m.starts_with("Re")).unwrap_or(&"ResponseComplete");
    let decision = if more.contains(&"forbid") { "forbid" } else { "allow" };
    let acting = more.iter().find_map(|m| m.strip_prefix("as="));
    let acting = acting.map_or(String::new(), |a| {
        let (name, groups) = a.split_once('+').unwrap_or((a, "system:authenticated"));
        format!(r#""impersonatedUser":{{"username":"{name}","groups":["{groups}"]}},"#)
    });
    format!(
        r#"{{"kind":"Event","stage":"{stage}","verb":"{verb}","user":{{"username":"{user}","groups":[{}]}},{acting}{object},"annotations":{{"authorization.k8s.io/decision":"{decision}"}}}}"#,
        groups.join(",")
    )
}

fn observe(lines: &[&str], kept: Kept) -> (Observed, Summary) {
    let text: String = lines.iter().map(|line| event(line) + "\n").collect();
    let mut observed = Observed::new(kept);
    let mut sink = |event: &audit::Event| observed.add(event);
    let mut reader = Reader::new(&mut sink);
    reader.read("log", text.as_bytes());
    let summary = reader.finish();
    assert_eq!((summary.broken, summary.other), (0, 0), "{:?}", summary.problems);
    (observed, summary)
}

fn bare() -> Options {
    Options { use_defaults: false, ..Options::default() }
}

/// The rules of each role and the subjects of each binding, a line each.
fn told(plan: &Plan) -> Vec<String> {
    let rules = |role: &PlannedRole| role.rules.iter().map(|r| format!(" {r}")).collect::<String>();
    let role = |role: &PlannedRole| format!("{}/{}{}", role.namespace, role.name, rules(role));
    let binding = |b: &PlannedBinding| {
        let who: Vec<String> = b.grantees.iter().map(ToString::to_string).collect();
        format!("{}/{} -> {} {}", b.namespace, b.name, b.role, who.join(", "))
    };
    plan.roles.iter().map(role).chain(plan.bindings.iter().map(binding)).collect()
}

fn check(lines: &[&str], options: &Options, want: &[&str]) -> Proof {
    let (observed, _) = observe(lines, Kept::default());
    let plan = plan(&observed, options);
    assert_eq!(told(&plan), want);
    let proof = prove(&observed, &plan, options);
    assert_eq!(proof.refused, Vec::<String>::new());
    proof
}

#[test]
fn reads_go_together_and_names_are_pinned() {
    let lines = [
        "bob dev list pods:a:",
        "bob dev watch pods:a:",
        "bob dev get secrets:a:key",
        "bob dev get secrets:a:key",
        "bob dev update configmaps:a:x",
        "bob dev patch configmaps:a:y",
        "bob dev update configmaps:a:x",
        "bob dev patch configmaps:a:y",
        "bob dev create configmaps:a:made",
        "bob dev get pods/log:a:p1",
        "bob dev get pods/log:a:p1",
        "bob dev get /healthz",
    ];
    let proof = check(
        &lines,
        &bare(),
        &[
            r#"/least:bob {NonResourceURLs:["/healthz"], Verbs:["get"]}"#,
            concat!(
                r#"a/least:bob {APIGroups:[""], Resources:["configmaps"], Verbs:["create"]}"#,
                r#" {APIGroups:[""], Resources:["configmaps"], ResourceNames:["x"], Verbs:["update"]}"#,
                r#" {APIGroups:[""], Resources:["configmaps"], ResourceNames:["y"], Verbs:["patch"]}"#,
                r#" {APIGroups:[""], Resources:["pods"], Verbs:["get" "list" "watch"]}"#,
                r#" {APIGroups:[""], Resources:["pods/log"], Verbs:["get"]}"#,
                r#" {APIGroups:[""], Resources:["secrets"], ResourceNames:["key"], Verbs:["get"]}"#,
            ),
            "/least:bob -> least:bob User bob",
            "a/least:bob -> least:bob User bob",
        ],
    );
    let excess: Vec<String> = proof.excess.iter().map(ToString::to_string).collect();
    assert_eq!(
        excess,
        [
            "User bob: get pods in a (get, list and watch go together)",
            "User bob: get pods/log in a (any name)"
        ]
    );
}

#[test]
fn a_name_that_was_asked_for_once_or_one_of_many_is_not_pinned() {
    let lines = ["bob - get configmaps:a:once", "bob - get secrets:a:once"];
    check(
        &lines,
        &bare(),
        &[
            concat!(
                r#"a/least:bob {APIGroups:[""], Resources:["configmaps"], Verbs:["get"]}"#,
                r#" {APIGroups:[""], Resources:["secrets"], ResourceNames:["once"], Verbs:["get"]}"#,
            ),
            "a/least:bob -> least:bob User bob",
        ],
    );
    let many: Vec<String> = (0..100).map(|n| format!("bob - get secrets:a:s{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let options = Options { most_names: 1000, ..bare() };
    check(
        &many,
        &options,
        &[
            r#"a/least:bob {APIGroups:[""], Resources:["secrets"], Verbs:["get"]}"#,
            "a/least:bob -> least:bob User bob",
        ],
    );
}

#[test]
fn equal_rules_are_one_role() {
    let lines = [
        "bob - create pods:a:",
        "ann - create pods:a:",
        "system:serviceaccount:ci:bot - create pods:a:",
        "system:serviceaccount:ci:bot - create pods:b:",
        "eve - delete nodes::n",
        "zoe - delete nodes::n",
        "eve - delete nodes:a:n",
    ];
    check(
        &lines,
        &bare(),
        &[
            r#"/least:ci:bot-and-2-more:namespaced {APIGroups:[""], Resources:["pods"], Verbs:["create"]}"#,
            r#"/least:eve-and-1-more {APIGroups:[""], Resources:["nodes"], Verbs:["delete"]}"#,
            "/least:eve-and-1-more -> least:eve-and-1-more User eve, User zoe",
            "a/least:ci:bot-and-2-more:namespaced -> least:ci:bot-and-2-more:namespaced ServiceAccount ci/bot, User ann, User bob",
            "b/least:ci:bot-and-2-more:namespaced -> least:ci:bot-and-2-more:namespaced ServiceAccount ci/bot",
        ],
    );
}

#[test]
fn many_namespaces_become_the_whole_cluster_when_asked_to() {
    let lines =
        ["bob - create pods:a:", "bob - create pods:b:", "bob - create pods:c:", "bob - get nodes::n"];
    let options = Options { cluster_wide_from: Some(3), ..bare() };
    let proof = check(
        &lines,
        &options,
        &[
            r#"/least:bob {APIGroups:[""], Resources:["nodes"], Verbs:["get"]} {APIGroups:[""], Resources:["pods"], Verbs:["create"]}"#,
            "/least:bob -> least:bob User bob",
        ],
    );
    assert!(proof.excess.iter().any(|e| e.why == Why::AllNamespaces && e.what.contains("asked in a, b, c")));
}

#[test]
fn groups_stand_for_their_members() {
    let lines = [
        "bob dev,all create pods:a:",
        "ann dev,all create pods:a:",
        "eve all create jobs.batch:a:",
        "zoe ops create pods:b:",
    ];
    let options = Options { by_group: true, ..bare() };
    let proof = check(
        &lines,
        &options,
        &[
            r#"a/least:group:all {APIGroups:[""], Resources:["pods"], Verbs:["create"]} {APIGroups:["batch"], Resources:["jobs"], Verbs:["create"]}"#,
            r#"b/least:zoe {APIGroups:[""], Resources:["pods"], Verbs:["create"]}"#,
            "a/least:group:all -> least:group:all Group all",
            "b/least:zoe -> least:zoe User zoe",
        ],
    );
    assert_eq!(proof.excess.iter().filter(|e| e.why == Why::OtherMembers).count(), 2);
}

#[test]
fn who_is_not_granted() {
    let lines = [
        "root system:masters delete nodes::n",
        "system:node:n1 system:nodes update nodes:a:n",
        "system:anonymous system:unauthenticated get /healthz",
        "bob - get secrets:a:x forbid",
        "bob - get pods:a:x RequestReceived",
        "bob system:authenticated get /version",
        "bob - watch pods:a: ResponseStarted",
        "bob - watch pods:a:",
        "bob - watch pods:a:",
    ];
    let (observed, summary) = observe(&lines, Kept::default());
    let aside = observed.aside();
    assert_eq!(
        (aside.masters.get("root"), aside.nodes, aside.anonymous, aside.undecided),
        (Some(&1), 1, 1, 1)
    );
    let options = Options::default();
    let plan = plan(&observed, &options);
    assert_eq!(plan.covered_by_defaults, 1, "everybody may ask for the version");
    assert_eq!(plan.roles.len(), 1);
    let proof = prove(&observed, &plan, &options);
    assert_eq!((proof.asked, proof.requests, proof.refused.len()), (2, 3, 0), "a watch counts once");
    let report =
        Report { summary: &summary, observed: &observed, plan: &plan, proof: &proof, comparison: None };
    let text = report.text();
    for part in ["system:masters (root)", "kubelets", "system:anonymous", "1 × bob: get secrets in a x"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert_eq!(report.value().at(&["aside", "nodes"]), &Value::Int(1));
}

#[test]
fn impersonation_is_granted_to_both() {
    let lines = [
        "proxy - list pods:a: as=ann+ops",
        "proxy - list pods:a: as=system:serviceaccount:ci:bot",
        "root system:masters list pods:a: as=ann+ops",
    ];
    check(
        &lines,
        &bare(),
        &[
            concat!(
                r#"/least:proxy {APIGroups:[""], Resources:["groups"], ResourceNames:["ops"], Verbs:["impersonate"]}"#,
                r#" {APIGroups:[""], Resources:["users"], ResourceNames:["ann"], Verbs:["impersonate"]}"#,
            ),
            r#"a/least:ci:bot-and-1-more {APIGroups:[""], Resources:["pods"], Verbs:["get" "list" "watch"]}"#,
            r#"ci/least:proxy {APIGroups:[""], Resources:["serviceaccounts"], ResourceNames:["bot"], Verbs:["impersonate"]}"#,
            "/least:proxy -> least:proxy User proxy",
            "a/least:ci:bot-and-1-more -> least:ci:bot-and-1-more ServiceAccount ci/bot, User ann",
            "ci/least:proxy -> least:proxy User proxy",
        ],
    );
}

fn objects(plan: &Plan) -> Vec<Object> {
    plan.objects().into_iter().map(|value| Object { value, origin: Origin::whole("f") }).collect()
}

#[test]
fn present_grants_beside_their_use() {
    let rbac = |kind: &str, name: &str, namespace: &str, more: Vec<(&str, Value)>| {
        let mut value = api::object! {
            "apiVersion" => "rbac.authorization.k8s.io/v1", "kind" => kind,
            "metadata" => api::object! { "name" => name, "namespace" => namespace },
        };
        more.into_iter().for_each(|(key, part)| value.set_at(&[key], part));
        Object { value, origin: Origin { source: "rbac.yaml".into(), line: 7, document: 1 } }
    };
    let subject = |kind: &str, name: &str| api::object! { "kind" => kind, "name" => name };
    let bind = |name: &str, namespace: &str, role: (&str, &str), subjects: Vec<Value>| {
        let kind = if namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
        let role = api::object! { "kind" => role.0, "name" => role.1 };
        rbac(kind, name, namespace, vec![("roleRef", role), ("subjects", subjects.into())])
    };
    let rules: Vec<Value> = [
        Rule::resources("get list delete", "-", "pods services"),
        Rule::resources("*", "apps", "*"),
        Rule::resources("get", "-", "secrets"),
    ]
    .iter()
    .map(Rule::value)
    .collect();
    let present = [
        rbac("Role", "worker", "a", vec![("rules", rules.into())]),
        bind("work", "a", ("Role", "worker"), vec![subject("User", "bob"), subject("Group", "gone")]),
        bind("idle", "b", ("ClusterRole", "edit"), vec![subject("User", "bob")]),
        bind("wide", "", ("ClusterRole", "view"), vec![subject("Group", "dev")]),
        bind("broken", "a", ("Role", "none"), vec![subject("User", "bob")]),
    ];
    let lines = ["bob dev list pods:a:", "bob dev patch deployments.apps:a:x", "ann dev get services:c:x"];
    let (observed, summary) = observe(&lines, Kept::default());
    let comparison = compare(&observed, &Policy::of(&present));
    let told: Vec<String> = comparison
        .bindings
        .iter()
        .map(|b| {
            format!(
                "{} {} {}/{} {}",
                b.binding,
                b.requests,
                b.used_rules,
                b.rules,
                b.unused_subjects.join(",")
            )
        })
        .collect();
    assert_eq!(
        told[1..],
        [
            "RoleBinding a/broken 0 0/0 User bob",
            "RoleBinding a/work 2 2/3 Group gone",
            "RoleBinding b/idle 0 0/27 User bob"
        ]
    );
    assert!(told[0].starts_with("ClusterRoleBinding wide 2 1/"), "{}", told[0]);
    let rules: Vec<(usize, bool, String, String, String)> = comparison
        .rules
        .iter()
        .map(|r| (r.number, r.unused, r.unused_verbs.join(","), r.unused_targets.join(","), r.used.join(";")))
        .collect();
    assert_eq!(
        rules,
        [
            (1, false, "get,delete".into(), "services".into(), String::new()),
            (2, false, String::new(), String::new(), "patch on deployments.apps".into()),
            (3, true, "get".into(), "secrets".into(), String::new()),
        ]
    );
    let (plan, proof) = (Plan::default(), Proof::default());
    let report = Report {
        summary: &summary,
        observed: &observed,
        plan: &plan,
        proof: &proof,
        comparison: Some(&comparison),
    };
    assert!(
        report.text().contains("RoleBinding b/idle of ClusterRole edit  [rbac.yaml:7]"),
        "{}",
        report.text()
    );
}

#[test]
fn a_plan_beside_its_own_use_is_all_used() {
    let lines = ["bob - create pods:a:", "ann - delete jobs.batch::x", "ann - get /metrics"];
    let (observed, _) = observe(&lines, Kept::EXACT);
    let options = Options { exact: true, ..bare() };
    let plan = plan(&observed, &options);
    let comparison = compare(&observed, &Policy::of(&objects(&plan)));
    assert!(comparison.bindings.is_empty() && comparison.rules.is_empty(), "{comparison:?}");
    assert_eq!(comparison.looked_at, plan.bindings.len());
}

#[test]
fn memory_is_bounded_by_distinct_questions() {
    let mut observed = Observed::new(Kept { names: 4, paths: 3 });
    let mut sink = |event: &audit::Event| observed.add(event);
    let mut reader = Reader::new(&mut sink);
    for n in 0..1000 {
        let lines = [event(&format!("bob - get pods:a:p{n}")), event(&format!("bob - get /a/{n}"))];
        reader.read("log", lines.join("\n").as_bytes());
    }
    reader.finish();
    let questions = observed.allowed();
    assert_eq!(questions.len(), 5, "three paths, those below the first segment, and pods");
    assert!(questions.iter().any(|q| q.more_names && q.names.len() == 4 && q.count == 1000));
    let options = Options { exact: true, ..bare() };
    let plan = plan(&observed, &options);
    let proof = prove(&observed, &plan, &options);
    assert!(proof.refused.is_empty());
    assert!(proof.excess.iter().any(|e| e.why == Why::PathsBelow && e.what == "get /a/*"));
}

/// A small world, so that random requests meet each other.
const USERS: [&str; 4] = ["bob", "ann", "system:serviceaccount:a:bot", "system:serviceaccount:b:bot"];
const VERBS: [&str; 4] = ["get", "list", "create", "delete"];
const RESOURCES: [&str; 4] = ["pods", "pods/log", "secrets", "jobs.batch"];
const NAMESPACES: [&str; 4] = ["", "a", "b", "c"];
const NAMES: [&str; 4] = ["", "x", "y", "z"];
const PATHS: [&str; 3] = ["/healthz", "/metrics", "/a/b"];

type Asked = (usize, usize, usize, usize, usize);

fn line(&(user, verb, resource, namespace, name): &Asked) -> String {
    let (user, verb) = (USERS[user], VERBS[verb]);
    match RESOURCES.get(resource) {
        Some(resource) => format!("{user} dev {verb} {resource}:{}:{}", NAMESPACES[namespace], NAMES[name]),
        None => format!("{user} dev {verb} {}", PATHS[resource - RESOURCES.len()]),
    }
}

/// What of a line authorization is asked for.
fn normal((user, verb, resource, namespace, name): Asked) -> Asked {
    match resource {
        4.. => (user, verb, resource, 0, 0),
        // A name that is created stands in the body.
        _ if VERBS[verb] == "create" && resource != 1 => (user, verb, resource, namespace, 0),
        _ => (user, verb, resource, namespace, name),
    }
}

fn judge(plan: &Plan) -> Union {
    let rbac = Arc::new(Rbac::new());
    rbac.batch(|batch| {
        for object in plan.objects() {
            let resource = object.str_at(&["kind"]).to_lowercase() + "s";
            batch.upsert(Kind::of_resource(&resource).unwrap(), &object);
        }
    });
    Union::new([rbac as Arc<dyn Authorizer>])
}

fn allowed(judge: &Union, &(user, verb, resource, namespace, name): &Asked) -> bool {
    let user = UserInfo::new(USERS[user], ["dev"]);
    let ask = match RESOURCES.get(resource) {
        Some(resource) => {
            let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
            Ask::Resource {
                group: group.into(),
                resource: resource.into(),
                verb: VERBS[verb].into(),
                namespace: NAMESPACES[namespace].into(),
            }
        }
        None => Ask::Path { path: PATHS[resource - RESOURCES.len()].into(), verb: VERBS[verb].into() },
    };
    ask.allowed(&user, NAMES[name], judge)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Every plan allows what was seen; an exact one nothing else.
    #[test]
    fn plans_allow_what_was_seen(
        asked in proptest::collection::vec((0..4_usize, 0..4_usize, 0..7_usize, 0..4_usize, 0..4_usize), 0..60),
        most_names in 0..4_usize,
        cluster_wide_from in proptest::option::of(1..4_usize),
        by_group: bool,
    ) {
        let lines: Vec<String> = asked.iter().map(line).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (observed, _) = observe(&lines, Kept::EXACT);
        let seen: HashSet<Asked> = asked.iter().map(|a| normal(*a)).collect();
        let sensible = Options { most_names, cluster_wide_from, by_group, ..bare() };
        let exact = Options { exact: true, ..bare() };
        for options in [&sensible, &exact] {
            let plan = plan(&observed, options);
            prop_assert_eq!(prove(&observed, &plan, options).refused, Vec::<String>::new());
            let judge = judge(&plan);
            for question in &seen {
                prop_assert!(allowed(&judge, question), "{} {:?}", line(question), told(&plan));
            }
        }
        let plan = plan(&observed, &exact);
        prop_assert!(prove(&observed, &plan, &exact).excess.is_empty());
        let judge = judge(&plan);
        for user in 0..4 {
            for (verb, resource, namespace, name) in every_question() {
                let question = (user, verb, resource, namespace, name);
                // What is granted without a name or a namespace is granted with one.
                let wider = [
                    question,
                    (user, verb, resource, namespace, 0),
                    (user, verb, resource, 0, name),
                    (user, verb, resource, 0, 0),
                ];
                let want = wider.iter().any(|w| seen.contains(w));
                prop_assert_eq!(allowed(&judge, &question), want, "{} {:?}", line(&question), told(&plan));
            }
        }
    }
}

/// Every verb, resource, namespace and name; paths have no namespace and no name.
fn every_question() -> impl Iterator<Item = (usize, usize, usize, usize)> {
    let resources = (0..4).flat_map(|r| (0..4).flat_map(move |ns| (0..4).map(move |name| (r, ns, name))));
    let paths = (4..7).map(|r| (r, 0, 0));
    let targets: Vec<_> = resources.chain(paths).collect();
    (0..4).flat_map(move |verb| targets.clone().into_iter().map(move |(r, ns, name)| (verb, r, ns, name)))
}
