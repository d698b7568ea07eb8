//! Stateful sets.

mod validate;

use api::{Map, Value};

use crate::core::claim_spec;
use crate::core::pod_spec::{defaults, prepare::drop_disabled};
use crate::kind::{Kind, default_member, default_text};
use crate::workload::{self, Counters, SPEC, WORKLOAD};
use crate::{Context, Cursor, MetaCheck, NameRule};

/// The kind `StatefulSet`.
pub(crate) static STATEFUL_SET: Kind = Kind {
    name_rule: NameRule::Label,
    update_checks: &[MetaCheck::Change],
    default,
    prepare_create: |object, _| {
        drop_disabled(object, None, &SPEC);
        drop_max_unavailable(object, None);
    },
    prepare_update: |new, old, _| {
        drop_disabled(new, Some(old), &SPEC);
        drop_max_unavailable(new, Some(old));
    },
    validate: validate::create,
    validate_update: |new, old, cx, errors| match cx.subresource {
        "status" => COUNTERS.check(new, old, errors),
        _ => validate::update(new, old, cx, errors),
    },
    warnings,
    ..WORKLOAD
};

fn warnings(object: &Value, old: Option<&Value>, cx: &Context) -> Vec<String> {
    if cx.subresource == "status" {
        return Vec::new();
    }
    let mut texts = workload::template_warnings(object, old, cx);
    let root = Cursor::root(object);
    let spec = root.child("spec");
    for claim in spec.child("volumeClaimTemplates").items() {
        // Paths as upstream has them: too short for a new object, with a capital for a changed one.
        let path = if old.is_some() { claim.child("Spec").path() } else { claim.path() };
        texts.extend(claim_spec::warnings(&Cursor::at(&path.to_string(), claim.child("spec").value())));
    }
    if spec.child("revisionHistoryLimit").int() < 0 {
        let advice = "a negative value retains all historical revisions; a value >= 0 is recommended";
        texts.push(format!("spec.revisionHistoryLimit: {advice}"));
    }
    texts
}

const COUNTERS: Counters = Counters {
    all: &[
        "replicas",
        "readyReplicas",
        "currentReplicas",
        "updatedReplicas",
        "availableReplicas",
        "observedGeneration",
        "collisionCount",
    ],
    of_replicas: &["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"],
    ready: "status.readyReplicas",
};

const MAX_UNAVAILABLE: [&str; 4] = ["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"];

fn default(object: &mut Value, _version: &str) {
    workload::fill(object);
    let spec = object.object_at_mut(&["spec"]);
    default_text(spec, "podManagementPolicy", "OrderedReady");
    update_strategy(spec.entry("updateStrategy").make_object());
    let retention = spec.entry("persistentVolumeClaimRetentionPolicy").make_object();
    default_text(retention, "whenDeleted", "Retain");
    default_text(retention, "whenScaled", "Retain");
    default_member(spec, "replicas", 1);
    default_member(spec, "revisionHistoryLimit", 10);
    for claim in spec.get_mut("volumeClaimTemplates").and_then(Value::as_array_mut).into_iter().flatten() {
        claim_template(claim);
    }
}

fn update_strategy(strategy: &mut Map) {
    if strategy.get("type").and_then(Value::as_str).is_none_or(str::is_empty) {
        strategy.insert("type", "RollingUpdate".into());
        strategy.entry("rollingUpdate").make_object();
    }
    if strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate")
        && let Some(rolling) = strategy.get_mut("rollingUpdate").and_then(Value::as_object_mut)
    {
        default_member(rolling, "partition", 0);
    }
}

/// A template of a claim is written as a whole object, whatever came.
fn claim_template(claim: &mut Value) {
    claim.set_at(&["apiVersion"], "v1");
    claim.set_at(&["kind"], "PersistentVolumeClaim");
    defaults::claim_spec(claim.object_at_mut(&["spec"]));
    let status = claim.object_at_mut(&["status"]);
    default_text(status, "phase", "Pending");
    defaults::round(status.get_mut("capacity"));
    defaults::round(status.get_mut("allocatedResources"));
}

/// The feature is off by default (KEP-961); sets that use it already keep it.
fn drop_max_unavailable(object: &mut Value, old: Option<&Value>) {
    if old.is_none_or(|old| old.at(&MAX_UNAVAILABLE).is_null()) {
        object.remove_at(&MAX_UNAVAILABLE);
    }
}
