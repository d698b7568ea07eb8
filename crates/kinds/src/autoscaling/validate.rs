//! What is wrong with a HorizontalPodAutoscaler, in its newer form.

use api::{GroupVersion, Value, field};

use crate::{Context, Cursor, amounts, names};

const MAX_PERIOD: i64 = 1800;
const MAX_WINDOW: i64 = 3600;
const POLICY_TYPES: [&str; 2] = ["Percent", "Pods"];
const SELECT_POLICIES: [&str; 3] = ["Disabled", "Max", "Min"];

/// Types of metrics in the order of their names, and the members that hold them.
const METRIC_TYPES: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];
/// Members of a metric in the order upstream looks at them, their types and checks.
const SOURCES: [(&str, &str, Check); 5] = [
    ("object", "Object", object_source),
    ("external", "External", external_source),
    ("pods", "Pods", pods_source),
    ("resource", "Resource", resource_source),
    ("containerResource", "ContainerResource", container_source),
];

type Check = fn(&Cursor, Lax, &mut field::Errors);

/// What is let through because it was there before.
#[derive(Clone, Copy, Default)]
struct Lax {
    /// No replicas at all.
    zero: bool,
    /// Any `apiVersion` of the target.
    target_version: bool,
    /// Any `apiVersion` of an object with a metric.
    object_version: bool,
}

pub(super) fn create(autoscaler: &Value, _cx: &Context, errors: &mut field::Errors) {
    spec(autoscaler, Lax::default(), errors);
}

pub(super) fn update(new: &Value, old: &Value, cx: &Context, errors: &mut field::Errors) {
    if cx.subresource == "status" {
        let status = Cursor::at("status", new.at(&["status"]));
        status.child("currentReplicas").not_negative(errors);
        return status.child("desiredReplicas").not_negative(errors);
    }
    let target = |autoscaler: &Value| {
        ["apiVersion", "kind"].map(|key| autoscaler.str_at(&["spec", "scaleTargetRef", key]).to_owned())
    };
    let bad_object = |metric: &Value| {
        let version = metric.str_at(&["object", "describedObject", "apiVersion"]);
        metric.str_at(&["type"]) == "Object" && GroupVersion::parse(version).is_none()
    };
    let lax = Lax {
        zero: old.at(&["spec", "minReplicas"]).as_i64() == Some(0),
        target_version: target(new) == target(old),
        object_version: old.array_at(&["spec", "metrics"]).iter().any(bad_object),
    };
    spec(new, lax, errors);
}

fn spec(autoscaler: &Value, lax: Lax, errors: &mut field::Errors) {
    let spec = Cursor::at("spec", autoscaler.at(&["spec"]));
    let (min, max) = (spec.child("minReplicas"), spec.child("maxReplicas"));
    let least = if lax.zero { 0 } else { 1 };
    if min.is_set() && min.int() < least {
        min.invalid(errors, &format!("must be greater than or equal to {least}"));
    }
    match max.int() {
        0 => max.required(errors, "must be set and greater than 0"),
        n if n < 0 => max.invalid(errors, "must be greater than or equal to 1"),
        _ => {}
    }
    if min.is_set() && max.int() < min.int() {
        max.bad(errors, max.int(), "must be greater than or equal to `minReplicas`");
    }
    let target = spec.child("scaleTargetRef");
    reference(&target, errors);
    if !lax.target_version {
        target_version(&target, errors);
    }
    let metrics = spec.child("metrics");
    for metric in metrics.items() {
        check_metric(&metric, lax, errors);
    }
    let of_others = |metric: &Cursor| matches!(metric.text("type"), "Object" | "External");
    if min.is_set() && min.int() == 0 && !metrics.items().any(|metric| of_others(&metric)) {
        let why = "must specify at least one Object or External metric to support scaling to zero replicas";
        metrics.forbidden(errors, why);
    }
    let behavior = spec.child("behavior");
    for direction in ["scaleUp", "scaleDown"] {
        rules(&behavior.child(direction), errors);
    }
}

/// A target other than a ReplicationController names its group.
fn target_version(target: &Cursor, errors: &mut field::Errors) {
    let version = target.child("apiVersion");
    match GroupVersion::parse(version.str()) {
        None => bad_version(&version, errors),
        Some(parsed) if parsed.group.is_empty() && target.text("kind") != "ReplicationController" => {
            version.bad(errors, version.str(), "apiVersion must specify API group");
        }
        Some(_) => {}
    }
}

fn bad_version(version: &Cursor, errors: &mut field::Errors) {
    let why = format!("unexpected GroupVersion string: {}", version.str());
    version.bad(errors, version.str(), &why);
}

fn reference(reference: &Cursor, errors: &mut field::Errors) {
    segment(&reference.child("kind"), "", errors);
    segment(&reference.child("name"), "", errors);
}

fn segment(text: &Cursor, why: &str, errors: &mut field::Errors) {
    if text.str().is_empty() {
        text.required(errors, why);
    } else {
        text.faults(errors, &names::path_segment(text.str(), false));
    }
}

fn check_metric(metric: &Cursor, lax: Lax, errors: &mut field::Errors) {
    let kind = metric.child("type");
    if kind.str().is_empty() {
        kind.required(errors, "must specify a metric source type");
    }
    kind.one_of(errors, &METRIC_TYPES);
    let present = || SOURCES.iter().filter(|(member, ..)| metric.has(member));
    if let Some((member, _, check)) = present().next() {
        check(&metric.child(member), lax, errors);
    }
    match SOURCES.iter().find(|(_, name, _)| *name == kind.str()) {
        Some((member, ..)) if !metric.has(member) => {
            metric.child(member).required(errors, "must populate information for the given metric source");
        }
        Some(_) => {}
        None => kind.not_supported(errors, &METRIC_TYPES),
    }
    if present().count() != 1 {
        for (member, ..) in present().filter(|(_, name, _)| *name != kind.str()) {
            metric.child(member).forbidden(errors, "must populate the given metric source only");
        }
    }
}

fn object_source(source: &Cursor, lax: Lax, errors: &mut field::Errors) {
    let object = source.child("describedObject");
    reference(&object, errors);
    let version = object.child("apiVersion");
    if !lax.object_version && GroupVersion::parse(version.str()).is_none() {
        bad_version(&version, errors);
    }
    if metric_and_target(source, errors) == (false, false) {
        let why = "must set either a target value or averageValue";
        source.child("target").child("averageValue").required(errors, why);
    }
}

fn external_source(source: &Cursor, _lax: Lax, errors: &mut field::Errors) {
    let target = source.child("target");
    match metric_and_target(source, errors) {
        (false, false) => {
            let why = "must set either a target value for metric or a per-pod target";
            target.child("averageValue").required(errors, why);
        }
        (true, true) => {
            let why = "may not set both a target value for metric and a per-pod target";
            target.child("value").forbidden(errors, why);
        }
        _ => {}
    }
}

fn pods_source(source: &Cursor, _lax: Lax, errors: &mut field::Errors) {
    let (_, average) = metric_and_target(source, errors);
    if !average {
        let why = "must specify a positive target averageValue";
        source.child("target").child("averageValue").required(errors, why);
    }
}

fn resource_source(source: &Cursor, _lax: Lax, errors: &mut field::Errors) {
    let name = source.child("name");
    if name.str().is_empty() {
        name.required(errors, "must specify a resource name");
    }
    resource_target(source, errors);
}

fn container_source(source: &Cursor, _lax: Lax, errors: &mut field::Errors) {
    let (name, container) = (source.child("name"), source.child("container"));
    if name.str().is_empty() {
        name.required(errors, "must specify a resource name");
    } else {
        amounts::container_name(&name, name.str(), errors);
    }
    if container.str().is_empty() {
        container.required(errors, "must specify a container");
    } else {
        container.faults(errors, &names::dns1123_label(container.str()));
    }
    resource_target(source, errors);
}

/// Checks the metric's name and its target; answers whether a value and an average value are given.
fn metric_and_target(source: &Cursor, errors: &mut field::Errors) -> (bool, bool) {
    segment(&source.child("metric").child("name"), "must specify a metric name", errors);
    let target = source.child("target");
    check_target(&target, errors);
    (target.has("value"), target.has("averageValue"))
}

fn resource_target(source: &Cursor, errors: &mut field::Errors) {
    let target = source.child("target");
    check_target(&target, errors);
    match (target.has("averageUtilization"), target.has("averageValue")) {
        (false, false) => {
            let why = "must set either a target raw value or a target utilization";
            target.child("averageUtilization").required(errors, why);
        }
        (true, true) => {
            let why = "may not set both a target raw value and a target utilization";
            target.child("averageValue").forbidden(errors, why);
        }
        _ => {}
    }
}

fn check_target(target: &Cursor, errors: &mut field::Errors) {
    let kind = target.child("type");
    if kind.str().is_empty() {
        kind.required(errors, "must specify a metric target type");
    }
    if !matches!(kind.str(), "Utilization" | "Value" | "AverageValue") {
        kind.bad(errors, kind.str(), "must be either Utilization, Value, or AverageValue");
    }
    for member in ["value", "averageValue"].iter().filter(|member| target.has(member)) {
        let at = target.child(member);
        let amount = amounts::quantity(&at);
        if amount.sign() <= 0 {
            at.bad(errors, amounts::shown(&amount), "must be positive");
        }
    }
    let utilization = target.child("averageUtilization");
    if utilization.is_set() && utilization.int() < 1 {
        utilization.invalid(errors, "must be greater than 0");
    }
}

fn rules(rules: &Cursor, errors: &mut field::Errors) {
    if !rules.is_set() {
        return;
    }
    let (window, select) = (rules.child("stabilizationWindowSeconds"), rules.child("selectPolicy"));
    if window.int() < 0 {
        window.invalid(errors, "must be greater than or equal to zero");
    }
    if window.int() > MAX_WINDOW {
        window.invalid(errors, &format!("must be less than or equal to {MAX_WINDOW}"));
    }
    if select.is_set() {
        select.one_of(errors, &SELECT_POLICIES);
    }
    let policies = rules.child("policies");
    if policies.is_empty() {
        policies.required(errors, "must specify at least one Policy");
    }
    for policy in policies.items() {
        policy.child("type").one_of(errors, &POLICY_TYPES);
        for member in ["value", "periodSeconds"] {
            let number = policy.child(member);
            if number.int() <= 0 {
                number.bad(errors, number.int(), "must be greater than zero");
            }
        }
        let period = policy.child("periodSeconds");
        if period.int() > MAX_PERIOD {
            period.invalid(errors, &format!("must be less than or equal to {MAX_PERIOD}"));
        }
    }
    let tolerance = rules.child("tolerance");
    if tolerance.is_set() {
        amounts::not_negative(&tolerance, &amounts::quantity(&tolerance), errors);
    }
}
