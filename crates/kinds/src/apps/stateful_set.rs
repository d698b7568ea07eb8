//! Stateful sets.

use api::{Map, Value};

use crate::core::pod_spec::{defaults, prepare::drop_disabled};
use crate::core::pod_template::{self, SPEC, WORKLOAD};
use crate::kind::{Kind, default_member, default_text};

/// The kind `StatefulSet`.
pub(crate) static STATEFUL_SET: Kind = Kind {
    default,
    prepare_create: |object, _| {
        drop_disabled(object, None, &SPEC);
        drop_max_unavailable(object, None);
    },
    prepare_update: |new, old, _| {
        drop_disabled(new, Some(old), &SPEC);
        drop_max_unavailable(new, Some(old));
    },
    ..WORKLOAD
};

const MAX_UNAVAILABLE: [&str; 4] = ["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"];

fn default(object: &mut Value, _version: &str) {
    pod_template::fill(object);
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
