//! Conditions of a status (`metav1.Condition`).
//!
//! Entry point: [`validate`].

use std::collections::HashSet;

use api::field;

use crate::{Cursor, names};

const STATUSES: [&str; 3] = ["False", "True", "Unknown"];
/// Longest reason, in bytes.
const MAX_REASON: usize = 1024;
/// Longest message, in bytes.
const MAX_MESSAGE: usize = 32 * 1024;

/// All failures of a list of conditions.
pub(crate) fn validate(conditions: &Cursor, errors: &mut field::Errors) {
    let mut seen = HashSet::new();
    for condition in conditions.items() {
        if !seen.insert(condition.text("type")) {
            condition.child("type").duplicate(errors);
        }
        one(&condition, errors);
    }
}

fn one(condition: &Cursor, errors: &mut field::Errors) {
    let (kind, generation) = (condition.child("type"), condition.child("observedGeneration"));
    kind.faults(errors, &names::qualified_name(kind.str()));
    condition.child("status").one_of(errors, &STATUSES);
    if generation.int() < 0 {
        generation.invalid(errors, "must be greater than or equal to zero");
    }
    if !condition.has("lastTransitionTime") {
        condition.child("lastTransitionTime").required(errors, "");
    }
    reason(&condition.child("reason"), errors);
    let message = condition.child("message");
    if message.str().len() > MAX_MESSAGE {
        errors.too_long(&message.path(), MAX_MESSAGE);
    }
}

fn reason(reason: &Cursor, errors: &mut field::Errors) {
    let text = reason.str();
    if text.is_empty() {
        return reason.required(errors, "");
    }
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"_,:".contains(&b);
    let sound = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text.bytes().all(inner);
    if !sound {
        let why = "a condition reason must start with alphabetic character, optionally followed by a string of \
                   alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";
        let examples = ["my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB"];
        reason.bad(
            errors,
            text,
            &names::regex_fault(why, "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?", &examples),
        );
    }
    if text.len() > MAX_REASON {
        errors.too_long(&reason.path(), MAX_REASON);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn every_member_is_checked() {
        let sound = object! {
            "type" => "Ready", "status" => "True", "reason" => "AllGood", "lastTransitionTime" => "2020-01-01T00:00:00Z",
        };
        let bad = object! { "type" => "Ready", "status" => "maybe", "reason" => "not,", "observedGeneration" => -1 };
        let list = vec![sound.clone(), bad].into();
        let mut errors = field::Errors::new();
        validate(&Cursor::at("c", &list), &mut errors);
        let fields: Vec<String> = errors.0.iter().map(|error| error.field.to_string()).collect();
        let wanted = ["type", "status", "observedGeneration", "lastTransitionTime", "reason"];
        assert_eq!(fields, wanted.map(|member| format!("c[1].{member}")));
        let list = vec![sound].into();
        let mut errors = field::Errors::new();
        validate(&Cursor::at("c", &list), &mut errors);
        assert!(errors.is_empty());
    }
}
