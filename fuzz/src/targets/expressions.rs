//! Expressions, the rules of schemas, and policies.

use api::{Value, object};
use cel::policy::{Input, ValidatingPolicy};
use cel::schema::{Rules, Scope};
use cel::{Activation, Env, Limits, Program, Type};

use crate::text;

/// What an expression may cost here.
const LIMITS: Limits<'static> = Limits { cost: Some(20_000), cancel: None };

/// Any text compiles or is refused with a complaint that shows; what compiles does the same twice.
pub(crate) fn expression(bytes: &[u8]) {
    let text = text(bytes);
    let env = Env::kubernetes().variable("object", Type::Dyn).variable("l", Type::list(Type::Int));
    let checked = match env.compile(&text) {
        Ok(checked) => checked,
        Err(issues) => return assert!(issues.to_string().starts_with("ERROR: <input>:"), "{text}"),
    };
    let estimate = checked.estimate(&());
    assert!(estimate.min <= estimate.max, "{text}");
    let Ok(program) = Program::new(&checked) else { return };
    let value = object! { "a" => 1, "b" => vec!["x", "y"], "c" => object! { "d" => 1.5 } };
    let list = Value::from(vec![3, 1, 2]);
    let vars =
        Activation::new(&env).set("object", cel::Value::json(&value)).set("l", cel::Value::json(&list));
    let (first, second) = (program.evaluate(&vars, &LIMITS), program.evaluate(&vars, &LIMITS));
    assert_eq!(first.cost, second.cost, "{text}");
    assert_eq!(format!("{:?}", first.value), format!("{:?}", second.value), "{text}");
}

/// Any JSON may be a schema with rules, and an object that they are about; a change that changes nothing adds nothing
/// to what is wrong.
pub(crate) fn schema(bytes: &[u8]) {
    let Ok(parsed) = codec::json::parse(bytes) else { return };
    let (schema, object) = (parsed.value.at(&["schema"]), parsed.value.at(&["object"]));
    if let Some(scope) = Scope::root(schema) {
        let (mut costs, mut errors) = Default::default();
        let path = api::field::Path::root();
        let place = cel::schema::Place { path: &path, uncorrelated: None, keeps_costs: false };
        scope.check(&place, &|_| Value::Null, &mut costs, &mut errors);
        costs.report(&path, &mut errors);
    }
    let Some(rules) = Rules::of(schema) else { return };
    let created = rules.validate(object, None, 100_000, None);
    let kept = rules.validate(object, Some(object), 100_000, None);
    let transitions = api::json::to_string(schema).contains("oldSelf");
    assert!(transitions || kept.errors.len() <= created.errors.len());
}

/// Any JSON may be a policy, which judges an object the same way twice.
pub(crate) fn policy(bytes: &[u8]) {
    let Ok(parsed) = codec::json::parse(bytes) else { return };
    let policy = ValidatingPolicy::compile(&parsed.value);
    let object = object! { "metadata" => object! { "name" => "a" } };
    let input = Input { object: Some(&object), ..Input::default() };
    assert_eq!(policy.evaluate(&input), policy.evaluate(&input));
}
