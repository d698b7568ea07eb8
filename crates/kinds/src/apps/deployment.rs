//! Deployments.

use api::Value;
use api::field::Errors;

use super::replica_set;
use crate::core::pod_spec::prepare::drop_disabled;
use crate::edit::carry_over;
use crate::kind::{Generation, Kind, default_member, default_text};
use crate::workload::{self, Counters, SPEC, WORKLOAD};
use crate::{Context, Cursor, equal, int_or_percent, shown};

/// The kind `Deployment`.
pub(crate) static DEPLOYMENT: Kind = Kind {
    default,
    generation: Generation::When(changed),
    prepare_update: |new, old, cx| {
        drop_disabled(new, Some(old), &SPEC);
        if cx.subresource == "status" {
            carry_over(new, old, &["metadata", "labels"]);
        }
    },
    validate: |object, cx, errors| validate(object, None, cx, errors),
    validate_update: |new, old, cx, errors| match cx.subresource {
        "status" => COUNTERS.check(new, old, errors),
        _ => validate(new, Some(old), cx, errors),
    },
    warnings: workload::warnings,
    ..WORKLOAD
};

const COUNTERS: Counters = Counters {
    all: &[
        "observedGeneration",
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "unavailableReplicas",
        "terminatingReplicas",
        "collisionCount",
    ],
    of_replicas: &["updatedReplicas", "readyReplicas", "availableReplicas"],
    ready: "readyReplicas",
};

fn default(object: &mut Value, _version: &str) {
    workload::fill(object);
    let spec = object.object_at_mut(&["spec"]);
    default_member(spec, "replicas", 1);
    default_member(spec, "revisionHistoryLimit", 10);
    default_member(spec, "progressDeadlineSeconds", 600);
    let strategy = spec.entry("strategy").make_object();
    default_text(strategy, "type", "RollingUpdate");
    if strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate") {
        let rolling = strategy.entry("rollingUpdate").make_object();
        default_member(rolling, "maxUnavailable", "25%");
        default_member(rolling, "maxSurge", "25%");
    }
}

/// Annotations count as well, because they are copied to the replica sets.
fn changed(new: &Value, old: &Value) -> bool {
    [&["spec"][..], &["metadata", "annotations"]]
        .iter()
        .any(|path| !equal::semantic(new.at(path), old.at(path)))
}

fn validate(object: &Value, old: Option<&Value>, cx: &Context, errors: &mut Errors) {
    let options = workload::options_of(old, cx);
    let root = Cursor::root(object);
    let spec = root.child("spec");
    spec.child("replicas").not_negative(errors);
    replica_set::selected_template(&spec, &options, errors);
    strategy(&spec.child("strategy"), errors);
    for name in ["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
        spec.child(name).not_negative(errors);
    }
    let deadline = spec.child("progressDeadlineSeconds");
    if deadline.is_set() && deadline.int() <= spec.child("minReadySeconds").int() {
        deadline.bad(errors, deadline.int(), "must be greater than minReadySeconds");
    }
    if let Some(old) = old {
        workload::immutable(&spec.child("selector"), old.at(&["spec", "selector"]), errors);
    }
}

fn strategy(strategy: &Cursor, errors: &mut Errors) {
    let rolling = strategy.child("rollingUpdate");
    match strategy.text("type") {
        "Recreate" if rolling.is_set() => {
            rolling.forbidden(errors, "may not be specified when strategy `type` is 'Recreate'");
        }
        "Recreate" => {}
        "RollingUpdate" if rolling.is_set() => rolling_update(&rolling, errors),
        "RollingUpdate" => rolling.required(errors, "this should be defaulted and never be nil"),
        _ => {
            let shown = shown::of_type(strategy.value(), "DeploymentStrategy");
            errors.not_supported(&strategy.path(), &shown, &["Recreate", "RollingUpdate"]);
        }
    }
}

fn rolling_update(rolling: &Cursor, errors: &mut Errors) {
    let (unavailable, surge) = (rolling.child("maxUnavailable"), rolling.child("maxSurge"));
    int_or_percent::not_negative(&unavailable, errors);
    int_or_percent::not_negative(&surge, errors);
    if int_or_percent::amount(unavailable.value()) == 0 && int_or_percent::amount(surge.value()) == 0 {
        unavailable.invalid(errors, "may not be 0 when `maxSurge` is 0");
    }
    int_or_percent::at_most_all(&unavailable, errors);
}
