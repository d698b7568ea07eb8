use api::{Value, object};

use super::of;
use crate::Cursor;

fn warnings(pod: &Value, template: bool) -> Vec<String> {
    let path = if template { "spec.template" } else { "" };
    of(&Cursor::at(path, pod), template)
}

fn spec(json: &str) -> Vec<String> {
    let text = format!("{{\"spec\":{json}}}");
    warnings(&codec::json::parse(text.as_bytes()).unwrap().value, false)
}

#[test]
fn a_plain_pod_gives_none() {
    assert_eq!(
        spec(
            r#"{"containers":[{"name":"a","env":[{"name":"A","value":"1"},{"name":"A","value":"$(A)2"}],"ports":[{"containerPort":80,"protocol":"TCP"}]}],"terminationGracePeriodSeconds":0}"#
        ),
        [""; 0]
    );
}

#[test]
fn the_spec() {
    let cases = [
        (
            r#"{"nodeSelector":{"beta.kubernetes.io/os":"linux"}}"#,
            "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
        ),
        (
            r#"{"affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"preference":{"matchExpressions":[{"key":"node-role.kubernetes.io/master","operator":"Exists"}]}}]}}}"#,
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key: \
             node-role.kubernetes.io/master is use \"node-role.kubernetes.io/control-plane\" instead",
        ),
        (
            r#"{"affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"podAffinityTerm":{"topologyKey":"a"}}]}}}"#,
            "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: \
             a null labelSelector results in matching no pod",
        ),
        (
            r#"{"topologySpreadConstraints":[{"topologyKey":"a"}]}"#,
            "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod",
        ),
        (
            r#"{"volumes":[{"name":"v","storageos":{}}]}"#,
            "spec.volumes[0].storageOS: deprecated in v1.22, non-functional in v1.25+",
        ),
        (
            r#"{"volumes":[{"name":"v","ephemeral":{"volumeClaimTemplate":{"spec":{"resources":{"requests":{"storage":"1500m"}}}}}}]}"#,
            "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value \
             \"1500m\" is invalid, must be an integer",
        ),
        (
            r#"{"hostAliases":[{"ip":"10.0.0.1"},{"ip":"10.0.0.1"}]}"#,
            "spec.hostAliases[1].ip: duplicate ip \"10.0.0.1\"",
        ),
        (r#"{"imagePullSecrets":[{}]}"#, "spec.imagePullSecrets[0].name: invalid empty name \"\""),
        (
            r#"{"overhead":{"memory":"1m"}}"#,
            "spec.overhead[memory]: fractional byte value \"1m\" is invalid, must be an integer",
        ),
        (
            r#"{"terminationGracePeriodSeconds":-1}"#,
            "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
        ),
        (
            r#"{"dnsConfig":{"nameservers":["010.0.0.1"]}}"#,
            "spec.dnsConfig.nameservers[0]: non-standard IP address \"010.0.0.1\" is invalid: use \"10.0.0.1\"",
        ),
    ];
    for (json, wanted) in cases {
        assert_eq!(spec(json), [wanted], "{json}");
    }
}

#[test]
fn containers() {
    let cases = [
        (
            r#"{"name":"a","env":[{"name":"A","value":"1"},{"name":"A","value":"2"}]}"#,
            "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply",
        ),
        (
            r#"{"name":"a","resources":{"limits":{"ephemeral-storage":"1m"}}}"#,
            "spec.containers[0].resources.limits[ephemeral-storage]: fractional byte value \"1m\" is invalid, must be an \
             integer",
        ),
        (
            r#"{"name":"a","ports":[{"containerPort":80,"protocol":"TCP","hostIP":"10.0.0.1"}]}"#,
            "spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:TCP \
             HostIP:10.0.0.1}",
        ),
        (
            r#"{"name":"a","ports":[{"containerPort":80,"protocol":"TCP"},{"containerPort":80,"protocol":"TCP"}]}"#,
            "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
        ),
        (
            r#"{"name":"a","ports":[{"containerPort":80,"protocol":"TCP"},{"containerPort":80,"hostPort":1,"protocol":"TCP"}]}"#,
            "spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]",
        ),
        (
            r#"{"name":"a","ports":[{"containerPort":80,"hostPort":1,"hostIP":"10.0.0.1","protocol":"TCP"},{"containerPort":80,"hostPort":1,"protocol":"TCP"}]}"#,
            "spec.containers[0].ports[1]: dangerously ambiguous port definition with spec.containers[0].ports[0]",
        ),
    ];
    for (json, wanted) in cases {
        assert_eq!(spec(&format!("{{\"containers\":[{json}]}}")), [wanted], "{json}");
    }
    assert_eq!(
        spec(
            r#"{"initContainers":[{"ports":[{"name":"p","containerPort":1}]}],"containers":[{"ports":[{"name":"p","containerPort":2}]}]}"#
        ),
        [
            "spec.containers[0].ports[0]: duplicate port name \"p\" with spec.initContainers[0].ports[0], services and \
             probes that select ports by name will use spec.initContainers[0].ports[0]"
        ]
    );
}

#[test]
fn paths() {
    let cases = [
        (
            r#"{"configMap":{"name":"c","items":[{"path":"a"},{"path":"a/b"}]}}"#,
            vec!["volume \"v\" (ConfigMap \"c\"): overlapping paths: \"a/b\" with \"a\""],
        ),
        (r#"{"secret":{"secretName":"s","items":[{"path":"a"},{"path":"ab"}]}}"#, vec![]),
        (
            r#"{"projected":{"sources":[{},{"serviceAccountToken":{"path":"a/"}},{"secret":{"name":"s","items":[{"path":"a"}]}}]}}"#,
            vec![
                "volume \"v\" (Projected) has no sources provided",
                "volume \"v\" (Projected): overlapping paths: \"a\" (Secret \"s\") with \"a\" (ServiceAccountToken)",
            ],
        ),
    ];
    for (json, wanted) in cases {
        let volume = json.replacen('{', "{\"name\":\"v\",", 1);
        assert_eq!(spec(&format!("{{\"volumes\":[{volume}]}}")), wanted, "{json}");
    }
}

#[test]
fn annotations_of_old() {
    let profile = "container.apparmor.security.beta.kubernetes.io/a";
    let template = object! {
        "metadata" => object! { "annotations" => object! {
            "scheduler.alpha.kubernetes.io/critical-pod" => "",
            "seccomp.security.alpha.kubernetes.io/pod" => "x",
            profile => "unconfined",
        } },
        "spec" => object! { "containers" => vec![object! { "name" => "a" }] },
    };
    let dead = "metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the \
                \"priorityClassName\" field instead";
    let seccomp = "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the \
                   \"seccompProfile\" field instead";
    let armor = format!(
        "spec.template.metadata.annotations[{profile}]: deprecated since v1.30; use the \"appArmorProfile\" field instead"
    );
    assert_eq!(warnings(&template, false), [dead, seccomp]);
    let of_template = warnings(&template, true);
    assert_eq!(of_template.len(), 3);
    assert_eq!(of_template.last(), Some(&armor));
}
