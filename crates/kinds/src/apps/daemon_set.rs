//! Daemon sets.

use api::Value;

use crate::core::pod_spec::prepare::drop_disabled;
use crate::core::pod_template::{self, SPEC, WORKLOAD};
use crate::equal;
use crate::kind::{Kind, default_member, default_text};

/// The kind `DaemonSet`.
pub(crate) static DAEMON_SET: Kind = Kind {
    default,
    prepare_create: |object, _| {
        drop_disabled(object, None, &SPEC);
        let given = template_generation(object);
        set_template_generation(object, given.max(1));
    },
    prepare_update: |new, old, cx| {
        drop_disabled(new, Some(old), &SPEC);
        let template = |object: &Value| object.at(&["spec", "template"]).clone();
        let changed = cx.subresource.is_empty() && !equal::semantic(&template(new), &template(old));
        set_template_generation(new, template_generation(old).saturating_add(i64::from(changed)));
    },
    ..WORKLOAD
};

/// Counts the changes of the template; a field once, kept as an annotation since `apps/v1`.
const TEMPLATE_GENERATION: [&str; 3] =
    ["metadata", "annotations", "deprecated.daemonset.template.generation"];

fn default(object: &mut Value, _version: &str) {
    pod_template::fill(object);
    let spec = object.object_at_mut(&["spec"]);
    default_member(spec, "revisionHistoryLimit", 10);
    let strategy = spec.entry("updateStrategy").make_object();
    default_text(strategy, "type", "RollingUpdate");
    if strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate") {
        let rolling = strategy.entry("rollingUpdate").make_object();
        default_member(rolling, "maxUnavailable", 1);
        default_member(rolling, "maxSurge", 0);
    }
}

fn template_generation(object: &Value) -> i64 {
    object.str_at(&TEMPLATE_GENERATION).parse().unwrap_or(0)
}

fn set_template_generation(object: &mut Value, generation: i64) {
    object.set_at(&TEMPLATE_GENERATION, generation.to_string());
}
