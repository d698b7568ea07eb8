//! The index against a plain scan over all objects, and the texts of its answers.

use std::collections::BTreeMap;

use api::object;
use proptest::prelude::*;

use super::*;
use crate::authorizer::{Reason, ResourceTarget, Target};
use crate::builtin::AlwaysDeny;

/// A plain scan, as slow and as simple as the words of the documentation.
#[derive(Clone, Debug, Default)]
struct Scan {
    roles: BTreeMap<(bool, String, String), Vec<Rule>>,
    bindings: BTreeMap<(String, String), Value>,
}

impl Scan {
    fn rules<'a>(&'a self, user: &'a UserInfo, namespace: &'a str) -> impl Iterator<Item = &'a [Rule]> {
        let here = move |at: &str| at.is_empty() || at == namespace;
        self.bindings.iter().filter(move |((at, _), _)| here(at)).filter_map(move |((at, _), b)| {
            let applies = b.array_at(&["subjects"]).iter().any(|s| {
                let name = s.str_at(&["name"]);
                match s.str_at(&["kind"]) {
                    "User" => name == user.name,
                    "Group" => user.groups.iter().any(|g| g == name),
                    _ => {
                        let own = s.str_at(&["namespace"]);
                        let own = if own.is_empty() { at.as_str() } else { own };
                        !own.is_empty() && format!("system:serviceaccount:{own}:{name}") == user.name
                    }
                }
            });
            let cluster = b.str_at(&["roleRef", "kind"]) == "ClusterRole";
            let role_namespace = if cluster { "" } else { at.as_str() };
            let key = (cluster, role_namespace.to_owned(), b.str_at(&["roleRef", "name"]).to_owned());
            applies.then(|| self.roles.get(&key).map(Vec::as_slice)).flatten()
        })
    }

    fn allows(&self, user: &UserInfo, verb: &str, target: Target) -> bool {
        let namespace = match target {
            Target::Resource(r) => r.namespace,
            Target::Path(_) => "",
        };
        self.rules(user, namespace).flatten().any(|r| r.allows(verb, target))
    }
}

#[derive(Clone, Debug)]
enum Op {
    SetRole(bool, String, String, Vec<Rule>),
    SetBinding(String, String, Value),
    DropRole(bool, String, String),
    DropBinding(String, String),
}

fn word(from: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(from).prop_map(str::to_owned)
}

fn words(from: &'static [&'static str], n: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(from), n).prop_map(|v| v.join(" "))
}

const RESOURCES: &[&str] =
    &["pods", "pods/log", "pods/status", "*/log", "*", "nodes", "nodes/log", "*/status"];
const URLS: &[&str] = &["/a", "/a/*", "/a/b", "*", "/é*", "/a*"];

fn rule() -> impl Strategy<Value = Rule> {
    let verbs = || words(&["get", "list", "*", "watch"], 0..3);
    let names = words(&["x", "y"], 0..2);
    prop_oneof![
        4 => (verbs(), words(&["-", "apps", "*"], 0..3), words(RESOURCES, 0..4), names)
            .prop_map(|(v, g, r, n)| Rule::resources(&v, &g, &r).named(&n)),
        1 => (verbs(), words(URLS, 0..3)).prop_map(|(v, u)| Rule::urls(&v, &u)),
        1 => (words(&["get", "list", "*"], 30..40), words(&["-", "apps"], 30..40), words(RESOURCES, 1..40))
            .prop_map(|(v, g, r)| Rule::resources(&v, &g, &r)),
        1 => Just(Rule { names: vec!["".into()], ..Rule::resources("get", "-", "pods") }),
    ]
}

fn subject() -> impl Strategy<Value = Value> {
    let kinds = word(&["User", "Group", "ServiceAccount"]);
    (kinds, word(&["a", "b"]), word(&["", "n1", "n2"])).prop_map(
        |(kind, name, namespace)| object! { "kind" => kind, "name" => name, "namespace" => namespace },
    )
}

fn op() -> impl Strategy<Value = Op> {
    let place = || prop_oneof![Just((true, String::new())), word(&["n1", "n2"]).prop_map(|n| (false, n))];
    let role_name = || (0..14u8).prop_map(|i| format!("r{i}"));
    let binding = || (word(&["", "", "", "n1", "n2"]), (0..60u8).prop_map(|i| format!("b{i}")));
    let role_kind = word(&["Role", "ClusterRole", "ClusterRole", "ClusterRole"]);
    let subjects = prop::collection::vec(subject(), 0..4);
    prop_oneof![
        3 => (place(), role_name(), prop::collection::vec(rule(), 0..4)).prop_map(|((c, ns), n, r)| Op::SetRole(c, ns, n, r)),
        6 => (binding(), role_kind, role_name(), subjects).prop_map(|((ns, n), kind, role, subjects)| {
            let b = object! {
                "metadata" => object! { "namespace" => ns.clone(), "name" => n.clone() },
                "roleRef" => object! { "kind" => kind, "name" => role },
                "subjects" => subjects,
            };
            Op::SetBinding(ns, n, b)
        }),
        1 => (place(), role_name()).prop_map(|((c, ns), n)| Op::DropRole(c, ns, n)),
        1 => binding().prop_map(|(ns, n)| Op::DropBinding(ns, n)),
    ]
}

fn apply(scan: &mut Scan, rbac: &Rbac, op: Op) {
    let role_kind = |cluster| if cluster { Kind::ClusterRole } else { Kind::Role };
    let binding_kind = |ns: &str| if ns.is_empty() { Kind::ClusterRoleBinding } else { Kind::RoleBinding };
    match op {
        Op::SetRole(cluster, ns, name, rules) => {
            let values: Vec<Value> = rules.iter().map(Rule::value).collect();
            let meta = object! { "namespace" => ns.clone(), "name" => name.clone() };
            rbac.upsert(role_kind(cluster), &object! { "metadata" => meta, "rules" => values });
            scan.roles.insert((cluster, ns, name), rules);
        }
        Op::SetBinding(ns, name, binding) => {
            rbac.upsert(binding_kind(&ns), &binding);
            scan.bindings.insert((ns, name), binding);
        }
        Op::DropRole(cluster, ns, name) => {
            rbac.remove(role_kind(cluster), &ns, &name);
            scan.roles.remove(&(cluster, ns, name));
        }
        Op::DropBinding(ns, name) => {
            rbac.remove(binding_kind(&ns), &ns, &name);
            scan.bindings.remove(&(ns, name));
        }
    }
}

fn compare(scan: &Scan, rbac: &Rbac) {
    let users = [
        UserInfo::new("a", ["b"]),
        UserInfo::new("b", ["a", "c", "a"]),
        UserInfo::new("system:serviceaccount:n1:a", ["none"]),
        UserInfo::new("system:serviceaccount:n2:b", ["b"]),
    ];
    for user in &users {
        for namespace in ["", "n1", "n2", "n3"] {
            compare_rules(scan, rbac, user, namespace);
            for verb in ["get", "watch", "put"] {
                for (resource, subresource) in
                    [("pods", ""), ("pods", "log"), ("nodes", "status"), ("x", "log"), ("x", "")]
                {
                    for (group, name) in [("", ""), ("apps", "x"), ("", "y"), ("batch", "z")] {
                        let target = ResourceTarget {
                            group,
                            resource,
                            subresource,
                            namespace,
                            name,
                            ..ResourceTarget::default()
                        };
                        compare_one(scan, rbac, user, verb, Target::Resource(target));
                    }
                }
            }
        }
        for path in ["/a", "/a/", "/a/b", "/é", "/", "", "/ab"] {
            compare_one(scan, rbac, user, "get", Target::Path(path));
        }
    }
}

fn compare_one(scan: &Scan, rbac: &Rbac, user: &UserInfo, verb: &str, target: Target) {
    let attributes = Attributes { user, verb, target };
    let verdict = rbac.authorize(&attributes);
    assert_eq!(verdict.allowed(), scan.allows(user, verb, target), "{attributes:?}");
    if let Reason::Rbac(grant) = verdict.reason {
        assert!(grant.role.rules[grant.rule].allows(verb, target), "the named rule allows {attributes:?}");
        assert!(grant.subject.is_some());
    }
}

fn compare_rules(scan: &Scan, rbac: &Rbac, user: &UserInfo, namespace: &str) {
    let mut want: Vec<String> = scan.rules(user, namespace).flatten().map(ToString::to_string).collect();
    let mut got: Vec<String> =
        rbac.snapshot().rules(user, namespace).iter().map(ToString::to_string).collect();
    want.sort();
    got.sort();
    assert_eq!(got, want);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn answers_as_a_scan_does(ops in prop::collection::vec(op(), 1..200)) {
        let (mut scan, rbac) = (Scan::default(), Rbac::new());
        for (i, op) in ops.into_iter().enumerate() {
            apply(&mut scan, &rbac, op);
            if i % 80 == 79 {
                compare(&scan, &rbac);
            }
        }
        compare(&scan, &rbac);
        for (ns, name) in scan.bindings.clone().into_keys() {
            apply(&mut scan, &rbac, Op::DropBinding(ns, name));
        }
        for (cluster, ns, name) in scan.roles.clone().into_keys() {
            apply(&mut scan, &rbac, Op::DropRole(cluster, ns, name));
        }
        prop_assert_eq!(rbac.snapshot().subjects(), 0);
        prop_assert!(rbac.snapshot().ids.is_empty());
        prop_assert_eq!(rbac.snapshot().missing, 0);
        prop_assert!(rbac.snapshot().namespaces.is_empty());
    }

    #[test]
    fn escalation_agrees_with_covering(held in prop::collection::vec(rule(), 0..4), wanted in prop::collection::vec(rule(), 0..3)) {
        let user = UserInfo::new("a", ["g"]);
        let rbac = Rbac::new();
        rbac.batch(|b| {
            b.set_role(true, "", "r", held.clone());
            b.set_binding(Binding::from_value(&bind("b", "r", object! { "kind" => "User", "name" => "a" })));
        });
        let role = object! {
            "metadata" => object! { "name" => "new" },
            "rules" => wanted.iter().map(Rule::value).collect::<Vec<_>>(),
        };
        let check = EscalationCheck { rbac: &rbac, authorizer: &AlwaysDeny };
        let allowed = check.check(Kind::ClusterRole, &user, &create("clusterroles"), &role, None).is_ok();
        prop_assert_eq!(allowed, wanted.iter().all(|w| covers_all(&held, w)));
    }
}

/// Covering as upstream defines it, permission by permission.
fn covers_all(held: &[Rule], wanted: &Rule) -> bool {
    let has = |list: &[api::Str], x: &str| list.iter().any(|y| y == "*" || y == x);
    let resource_held = |list: &[api::Str], x: &str| {
        has(list, x)
            || x.split_once('/').is_some_and(|(_, sub)| list.iter().any(|y| *y == format!("*/{sub}")))
    };
    let names: Vec<Option<&api::Str>> =
        if wanted.names.is_empty() { vec![None] } else { wanted.names.iter().map(Some).collect() };
    wanted.verbs.iter().all(|v| {
        let one = |g: &api::Str, r: &api::Str, n: Option<&api::Str>| {
            held.iter().any(|h| {
                has(&h.verbs, v)
                    && has(&h.groups, g)
                    && resource_held(&h.resources, r)
                    && (h.names.is_empty() || n.is_some_and(|n| h.names.contains(n)))
            })
        };
        let url = |u: &api::Str| {
            let covers =
                |h: &api::Str| h == u || (h.ends_with('*') && u.starts_with(h.trim_end_matches('*')));
            held.iter().any(|h| has(&h.verbs, v) && h.urls.iter().any(covers))
        };
        wanted.groups.iter().all(|g| wanted.resources.iter().all(|r| names.iter().all(|n| one(g, r, *n))))
            && wanted.urls.iter().all(url)
    })
}

fn bind(name: &str, role: &str, subject: Value) -> Value {
    object! {
        "metadata" => object! { "name" => name },
        "roleRef" => object! { "apiGroup" => GROUP, "kind" => "ClusterRole", "name" => role },
        "subjects" => vec![subject],
    }
}

fn create(resource: &str) -> api::RequestInfo {
    let path = format!("/apis/{GROUP}/v1/{resource}");
    api::RequestInfo::parse("POST", &path).unwrap()
}

fn reason(rbac: &Rbac, user: &UserInfo, namespace: &str) -> String {
    let pods = ResourceTarget { resource: "pods", namespace, ..ResourceTarget::default() };
    rbac.authorize(&Attributes::of_resource(user, "get", pods)).reason.to_string()
}

#[test]
fn reasons_read_as_upstreams() {
    let rbac = Rbac::new();
    let bob = UserInfo::new("bob", ["dev"]);
    rbac.batch(|b| {
        b.set_role(true, "", "view", vec![Rule::resources("get", "-", "pods")]);
        b.upsert(
            Kind::ClusterRoleBinding,
            &bind("b", "view", object! { "kind" => "Group", "name" => "dev" }),
        );
        let mut local = bind("local", "view", object! { "kind" => "ServiceAccount", "name" => "robot" });
        local.set_at(&["metadata", "namespace"], "ns");
        b.upsert(Kind::RoleBinding, &local);
    });
    assert_eq!(
        reason(&rbac, &bob, "ns"),
        r#"RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "view" to Group "dev""#
    );
    let robot = UserInfo::new("system:serviceaccount:ns:robot", ["x"]);
    assert_eq!(
        reason(&rbac, &robot, "ns"),
        r#"RBAC: allowed by RoleBinding "local/ns" of ClusterRole "view" to ServiceAccount "robot/ns""#
    );
    assert_eq!(reason(&rbac, &robot, "other"), "");
    rbac.remove(Kind::ClusterRole, "", "view");
    let missing = r#"RBAC: clusterrole.rbac.authorization.k8s.io "view" not found"#;
    assert_eq!(reason(&rbac, &bob, "ns"), missing);
    rbac.upsert(Kind::ClusterRoleBinding, &bind("c", "odd", object! { "kind" => "User", "name" => "bob" }));
    assert_eq!(
        reason(&rbac, &bob, ""),
        r#"RBAC: [clusterrole.rbac.authorization.k8s.io "odd" not found, clusterrole.rbac.authorization.k8s.io "view" not found]"#
    );
}

#[test]
fn a_user_with_many_roles_is_answered_from_an_index() {
    let rbac = Rbac::new();
    let bob = UserInfo::new("bob", ["dev"]);
    let can = |name: &str| {
        let target = ResourceTarget { resource: "secrets", name, ..ResourceTarget::default() };
        let verdict = rbac.authorize(&Attributes::of_resource(&bob, "get", target));
        (verdict.allowed(), verdict.reason.to_string())
    };
    for i in 0..100 {
        let rule = Rule::resources("get", "-", "secrets").named(&format!("s{i} shared"));
        rbac.batch(|b| b.set_role(true, "", &format!("r{i:02}"), vec![rule]));
        let subject = object! { "kind" => "User", "name" => "bob" };
        rbac.upsert(Kind::ClusterRoleBinding, &bind(&format!("b{i}"), &format!("r{i:02}"), subject));
    }
    assert!(can("s99").0 && !can("s100").0);
    assert!(can("shared").1.contains("ClusterRole \"r00\""));
    rbac.batch(|b| {
        b.set_role(true, "", "r99", vec![Rule::resources("*", "*", "*"), Rule::urls("get", "/*")]);
    });
    assert!(can("s100").1.contains("ClusterRole \"r99\""));
    assert!(can("s5").1.contains("ClusterRole \"r05\""), "the narrower role is named");
    rbac.remove(Kind::ClusterRole, "", "r99");
    assert!(can("s100").1.contains("\"r99\" not found"));
    for i in 0..100 {
        rbac.remove(Kind::ClusterRoleBinding, "", &format!("b{i}"));
        assert!(!can(&format!("s{i}")).0);
    }
}

#[test]
fn escalation_reads_as_upstreams() {
    let rbac = Rbac::new();
    let bob = UserInfo::new("bob", ["dev", "system:authenticated"]);
    let check = EscalationCheck { rbac: &rbac, authorizer: &AlwaysDeny };
    let role = |rules: &[Rule]| {
        object! {
            "metadata" => object! { "name" => "new" },
            "rules" => rules.iter().map(Rule::value).collect::<Vec<_>>(),
        }
    };
    let new = role(&[Rule::resources("get list", "-", "pods"), Rule::urls("get", "/x")]);
    let error = check.check(Kind::ClusterRole, &bob, &create("clusterroles"), &new, None).unwrap_err();
    assert_eq!(
        error.message,
        "clusterroles.rbac.authorization.k8s.io \"new\" is forbidden: user \"bob\" (groups=[\"dev\" \"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\" \"list\"]}\n{NonResourceURLs:[\"/x\"], Verbs:[\"get\"]}"
    );
    let binding = bind("b", "missing", object! { "kind" => "User", "name" => "bob" });
    let error = check
        .check(Kind::ClusterRoleBinding, &bob, &create("clusterrolebindings"), &binding, None)
        .unwrap_err();
    assert_eq!(error.message, "clusterrolebindings.rbac.authorization.k8s.io \"missing\" not found");
    rbac.upsert(Kind::ClusterRoleBinding, &bind("b", "gone", object! { "kind" => "User", "name" => "bob" }));
    let error = check.check(Kind::ClusterRole, &bob, &create("clusterroles"), &new, None).unwrap_err();
    assert!(
        error
            .message
            .ends_with("; resolution errors: [clusterroles.rbac.authorization.k8s.io \"gone\" not found]")
    );
    let root = UserInfo::new("root", [api::user::SYSTEM_MASTERS]);
    assert_eq!(check.check(Kind::ClusterRole, &root, &create("clusterroles"), &new, None), Ok(()));
    let mut finalized = new.clone();
    finalized.set_at(&["metadata", "finalizers"], vec!["x"]);
    assert_eq!(check.check(Kind::ClusterRole, &bob, &create("clusterroles"), &new, Some(&finalized)), Ok(()));
}

#[test]
fn bind_and_escalate_verbs_open_the_gate() {
    let rbac = Rbac::new();
    let bob = UserInfo::new("bob", ["dev"]);
    rbac.batch(|b| {
        b.set_role(true, "", "big", vec![Rule::resources("*", "*", "*")]);
        b.set_role(true, "", "may-bind", vec![Rule::resources("bind", GROUP, "clusterroles").named("big")]);
        b.upsert(
            Kind::ClusterRoleBinding,
            &bind("b", "may-bind", object! { "kind" => "User", "name" => "bob" }),
        );
    });
    let check = EscalationCheck { rbac: &rbac, authorizer: &rbac };
    let info = create("clusterrolebindings");
    let new = |role| bind("new", role, object! { "kind" => "User", "name" => "eve" });
    assert_eq!(check.check(Kind::ClusterRoleBinding, &bob, &info, &new("big"), None), Ok(()));
    assert_eq!(check.check(Kind::ClusterRoleBinding, &bob, &info, &new("may-bind"), None), Ok(()));
    rbac.batch(|b| b.set_role(true, "", "other", vec![Rule::resources("get", "-", "pods")]));
    assert!(check.check(Kind::ClusterRoleBinding, &bob, &info, &new("other"), None).is_err());
}

#[test]
fn a_permission_for_one_empty_name_does_not_cover_all_names() {
    let rbac = Rbac::new();
    let bob = UserInfo::new("bob", ["dev"]);
    let unnamed = Rule { names: vec!["".into()], ..Rule::resources("get", "-", "pods") };
    rbac.batch(|b| {
        b.set_role(true, "", "r", vec![unnamed]);
        b.upsert(Kind::ClusterRoleBinding, &bind("b", "r", object! { "kind" => "User", "name" => "bob" }));
    });
    let new = object! { "rules" => vec![Rule::resources("get", "-", "pods").value()] };
    let check = EscalationCheck { rbac: &rbac, authorizer: &AlwaysDeny };
    assert!(check.check(Kind::ClusterRole, &bob, &create("clusterroles"), &new, None).is_err());
}
