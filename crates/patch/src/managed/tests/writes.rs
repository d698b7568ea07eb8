//! What writes, applies and scales make of `managedFields`, on small objects.

use std::sync::LazyLock;

use super::*;

const NOW: &str = "2026-01-01T00:00:00Z";

fn request<'a>(manager: &'a str, now: &'a str) -> Request<'a> {
    Request { manager, api_version: "v1", subresource: "", now, reset: ResetFields::Nothing }
}

fn config_map(data: &str) -> Value {
    parse(&format!(
        r#"{{"kind":"ConfigMap","apiVersion":"v1","metadata":{{"name":"a","uid":"u"}},"data":{data}}}"#
    ))
}

fn track_as(live: Option<&Value>, mut new: Value, request: &Request) -> Value {
    track(live, &mut new, message("", "v1", "ConfigMap"), &NoVersions, request).unwrap();
    new
}

/// Who owns what, short: `manager:Operation fields`.
fn owners(object: &Value) -> Vec<String> {
    let entries = object.array_at(&["metadata", "managedFields"]).iter();
    let line = |e: &Value| {
        format!(
            "{}:{} {}",
            e.str_at(&["manager"]),
            e.str_at(&["operation"]),
            json::to_string(e.at(&["fieldsV1"]))
        )
    };
    entries.map(line).collect()
}

#[test]
fn an_empty_list_that_is_written_has_an_owner_and_stays() {
    let mut new = parse(
        r#"{"kind":"LimitRange","apiVersion":"v1","metadata":{"name":"a","labels":{},"managedFields":[]},"spec":{"limits":[]}}"#,
    );
    track(None, &mut new, message("", "v1", "LimitRange"), &NoVersions, &request("one", NOW)).unwrap();
    assert_eq!(owners(&new), [r#"one:Update {"f:spec":{"f:limits":{}}}"#]);
    assert_eq!(new.at(&["spec", "limits"]), &Value::Array(Vec::new()));
    assert_eq!(new.at(&["metadata", "labels"]), &Value::object());
}

#[test]
fn updates_take_what_they_change() {
    let created = track_as(None, config_map(r#"{"x":"1","y":"1"}"#), &request("one", NOW));
    assert_eq!(owners(&created), [r#"one:Update {"f:data":{".":{},"f:x":{},"f:y":{}}}"#]);
    let order: Vec<_> =
        created.array_at(&["metadata", "managedFields"])[0].as_object().unwrap().keys().collect();
    assert_eq!(order, ["manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1"]);

    let later = "2026-01-01T00:00:05Z";
    let updated = track_as(Some(&created), config_map(r#"{"x":"2"}"#), &request("two", later));
    assert_eq!(owners(&updated), [r#"one:Update {"f:data":{}}"#, r#"two:Update {"f:data":{"f:x":{}}}"#]);
    assert_eq!(updated.array_at(&["metadata", "managedFields"])[0].str_at(&["time"]), NOW);

    let same =
        track_as(Some(&updated), config_map(r#"{"x":"2"}"#), &request("three", "2027-01-01T00:00:00Z"));
    assert_eq!(same.at(&["metadata", "managedFields"]), updated.at(&["metadata", "managedFields"]));

    let again = track_as(Some(&updated), config_map(r#"{"x":"3"}"#), &request("one", "2027-01-01T00:00:00Z"));
    assert_eq!(owners(&again), [r#"one:Update {"f:data":{".":{},"f:x":{}}}"#]);
    assert_eq!(again.array_at(&["metadata", "managedFields"])[0].str_at(&["time"]), "2027-01-01T00:00:00Z");
}

#[test]
fn resets_and_foreign_claims() {
    let created = track_as(None, config_map(r#"{"x":"1"}"#), &request("one", NOW));
    for reset in ["[]", "[{}]"] {
        let mut new = config_map(r#"{"x":"2"}"#);
        new.set_at(&["metadata", "managedFields"], parse(reset));
        let new = track_as(Some(&created), new, &request("two", NOW));
        assert_eq!(new.at(&["metadata", "managedFields"]), &Value::Null);
        let after = track_as(Some(&new), config_map(r#"{"x":"3"}"#), &request("two", NOW));
        assert_eq!(owners(&after), [""; 0], "an object that is not tracked stays so");
        let mut status = config_map(r#"{"x":"2"}"#);
        status.set_at(&["metadata", "managedFields"], parse(reset));
        let status =
            track_as(Some(&created), status, &Request { subresource: "status", ..request("two", NOW) });
        assert_eq!(owners(&status).len(), 2, "a subresource cannot reset");
    }
    let mut new = config_map(r#"{"x":"1"}"#);
    let claim = r#"[{"manager":"m","operation":"Apply","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:x":{}}}}]"#;
    new.set_at(&["metadata", "managedFields"], parse(claim));
    let new = track_as(Some(&created), new, &request("two", NOW));
    assert_eq!(owners(&new), [r#"m:Apply {"f:data":{"f:x":{}}}"#]);
    for bad in [
        r#"[{"manager":"m"}]"#,
        r#"[{"operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"q":{}}}]"#,
    ] {
        let mut new = config_map(r#"{"x":"1"}"#);
        new.set_at(&["metadata", "managedFields"], parse(bad));
        let new = track_as(Some(&created), new, &request("two", NOW));
        assert_eq!(owners(&new), owners(&created), "{bad}");
    }
}

#[test]
fn the_oldest_updates_are_merged() {
    let mut object = track_as(None, config_map(r#"{"k":"0"}"#), &request("m00", "2026-01-01T00:00:00Z"));
    for i in 1..15 {
        let mut new = object.clone();
        new.set_at(&["data", &format!("k{i:02}")], "v");
        let (name, now) = (format!("m{i:02}"), format!("2026-01-01T00:00:{i:02}Z"));
        object = track_as(Some(&object), new, &request(&name, &now));
    }
    let owners = owners(&object);
    assert_eq!(owners.len(), 10);
    assert_eq!(
        owners[0],
        r#"ancient-changes:Update {"f:data":{".":{},"f:k":{},"f:k01":{},"f:k02":{},"f:k03":{},"f:k04":{},"f:k05":{}}}"#
    );
    assert_eq!(owners[9], r#"m14:Update {"f:data":{"f:k14":{}}}"#);
    assert_eq!(object.array_at(&["metadata", "managedFields"])[0].str_at(&["time"]), "2026-01-01T00:00:05Z");
}

#[test]
fn what_a_write_cannot_change_is_not_owned() {
    let view = message("", "v1", "Pod");
    let live = parse(
        r#"{"metadata":{"uid":"u","managedFields":[{"manager":"a","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:nodeName":{}}}}]},"spec":{"containers":[{"name":"c"}],"nodeName":"n"},"status":{}}"#,
    );
    let new = r#"{"metadata":{"uid":"u","labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"1"}}}],"nodeName":"m"},"status":{"phase":"Running"}}"#;
    let cases = [
        (
            "",
            r#"{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{"f:image":{},"f:resources":{".":{},"f:limits":{".":{},"f:cpu":{}}}}},"f:nodeName":{}}}"#,
        ),
        ("status", r#"{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:status":{"f:phase":{}}}"#),
        (
            "resize",
            r#"{"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{"f:resources":{".":{},"f:limits":{".":{},"f:cpu":{}}}}}}}"#,
        ),
        ("ephemeralcontainers", ""),
    ];
    for (subresource, expect) in cases {
        let mut new = parse(new);
        let request =
            Request { subresource, reset: reset_fields("", "pods", subresource), ..request("b", NOW) };
        track(Some(&live), &mut new, view, &NoVersions, &request).unwrap();
        let entries = new.array_at(&["metadata", "managedFields"]);
        let mine = entries.iter().find(|e| e.str_at(&["manager"]) == "b");
        assert_eq!(
            mine.map_or(String::new(), |e| json::to_string(e.at(&["fieldsV1"]))),
            expect,
            "{subresource}"
        );
        assert_eq!(entries.iter().any(|e| e.str_at(&["manager"]) == "a"), !subresource.is_empty());
    }
    assert_eq!(ResetFields::of_custom(true, ""), reset_fields("", "pods", ""));
    assert_eq!(ResetFields::of_custom(false, ""), ResetFields::Nothing);
}

struct Autoscalers;

impl Versions<BuiltIn> for Autoscalers {
    fn convert(&self, object: &Value, api_version: &str) -> Option<(Value, BuiltIn)> {
        let mut object = object.clone();
        // `spec.cpu` of one version is `spec.targetCPUUtilizationPercentage` of the other, for this test.
        let (from, to) = match api_version {
            "autoscaling/v1" => ("cpu", "targetCPUUtilizationPercentage"),
            "autoscaling/v2" => ("targetCPUUtilizationPercentage", "cpu"),
            _ => return None,
        };
        if let Some(value) = object.remove_at(&["spec", from]) {
            object.set_at(&["spec", to], value);
        }
        object.set_at(&["apiVersion"], api_version);
        Some((object, BuiltIn::Deduced))
    }
}

#[test]
fn entries_of_other_versions() {
    let live = parse(
        r#"{"apiVersion":"autoscaling/v1","metadata":{"uid":"u","managedFields":[
        {"manager":"old","operation":"Update","apiVersion":"autoscaling/v2","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:cpu":{},"f:max":{}}}},
        {"manager":"gone","operation":"Update","apiVersion":"autoscaling/v0","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:max":{}}}}
        ]},"spec":{"targetCPUUtilizationPercentage":50,"max":3}}"#,
    );
    let mut new = live.clone();
    new.set_at(&["spec", "targetCPUUtilizationPercentage"], 60);
    let request = Request { api_version: "autoscaling/v1", ..request("new", NOW) };
    track(Some(&live), &mut new, BuiltIn::Deduced, &Autoscalers, &request).unwrap();
    assert_eq!(
        owners(&new),
        [
            r#"old:Update {"f:spec":{"f:max":{}}}"#,
            r#"new:Update {"f:spec":{"f:targetCPUUtilizationPercentage":{}}}"#
        ]
    );
}

fn apply_as(live: Option<&Value>, config: &str, manager: &str, force: bool) -> Result<Value, String> {
    apply_to(
        message("", "v1", "ConfigMap"),
        &GroupVersionKind::new("", "v1", "ConfigMap"),
        live,
        config,
        manager,
        force,
    )
}

fn apply_to(
    view: BuiltIn,
    kind: &GroupVersionKind,
    live: Option<&Value>,
    config: &str,
    manager: &str,
    force: bool,
) -> Result<Value, String> {
    let api_version = kind.api_version();
    let request = Request { api_version: &api_version, ..request(manager, NOW) };
    let apply = Apply { request, kind, view, versions: &NoVersions, force };
    super::apply(live, &parse(config), &apply, &mut |mut merged| {
        drop_nulls(&mut merged);
        merged.set_at(&["metadata", "uid"], "u");
        Ok(merged)
    })
    .map_err(|e| format!("{} {}", e.code, e.message))
}

fn drop_nulls(value: &mut Value) {
    if let Value::Object(map) = value {
        map.retain(|_, v| !v.is_null());
        map.iter_mut().for_each(|(_, v)| drop_nulls(v));
    }
}

fn config(data: &str) -> String {
    format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"a"}},"data":{data}}}"#)
}

#[test]
fn apply_conflicts_forces_and_removes() {
    let one = apply_as(None, &config(r#"{"x":"1","y":"1"}"#), "one", false).unwrap();
    assert_eq!(owners(&one), [r#"one:Apply {"f:data":{"f:x":{},"f:y":{}}}"#]);
    let error = apply_as(Some(&one), &config(r#"{"x":"2"}"#), "two", false).unwrap_err();
    assert_eq!(error, "409 Apply failed with 1 conflict: conflict with \"one\": .data.x");
    let error = apply_as(Some(&one), &config(r#"{"x":"2","y":"2"}"#), "two", false).unwrap_err();
    assert_eq!(error, "409 Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.x\n- .data.y");
    let forced = apply_as(Some(&one), &config(r#"{"x":"2"}"#), "two", true).unwrap();
    assert_eq!(owners(&forced), [r#"one:Apply {"f:data":{"f:y":{}}}"#, r#"two:Apply {"f:data":{"f:x":{}}}"#]);
    let less = apply_as(Some(&forced), &config("{}"), "two", false).unwrap();
    assert_eq!(json::to_string(less.at(&["data"])), r#"{"y":"1"}"#);
    assert_eq!(owners(&less), [r#"one:Apply {"f:data":{"f:y":{}}}"#, r#"two:Apply {"f:data":{}}"#]);
    let shared = apply_as(Some(&one), &config(r#"{"x":"1"}"#), "two", false).unwrap();
    let kept = apply_as(Some(&shared), &config(r#"{"y":"1"}"#), "one", false).unwrap();
    assert_eq!(json::to_string(kept.at(&["data"])), r#"{"x":"1","y":"1"}"#, "two still owns x");
    let again = apply_as(Some(&kept), &config(r#"{"y":"1"}"#), "one", false).unwrap();
    assert_eq!(again, kept);
}

#[test]
fn apply_refuses() {
    let cases = [
        (r#"{"apiVersion":"v2","kind":"ConfigMap"}"#, "400 invalid object type: /v2, Kind=ConfigMap"),
        (r#"{"kind":"ConfigMap"}"#, "400 invalid object type: /, Kind=ConfigMap"),
        (
            r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"managedFields":[]}}"#,
            "400 metadata.managedFields must be nil",
        ),
        (
            r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"n"},"dota":{}}"#,
            "500 failed to create typed patch object (n/a; /v1, Kind=ConfigMap): .dota: field not declared in schema",
        ),
        (
            r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","finalizers":["x","x"]},"data":{"a":1},"immutable":"x"}"#,
            "500 failed to create typed patch object (/a; /v1, Kind=ConfigMap): errors:\n  .metadata.finalizers: \
             duplicate entries for key [=\"x\"]\n  .data.a: expected string, got &value.valueUnstructured{Value:1}\n  \
             .immutable: expected boolean, got &{x}",
        ),
    ];
    for (config, expect) in cases {
        assert_eq!(apply_as(None, config, "one", false).unwrap_err(), expect);
    }
    let mut live = config_map("{}");
    live.set_at(&["metadata", "managedFields"], parse(r#"[{"manager":"x"}]"#));
    let error = apply_as(Some(&live), &config("{}"), "one", false).unwrap_err();
    assert_eq!(error, "500 failed to decode managed fields: operation must be `Apply` or `Update`");
}

#[test]
fn what_was_there_before_the_first_apply() {
    let live = config_map(r#"{"x":"1","y":"1"}"#);
    let error = apply_as(Some(&live), &config(r#"{"x":"2"}"#), "one", false).unwrap_err();
    assert_eq!(
        error,
        "409 Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.x"
    );
    let applied = apply_as(Some(&live), &config(r#"{"z":"2"}"#), "one", false).unwrap();
    assert_eq!(
        owners(&applied),
        [
            r#"one:Apply {"f:data":{"f:z":{}}}"#,
            r#"before-first-apply:Update {"f:data":{".":{},"f:x":{},"f:y":{}}}"#
        ]
    );
}

#[test]
fn kubectl_moves_over_from_client_side_apply() {
    let mut live = config_map(r#"{"x":"1","y":"changed"}"#);
    let last = config(r#"{"x":"1","y":"1"}"#);
    live.set_at(&["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"], last);
    let live = track_as(None, live, &request("kubectl-client-side-apply", NOW));
    let error = apply_as(Some(&live), &config(r#"{"x":"2"}"#), "other", false).unwrap_err();
    assert!(error.starts_with("409"), "{error}");
    let error = apply_as(Some(&live), &config(r#"{"x":"2","y":"2"}"#), "kubectl", false).unwrap_err();
    assert_eq!(
        error,
        "409 Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using v1: .data.y"
    );
    let moved = apply_as(Some(&live), &config(r#"{"x":"2"}"#), "kubectl", false).unwrap();
    assert_eq!(json::to_string(moved.at(&["data"])), r#"{"x":"2","y":"changed"}"#);
    assert_eq!(
        moved.str_at(&["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"]),
        "{\"apiVersion\":\"v1\",\"data\":{\"x\":\"2\"},\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}\n"
    );
}

static DEPLOYMENT: LazyLock<GroupVersionKind> =
    LazyLock::new(|| GroupVersionKind::new("apps", "v1", "Deployment"));

fn deployment(containers: &str) -> String {
    format!(
        r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"d"}},"spec":{{"template":{{"spec":{{"containers":{containers}}}}}}}}}"#
    )
}

#[test]
fn lists_keep_an_order_and_lose_only_what_was_owned() {
    let view = message("apps", "v1", "Deployment");
    let apply = |live: Option<&Value>, containers: &str, manager: &str| {
        apply_to(view, &DEPLOYMENT, live, &deployment(containers), manager, false).unwrap()
    };
    let names = |object: &Value| -> Vec<String> {
        let containers = object.array_at(&["spec", "template", "spec", "containers"]).iter();
        containers.map(|c| format!("{}{}", c.str_at(&["name"]), c.str_at(&["image"]))).collect()
    };
    let one = apply(None, r#"[{"name":"a"},{"name":"b"},{"name":"c"}]"#, "one");
    let two = apply(Some(&one), r#"[{"name":"x"},{"name":"c","image":"I"},{"name":"y"}]"#, "two");
    assert_eq!(names(&two), ["a", "b", "x", "cI", "y"]);
    let three = apply(Some(&two), r#"[{"name":"c"},{"name":"a"}]"#, "one");
    assert_eq!(names(&three), ["x", "cI", "y", "a"]);
    let part = extract(view, &three, "two", "").unwrap().unwrap();
    assert_eq!(
        json::to_string(&part),
        r#"{"apiVersion":"apps/v1","kind":"Deployment","spec":{"template":{"spec":{"containers":[{"name":"x"},{"image":"I","name":"c"},{"name":"y"}]}}}}"#.replace(r#"{"image":"I","name":"c"}"#, r#"{"name":"c","image":"I"}"#)
    );
    assert_eq!(extract(view, &three, "nobody", "").unwrap(), None);
}

#[test]
fn times_alone_are_no_change() {
    let old = track_as(None, config_map(r#"{"x":"1"}"#), &request("one", NOW));
    let with_time = |mut object: Value| {
        let entries = object.at(&["metadata", "managedFields"]).clone();
        let text = json::to_string(&entries).replace("2026", "2027");
        object.set_at(&["metadata", "managedFields"], parse(&text));
        object
    };
    let mut new = with_time(old.clone());
    keep_times(&old, &mut new);
    assert_eq!(new, old);
    let mut new = with_time(old.clone());
    new.set_at(&["data", "x"], "2");
    let expect = new.clone();
    keep_times(&old, &mut new);
    assert_eq!(new, expect);
}

#[test]
fn scale_entries_go_there_and_back() {
    let paths = [("apps/v1", &["spec", "replicas"][..])];
    let parent = parse(
        r#"[{"manager":"a","operation":"Apply","apiVersion":"apps/v1","time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{},"f:x":{}}}},
            {"manager":"b","operation":"Update","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:y":{}}}}]"#,
    );
    let scale = entries_of_scale(&parent, &paths).unwrap().unwrap();
    assert_eq!(
        json::to_string(&scale),
        r#"[{"manager":"a","operation":"Apply","apiVersion":"autoscaling/v1","time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}}}]"#
    );
    assert_eq!(entries_of_parent(&parent, &scale, "apps/v1", &paths).unwrap().unwrap(), parent);
    let taken = parse(
        r#"[{"manager":"hpa","operation":"Update","apiVersion":"autoscaling/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}},"subresource":"scale"}]"#,
    );
    let after = entries_of_parent(&parent, &taken, "apps/v1", &paths).unwrap().unwrap();
    let after = object! { "metadata" => object! { "managedFields" => after } };
    assert_eq!(
        owners(&after),
        [
            r#"a:Apply {"f:spec":{"f:x":{}}}"#,
            r#"b:Update {"f:spec":{"f:y":{}}}"#,
            r#"hpa:Update {"f:spec":{"f:replicas":{}}}"#
        ]
    );
}

#[test]
fn names_of_managers() {
    assert_eq!(manager_name("given", "kubectl/v1.36"), "given");
    assert_eq!(manager_name("", "kubectl/v1.36 (linux)"), "kubectl");
    assert_eq!(manager_name("", "a\tb c"), "ab c");
    assert_eq!(manager_name("", &"é".repeat(100)).len(), 128);
    assert_eq!(manager_name("", ""), "");
    let created = track_as(None, config_map(r#"{"x":"1"}"#), &request("", NOW));
    assert!(owners(&created)[0].starts_with("unknown:Update"));
}
