//! Match conditions of policies and webhooks: whether a request is looked at at all.
//!
//! Entry point: [`Conditions`].

use super::evaluate::{Input, Phase};
use super::{Compiler, Purpose, Variable};
use crate::environment::{Expression, MATCH_BUDGET, Refusal};
use crate::eval::Activation;
use crate::value::Value;

/// The compiled match conditions of a policy or webhook.
#[derive(Debug)]
pub struct Conditions {
    list: Vec<(Box<str>, Result<Expression, Refusal>)>,
    template: Activation<'static>,
}

/// What match conditions say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matched {
    /// All hold.
    Yes,
    /// This one does not; others may have no value.
    No(String),
    /// None is false, but some have no value; it is up to the failure policy what that means.
    Failed(String),
}

impl Conditions {
    /// Compiles `matchConditions`.
    pub fn compile(conditions: &[api::Value], compiler: &Compiler) -> Self {
        let compiled = |condition: &api::Value| {
            let text = condition.str_at(&["expression"]);
            (condition.str_at(&["name"]).into(), compiler.compile(Purpose::Condition, text))
        };
        let list = conditions.iter().map(compiled).collect();
        Self { list, template: Activation::new(&compiler.env(true, false)) }
    }

    /// Evaluates them for a webhook.
    pub fn evaluate(&self, input: &Input<'_>) -> Matched {
        self.evaluate_with(input, &[])
    }

    /// Evaluates them; the first that is false ends it.
    pub(super) fn evaluate_with<'v>(&'v self, input: &Input<'v>, variables: &'v [Variable]) -> Matched {
        if self.list.is_empty() {
            return Matched::Yes;
        }
        // Conditions are about requests; they do not get to see the namespace.
        let input = Input { namespace: None, ..input.clone() };
        let mut phase = Phase::new(&input, &self.template, variables, MATCH_BUDGET);
        let (mut failures, mut unmet) = (Vec::new(), None);
        for (name, expression) in &self.list {
            match phase.evaluate(expression) {
                Err(spent) => return Matched::Failed(spent.to_owned()),
                Ok(Err(why)) => failures.push(why),
                Ok(Ok(Value::Bool(false))) => {
                    unmet.get_or_insert_with(|| name.to_string());
                }
                Ok(Ok(_)) => {}
            }
        }
        match (unmet, failures.as_slice()) {
            (Some(name), _) => Matched::No(name),
            (None, []) => Matched::Yes,
            (None, [one]) => Matched::Failed(one.clone()),
            (None, many) => Matched::Failed(format!("[{}]", many.join(", "))),
        }
    }
}
