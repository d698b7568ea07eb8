use super::*;
use api::{UserInfo, object};

struct Accounts(Vec<Value>);

impl World for Accounts {
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        assert_eq!((group, resource, namespace), ("", "serviceaccounts", "ns"));
        self.0.iter().find(|a| a.str_at(&["metadata", "name"]) == name).cloned()
    }

    fn list(&self, _: &str, _: &str, _: &str) -> Vec<Value> {
        Vec::new()
    }

    fn generate_name(&self, prefix: &str) -> String {
        format!("{prefix}xxxxx")
    }

    fn warn(&self, _: String) {}
}

fn yaml(text: &str) -> Value {
    codec::yaml::parse(text.as_bytes()).unwrap().value
}

fn account(name: &str, more: &str) -> Value {
    yaml(&format!(
        r#"{{"metadata":{{"name":"{name}","annotations":{{"kubernetes.io/enforce-mountable-secrets":"true"}}}}{more}}}"#
    ))
}

fn attributes<'a>(operation: Operation, subresource: &'a str, user: &'a UserInfo) -> Attributes<'a> {
    Attributes {
        operation,
        group: "",
        version: "v1",
        resource: "pods",
        subresource,
        kind: "Pod",
        namespace: "ns",
        name: "",
        user,
        dry_run: false,
        now: 0,
    }
}

/// Creates a pod with this `spec`; answers it as it became.
fn create(accounts: Vec<Value>, metadata: &str, spec: &str) -> Result<Value, String> {
    let user = UserInfo::new("u", ["g"]);
    let attributes = attributes(Operation::Create, "", &user);
    let mut pod = yaml(&format!(r#"{{"metadata":{metadata},"spec":{spec}}}"#));
    let world = Accounts(accounts);
    ServiceAccount.mutate(&attributes, &mut pod, None, &world).map_err(|e| e.message)?;
    ServiceAccount.validate(&attributes, Some(&pod), None, &world).map_err(|e| e.message)?;
    Ok(pod)
}

fn named(name: &str) -> Value {
    object! { "metadata" => object! { "name" => name } }
}

const PLAIN: &str = r#"{"containers":[{"name":"c"}]}"#;
const PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

#[test]
fn a_pod_gets_its_account_and_token() {
    let spec = format!(
        r#"{{"initContainers":[{{"name":"i"}}],"containers":[{{"name":"c"}},{{"name":"own","volumeMounts":[{{"name":"v","mountPath":"{PATH}"}}]}}]}}"#
    );
    let pod = create(vec![named("default")], r#"{"name":"p"}"#, &spec).unwrap();
    assert_eq!(pod.str_at(&["spec", "serviceAccountName"]), "default");
    assert_eq!(pod.str_at(&["spec", "serviceAccount"]), "default");
    let mount = format!(r#"[{{"name":"kube-api-access-xxxxx","readOnly":true,"mountPath":"{PATH}"}}]"#);
    let mounts =
        |list: &str, at: usize| api::json::to_string(pod.array_at(&["spec", list])[at].at(&["volumeMounts"]));
    assert_eq!(mounts("initContainers", 0), mount);
    assert_eq!(mounts("containers", 0), mount);
    assert_eq!(mounts("containers", 1), format!(r#"[{{"mountPath":"{PATH}","name":"v"}}]"#));
    assert_eq!(
        api::json::to_string(pod.at(&["spec", "volumes"])),
        r#"[{"name":"kube-api-access-xxxxx","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},{"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}}]"#
    );
}

#[test]
fn a_volume_that_is_there_is_used_again_and_one_that_nobody_needs_is_not_made() {
    let spec = r#"{"containers":[{"name":"c"}],"volumes":[{"name":"kube-api-access-old"}]}"#;
    let pod = create(vec![named("default")], "{}", spec).unwrap();
    assert_eq!(pod.array_at(&["spec", "volumes"]).len(), 1);
    let mounts = pod.array_at(&["spec", "containers"])[0].array_at(&["volumeMounts"]);
    assert_eq!(mounts[0].str_at(&["name"]), "kube-api-access-old");
    let spec =
        format!(r#"{{"containers":[{{"name":"c","volumeMounts":[{{"name":"v","mountPath":"{PATH}"}}]}}]}}"#);
    let pod = create(vec![named("default")], "{}", &spec).unwrap();
    assert!(pod.at(&["spec", "volumes"]).is_null());
}

#[test]
fn who_says_whether_a_token_is_mounted() {
    let mounted = |account: Option<bool>, pod: Option<bool>| {
        let mut default = named("default");
        if let Some(on) = account {
            default.set_at(&["automountServiceAccountToken"], on);
        }
        let pods = pod.map(|on| format!(r#""automountServiceAccountToken":{on},"#)).unwrap_or_default();
        let pod =
            create(vec![default], "{}", &format!(r#"{{{pods}"containers":[{{"name":"c"}}]}}"#)).unwrap();
        !pod.array_at(&["spec", "volumes"]).is_empty()
    };
    for (account, pod, want) in [
        (None, None, true),
        (Some(false), None, false),
        (Some(false), Some(true), true),
        (Some(true), Some(false), false),
    ] {
        assert_eq!(mounted(account, pod), want, "{account:?} {pod:?}");
    }
}

#[test]
fn accounts_that_are_not_there() {
    let why = |metadata: &str, spec: &str| create(vec![], metadata, spec).unwrap_err();
    assert_eq!(
        why(r#"{"name":"p"}"#, PLAIN),
        r#"pods "p" is forbidden: error looking up service account ns/default: serviceaccount "default" not found"#
    );
    assert_eq!(
        why(r#"{"generateName":"p-"}"#, r#"{"serviceAccountName":"x","containers":[]}"#),
        r#"pods "p-" is forbidden: error looking up service account ns/x: serviceaccount "x" not found"#
    );
}

#[test]
fn pull_secrets_come_from_the_account_unless_the_pod_has_some() {
    let mut default = named("default");
    default.set_at(&["imagePullSecrets"], vec![object! { "name" => "a" }, object! { "name" => "b" }]);
    let pulls = |spec: &str| {
        let pod = create(vec![default.clone()], "{}", spec).unwrap();
        api::json::to_string(pod.at(&["spec", "imagePullSecrets"]))
    };
    assert_eq!(pulls(PLAIN), r#"[{"name":"a"},{"name":"b"}]"#);
    assert_eq!(pulls(r#"{"containers":[],"imagePullSecrets":[{"name":"own"}]}"#), r#"[{"name":"own"}]"#);
}

#[test]
fn mirror_pods_are_left_as_they_are_and_lead_to_no_credentials() {
    let mirror = r#"{"name":"m","annotations":{"kubernetes.io/config.mirror":"x"}}"#;
    let pod = create(vec![], mirror, PLAIN).unwrap();
    assert_eq!(api::json::to_string(pod.at(&["spec"])), PLAIN);
    for (spec, why) in [
        (r#"{"serviceAccountName":"default"}"#, "a mirror pod may not reference service accounts"),
        (r#"{"imagePullSecrets":[{"name":"s"}]}"#, "a mirror pod may not reference secrets"),
        (r#"{"volumes":[{"secret":{"secretName":"s"}}]}"#, "a mirror pod may not reference secrets"),
        (
            r#"{"volumes":[{"projected":{"sources":[{"secret":{"name":"s"}}]}}]}"#,
            "a mirror pod may not reference secrets",
        ),
        (
            r#"{"containers":[{"envFrom":[{"secretRef":{"name":"s"}}]}]}"#,
            "a mirror pod may not reference secrets",
        ),
        (
            r#"{"volumes":[{"projected":{"sources":[{"serviceAccountToken":{"path":"t"}}]}}]}"#,
            "a mirror pod may not use ServiceAccountToken volume projections",
        ),
    ] {
        let got = create(vec![], mirror, spec).unwrap_err();
        assert_eq!(got, format!("pods \"m\" is forbidden: {why}"), "{spec}");
    }
}

#[test]
fn accounts_may_limit_pods_to_their_secrets() {
    let strict =
        || vec![account("default", r#","secrets":[{"name":"ok"}],"imagePullSecrets":[{"name":"pull"}]"#)];
    let good = r#"{"containers":[{"name":"c","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"ok"}}}]}],"volumes":[{"name":"v","secret":{"secretName":"ok"}}]}"#;
    assert!(create(strict(), "{}", good).is_ok());
    let because = "is not allowed because service account default does not reference that secret";
    for (spec, why) in [
        (
            r#"{"volumes":[{"name":"v","secret":{"secretName":"x"}}]}"#,
            format!("volume with secret.secretName=\"x\" {because}"),
        ),
        (
            r#"{"initContainers":[{"name":"i","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"x"}}}]}]}"#,
            format!("init container i with envVar A referencing secret.secretName=\"x\" {because}"),
        ),
        (
            r#"{"containers":[{"name":"c","envFrom":[{"secretRef":{"name":"x"}}]}]}"#,
            format!("container c with envFrom referencing secret.secretName=\"x\" {because}"),
        ),
        (
            r#"{"imagePullSecrets":[{"name":"pull"},{"name":"x"}]}"#,
            "imagePullSecrets[1].name=\"x\" is not allowed because service account default does not reference that imagePullSecret".to_owned(),
        ),
    ] {
        let got = create(strict(), r#"{"name":"p"}"#, spec).unwrap_err();
        assert_eq!(got, format!("pods \"p\" is forbidden: {why}"));
    }
}

#[test]
fn ephemeral_containers_are_limited_too() {
    let user = UserInfo::new("u", ["g"]);
    let attributes = attributes(Operation::Update, "ephemeralcontainers", &user);
    let world = Accounts(vec![account("default", "")]);
    let check = |spec: &str| {
        let pod = yaml(&format!(r#"{{"metadata":{{"name":"p"}},"spec":{spec}}}"#));
        ServiceAccount.validate(&attributes, Some(&pod), None, &world).map_err(|e| e.message)
    };
    assert!(check(r#"{"serviceAccountName":"default","ephemeralContainers":[{"name":"e"}]}"#).is_ok());
    let bad = r#"{"serviceAccountName":"default","ephemeralContainers":[{"name":"e","envFrom":[{"secretRef":{"name":"x"}}]}]}"#;
    assert!(check(bad).unwrap_err().starts_with("ephemeral container e with envFrom referencing"));
    assert!(check("{}").unwrap_err().ends_with("no service account specified for pod ns/p"));
}
