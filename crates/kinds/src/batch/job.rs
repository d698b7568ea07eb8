//! Jobs.

mod failure_policy;
mod indexes;
mod spec;
mod status;
mod validate;

use api::{Map, Value};

use crate::core::pod_spec::{prepare::drop_disabled, warnings};
use crate::core::replication_controller::count_field;
use crate::edit::objects_mut;
use crate::kind::{Kind, default_member, default_text};
use crate::workload::{self, SPEC, WORKLOAD};
use crate::{Cursor, MetaCheck, names};
pub(super) use spec::check as check_spec;

/// The kind `Job`.
pub(crate) static JOB: Kind = Kind {
    update_checks: &[MetaCheck::New, MetaCheck::Change],
    default,
    prepare_create: |object, _| {
        let copied = !object.str_at(&["metadata", "generateName"]).is_empty();
        // Upstream copies an object whose name it makes, so its labels do not follow the template's any more.
        if copied {
            share_labels(object);
        }
        generate_selector(object);
        // A name that makes no label is told of once, in the template.
        if names::label_value(object.str_at(&["metadata", "name"])).is_empty() {
            share_labels(object);
        }
        drop_disabled(object, None, &SPEC);
    },
    prepare_update: |new, old, _| {
        share_labels(new);
        drop_disabled(new, Some(old), &SPEC);
    },
    fields: |object| vec![("status.successful", count_field(object, "succeeded"))],
    validate: validate::create,
    validate_update: |new, old, cx, errors| match cx.subresource {
        "status" => status::update(new, old, errors),
        _ => validate::update(new, old, cx, errors),
    },
    warnings: |object, old, cx| {
        let name = workload::host_name_warning("Pod names and hostnames", object).filter(|_| old.is_none());
        let spec = old.is_none_or(|old| workload::is_new_generation(object, old, cx));
        let texts = spec.then(|| spec_warnings(&Cursor::root(object).child("spec")));
        name.into_iter().chain(texts.into_iter().flatten()).collect()
    },
    orphans: |version| version == "v1",
    ..WORKLOAD
};

/// Label with the job's uid, the older name first.
pub(super) const CONTROLLER_UID: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];
/// Label with the job's name, the older name first.
pub(super) const JOB_NAME: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];

fn default(object: &mut Value, _version: &str) {
    workload::fill(object);
    pod_conditions(object, &["spec"]);
    let spec = object.object_at_mut(&["spec"]);
    let has = |spec: &Map, name: &str| spec.get(name).is_some_and(|v| !v.is_null());
    if !has(spec, "completions") && !has(spec, "parallelism") {
        spec.insert("completions", 1.into());
    }
    default_member(spec, "parallelism", 1);
    let per_index = has(spec, "backoffLimitPerIndex");
    default_member(spec, "backoffLimit", if per_index { i64::from(i32::MAX) } else { 6 });
    default_member(spec, "completionMode", "NonIndexed");
    default_member(spec, "suspend", false);
    let replacement = if has(spec, "podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
    default_member(spec, "podReplacementPolicy", replacement);
    default_member(spec, "manualSelector", false);
}

/// Conditions of a failure policy ask for `True` unless they say otherwise; `path` leads to the job's spec.
pub(super) fn pod_conditions(object: &mut Value, path: &[&str]) {
    let Some(spec) = path.iter().try_fold(object, |v, key| v.get_mut(key)) else { return };
    for rule in objects_mut(spec, &["podFailurePolicy", "rules"]) {
        for condition in objects_mut(rule, &["onPodConditions"]) {
            default_text(condition.make_object(), "status", "True");
        }
    }
}

/// A job without labels has those of its template (`SetDefaults_Job`).
fn share_labels(job: &mut Value) {
    let labels = job.at(&["spec", "template", "metadata", "labels"]).clone();
    let is_empty = |labels: &Value| labels.as_object().is_none_or(Map::is_empty);
    if is_empty(job.at(&["metadata", "labels"])) && !is_empty(&labels) {
        job.set_at(&["metadata", "labels"], labels);
    }
}

/// Unless the user wants to do it by hand, the pods are told by the job's uid.
fn generate_selector(job: &mut Value) {
    if job.at(&["spec", "manualSelector"]).as_bool() == Some(true) {
        return;
    }
    let name: Value = job.str_at(&["metadata", "name"]).into();
    let uid: Value = job.str_at(&["metadata", "uid"]).into();
    let labels = job.object_at_mut(&["spec", "template", "metadata", "labels"]);
    for (keys, value) in [(JOB_NAME, name), (CONTROLLER_UID, uid.clone())] {
        for key in keys {
            default_member(labels, key, value.clone());
        }
    }
    let selector = job.object_at_mut(&["spec", "selector", "matchLabels"]);
    let [_, current] = CONTROLLER_UID;
    default_member(selector, current, uid);
}

/// A job that may fill its status with many indexes, and what is odd about its template.
pub(super) fn spec_warnings(spec: &Cursor) -> Vec<String> {
    let (completions, parallelism) = (spec.child("completions").int(), spec.child("parallelism").int());
    let many = spec.text("completionMode") == "Indexed" && completions > 100_000 && parallelism > 10_000;
    let advice = many.then(|| {
        format!(
            "{}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, \
             Kubernetes might not be able to track completedIndexes when a big number of indexes fail",
            spec.path()
        )
    });
    advice.into_iter().chain(warnings::of(&spec.child("template"), true)).collect()
}
