//! Authorization by files and by rules of ours: the documented ABAC example, files that change and that break, rules
//! that are objects.

use e2e::{Server, Session, wait_for};

/// The documentation's Bob, who can just read pods of one namespace.
const BOB: &str = r#"{"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", "spec": {"user": "bob", "namespace": "projectCaribou", "resource": "pods", "readonly": true}}"#;

const FREEZE: &str = "\
apiVersion: authz.sumun.io/v1alpha1
kind: AccessRule
metadata: {name: freeze}
spec:
  effect: Deny
  match: [{verbs: [delete], resources: [configmaps]}]
  conditions: [{expression: \"!('oncall' in request.groups)\"}]
  reason: nothing is deleted before Monday
";

fn refused(session: &Session, files: &str) -> bool {
    let metrics = session.expect("kubectl get --raw /metrics");
    metrics.contains(&format!("sumun_file_reloads_total{{files=\"{files}\",result=\"refused\"}} 1\n"))
}

#[test]
fn a_policy_file_is_read_again_and_a_broken_one_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.jsonl");
    std::fs::write(&file, format!("# Bob\n{BOB}\n")).unwrap();
    let policy = format!("--authorization-policy-file={}", file.display());
    let mut server = Server::start(&["--authorization-mode=ABAC,RBAC", &policy, "--reload-interval=50ms"]);
    let admin = Session::admin(&server);
    let may = |user: &str, what: &str| {
        admin.run(&format!("kubectl --as={user} auth can-i {what} -n projectCaribou")).code == Some(0)
    };
    assert!(may("bob", "get pods") && may("bob", "list pods"));
    assert!(!may("bob", "create pods") && !may("bob", "get secrets") && !may("alice", "get pods"));
    std::fs::write(&file, format!("{BOB}\n{}\n", BOB.replace("\"bob\"", "\"alice\""))).unwrap();
    wait_for("Alice to be let in", || may("alice", "get pods").then_some(()));
    std::fs::write(&file, format!("{BOB}\n{{\"user\": 1}}\n")).unwrap();
    wait_for("a refusal", || refused(&admin, "authorization-policy-file").then_some(()));
    assert!(may("alice", "get pods"), "the last good file is in force");
    let output = server.stop();
    let line = format!(
        "error reading policy file {}, line 2: {{\"user\": 1}}: user: must be a string",
        file.display()
    );
    assert!(output.stderr.contains(&line), "{output:?}");
}

#[test]
fn access_rules_of_a_file_deny_what_roles_allow() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, FREEZE).unwrap();
    let rules = format!("--access-rules-file={}", file.display());
    let mut server =
        Server::start(&["--authorization-mode=AccessRules,RBAC", &rules, "--reload-interval=50ms"]);
    let admin = Session::admin(&server);
    admin.expect("kubectl create clusterrolebinding jane --clusterrole=cluster-admin --user=jane");
    admin.expect("kubectl create configmap x");
    let denied = admin.run("kubectl --as=jane delete configmap x");
    assert_eq!(
        denied.stderr,
        "Error from server (Forbidden): configmaps \"x\" is forbidden: User \"jane\" cannot delete resource \
         \"configmaps\" in API group \"\" in the namespace \"default\": denied by access rule \"freeze\": nothing is \
         deleted before Monday\n"
    );
    std::fs::write(&file, FREEZE.replace("effect: Deny", "effect: Forbid")).unwrap();
    wait_for("a refusal", || refused(&admin, "access-rules").then_some(()));
    assert_eq!(admin.run("kubectl --as=jane delete configmap x").code, Some(1));
    admin.expect("kubectl --as=jane --as-group=oncall delete configmap x");
    let output = server.stop();
    let line = format!("{}: line 5: access rule `freeze`: spec.effect: Unsupported value", file.display());
    assert!(output.stderr.contains(&line), "{output:?}");
}

#[test]
fn access_rules_may_be_objects() {
    let server = Server::start(&["--authorization-mode=AccessRules,RBAC"]);
    let admin = Session::admin(&server);
    admin.write("freeze.yaml", FREEZE);
    admin.write("bad.yaml", &FREEZE.replace("request.groups", "request.group").replace("freeze", "bad"));
    admin.expect("kubectl create clusterrolebinding jane --clusterrole=cluster-admin --user=jane");
    admin.expect("kubectl create configmap x");
    admin.expect("kubectl apply -f freeze.yaml");
    let bad = admin.run("kubectl apply -f bad.yaml");
    assert!(bad.stderr.contains("undefined field 'group'"), "{bad:?}");
    let table = admin.expect("kubectl get accessrules");
    assert!(table.starts_with("NAME     EFFECT   UNTIL    REASON"), "{table}");
    // A rule counts as soon as it is there, and no longer than it is there.
    assert_eq!(admin.run("kubectl --as=jane delete configmap x").code, Some(1));
    assert_eq!(admin.run("kubectl --as=jane auth can-i delete configmaps").code, Some(1));
    admin.expect("kubectl delete accessrule freeze");
    admin.expect("kubectl --as=jane delete configmap x");
}

#[test]
fn others_do_not_see_our_kinds() {
    let groups = Session::admin(&crate::support::SHARED).expect("kubectl get --raw /apis");
    assert!(!groups.contains("authz.sumun.io"), "{groups}");
}

#[test]
fn flags_that_do_not_go_together_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let told = |flags: &[&str]| {
        let mut command = std::process::Command::new(e2e::sumun());
        command
            .args(["serve", "--bind-address=127.0.0.1", "--secure-port=0", "--data-dir"])
            .arg(&data)
            .args(flags);
        e2e::run(&mut command, e2e::PATIENCE).stderr
    };
    let missing = told(&["--authorization-mode=ABAC"]);
    assert!(missing.contains("authorization-mode ABAC's authorization policy file not passed"), "{missing}");
    let useless = told(&["--authorization-policy-file=x"]);
    assert!(useless.contains("cannot specify --authorization-policy-file without mode ABAC"), "{useless}");
}
