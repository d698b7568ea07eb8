//! ValidatingAdmissionPolicy and MutatingAdmissionPolicy: admission by CEL expressions.

use std::collections::HashSet;

use api::{Value, field};
use cel::policy::{Compiler, Purpose};

use crate::kind::{Generation, Kind, Status, default_member};
use crate::shown::{self, Member};
use crate::{Context, Cursor, MetaCheck, conditions, equal, names};

use super::{default_match, rules, static_suffix_warning};

/// Most audit annotations of one policy.
const MAX_ANNOTATIONS: usize = 20;
/// Longest expression of an audit annotation, in bytes.
const MAX_ANNOTATION_EXPRESSION: usize = 5 * 1024;
const MISSING: &str = "expression is not specified";
const REASONS: [&str; 3] = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
/// Each type of patch: its name, its member, the other types' member, and what its expression is for.
const PATCHES: [(&str, &str, &str, Purpose); 2] = [
    ("ApplyConfiguration", "applyConfiguration", "jsonPatch", Purpose::ApplyConfiguration),
    ("JSONPatch", "jsonPatch", "applyConfiguration", Purpose::JsonPatch),
];
const ANNOTATION: [Member; 2] =
    [shown::text("key", "Key"), shown::text("valueExpression", "ValueExpression")];

pub(crate) static VALIDATING: Kind = Kind {
    status: Status::OwnWithoutMetadata,
    validate: |policy, _, errors| check_validating(policy, None, errors),
    validate_update: |new, old, cx: &Context, errors| match cx.subresource {
        "status" => check_status(&Cursor::root(new).child("status"), errors),
        _ => check_validating(new, Some(old), errors),
    },
    ..POLICY
};

pub(crate) static MUTATING: Kind = Kind {
    validate: |policy, _, errors| check_mutating(policy, None, errors),
    validate_update: |new, old, _, errors| check_mutating(new, Some(old), errors),
    ..POLICY
};

const POLICY: Kind = Kind {
    knows_finalizers: false,
    unconditional_update: false,
    update_checks: &[MetaCheck::New],
    subresource_checks: &[],
    generation: Generation::Of(&["spec"]),
    default: default_policy,
    warnings: |policy, _, _| static_suffix_warning(policy),
    ..Kind::PLAIN
};

fn default_policy(policy: &mut Value, _version: &str) {
    let spec = policy.object_at_mut(&["spec"]);
    default_member(spec, "failurePolicy", "Fail");
    default_match(spec.get_mut("matchConstraints"));
}

/// What both kinds of policy have; the expressions after it may mention the policy's variables.
fn check_common(spec: &Cursor, old: Option<&Value>, mutating: bool, errors: &mut field::Errors) -> Compiler {
    rules::required_one_of(&spec.child("failurePolicy"), &rules::FAILURE_POLICIES, errors);
    let param = spec.child("paramKind");
    if param.is_set() {
        check_param_kind(&param, errors);
    }
    let constraints = spec.child("matchConstraints");
    if constraints.is_set() {
        rules::matched(&constraints, errors);
        let resources = constraints.child("resourceRules");
        if resources.is_empty() {
            resources.required(errors, "");
        }
    } else {
        constraints.required(errors, "");
    }
    if mutating {
        rules::only_mutable(&constraints, errors);
    }
    let kept = |old: &Value, member| equal::semantic(old.at(&["spec", member]), spec.child(member).value());
    if !old.is_some_and(|old| kept(old, "paramKind") && kept(old, "matchConditions")) {
        rules::conditions(&spec.child("matchConditions"), param.is_set(), errors);
    }
    let compiler = Compiler::new(param.is_set());
    let variables = spec.child("variables");
    let mut compiler = if mutating || !variables.is_empty() { compiler.with_variables() } else { compiler };
    variables.items().for_each(|variable| check_variable(&variable, &mut compiler, errors));
    compiler
}

fn check_param_kind(param: &Cursor, errors: &mut field::Errors) {
    let (version, kind) = (param.child("apiVersion"), param.child("kind"));
    if version.is_empty() {
        version.required(errors, "");
    } else {
        check_group_version(&version, errors);
    }
    if kind.is_empty() {
        return kind.required(errors, "");
    }
    let faults = names::dns1035_label(&kind.str().to_lowercase());
    if !faults.is_empty() {
        let why = format!("may have mixed case, but should otherwise match: {}", faults.join(","));
        kind.invalid(errors, &why);
    }
}

fn check_group_version(at: &Cursor, errors: &mut field::Errors) {
    let text = at.str();
    let (group, version) = match text.matches('/').count() {
        0 => ("", text),
        1 => text.split_once('/').unwrap_or(("", text)),
        _ => return at.invalid(errors, &format!("unexpected GroupVersion string: {text}")),
    };
    let mut report = |part: &str, faults: &[String]| {
        if !faults.is_empty() {
            at.bad(errors, part, &faults.join(","));
        }
    };
    if !group.is_empty() {
        report(group, &names::dns1123_subdomain(group));
    }
    match version {
        "" => at.invalid(errors, "version must be specified"),
        _ => report(version, &names::dns1035_label(version)),
    }
}

fn check_variable(variable: &Cursor, compiler: &mut Compiler, errors: &mut field::Errors) {
    let name = variable.child("name");
    if name.str().trim().is_empty() {
        name.required(errors, "name is not specified");
    } else if !is_identifier(name.str()) {
        name.invalid(errors, "must be a valid CEL identifier");
    }
    let expression = variable.child("expression");
    if expression.str().trim().is_empty() {
        expression.required(errors, MISSING);
    } else if let Err(refusal) = compiler.variable(name.str(), expression.str()) {
        refusal.report(&expression.path(), expression.str(), errors);
    }
}

fn is_identifier(name: &str) -> bool {
    names::c_identifier(name).is_empty() && !cel::escape::RESERVED.contains(&name)
}

/// Reports what is wrong with the text of an expression, which is shown like that.
fn check_expression(
    at: &Cursor,
    text: &str,
    purpose: Purpose,
    compiler: &Compiler,
    errors: &mut field::Errors,
) {
    if let Err(refusal) = compiler.compile(purpose, text) {
        refusal.report(&at.path(), text, errors);
    }
}

fn check_validating(policy: &Value, old: Option<&Value>, errors: &mut field::Errors) {
    let root = Cursor::root(policy);
    let spec = root.child("spec");
    let compiler = check_common(&spec, old, false, errors);
    let (validations, annotations) = (spec.child("validations"), spec.child("auditAnnotations"));
    if validations.is_empty() && annotations.is_empty() {
        for member in [&validations, &annotations] {
            member.required(errors, "validations or auditAnnotations must contain at least one item");
        }
        return;
    }
    validations.items().for_each(|validation| check_validation(&validation, &compiler, errors));
    check_annotations(&annotations, policy.str_at(&["metadata", "name"]), &compiler, errors);
}

fn check_validation(validation: &Cursor, compiler: &Compiler, errors: &mut field::Errors) {
    let expression = validation.child("expression");
    if expression.str().trim().is_empty() {
        expression.required(errors, MISSING);
    } else {
        check_expression(&expression, expression.str(), Purpose::Validation, compiler, errors);
    }
    let blank = |at: &Cursor| !at.str().is_empty() && at.str().trim().is_empty();
    let (expression, message) = (validation.child("messageExpression"), validation.child("message"));
    if blank(&expression) {
        expression.invalid(errors, "must be non-empty if specified");
    } else if !expression.str().is_empty() {
        check_expression(&expression, expression.str(), Purpose::Message, compiler, errors);
    }
    if blank(&message) {
        message.invalid(errors, "must be non-empty if specified");
    } else if message.str().trim().contains(['\n', '\r']) {
        message.invalid(errors, "must not contain line breaks");
    }
    rules::given_one_of(&validation.child("reason"), &REASONS, errors);
}

fn check_annotations(annotations: &Cursor, policy: &str, compiler: &Compiler, errors: &mut field::Errors) {
    if annotations.len() > MAX_ANNOTATIONS {
        let shown: Vec<Value> =
            annotations.list().iter().map(|item| shown::internal(item, &ANNOTATION)).collect();
        annotations.bad(
            errors,
            shown,
            &format!("must not have more than {MAX_ANNOTATIONS} auditAnnotations"),
        );
    }
    let mut seen = HashSet::new();
    for annotation in annotations.items() {
        let (key, expression) = (annotation.child("key"), annotation.child("valueExpression"));
        if policy.is_empty() {
            key.bad(errors, key.str(), "requires metadata.name be non-empty");
        } else {
            let name = format!("{policy}/{}", key.str());
            names::report(errors, &key.path(), &name, &names::qualified_name(&name));
        }
        let text = expression.str().trim();
        if text.is_empty() {
            expression.required(errors, "valueExpression is not specified");
        } else if text.len() > MAX_ANNOTATION_EXPRESSION {
            let why = format!("must not exceed {MAX_ANNOTATION_EXPRESSION} bytes in length");
            expression.required(errors, &why);
        } else if let Err(refusal) = compiler.compile(Purpose::Annotation, text) {
            refusal.report(&expression.path(), expression.str(), errors);
        }
        if !seen.insert(key.str()) {
            errors.duplicate(&key.path(), &key.str().into());
        }
    }
}

fn check_mutating(policy: &Value, old: Option<&Value>, errors: &mut field::Errors) {
    let root = Cursor::root(policy);
    let spec = root.child("spec");
    let compiler = check_common(&spec, old, true, errors);
    let mutations = spec.child("mutations");
    if mutations.is_empty() {
        mutations.required(errors, "mutations must contain at least one item");
    }
    mutations.items().for_each(|mutation| check_mutation(&mutation, &compiler, errors));
    let reinvocation = spec.child("reinvocationPolicy");
    if reinvocation.is_empty() {
        reinvocation.required(errors, "");
    } else {
        reinvocation.one_of(errors, &rules::REINVOCATION_POLICIES);
    }
}

fn check_mutation(mutation: &Cursor, compiler: &Compiler, errors: &mut field::Errors) {
    let kind = mutation.child("patchType");
    if kind.is_empty() {
        return kind.required(errors, "");
    }
    let Some((name, member, rival, purpose)) = PATCHES.iter().find(|(name, ..)| *name == kind.str()) else {
        return kind.not_supported(errors, &PATCHES.map(|(name, ..)| name));
    };
    let (patch, other) = (mutation.child(member), mutation.child(rival));
    let expression = patch.child("expression");
    if patch.is_set() {
        match expression.str().trim() {
            "" => expression.required(errors, ""),
            text => check_expression(&expression, text, *purpose, compiler, errors),
        }
    } else {
        patch.required(errors, &format!("must be specified when patchType is {name}"));
    }
    if other.is_set() {
        other.bad(errors, format!("{{{rival}}}"), &format!("must not be specified when patchType is {name}"));
    }
}

fn check_status(status: &Cursor, errors: &mut field::Errors) {
    for warning in status.child("typeChecking").child("expressionWarnings").items() {
        warning.require(errors, &["warning"]);
        let reference = warning.child("fieldRef");
        if reference.str().trim().is_empty() {
            reference.required(errors, "");
        }
    }
    conditions::validate(&status.child("conditions"), errors);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        assert!(is_identifier("_a1") && is_identifier("B"));
        assert!(
            !is_identifier("1a")
                && !is_identifier("a-b")
                && !is_identifier("namespace")
                && !is_identifier("")
        );
    }
}
