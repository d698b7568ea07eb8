use api::{Value, json};

use super::*;
use crate::{canonicalize, kind};

fn decode(gvk: &str, body: &str) -> (Value, Result<Findings, TypeError>) {
    let (group_version, name) = gvk.rsplit_once('/').unwrap();
    let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
    let mut value = codec::json::parse(body.as_bytes()).unwrap().value;
    let result = coerce(&mut value, kind(group, version, name).unwrap());
    (value, result)
}

#[track_caller]
fn fails(gvk: &str, body: &str, text: &str) {
    assert_eq!(decode(gvk, body).1.map_err(|e| e.to_string()), Err(text.to_owned()), "{body}");
}

#[track_caller]
fn becomes(gvk: &str, body: &str, expect: &str) {
    let (value, result) = decode(gvk, body);
    assert_eq!(result, Ok(Findings::default()), "{body}");
    assert_eq!(json::to_string(&value), expect);
}

#[test]
fn wrong_types_are_named_as_go_names_them() {
    for (gvk, body, what) in [
        ("v1/ConfigMap", "[]", "array into Go value of type v1.ConfigMap"),
        (
            "v1/ConfigMap",
            r#"{"data":"x"}"#,
            "string into Go struct field ConfigMap.data of type map[string]string",
        ),
        ("v1/ConfigMap", r#"{"data":{"a":1}}"#, "number into Go struct field ConfigMap.data of type string"),
        (
            "v1/ConfigMap",
            r#"{"kind":1}"#,
            "number into Go struct field ConfigMap.TypeMeta.kind of type string",
        ),
        (
            "v1/ConfigMap",
            r#"{"metadata":{"name":{}}}"#,
            "object into Go struct field ObjectMeta.metadata.name of type string",
        ),
        ("v1/Secret", r#"{"data":{"a":1}}"#, "number into Go struct field Secret.data of type []uint8"),
        (
            "v1/Secret",
            r#"{"data":{"a":[1,256]}}"#,
            "number 256 into Go struct field Secret.data of type uint8",
        ),
        (
            "v1/Pod",
            r#"{"spec":{"containers":{}}}"#,
            "object into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            "v1/Pod",
            r#"{"spec":{"containers":[1]}}"#,
            "number into Go struct field PodSpec.spec.containers of type v1.Container",
        ),
        (
            "v1/Pod",
            r#"{"spec":{"containers":[{"imagePullPolicy":true}]}}"#,
            "bool into Go struct field Container.spec.containers.imagePullPolicy of type v1.PullPolicy",
        ),
        (
            "v1/Pod",
            r#"{"spec":{"containers":[{"ports":[{"containerPort":3000000000}]}]}}"#,
            "number 3000000000 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
        ),
        (
            "v1/Pod",
            r#"{"spec":{"priority":1.5}}"#,
            "number 1.5 into Go struct field PodSpec.spec.priority of type int32",
        ),
        (
            "v1/Pod",
            r#"{"spec":{"priority":"1"}}"#,
            "string into Go struct field PodSpec.spec.priority of type int32",
        ),
        (
            "v1/Pod",
            r#"{"spec":{"containers":[{"resources":{"limits":5}}]}}"#,
            "number into Go struct field ResourceRequirements.spec.containers.resources.limits of type v1.ResourceList",
        ),
        (
            "v1/Pod",
            r#"{"spec":{"volumes":[{"emptyDir":5}]}}"#,
            "number into Go struct field Volume.spec.volumes.VolumeSource.emptyDir of type v1.EmptyDirVolumeSource",
        ),
        (
            "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy",
            r#"{"spec":{"matchConstraints":{"resourceRules":[{"resources":[5]}]}}}"#,
            "number into Go struct field NamedRuleWithOperations.spec.matchConstraints.resourceRules.RuleWithOperations.Rule.resources of type string",
        ),
        (
            "v1/Service",
            r#"{"spec":{"ports":[{"targetPort":[]}]}}"#,
            "array into Go struct field ServicePort.spec.ports.targetPort of type int32",
        ),
        (
            "v1/ConfigMap",
            r#"{"metadata":{"creationTimestamp":5}}"#,
            "number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
        ),
        (
            "authentication.k8s.io/v1/TokenReview",
            r#"{"status":{"user":{"extra":{"a":"b"}}}}"#,
            "string into Go struct field UserInfo.status.user.extra of type v1.ExtraValue",
        ),
    ] {
        fails(gvk, body, &format!("json: cannot unmarshal {what}"));
    }
}

#[test]
fn types_that_read_themselves_fail_with_their_own_words() {
    for (gvk, body, text) in [
        (
            "v1/Pod",
            r#"{"spec":{"containers":[{"resources":{"limits":{"cpu":{}}}}]}}"#,
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            "v1/ConfigMap",
            r#"{"metadata":{"creationTimestamp":"now"}}"#,
            r#"parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006""#,
        ),
        ("v1/Secret", r#"{"data":{"a":"aGk=!"}}"#, "illegal base64 data at input byte 4"),
        ("v1/Secret", r#"{"data":{"a":"aGVsb"}}"#, "illegal base64 data at input byte 4"),
        ("v1/Secret", r#"{"data":{"a":"a b="}}"#, "illegal base64 data at input byte 1"),
        ("v1/Secret", r#"{"data":{"a":"aG=x"}}"#, "illegal base64 data at input byte 2"),
    ] {
        fails(gvk, body, text);
    }
}

#[test]
fn the_first_wrong_type_is_reported_unless_a_self_reading_one_ends_the_walk() {
    let first = "json: cannot unmarshal number into Go struct field ConfigMap.data of type string";
    fails("v1/ConfigMap", r#"{"data":{"a":1,"b":true},"immutable":"x"}"#, first);
    let time = r#"parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006""#;
    fails("v1/ConfigMap", r#"{"data":{"a":1},"metadata":{"creationTimestamp":""}}"#, time);
}

#[test]
fn unknown_fields_are_reported_with_their_paths_and_dropped() {
    let body = r#"{"x":{"y":1},"metadata":{"bogus":1,"labels":{"a":"b"}},"spec":{"containers":[{"name":"a"},{"Name":"b","ports":[{"p":1}]}],"volumes":[{"name":"v","emptydir":{}}]}}"#;
    let (value, result) = decode("v1/Pod", body);
    assert_eq!(
        result.unwrap().unknown,
        [
            "x",
            "metadata.bogus",
            "spec.containers[1].Name",
            "spec.containers[1].ports[0].p",
            "spec.volumes[0].emptydir"
        ]
    );
    assert_eq!(
        json::to_string(&value),
        r#"{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"a"},{"ports":[{}]}],"volumes":[{"name":"v"}]}}"#
    );
    let many = (0..150).map(|i| format!("\"u{i}\":1")).collect::<Vec<_>>().join(",");
    assert_eq!(decode("v1/Pod", &format!("{{{many}}}")).1.unwrap().unknown.len(), 100);
    let in_map = r#"{"status":{"extendedResourceClaimStatus":{},"podIPs":[{"a":1}]},"spec":{"nodeSelector":{"free":"x"}}}"#;
    assert_eq!(decode("v1/Pod", in_map).1.unwrap().unknown, ["status.podIPs[0].a"]);
}

#[test]
fn scalars_become_canonical() {
    becomes(
        "v1/Pod",
        r#"{"metadata":{"creationTimestamp":"2024-01-01T02:00:00.5+02:00"},"spec":{"containers":[{"resources":{"limits":{"cpu":0.5,"memory":" 1024Ki ","a":1,"b":null}}}]}}"#,
        r#"{"metadata":{"creationTimestamp":"2024-01-01T00:00:00Z"},"spec":{"containers":[{"resources":{"limits":{"cpu":"500m","memory":"1Mi","a":"1","b":"0"}}}]}}"#,
    );
    becomes(
        "v1/Secret",
        r#"{"data":{"a":"aGk=\n","b":"aGl=","c":[104,105,null]}}"#,
        r#"{"data":{"a":"aGk=","b":"aGk=","c":"aGkA"}}"#,
    );
    becomes(
        "coordination.k8s.io/v1/Lease",
        r#"{"spec":{"renewTime":"2024-01-01T02:00:00.123456+02:00"}}"#,
        r#"{"spec":{"renewTime":"2024-01-01T00:00:00.123456Z"}}"#,
    );
}

#[test]
fn nulls_are_missing_members_and_zero_elements() {
    becomes(
        "v1/Pod",
        r#"{"metadata":null,"spec":{"containers":[null,{"args":["a",null],"name":null}],"nodeSelector":{"a":null}}}"#,
        r#"{"spec":{"containers":[{},{"args":["a",""]}],"nodeSelector":{"a":""}}}"#,
    );
}

const CRD: &str = "apiextensions.k8s.io/v1/CustomResourceDefinition";

fn schema(text: &str) -> String {
    format!(r#"{{"spec":{{"versions":[{{"schema":{{"openAPIV3Schema":{text}}}}}]}}}}"#)
}

#[test]
fn parts_of_schemas_are_decoded_on_their_own() {
    let field = "json: cannot unmarshal number into Go struct field JSONSchemaProps.spec.versions.schema.openAPIV3Schema";
    fails(
        CRD,
        &schema(r#"{"properties":{"a":{"items":{"type":5}}}}"#),
        &format!("{field}.properties.items.type of type string"),
    );
    fails(
        CRD,
        &schema(r#"{"items":[{"items":[5]}]}"#),
        &format!("{field}.items.items of type v1.JSONSchemaProps"),
    );
    fails(CRD, &schema(r#"{"dependencies":{"a":[5]}}"#), &format!("{field}.dependencies of type string"));
    fails(CRD, &schema(r#"{"additionalProperties":5}"#), "boolean or JSON schema expected");
    let (value, result) = decode(
        CRD,
        &schema(
            r#"{"bogus":1,"items":{"bogus":2},"additionalProperties":{"bogus":3},"default":{"any":null}}"#,
        ),
    );
    assert_eq!(result.unwrap().unknown, ["spec.versions[0].schema.openAPIV3Schema.bogus"]);
    assert_eq!(
        json::to_string(&value),
        schema(r#"{"items":{},"additionalProperties":{},"default":{"any":null}}"#)
    );
}

#[test]
fn deep_schemas_fit_the_stack() {
    // The deepest body there is, less what is around the schema.
    let depth = codec::json::MAX_DEPTH - 10;
    let text = format!("{}{{}}{}", r#"{"items":"#.repeat(depth), "}".repeat(depth));
    let (mut value, result) = decode(CRD, &schema(&text));
    assert_eq!(result, Ok(Findings::default()));
    canonicalize(&mut value, kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition").unwrap());
    assert!(json::to_string(&value).contains(&text));
}

#[test]
fn a_number_can_be_shown_as_it_was_written() {
    let error = decode("v1/Pod", r#"{"spec":{"containers":[{"ports":[{"hostPort":1e3}]}]}}"#).1.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("json: cannot unmarshal number 1000.0 into Go struct field ContainerPort.")
    );
    let member = |name: &str| Place::Member(name.to_owned());
    let place = [
        member("spec"),
        member("containers"),
        Place::Item(0),
        member("ports"),
        Place::Item(0),
        member("hostPort"),
    ];
    assert_eq!(error.number(), Some(&place[..]));
    let error = error.with_digits("1e3");
    assert!(
        error
            .to_string()
            .starts_with("json: cannot unmarshal number 1e3 into Go struct field ContainerPort.")
    );
    let exact = decode("v1/Pod", r#"{"spec":{"priority":3000000000}}"#).1.unwrap_err();
    assert_eq!(exact.number(), None);
}

#[test]
fn paths_of_unknown_fields_take_bounded_memory() {
    let key = "k".repeat(100_000);
    let members = (0..50).map(|i| format!("\"u{i}\":1")).collect::<Vec<_>>().join(",");
    let body = format!(
        r#"{{"status":{{"extendedResourceClaimStatus":{{"requestMappings":[{{"{key}":1}}]}}}},"{key}":1,"{key}x":1,{members}}}"#
    );
    let unknown = decode("v1/Pod", &body).1.unwrap().unknown;
    assert!(unknown.iter().map(String::len).sum::<usize>() <= MAX_BYTES);
    assert_eq!(unknown.len(), 2);
}
