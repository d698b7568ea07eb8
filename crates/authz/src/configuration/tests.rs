use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::authorizer::Decision;
use crate::webhook::ReviewVersion;

const HEAD: &str = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n";

fn parse(rest: &str) -> Result<Configuration, String> {
    let check = |file: &str| if file == "/there" { Ok(()) } else { Err("error loading file: no".to_owned()) };
    Configuration::parse(format!("{HEAD}{rest}").as_bytes(), &check)
}

const WHOLE: &str = "
authorizers:
- type: Node
  name: node
- type: Webhook
  name: one
  webhook:
    timeout: 3s
    subjectAccessReviewVersion: v1
    failurePolicy: Deny
    matchConditionSubjectAccessReviewVersion: v1
    matchConditions:
    - expression: has(request.resourceAttributes)
    connectionInfo: {type: KubeConfigFile, kubeConfigFile: /there}
- type: RBAC
  name: rbac
- type: Webhook
  name: two.example.com
  webhook:
    timeout: 500ms
    authorizedTTL: 1m
    cacheUnauthorizedRequests: false
    subjectAccessReviewVersion: v1beta1
    failurePolicy: NoOpinion
    connectionInfo: {type: InClusterConfig}
";

#[test]
fn everything_is_read_in_order() {
    let configuration = parse(WHOLE).unwrap();
    let names: Vec<_> = configuration.authorizers.iter().map(|a| (a.of.name, a.name.as_str())).collect();
    assert_eq!(
        names,
        [("Node", "node"), ("Webhook", "one"), ("RBAC", "rbac"), ("Webhook", "two.example.com")]
    );
    let one = configuration.authorizers[1].webhook.as_ref().unwrap();
    assert_eq!((one.timeout, one.settings.on_error), (Duration::from_secs(3), Decision::Deny));
    assert_eq!((one.settings.authorized_ttl.as_secs(), one.settings.unauthorized_ttl.as_secs()), (300, 30));
    assert_eq!(one.connection, Connection::KubeConfigFile(PathBuf::from("/there")));
    let two = configuration.authorizers[3].webhook.as_ref().unwrap();
    assert_eq!((two.timeout, two.settings.on_error), (Duration::from_millis(500), Decision::NoOpinion));
    assert_eq!((two.settings.authorized_ttl.as_secs(), two.settings.unauthorized_ttl.as_secs()), (60, 0));
    assert_eq!((two.settings.version, &two.connection), (ReviewVersion::V1beta1, &Connection::InCluster));
    let ours = parse("authorizers: [{type: AccessRules, name: jit, accessRules: {objects: true}}]").unwrap();
    assert_eq!(ours.authorizers[0].access_rules, Some(Source::Objects));
    for version in ["v1beta1", "v1alpha1"] {
        let text = format!("{HEAD}{WHOLE}").replace("k8s.io/v1\n", &format!("k8s.io/{version}\n"));
        assert!(Configuration::parse(text.as_bytes(), &|_| Ok(())).is_ok());
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let why = parse(
        "
authorizers:
- {type: Foo}
- {name: x}
- {type: RBAC, name: Rbac!}
- {type: RBAC, name: rbac}
- {type: Webhook, name: w}
- type: Node
  name: w
  webhook: {}
- type: Webhook
  name: v
  webhook:
    timeout: 31s
    authorizedTTL: -1s
    unauthorizedTTL: -1s
    subjectAccessReviewVersion: v2
    failurePolicy: Maybe
    matchConditions: [{expression: request.user}]
    connectionInfo: {type: KubeConfigFile, kubeConfigFile: here}
- type: Webhook
  name: u
  webhook:
    matchConditionSubjectAccessReviewVersion: v1beta1
    connectionInfo: {type: InClusterConfig, kubeConfigFile: /gone}
- type: Webhook
  name: t
  webhook: {timeout: 1s, subjectAccessReviewVersion: v1, failurePolicy: Deny, connectionInfo: {type: KubeConfigFile, kubeConfigFile: /gone}}
",
    )
    .unwrap_err();
    for expected in [
        "authorizers[0].type: Unsupported value: \"Foo\": supported values: \"ABAC\", \"AccessRules\", \"AlwaysAllow\", \"AlwaysDeny\", \"Node\", \"RBAC\", \"Webhook\"",
        "authorizers[1].type: Required value",
        "authorizers[2].name: Invalid value: \"Rbac!\": authorizer name is invalid: a lowercase RFC 1123 subdomain",
        "authorizers[3].type: Duplicate value: \"RBAC\"",
        "authorizers[4].webhook: Required value: required when type=Webhook",
        "authorizers[5].name: Duplicate value: \"w\"",
        "authorizers[5].webhook: Invalid value: \"non-null\": may only be specified when type=Webhook",
        "authorizers[6].timeout: Invalid value: \"31s\": must be > 0s and <= 30s",
        "authorizers[6].authorizedTTL: Invalid value: \"-1s\": must be > 0s",
        "authorizers[6].unauthorizedTTL: Invalid value: \"-1s\": must be > 0s",
        "authorizers[6].subjectAccessReviewVersion: Unsupported value: \"v2\": supported values: \"v1\", \"v1beta1\"",
        "authorizers[6].matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified",
        "authorizers[6].failurePolicy: Unsupported value: \"Maybe\": supported values: \"NoOpinion\", \"Deny\"",
        "authorizers[6].connectionInfo.kubeConfigFile: Invalid value: \"here\": must be an absolute path",
        "authorizers[6].matchConditions[0].expression: Invalid value: \"request.user\": must evaluate to bool but got string",
        "authorizers[7].timeout: Required value",
        "authorizers[7].subjectAccessReviewVersion: Required value",
        "authorizers[7].matchConditionSubjectAccessReviewVersion: Unsupported value: \"v1beta1\": supported values: \"v1\"",
        "authorizers[7].failurePolicy: Required value",
        "authorizers[7].connectionInfo.kubeConfigFile: Invalid value: \"/gone\": can only be set when type=KubeConfigFile",
        "authorizers[8].connectionInfo.kubeConfigFile: Invalid value: \"/gone\": error loading file: no",
    ] {
        assert!(why.contains(expected), "{expected}\n{why}");
    }
    assert_eq!(
        parse("authorizers: []").unwrap_err(),
        "authorizers: Required value: at least one authorization mode must be defined"
    );
}

#[test]
fn files_are_read_strictly() {
    for (text, expected) in [
        ("authorizers: [{type: RBAC, name: rbac, nope: 1}]", "unknown field \"authorizers[0].nope\""),
        ("authorizers: [{type: RBAC, name: rbac}]\nauthorizers: []", "already set in map"),
        ("authorizers: [", "yaml: line"),
        ("authorizers: 1", "cannot unmarshal number"),
        ("authorizers: [{type: Webhook, name: a, webhook: {timeout: soon}}]", "time: invalid duration"),
    ] {
        let why = parse(text).unwrap_err();
        assert!(why.starts_with("failed to load AuthorizationConfiguration from file: "), "{why}");
        assert!(why.contains(expected), "{why}");
    }
    assert_eq!(
        parse("authorizers: [{type: RBAC, name: mine}]").unwrap_err(),
        "expected name rbac for authorizer RBAC instead of mine"
    );
}

#[test]
fn what_is_fed_stays_over_reloads() {
    let of = |types: &[&str]| {
        let items: Vec<String> =
            types.iter().map(|t| format!("- {{type: {t}, name: {}}}", t.to_ascii_lowercase())).collect();
        parse(&format!("authorizers:\n{}", items.join("\n"))).unwrap()
    };
    let first = of(&["RBAC", "Node"]);
    assert_eq!(of(&["Node", "RBAC", "AlwaysAllow"]).check_types(&first), Ok(()));
    assert_eq!(of(&["AlwaysDeny"]).check_types(&first).unwrap_err(), "missing required types: [Node RBAC]");
    assert_eq!(
        of(&["Node", "RBAC", "ABAC"]).check_types(&first).unwrap_err(),
        "authorizer type ABAC is not allowed if it was not enabled at initial server startup"
    );
}
