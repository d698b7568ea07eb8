//! Which requests a webhook or a policy is asked about.
//!
//! Entry points: [`rule`] for webhooks, [`matched`] and [`conditions`] for policies as well.

use std::collections::HashSet;

use api::field;
use cel::policy::{Compiler, Purpose};

use crate::{Cursor, names, selectors};

/// Answers to a failed call or expression, as messages list them.
pub(super) const FAILURE_POLICIES: [&str; 2] = ["Fail", "Ignore"];
/// Whether a request for another version of the resource counts.
pub(super) const MATCH_POLICIES: [&str; 2] = ["Equivalent", "Exact"];
/// Whether a mutation is asked for again.
pub(super) const REINVOCATION_POLICIES: [&str; 2] = ["IfNeeded", "Never"];
const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
/// Operations that have something to mutate.
const MUTABLE_OPERATIONS: [&str; 4] = ["*", "CONNECT", "CREATE", "UPDATE"];
const SCOPES: [&str; 3] = ["*", "Cluster", "Namespaced"];
/// Most match conditions of one hook or policy.
const MAX_CONDITIONS: usize = 64;

/// Reports a text that is given and none of the allowed ones.
pub(super) fn given_one_of(at: &Cursor, allowed: &[&str], errors: &mut field::Errors) {
    if at.is_set() {
        at.one_of(errors, allowed);
    }
}

/// Reports a text that is missing or none of the allowed ones.
pub(super) fn required_one_of(at: &Cursor, allowed: &[&str], errors: &mut field::Errors) {
    if at.is_set() { at.one_of(errors, allowed) } else { at.required(errors, "") }
}

/// All failures of one rule: operations, groups, versions, resources, scope.
pub(super) fn rule(rule: &Cursor, errors: &mut field::Errors) {
    let operations = rule.child("operations");
    some(&operations, "operations", errors);
    operations.items().for_each(|operation| operation.one_of(errors, &OPERATIONS));
    some(&rule.child("apiGroups"), "API groups", errors);
    let versions = rule.child("apiVersions");
    some(&versions, "API versions", errors);
    no_empty(&versions, errors);
    resources(&rule.child("resources"), errors);
    given_one_of(&rule.child("scope"), &SCOPES, errors);
}

/// A list must not be empty, and `*` stands alone.
fn some(list: &Cursor, what: &str, errors: &mut field::Errors) {
    if list.is_empty() {
        list.required(errors, "");
    }
    if list.len() > 1 && list.items().any(|item| item.str() == "*") {
        list.invalid(errors, &format!("if '*' is present, must not specify other {what}"));
    }
}

fn no_empty(list: &Cursor, errors: &mut field::Errors) {
    list.items().filter(|item| item.str().is_empty()).for_each(|item| item.required(errors, ""));
}

fn resources(list: &Cursor, errors: &mut field::Errors) {
    if list.is_empty() {
        list.required(errors, "");
    }
    let (mut of_resource, mut of_subresource) = (HashSet::new(), HashSet::new());
    // Only the last entry without a subresource counts, as upstream.
    let mut plain = false;
    for item in list.items() {
        let text = item.str();
        if text.is_empty() {
            item.required(errors, "");
            continue;
        }
        let Some((resource, subresource)) = text.split_once('/') else {
            plain = text != "*";
            continue;
        };
        if of_resource.contains(resource) {
            item.invalid(errors, &format!("if '{resource}/*' is present, must not specify {text}"));
        }
        if of_subresource.contains(subresource) {
            item.invalid(errors, &format!("if '*/{subresource}' is present, must not specify {text}"));
        }
        if subresource == "*" {
            of_resource.insert(resource);
        }
        if resource == "*" {
            of_subresource.insert(subresource);
        }
    }
    let has = |wanted: &str| list.items().any(|item| item.str() == wanted);
    if list.len() > 1 && has("*/*") {
        list.invalid(errors, "if '*/*' is present, must not specify other resources");
    }
    if plain && has("*") {
        list.invalid(errors, "if '*' is present, must not specify other resources without subresources");
    }
}

/// All failures of a policy's `matchConstraints` or of a binding's `matchResources`.
pub(super) fn matched(resources: &Cursor, errors: &mut field::Errors) {
    required_one_of(&resources.child("matchPolicy"), &MATCH_POLICIES, errors);
    for member in ["namespaceSelector", "objectSelector"] {
        let selector = resources.child(member);
        if !selector.is_set() {
            selector.required(errors, "");
        }
        selectors::label_selector(&selector, false, errors);
    }
    for member in ["resourceRules", "excludeResourceRules"] {
        for named in resources.child(member).items() {
            resource_names(&named.child("resourceNames"), errors);
            rule(&named, errors);
        }
    }
}

fn resource_names(list: &Cursor, errors: &mut field::Errors) {
    let mut seen = HashSet::new();
    for name in list.items() {
        name.faults(errors, &names::path_segment(name.str(), false));
        if !seen.insert(name.str()) {
            name.duplicate(errors);
        }
    }
}

/// Deletions have nothing to mutate.  Upstream leaves the index out of the path.
pub(super) fn only_mutable(resources: &Cursor, errors: &mut field::Errors) {
    let rules = resources.child("resourceRules");
    let shown = rules.child("operations");
    for rule in rules.list() {
        for operation in rule.array_at(&["operations"]) {
            let text = operation.as_str().unwrap_or("");
            if !MUTABLE_OPERATIONS.contains(&text) {
                errors.not_supported(&shown.path(), operation, &MUTABLE_OPERATIONS);
            }
        }
    }
}

/// All failures of match conditions, which may mention `params` where there are any.
pub(super) fn conditions(conditions: &Cursor, params: bool, errors: &mut field::Errors) {
    let compiler = Compiler::new(params);
    if conditions.len() > MAX_CONDITIONS {
        errors.too_many(&conditions.path(), conditions.len(), MAX_CONDITIONS);
    }
    let mut seen = HashSet::new();
    for condition in conditions.items() {
        let (expression, name) = (condition.child("expression"), condition.child("name"));
        let text = expression.str().trim();
        if text.is_empty() {
            expression.required(errors, "");
        } else if let Err(refusal) = compiler.compile(Purpose::Condition, text) {
            refusal.report(&expression.path(), text, errors);
        }
        if name.str().is_empty() {
            name.required(errors, "");
            continue;
        }
        name.faults(errors, &names::qualified_name(name.str()));
        if !seen.insert(name.str()) {
            name.duplicate(errors);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{Value, object};

    fn texts(check: fn(&Cursor, &mut field::Errors), value: &Value) -> Vec<String> {
        let mut errors = field::Errors::new();
        check(&Cursor::at("r", value), &mut errors);
        errors.0.iter().map(ToString::to_string).collect()
    }

    fn list(items: &[&str]) -> Value {
        items.iter().map(|item| Value::from(*item)).collect::<Vec<_>>().into()
    }

    #[test]
    fn wildcards_stand_alone() {
        assert_eq!(texts(resources, &list(&["pods", "pods/status", "*/scale"])), Vec::<String>::new());
        assert_eq!(
            texts(resources, &list(&["pods/*", "pods/log", "*/scale", "a/scale", "*", "a"])),
            [
                "r[1]: Invalid value: \"pods/log\": if 'pods/*' is present, must not specify pods/log",
                "r[3]: Invalid value: \"a/scale\": if '*/scale' is present, must not specify a/scale",
                "r: Invalid value: [\"pods/*\",\"pods/log\",\"*/scale\",\"a/scale\",\"*\",\"a\"]: if '*' is present, \
                 must not specify other resources without subresources",
            ]
        );
    }

    #[test]
    fn deletions_cannot_be_mutated() {
        let rules =
            object! { "resourceRules" => vec![object! { "operations" => list(&["CREATE", "DELETE"]) }] };
        assert_eq!(
            texts(only_mutable, &rules),
            [
                "r.resourceRules.operations: Unsupported value: \"DELETE\": supported values: \"*\", \"CONNECT\", \
              \"CREATE\", \"UPDATE\""
            ]
        );
    }
}
