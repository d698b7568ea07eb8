//! Replication controllers.

use api::field::Errors;
use api::{Str, Value};

use crate::kind::{Kind, default_member};
use crate::workload::{self, Counters, WORKLOAD};
use crate::{Context, Cursor, NameRule, names, selectors};

/// The kind `ReplicationController`.
pub(crate) static REPLICATION_CONTROLLER: Kind = Kind {
    name_rule: NameRule::Custom,
    name_faults,
    default,
    fields: |object| vec![("status.replicas", count_field(object, "replicas"))],
    validate: |object, cx, errors| validate(object, None, cx, errors),
    validate_update: |new, old, cx, errors| match cx.subresource {
        "status" => COUNTERS.check(new, old, errors),
        _ => validate(new, Some(old), cx, errors),
    },
    // An update is warned about what it replaces.
    warnings: |object, old, cx| match old {
        Some(old) if workload::is_new_generation(object, old, cx) => {
            workload::template_warnings(old, None, cx)
        }
        Some(_) => Vec::new(),
        None => workload::warnings(object, None, cx),
    },
    orphans: |version| version == "v1",
    ..WORKLOAD
};

const COUNTERS: Counters = Counters {
    all: &["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"],
    of_replicas: &["fullyLabeledReplicas", "readyReplicas", "availableReplicas"],
    ready: "readyReplicas",
};

/// Only the name counts, not what it is generated from.
fn name_faults(name: &str, prefix: bool) -> names::Faults {
    if prefix { names::Faults::new() } else { names::long_name(name) }
}

/// The labels of the template are the selector and the labels of the object where these are empty.
fn default(object: &mut Value, _version: &str) {
    default_member(object.object_at_mut(&["spec"]), "replicas", 1);
    if object.at(&["spec", "template"]).is_null() {
        return;
    }
    workload::fill(object);
    let labels = object.at(&["spec", "template", "metadata", "labels"]).clone();
    if labels.as_object().is_none_or(|labels| labels.is_empty()) {
        return;
    }
    for path in [["spec", "selector"], ["metadata", "labels"]] {
        if object.at(&path).as_object().is_none_or(|map| map.is_empty()) {
            object.set_at(&path, labels.clone());
        }
    }
}

/// A counter of the status as the value of a selectable field.
pub(crate) fn count_field(object: &Value, name: &str) -> Str {
    object.at(&["status", name]).as_i64().unwrap_or(0).to_string().into()
}

fn validate(object: &Value, old: Option<&Value>, cx: &Context, errors: &mut Errors) {
    let options = workload::options_of(old, cx);
    let root = Cursor::root(object);
    let spec = root.child("spec");
    spec.child("minReadySeconds").not_negative(errors);
    let selector = spec.child("selector");
    if selector.is_empty() {
        selector.required(errors, "");
    }
    spec.child("replicas").not_negative(errors);
    let template = spec.child("template");
    if !template.is_set() {
        return template.required(errors, "");
    }
    let metadata = template.child("metadata");
    let labels = metadata.child("labels");
    if !selectors::has_all(labels.value(), selector.value()) {
        labels.invalid(errors, "`selector` does not match template `labels`");
    }
    workload::template(&template, &options, errors);
    workload::lasting(&template, "ReplicationController", errors);
}
