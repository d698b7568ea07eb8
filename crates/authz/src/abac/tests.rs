use super::*;
use crate::authorizer::ResourceTarget;

/// The five examples of the documentation, and Bob's, who can just read pods of one namespace.
const DOCUMENTED: &str = r#"
# Alice can do anything to all resources
{"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", "spec": {"user": "alice", "namespace": "*", "resource": "*", "apiGroup": "*"}}
# The kubelet can read any pods
{"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", "spec": {"user": "kubelet", "namespace": "*", "resource": "pods", "readonly": true}}
# The kubelet can read and write events
{"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", "spec": {"user": "kubelet", "namespace": "*", "resource": "events"}}
# Bob can just read pods in namespace "projectCaribou"
{"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", "spec": {"user": "bob", "namespace": "projectCaribou", "resource": "pods", "readonly": true}}
# Anyone can make read-only requests to all non-resource paths
{"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", "spec": {"group": "system:authenticated", "readonly": true, "nonResourcePath": "*"}}
{"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", "spec": {"group": "system:unauthenticated", "readonly": true, "nonResourcePath": "*"}}
"#;

fn abac(text: &str) -> Abac {
    Abac::new(Policies::parse(text).unwrap().0)
}

/// `user verb namespace group/resource` or `user verb /path`; `-` is empty.
fn allows(abac: &Abac, question: &str) -> bool {
    let words: Vec<&str> = question.split(' ').map(|w| if w == "-" { "" } else { w }).collect();
    let group =
        if words[0] == "system:anonymous" { "system:unauthenticated" } else { "system:authenticated" };
    let user = UserInfo::new(words[0], [group, "team"]);
    let target = match words[2..] {
        [path] => Target::Path(path),
        [namespace, resource] => {
            let (group, resource) = resource.split_once('/').unwrap_or(("", resource));
            Target::Resource(ResourceTarget { group, resource, namespace, ..ResourceTarget::default() })
        }
        _ => panic!("{question}"),
    };
    abac.authorize(&Attributes { user: &user, verb: words[1], target }).allowed()
}

#[test]
fn the_documented_examples() {
    let abac = abac(DOCUMENTED);
    for (want, question) in [
        (true, "bob get projectCaribou pods"),
        (true, "bob list projectCaribou pods"),
        (true, "bob watch projectCaribou pods"),
        (false, "bob create projectCaribou pods"),
        (false, "bob delete projectCaribou pods"),
        (false, "bob get projectCaribou secrets"),
        (false, "bob get projectCaribou apps/pods"),
        (false, "bob get other pods"),
        (false, "bob list - pods"),
        (true, "alice delete kube-system apps/deployments"),
        (true, "alice create - nodes"),
        (false, "alice post /logs"),
        (true, "alice get /logs"),
        (true, "kubelet list any pods"),
        (false, "kubelet update any pods"),
        (true, "kubelet create any events"),
        (true, "system:anonymous get /version"),
        (false, "system:anonymous get any pods"),
        (false, "carol get projectCaribou pods"),
    ] {
        assert_eq!(allows(&abac, question), want, "{question}");
    }
}

#[test]
fn reasons_and_rules_are_upstreams() {
    let abac = abac(DOCUMENTED);
    let bob = UserInfo::new("bob", ["system:authenticated"]);
    let verdict = abac.authorize(&Attributes { user: &bob, verb: "post", target: Target::Path("/x") });
    assert_eq!(verdict.reason.to_string(), "No policy matched.");
    let rules = abac.rules(&bob, "projectCaribou");
    let text = |list: &[Arc<Rule>]| list.iter().map(|r| r.to_string()).collect::<Vec<_>>();
    assert_eq!(
        text(&rules.resource),
        [r#"{APIGroups:[""], Resources:["pods"], Verbs:["get" "list" "watch"]}"#]
    );
    // The line about paths names no namespace, and only those of the asked namespace are listed.
    assert!(rules.non_resource.is_empty() && !rules.incomplete && rules.errors.is_empty());
    let rules = abac.rules(&UserInfo::new("alice", ["x"]), "any");
    assert_eq!(text(&rules.resource), [r#"{APIGroups:["*"], Resources:["*"], Verbs:["*"]}"#]);
}

#[test]
fn paths_and_subjects() {
    let abac = abac(
        r#"{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"a","nonResourcePath":"/logs/*"}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"b","group":"team","nonResourcePath":"/x"}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"c","group":"other","nonResourcePath":"*"}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"*","nonResourcePath":"/all"}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"nonResourcePath":"/nobody"}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"d","resource":"pods"}}"#,
    );
    for (want, question) in [
        (true, "a post /logs/"),
        (true, "a post /logs/x/y"),
        (false, "a post /logs"),
        (true, "b post /x"),
        (false, "b post /x/"),
        (false, "c post /x"),
        (true, "c post /all"),
        (false, "system:anonymous post /all"),
        (false, "a get /nobody"),
        // Upstream's comparison of two empty paths.
        (true, "d get -"),
        (false, "a get -"),
        (true, "d get - pods"),
    ] {
        assert_eq!(allows(&abac, question), want, "{question}");
    }
}

#[test]
fn the_older_form() {
    let abac = abac(
        r#"{"user":"admin"}
{"user":"scheduler","readonly":true,"resource":"pods"}
{"user":"*","resource":"events","namespace":"n"}
{"kind":"Policy","group":"team","namespace":"t"}"#,
    );
    for (want, question) in [
        (true, "admin delete any apps/deployments"),
        (true, "admin post /any"),
        (true, "scheduler list any pods"),
        (false, "scheduler create any pods"),
        (true, "scheduler get - metrics.k8s.io/pods"),
        (true, "whoever create n events"),
        (false, "whoever create m events"),
        (false, "system:anonymous create n events"),
        (true, "whoever create t secrets"),
        (false, "whoever get /any"),
    ] {
        assert_eq!(allows(&abac, question), want, "{question}");
    }
    let everybody = Policies::parse("{}").unwrap().0;
    assert_eq!(
        (everybody.list()[0].group.as_str(), everybody.list()[0].path.as_str()),
        ("system:authenticated", "*")
    );
}

#[test]
fn broken_lines_are_named() {
    let text = "# fine\n{\"user\":\"a\"}\n{\"user\":\n\n{\"user\":1}\n[]\n\
        {\"apiVersion\":\"abac.authorization.kubernetes.io/v9\",\"kind\":\"Policy\"}\n\
        {\"apiVersion\":\"abac.authorization.kubernetes.io/v1beta1\",\"kind\":\"Policy\",\"spec\":{\"readonly\":\"yes\"}}";
    let errors = Policies::parse(text).unwrap_err();
    let shown: Vec<String> = errors.iter().map(|e| format!("{}: {}", e.line, e.why)).collect();
    assert_eq!(
        shown,
        [
            "3: unexpected end of JSON input",
            "5: user: must be a string",
            "6: a policy is an object in braces",
            "7: kind `Policy` of apiVersion `abac.authorization.kubernetes.io/v9` is no policy; use kind `Policy` of \
             `abac.authorization.kubernetes.io/v1beta1`",
            "8: spec.readonly: must be true or false",
        ]
    );
    assert_eq!(errors[1].to_string(), "line 5: {\"user\":1}: user: must be a string");
}

#[test]
fn what_looks_like_a_slip_is_warned_of() {
    let text = r#"{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"a","readOnly":true}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"resource":"pods"}}"#;
    let warnings: Vec<String> = Policies::parse(text).unwrap().1.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "line 1: property `spec.readOnly` is not known and ignored",
            "line 2: names neither user nor group, so it is for nobody",
        ]
    );
}

#[test]
fn another_file_takes_over() {
    let abac = abac(r#"{"user":"a"}"#);
    assert!(allows(&abac, "a get /x") && !allows(&abac, "b get /x"));
    abac.replace(Policies::parse(r#"{"user":"b"}"#).unwrap().0);
    assert!(!allows(&abac, "a get /x") && allows(&abac, "b get /x"));
}
