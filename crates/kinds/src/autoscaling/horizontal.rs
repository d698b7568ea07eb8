//! HorizontalPodAutoscaler, served as `v1` (CPU only, the rest in annotations) and `v2`.

use api::{Map, Value, object};

use crate::kind::{Generation, Kind, Status, default_member};

/// CPU utilization in percent that is aimed at when nothing else is.
pub(crate) const DEFAULT_CPU_UTILIZATION: i64 = 80;

/// Preparation and checks see the newer form; convert what comes in the older one first.
pub(crate) static HORIZONTAL_POD_AUTOSCALER: Kind = Kind {
    generation: Generation::Ignored,
    status: Status::Own,
    default: default_autoscaler,
    validate: super::validate::create,
    validate_update: super::validate::update,
    ..Kind::PLAIN
};

fn default_autoscaler(autoscaler: &mut Value, version: &str) {
    let spec = autoscaler.object_at_mut(&["spec"]);
    default_member(spec, "minReplicas", 1);
    if version == "v1" {
        return;
    }
    if spec.get("metrics").and_then(Value::as_array).is_none_or(<[Value]>::is_empty) {
        spec.insert("metrics", vec![cpu_metric(DEFAULT_CPU_UTILIZATION)].into());
    }
    if let Some(behavior) = spec.get_mut("behavior").and_then(Value::as_object_mut) {
        default_rules(behavior, "scaleUp", Some(0), &[("Pods", 4), ("Percent", 100)]);
        default_rules(behavior, "scaleDown", None, &[("Percent", 100)]);
    }
}

/// A metric that aims at a CPU utilization in percent.
pub(crate) fn cpu_metric(utilization: i64) -> Value {
    let target = object! { "type" => "Utilization", "averageUtilization" => utilization };
    object! { "type" => "Resource", "resource" => object! { "name" => "cpu", "target" => target } }
}

/// Fills one direction of `behavior`; `policies` are kinds and values per 15 seconds.
fn default_rules(behavior: &mut Map, direction: &str, window: Option<i64>, policies: &[(&str, i64)]) {
    let rules = behavior.entry(direction).make_object();
    if let Some(seconds) = window {
        default_member(rules, "stabilizationWindowSeconds", seconds);
    }
    default_member(rules, "selectPolicy", "Max");
    let policy =
        |(kind, value): &(&str, i64)| object! { "type" => *kind, "value" => *value, "periodSeconds" => 15 };
    default_member(rules, "policies", policies.iter().map(policy).collect::<Vec<_>>());
}
