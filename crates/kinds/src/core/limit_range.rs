//! LimitRange: bounds and defaults for what objects of a namespace may ask for.

use std::collections::BTreeSet;

use api::quantity::{Format, Quantity};
use api::{Map, Value, field};

use crate::core::pod_spec::defaults::round;
use crate::kind::{Kind, each};
use crate::{Cursor, MetaCheck, amounts, names};

/// Amounts above this many whole units are not compared in thousandths.
const MAX_IN_MILLI: i64 = i64::MAX / 1000;

pub(crate) static LIMIT_RANGE: Kind = Kind {
    create_on_update: true,
    update_checks: &[MetaCheck::New],
    default: |range, _| each(range, &["spec", "limits"], default_limits),
    prepare_create: |range, _| name(range),
    validate: |range, _, errors| validate(range, errors),
    validate_update: |range, _, _, errors| validate(range, errors),
    ..Kind::PLAIN
};

/// For containers the default limit follows `max`, the default request follows the default limit, then `min`.
fn default_limits(limit: &mut Map) {
    if limit.get("type").and_then(Value::as_str) == Some("Container") {
        fill(limit, "max", "default");
        fill(limit, "default", "defaultRequest");
        fill(limit, "min", "defaultRequest");
    }
    for member in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
        round(limit.get_mut(member));
    }
}

/// A nameless one is named after its uid.
fn name(range: &mut Value) {
    let uid = range.at(&["metadata", "uid"]).clone();
    if range.str_at(&["metadata", "name"]).is_empty() && !uid.is_null() {
        range.set_at(&["metadata", "name"], uid);
    }
}

fn fill(limit: &mut Map, from: &str, to: &str) {
    let Some(source) = limit.get(from).and_then(Value::as_object).cloned() else { return };
    let target = limit.entry(to).make_object();
    for (key, value) in source {
        if !target.contains_key(&key) {
            target.insert(key, value);
        }
    }
}

fn validate(range: &Value, errors: &mut field::Errors) {
    let limits = Cursor::at("spec.limits", range.at(&["spec", "limits"]));
    let mut seen = BTreeSet::new();
    for limit in limits.items() {
        let kind = limit.child("type");
        type_name(&kind, errors);
        if !seen.insert(limit.text("type")) {
            kind.duplicate(errors);
        }
        one(&limit, errors);
    }
}

fn type_name(kind: &Cursor, errors: &mut field::Errors) {
    let faults = names::qualified_name(kind.str());
    if !faults.is_empty() {
        kind.faults(errors, &faults);
    } else if !kind.str().contains('/')
        && !matches!(kind.str(), "Pod" | "Container" | "PersistentVolumeClaim")
    {
        kind.invalid(errors, "must be a standard limit type or fully qualified");
    }
}

fn one(limit: &Cursor, errors: &mut field::Errors) {
    let kind = limit.text("type");
    let pod = kind == "Pod";
    let mut keys = BTreeSet::new();
    for member in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
        let list = limit.child(member);
        if pod && matches!(member, "default" | "defaultRequest") {
            if !list.is_empty() {
                list.forbidden(errors, "may not be specified when `type` is 'Pod'");
            }
            continue;
        }
        if member == "maxLimitRequestRatio"
            && kind == "PersistentVolumeClaim"
            && !["min", "max"].iter().any(|bound| limit.child(bound).has("storage"))
        {
            let why = "either minimum or maximum storage value is required, but neither was provided";
            limit.child("limits").required(errors, why);
        }
        for (key, entry) in list.entries() {
            if matches!(kind, "Pod" | "Container") {
                amounts::container_name(&entry, key, errors);
            } else {
                amounts::name(&entry, key, errors);
            }
            keys.insert(key.to_owned());
        }
    }
    for key in keys {
        Bounds::of(limit, &key, pod).check(errors);
    }
}

/// The amounts that a limit names for one resource.
struct Bounds<'a> {
    limit: &'a Cursor<'a, 'a>,
    key: &'a str,
    min: Option<Quantity>,
    max: Option<Quantity>,
    default: Option<Quantity>,
    request: Option<Quantity>,
    ratio: Option<Quantity>,
}

impl<'a> Bounds<'a> {
    fn of(limit: &'a Cursor<'a, 'a>, key: &'a str, pod: bool) -> Self {
        let read = |member: &str| {
            let list = limit.child(member);
            list.has(key).then(|| amounts::quantity(&list.key(key)))
        };
        let defaults = |member: &str| if pod { None } else { read(member) };
        Self {
            limit,
            key,
            min: read("min"),
            max: read("max"),
            default: defaults("default"),
            request: defaults("defaultRequest"),
            ratio: read("maxLimitRequestRatio"),
        }
    }

    fn report(&self, member: &str, shown: &Quantity, why: &str, errors: &mut field::Errors) {
        self.limit.child(member).key(self.key).bad(errors, amounts::shown(shown), why);
    }

    fn check(&self, errors: &mut field::Errors) {
        let Self { min, max, default, request, .. } = self;
        // Smaller and greater amount with their names, where it is reported and which of the two is shown.
        let order = [
            ((min, "min"), (max, "max"), "min", false),
            ((min, "min"), (request, "default request"), "defaultRequest", true),
            ((request, "default request"), (max, "max"), "defaultRequest", false),
            ((request, "default request"), (default, "default limit"), "defaultRequest", false),
            ((min, "min"), (default, "default"), "default", false),
            ((default, "default"), (max, "max"), "default", true),
        ];
        for ((small, small_name), (great, great_name), member, show_great) in order {
            if let (Some(small), Some(great)) = (small, great)
                && small > great
            {
                let why = format!(
                    "{small_name} value {} is greater than {great_name} value {}",
                    small.canonical(),
                    great.canonical()
                );
                self.report(member, if show_great { great } else { small }, &why, errors);
            }
        }
        self.check_ratio(errors);
        if let (Some(default), Some(request)) = (default, request)
            && !amounts::allows_overcommit(self.key)
            && default != request
        {
            let (default, shown) = (default.canonical(), request.canonical());
            let why =
                format!("default value {default} must equal to defaultRequest value {shown} in {}", self.key);
            self.report("defaultRequest", request, &why, errors);
        }
    }

    fn check_ratio(&self, errors: &mut field::Errors) {
        let Some(ratio) = &self.ratio else { return };
        let shown = ratio.canonical();
        if *ratio < Quantity::new(1, Format::DecimalSi) {
            self.report("maxLimitRequestRatio", ratio, &format!("ratio {shown} is less than 1"), errors);
        }
        let (Some(min), Some(max)) = (&self.min, &self.max) else { return };
        let exact = [ratio, min, max].iter().all(|amount| amount.value() < MAX_IN_MILLI);
        let value = |amount: &Quantity| if exact { amount.milli_value() } else { amount.value() } as f64;
        let most = value(max) / value(min);
        let ratio_value = if exact { value(ratio) / 1000.0 } else { value(ratio) };
        if ratio_value > most {
            let why = format!("ratio {shown} is greater than max/min = {most:.6}");
            self.report("maxLimitRequestRatio", ratio, &why, errors);
        }
    }
}
