//! Whole policies: conditions, variables, messages, annotations, patches, budgets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use api::{Value, object};
use cel::policy::{
    Annotation, Compiler, Conditions, Decision, Input, Matched, MutatingPolicy, Patch, Purpose,
    ValidatingPolicy,
};

fn json(text: &str) -> Value {
    support::convert(&serde_json::from_str(text).unwrap())
}

fn denied(spec: &str, object: &str) -> Vec<String> {
    let policy = ValidatingPolicy::compile(&object! { "spec" => json(spec) });
    let object = json(object);
    let input = Input { object: Some(&object), ..Input::default() };
    policy.evaluate(&input).denials().map(|decision| decision.message.clone()).collect()
}

#[test]
fn validations_deny_in_the_words_of_the_policy() {
    let none = Vec::<String>::new();
    let object = r#"{"spec": {"replicas": 7}}"#;
    for (spec, wanted) in [
        (
            r#"{"validations": [{"expression": " object.spec.replicas <= 5 "}]}"#,
            vec!["failed expression: object.spec.replicas <= 5"],
        ),
        (r#"{"validations": [{"expression": "object.spec.replicas <= 5", "message": " no "}]}"#, vec!["no"]),
        (
            r#"{"validations": [{"expression": "object.spec.replicas <= 5", "message": "no", "messageExpression": "'got ' + string(object.spec.replicas)"}]}"#,
            vec!["got 7"],
        ),
        (
            r#"{"validations": [{"expression": "object.spec.replicas <= 5", "message": "no", "messageExpression": "object.nope"}]}"#,
            vec!["no"],
        ),
        (
            r#"{"validations": [{"expression": "object.spec.replicas <= 5", "message": "no", "messageExpression": "'a\\nb'"}]}"#,
            vec!["no"],
        ),
        (
            r#"{"validations": [{"expression": "object.nope"}]}"#,
            vec!["compilation error: must evaluate to bool but got dyn"],
        ),
        (
            r#"{"validations": [{"expression": "object.nope == 1"}]}"#,
            vec!["expression 'object.nope == 1' resulted in error: no such key: nope"],
        ),
        (r#"{"validations": [{"expression": "object.spec.replicas < 10"}]}"#, vec![]),
        (r#"{"failurePolicy": "Ignore", "validations": [{"expression": "object.nope == 1"}]}"#, vec![]),
        (
            r#"{"matchConditions": [{"name": "m", "expression": "object.spec.replicas < 3"}], "validations": [{"expression": "false"}]}"#,
            vec![],
        ),
        (
            r#"{"matchConditions": [{"name": "m", "expression": "object.x == 1"}], "validations": [{"expression": "true"}]}"#,
            vec!["expression 'object.x == 1' resulted in error: no such key: x"],
        ),
        (
            r#"{"variables": [{"name": "n", "expression": "object.spec.replicas"}, {"name": "m", "expression": "variables.n * 2"}],
            "validations": [{"expression": "variables.m == 14 && has(variables.n)"}, {"expression": "variables.m == 15"}]}"#,
            vec!["failed expression: variables.m == 15"],
        ),
        (
            r#"{"variables": [{"name": "n", "expression": "object.nope"}], "validations": [{"expression": "variables.n == 1"}]}"#,
            vec![
                "expression 'variables.n == 1' resulted in error: composited variable \"n\" fails to evaluate: no such key: nope",
            ],
        ),
        (
            r#"{"variables": [{"name": "n", "expression": "1 +"}], "validations": [{"expression": "true || variables.n == 1"}]}"#,
            vec![],
        ),
    ] {
        assert_eq!(denied(spec, object), wanted, "{spec}");
    }
    assert_eq!(denied(r#"{"validations": []}"#, object), none);
}

#[test]
fn reasons_are_those_of_the_policy() {
    let spec = json(
        r#"{"validations": [{"expression": "false", "reason": "Forbidden"}, {"expression": "false"}, {"expression": "true"}]}"#,
    );
    let judgement = ValidatingPolicy::compile(&object! { "spec" => spec }).evaluate(&Input::default());
    let reasons: Vec<&str> = judgement.decisions.iter().map(|d| d.reason.as_str()).collect();
    assert_eq!(reasons, ["Forbidden", "Invalid", ""]);
    assert_eq!(judgement.decisions.last(), Some(&Decision::default()));
}

#[test]
fn annotations_are_published_left_out_or_fail() {
    let spec = json(
        r#"{"auditAnnotations": [
            {"key": "a", "valueExpression": "'x' + 'y'"}, {"key": "b", "valueExpression": "null"},
            {"key": "c", "valueExpression": "' '"}, {"key": "d", "valueExpression": "string(1 / 0)"}]}"#,
    );
    let judgement = ValidatingPolicy::compile(&object! { "spec" => spec }).evaluate(&Input::default());
    assert_eq!(
        judgement.annotations,
        [
            Annotation::Publish("a".into(), "xy".into()),
            Annotation::Exclude,
            Annotation::Exclude,
            Annotation::Failed("expression 'string(1 / 0)' resulted in error: division by zero".into()),
        ]
    );
}

#[test]
fn variables_are_computed_once_and_cost_what_they_cost() {
    // Each use of the variable would cost more than an expression may.
    let list = "lists.range(300).all(a, lists.range(300).all(b, a + b >= 0))";
    let uses =
        (0..20).map(|_| r#"{"expression": "variables.big && variables.big"}"#).collect::<Vec<_>>().join(",");
    let spec =
        format!(r#"{{"variables": [{{"name": "big", "expression": "{list}"}}], "validations": [{uses}]}}"#);
    assert_eq!(denied(&spec, "{}"), Vec::<String>::new());
    // Expressions of their own share a budget.
    let uses = (0..20).map(|_| format!(r#"{{"expression": "{list}"}}"#)).collect::<Vec<_>>().join(",");
    let found = denied(&format!(r#"{{"validations": [{uses}]}}"#), "{}");
    assert_eq!(
        found,
        ["validation failed due to running out of cost budget, no further validation rules will be run"]
    );
}

#[test]
fn variables_may_need_each_other_but_not_themselves() {
    let mut variables = vec![r#"{"name": "v0", "expression": "1"}"#.to_owned()];
    variables
        .extend((1..500).map(|i| format!(r#"{{"name": "v{i}", "expression": "variables.v{} + 1"}}"#, i - 1)));
    let spec = format!(
        r#"{{"variables": [{}], "validations": [{{"expression": "variables.v499 == 500"}}]}}"#,
        variables.join(",")
    );
    assert_eq!(denied(&spec, "{}"), Vec::<String>::new());
    let again = r#"{"variables": [{"name": "a", "expression": "1"}, {"name": "a", "expression": "variables.a + 1"}],
        "validations": [{"expression": "variables.a == 2"}]}"#;
    assert!(denied(again, "{}")[0].contains("it depends on itself"));
}

#[test]
fn expressions_mention_what_they_may() {
    let compiler = Compiler::new(false);
    for (purpose, text, wanted) in [
        (Purpose::Validation, "params.x == 1", "undeclared reference to 'params'"),
        (Purpose::Validation, "variables.x == 1", "undeclared reference to 'variables'"),
        (
            Purpose::Message,
            "string(authorizer.path('/a').check('get').allowed())",
            "undeclared reference to 'authorizer'",
        ),
        (Purpose::Message, "1", "must evaluate to string but got int"),
        (Purpose::Annotation, "1", "must evaluate to one of [string null_type] but got int"),
        (Purpose::Validation, "Object{} == Object{}", "undeclared reference to 'Object'"),
        (Purpose::Validation, "jsonpatch.escapeKey('a') == ''", "undeclared reference to 'jsonpatch'"),
        (Purpose::ApplyConfiguration, "{'a': 1}", "must evaluate to Object but got map(string, int)"),
        (Purpose::ApplyConfiguration, "Object.spec{}", "must evaluate to Object but got Object.spec"),
        (Purpose::JsonPatch, "[1]", "must evaluate to list(JSONPatch) but got list(int)"),
        (Purpose::JsonPatch, "[JSONPatch{nope: 1}]", "undefined field 'nope'"),
    ] {
        let refused = compiler.compile(purpose, text).unwrap_err().to_string();
        assert!(refused.contains(wanted), "{text}: {refused}");
    }
    assert!(Compiler::new(true).compile(Purpose::Message, "params.x").is_err());
    assert!(Compiler::new(true).compile(Purpose::Message, "string(params.x)").is_ok());
}

#[test]
fn schemas_find_mistakes_before_there_is_an_object() {
    let schema = json(
        r#"{"type": "object", "properties": {"kind": {"type": "string"}, "apiVersion": {"type": "string"},
            "metadata": {"type": "object", "properties": {"name": {"type": "string"}, "generateName": {"type": "string"},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}}}},
            "spec": {"type": "object", "properties": {"replicas": {"type": "integer"}}}}}"#,
    );
    let mut compiler =
        Compiler::new(true).with_variables().typed(cel::schema::typed("Deployment", &schema), None);
    compiler.variable("n", "object.spec.replicas").unwrap();
    assert!(
        compiler
            .check("object.metadata.labels['a'] == 'b' && variables.n > 1 && params.any.thing == 1")
            .is_ok()
    );
    for (text, wanted) in [
        ("object.spec.replica", "undefined field 'replica'"),
        (
            "oldObject.spec.replicas == 'a'",
            "found no matching overload for '_==_' applied to '(int, string)'",
        ),
        ("variables.n == 'a'", "found no matching overload for '_==_' applied to '(int, string)'"),
    ] {
        let refused = compiler.check(text).unwrap_err().to_string();
        assert!(refused.contains(wanted), "{text}: {refused}");
    }
}

#[test]
fn conditions_of_webhooks() {
    let compile = |list: &str| Conditions::compile(json(list).as_array().unwrap(), &Compiler::new(false));
    let object = json(r#"{"a": 1}"#);
    let input = Input { object: Some(&object), ..Input::default() };
    for (list, wanted) in [
        ("[]", Matched::Yes),
        (r#"[{"name": "x", "expression": "object.a == 1"}]"#, Matched::Yes),
        (
            r#"[{"name": "x", "expression": "object.b == 1"}, {"name": "y", "expression": "object.a == 2"}]"#,
            Matched::No("y".into()),
        ),
        (
            r#"[{"name": "x", "expression": "object.b == 1"}, {"name": "y", "expression": "object.a == 1"}]"#,
            Matched::Failed("expression 'object.b == 1' resulted in error: no such key: b".into()),
        ),
        (r#"[{"name": "x", "expression": "namespaceObject == null"}]"#, Matched::Yes),
    ] {
        assert_eq!(compile(list).evaluate(&input), wanted, "{list}");
    }
}

fn patched(patch_type: &str, expression: &str, object: &Value) -> Result<Patch, String> {
    let member = if patch_type == "JSONPatch" { "jsonPatch" } else { "applyConfiguration" };
    let mutation = object! { "patchType" => patch_type, member => object! { "expression" => expression } };
    let policy = MutatingPolicy::compile(&object! { "spec" => object! { "mutations" => vec![mutation] } });
    let input = Input { object: Some(object), ..Input::default() };
    assert_eq!(policy.matches(&input), Matched::Yes);
    policy.patch(0, &input)
}

#[test]
fn mutations_make_patches() {
    let object = json(r#"{"metadata": {"name": "a"}, "spec": {"c": [{"name": "x"}, {"name": "y"}]}}"#);
    let apply = |expression: &str| patched("ApplyConfiguration", expression, &object);
    assert_eq!(
        apply(
            "Object{spec: Object.spec{c: object.spec.c.map(c, Object.spec.c{name: c.name, n: 1})}, ?x: optional.none()}"
        ),
        Ok(Patch::Apply(json(r#"{"spec": {"c": [{"name": "x", "n": 1}, {"name": "y", "n": 1}]}}"#)))
    );
    assert_eq!(
        apply("Object{spec: Object.wrong{}}"),
        Err("type mismatch: unexpected type name \"Object.wrong\", expected \"Object.spec\", which matches field name path \
             from root Object type".to_owned())
    );
    assert!(apply("1").unwrap_err().starts_with("must evaluate to Object but got int"));
    assert!(apply("Object{a: object.nope}").unwrap_err().contains("no such key: nope"));
    let json_patch = |expression: &str| patched("JSONPatch", expression, &object);
    assert_eq!(
        json_patch(
            "[JSONPatch{op: 'add', path: '/data/' + jsonpatch.escapeKey('a/b'), value: Object.spec{x: [1]}}]"
        ),
        Ok(Patch::Json(json(r#"[{"op": "add", "path": "/data/a~1b", "value": {"x": [1]}}]"#)))
    );
    assert_eq!(
        json_patch(
            "object.spec.c.filter(c, c.name == 'x').map(c, JSONPatch{op: 'remove', path: '/' + c.name})"
        ),
        Ok(Patch::Json(json(r#"[{"op": "remove", "path": "/x"}]"#)))
    );
    assert!(
        json_patch("[JSONPatch{op: 'add', path: '/a', value: int}]")
            .unwrap_err()
            .contains("could not marshal to JSON")
    );
}
