//! HorizontalPodAutoscaler `v1` ⇄ `v2`: what `v1` has no members for travels in annotations, as JSON.

use api::{Map, Value, json, object};

use super::horizontal::{DEFAULT_CPU_UTILIZATION, cpu_metric};
use super::metrics::{Half, to_v1 as metric_to_v1, to_v2 as metric_to_v2};

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
const OBSOLETE: [&str; 2] = [
    "autoscaling.alpha.kubernetes.io/scale-down-tolerance",
    "autoscaling.alpha.kubernetes.io/scale-up-tolerance",
];
const ANNOTATIONS: [&str; 2] = ["metadata", "annotations"];
const CPU_TARGET: &str = "targetCPUUtilizationPercentage";
const CPU_CURRENT: &str = "currentCPUUtilizationPercentage";

/// The members of `behavior` as `v2` names them and as the annotation does, in the annotation's order.
const RULES: [(&str, &str); 4] = [
    ("stabilizationWindowSeconds", "StabilizationWindowSeconds"),
    ("selectPolicy", "SelectPolicy"),
    ("policies", "Policies"),
    ("tolerance", "Tolerance"),
];
const POLICY: [(&str, &str); 3] = [("type", "Type"), ("value", "Value"), ("periodSeconds", "PeriodSeconds")];
const DIRECTIONS: [(&str, &str); 2] = [("scaleUp", "ScaleUp"), ("scaleDown", "ScaleDown")];

pub(crate) fn to_v1(autoscaler: &mut Value) {
    drop_annotations(autoscaler);
    let metrics = autoscaler.remove_at(&["spec", "metrics"]).unwrap_or_default();
    let metrics = metrics.as_array().unwrap_or(&[]);
    if let Some(target) = metrics.iter().find_map(cpu_utilization_target) {
        autoscaler.set_at(&["spec", CPU_TARGET], target);
    }
    let others: Vec<Value> = metrics
        .iter()
        .filter(|metric| cpu_utilization_target(metric).is_none())
        .map(|metric| metric_to_v1(metric, Half::Spec))
        .collect();
    annotate(autoscaler, METRICS, others);

    let current = autoscaler.remove_at(&["status", "currentMetrics"]).unwrap_or_default();
    let current = current.as_array().unwrap_or(&[]);
    let utilization = |metric: &Value| metric.at(&["resource", "current", "averageUtilization"]).as_i64();
    if let Some(percent) = current.iter().filter(|metric| is_cpu(metric)).filter_map(utilization).next_back()
    {
        autoscaler.set_at(&["status", CPU_CURRENT], percent);
    }
    annotate(autoscaler, CURRENT_METRICS, current.iter().map(|m| metric_to_v1(m, Half::Status)).collect());

    if let Some(behavior) = autoscaler.remove_at(&["spec", "behavior"]) {
        let text = json::to_string(&behavior_to_annotation(&behavior));
        autoscaler.object_at_mut(&ANNOTATIONS).insert(BEHAVIOR, text.into());
    }
    if let Some(Value::Array(conditions)) = autoscaler.remove_at(&["status", "conditions"]) {
        annotate(autoscaler, CONDITIONS, conditions);
    }
}

pub(crate) fn to_v2(autoscaler: &mut Value) {
    let mut metrics = annotated(autoscaler, METRICS)
        .and_then(|list| sound(list.iter().map(|metric| metric_to_v2(metric, Half::Spec)), "MetricSpec"))
        .unwrap_or_default();
    let target = autoscaler.remove_at(&["spec", CPU_TARGET]);
    if let Some(percent) = target.and_then(|target| target.as_i64()) {
        metrics.push(cpu_metric(percent));
    }
    if metrics.is_empty() {
        metrics.push(cpu_metric(DEFAULT_CPU_UTILIZATION));
    }
    autoscaler.set_at(&["spec", "metrics"], metrics);
    if let Some(behavior) =
        annotation(autoscaler, BEHAVIOR).and_then(|value| behavior_from_annotation(&value))
        && let Some(behavior) = sound([behavior].into_iter(), "HorizontalPodAutoscalerBehavior")
    {
        autoscaler.set_at(&["spec", "behavior"], behavior.into_iter().next().unwrap_or_default());
    }

    let current = autoscaler.remove_at(&["status", CPU_CURRENT]);
    if let Some(percent) = current.and_then(|current| current.as_i64()) {
        let resource = object! { "name" => "cpu", "current" => object! { "averageUtilization" => percent } };
        let metric = object! { "type" => "Resource", "resource" => resource };
        autoscaler.set_at(&["status", "currentMetrics"], vec![metric]);
    }
    if let Some(metrics) = annotated(autoscaler, CURRENT_METRICS)
        .and_then(|list| sound(list.iter().map(|metric| metric_to_v2(metric, Half::Status)), "MetricStatus"))
    {
        autoscaler.set_at(&["status", "currentMetrics"], metrics);
    }
    if let Some(conditions) = annotated(autoscaler, CONDITIONS)
        .and_then(|list| sound(list.into_iter(), "HorizontalPodAutoscalerCondition"))
    {
        autoscaler.set_at(&["status", "conditions"], conditions);
    }
    drop_annotations(autoscaler);
}

fn is_cpu(metric: &Value) -> bool {
    metric.str_at(&["type"]) == "Resource" && metric.str_at(&["resource", "name"]) == "cpu"
}

/// The one target that `v1` has a member for.
fn cpu_utilization_target(metric: &Value) -> Option<i64> {
    let target = metric.at(&["resource", "target", "averageUtilization"]);
    target.as_i64().filter(|_| is_cpu(metric))
}

fn annotate(autoscaler: &mut Value, key: &str, list: Vec<Value>) {
    if !list.is_empty() {
        let text = json::to_string(&list.into());
        autoscaler.object_at_mut(&ANNOTATIONS).insert(key, text.into());
    }
}

/// The JSON of an annotation; what cannot be read counts as missing.
fn annotation(autoscaler: &Value, key: &str) -> Option<Value> {
    let text = autoscaler.at(&ANNOTATIONS).get(key)?.as_str()?;
    codec::json::parse(text.as_bytes()).ok().map(|parsed| parsed.value)
}

fn annotated(autoscaler: &Value, key: &str) -> Option<Vec<Value>> {
    match annotation(autoscaler, key)? {
        Value::Array(list) if list.iter().all(|item| item.as_object().is_some()) => Some(list),
        _ => None,
    }
}

/// Structures of `v2` from an annotation, typed as decoding does; one that does not fit makes all of them count as
/// missing.
fn sound(list: impl Iterator<Item = Value>, name: &str) -> Option<Vec<Value>> {
    let message = schema::message(&format!("io.k8s.api.autoscaling.v2.{name}"))?;
    list.map(|mut item| schema::coerce(&mut item, message).is_ok().then_some(item)).collect()
}

fn drop_annotations(autoscaler: &mut Value) {
    let annotations = autoscaler.get_mut("metadata").and_then(|meta| meta.get_mut("annotations"));
    if let Some(map) = annotations.and_then(Value::as_object_mut) {
        let ours = |key: &str| {
            [METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR].contains(&key) || OBSOLETE.contains(&key)
        };
        map.retain(|key, _| !ours(key));
    }
}

/// The annotation holds upstream's internal structure: Go's member names, nothing left out.
fn behavior_to_annotation(behavior: &Value) -> Value {
    let policy = |policy: &Value| renamed(policy, &POLICY, |_, value| value.clone());
    let rules = |rules: &Value| {
        renamed(rules, &RULES, |member, value| match (member, value) {
            ("policies", Value::Array(list)) => list.iter().map(policy).collect::<Vec<_>>().into(),
            _ => value.clone(),
        })
    };
    renamed(behavior, &DIRECTIONS, |_, value| if value.is_null() { Value::Null } else { rules(value) })
}

fn renamed(
    from: &Value,
    names: &[(&'static str, &'static str)],
    value: impl Fn(&str, &Value) -> Value,
) -> Value {
    names.iter().map(|(name, shown)| (*shown, value(name, from.at(&[name])))).collect::<Map>().into()
}

fn behavior_from_annotation(value: &Value) -> Option<Value> {
    let mut behavior = Map::new();
    for (direction, shown) in DIRECTIONS {
        let Some(rules) = folded(value, shown).filter(|rules| !rules.is_null()) else { continue };
        let mut found = restored(rules.as_object()?, &RULES);
        if let Some(policies) = found.get_mut("policies") {
            let list = policies.as_array()?.iter().map(|p| Some(restored(p.as_object()?, &POLICY).into()));
            *policies = list.collect::<Option<Vec<Value>>>()?.into();
        }
        behavior.insert(direction, found.into());
    }
    (!behavior.is_empty()).then(|| behavior.into())
}

fn restored(map: &Map, names: &[(&'static str, &'static str)]) -> Map {
    let outer = Value::Object(map.clone());
    let member = |(name, shown): &(&'static str, &'static str)| {
        Some((*name, folded(&outer, shown).filter(|value| !value.is_null())?.clone()))
    };
    names.iter().filter_map(member).collect()
}

/// A member under its name in any case, as Go's decoder finds it.
fn folded<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let map = value.as_object()?;
    map.get(name)
        .or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}
