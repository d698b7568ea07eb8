//! Deployments.

use api::Value;

use crate::core::pod_spec::prepare::drop_disabled;
use crate::core::pod_template::{self, SPEC, WORKLOAD};
use crate::edit::carry_over;
use crate::equal;
use crate::kind::{Generation, Kind, default_member, default_text};

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
    ..WORKLOAD
};

fn default(object: &mut Value, _version: &str) {
    pod_template::fill(object);
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
