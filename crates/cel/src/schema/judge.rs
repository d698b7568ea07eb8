//! Running the rules of one place over one value, within a budget.
//!
//! Entry point: [`Judge::rules`].

use std::sync::atomic::AtomicBool;

use api::field::{Error, ErrorType, Errors, Path};

use super::compile::Compiled;
use super::rules::{Correlation, Node, Outcome};
use super::{Rule, Structural};
use crate::environment::{EXPRESSION_BUDGET, LONGEST_MESSAGE};
use crate::error::Cause;
use crate::eval::{Activation, Limits};
use crate::plan::Program;
use crate::value::Value;

const SPENT: &str =
    "validation failed due to running out of cost budget, no further validation rules will be run";

/// What came out so far, and what may still be spent.
pub(super) struct Judge<'c> {
    errors: Errors,
    warnings: Vec<String>,
    budget: Option<u64>,
    cancel: Option<&'c AtomicBool>,
}

/// The values of variables at a place: with `oldSelf` as it is, and as an optional.
struct Variables<'v> {
    plain: Activation<'v>,
    optional: Activation<'v>,
}

/// Where a rule failed.
struct Failure<'a> {
    path: Path,
    schema: &'a Structural,
    forgiven: bool,
}

impl<'c> Judge<'c> {
    pub(super) fn new(budget: u64, cancel: Option<&'c AtomicBool>) -> Self {
        Self { errors: Errors::new(), warnings: Vec::new(), budget: Some(budget), cancel }
    }

    /// Whether no further rules may run.
    pub(super) fn is_over(&self) -> bool {
        self.budget.is_none()
    }

    pub(super) fn outcome(self) -> Outcome {
        Outcome { errors: self.errors, warnings: self.warnings, budget: self.budget }
    }

    /// Runs the rules of a place.
    pub(super) fn rules(
        &mut self,
        node: &Node,
        at: &Path,
        new: &api::Value,
        old: Option<&api::Value>,
        correlation: Correlation<'_, '_>,
    ) {
        if node.undeclared {
            let why =
                "rule compiler initialization error: failed to convert to declType for CEL validation rules";
            return self.refuse(node, at, why);
        }
        if node.rules.is_empty() {
            return;
        }
        if self.budget.is_none_or(|left| left == 0) {
            return self.give_up(node, at, SPENT);
        }
        let vars = variables(node, new, old);
        for (rule, compiled) in &node.rules {
            let absent = compiled.uses_old_self && old.is_none();
            if absent && !rule.takes_optional() {
                // There is nothing to compare with.
                continue;
            }
            self.rule(node, at, new, (rule, compiled), &vars, correlation);
            if self.is_over() {
                return;
            }
        }
    }

    fn rule(
        &mut self,
        node: &Node,
        at: &Path,
        new: &api::Value,
        (rule, compiled): (&Rule, &Compiled),
        vars: &Variables<'_>,
        correlation: Correlation<'_, '_>,
    ) {
        let program = match &compiled.program {
            None => return,
            Some(Err(why)) => return self.refuse(node, at, &format!("rule compile error: {why}")),
            Some(Ok(program)) => program,
        };
        let vars_of_rule = if rule.takes_optional() { &vars.optional } else { &vars.plain };
        let outcome = program.evaluate(vars_of_rule, &self.limits());
        if !self.spend(outcome.cost) {
            return self.give_up(node, at, SPENT);
        }
        let told = rule.told();
        match outcome.value {
            Ok(Value::Bool(true)) => {}
            Ok(_) => {
                let path = compiled.field_path.as_ref().map_or_else(|| at.clone(), |inner| at.child(inner));
                let forgiven = !compiled.uses_old_self && correlation.unchanged();
                let failure = Failure { path, schema: &node.schema, forgiven };
                self.failed(&failure, new, rule, compiled, &vars.plain);
            }
            Err(why) if matches!(why.cause(), Cause::CostLimit) => {
                let what = "no further validation rules will be run due to call cost exceeds limit for rule";
                self.give_up(node, at, &format!("'{why}': {what}: {told}"));
            }
            Err(why) if why.to_string().starts_with("no such overload") => {
                let what =
                    "call arguments did not match a supported operator, function or macro signature for rule";
                self.refuse(node, at, &format!("'{why}': {what}: {told}"));
            }
            Err(why) => self.refuse(node, at, &format!("{why} evaluating rule: {told}")),
        }
    }

    /// Reports a rule that does not hold, in the words of its message expression if that has a value.
    fn failed(
        &mut self,
        failure: &Failure<'_>,
        new: &api::Value,
        rule: &Rule,
        compiled: &Compiled,
        vars: &Activation<'_>,
    ) {
        let message = match &compiled.message {
            Some(Ok(program)) => self.message(program, &rule.message_expression, vars),
            _ => Ok(None),
        };
        match message {
            Ok(message) => {
                let detail = message.unwrap_or_else(|| rule.failure());
                self.add(failure, explained(failure, new, &rule.reason, &detail));
            }
            Err(why) => {
                let ty = failure.schema.type_name().into();
                self.add(failure, with_value(&failure.path, &ty, &why));
                self.budget = None;
            }
        }
    }

    /// The text of a message expression, `None` when it has none that can be used.
    fn message(
        &mut self,
        program: &Program,
        text: &str,
        vars: &Activation<'_>,
    ) -> Result<Option<String>, String> {
        let outcome = program.evaluate(vars, &self.limits());
        if !self.spend(outcome.cost) {
            let why = "messageExpression evaluation failed due to running out of cost budget, no further validation rules \
                       will be run";
            return Err(why.to_owned());
        }
        match outcome.value {
            Ok(value) => Ok(value.as_str().map(str::trim).filter(|text| is_message(text)).map(str::to_owned)),
            Err(why) if matches!(why.cause(), Cause::CostLimit) => {
                let what = "no further validation rules will be run due to call cost exceeds limit for messageExpression";
                Err(format!("{what}: {}", api::field::go_quote(text)))
            }
            Err(_) => Ok(None),
        }
    }

    fn limits(&self) -> Limits<'c> {
        Limits { cost: Some(EXPRESSION_BUDGET), cancel: self.cancel }
    }

    /// Takes a cost off the budget; false when there is not enough left.
    fn spend(&mut self, cost: u64) -> bool {
        let left = self.budget.and_then(|left| left.checked_sub(cost));
        self.budget = left.or(self.budget);
        left.is_some()
    }

    fn refuse(&mut self, node: &Node, at: &Path, why: &str) {
        self.errors.invalid(at, &node.schema.type_name().into(), why);
    }

    fn give_up(&mut self, node: &Node, at: &Path, why: &str) {
        self.refuse(node, at, why);
        self.budget = None;
    }

    fn add(&mut self, failure: &Failure<'_>, error: Error) {
        if failure.forgiven {
            self.warnings.push(error.to_string());
        } else {
            self.errors.0.push(error);
        }
    }
}

/// Whether a text may stand in an error.
fn is_message(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n')
}

fn explained(failure: &Failure<'_>, new: &api::Value, reason: &str, detail: &str) -> Error {
    let mut errors = Errors::new();
    let path = &failure.path;
    let structure = matches!(failure.schema.type_name(), "object" | "array");
    match reason {
        "FieldValueForbidden" => errors.forbidden(path, detail),
        "FieldValueRequired" => errors.required(path, detail),
        "FieldValueDuplicate" if !structure => errors.duplicate(path, new),
        "FieldValueDuplicate" => return without_value(ErrorType::Duplicate, path, "Duplicate value"),
        _ if structure => {
            return without_value(ErrorType::Invalid, path, &format!("Invalid value: {detail}"));
        }
        _ => errors.invalid(path, new, detail),
    }
    errors.0.pop().unwrap_or_else(|| without_value(ErrorType::Invalid, path, detail))
}

/// An error that does not show what it is about, as it may be large.
fn without_value(kind: ErrorType, path: &Path, body: &str) -> Error {
    Error { kind, field: path.clone(), body: body.to_owned() }
}

fn with_value(path: &Path, value: &api::Value, why: &str) -> Error {
    let mut errors = Errors::new();
    errors.invalid(path, value, why);
    errors.0.pop().unwrap_or_else(|| without_value(ErrorType::Invalid, path, why))
}

/// `self` and, where a rule asks for it, `oldSelf`.
fn variables<'v>(node: &'v Node, new: &'v api::Value, old: Option<&'v api::Value>) -> Variables<'v> {
    let read = |value: &'v api::Value| node.shape.read(value);
    let unset: Activation<'v> = node.variables.clone();
    let plain = unset.with("self", read(new));
    if !node.rules.iter().any(|(_, compiled)| compiled.uses_old_self) {
        return Variables { optional: plain.clone(), plain };
    }
    match old.map(read) {
        None => Variables { optional: plain.clone().set("oldSelf", Value::Optional(None)), plain },
        Some(old) => {
            let optional = plain.clone().with("oldSelf", old.clone().map(Value::some));
            Variables { optional, plain: plain.with("oldSelf", old) }
        }
    }
}
