//! MutatingAdmissionPolicy: patches for an object.
//!
//! Entry points: [`MutatingPolicy::compile`], then [`MutatingPolicy::matches`] and [`Mutation::patch`] one after the
//! other, as each sees the object that the one before it made.

use super::evaluate::{Input, Phase};
use super::matching::{Conditions, Matched};
use super::{Compiler, Purpose, Variable};
use crate::environment::{Expression, REQUEST_BUDGET, Refusal};
use crate::eval::Activation;
use crate::value::Value;

/// A compiled policy; share it between threads.
///
/// ```
/// use cel::policy::{Input, MutatingPolicy, Patch};
///
/// let policy = api::object! { "spec" => api::object! { "mutations" => vec![api::object! {
///     "patchType" => "ApplyConfiguration",
///     "applyConfiguration" => api::object! {
///         "expression" => "Object{metadata: Object.metadata{labels: {'app': object.metadata.name}}}",
///     },
/// }] } };
/// let policy = MutatingPolicy::compile(&policy);
/// let object = api::object! { "metadata" => api::object! { "name" => "web" } };
/// let patch = policy.patch(0, &Input { object: Some(&object), ..Input::default() }).unwrap();
/// let Patch::Apply(patch) = patch else { panic!() };
/// assert_eq!(patch.str_at(&["metadata", "labels", "app"]), "web");
/// ```
#[derive(Debug)]
pub struct MutatingPolicy {
    ignores_failures: bool,
    conditions: Conditions,
    mutations: Vec<Mutation>,
    variables: Vec<Variable>,
    template: Activation<'static>,
}

/// One mutation of a policy.
#[derive(Debug)]
pub struct Mutation {
    expression: Result<Expression, Refusal>,
}

/// How an object is to be changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Patch {
    /// By server-side apply of this object, which has no kind yet.
    Apply(api::Value),
    /// By these operations of a JSON patch (RFC 6902).
    Json(api::Value),
}

impl MutatingPolicy {
    /// Compiles a policy.  An expression that does not compile fails for every request.
    pub fn compile(policy: &api::Value) -> Self {
        let spec = policy.at(&["spec"]);
        let mut compiler = Compiler::new(!spec.at(&["paramKind"]).is_null()).with_variables();
        super::declare(&mut compiler, spec);
        let mutation = |mutation: &api::Value| {
            let (purpose, member) = match mutation.str_at(&["patchType"]) {
                "JSONPatch" => (Purpose::JsonPatch, "jsonPatch"),
                _ => (Purpose::ApplyConfiguration, "applyConfiguration"),
            };
            Mutation { expression: compiler.compile(purpose, mutation.str_at(&[member, "expression"])) }
        };
        Self {
            ignores_failures: spec.str_at(&["failurePolicy"]) == "Ignore",
            conditions: Conditions::compile(spec.array_at(&["matchConditions"]), &compiler),
            mutations: spec.array_at(&["mutations"]).iter().map(mutation).collect(),
            template: Activation::new(&compiler.env(true, true)),
            variables: compiler.compiled,
        }
    }

    /// Whether a failure is to be ignored.
    pub fn ignores_failures(&self) -> bool {
        self.ignores_failures
    }

    /// Whether the policy looks at a request.
    pub fn matches<'v>(&'v self, input: &Input<'v>) -> Matched {
        self.conditions.evaluate_with(input, &self.variables)
    }

    /// The mutations in order.
    pub fn mutations(&self) -> &[Mutation] {
        &self.mutations
    }

    /// What a mutation, by its place in the policy, makes of a request.
    ///
    /// # Errors
    ///
    /// Why there is no patch.
    pub fn patch<'v>(&'v self, mutation: usize, input: &Input<'v>) -> Result<Patch, String> {
        let Some(Mutation { expression }) = self.mutations.get(mutation) else {
            return Err(format!("there is no mutation {mutation}"));
        };
        if let Err(refusal) = expression {
            return Err(refusal.to_string());
        }
        let mut phase = Phase::new(input, &self.template, &self.variables, REQUEST_BUDGET);
        let value = phase.evaluate(expression).map_err(str::to_owned)??;
        match &value {
            Value::Struct(_) => {
                check_names(&value)?;
                value.to_json().map(Patch::Apply).ok_or_else(|| unusable(&value))
            }
            _ => operations(&value).map(Patch::Json),
        }
    }
}

fn unusable(value: &Value<'_>) -> String {
    format!("invalid return type: {}", value.type_of().runtime_name())
}

fn operations(list: &Value<'_>) -> Result<api::Value, String> {
    let wanted = || "type mismatch: JSONPatchType.expression should evaluate to array".to_owned();
    let items = list.items().map_err(|_| wanted())?;
    let operation = |item: Value<'_>| {
        let Value::Struct(operation) = &item else { return Err(wanted()) };
        for (name, value) in operation.fields.iter().filter(|(name, _)| &**name == "value") {
            check_names(value)?;
            if value.to_json().is_none() {
                let ty = value.type_of();
                return Err(format!(
                    "JSONPath valueExpression evaluated to a type that could not marshal to JSON: {name} is a {}",
                    ty.runtime_name()
                ));
            }
        }
        item.to_json().ok_or_else(|| unusable(&item))
    };
    items.into_iter().map(operation).collect::<Result<Vec<_>, _>>().map(Into::into)
}

/// Objects in objects are called after where they are, `Object.spec` in `spec`.
fn check_names(value: &Value<'_>) -> Result<(), String> {
    let mut found = Vec::new();
    if let Value::Struct(object) = value {
        collect(value, &object.type_name, &mut found);
    }
    if found.is_empty() { Ok(()) } else { Err(format!("type mismatch: {}", found.join("\n"))) }
}

fn collect(value: &Value<'_>, wanted: &str, found: &mut Vec<String>) {
    match value {
        Value::Struct(object) => {
            if *object.type_name != *wanted {
                found.push(format!(
                    "unexpected type name {:?}, expected {wanted:?}, which matches field name path from root Object type",
                    object.type_name
                ));
            }
            for (name, field) in &object.fields {
                collect(field, &format!("{wanted}.{name}"), found);
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, wanted, found)),
        Value::Map(map) => map.entries().iter().for_each(|(_, value)| collect(value, wanted, found)),
        _ => {}
    }
}
