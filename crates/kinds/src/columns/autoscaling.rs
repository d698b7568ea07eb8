//! Horizontal pod autoscalers of both versions, and scales.

use api::Value;

use super::format::{age, int, name, pointer_or};
use super::sheet::{AGE, NAME, Sheet, field, integer, metadata, string};

/// The sheet of a kind of this file.
pub fn sheet(kind: &str) -> Option<&'static Sheet> {
    match kind {
        "HorizontalPodAutoscaler" => Some(&AUTOSCALER),
        "Scale" => Some(&SCALE),
        _ => None,
    }
}

macro_rules! v2 {
    ($name:literal) => {
        concat!("io.k8s.api.autoscaling.v2.", $name)
    };
}

/// How many metrics a cell shows before it says "more".
const SHOWN: usize = 2;

static AUTOSCALER: Sheet = Sheet {
    columns: &[
        NAME,
        string("Reference", field(v2!("HorizontalPodAutoscalerSpec"), "scaleTargetRef")),
        string("Targets", field(v2!("HorizontalPodAutoscalerSpec"), "metrics")),
        string("MinPods", field(v2!("HorizontalPodAutoscalerSpec"), "minReplicas")),
        string("MaxPods", field(v2!("HorizontalPodAutoscalerSpec"), "maxReplicas")),
        string("Replicas", field(v2!("HorizontalPodAutoscalerStatus"), "currentReplicas")),
        AGE,
    ],
    cells: |o, now| {
        let target = o.at(&["spec", "scaleTargetRef"]);
        let least = o.at(&["spec", "minReplicas"]).as_i64();
        vec![
            name(o),
            format!("{}/{}", target.str_at(&["kind"]), target.str_at(&["name"])).into(),
            targets(o).into(),
            least.map_or_else(|| "<unset>".to_owned(), |n| n.to_string()).into(),
            int(o, &["spec", "maxReplicas"]).into(),
            int(o, &["status", "currentReplicas"]).into(),
            age(o, now),
        ]
    },
    ..Sheet::BARE
};

fn targets(o: &Value) -> String {
    if let Some(percent) = o.at(&["spec", "targetCPUUtilizationPercentage"]).as_i64() {
        // A `v1` object: its one metric is CPU.
        let current = percentage(o.at(&["status", "currentCPUUtilizationPercentage"]), "<unknown>");
        return format!("cpu: {current}/{percent}%");
    }
    let specs = o.array_at(&["spec", "metrics"]);
    if specs.is_empty() {
        return "<none>".to_owned();
    }
    let statuses = o.array_at(&["status", "currentMetrics"]);
    let texts: Vec<String> = specs
        .iter()
        .take(SHOWN)
        .enumerate()
        .map(|(i, spec)| metric(spec, statuses.get(i).unwrap_or(&Value::Null)))
        .collect();
    let text = texts.join(", ");
    if specs.len() > SHOWN { format!("{text} + {} more...", specs.len() - SHOWN) } else { text }
}

/// One metric as `current/target`; the status counts when it is of the same type.
fn metric(spec: &Value, status: &Value) -> String {
    match spec.str_at(&["type"]) {
        "External" => value_or_average(spec.at(&["external"]), status.at(&["external"])),
        "Object" => value_or_average(spec.at(&["object"]), status.at(&["object"])),
        "Pods" => {
            let (spec, status) = (spec.at(&["pods"]), status.at(&["pods"]));
            format!("{}/{}", current(status, "averageValue"), amount(spec, &["target", "averageValue"]))
        }
        "Resource" => resource(spec.at(&["resource"]), status.at(&["resource"])),
        "ContainerResource" => resource(spec.at(&["containerResource"]), status.at(&["containerResource"])),
        _ => "<unknown type>".to_owned(),
    }
}

fn value_or_average(spec: &Value, status: &Value) -> String {
    if spec.at(&["target", "averageValue"]).is_null() {
        return format!("{}/{}", current(status, "value"), amount(spec, &["target", "value"]));
    }
    let current = pointer_or(status, &["current", "averageValue"], "<unknown>");
    format!("{current}/{} (avg)", amount(spec, &["target", "averageValue"]))
}

fn resource(spec: &Value, status: &Value) -> String {
    let name = spec.str_at(&["name"]);
    if spec.at(&["target", "averageValue"]).is_null() {
        let current = percentage(status.at(&["current", "averageUtilization"]), "<unknown>");
        let target = percentage(spec.at(&["target", "averageUtilization"]), "<auto>");
        return format!("{name}: {current}/{target}");
    }
    format!("{name}: {}/{}", current(status, "averageValue"), amount(spec, &["target", "averageValue"]))
}

/// A current amount; unknown while there is no status of the metric.
fn current<'a>(status: &'a Value, member: &str) -> &'a str {
    if status.is_null() { "<unknown>" } else { amount(status, &["current", member]) }
}

/// A quantity, `<nil>` when it is missing, as Go prints one.
fn amount<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    pointer_or(value, path, "<nil>")
}

fn percentage(value: &Value, missing: &str) -> String {
    value.as_i64().map_or_else(|| missing.to_owned(), |n| format!("{n}%"))
}

static SCALE: Sheet = Sheet {
    columns: &[
        string("Name", metadata("name")),
        integer("Desired", field("io.k8s.api.autoscaling.v1.ScaleSpec", "replicas")),
        integer("Available", field("io.k8s.api.autoscaling.v1.ScaleStatus", "replicas")),
        AGE,
    ],
    cells: |o, now| {
        vec![
            name(o),
            int(o, &["spec", "replicas"]).into(),
            int(o, &["status", "replicas"]).into(),
            age(o, now),
        ]
    },
    ..Sheet::BARE
};
