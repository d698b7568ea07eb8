//! The rules in a schema (`x-kubernetes-validations`).
//!
//! Entry points: [`members`] and [`RuleFaults::expressions`].

use api::field;
use cel::schema::{Costs, Place, Scope};

use crate::Cursor;

use super::{shown, structural};

const REASONS: [&str; 4] =
    ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/// What is wrong with rules, which is told after what is wrong with the schema.
#[derive(Default)]
pub(super) struct RuleFaults {
    pub(super) errors: field::Errors,
    pub(super) costs: Costs,
}

impl RuleFaults {
    /// Looks at the expressions of a schema's rules, which may cost what they like when it was there before.
    pub(super) fn expressions(
        &mut self,
        s: &Cursor,
        uncorrelated: Option<&field::Path>,
        keeps_costs: bool,
        scope: &Scope,
    ) {
        let list = s.value().array_at(&["x-kubernetes-validations"]);
        if list.is_empty() {
            return;
        }
        let show = |i: usize| list.get(i).map(shown::rule).unwrap_or_default();
        let place = Place { path: &s.path(), uncorrelated, keeps_costs };
        scope.check(&place, &show, &mut self.costs, &mut self.errors);
    }
}

/// The rules, but for the expressions themselves.
pub(super) fn members(s: &Cursor, errors: &mut field::Errors) {
    for rule in s.child("x-kubernetes-validations").items() {
        rule_texts(&rule, errors);
        let reason = rule.child("reason");
        if reason.is_set() {
            reason.one_of(errors, &REASONS);
        }
        let place = rule.child("fieldPath");
        if place.is_empty() {
            continue;
        }
        if place.str().trim().is_empty() {
            place.invalid(errors, "must be non-empty if specified");
        }
        if has_lines(place.str()) {
            place.invalid(errors, "must not contain line breaks");
        }
        if structural::unsupported(s.value()).is_none()
            && cel::schema::path::follow(place.str(), s.value(), true).is_err()
        {
            place.invalid(errors, "must be a valid path");
        }
    }
}

fn has_lines(text: &str) -> bool {
    text.contains(['\n', '\r'])
}

fn rule_texts(rule: &Cursor, errors: &mut field::Errors) {
    let (expression, message) = (rule.child("rule"), rule.child("message"));
    let (told, said) = (expression.str().trim(), message.str().trim());
    if told.is_empty() {
        expression.required(errors, "rule is not specified");
    } else if !message.is_empty() && said.is_empty() {
        message.invalid(errors, "must be non-empty if specified");
    } else if has_lines(said) {
        message.invalid(errors, "must not contain line breaks");
    } else if has_lines(told) && said.is_empty() {
        message.required(errors, "message must be specified if rule contains line breaks");
    }
    let message = rule.child("messageExpression");
    if !message.is_empty() && message.str().trim().is_empty() {
        message.required(errors, "messageExpression must be non-empty if specified");
    }
}
