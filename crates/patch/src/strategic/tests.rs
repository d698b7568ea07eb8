use api::{ApiError, Value, json};
use schema::{Field, Message, PatchStrategy, Type};

use super::*;

const fn field(name: &'static str, ty: Type) -> Field {
    Field::new(name, 1, ty)
}

const fn merged(name: &'static str, ty: Type, merge_key: &'static str) -> Field {
    let patch = PatchStrategy { merge: true, replace: false, retain_keys: false, merge_key };
    Field { patch, ..field(name, ty) }
}

static PORT: Message = message("v1.Port", &[field("port", Type::Int32), field("protocol", Type::String)]);
static ENV: Message = message("v1.EnvVar", &[field("name", Type::String), field("value", Type::String)]);
static CONTAINER: Message = message(
    "v1.Container",
    &[
        field("name", Type::String),
        field("image", Type::String),
        field("args", Type::List(&Type::String)),
        merged("env", Type::List(&Type::Message(&ENV)), "name"),
        merged("ports", Type::List(&Type::Message(&PORT)), "port"),
        field("labels", Type::Map(&Type::String)),
    ],
);
static SPEC: Message = message(
    "v1.Spec",
    &[
        merged("finalizers", Type::List(&Type::String), ""),
        merged("containers", Type::List(&Type::Message(&CONTAINER)), "name"),
        merged("bare", Type::List(&Type::Message(&ENV)), ""),
        field("atomic", Type::List(&Type::Message(&ENV))),
        field("nested", Type::Map(&Type::Map(&Type::String))),
        Field {
            patch: PatchStrategy { merge: false, replace: true, retain_keys: false, merge_key: "" },
            ..field("whole", Type::Map(&Type::String))
        },
    ],
);
static KIND: Message = message("v1.Kind", &[field("spec", Type::Message(&SPEC))]);

const fn message(go_type: &'static str, fields: &'static [Field]) -> Message {
    Message::new(go_type, go_type, fields)
}

fn parse(text: &str) -> Value {
    codec::json::parse(text.as_bytes()).unwrap().value
}

fn merge(spec: &str, patch: &str) -> Result<Value, ApiError> {
    let doc = parse(&format!("{{\"spec\":{spec}}}"));
    strategic_merge(doc, &mut parse(&format!("{{\"spec\":{patch}}}")), &KIND)
}

#[track_caller]
fn check(spec: &str, patch: &str, expect: &str) {
    let got = match merge(spec, patch) {
        Ok(value) => json::to_string(value.at(&["spec"])),
        Err(e) => format!("{} {}", e.code, e.message),
    };
    assert_eq!(got, expect, "{spec} + {patch}");
}

#[test]
fn objects_merge_and_nulls_remove() {
    check(r#"{"a":1,"b":2}"#, r#"{"b":null,"c":{"d":null,"e":1},"none":null}"#, r#"{"a":1,"c":{"e":1}}"#);
    check(r#"{"whole":{"a":"b"}}"#, r#"{"whole":{"c":"d"}}"#, r#"{"whole":{"c":"d"}}"#);
    check(r#"{"a":1}"#, r#"{"$patch":"replace","b":2}"#, r#"{"b":2}"#);
    check(r#"{"a":1}"#, r#"{"$patch":"delete"}"#, "{}");
    check("{}", r#"{"x":{"$patch":"delete"},"y":[{"$patch":"delete"},1]}"#, r#"{"y":[1]}"#);
    check("{}", r#"{"$patch":"merge"}"#, "500 unknown patch type: merge in map: map[$patch:merge]");
}

#[test]
fn items_merge_by_key() {
    let spec = r#"{"containers":[{"name":"a","image":"x"},{"name":"b"}]}"#;
    check(
        spec,
        r#"{"containers":[{"name":"a","image":"y"}]}"#,
        r#"{"containers":[{"name":"a","image":"y"},{"name":"b"}]}"#,
    );
    check(
        spec,
        r#"{"containers":[{"name":"c"}]}"#,
        r#"{"containers":[{"name":"c"},{"name":"a","image":"x"},{"name":"b"}]}"#,
    );
    check(spec, r#"{"containers":[{"name":"a","$patch":"delete"}]}"#, r#"{"containers":[{"name":"b"}]}"#);
    check(spec, r#"{"containers":[{"$patch":"replace"},{"name":"z"}]}"#, r#"{"containers":[{"name":"z"}]}"#);
    check(
        spec,
        r#"{"containers":[{"name":"b","env":[{"name":"E","value":"1"}]},{"name":"a"}]}"#,
        r#"{"containers":[{"name":"b","env":[{"name":"E","value":"1"}]},{"name":"a","image":"x"}]}"#,
    );
    check(
        spec,
        r#"{"containers":[{"image":"y"}]}"#,
        "500 map: map[image:y] does not contain declared merge key: name",
    );
    check(
        spec,
        r#"{"containers":["x"]}"#,
        "500 list element types are not identical: [[map[image:x name:a] map[name:b]] [x]]",
    );
    check(
        spec,
        r#"{"containers":[{"$patch":"merge"}]}"#,
        "500 merging lists cannot yet be specified in the patch",
    );
    check(
        spec,
        r#"{"containers":[["x"]]}"#,
        "500 list element types are not identical: [[map[image:x name:a] map[name:b]] [[x]]]",
    );
    check(r#"{"atomic":[{"name":"a"}]}"#, r#"{"atomic":[{"name":"b"}]}"#, r#"{"atomic":[{"name":"b"}]}"#);
    check(
        r#"{"bare":[{"name":"a"}]}"#,
        r#"{"bare":[{"name":"b"}]}"#,
        "500 cannot merge lists without merge key for struct",
    );
    check(
        r#"{"finalizers":[["a"]]}"#,
        r#"{"finalizers":["a"]}"#,
        "422 the server rejected our request due to an error in our request",
    );
}

#[test]
fn a_key_that_is_not_unique_keeps_its_items() {
    check(
        r#"{"containers":[{"name":"a","ports":[{"port":53,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]}]}"#,
        r#"{"containers":[{"name":"a","ports":[{"port":80}]}]}"#,
        r#"{"containers":[{"name":"a","ports":[{"port":80},{"port":53,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]}]}"#,
    );
}

#[test]
fn scalars_are_united_and_deleted() {
    let spec = r#"{"finalizers":["a","b","c"]}"#;
    check(spec, r#"{"finalizers":["d","b"]}"#, r#"{"finalizers":["d","a","b","c"]}"#);
    check(spec, r#"{"$deleteFromPrimitiveList/finalizers":["a","x"]}"#, r#"{"finalizers":["b","c"]}"#);
    check("{}", r#"{"$deleteFromPrimitiveList/finalizers":["a"]}"#, "{}");
    check(spec, r#"{"$deleteFromPrimitiveList":["a"]}"#, "400 invalid patch format of primitive list");
    check(
        spec,
        r#"{"$setElementOrder/finalizers":["c","d","a"],"finalizers":["d"]}"#,
        r#"{"finalizers":["b","c","d","a"]}"#,
    );
    check(spec, r#"{"$setElementOrder/finalizers":["c","a"]}"#, r#"{"finalizers":["b","c","a"]}"#);
}

#[test]
fn set_element_order() {
    let spec = r#"{"containers":[{"name":"a"},{"name":"s"},{"name":"b"}]}"#;
    check(
        spec,
        r#"{"$setElementOrder/containers":[{"name":"b"},{"name":"n"},{"name":"a"}],"containers":[{"name":"n","image":"i"}]}"#,
        r#"{"containers":[{"name":"s"},{"name":"b"},{"name":"n","image":"i"},{"name":"a"}]}"#,
    );
    check("{}", r#"{"$setElementOrder/containers":[{"name":"b"}]}"#, "{}");
    check(
        "{}",
        r#"{"$setElementOrder/containers":[{"name":"b"}],"containers":[{"name":"b"},{"name":"c","$patch":"delete"}]}"#,
        r#"{"containers":[{"name":"b"}]}"#,
    );
    check(
        spec,
        r#"{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"n"}]}"#,
        "500 The order in patch list:\n[map[name:n]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n",
    );
    check(
        spec,
        r#"{"$setElementOrder/containers":1}"#,
        "500 expected a []interface {}, but received a int64",
    );
    check(spec, r#"{"$setElementOrder":[]}"#, "400 invalid patch format of setElementOrder list");
    check(
        spec,
        r#"{"$setElementOrder/odd":[]}"#,
        "500 unable to find api field in struct Spec for the json field \"odd\"",
    );
}

#[test]
fn retain_keys_drops_the_rest() {
    check(r#"{"a":1,"b":2}"#, r#"{"$retainKeys":["b","c"],"c":3}"#, r#"{"b":2,"c":3}"#);
    check(r#"{"a":1}"#, r#"{"$retainKeys":["b"],"c":3}"#, "400 invalid patch format of retainKeys");
    check(r#"{"a":1}"#, r#"{"$retainKeys":"b"}"#, "400 invalid patch format of retainKeys");
}

#[test]
fn what_the_catalogue_does_not_know() {
    check(
        r#"{"odd":{"a":1}}"#,
        r#"{"odd":{"a":2}}"#,
        "500 unable to find api field in struct Spec for the json field \"odd\"",
    );
    check(
        r#"{"nested":{"a":{"b":"c"}}}"#,
        r#"{"nested":{"a":{"b":"d"}}}"#,
        "500 merging an object in json but data type is not struct, instead is: map",
    );
    let mut list = parse("[]");
    let error = strategic_merge(parse("{}"), &mut list, &KIND).unwrap_err();
    assert_eq!(error.message, "json: cannot unmarshal array into Go value of type map[string]interface {}");
}

#[test]
fn what_is_left_of_the_patch_is_what_upstream_shows() {
    let mut patch =
        parse(r#"{"spec":{"odd":{"x":null,"y":1},"containers":[{"name":"a","$retainKeys":["name"]}]}}"#);
    let doc = parse(r#"{"spec":{"containers":[{"name":"a","image":"i"}]}}"#);
    strategic_merge(doc, &mut patch, &KIND).unwrap();
    assert_eq!(go_text(&patch), "map[spec:map[containers:[map[name:a]] odd:map[y:1]]]");
}
