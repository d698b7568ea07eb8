//! Event of `events.k8s.io`: the objects of the core group's Event under other field names, and checked more strictly.

use api::{Value, field};

use crate::core::event::{Names, legacy};
use crate::kind::Kind;
use crate::{Cursor, equal};

/// Members that belong to the core group's way to write events: name here, name in failures.
const DEPRECATED: [(&str, &str); 3] = [
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
];

/// Members that never change, in upstream's order: name here, name in failures.
const FIXED: [(&str, &str); 14] = [
    ("regarding", "involvedObject"),
    ("reason", "reason"),
    ("note", "message"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
    ("reason", "reason"),
    ("type", "type"),
    ("eventTime", "eventTime"),
    ("action", "action"),
    ("related", "related"),
    ("reportingController", "reportingController"),
    ("reportingInstance", "reportingInstance"),
];

/// Events are stored in their older form.
const ALIASES: &[(&str, &str)] = &[
    ("reason", "reason"),
    ("regarding.kind", "involvedObject.kind"),
    ("regarding.namespace", "involvedObject.namespace"),
    ("regarding.name", "involvedObject.name"),
    ("regarding.uid", "involvedObject.uid"),
    ("regarding.apiVersion", "involvedObject.apiVersion"),
    ("regarding.resourceVersion", "involvedObject.resourceVersion"),
    ("regarding.fieldPath", "involvedObject.fieldPath"),
    ("reportingController", "reportingComponent"),
    ("type", "type"),
];

pub(crate) static EVENT: Kind = Kind {
    create_on_update: true,
    validate: |event, _, errors| {
        legacy(event, &Names::NEWER, errors);
        create(event, errors);
    },
    validate_update: |new, old, _, errors| {
        legacy(new, &Names::NEWER, errors);
        if !equal::semantic(new.at(&["series"]), old.at(&["series"])) {
            series(new, errors);
        }
        for (member, shown) in FIXED {
            equal::immutable(&Cursor::at(shown, new.at(&[member])), old.at(&[member]), errors);
        }
    },
    field_aliases: ALIASES,
    ..Kind::PLAIN
};

fn create(event: &Value, errors: &mut field::Errors) {
    series(event, errors);
    if event.at(&["eventTime"]).is_null() {
        errors.required(&field::Path::new("eventTime"), "");
    }
    let kind = event.str_at(&["type"]);
    if !matches!(kind, "Normal" | "Warning") {
        errors.invalid(&field::Path::new("type"), &"".into(), format!("has invalid value: {kind}"));
    }
    let mut unset = |set: bool, shown: &str| {
        if set {
            errors.invalid(&field::Path::new(shown), &"".into(), "needs to be unset");
        }
    };
    for (member, shown) in DEPRECATED {
        let value = event.at(&[member]);
        unset(!value.is_null() && value.as_i64() != Some(0), shown);
    }
    let source = |member| !event.str_at(&["deprecatedSource", member]).is_empty();
    unset(source("component") || source("host"), "source");
}

fn series(event: &Value, errors: &mut field::Errors) {
    let series = event.at(&["series"]);
    if series.is_null() {
        return;
    }
    if series.at(&["count"]).as_i64().unwrap_or(0) < 2 {
        errors.invalid(&field::Path::new("series.count"), &"".into(), "should be at least 2");
    }
    if series.at(&["lastObservedTime"]).is_null() {
        errors.required(&field::Path::new("series.lastObservedTime"), "");
    }
}
