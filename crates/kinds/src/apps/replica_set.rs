//! Replica sets.

use api::Value;
use api::field::Errors;

use crate::core::pod_spec::validate::Options;
use crate::kind::{Kind, default_member};
use crate::workload::{self, Counters, WORKLOAD};
use crate::{Context, Cursor};

/// The kind `ReplicaSet`.
pub(crate) static REPLICA_SET: Kind = Kind {
    default: |object, _| {
        workload::fill(object);
        default_member(object.object_at_mut(&["spec"]), "replicas", 1);
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
        "replicas",
        "fullyLabeledReplicas",
        "readyReplicas",
        "availableReplicas",
        "observedGeneration",
        "terminatingReplicas",
    ],
    of_replicas: &["fullyLabeledReplicas", "readyReplicas", "availableReplicas"],
    ready: "readyReplicas",
};

fn validate(object: &Value, old: Option<&Value>, cx: &Context, errors: &mut Errors) {
    let options = workload::options_of(old, cx);
    let root = Cursor::root(object);
    let spec = root.child("spec");
    spec.child("replicas").not_negative(errors);
    spec.child("minReadySeconds").not_negative(errors);
    selected_template(&spec, &options, errors);
    if let Some(old) = old {
        workload::immutable(&spec.child("selector"), old.at(&["spec", "selector"]), errors);
    }
}

/// All failures of selector and template, of a replica set or of a deployment that makes one.
pub(super) fn selected_template(spec: &Cursor, options: &Options, errors: &mut Errors) {
    let (selector, template) = (spec.child("selector"), spec.child("template"));
    workload::selector(&selector, "deployment", errors);
    if !workload::labels_match(selector.value(), &template, errors) {
        let shown = crate::selectors::shown(selector.value());
        return selector.bad(errors, shown, "invalid label selector");
    }
    workload::template(&template, options, errors);
    workload::lasting(&template, "ReplicaSet", errors);
}
