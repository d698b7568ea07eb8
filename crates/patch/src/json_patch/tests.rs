use api::{json, object};

use super::*;

/// The patched document, or the error and the code of its Status.
fn run(doc: &str, patch: &str) -> String {
    let parse = |text: &str| from_json(text);
    match json_patch(parse(doc), &parse(patch)) {
        Ok(value) => json::to_string(&value),
        Err(error) => format!("{} {error}", ApiError::from(error.clone()).code),
    }
}

/// JSON as these tests need it, kept apart from the codec that stands above this crate.
fn from_json(text: &str) -> Value {
    codec::json::parse(text.as_bytes()).unwrap().value
}

#[test]
fn every_operation() {
    let doc = r#"{"data":{"k":"v"},"list":[1,2,3]}"#;
    let cases = [
        (r#"[]"#, doc),
        (r#"null"#, doc),
        (
            r#"[{"op":"add","path":"/data/x~1y","value":"1"}]"#,
            r#"{"data":{"k":"v","x/y":"1"},"list":[1,2,3]}"#,
        ),
        (r#"[{"op":"add","path":"/data/~01","value":"1"}]"#, r#"{"data":{"k":"v","~1":"1"},"list":[1,2,3]}"#),
        (r#"[{"op":"add","path":"/list/1","value":9}]"#, r#"{"data":{"k":"v"},"list":[1,9,2,3]}"#),
        (r#"[{"op":"add","path":"/list/-","value":9}]"#, r#"{"data":{"k":"v"},"list":[1,2,3,9]}"#),
        (r#"[{"op":"add","path":"/list/-1","value":9}]"#, r#"{"data":{"k":"v"},"list":[1,2,3,9]}"#),
        (r#"[{"op":"add","path":"/list/-4","value":9}]"#, r#"{"data":{"k":"v"},"list":[9,1,2,3]}"#),
        (r#"[{"op":"remove","path":"/list/-1"}]"#, r#"{"data":{"k":"v"},"list":[1,2]}"#),
        (r#"[{"op":"remove","path":"/data/k"}]"#, r#"{"data":{},"list":[1,2,3]}"#),
        (r#"[{"op":"replace","path":"/data/k","value":"z"}]"#, r#"{"data":{"k":"z"},"list":[1,2,3]}"#),
        (
            r#"[{"op":"replace","path":"/data/new","value":"z"}]"#,
            r#"{"data":{"k":"v","new":"z"},"list":[1,2,3]}"#,
        ),
        (r#"[{"op":"replace","path":"","value":{"a":1}}]"#, r#"{"a":1}"#),
        (r#"[{"op":"move","from":"/data/k","path":"/data/a"}]"#, r#"{"data":{"a":"v"},"list":[1,2,3]}"#),
        (
            r#"[{"op":"copy","from":"/data","path":"/b"}]"#,
            r#"{"b":{"k":"v"},"data":{"k":"v"},"list":[1,2,3]}"#,
        ),
        (r#"[{"op":"copy","from":"/none","path":"/b"}]"#, r#"{"b":null,"data":{"k":"v"},"list":[1,2,3]}"#),
        (r#"[{"op":"test","path":"/data","value":{"k":"v"}}]"#, doc),
        (r#"[{"op":"test","path":"/none","value":null}]"#, doc),
        (
            r#"[{"op":"add","path":"ignored/data/a","value":"b"}]"#,
            r#"{"data":{"a":"b","k":"v"},"list":[1,2,3]}"#,
        ),
    ];
    for (patch, expect) in cases {
        assert_eq!(run(doc, patch), expect, "{patch}");
    }
}

#[test]
fn failures_read_as_upstreams() {
    let cases = [
        (r#"{"op":"add"}"#, "400 json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
        (r#"["x"]"#, "400 json: cannot unmarshal string into Go value of type jsonpatch.Operation"),
        (r#"[{"op":"bad","path":"/data"}]"#, "422 Unexpected kind: bad"),
        (r#"[{}]"#, "422 Unexpected kind: unknown"),
        (r#"[{"op":1}]"#, "422 Unexpected kind: unknown"),
        (r#"[{"op":"add"}]"#, "422 add operation failed to decode path: missing value"),
        (
            r#"[{"op":"add","path":""}]"#,
            "422 add operation does not apply: doc is missing path: \"\": missing value",
        ),
        (
            r#"[{"op":"add","path":"/a/b"}]"#,
            "422 add operation does not apply: doc is missing path: \"/a/b\": missing value",
        ),
        (
            r#"[{"op":"add","path":"/l/7"}]"#,
            "422 error in add for path: '/l/7': Unable to access invalid index: 7: invalid index referenced",
        ),
        (
            r#"[{"op":"add","path":"/l/x"}]"#,
            "422 error in add for path: '/l/x': value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": invalid syntax",
        ),
        (
            r#"[{"op":"remove","path":"/d/x"}]"#,
            "422 error in remove for path: '/d/x': Unable to remove nonexistent key: x: missing value",
        ),
        (
            r#"[{"op":"remove","path":"/l/-9"}]"#,
            "422 error in remove for path: '/l/-9': Unable to access invalid index: -9: invalid index referenced",
        ),
        (
            r#"[{"op":"replace","path":"/l/9","value":1}]"#,
            "422 replace operation does not apply: doc is missing key: /l/9: missing value",
        ),
        (r#"[{"op":"test","path":"/d/k","value":"x"}]"#, "422 testing value /d/k failed: test failed"),
        (
            r#"[{"op":"move","path":"/d/k"}]"#,
            "422 move operation failed to decode from: operation, missing from field: missing value",
        ),
        (
            r#"[{"op":"move","from":"/d/x","path":"/d/k"}]"#,
            "422 error in move for path: 'x': Unable to remove nonexistent key: x: missing value",
        ),
        (
            r#"[{"op":"move","from":"/d","path":"/d/k"}]"#,
            "422 move operation does not apply: doc is missing destination path: /d/k: missing value",
        ),
    ];
    for (patch, expect) in cases {
        assert_eq!(run(r#"{"d":{"k":"v"},"l":[1]}"#, patch), expect, "{patch}");
    }
}

#[test]
fn limits_hold() {
    let op = object! { "op" => "test", "path" => "/none" };
    let patch = Value::from(vec![op; MAX_OPERATIONS + 1]);
    let error = ApiError::from(json_patch(object! {}, &patch).unwrap_err());
    assert_eq!(
        (error.code, error.message.as_str()),
        (413, "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001")
    );

    let double = object! { "op" => "copy", "from" => "/a", "path" => "/a/-" };
    let doc = object! { "a" => vec!["x".repeat(1000)] };
    let error = json_patch(doc, &vec![double; 20].into()).unwrap_err().to_string();
    assert!(
        error.starts_with("Unable to complete the copy, the accumulated size increase of copy is"),
        "{error}"
    );

    let nest = [
        object! { "op" => "add", "path" => "/b", "value" => object! {} },
        object! { "op" => "move", "from" => "/a", "path" => "/b/a" },
        object! { "op" => "move", "from" => "/b", "path" => "/a" },
    ];
    let patch: Vec<Value> = nest.iter().cycle().take(9999).cloned().collect();
    let error = json_patch(object! { "a" => object! {} }, &patch.into()).unwrap_err().to_string();
    assert!(error.ends_with("exceeded max depth"), "{error}");
}

#[test]
fn removing_from_a_huge_map_is_cheap() {
    let data: api::Map = (0..100_000).map(|i| (format!("k{i}"), Value::from(i))).collect();
    let remove = |i| object! { "op" => "remove", "path" => format!("/data/k{i}") };
    let patch: Vec<Value> = (0..10_000).map(remove).collect();
    let doc = json_patch(object! { "data" => data }, &patch.into()).unwrap();
    assert_eq!(doc.at(&["data"]).as_object().unwrap().len(), 90_000);
    assert_eq!(doc.at(&["data", "k10000"]).as_i64(), Some(10_000));
}

#[test]
fn strict_decoding() {
    let check = |patch: &str| match unknown_fields(&from_json(patch)) {
        Ok(texts) => texts.join("; "),
        Err(e) => e.to_string(),
    };
    assert_eq!(check(r#"[{"op":"add","path":"/a","value":{"x":1}}]"#), "");
    assert_eq!(
        check(r#"[{"op":"add","vale":1},{"Op":"x"}]"#),
        r#"json patch unknown field "[0].vale"; json patch unknown field "[1].Op""#
    );
    assert_eq!(
        check(r#"{"op":"add"}"#),
        "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
    );
    assert_eq!(
        check(r#"[{"op":1}]"#),
        "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string"
    );
    assert_eq!(
        check("[7]"),
        "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"
    );
}
