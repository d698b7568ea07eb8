//! One metric of a HorizontalPodAutoscaler as `v1` writes it into annotations and as `v2` has it.

use api::{Map, Value};

/// Where a metric stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    /// In `spec.metrics`: a target.
    Spec,
    /// In `status.currentMetrics`: what is.
    Status,
}

/// What stands for a missing value in `v1`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Zero {
    /// Nothing.
    Absent,
    /// The empty text.
    Text,
    /// The amount `0`.
    Amount,
    /// The empty structure.
    Structure,
}

/// A member: name in `v1`, path in `v2`, what stands for a missing one in `v1`.
type Member = (&'static str, &'static [&'static str], Zero);

use Zero::{Absent, Amount, Structure, Text};

const REFERENCE: Member = ("target", &["describedObject"], Structure);
const METRIC_NAME: Member = ("metricName", &["metric", "name"], Text);
const SELECTOR: Member = ("selector", &["metric", "selector"], Absent);
const EXTERNAL_SELECTOR: Member = ("metricSelector", &["metric", "selector"], Absent);
const NAME: Member = ("name", &["name"], Text);
const CONTAINER: Member = ("container", &["container"], Text);

/// The members of a metric in `v1`'s order; the kinds stand in that order, too.
const SPEC: [(&str, &[Member]); 5] = [
    ("object", &[REFERENCE, METRIC_NAME, ("targetValue", &["target", "value"], Amount), SELECTOR, AVERAGE]),
    ("pods", &[METRIC_NAME, ("targetAverageValue", &["target", "averageValue"], Amount), SELECTOR]),
    ("resource", &[NAME, TARGET_UTILIZATION, TARGET_AVERAGE]),
    ("containerResource", &[NAME, TARGET_UTILIZATION, TARGET_AVERAGE, CONTAINER]),
    (
        "external",
        &[METRIC_NAME, EXTERNAL_SELECTOR, ("targetValue", &["target", "value"], Absent), TARGET_AVERAGE],
    ),
];
const AVERAGE: Member = ("averageValue", &["target", "averageValue"], Absent);
const TARGET_AVERAGE: Member = ("targetAverageValue", &["target", "averageValue"], Absent);
const TARGET_UTILIZATION: Member = ("targetAverageUtilization", &["target", "averageUtilization"], Absent);

const STATUS: [(&str, &[Member]); 5] = [
    (
        "object",
        &[
            REFERENCE,
            METRIC_NAME,
            CURRENT_VALUE,
            SELECTOR,
            ("averageValue", &["current", "averageValue"], Absent),
        ],
    ),
    ("pods", &[METRIC_NAME, CURRENT_AVERAGE, SELECTOR]),
    ("resource", &[NAME, CURRENT_UTILIZATION, CURRENT_AVERAGE]),
    ("containerResource", &[NAME, CURRENT_UTILIZATION, CURRENT_AVERAGE, CONTAINER]),
    (
        "external",
        &[
            METRIC_NAME,
            EXTERNAL_SELECTOR,
            CURRENT_VALUE,
            ("currentAverageValue", &["current", "averageValue"], Absent),
        ],
    ),
];
const CURRENT_VALUE: Member = ("currentValue", &["current", "value"], Amount);
const CURRENT_AVERAGE: Member = ("currentAverageValue", &["current", "averageValue"], Amount);
const CURRENT_UTILIZATION: Member = ("currentAverageUtilization", &["current", "averageUtilization"], Absent);

fn kinds(half: Half) -> &'static [(&'static str, &'static [Member])] {
    if half == Half::Spec { &SPEC } else { &STATUS }
}

/// A metric of `v2` as `v1` writes it.
pub(super) fn to_v1(metric: &Value, half: Half) -> Value {
    let mut out = Map::new();
    out.insert("type", metric.str_at(&["type"]).into());
    for (kind, members) in kinds(half) {
        let Some(source) = metric.get(kind).filter(|source| !source.is_null()) else { continue };
        let mut written = Map::new();
        for (name, path, zero) in *members {
            match (source.at(path), zero) {
                (Value::Null, Absent) => {}
                (Value::Null, Text) => drop(written.insert(*name, "".into())),
                (Value::Null, Amount) => drop(written.insert(*name, "0".into())),
                (Value::Null, Structure) => drop(written.insert(*name, Value::object())),
                (value, _) => drop(written.insert(*name, value.clone())),
            }
        }
        out.insert(*kind, written.into());
    }
    out.into()
}

/// A metric of `v1` in `v2`.
pub(super) fn to_v2(metric: &Value, half: Half) -> Value {
    let mut out = Map::new();
    out.insert("type", metric.str_at(&["type"]).into());
    for (kind, members) in kinds(half) {
        let Some(source) = metric.get(kind).filter(|source| source.as_object().is_some()) else { continue };
        let mut read = Value::object();
        for (name, path, zero) in *members {
            match source.at(&[name]) {
                Value::Null if *zero == Amount => read.set_at(path, "0"),
                Value::Null => {}
                value => read.set_at(path, value.clone()),
            }
        }
        if half == Half::Spec {
            type_target(kind, &mut read);
        }
        out.insert(*kind, read);
    }
    out.into()
}

/// `v1` leaves the type of a target to be guessed from the members it has.
fn type_target(kind: &str, source: &mut Value) {
    let has = |source: &Value, member| !source.at(&["target", member]).is_null();
    let target_type = match kind {
        "object" if has(source, "averageValue") => {
            if source.str_at(&["target", "value"]) == "0" {
                source.remove_at(&["target", "value"]);
            }
            "AverageValue"
        }
        "object" => "Value",
        "external" if has(source, "value") => "Value",
        "resource" | "containerResource" if has(source, "averageUtilization") => "Utilization",
        _ => "AverageValue",
    };
    source.set_at(&["target", "type"], target_type);
}
