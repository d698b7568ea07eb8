//! ValidatingAdmissionPolicyBinding and MutatingAdmissionPolicyBinding: where a policy holds and with which parameters.

use std::collections::HashSet;

use api::{Value, field};

use crate::kind::{Generation, Kind};
use crate::{Cursor, MetaCheck, names, selectors};

use super::{default_match, rules, static_suffix_warning};

const ACTIONS: [&str; 3] = ["Audit", "Deny", "Warn"];
const NOT_FOUND_ACTIONS: [&str; 2] = ["Deny", "Allow"];

pub(crate) static VALIDATING: Kind = Kind {
    validate: |binding, _, errors| check_validating(binding, errors),
    validate_update: |new, _, _, errors| check_validating(new, errors),
    ..BINDING
};

pub(crate) static MUTATING: Kind = Kind {
    validate: |binding, _, errors| check_mutating(binding, errors),
    validate_update: |new, _, _, errors| check_mutating(new, errors),
    ..BINDING
};

const BINDING: Kind = Kind {
    knows_finalizers: false,
    unconditional_update: false,
    update_checks: &[MetaCheck::New],
    generation: Generation::Of(&["spec"]),
    default: |binding, _| {
        default_match(binding.get_mut("spec").and_then(|spec| spec.get_mut("matchResources")));
    },
    warnings: |binding, _, _| static_suffix_warning(binding),
    ..Kind::PLAIN
};

fn check_validating(binding: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(binding);
    let spec = root.child("spec");
    check_common(&spec, errors);
    check_actions(&spec.child("validationActions"), errors);
}

fn check_mutating(binding: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(binding);
    let spec = root.child("spec");
    check_common(&spec, errors);
    rules::only_mutable(&spec.child("matchResources"), errors);
}

fn check_common(spec: &Cursor, errors: &mut field::Errors) {
    let policy = spec.child("policyName");
    if policy.is_empty() {
        policy.required(errors, "");
    } else {
        policy.faults(errors, &names::dns1123_subdomain(policy.str()));
    }
    let reference = spec.child("paramRef");
    if reference.is_set() {
        check_reference(&reference, errors);
    }
    let resources = spec.child("matchResources");
    if resources.is_set() {
        rules::matched(&resources, errors);
    }
}

fn check_reference(reference: &Cursor, errors: &mut field::Errors) {
    const EXCLUSIVE: &str = "name and selector are mutually exclusive";
    let (name, selector) = (reference.child("name"), reference.child("selector"));
    if !name.is_empty() {
        name.faults(errors, &names::path_segment(name.str(), false));
        if selector.is_set() {
            name.forbidden(errors, EXCLUSIVE);
        }
    }
    selectors::label_selector(&selector, false, errors);
    match (name.is_empty(), selector.is_set()) {
        (false, true) => selector.forbidden(errors, EXCLUSIVE),
        (true, false) => reference.required(errors, "one of name or selector must be specified"),
        _ => {}
    }
    let action = reference.child("parameterNotFoundAction");
    if action.is_empty() {
        action.required(errors, "");
    } else {
        action.one_of(errors, &NOT_FOUND_ACTIONS);
    }
}

fn check_actions(actions: &Cursor, errors: &mut field::Errors) {
    let mut seen = HashSet::new();
    for action in actions.items() {
        action.one_of(errors, &ACTIONS);
        if !seen.insert(action.str()) {
            action.duplicate(errors);
        }
    }
    if seen.contains("Deny") && seen.contains("Warn") {
        let why = "must not contain both Deny and Warn (repeating the same validation failure information in the API \
                   response and headers serves no purpose)";
        actions.invalid(errors, why);
    }
    if seen.is_empty() {
        actions.required(errors, "at least one validation action is required");
    }
}
