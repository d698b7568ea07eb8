//! Objects with schemas, objects made by expressions, questions to the authorizer, and what is not known yet.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cel::shape::{ListKind, Read, Shape};
use cel::{
    Activation, Authorizer, Cause, Decision, Env, FieldType, Limits, Program, Request, Type, TypeProvider,
    Value, Verdict,
};

/// Evaluates, and shows the value or the failure.
fn show(env: &Env, vars: &Activation<'_>, expression: &str) -> String {
    let program = match env.compile(expression) {
        Ok(checked) => Program::new(&checked).unwrap(),
        Err(issues) => return issues.iter().map(|i| i.message.clone()).collect::<Vec<_>>().join("; "),
    };
    let vars = vars.clone();
    let value = program.evaluate(&vars, &Limits::default()).value;
    value.map_or_else(|e| e.to_string(), |v| v.to_string())
}

/// A schema with fields of several formats.
struct Schema;

impl TypeProvider for Schema {
    fn has_type(&self, name: &str) -> bool {
        matches!(name, "schema" | "schema.spec" | "Object" | "Object.spec" | "JSONPatch")
    }

    fn field(&self, type_name: &str, field: &str) -> Option<FieldType> {
        let ty = match (type_name, field) {
            ("schema", "spec") => Type::object("schema.spec"),
            ("schema.spec", "ratio") => Type::Double,
            ("schema.spec", "since") => Type::Timestamp,
            ("schema.spec", "every") => Type::Duration,
            ("schema.spec", "raw") => Type::Bytes,
            ("schema.spec", "day") => Type::Timestamp,
            ("schema.spec", "set" | "plain") => Type::list(Type::Int),
            ("schema.spec", "none") => Type::String,
            ("schema.spec", "items") => Type::list(Type::map(Type::String, Type::Int)),
            ("schema.spec", "foo__dot__bar") => {
                return Some(FieldType { ty: Type::Int, key: Some("foo.bar".into()) });
            }
            ("Object", "spec") => Type::object("Object.spec"),
            ("Object.spec", "replicas") => Type::Int,
            ("Object.spec", "labels") => Type::map(Type::String, Type::String),
            ("JSONPatch", "op" | "path") => Type::String,
            ("JSONPatch", "value") => Type::Dyn,
            _ => return None,
        };
        Some(ty.into())
    }
}

fn shape() -> Shape {
    let read = |read| Shape { read, ..Shape::default() };
    let list = |list| Shape { read: Read::List, list, items: Some(Box::default()), ..Shape::default() };
    let spec: HashMap<_, _> = [
        ("ratio", read(Read::Double)),
        ("since", read(Read::DateTime)),
        ("every", read(Read::Duration)),
        ("raw", read(Read::Bytes)),
        ("day", read(Read::Date)),
        ("plain", list(ListKind::Atomic)),
        ("foo.bar", read(Read::Int)),
        ("none", Shape { nullable: true, ..read(Read::String) }),
        ("set", list(ListKind::Set)),
        ("items", list(ListKind::Map(vec!["id".into()]))),
    ]
    .into_iter()
    .map(|(name, shape)| (name.into(), shape))
    .collect();
    let spec = Shape { read: Read::Object, fields: spec, ..Shape::default() };
    Shape { read: Read::Object, fields: [("spec".into(), spec)].into(), ..Shape::default() }
}

fn object() -> api::Value {
    api::object! { "spec" => api::object! {
        "ratio" => 2, "since" => "2020-01-02T03:04:05Z", "every" => "1h", "raw" => "aGk=", "day" => "2020-01-02",
        "none" => api::Value::Null, "unknown" => 1,
        "set" => vec![1, 2], "plain" => vec![1, 2], "foo.bar" => 7,
        "items" => vec![api::object! { "id" => 1, "n" => 1 }, api::object! { "id" => 2, "n" => 2 }],
    } }
}

#[test]
fn schemas_say_how_json_is_read() {
    let env = Env::kubernetes().variable("self", Type::object("schema")).provider(Arc::new(Schema));
    let (object, shape) = (object(), shape());
    let vars = Activation::new(&env).set("self", Value::shaped(&object, Some(&shape)).unwrap());
    for (expression, wanted) in [
        ("self.spec.ratio", "2.0"),
        ("self.spec.ratio > 1.5", "true"),
        ("self.spec.since.getFullYear()", "2020"),
        ("self.spec.day.getDate()", "2"),
        ("self.spec.every > duration('59m')", "true"),
        ("string(self.spec.raw)", "\"hi\""),
        ("self.spec.foo__dot__bar", "7"),
        ("has(self.spec.foo__dot__bar)", "true"),
        ("self.spec.foo", "undefined field 'foo'"),
        ("self.spec.plain == [2, 1]", "false"),
        ("self.spec.set == [2, 1]", "true"),
        ("self.spec.set + [2, 3]", "[1, 2, 3]"),
        ("self.spec.plain + [2, 3]", "[1, 2, 2, 3]"),
        ("self.spec.items == [{'id': 2, 'n': 2}, {'id': 1, 'n': 1}]", "true"),
        ("(self.spec.items + [{'id': 2, 'n': 5}]).map(i, i.n)", "[1, 5]"),
        // What has declared members is a map all the same when it runs.
        ("type(dyn(self.spec)) == map", "true"),
        // A member that is null is not there, nor is one that the schema does not know.
        ("has(self.spec.none)", "false"),
        ("self.spec.none", "no such key: none"),
        ("has(dyn(self.spec).unknown)", "false"),
        ("'foo__dot__bar' in dyn(self.spec)", "true"),
        ("dyn(self.spec).exists(k, k == 'foo__dot__bar')", "true"),
        ("has(self.spec.ratio) && !has(self.spec.every)", "false"),
    ] {
        assert_eq!(show(&env, &vars, expression), wanted, "{expression}");
    }
    let broken = api::object! { "spec" => api::object! { "since" => "then" } };
    let vars = Activation::new(&env).set("self", Value::shaped(&broken, Some(&shape)).unwrap());
    let failure = show(&env, &vars, "self.spec.since.getFullYear()");
    assert!(failure.starts_with("Invalid date-time formatted string then: "), "{failure}");
}

#[test]
fn expressions_make_objects() {
    let env = Env::kubernetes().provider(Arc::new(Schema)).json_patch();
    let vars = Activation::new(&env);
    let json = |expression: &str| {
        let program = Program::new(&env.compile(expression).unwrap()).unwrap();
        let vars = Activation::new(&env);
        let value = program.evaluate(&vars, &Limits::default()).value.unwrap();
        api::json::to_string(&value.to_json().unwrap())
    };
    assert_eq!(
        json("Object{spec: Object.spec{replicas: 1 + 2, labels: {'a': 'b'}}}"),
        r#"{"spec":{"replicas":3,"labels":{"a":"b"}}}"#
    );
    assert_eq!(
        json("[JSONPatch{op: 'add', path: '/a/' + jsonpatch.escapeKey('b/c~'), value: [1, 2]}]"),
        r#"[{"op":"add","path":"/a/b~1c~0","value":[1,2]}]"#
    );
    assert_eq!(json("Object{?spec: optional.none()}"), "{}");
    assert_eq!(
        show(&env, &vars, "Object{spec: 1}"),
        "expected type of field 'spec' is 'Object.spec' but provided type is 'int'"
    );
    assert_eq!(show(&env, &vars, "Object{nope: 1}"), "undefined field 'nope'");
    assert_eq!(show(&env, &vars, "Nope{}"), "undeclared reference to 'Nope' (in container '')");
    assert_eq!(show(&env, &vars, "Object{}.spec"), "no such key: spec");
    assert_eq!(show(&env, &vars, "has(Object{}.spec)"), "false");
}

/// Allows what is called `good` and says what it was asked.
struct Named(AtomicU32);

impl Authorizer for Named {
    fn authorize(&self, r: &Request<'_>) -> Verdict {
        self.0.fetch_add(1, Ordering::Relaxed);
        let asked = format!(
            "{} {} {} {}/{}/{} {}/{} [{}] [{}]",
            r.user.name,
            r.verb,
            r.path.unwrap_or("-"),
            r.group,
            r.resource,
            r.subresource,
            r.namespace,
            r.name,
            r.field_selector,
            r.label_selector
        );
        let decision =
            if r.name == "good" || r.path == Some("/good") { Decision::Allow } else { Decision::NoOpinion };
        Verdict { decision, reason: asked, error: (r.verb == "fail").then(|| "out of order".to_owned()) }
    }
}

#[test]
fn the_authorizer_is_asked() {
    let ty = |name: &str| Type::object(&format!("kubernetes.authorization.{name}"));
    let env = Env::kubernetes()
        .variable("authorizer", ty("Authorizer"))
        .variable("authorizer.requestResource", ty("ResourceCheck"));
    let named = Named(AtomicU32::new(0));
    let user = api::UserInfo::new("jane", ["dev"]);
    let request =
        api::RequestInfo::parse("PUT", "/apis/apps/v1/namespaces/n/deployments/good/status").unwrap();
    let vars = Activation::new(&env)
        .set("authorizer", cel::authorizer(user.clone(), &named))
        .set("authorizer.requestResource", cel::resource_authorizer(user, &named, &request));
    let pods = "authorizer.group('').resource('pods').namespace('n')";
    for (expression, wanted) in [
        ("authorizer.path('/good').check('get').allowed()".to_owned(), "true"),
        ("authorizer.path('/bad').check('get').reason()".to_owned(), "\"jane get /bad // / [] []\""),
        ("authorizer.path(' ')".to_owned(), "path must not be empty"),
        ("authorizer.group('g').resource('')".to_owned(), "resource must not be empty"),
        (format!("{pods}.name('good').check('get').allowed()"), "true"),
        (format!("{pods}.check('get').allowed()"), "false"),
        (
            format!(
                "{pods}.subresource('log').fieldSelector('a=b').labelSelector('c').check('list').reason()"
            ),
            "\"jane list - /pods/log n/ [a=b] [c]\"",
        ),
        (format!("{pods}.check('fail').errored()"), "true"),
        (format!("{pods}.check('fail').error()"), "\"out of order\""),
        (format!("{pods}.check('get').error()"), "\"\""),
        (
            "authorizer.serviceAccount('ns', 'sa').path('/x').check('get').reason()".to_owned(),
            "\"system:serviceaccount:ns:sa get /x // / [] []\"",
        ),
        ("authorizer.serviceAccount('ns', 'A').path('/x')".to_owned(), "Invalid service account name"),
        ("authorizer.serviceAccount('A', 'sa').path('/x')".to_owned(), "Invalid service account namespace"),
        ("authorizer.requestResource.check('update').allowed()".to_owned(), "true"),
        (
            "authorizer.requestResource.check('update').reason()".to_owned(),
            "\"jane update - apps/deployments/status n/good [] []\"",
        ),
    ] {
        assert_eq!(show(&env, &vars, &expression), wanted, "{expression}");
    }
    let program =
        Program::new(&env.compile("authorizer.path('/good').check('get').allowed()").unwrap()).unwrap();
    assert_eq!(program.evaluate(&vars, &Limits::default()).cost, 350_000 + 3);
    let budget = Limits { cost: Some(100_000), cancel: None };
    let stopped = program.evaluate(&vars, &budget);
    assert_eq!(stopped.value.unwrap_err().cause(), &Cause::CostLimit);
}

#[test]
fn what_is_unknown_stays_unknown_unless_it_does_not_matter() {
    let env = Env::kubernetes()
        .variable("known", Type::Bool)
        .variable("later", Type::Dyn)
        .variable("never", Type::Dyn);
    let vars = Activation::new(&env).set("known", Value::Bool(true)).unknown("later").unknown("never");
    for (expression, wanted) in [
        ("known || later.a == 1", "true"),
        ("later.a == 1 || known", "true"),
        ("!known && later.a == 1", "false"),
        ("known && later.a == 1", "unknown: later"),
        ("later.a == 1 && never.b == 1", "unknown: later, never"),
        ("later.a == 1 && 1 / 0 == 1", "unknown: later"),
        ("1 / 0 == 1 || later.a == 1", "unknown: later"),
        ("known ? 1 : later", "1"),
        ("later ? 1 : 2", "unknown: later"),
        ("[later]", "unknown: later"),
        ("[1, 2].all(i, i < 3 || later.b)", "true"),
        ("[1, 2].all(i, i < 2 || later.b)", "unknown: later"),
        ("later.map(i, i)", "unknown: later"),
        ("has(later.x)", "unknown: later"),
    ] {
        assert_eq!(show(&env, &vars, expression), wanted, "{expression}");
    }
    let missing = Activation::new(&env);
    assert_eq!(show(&env, &missing, "known"), "no such attribute(s): known");
    let checked = env.compile("known && later.a == 1").unwrap();
    assert_eq!(checked.mentions(), ["known", "later"]);
}

#[test]
fn parts_of_what_is_known_may_be_unknown() {
    let env = Env::kubernetes().variable("request", Type::Dyn);
    let request = api::object! { "verb" => "create", "object" => api::object! { "a" => 1 }, "options" => 2 };
    let vars = Activation::new(&env)
        .set("request", Value::json(&request))
        .unknown_part("request", &["object", "metadata"])
        .unknown_part("request", &["options"]);
    for (expression, wanted) in [
        ("request.verb == 'create'", "true"),
        ("request.object.a == 1", "true"),
        ("request.object.metadata.name == 'x'", "unknown: request.object.metadata"),
        ("has(request.object.metadata.name)", "unknown: request.object.metadata"),
        ("request.object == 1", "unknown: request.object.metadata"),
        ("request.verb == 'delete' && request.options.x", "false"),
        (
            "request.options == 1 || request.object.metadata.x",
            "unknown: request.object.metadata, request.options",
        ),
        ("request == 1", "unknown: request.object.metadata"),
        ("request['verb'] == 'create'", "unknown: request.object.metadata"),
    ] {
        assert_eq!(show(&env, &vars, expression), wanted, "{expression}");
    }
}

/// Variables of a policy, computed when they are asked for.
#[derive(Debug)]
struct Variables(AtomicU32);

impl cel::value::Fields for Variables {
    fn type_name(&self) -> &str {
        "variables"
    }

    fn field(&self, name: &str) -> Option<cel::value::Result<'_>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        (name == "n").then_some(Ok(Value::Int(5)))
    }
}

#[test]
fn fields_are_computed_when_asked_for() {
    let env = Env::kubernetes().variable("variables", Type::Dyn).variable("on", Type::Bool);
    let variables = Variables(AtomicU32::new(0));
    let vars =
        Activation::new(&env).set("variables", Value::Fields(&variables)).set("on", Value::Bool(false));
    assert_eq!(show(&env, &vars, "on && variables.n == 5"), "false");
    assert_eq!(variables.0.load(Ordering::Relaxed), 0);
    assert_eq!(show(&env, &vars, "variables.n == 5"), "true");
    assert_eq!(show(&env, &vars, "variables.m == 5"), "no such key: m");
    assert_eq!(show(&env, &vars, "has(variables.m)"), "false");
}
