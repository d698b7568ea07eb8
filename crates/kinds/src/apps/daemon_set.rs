//! Daemon sets.

use api::Value;
use api::field::Errors;

use crate::core::pod_spec::prepare::drop_disabled;
use crate::kind::{Kind, default_member, default_text};
use crate::workload::{self, Counters, SPEC, WORKLOAD};
use crate::{Context, Cursor, equal, int_or_percent, selectors, shown};

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
    validate: |object, cx, errors| validate(object, None, cx, errors),
    validate_update: |new, old, cx, errors| match cx.subresource {
        "status" => COUNTERS.check(new, old, errors),
        _ => validate(new, Some(old), cx, errors),
    },
    warnings: |object, old, cx| {
        let same = |old: &Value| template_generation(object) == template_generation(old);
        match old {
            Some(old) if cx.subresource == "status" || same(old) => Vec::new(),
            _ => workload::template_warnings(object, None, cx),
        }
    },
    ..WORKLOAD
};

const COUNTERS: Counters = Counters {
    all: &[
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
        "observedGeneration",
        "updatedNumberScheduled",
        "numberAvailable",
        "numberUnavailable",
        "collisionCount",
    ],
    of_replicas: &[],
    ready: "",
};

/// Annotation that counts the changes of the template; a field once, and still one to upstream.
pub(crate) const GENERATION_KEY: &str = "deprecated.daemonset.template.generation";
const TEMPLATE_GENERATION: [&str; 3] = ["metadata", "annotations", GENERATION_KEY];

fn default(object: &mut Value, _version: &str) {
    workload::fill(object);
    // Upstream's field has a value at any time, so whoever creates a daemon set owns it.
    let given = template_generation(object);
    set_template_generation(object, given);
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

fn validate(object: &Value, old: Option<&Value>, cx: &Context, errors: &mut Errors) {
    let mut options = workload::options_of(old, cx);
    let root = Cursor::root(object);
    let spec = root.child("spec");
    let (selector, template) = (spec.child("selector"), spec.child("template"));
    if let Some(old) = old {
        let before = old.at(&["spec", "selector"]);
        options.lax_affinity_values |= selectors::has_bad_value(before);
        workload::immutable(&selector, before, errors);
    }
    selectors::label_selector(&selector, options.lax_affinity_values, errors);
    workload::labels_match(selector.value(), &template, errors);
    if selector.is_set() && workload::is_empty(selector.value()) {
        let why = "empty selector is invalid for daemonset";
        selector.bad(errors, selectors::shown(selector.value()), why);
    }
    workload::template(&template, &options, errors);
    workload::lasting(&template, "DaemonSet", errors);
    spec.child("minReadySeconds").not_negative(errors);
    strategy(&spec.child("updateStrategy"), errors);
    spec.child("revisionHistoryLimit").not_negative(errors);
}

fn strategy(strategy: &Cursor, errors: &mut Errors) {
    let rolling = strategy.child("rollingUpdate");
    match strategy.text("type") {
        "OnDelete" => {}
        "RollingUpdate" if rolling.is_set() => rolling_update(&rolling, errors),
        "RollingUpdate" => rolling.required(errors, ""),
        _ => {
            let shown = shown::of_type(strategy.value(), "DaemonSetUpdateStrategy");
            errors.not_supported(&strategy.path(), &shown, &["RollingUpdate", "OnDelete"]);
        }
    }
}

/// Either pods go before others come, or the other way round.
fn rolling_update(rolling: &Cursor, errors: &mut Errors) {
    let (unavailable, surge) = (rolling.child("maxUnavailable"), rolling.child("maxSurge"));
    for check in [int_or_percent::not_negative, int_or_percent::at_most_all] {
        check(&unavailable, errors);
        check(&surge, errors);
    }
    match (int_or_percent::amount(unavailable.value()), int_or_percent::amount(surge.value())) {
        (0, 0) => unavailable.required(errors, "cannot be 0 when maxSurge is 0"),
        (0, _) | (_, 0) => {}
        _ => surge.invalid(errors, "may not be set when maxUnavailable is non-zero"),
    }
}
