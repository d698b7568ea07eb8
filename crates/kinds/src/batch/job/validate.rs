//! What is wrong with a job that is new or changes.
//!
//! Entry points: [`create`] and [`update`].

use api::field::{Errors, Path};
use api::{Value, object};

use super::{CONTROLLER_UID, JOB_NAME, spec};
use crate::core::pod_spec::validate::Options;
use crate::edit::carry_over;
use crate::meta::IMMUTABLE;
use crate::{Context, Cursor, equal, names, selectors, shown, workload};

/// All failures of a new job, but for `metadata`.
pub(super) fn create(job: &Value, cx: &Context, errors: &mut Errors) {
    whole(job, &workload::options_of(None, cx), true, errors);
}

/// All failures of a changed job, but for `metadata`.
pub(super) fn update(new: &Value, old: &Value, cx: &Context, errors: &mut Errors) {
    let mut options = workload::options_of(Some(old), cx);
    options.lax_affinity_values |= selectors::has_bad_value(old.at(&["spec", "selector"]));
    let labels = old.at(&["spec", "template", "metadata", "labels"]);
    let prefixed = [CONTROLLER_UID, JOB_NAME].iter().all(|[_, current]| labels.get(current).is_some());
    whole(new, &options, prefixed, errors);
    // Upstream looks at the spec twice.
    let root = Cursor::root(new);
    let spec = root.child("spec");
    spec_and_selector(&spec, &options, errors);
    changes(&spec, old, errors);
}

fn whole(job: &Value, options: &Options, prefixed: bool, errors: &mut Errors) {
    generated_selector(job, prefixed, errors);
    let root = Cursor::root(job);
    let spec = root.child("spec");
    spec_and_selector(&spec, options, errors);
    let completions = spec.child("completions").int();
    if spec.text("completionMode") == "Indexed" && completions > 0 {
        let name = job.str_at(&["metadata", "name"]);
        let longest = format!("{name}-{}", completions - 1);
        if !names::dns1123_label(&longest).is_empty() {
            let why = format!("will not able to create pod with invalid DNS label: {longest}");
            errors.invalid(&Path::new("metadata.name"), &name.into(), why);
        }
    }
}

/// The labels that the selector was made of must be on the pods, with the job's name and uid.
fn generated_selector(job: &Value, prefixed: bool, errors: &mut Errors) {
    let selector = job.at(&["spec", "selector"]);
    if job.at(&["spec", "manualSelector"]).as_bool() == Some(true) || selector.is_null() {
        return;
    }
    let (uid, name) = (job.str_at(&["metadata", "uid"]), job.str_at(&["metadata", "name"]));
    if uid.is_empty() {
        errors.required(&Path::new("metadata.uid"), "");
    }
    let mut expected = Value::object();
    let ([old_uid, new_uid], [old_name, new_name]) = (CONTROLLER_UID, JOB_NAME);
    let newer = [(new_uid, uid), (new_name, name)].into_iter().filter(|_| prefixed);
    for (key, value) in [(old_uid, uid), (old_name, name)].into_iter().chain(newer) {
        has_label(job.at(&["spec", "template", "metadata", "labels"]), key, value, errors);
        expected.set_at(&[key], value);
    }
    if selectors::matches(selector, &expected) == Some(false) {
        errors.invalid(&Path::new("spec.selector"), selector, "`selector` not auto-generated");
    }
}

fn has_label(labels: &Value, key: &str, wanted: &str, errors: &mut Errors) {
    let path = Path::new("spec.template.metadata.labels").key(key);
    match labels.at(&[key]).as_str() {
        None => errors.required(&path, format!("must be '{wanted}'")),
        Some(value) if value != wanted => errors.invalid(&path, labels, format!("must be '{wanted}'")),
        Some(_) => {}
    }
}

fn spec_and_selector(spec: &Cursor, options: &Options, errors: &mut Errors) {
    spec::check(spec, options, errors);
    let selector = spec.child("selector");
    if selector.is_set() {
        selectors::label_selector(&selector, options.lax_affinity_values, errors);
    } else {
        selector.required(errors, "");
    }
    workload::labels_match(selector.value(), &spec.child("template"), errors);
}

fn changes(spec: &Cursor, old: &Value, errors: &mut Errors) {
    let before = old.at(&["spec"]);
    completions(spec, before, errors);
    workload::immutable(&spec.child("selector"), before.at(&["selector"]), errors);
    template(spec, old, errors);
    let fixed = [
        ("completionMode", ""),
        ("podFailurePolicy", "PodFailurePolicy"),
        ("backoffLimitPerIndex", ""),
        ("managedBy", ""),
        ("successPolicy", "SuccessPolicy"),
    ];
    for (name, held) in fixed {
        let member = spec.child(name);
        if member.is_set() && !held.is_empty() && !equal::semantic(member.value(), before.at(&[name])) {
            member.bad(errors, shown::of_type(member.value(), held), IMMUTABLE);
        } else {
            workload::immutable(&member, before.at(&[name]), errors);
        }
    }
}

/// Indexed jobs can grow and shrink, parallelism with them.
fn completions(spec: &Cursor, old: &Value, errors: &mut Errors) {
    let number = spec.child("completions");
    if spec.text("completionMode") != "Indexed" {
        workload::immutable(&number, old.at(&["completions"]), errors);
    } else if number.is_set()
        && number.value() != old.at(&["completions"])
        && number.int() != spec.child("parallelism").int()
    {
        number.bad(errors, number.int(), "can only be modified in tandem with spec.parallelism");
    }
}

/// A suspended job without pods can be scheduled anew and ask for other resources (KEP-2926, KEP-5440).
fn template(spec: &Cursor, old: &Value, errors: &mut Errors) {
    let suspended = old.at(&["spec", "suspend"]).as_bool() == Some(true);
    let at_rest = old.at(&["status", "startTime"]).is_null() || has_condition(old, "Suspended", "True");
    let mutable = suspended && at_rest && old.at(&["status", "active"]).as_i64().unwrap_or(0) == 0;
    let template = spec.child("template");
    let mut before = old.at(&["spec", "template"]).clone();
    if mutable {
        let new = template.value();
        take_directives(&mut before, new);
        take_resources(&mut before, new);
    }
    if mutable {
        let pod = template.child_as("spec", "spec");
        if !equal::semantic(pod.value(), before.at(&["spec"])) {
            errors.invalid(&pod.path(), &shown::of_type(pod.value(), "PodSpec"), IMMUTABLE);
        }
    } else if !equal::semantic(template.value(), &before) {
        errors.invalid(&template.path(), &shown::of_type(template.value(), "PodTemplateSpec"), IMMUTABLE);
    }
}

/// What tells where pods go is taken from the new template.
fn take_directives(before: &mut Value, new: &Value) {
    let nodes = ["spec", "affinity", "nodeAffinity"];
    match (new.at(&["spec", "affinity"]).is_null(), before.at(&["spec", "affinity"]).is_null()) {
        (true, true) => {}
        (true, false) => {
            before.remove_at(&nodes);
            let empty = before
                .at(&["spec", "affinity"])
                .as_object()
                .is_some_and(|map| map.values().all(Value::is_null));
            if empty {
                before.remove_at(&["spec", "affinity"]);
            }
        }
        (false, true) => {
            before.set_at(&["spec", "affinity"], object! {});
            carry_over(before, new, &nodes);
        }
        (false, false) => carry_over(before, new, &nodes),
    }
    for path in [
        ["spec", "nodeSelector"],
        ["spec", "tolerations"],
        ["spec", "schedulingGates"],
        ["metadata", "annotations"],
        ["metadata", "labels"],
    ] {
        carry_over(before, new, &path);
    }
}

fn take_resources(before: &mut Value, new: &Value) {
    for list in ["containers", "initContainers"] {
        let wanted = new.array_at(&["spec", list]);
        if wanted.len() != before.array_at(&["spec", list]).len() {
            continue;
        }
        for (container, new) in crate::edit::objects_mut(before, &["spec", list]).zip(wanted) {
            if container.str_at(&["name"]) == new.str_at(&["name"]) {
                carry_over(container, new, &["resources"]);
            }
        }
    }
}

/// True when the job has a condition with this status.
pub(super) fn has_condition(job: &Value, kind: &str, status: &str) -> bool {
    let mut conditions = job.array_at(&["status", "conditions"]).iter();
    conditions.any(|c| c.str_at(&["type"]) == kind && c.str_at(&["status"]) == status)
}
