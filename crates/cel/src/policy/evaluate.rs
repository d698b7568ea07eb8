//! What expressions of a policy are evaluated with: the request, and variables computed when they are asked for.
//!
//! Entry points: [`Input`] and [`Phase`].

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use super::Variable;
use crate::environment::{EXPRESSION_BUDGET, Expression, Refusal};
use crate::error::Error;
use crate::eval::{Activation, Limits, Outcome};
use crate::value::{self, Value};

/// The variable that holds the policy's variables.
pub(crate) const VARIABLES: &str = "variables";

/// What a policy is asked about.  Everything is read where it lies.
#[derive(Clone, Debug, Default)]
pub struct Input<'v> {
    /// The object after the request, none for a deletion.
    pub object: Option<&'v api::Value>,
    /// The object before the request, none for a creation.
    pub old_object: Option<&'v api::Value>,
    /// The request, as an `AdmissionRequest` without its objects.
    pub request: Option<&'v api::Value>,
    /// The namespace of the object, if it has one.
    pub namespace: Option<&'v api::Value>,
    /// The parameters of the binding, if there are any.
    pub params: Option<&'v api::Value>,
    /// Who answers questions about what the user may do; see [`crate::authorizer`].
    pub authorizer: Option<Value<'v>>,
    /// The same for the requested resource; see [`crate::resource_authorizer`].
    pub request_resource: Option<Value<'v>>,
    /// Set to true by whoever wants the evaluation to stop.
    pub cancel: Option<&'v AtomicBool>,
}

impl<'v> Input<'v> {
    fn activation(&self, template: &Activation<'static>) -> Activation<'v> {
        let json = |value: Option<&'v api::Value>| value.map_or(Value::Null, Value::json);
        let template: Activation<'v> = template.clone();
        let vars = template
            .set("object", json(self.object))
            .set("oldObject", json(self.old_object))
            .set("namespaceObject", json(self.namespace))
            .set("request", json(self.request))
            .set("params", json(self.params))
            .set(VARIABLES, Value::Composed);
        let vars = match &self.authorizer {
            Some(authorizer) => vars.set("authorizer", authorizer.clone()),
            None => vars,
        };
        match &self.request_resource {
            Some(resource) => vars.set("authorizer.requestResource", resource.clone()),
            None => vars,
        }
    }
}

/// Why evaluation ends before the last expression.
pub(super) const SPENT: &str =
    "validation failed due to running out of cost budget, no further validation rules will be run";

/// One round of expressions that share a budget and the values of variables.
pub(super) struct Phase<'v> {
    vars: Activation<'v>,
    composed: Composed<'v>,
    cancel: Option<&'v AtomicBool>,
    /// What may still be spent.
    pub left: u64,
}

impl<'v> Phase<'v> {
    pub(super) fn new(
        input: &Input<'v>,
        template: &Activation<'static>,
        variables: &'v [Variable],
        budget: u64,
    ) -> Self {
        let (vars, composed) = (input.activation(template), Composed::new(variables));
        Self { vars, composed, cancel: input.cancel, left: budget }
    }

    /// The value of an expression or why it has none; `Err` when the budget is spent.
    pub(super) fn evaluate(
        &mut self,
        expression: &'v Result<Expression, Refusal>,
    ) -> Result<Result<Value<'v>, String>, &'static str> {
        let expression = match expression {
            Ok(expression) => expression,
            Err(refusal) => return Ok(Err(format!("compilation error: {refusal}"))),
        };
        let limits = Limits { cost: Some(EXPRESSION_BUDGET), cancel: self.cancel };
        let Outcome { value, cost } =
            expression.program().evaluate_with(&self.vars, &self.composed, &limits, false);
        let cost = cost.saturating_add(self.composed.spent.swap(0, Relaxed));
        self.left = self.left.checked_sub(cost).ok_or(SPENT)?;
        Ok(value.map_err(|why| format!("expression '{}' resulted in error: {why}", expression.text())))
    }
}

/// The variables of a policy, each computed once when it is first asked for.
pub(crate) struct Composed<'v> {
    variables: &'v [Variable],
    values: Mutex<Vec<State<'v>>>,
    /// What computing them cost since somebody looked.
    spent: AtomicU64,
    /// How many are being computed, each for the one before it.
    depth: AtomicU32,
}

/// How many variables may need each other in a row before more stack is taken.
const SHALLOW: u32 = 16;
/// How many variables may need each other in a row.
const DEEPEST: u32 = 2_000;

#[derive(Clone, Default)]
enum State<'v> {
    #[default]
    Unasked,
    /// Being computed, maybe by way of itself.
    Busy,
    Done(value::Result<'v>),
}

impl<'v> Composed<'v> {
    fn new(variables: &'v [Variable]) -> Self {
        Self { variables, values: Mutex::default(), spent: AtomicU64::new(0), depth: AtomicU32::new(0) }
    }

    /// The value of a variable.
    pub(crate) fn get(
        &self,
        name: &str,
        vars: &Activation<'v>,
        cancel: Option<&AtomicBool>,
    ) -> value::Result<'v> {
        let Some(at) = self.variables.iter().position(|variable| *variable.name == *name) else {
            return Err(Error::new(format!("no such key: {name}")));
        };
        let value = match self.put(at, State::Busy) {
            State::Done(value) => value,
            State::Busy => Err(failed(name, "evaluate", "it depends on itself")),
            State::Unasked => self.compute(at, name, vars, cancel),
        };
        self.put(at, State::Done(value.clone()));
        value
    }

    /// Says how far a variable is, and gives how far it was.
    fn put(&self, at: usize, state: State<'v>) -> State<'v> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if values.is_empty() {
            values.resize_with(self.variables.len(), State::default);
        }
        values.get_mut(at).map(|slot| std::mem::replace(slot, state)).unwrap_or_default()
    }

    fn compute(
        &self,
        at: usize,
        name: &str,
        vars: &Activation<'v>,
        cancel: Option<&AtomicBool>,
    ) -> value::Result<'v> {
        match self.variables.get(at).map(|variable| &variable.expression) {
            Some(Ok(expression)) => {
                let limits = Limits { cost: Some(EXPRESSION_BUDGET), cancel };
                let depth = self.depth.fetch_add(1, Relaxed);
                if depth >= DEEPEST {
                    return Err(failed(name, "evaluate", "too many variables depend on each other"));
                }
                let deep = depth % SHALLOW == SHALLOW - 1;
                let Outcome { value, cost } = expression.program().evaluate_with(vars, self, &limits, deep);
                self.depth.fetch_sub(1, Relaxed);
                self.spent.fetch_add(cost.min(u64::MAX >> 16), Relaxed);
                value.map_err(|why| failed(name, "evaluate", &why.to_string()))
            }
            Some(Err(refusal)) => Err(failed(name, "compile", &refusal.to_string())),
            None => Err(Error::no_such_overload()),
        }
    }
}

fn failed(name: &str, what: &str, why: &str) -> Error {
    Error::new(format!("composited variable {} fails to {what}: {why}", api::field::go_quote(name)))
}
