//! Node: a machine that runs pods.

use std::collections::HashSet;

use api::{Str, Value, field, json, object};

use crate::kind::{Generation, Kind, Status, carry_over};
use crate::{Context, Cursor, MetaCheck, amounts, names, net};

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const POD_CIDR_FIXED: &str = "node updates may not change podCIDR except from \"\" to valid";
const PROVIDER_FIXED: &str = "node updates may not change providerID except from \"\" to valid";

pub(crate) static NODE: Kind = Kind {
    generation: Generation::Ignored,
    // A node registers itself together with its status.
    status: Status::Free,
    update_checks: &[MetaCheck::New, MetaCheck::Change],
    default: |node, _| {
        default_allocatable(node);
        complete_pod_cidrs(node);
        amounts::round_lists(node, &[&["status", "capacity"], &["status", "allocatable"]]);
    },
    prepare_create: |node, _| {
        node.remove_at(&["spec", "configSource"]);
        node.remove_at(&["status", "config"]);
    },
    prepare_update,
    validate: |node, _, errors| whole(node, errors),
    validate_update: |new: &Value, old: &Value, cx: &Context, errors: &mut field::Errors| {
        if cx.subresource.is_empty() {
            whole(new, errors);
        }
        change(new, old, errors);
    },
    warnings: |node, _, cx| if cx.subresource.is_empty() { warnings(node) } else { Vec::new() },
    fields: selectable,
    ..Kind::PLAIN
};

fn default_allocatable(node: &mut Value) {
    let capacity = node.at(&["status", "capacity"]).clone();
    if !capacity.is_null() && node.at(&["status", "allocatable"]).is_null() {
        node.set_at(&["status", "allocatable"], capacity);
    }
}

/// `podCIDR` is the first of `podCIDRs` and wins where a client says otherwise.
fn complete_pod_cidrs(node: &mut Value) {
    let spec = node.at(&["spec"]);
    let first = spec.array_at(&["podCIDRs"]).first().cloned();
    match spec.str_at(&["podCIDR"]) {
        "" => {
            if let Some(first) = first {
                node.set_at(&["spec", "podCIDR"], first);
            }
        }
        single if first.as_ref().and_then(Value::as_str) != Some(single) => {
            let list = vec![single.to_owned()];
            node.set_at(&["spec", "podCIDRs"], list);
        }
        _ => {}
    }
}

/// The dynamic kubelet configuration is gone: it may stay where it is, not come new.
fn prepare_update(new: &mut Value, old: &Value, cx: &Context) {
    let drop_new = |new: &mut Value, path: &[&str]| {
        if old.at(path).is_null() {
            new.remove_at(path);
        }
    };
    if cx.subresource == "status" {
        carry_over(new, old, "spec");
        drop_new(new, &["status", "config"]);
    } else {
        carry_over(new, old, "status");
        drop_new(new, &["spec", "configSource"]);
    }
}

fn whole(node: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(node);
    let (spec, status) = (root.child("spec"), root.child("status"));
    taints(&spec.child("taints"), errors);
    resources(&status, errors);
    swap(&status, errors);
    declared_features(&status.child("declaredFeatures"), errors);
    let ranges = spec.child("podCIDRs");
    for range in ranges.items() {
        net::check_legacy_cidr(errors, &range.path(), range.str(), []);
    }
    let is_v6 = |range: &Cursor| net::Range::parse(range.str()).is_some_and(|range| range.first.is_ipv6());
    let v6 = ranges.items().filter(is_v6).count();
    if ranges.len() > 2 || (ranges.len() == 2 && v6 != 1) {
        ranges.invalid(errors, "may specify no more than one CIDR for each IP family");
    }
}

/// Upstream reports taints under `metadata`.
fn taints(taints: &Cursor, errors: &mut field::Errors) {
    let at = Cursor::at("metadata.taints", taints.value());
    let mut seen = HashSet::new();
    for taint in at.items() {
        let (key, value, effect) = (taint.child("key"), taint.child("value"), taint.child("effect"));
        key.faults(errors, &names::qualified_name(key.str()));
        let faults = names::label_value(value.str());
        if !faults.is_empty() {
            value.bad(errors, value.str(), &faults.join(";"));
        }
        if effect.str().is_empty() {
            effect.required(errors, "");
        } else {
            effect.one_of(errors, &EFFECTS);
        }
        if !seen.insert((taint.text("effect"), taint.text("key"))) {
            let shown = object! {
                "Key" => key.str(), "Value" => value.str(), "Effect" => effect.str(),
                "TimeAdded" => taint.child("timeAdded").value().clone(),
            };
            let shown = json::to_string(&shown);
            let body = format!("Duplicate value: {shown}: taints must be unique by key and effect pair");
            errors.0.push(field::Error { kind: field::ErrorType::Duplicate, field: taint.path(), body });
        }
    }
}

fn resources(status: &Cursor, errors: &mut field::Errors) {
    for member in ["capacity", "allocatable"] {
        let list = status.child(member);
        for key in list.map().into_iter().flat_map(api::Map::keys) {
            amounts::value(&list.child(key), key, errors);
        }
    }
}

fn swap(status: &Cursor, errors: &mut field::Errors) {
    let capacity = status.value().at(&["nodeInfo", "swap", "capacity"]);
    if capacity.as_i64().is_some_and(|bytes| bytes <= 0) {
        let path = field::Path::new("metadata.nodeSwapStatus.capacity");
        errors.invalid(&path, capacity, "must be greater than zero");
    }
}

/// Sorted names such as `MyFeature` or `MyFeature/mySubFeature`.
fn declared_features(features: &Cursor, errors: &mut field::Errors) {
    let mut last: Option<Cursor> = None;
    for feature in features.items() {
        if let Some(last) = last {
            match last.str().cmp(feature.str()) {
                std::cmp::Ordering::Equal => feature.duplicate(errors),
                std::cmp::Ordering::Greater => feature.invalid(errors, "list must be sorted alphabetically"),
                std::cmp::Ordering::Less => {}
            }
        }
        if let Some(why) = feature_fault(feature.str()) {
            feature.bad(errors, feature.str(), &why);
        }
        last = Some(feature);
    }
}

fn feature_fault(name: &str) -> Option<String> {
    let shown = field::go_quote(name);
    if name.len() > names::SUBDOMAIN_MAX {
        let max = names::SUBDOMAIN_MAX;
        return Some(format!("invalid feature name {shown}: must be no more than {max} characters"));
    }
    let word = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let sound = name.starts_with(|c: char| c.is_ascii_uppercase()) && name.split('/').all(word);
    (!sound).then(|| {
        format!(
            "invalid feature name {shown}: must start with an UpperCamelCase segment, with subsequent segments \
             separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters \
             and slashes"
        )
    })
}

fn change(new: &Value, old: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(new);
    let (spec, status) = (root.child("spec"), root.child("status"));
    resources(&status, errors);
    declared_features(&status.child("declaredFeatures"), errors);
    let addresses = status.child("addresses");
    for (i, address) in addresses.items().enumerate() {
        if addresses.list().iter().take(i).any(|other| other == address.value()) {
            let shown = object! { "Type" => address.text("type"), "Address" => address.text("address") };
            errors.duplicate(&address.path(), &shown);
        }
    }
    let (was, is) = (old.array_at(&["spec", "podCIDRs"]), spec.child("podCIDRs"));
    let changes =
        if was.len() == is.len() { was.iter().zip(is.list()).filter(|(a, b)| a != b).count() } else { 1 };
    for _ in 0..if was.is_empty() { 0 } else { changes } {
        is.forbidden(errors, POD_CIDR_FIXED);
    }
    let (was, is) = (old.str_at(&["spec", "providerID"]), spec.child("providerID"));
    if !was.is_empty() && was != is.str() {
        is.forbidden(errors, PROVIDER_FIXED);
    }
    taints(&spec.child("taints"), errors);
    if spec.text("externalID") != old.str_at(&["spec", "externalID"]) {
        spec.child("externalID").forbidden(errors, "may not be updated");
    }
}

fn warnings(node: &Value) -> Vec<String> {
    let spec = Cursor::at("spec", node.at(&["spec"]));
    let mut texts = Vec::new();
    if spec.has("configSource") {
        texts.push("spec.configSource: the feature is removed".to_owned());
    }
    if !spec.text("externalID").is_empty() {
        texts.push("spec.externalID: this field is deprecated, and is unused by Kubernetes".to_owned());
    }
    let ranges = spec.child("podCIDRs");
    texts.extend(ranges.items().flat_map(|range| net::cidr_warnings(&range.path(), range.str())));
    texts
}

fn selectable(node: &Value) -> Vec<(&'static str, Str)> {
    let unschedulable = node.at(&["spec", "unschedulable"]).as_bool().unwrap_or(false);
    vec![("spec.unschedulable", if unschedulable { "true" } else { "false" }.into())]
}
