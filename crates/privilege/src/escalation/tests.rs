//! Each technique with what it needs, and without each part of it.

use api::{Value, object};
use authz::rbac::Rule;
use evidence::{Object, Origin};

use super::*;

/// Where, verbs, groups, resources, names; lists separated by spaces.
type Grant = (&'static str, &'static str, &'static str, &'static str, &'static str);

const RBAC: &str = "rbac.authorization.k8s.io";

fn made(kind: &str, namespace: &str, name: &str) -> Value {
    let version = match kind {
        "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding" => "rbac.authorization.k8s.io/v1",
        _ => "v1",
    };
    let mut value = object! { "apiVersion" => version, "kind" => kind };
    value.set_at(&["metadata", "name"], name);
    if !namespace.is_empty() {
        value.set_at(&["metadata", "namespace"], namespace);
    }
    value
}

fn bind(namespace: &str, name: &str, role: (&str, &str), subject: Value) -> Value {
    let kind = if namespace.is_empty() { "ClusterRoleBinding" } else { "RoleBinding" };
    let mut binding = made(kind, namespace, name);
    binding.set_at(&["roleRef"], object! { "apiGroup" => RBAC, "kind" => role.0, "name" => role.1 });
    binding.set_at(&["subjects"], vec![subject]);
    binding
}

fn user(name: &str) -> Value {
    object! { "kind" => "User", "name" => name }
}

fn group(name: &str) -> Value {
    object! { "kind" => "Group", "name" => name }
}

fn account(namespace: &str, name: &str) -> Value {
    object! { "kind" => "ServiceAccount", "name" => name, "namespace" => namespace }
}

/// A role with one rule and its binding, for each grant.
fn grants(who: &str, subject: &Value, grants: &[Grant]) -> Vec<Value> {
    let both = grants.iter().enumerate().flat_map(|(at, (place, verbs, groups, resources, names))| {
        let kind = if place.is_empty() { "ClusterRole" } else { "Role" };
        let name = format!("{who}-{at}");
        let mut role = made(kind, place, &name);
        role.set_at(&["rules"], vec![Rule::resources(verbs, groups, resources).named(names).value()]);
        [role, bind(place, &name, (kind, &name), subject.clone())]
    });
    both.collect()
}

/// A cluster in which `ops/boss` is cluster-admin, with all that a technique may go over.
fn cluster() -> Vec<Value> {
    let mut pod = made("Pod", "ops", "web");
    pod.set_at(&["spec", "serviceAccountName"], "boss");
    pod.set_at(&["spec", "nodeName"], "n1");
    let mut done = made("Pod", "dev", "done");
    done.set_at(&["spec", "serviceAccountName"], "boss");
    done.set_at(&["status", "phase"], "Succeeded");
    let mut secret = made("Secret", "ops", "boss-token");
    secret.set_at(&["type"], "kubernetes.io/service-account-token");
    secret.set_at(&["metadata", "annotations"], object! { "kubernetes.io/service-account.name" => "boss" });
    let mut guarded = made("Namespace", "", "guarded");
    guarded.set_at(&["metadata", "labels"], object! { "pod-security.kubernetes.io/enforce" => "restricted" });
    vec![
        bind("", "boss", ("ClusterRole", "cluster-admin"), account("ops", "boss")),
        bind("", "root", ("ClusterRole", "cluster-admin"), user("root")),
        bind("", "admins", ("ClusterRole", "cluster-admin"), group("admins")),
        made("ServiceAccount", "ops", "boss"),
        made("ServiceAccount", "dev", "default"),
        pod,
        done,
        secret,
        guarded,
        made("Namespace", "", "ops"),
        made("Namespace", "", "dev"),
        made("Node", "", "n1"),
        made("ConfigMap", "kube-system", "aws-auth"),
    ]
}

fn search(values: Vec<Value>, options: Options) -> Findings {
    let origin = |line| Origin { source: "all.yaml".into(), line, document: 1 };
    let objects: Vec<Object> =
        (1..).zip(values).map(|(line, value)| Object { value, origin: origin(line) }).collect();
    find(&World::of(&objects), options)
}

/// The techniques by which Bob's first step may go, the nearest first; none when he cannot get there.
fn ways(extra: &[Value], given: &[Grant]) -> Vec<&'static str> {
    let mut values = cluster();
    values.extend(extra.iter().cloned());
    values.extend(grants("bob", &user("bob"), given));
    let findings = search(values, Options::default());
    let path = findings.paths.iter().find(|p| p.who == Principal::User("bob".into()));
    path.map(|p| p.steps.iter().take(1).map(|s| s.technique.id).chain(p.also.iter().copied()).collect())
        .unwrap_or_default()
}

/// Every technique with just what it needs, a grant a need, and what must stand beside.
fn rows() -> Vec<(&'static str, Vec<Grant>, Vec<Value>)> {
    let holds = |namespace: &str| vec![bind(namespace, "held", ("ClusterRole", "view"), user("bob"))];
    let csr: [Grant; 2] = [
        ("", "create", "certificates.k8s.io", "certificatesigningrequests", ""),
        ("", "patch", "certificates.k8s.io", "certificatesigningrequests/approval", ""),
    ];
    let approve = |signer| ("", "approve", "certificates.k8s.io", "signers", signer);
    let admission = "admissionregistration.k8s.io";
    vec![
        (
            "escalate-cluster-role",
            vec![
                ("", "escalate", RBAC, "clusterroles", "view"),
                ("", "update", RBAC, "clusterroles", "view"),
            ],
            holds(""),
        ),
        (
            "escalate-aggregated-role",
            vec![("", "escalate", RBAC, "clusterroles", ""), ("", "create", RBAC, "clusterroles", "")],
            holds(""),
        ),
        (
            "escalate-role",
            vec![("ops", "escalate", RBAC, "roles", ""), ("ops", "patch", RBAC, "roles", "")],
            vec![],
        ),
        (
            "escalate-cluster-role-in-namespace",
            vec![("", "escalate", RBAC, "clusterroles", "view"), ("", "patch", RBAC, "clusterroles", "view")],
            holds("ops"),
        ),
        (
            "bind-cluster-role",
            vec![
                ("", "bind", RBAC, "clusterroles", "cluster-admin"),
                ("", "create", RBAC, "clusterrolebindings", ""),
            ],
            vec![],
        ),
        (
            "join-admin-binding",
            vec![
                ("", "bind", RBAC, "clusterroles", "cluster-admin"),
                ("", "patch", RBAC, "clusterrolebindings", "boss"),
            ],
            vec![],
        ),
        (
            "bind-in-namespace",
            vec![("ops", "bind", RBAC, "clusterroles", "edit"), ("ops", "create", RBAC, "rolebindings", "")],
            vec![],
        ),
        (
            "impersonate-group",
            vec![("", "impersonate", "-", "groups", "admins"), ("", "impersonate", "-", "users", "nobody")],
            vec![],
        ),
        ("impersonate-user", vec![("", "impersonate", "-", "users", "root")], vec![]),
        ("impersonate-account", vec![("ops", "impersonate", "-", "serviceaccounts", "boss")], vec![]),
        ("request-token", vec![("ops", "create", "-", "serviceaccounts/token", "boss")], vec![]),
        ("read-token-secret", vec![("ops", "get", "-", "secrets", "boss-token")], vec![]),
        (
            "make-token-secret",
            vec![("ops", "create", "-", "secrets", ""), ("ops", "list", "-", "secrets", "")],
            vec![],
        ),
        ("create-pod", vec![("ops", "create", "-", "pods", "")], vec![]),
        ("write-workload", vec![("ops", "patch", "apps", "deployments", "")], vec![]),
        ("write-workload", vec![("ops", "create", "batch", "cronjobs", "")], vec![]),
        ("exec", vec![("ops", "create", "-", "pods/exec", "web")], vec![]),
        ("exec", vec![("ops", "get", "-", "pods/attach", "")], vec![]),
        ("ephemeral-container", vec![("ops", "patch", "-", "pods/ephemeralcontainers", "web")], vec![]),
        ("change-pod", vec![("ops", "update", "-", "pods", "web")], vec![]),
        ("nodes-proxy", vec![("", "get", "-", "nodes/proxy", "n1")], vec![]),
        ("privileged-pod", vec![("dev", "create", "-", "pods", "")], vec![]),
        (
            "unguard-namespace",
            vec![("guarded", "create", "-", "pods", ""), ("guarded", "patch", "-", "namespaces", "guarded")],
            vec![],
        ),
        (
            "host-path-volume",
            vec![
                ("", "create", "-", "persistentvolumes", ""),
                ("guarded", "create", "-", "persistentvolumeclaims", ""),
                ("guarded", "create", "-", "pods", ""),
            ],
            vec![],
        ),
        (
            "sign-client-certificate",
            [&csr[..], &[approve("kubernetes.io/kube-apiserver-client")]].concat(),
            vec![],
        ),
        (
            "sign-node-certificate",
            [&csr[..], &[approve("kubernetes.io/kube-apiserver-client-kubelet")]].concat(),
            vec![],
        ),
        ("mutating-webhook", vec![("", "create", admission, "mutatingwebhookconfigurations", "")], vec![]),
        ("validating-webhook", vec![("", "patch", admission, "validatingwebhookconfigurations", "")], vec![]),
        (
            "mutating-policy",
            vec![
                ("", "create", admission, "mutatingadmissionpolicies", ""),
                ("", "create", admission, "mutatingadmissionpolicybindings", ""),
            ],
            vec![],
        ),
        ("api-service", vec![("", "update", "apiregistration.k8s.io", "apiservices", "")], vec![]),
        ("aws-auth", vec![("kube-system", "update", "-", "configmaps", "aws-auth")], vec![]),
        (
            "crd-conversion",
            vec![("", "patch", "apiextensions.k8s.io", "customresourcedefinitions", "")],
            vec![],
        ),
    ]
}

#[test]
fn each_technique_works_with_just_what_it_needs() {
    for (id, given, extra) in rows() {
        assert!(ways(&extra, &given).contains(&id), "{id}: {:?}", ways(&extra, &given));
        for at in 0..given.len() {
            let mut less = given.clone();
            less.remove(at);
            assert!(!ways(&extra, &less).contains(&id), "{id} without {:?}", given[at]);
        }
    }
    let steer = TECHNIQUES.iter().filter(|t| t.id != "steer-pod");
    let tried: Vec<&str> = rows().iter().map(|(id, ..)| *id).collect();
    for technique in steer {
        assert!(tried.contains(&technique.id), "{} is not tried", technique.id);
    }
}

#[test]
fn what_leads_nowhere() {
    let nothing: &[&[Grant]] = &[
        // Roles and bindings may be written, but not beyond what one holds.
        &[(
            "",
            "create update patch delete",
            RBAC,
            "roles clusterroles rolebindings clusterrolebindings",
            "",
        )],
        &[("", "escalate bind", RBAC, "clusterroles", "")],
        // Other names, other places.
        &[("", "bind", RBAC, "clusterroles", "view"), ("", "create", RBAC, "clusterrolebindings", "")],
        &[("ops", "create", "-", "serviceaccounts/token", "other")],
        &[("dev", "create", "-", "serviceaccounts/token", "")],
        &[("ops", "create", "-", "pods/exec", "other")],
        &[("dev", "create", "-", "pods/exec", "done")],
        &[("ops", "get", "-", "secrets", "other")],
        &[("dev", "get list watch", "-", "secrets", "")],
        &[("guarded", "create", "-", "pods", "")],
        &[("guarded", "create update patch", "apps", "deployments", "")],
        &[("default", "update", "-", "configmaps", "aws-auth")],
        &[("", "get", "-", "nodes/proxy", "n2")],
        // Half of what is needed, or something that only sounds like it.
        &[("", "impersonate", "authentication.k8s.io", "uids userextras/scopes", "")],
        &[("", "impersonate", "-", "groups", "system:masters")],
        &[("", "sign", "certificates.k8s.io", "signers", "kubernetes.io/kube-apiserver-client")],
        &[("", "*", "admissionregistration.k8s.io", "validatingadmissionpolicies", "")],
        &[("", "update patch", "-", "nodes nodes/status", "")],
        &[("", "get list watch", "-", "pods nodes namespaces serviceaccounts pods/log", "")],
        &[("ops", "get list watch delete", "*", "pods deployments jobs", "")],
    ];
    for given in nothing {
        assert_eq!(ways(&[], given), Vec::<&str>::new(), "{given:?}");
    }
}

#[test]
fn who_runs_on_a_node_may_steer_pods_to_it() {
    let given: [Grant; 2] = [("", "patch", "-", "nodes/status", ""), ("", "delete", "-", "pods", "")];
    let mut pod = made("Pod", "dev", "agent");
    pod.set_at(&["spec", "serviceAccountName"], "agent");
    pod.set_at(&["spec", "nodeName"], "n1");
    let reached = |with_pod: bool| {
        let mut values = cluster();
        values.extend(with_pod.then(|| pod.clone()));
        values.extend(grants("agent", &account("dev", "agent"), &given));
        let findings = search(values, Options::default());
        findings.paths.into_iter().map(|p| (p.steps[0].technique.id, p.who.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(reached(true), [("steer-pod", "ServiceAccount dev/agent".to_owned())]);
    assert_eq!(reached(false), []);
}

#[test]
fn what_every_cluster_starts_with_is_shown_on_request_only() {
    let quiet = search(cluster(), Options::default());
    assert_eq!(quiet.paths.len(), 0, "{}", text(&quiet));
    assert!(quiet.stock > 3);
    let admins: Vec<String> = quiet.admins.iter().map(|(who, _)| who.to_string()).collect();
    assert_eq!(admins, ["User root", "Group admins", "ServiceAccount ops/boss"]);
    let all = search(cluster(), Options { stock: true });
    assert_eq!((all.paths.len(), all.stock), (quiet.stock, 0));
    let aggregation = "ServiceAccount kube-system/clusterrole-aggregation-controller";
    assert!(all.paths.iter().any(|p| p.who.to_string() == aggregation
        && p.steps.len() == 1
        && p.steps[0].technique.id == "escalate-cluster-role"));
}

#[test]
fn groups_speak_for_their_members() {
    let mut values = cluster();
    let everybody = group("system:serviceaccounts:dev");
    values.extend(grants("g", &everybody, &[("ops", "create", "-", "pods/exec", "")]));
    let findings = search(values, Options::default());
    let told: Vec<(String, usize)> = findings.paths.iter().map(|p| (p.who.to_string(), p.members)).collect();
    assert_eq!(told, [("Group system:serviceaccounts:dev".to_owned(), 1)]);
}

#[test]
fn control_plane_nodes_are_the_whole_cluster() {
    let given: [Grant; 1] = [("dev", "create", "-", "pods", "")];
    let mut node = made("Node", "", "cp");
    node.set_at(&["metadata", "labels"], object! { "node-role.kubernetes.io/control-plane" => "" });
    let mut values = cluster();
    values.push(node);
    values.extend(grants("bob", &user("bob"), &given));
    let findings = search(values, Options::default());
    let path = &findings.paths[0];
    assert_eq!((path.steps.len(), path.steps[0].technique.id), (1, "privileged-pod"));
    assert!(path.arrival.is_none());
}

#[test]
fn the_shortest_way_step_by_step() {
    let mut values = cluster();
    values.push(made("ServiceAccount", "build", "ci"));
    values.extend(grants("bob", &user("bob"), &[("build", "create", "-", "pods", "")]));
    values.extend(grants(
        "ci",
        &account("build", "ci"),
        &[("ops", "create", "-", "serviceaccounts/token", "boss")],
    ));
    let findings = search(values, Options::default());
    let steps: Vec<(String, usize)> =
        findings.paths.iter().map(|p| (p.who.to_string(), p.steps.len())).collect();
    assert_eq!(steps, [("ServiceAccount build/ci".to_owned(), 1), ("User bob".to_owned(), 2)]);
    let text = text(&findings);
    let block = text.split("\n\n").find(|b| b.starts_with("User bob")).unwrap();
    assert_eq!(
        block,
        r#"User bob can become cluster-admin in 2 steps
  1. User bob runs a pod as ServiceAccount build/ci  [create-pod]
      may create pods in build
        by RoleBinding "bob-0/build" of Role "bob-0" to User "bob" [all.yaml:16]
        rule {APIGroups:[""], Resources:["pods"], Verbs:["create"]} [all.yaml:15]
  2. ServiceAccount build/ci asks for a token of ServiceAccount ops/boss  [request-token]
      may create serviceaccounts/token boss in ops
        by RoleBinding "ci-0/ops" of Role "ci-0" to ServiceAccount "ci/build" [all.yaml:18]
        rule {APIGroups:[""], Resources:["serviceaccounts/token"], ResourceNames:["boss"], Verbs:["create"]} [all.yaml:17]
  => ServiceAccount ops/boss is cluster-admin by ClusterRoleBinding "boss" of ClusterRole "cluster-admin" to ServiceAccount "boss/ops" [all.yaml:1], rule {APIGroups:["*"], Resources:["*"], Verbs:["*"]} [built in]"#
    );
    let value = value(&findings);
    assert_eq!(value.array_at(&["paths"])[1].array_at(&["steps"])[1].str_at(&["technique"]), "request-token");
    assert_eq!(value.array_at(&["paths"])[1].str_at(&["arrival", "who", "name"]), "boss");
}
