//! What pods are made to be before they are checked: status, quality of service, generation, and what each
//! subresource may change.
//!
//! Entry points: [`create`] and [`update`].

use api::time::Timestamp;
use api::{Map, Value, object};

use super::super::pod_spec::{prepare::drop_disabled, resources};
use super::app_armor;
use crate::edit::{carry_over, objects_mut, set_generation};
use crate::equal;

/// A new pod: pending, with its quality of service, at generation 1.
pub(super) fn create(pod: &mut Value, now: i64) {
    let qos = match pod.str_at(&["status", "qosClass"]) {
        "" => resources::qos_class(pod.at(&["spec"])).into(),
        given => api::Str::from(given),
    };
    set_generation(pod, 1);
    pod.set_at(&["status"], object! { "phase" => "Pending", "qosClass" => qos });
    drop_disabled(pod, None, &["spec"]);
    gate_condition(pod, now);
    merge_label_keys(pod);
    app_armor::fields_from_annotations(pod);
}

/// A changed pod, through one of its subresources or directly.
pub(super) fn update(new: &mut Value, old: &Value, subresource: &str) {
    match subresource {
        "status" => return update_status(new, old),
        "ephemeralcontainers" => only_ephemeral_containers(new, old),
        "resize" => only_resources(new, old),
        _ => carry_over(new, old, &["status"]),
    }
    drop_disabled(new, Some(old), &["spec"]);
    let changed = !equal::semantic(new.at(&["spec"]), old.at(&["spec"]));
    let generation = old.at(&["metadata", "generation"]).as_i64().unwrap_or(0);
    set_generation(new, generation.saturating_add(i64::from(changed)));
}

fn update_status(new: &mut Value, old: &Value) {
    carry_over(new, old, &["spec"]);
    // Old kubelets sent owner references back without some of their members.
    carry_over(new, old, &["metadata", "ownerReferences"]);
    new.remove_at(&["metadata", "deletionTimestamp"]);
    if new.str_at(&["status", "qosClass"]).is_empty() {
        carry_over(new, old, &["status", "qosClass"]);
    }
    keep_observed_generations(new, old);
}

/// An observed generation is never cleared, neither that of the pod nor of a condition.
fn keep_observed_generations(new: &mut Value, old: &Value) {
    let generation = |value: &Value| value.at(&["observedGeneration"]).as_i64().unwrap_or(0);
    if generation(new.at(&["status"])) == 0 {
        carry_over(new, old, &["status", "observedGeneration"]);
    }
    // Conditions of one type may repeat; they are matched in order.
    let mut before: Vec<&Value> = old.array_at(&["status", "conditions"]).iter().collect();
    for condition in objects_mut(new, &["status", "conditions"]) {
        let same_type = |c: &&Value| c.str_at(&["type"]) == condition.str_at(&["type"]);
        let Some(at) = before.iter().position(same_type) else { continue };
        let kept = before.remove(at);
        if generation(condition) == 0 {
            carry_over(condition, kept, &["observedGeneration"]);
        }
    }
}

fn only_ephemeral_containers(new: &mut Value, old: &Value) {
    let containers = new.remove_at(&["spec", "ephemeralContainers"]);
    keep_all(new, old);
    match containers {
        Some(containers) => new.set_at(&["spec", "ephemeralContainers"], containers),
        None => drop(new.remove_at(&["spec", "ephemeralContainers"])),
    }
}

/// Keeps all but resources and resize policies.  Lists of containers that do not match stay as they came, for
/// validation to refuse.
fn only_resources(new: &mut Value, old: &Value) {
    let lists = ["containers", "initContainers"];
    if lists.iter().any(|list| new.array_at(&["spec", list]).len() != old.array_at(&["spec", list]).len()) {
        return;
    }
    let asked = new.at(&["spec"]).clone();
    keep_all(new, old);
    carry_over(new, &object! { "spec" => asked.clone() }, &["spec", "resources"]);
    for list in lists {
        let wanted = asked.array_at(&[list]);
        if wanted.is_empty() {
            continue;
        }
        let merged = with_resources_of(wanted, old.array_at(&["spec", list]));
        new.set_at(&["spec", list], merged);
    }
}

fn with_resources_of(wanted: &[Value], old: &[Value]) -> Vec<Value> {
    let name = |c: &Value| api::Str::from(c.str_at(&["name"]));
    if wanted.iter().zip(old).any(|(new, old)| name(new) != name(old)) {
        return wanted.to_vec();
    }
    let mut merged = old.to_vec();
    for (container, wanted) in merged.iter_mut().zip(wanted) {
        carry_over(container, wanted, &["resources"]);
        carry_over(container, wanted, &["resizePolicy"]);
    }
    merged
}

/// Takes spec, status and most of the metadata from the old pod.
fn keep_all(new: &mut Value, old: &Value) {
    carry_over(new, old, &["spec"]);
    carry_over(new, old, &["status"]);
    for name in [
        "deletionTimestamp",
        "generation",
        "selfLink",
        "labels",
        "annotations",
        "finalizers",
        "ownerReferences",
    ] {
        carry_over(new, old, &["metadata", name]);
    }
}

/// A pod with scheduling gates says that it waits for them.
fn gate_condition(pod: &mut Value, now: i64) {
    if pod.array_at(&["spec", "schedulingGates"]).is_empty() {
        return;
    }
    let condition = object! {
        "type" => "PodScheduled", "status" => "False", "lastProbeTime" => Value::Null,
        "lastTransitionTime" => Timestamp::new(now, 0).text(), "reason" => "SchedulingGated",
        "message" => "Scheduling is blocked due to non-empty scheduling gates",
    };
    pod.set_at(&["status", "conditions"], vec![condition]);
}

/// Turns `matchLabelKeys` and `mismatchLabelKeys` into expressions of the selectors beside them (KEP-3243, KEP-3633).
fn merge_label_keys(pod: &mut Value) {
    let labels = pod.at(&["metadata", "labels"]).clone();
    let Some(spec) = pod.get_mut("spec") else { return };
    for kind in ["podAffinity", "podAntiAffinity"] {
        for term in objects_mut(spec, &["affinity", kind, "preferredDuringSchedulingIgnoredDuringExecution"])
        {
            if let Some(term) = term.get_mut("podAffinityTerm") {
                merge_into_term(term, &labels);
            }
        }
        for term in objects_mut(spec, &["affinity", kind, "requiredDuringSchedulingIgnoredDuringExecution"]) {
            merge_into_term(term, &labels);
        }
    }
    for constraint in objects_mut(spec, &["topologySpreadConstraints"]) {
        merge_keys(constraint, "matchLabelKeys", "In", &labels);
    }
}

fn merge_into_term(term: &mut Value, labels: &Value) {
    merge_keys(term, "matchLabelKeys", "In", labels);
    merge_keys(term, "mismatchLabelKeys", "NotIn", labels);
}

fn merge_keys(holder: &mut Value, keys: &str, operator: &str, labels: &Value) {
    let found: Vec<Value> = holder
        .array_at(&[keys])
        .iter()
        .filter_map(|key| Some((key.as_str()?, labels.get(key.as_str()?)?.clone())))
        .map(|(key, value)| object! { "key" => key, "operator" => operator, "values" => vec![value] })
        .collect();
    if found.is_empty() {
        return;
    }
    if let Some(selector) = holder.get_mut("labelSelector").and_then(Value::as_object_mut) {
        push_all(selector, "matchExpressions", found);
    }
}

fn push_all(map: &mut Map, name: &str, items: Vec<Value>) {
    match map.get_mut(name).and_then(Value::as_array_mut) {
        Some(list) => list.extend(items),
        None => drop(map.insert(name, items.into())),
    }
}

/// `podIP` is the first of `podIPs`; where they differ `podIP` is right, as old kubelets know it alone.
pub(super) fn same_pod_ip(pod: &mut Value) {
    let Some(status) = pod.get_mut("status").and_then(Value::as_object_mut) else { return };
    let one = status.get("podIP").and_then(Value::as_str).unwrap_or("").to_owned();
    let first = status.get("podIPs").and_then(Value::as_array).and_then(<[Value]>::first);
    let first = first.map(|ip| ip.str_at(&["ip"]).to_owned());
    match first {
        Some(first) if one.is_empty() => drop(status.insert("podIP", first.into())),
        Some(first) if first == one => {}
        _ if one.is_empty() => {}
        _ => drop(status.insert("podIPs", vec![object! { "ip" => one }].into())),
    }
}
