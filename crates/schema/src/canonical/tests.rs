use api::json;

use super::*;
use crate::{coerce, kind, message, messages};

#[track_caller]
fn check(gvk: &str, body: &str, expect: &str) {
    let (group_version, name) = gvk.rsplit_once('/').unwrap();
    let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
    let message = kind(group, version, name).unwrap();
    let mut value = codec::json::parse(body.as_bytes()).unwrap().value;
    coerce(&mut value, message).unwrap();
    canonicalize(&mut value, message);
    assert_eq!(json::to_string(&value), expect);
    canonicalize(&mut value, message);
    assert_eq!(json::to_string(&value), expect, "a second time");
}

#[test]
fn members_stand_in_the_order_of_the_structure_and_maps_are_sorted() {
    check(
        "v1/ConfigMap",
        r#"{"data":{"b":"1","a":"2"},"metadata":{"name":"x","labels":{"z":"","y":""}},"apiVersion":"v1","kind":"ConfigMap"}"#,
        r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","labels":{"y":"","z":""}},"data":{"a":"2","b":"1"}}"#,
    );
}

#[test]
fn what_is_always_written_is_filled_in() {
    check(
        "v1/Pod",
        r#"{"spec":{"containers":[{"name":"a"}]}}"#,
        r#"{"metadata":{},"spec":{"containers":[{"name":"a","resources":{}}]},"status":{}}"#,
    );
    check(
        "apps/v1/Deployment",
        "{}",
        r#"{"metadata":{},"spec":{"selector":null,"template":{"metadata":{},"spec":{"containers":null}},"strategy":{}},"status":{}}"#,
    );
    check("v1/Service", "{}", r#"{"metadata":{},"spec":{},"status":{"loadBalancer":{}}}"#);
    check(
        "v1/Pod",
        r#"{"spec":{"containers":[{"env":[{"name":"a","valueFrom":{"resourceFieldRef":{}}}]}]},"status":{"conditions":[{"type":"a"}]}}"#,
        r#"{"metadata":{},"spec":{"containers":[{"name":"","env":[{"name":"a","valueFrom":{"resourceFieldRef":{"resource":"","divisor":"0"}}}],"resources":{}}]},"status":{"conditions":[{"type":"a","status":"","lastProbeTime":null,"lastTransitionTime":null}]}}"#,
    );
    check(
        "v1/Service",
        r#"{"spec":{"ports":[{}]}}"#,
        r#"{"metadata":{},"spec":{"ports":[{"port":0,"targetPort":0}]},"status":{"loadBalancer":{}}}"#,
    );
    check("rbac.authorization.k8s.io/v1/Role", r#"{"rules":[]}"#, r#"{"metadata":{},"rules":null}"#);
    check("apps/v1/ControllerRevision", "{}", r#"{"metadata":{},"data":null,"revision":0}"#);
}

#[test]
fn zero_values_are_left_out_unless_a_pointer_holds_them() {
    check(
        "v1/Pod",
        r#"{"spec":{"hostNetwork":false,"nodeName":"","tolerations":[],"nodeSelector":{},"priority":0,"enableServiceLinks":false,"terminationGracePeriodSeconds":0,"securityContext":{},"volumes":[{"name":"v","emptyDir":{"medium":""}}],"containers":[]}}"#,
        r#"{"metadata":{},"spec":{"volumes":[{"name":"v","emptyDir":{}}],"containers":null,"terminationGracePeriodSeconds":0,"securityContext":{},"priority":0,"enableServiceLinks":false},"status":{}}"#,
    );
}

#[test]
fn schemas_and_their_alternatives() {
    let schema = |text: &str| format!(r#"{{"openAPIV3Schema":{text}}}"#);
    let check = |body: &str, expect: &str| {
        let m = message("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceValidation")
            .unwrap();
        let mut value = codec::json::parse(schema(body).as_bytes()).unwrap().value;
        coerce(&mut value, m).unwrap();
        canonicalize(&mut value, m);
        canonicalize(&mut value, m);
        assert_eq!(json::to_string(&value), schema(expect));
    };
    check(
        r#"{"items":{"type":"a","format":""},"type":"b","maximum":1,"additionalProperties":false}"#,
        r#"{"type":"b","maximum":1,"items":{"type":"a"},"additionalProperties":false}"#,
    );
    check(
        r#"{"items":[{"type":"a"}],"dependencies":{"b":["x"],"a":{}}}"#,
        r#"{"items":[{"type":"a"}],"dependencies":{"a":{},"b":["x"]}}"#,
    );
    check(r#"{"items":[],"enum":[null,{"b":1,"a":2}]}"#, r#"{"enum":[null,{"b":1,"a":2}],"items":null}"#);
}

#[test]
fn the_zero_value_of_every_structure_is_canonical() {
    for message in messages() {
        let once = zero(message);
        let mut again = once.clone();
        canonicalize(&mut again, message);
        assert_eq!(json::to_string(&once), json::to_string(&again), "{}", message.name);
    }
}

#[test]
fn members_nobody_knows_are_dropped() {
    let mut value =
        api::object! { "bogus" => 1, "metadata" => api::object! { "name" => "a", "more" => true } };
    canonicalize(&mut value, kind("", "v1", "ConfigMap").unwrap());
    assert_eq!(json::to_string(&value), r#"{"metadata":{"name":"a"}}"#);
}

#[test]
fn empty_lists_and_maps_in_their_three_forms() {
    let message = kind("", "v1", "LimitRange").unwrap();
    let given = r#"{"metadata":{"labels":{},"finalizers":[]},"spec":{"limits":[]}}"#;
    let form = |empties| {
        let mut value = codec::json::parse(given.as_bytes()).unwrap().value;
        canonicalize_with(&mut value, message, empties);
        (json::to_string(&value), holds_empties(&value, message))
    };
    assert_eq!(form(Empties::Held), (given.to_owned(), true));
    assert_eq!(form(Empties::Written), (r#"{"metadata":{},"spec":{"limits":[]}}"#.to_owned(), true));
    assert_eq!(form(Empties::Dropped), (r#"{"metadata":{},"spec":{"limits":null}}"#.to_owned(), false));
}
