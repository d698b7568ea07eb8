//! What a job does about pods that fail (KEP-3329).
//!
//! Entry point: [`check`].

use std::collections::BTreeSet;

use api::field::{Error, ErrorType, Errors};

use crate::{Cursor, names};

/// Most rules, most exit codes and most conditions of a rule.
const RULES_MAX: usize = 20;
const CODES_MAX: usize = 255;
const CONDITIONS_MAX: usize = 20;

const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];

/// All failures of the policy of a job's spec.
pub(super) fn check(policy: &Cursor, spec: &Cursor, errors: &mut Errors) {
    let rules = policy.child("rules");
    if rules.len() > RULES_MAX {
        errors.too_many(&rules.path(), rules.len(), RULES_MAX);
    }
    for rule in rules.items() {
        self::rule(&rule, spec, errors);
    }
}

fn rule(rule: &Cursor, spec: &Cursor, errors: &mut Errors) {
    let (action, codes, conditions) =
        (rule.child("action"), rule.child("onExitCodes"), rule.child("onPodConditions"));
    match action.str() {
        "FailIndex" if !spec.has("backoffLimitPerIndex") => {
            action.bad(errors, action.str(), "requires the backoffLimitPerIndex to be set");
        }
        _ => required_one_of(&action, &ACTIONS, errors),
    }
    if codes.is_set() {
        exit_codes(&codes, spec, errors);
    }
    pod_conditions(&conditions, errors);
    match (codes.is_set(), !conditions.is_empty()) {
        (true, true) => {
            no_value(rule, "specifying both OnExitCodes and OnPodConditions is not supported", errors);
        }
        (false, false) => {
            no_value(rule, "specifying one of OnExitCodes and OnPodConditions is required", errors);
        }
        _ => {}
    }
}

/// A failure of a structure that is not shown.
pub(super) fn no_value(at: &Cursor, why: &str, errors: &mut Errors) {
    errors.0.push(Error {
        kind: ErrorType::Invalid,
        field: at.path(),
        body: format!("Invalid value: {why}"),
    });
}

fn required_one_of(text: &Cursor, allowed: &[&str], errors: &mut Errors) {
    if text.is_empty() {
        let list = allowed.iter().map(|value| format!("\"{value}\"")).collect::<Vec<_>>().join(" ");
        text.required(errors, &format!("valid values: [{list}]"));
    } else {
        text.one_of(errors, allowed);
    }
}

fn pod_conditions(conditions: &Cursor, errors: &mut Errors) {
    if conditions.len() > CONDITIONS_MAX {
        errors.too_many(&conditions.path(), conditions.len(), CONDITIONS_MAX);
    }
    for condition in conditions.items() {
        let kind = condition.child("type");
        kind.faults(errors, &names::qualified_name(kind.str()));
        required_one_of(&condition.child("status"), &["False", "True", "Unknown"], errors);
    }
}

fn exit_codes(codes: &Cursor, spec: &Cursor, errors: &mut Errors) {
    let (operator, container, values) =
        (codes.child("operator"), codes.child("containerName"), codes.child("values"));
    required_one_of(&operator, &["In", "NotIn"], errors);
    let pod = spec.value().at(&["template", "spec"]);
    let mut containers = ["containers", "initContainers"].iter().flat_map(|list| pod.array_at(&[list]));
    if container.is_set() && !containers.any(|c| c.str_at(&["name"]) == container.str()) {
        let why = "must be one of the container or initContainer names in the pod template";
        container.bad(errors, container.str(), why);
    }
    if values.is_empty() {
        values.invalid(errors, "at least one value is required");
    } else if values.len() > CODES_MAX {
        errors.too_many(&values.path(), values.len(), CODES_MAX);
    }
    let mut seen = BTreeSet::new();
    for value in values.items() {
        if operator.str() == "In" && value.int() == 0 {
            value.bad(errors, 0, "must not be 0 for the In operator");
        }
        if !seen.insert(value.int()) {
            value.duplicate(errors);
        }
    }
    let numbers: Vec<i64> = values.items().map(|value| value.int()).collect();
    if !numbers.is_sorted() {
        values.invalid(errors, "must be ordered");
    }
}
