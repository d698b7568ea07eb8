use super::*;
use crate::authorizer::{ResourceTarget, Target};
use crate::builtin::AlwaysAllow;
use crate::rbac::{Rbac, Rule};
use api::object;
use api::user::SYSTEM_MASTERS;

/// Somebody with these rules.
fn bob(rules: Vec<Rule>) -> (UserInfo, Rbac) {
    let rbac = Rbac::new();
    rbac.batch(|b| {
        b.set_role(true, "", "r", rules);
        b.set_binding(crate::rbac::Binding::from_value(&object! {
            "metadata" => object! { "name" => "b" },
            "roleRef" => object! { "kind" => "ClusterRole", "name" => "r" },
            "subjects" => vec![object! { "kind" => "Group", "name" => "bobs" }],
        }));
    });
    (UserInfo::new("bob", ["bobs"]), rbac)
}

fn ask(user: &UserInfo, wanted: &UserInfo, authorizer: &dyn Authorizer) -> Result<Impersonated> {
    let pods = ResourceTarget { resource: "pods", namespace: "ns", ..ResourceTarget::default() };
    impersonate(wanted, &Attributes::of_resource(user, "list", pods), authorizer)
}

fn named(name: &str) -> UserInfo {
    UserInfo::new(name, [] as [&str; 0])
}

fn wanted(name: &str, groups: &[&str]) -> UserInfo {
    UserInfo::new(name, groups.iter().copied())
}

#[test]
fn the_first_refusal_is_the_answer() {
    let (bob, rbac) = bob(vec![]);
    let message = |name: &str| ask(&bob, &named(name), &rbac).unwrap_err().message;
    let text = |mode: &str| {
        format!(
            "pods is forbidden: User \"bob\" cannot impersonate-on:{mode}:list resource \"pods\" in API group \"\" in the namespace \"ns\""
        )
    };
    assert_eq!(message("alice"), text("user-info"));
    assert_eq!(message("system:serviceaccount:ns:sa"), text("serviceaccount"));
    assert_eq!(message("system:serviceaccount:x"), text("user-info"));
    assert_eq!(message("system:node:n1"), text("arbitrary-node"));
}

#[test]
fn legacy_rules_go_on_to_work() {
    let (bob, rbac) = bob(vec![Rule::resources("impersonate", "-", "users groups serviceaccounts")]);
    let user = |name: &str, groups: &[&str]| {
        ask(&bob, &wanted(name, groups), &rbac).map(|i| (i.user.groups, i.constraint))
    };
    let groups = |g: &[&str]| g.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>();
    assert_eq!(user("alice", &[]), Ok((groups(&["system:authenticated"]), "")));
    assert_eq!(user("alice", &["ops"]), Ok((groups(&["ops", "system:authenticated"]), "")));
    assert_eq!(user("alice", &["system:unauthenticated"]), Ok((groups(&["system:unauthenticated"]), "")));
    assert_eq!(user("system:anonymous", &[]), Ok((groups(&["system:unauthenticated"]), "")));
    assert_eq!(
        user("system:serviceaccount:ns:sa", &[]),
        Ok((groups(&["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"]), ""))
    );
    let mut with_uid = named("alice");
    with_uid.uid = "u".into();
    assert!(ask(&bob, &with_uid, &rbac).is_err());
}

#[test]
fn constrained_rules_are_about_user_and_request() {
    let on = Rule::resources("impersonate-on:user-info:list", "-", "pods");
    let users = Rule::resources("impersonate:user-info", "authentication.k8s.io", "users").named("alice");
    let (bob, rbac) = bob(vec![on, users]);
    let got = ask(&bob, &named("alice"), &rbac).unwrap();
    assert_eq!(got.constraint, "impersonate:user-info");
    let message = ask(&bob, &named("eve"), &rbac).unwrap_err().message;
    assert_eq!(
        message,
        "users.authentication.k8s.io \"eve\" is forbidden: User \"bob\" cannot impersonate:user-info resource \"users\" in API group \"authentication.k8s.io\" at the cluster scope"
    );
}

#[test]
fn masters_can_only_be_reached_the_old_way() {
    let root = wanted("root", &[SYSTEM_MASTERS]);
    assert_eq!(
        ask(&root, &wanted("alice", &["ops"]), &AlwaysAllow).unwrap().constraint,
        "impersonate:user-info"
    );
    assert_eq!(ask(&root, &wanted("alice", &[SYSTEM_MASTERS]), &AlwaysAllow).unwrap().constraint, "");
    let mut scoped = named("alice");
    scoped.extra.insert("scopes".into(), vec!["view".into()]);
    let got = ask(&root, &scoped, &AlwaysAllow).unwrap();
    assert_eq!((got.constraint, got.user.extra), ("", scoped.extra));
}

#[test]
fn many_groups_are_asked_at_once() {
    let on = Rule::resources("impersonate-on:user-info:list", "-", "pods");
    let users = Rule::resources("impersonate:user-info", "authentication.k8s.io", "users");
    let all = Rule::resources("impersonate:user-info", "authentication.k8s.io", "groups").named("*");
    let (bob, rbac) = bob(vec![on, users, all]);
    assert!(ask(&bob, &wanted("alice", &["a", "b", "c", "d"]), &rbac).is_ok());
    assert!(ask(&bob, &wanted("alice", &["a", "b", "c"]), &rbac).is_err());
}

#[test]
fn an_agent_stands_in_for_its_own_node() {
    let on = Rule::resources("impersonate-on:associated-node:list", "-", "pods");
    let nodes = Rule::resources("impersonate:associated-node", "authentication.k8s.io", "nodes").named("*");
    let (_, rbac) = bob(vec![on, nodes]);
    let mut agent = wanted("system:serviceaccount:ns:agent", &["bobs"]);
    agent.extra.insert("authentication.kubernetes.io/node-name".into(), vec!["n1".into()]);
    let got = ask(&agent, &named("system:node:n1"), &rbac).unwrap();
    assert_eq!(got.user, wanted("system:node:n1", &["system:nodes", "system:authenticated"]));
    assert_eq!(got.constraint, "impersonate:associated-node");
    assert!(ask(&agent, &named("system:node:n2"), &rbac).is_err());
}

#[test]
fn the_requests_of_others_are_asked_about() {
    let (bob, rbac) = bob(vec![
        Rule::urls("impersonate-on:user-info:get", "/healthz"),
        Rule::resources("impersonate:user-info", "authentication.k8s.io", "users"),
    ]);
    let on = |path| {
        impersonate(
            &named("alice"),
            &Attributes { user: &bob, verb: "get", target: Target::Path(path) },
            &rbac,
        )
    };
    assert!(on("/healthz").is_ok());
    assert!(on("/metrics").is_err());
}
