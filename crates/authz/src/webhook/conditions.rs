//! Match conditions: expressions over a question that say whether a webhook is asked at all.

use std::sync::Arc;

use api::Value;
use api::field::{Errors, Path};
use cel::environment::{self, Expression, access_review};
use cel::{Activation, Type};

use crate::union::aggregate;

/// The most conditions of a webhook.
const MOST: usize = 64;

/// The conditions of a webhook, compiled; none hold for every question.
#[derive(Clone, Debug, Default)]
pub struct Conditions(Arc<[Expression]>);

/// Whether the conditions hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matched {
    /// All do.
    Yes,
    /// One does not.
    No,
    /// None says no, but some could not be evaluated.
    Unknown(String),
}

impl Conditions {
    /// Compiles expressions; `path` is that of their list in the configuration.  What is wrong goes to `errors`.
    pub fn compile(expressions: &[&str], path: &Path, errors: &mut Errors) -> Self {
        if expressions.len() > MOST {
            errors.too_many(path, expressions.len(), MOST);
            return Self::default();
        }
        let mut compiled = Vec::new();
        for (i, text) in expressions.iter().enumerate() {
            let path = path.index(i).child("expression");
            let before = expressions.get(..i).unwrap_or_default();
            if text.trim().is_empty() {
                errors.required(&path, "");
            } else if before.contains(text) {
                errors.duplicate(&path, &Value::from(*text));
            } else {
                match environment::compile(access_review(), text, &[Type::Bool]) {
                    Ok(expression) => compiled.push(expression),
                    Err(refusal) => errors.invalid(&path, &Value::from(*text), refusal),
                }
            }
        }
        Self(compiled.into())
    }

    /// Evaluates over the spec of a review until one says no.
    pub fn matched(&self, spec: &Value) -> Matched {
        let mut failures = Vec::new();
        for expression in self.0.iter() {
            let vars = Activation::new(access_review()).set("request", cel::Value::json(spec));
            let text = expression.text();
            match expression.evaluate(&vars).value.map(|value| value.as_bool()) {
                Ok(Some(true)) => {}
                Ok(Some(false)) => return Matched::No,
                Ok(None) => failures.push(format!(
                    "cel evaluation error: expression '{text}' eval result type should be bool"
                )),
                Err(error) => {
                    failures.push(format!(
                        "cel evaluation error: expression '{text}' resulted in error: {error}"
                    ));
                }
            }
        }
        aggregate(failures).map_or(Matched::Yes, Matched::Unknown)
    }
}
