//! ValidatingAdmissionPolicy: whether a request is fine, and what is said about it.
//!
//! Entry points: [`ValidatingPolicy::compile`] and [`ValidatingPolicy::evaluate`].

use super::evaluate::{Input, Phase};
use super::matching::{Conditions, Matched};
use super::{Compiler, Purpose, Variable};
use crate::environment::{Expression, LONGEST_MESSAGE, REQUEST_BUDGET, Refusal};
use crate::eval::Activation;
use crate::value::Value;

type Compiled = Result<Expression, Refusal>;

/// A compiled policy; share it between threads.
///
/// ```
/// use cel::policy::{Input, ValidatingPolicy};
///
/// let policy = api::object! { "spec" => api::object! {
///     "variables" => vec![api::object! { "name" => "n", "expression" => "object.spec.replicas" }],
///     "validations" => vec![api::object! {
///         "expression" => "variables.n <= 5",
///         "messageExpression" => "'too many: ' + string(variables.n)",
///     }],
/// } };
/// let policy = ValidatingPolicy::compile(&policy);
/// let object = api::object! { "spec" => api::object! { "replicas" => 7 } };
/// let judgement = policy.evaluate(&Input { object: Some(&object), ..Input::default() });
/// assert_eq!(judgement.denials().next().unwrap().message, "too many: 7");
/// ```
#[derive(Debug)]
pub struct ValidatingPolicy {
    /// Whether what cannot be evaluated is let through.
    ignores_failures: bool,
    conditions: Conditions,
    validations: Vec<Validation>,
    annotations: Vec<(Box<str>, Box<str>, Compiled)>,
    variables: Vec<Variable>,
    /// The variables of expressions without values: with the authorizer and without.
    templates: [Activation<'static>; 2],
}

#[derive(Debug)]
struct Validation {
    expression: Compiled,
    text: Box<str>,
    message: Box<str>,
    message_expression: Option<Compiled>,
    reason: Box<str>,
}

/// What a policy says about a request; nothing when it does not look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// One decision a validation, or a single one when there was no way to evaluate them.
    pub decisions: Vec<Decision>,
    /// What the audit log gets.
    pub annotations: Vec<Annotation>,
}

/// What a validation says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Whether the request is refused.
    pub denied: bool,
    /// Whether that is because the validation had no value.
    pub failed: bool,
    /// Why.
    pub message: String,
    /// The reason of the status: `Invalid` and the like; empty for a failure.
    pub reason: String,
}

/// What an audit annotation says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Annotation {
    /// Nothing.
    Exclude,
    /// This text under this key.
    Publish(String, String),
    /// It had no value, which refuses the request.
    Failed(String),
}

impl Judgement {
    /// The decisions that refuse the request.
    pub fn denials(&self) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().filter(|decision| decision.denied)
    }
}

impl ValidatingPolicy {
    /// Compiles a policy.  An expression that does not compile fails for every request.
    pub fn compile(policy: &api::Value) -> Self {
        let spec = policy.at(&["spec"]);
        let mut compiler = Compiler::new(!spec.at(&["paramKind"]).is_null()).with_variables();
        super::declare(&mut compiler, spec);
        let annotation = |annotation: &api::Value| {
            let text = annotation.str_at(&["valueExpression"]);
            let compiled = compiler.compile(Purpose::Annotation, text);
            (annotation.str_at(&["key"]).into(), text.into(), compiled)
        };
        Self {
            ignores_failures: spec.str_at(&["failurePolicy"]) == "Ignore",
            conditions: Conditions::compile(spec.array_at(&["matchConditions"]), &compiler),
            validations: spec
                .array_at(&["validations"])
                .iter()
                .map(|v| Validation::of(v, &compiler))
                .collect(),
            annotations: spec.array_at(&["auditAnnotations"]).iter().map(annotation).collect(),
            templates: [true, false].map(|authorizer| Activation::new(&compiler.env(authorizer, false))),
            variables: compiler.compiled,
        }
    }

    /// Judges a request.
    pub fn evaluate<'v>(&'v self, input: &Input<'v>) -> Judgement {
        match self.conditions.evaluate_with(input, &self.variables) {
            Matched::Yes => {}
            Matched::No(_) => return Judgement::default(),
            Matched::Failed(_) if self.ignores_failures => return Judgement::default(),
            Matched::Failed(why) => return self.whole(why),
        }
        self.judge(input).unwrap_or_else(|why| self.whole(why.to_owned()))
    }

    fn judge<'v>(&'v self, input: &Input<'v>) -> Result<Judgement, &'static str> {
        let [with_authorizer, without] = &self.templates;
        let mut phase = Phase::new(input, with_authorizer, &self.variables, REQUEST_BUDGET);
        let values = self.validations.iter().map(|v| phase.evaluate(&v.expression));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let mut phase = Phase::new(input, without, &self.variables, phase.left);
        let message =
            |v: &'v Validation| v.message_expression.as_ref().map(|e| phase.evaluate(e)).transpose();
        let messages = self.validations.iter().map(message).collect::<Result<Vec<_>, _>>();
        let decisions =
            self.validations.iter().zip(values).enumerate().map(|(i, (validation, value))| match value {
                Err(why) => self.failure(why),
                Ok(value) => match &messages {
                    Err(why) => self.failure(format!("failed messageExpression: {why}")),
                    Ok(_) if value.as_bool() == Some(true) => Decision::default(),
                    Ok(messages) => validation.denial(messages.get(i).and_then(Option::as_ref)),
                },
            });
        let decisions = decisions.collect();
        Ok(Judgement { decisions, annotations: self.annotate(input)? })
    }

    fn annotate<'v>(&'v self, input: &Input<'v>) -> Result<Vec<Annotation>, &'static str> {
        if self.annotations.is_empty() {
            return Ok(Vec::new());
        }
        let [template, _] = &self.templates;
        let input = Input { authorizer: None, request_resource: None, ..input.clone() };
        let mut phase = Phase::new(&input, template, &self.variables, REQUEST_BUDGET);
        let annotate = |(key, text, compiled): &'v (Box<str>, Box<str>, Compiled)| {
            Ok(match phase.evaluate(compiled)? {
                Err(_) if self.ignores_failures => Annotation::Exclude,
                Err(why) => Annotation::Failed(why),
                Ok(Value::Null) => Annotation::Exclude,
                Ok(value) => match value.as_str().map(str::trim) {
                    Some("") => Annotation::Exclude,
                    Some(value) => Annotation::Publish(key.to_string(), value.to_owned()),
                    None => Annotation::Failed(format!(
                        "valueExpression '{text}' resulted in unsupported return type: {}. Return type must be either \
                         string or null.",
                        value.type_of().runtime_name()
                    )),
                },
            })
        };
        self.annotations.iter().map(annotate).collect()
    }

    /// What the failure policy makes of a failure.
    fn failure(&self, message: String) -> Decision {
        Decision { denied: !self.ignores_failures, failed: true, message, reason: String::new() }
    }

    /// A single decision for everything.
    fn whole(&self, message: String) -> Judgement {
        Judgement { decisions: vec![self.failure(message)], annotations: Vec::new() }
    }
}

impl Validation {
    fn of(validation: &api::Value, compiler: &Compiler) -> Self {
        let text = |name: &str| validation.str_at(&[name]);
        let message = Some(text("messageExpression")).filter(|text| !text.is_empty());
        Self {
            expression: compiler.compile(Purpose::Validation, text("expression")),
            text: text("expression").trim().into(),
            message: text("message").trim().into(),
            message_expression: message.map(|text| compiler.compile(Purpose::Message, text)),
            reason: Some(text("reason")).filter(|r| !r.is_empty()).unwrap_or("Invalid").into(),
        }
    }

    /// What is said when it does not hold.
    fn denial(&self, message: Option<&Result<Value<'_>, String>>) -> Decision {
        let made = message.and_then(|m| m.as_ref().ok()).and_then(Value::as_str).map(str::trim);
        let made = made.filter(|m| m.len() <= LONGEST_MESSAGE && !m.contains('\n')).unwrap_or("");
        let message = match (made, &*self.message) {
            ("", "") => format!("failed expression: {}", self.text),
            ("", fixed) => fixed.to_owned(),
            (made, _) => made.to_owned(),
        };
        Decision { denied: true, failed: false, message, reason: self.reason.to_string() }
    }
}
