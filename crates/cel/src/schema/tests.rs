use api::field::{Errors, Path};
use api::{Value, object};

use super::*;
use crate::environment::REQUEST_BUDGET;

fn json(text: &str) -> Value {
    fn convert(json: &serde_json::Value) -> Value {
        use serde_json::Value as Json;
        match json {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(n) => n.as_i64().unwrap().into(),
            Json::String(s) => s.as_str().into(),
            Json::Array(a) => Value::Array(a.iter().map(convert).collect()),
            Json::Object(m) => Value::Object(m.iter().map(|(k, v)| (k.as_str(), convert(v))).collect()),
        }
    }
    convert(&serde_json::from_str(text).unwrap())
}

/// What is said about the rules of a schema at its root.
fn complaints(schema: &Value) -> Vec<String> {
    let (mut costs, mut errors) = (Costs::default(), Errors::new());
    let Some(scope) = Scope::root(schema) else { return Vec::new() };
    check(&scope, &Path::new("s"), schema, &mut costs, &mut errors);
    costs.report(&Path::new("s"), &mut errors);
    errors.0.iter().map(ToString::to_string).collect()
}

fn check(scope: &Scope, path: &Path, schema: &Value, costs: &mut Costs, errors: &mut Errors) {
    for (name, property) in schema.at(&["properties"]).as_object().into_iter().flat_map(api::Map::iter) {
        let inner = scope.property(name).unwrap();
        check(&inner, &path.child("properties").key(name), property, costs, errors);
    }
    if let Some(inner) = scope.items() {
        check(&inner, &path.child("items"), schema.at(&["items"]), costs, errors);
    }
    if let Some(inner) = scope.additional() {
        let path = path.child("additionalProperties");
        check(&inner, &path, schema.at(&["additionalProperties"]), costs, errors);
    }
    let place = Place { path, uncorrelated: None, keeps_costs: false };
    let show = |i: usize| schema.array_at(&["x-kubernetes-validations"])[i].at(&["rule"]).clone();
    scope.check(&place, &show, costs, errors);
}

/// A schema with one property `a` that has a rule.
fn with_rule(property: &str, rule: &str) -> Value {
    let mut property = json(property);
    property.set_at(&["x-kubernetes-validations"], vec![object! { "rule" => rule }]);
    object! { "type" => "object", "properties" => object! { "a" => property } }
}

/// What comes of an object `{"a": …}`, created or changed.
fn judged(schema: &Value, new: &str, old: Option<&str>) -> Vec<String> {
    let wrap = |text: &str| object! { "a" => json(text) };
    let rules = Rules::of(schema).unwrap();
    let outcome = rules.validate(&wrap(new), old.map(wrap).as_ref(), REQUEST_BUDGET, None);
    let warnings = outcome.warnings.iter().map(|w| format!("warning: {w}"));
    outcome.errors.0.iter().map(ToString::to_string).chain(warnings).collect()
}

#[test]
fn types_are_those_of_the_schema() {
    let every = r#"{"type": "object", "properties": {
        "i": {"type": "integer"}, "n": {"type": "number"}, "b": {"type": "boolean"}, "s": {"type": "string"},
        "t": {"type": "string", "format": "date-time"}, "d": {"type": "string", "format": "duration"},
        "y": {"type": "string", "format": "byte"}, "day": {"type": "string", "format": "date"},
        "x": {"x-kubernetes-int-or-string": true}, "u": {"x-kubernetes-preserve-unknown-fields": true},
        "l": {"type": "array", "items": {"type": "object", "properties": {"k": {"type": "string"}}}},
        "m": {"type": "object", "additionalProperties": {"type": "integer"}},
        "e": {"type": "object", "x-kubernetes-embedded-resource": true},
        "o": {"type": "object", "properties": {"p": {"type": "integer"}}},
        "foo.bar": {"type": "integer"}, "namespace": {"type": "string"}, "a b": {"type": "string"}
    }}"#;
    for (rule, wanted) in [
        ("self.i + 1 == 2 && self.n < 2.0 && self.b && self.s == ''", None),
        (
            "self.t.getFullYear() == 1 && self.d > duration('1s') && self.y == b'a' && self.day == self.t",
            None,
        ),
        ("self.x == 1 || self.x == 'a'", None),
        ("self.l.all(o, o.k == '') && self.l[0].k == '' && self.m['a'] + self.m.a == 2", None),
        ("self.e.kind == '' && self.e.apiVersion == '' && self.e.metadata.generateName == ''", None),
        ("self.foo__dot__bar == 1 && self.__namespace__ == 'a'", None),
        ("self.u == 1", Some("undefined field 'u'")),
        ("self.e.metadata.labels == {}", Some("undefined field 'labels'")),
        ("self.e.spec == 1", Some("undefined field 'spec'")),
        ("self.o.q == 1", Some("undefined field 'q'")),
        ("self.i == 'a'", Some("found no matching overload for '_==_' applied to '(int, string)'")),
        ("self.l == 1", Some("applied to '(list(selfType0.l.@idx), int)'")),
        ("self.m == 1", Some("applied to '(map(string, int), int)'")),
        ("self.s", Some("cel expression must evaluate to a bool")),
        ("oldSelf.s == self.s", None),
    ] {
        let found = complaints(&with_rule(every, rule));
        match wanted {
            None => assert_eq!(found, Vec::<String>::new(), "{rule}"),
            Some(text) => assert!(found.len() == 1 && found[0].contains(text), "{rule}: {found:?}"),
        }
    }
}

#[test]
fn rules_may_cost_what_fits_into_a_request() {
    let strings = r#"{"type": "array", "items": {"type": "string"}}"#;
    let too_much = "estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding \
                    maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
    let whole = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by \
                 factor of more than 100x";
    let found = complaints(&with_rule(strings, "self.all(x, self.all(y, x == y))"));
    let rule = "s.properties[a].x-kubernetes-validations[0].rule: Forbidden: ";
    assert_eq!(found.len(), 3);
    assert_eq!(found[0], format!("{rule}{too_much}"));
    assert!(found[1].starts_with(&format!("{rule}contributed to")), "{found:?}");
    assert!(found[2].starts_with(&format!("s: Forbidden: {whole}")), "{found:?}");
    for fitting in [
        r#"{"type": "array", "maxItems": 20, "items": {"type": "string", "maxLength": 100}}"#,
        r#"{"type": "array", "maxItems": 20, "items": {"type": "string", "enum": ["a", "bcd"]}}"#,
        r#"{"type": "array", "maxItems": 20, "items": {"type": "integer"}}"#,
    ] {
        assert!(complaints(&with_rule(fitting, "self.all(x, self.all(y, x == y))")).is_empty(), "{fitting}");
    }
    // What a rule costs counts as often as there may be something to apply it to.
    let inside = r#"{"type": "array", "items": {"type": "string", "maxLength": 1000}}"#;
    let mut schema = with_rule(inside, "true");
    schema.set_at(
        &["properties", "a", "items", "x-kubernetes-validations"],
        vec![object! { "rule" => "self.matches('a+b')" }],
    );
    let found = complaints(&schema);
    assert!(
        found[0].starts_with("s.properties[a].items.x-kubernetes-validations[0].rule: Forbidden: estimated")
    );
    schema.set_at(&["properties", "a", "maxItems"], 10);
    assert!(complaints(&schema).is_empty());
}

#[test]
fn failures_say_what_the_rule_says() {
    let schema = |rule: Value| {
        let mut schema = with_rule(r#"{"type": "object", "properties": {"b": {"type": "integer"}}}"#, "");
        schema.set_at(&["properties", "a", "x-kubernetes-validations"], vec![rule]);
        schema
    };
    for (rule, wanted) in [
        (object! { "rule" => " self.b > 1 " }, "a: Invalid value: failed rule: self.b > 1"),
        (object! { "rule" => "self.b > 1", "message" => " too small " }, "a: Invalid value: too small"),
        (
            object! { "rule" => "self.b > 1", "message" => "m", "messageExpression" => "'got ' + string(self.b)" },
            "a: Invalid value: got 1",
        ),
        (
            object! { "rule" => "self.b > 1", "message" => "m", "messageExpression" => "string(self.b / 0)" },
            "a: Invalid value: m",
        ),
        (
            object! { "rule" => "self.b > 1", "message" => "m", "messageExpression" => "' '" },
            "a: Invalid value: m",
        ),
        (
            object! { "rule" => "self.b > 1", "reason" => "FieldValueForbidden", "fieldPath" => ".b" },
            "a.b: Forbidden: failed rule: self.b > 1",
        ),
        (
            object! { "rule" => "self.b > 1", "reason" => "FieldValueRequired" },
            "a: Required value: failed rule: self.b > 1",
        ),
        (object! { "rule" => "self.b > 1", "reason" => "FieldValueDuplicate" }, "a: Duplicate value"),
        (
            object! { "rule" => "1 / (self.b - 1) == 0" },
            "a: Invalid value: \"object\": division by zero evaluating rule: 1 / (self.b - 1) == 0",
        ),
        (
            object! { "rule" => "dyn(self.b).startsWith('a')" },
            "a: Invalid value: \"object\": 'no such overload': call arguments did not match a supported operator, function \
             or macro signature for rule: dyn(self.b).startsWith('a')",
        ),
    ] {
        assert_eq!(judged(&schema(rule.clone()), r#"{"b": 1}"#, None), [wanted], "{rule:?}");
    }
}

#[test]
fn a_value_that_is_no_structure_is_shown() {
    let schema = with_rule(r#"{"type": "string"}"#, "self == 'a'");
    assert_eq!(judged(&schema, "\"b\"", None), ["a: Invalid value: \"b\": failed rule: self == 'a'"]);
    assert_eq!(judged(&schema, "\"a\"", None), Vec::<String>::new());
    assert_eq!(judged(&schema, "null", None), Vec::<String>::new());
}

#[test]
fn rules_about_changes_need_something_to_compare_with() {
    let fixed = with_rule(r#"{"type": "string"}"#, "self == oldSelf");
    assert_eq!(judged(&fixed, "\"b\"", None), Vec::<String>::new());
    assert_eq!(judged(&fixed, "\"b\"", Some("\"b\"")), Vec::<String>::new());
    assert_eq!(
        judged(&fixed, "\"b\"", Some("\"a\"")),
        ["a: Invalid value: \"b\": failed rule: self == oldSelf"]
    );

    let mut optional = with_rule(r#"{"type": "string"}"#, "");
    let rule = object! { "rule" => "oldSelf.hasValue() || self == 'new'", "optionalOldSelf" => true };
    optional.set_at(&["properties", "a", "x-kubernetes-validations"], vec![rule]);
    assert_eq!(judged(&optional, "\"new\"", None), Vec::<String>::new());
    assert_eq!(judged(&optional, "\"b\"", None).len(), 1);
    assert_eq!(judged(&optional, "\"b\"", Some("\"c\"")), Vec::<String>::new());

    let keyed = r#"{"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items":
        {"type": "object", "properties": {"k": {"type": "string"}, "v": {"type": "integer"}}}}"#;
    let mut schema = with_rule(keyed, "true");
    let grows = vec![object! { "rule" => "self.v >= oldSelf.v" }];
    schema.set_at(&["properties", "a", "items", "x-kubernetes-validations"], grows);
    let old = r#"[{"k": "x", "v": 1}, {"k": "y", "v": 5}]"#;
    assert_eq!(
        judged(&schema, r#"[{"k": "y", "v": 5}, {"k": "z", "v": 0}]"#, Some(old)),
        Vec::<String>::new()
    );
    assert_eq!(
        judged(&schema, r#"[{"k": "y", "v": 4}, {"k": "x", "v": 2}]"#, Some(old)),
        ["a[0]: Invalid value: failed rule: self.v >= oldSelf.v"]
    );
}

#[test]
fn what_did_not_change_is_only_warned_of() {
    let list = r#"{"type": "array", "items": {"type": "string"}}"#;
    let schema = with_rule(list, "self.size() < 2");
    let failure = "a: Invalid value: failed rule: self.size() < 2";
    assert_eq!(judged(&schema, r#"["x", "y"]"#, None), [failure]);
    assert_eq!(judged(&schema, r#"["x", "y"]"#, Some(r#"["y", "x"]"#)), [failure]);
    assert_eq!(judged(&schema, r#"["x", "y"]"#, Some(r#"["x", "y"]"#)), [format!("warning: {failure}")]);
    // A part that cannot be found in the old object is forgiven when what is around it did not change.
    let mut inner = with_rule(list, "true");
    let rule = vec![object! { "rule" => "self != 'x'" }];
    inner.set_at(&["properties", "a", "items", "x-kubernetes-validations"], rule);
    let failure = "a[0]: Invalid value: \"x\": failed rule: self != 'x'";
    assert_eq!(judged(&inner, r#"["x"]"#, Some(r#"["x"]"#)), [format!("warning: {failure}")]);
    assert_eq!(judged(&inner, r#"["x"]"#, Some(r#"["z"]"#)), [failure]);
}

#[test]
fn rules_of_all_of_apply_to_the_same_value() {
    let mut schema = with_rule(r#"{"type": "integer"}"#, "self > 0");
    let more = object! { "x-kubernetes-validations" => vec![object! { "rule" => "self < 5" }] };
    schema.set_at(&["properties", "a", "allOf"], vec![more]);
    assert_eq!(judged(&schema, "7", None), ["a: Invalid value: 7: failed rule: self < 5"]);
    assert_eq!(judged(&schema, "3", None), Vec::<String>::new());
}

#[test]
fn budgets_end_the_run() {
    let list = r#"{"type": "array", "maxItems": 1000, "items": {"type": "integer"}}"#;
    let schema = with_rule(list, "self.all(x, x >= 0)");
    let object = object! { "a" => (0..1000).map(Value::from).collect::<Vec<_>>() };
    let rules = Rules::of(&schema).unwrap();
    assert!(rules.validate(&object, None, REQUEST_BUDGET, None).budget.is_some());
    let outcome = rules.validate(&object, None, 100, None);
    assert_eq!(outcome.budget, None);
    assert_eq!(
        outcome.errors.to_string(),
        "a: Invalid value: \"array\": validation failed due to running out of cost budget, no further validation rules \
         will be run"
    );
    let heavy = with_rule(list, "self.all(x, self.all(y, self.all(z, x + y + z >= 0)))");
    let outcome = Rules::of(&heavy).unwrap().validate(&object, None, REQUEST_BUDGET, None);
    assert!(
        outcome
            .errors
            .to_string()
            .contains("no further validation rules will be run due to call cost exceeds limit")
    );
}

#[test]
fn nothing_to_check_costs_nothing() {
    assert!(Rules::of(&json(r#"{"type": "object", "properties": {"a": {"type": "string"}}}"#)).is_none());
    assert!(Scope::root(&json("{}")).is_none());
}
