//! Config maps, secrets, service accounts, namespaces, quotas, events.

use api::Value;

use super::NAME_AND_AGE;
use super::format::{age, int, members, name, or, quantity, since};
use super::sheet::{AGE, NAME, Sheet, core_message, field, metadata, string, text, wide};
use crate::Column;

/// The sheet of a kind of this file.
pub fn sheet(kind: &str) -> Option<&'static Sheet> {
    match kind {
        "ConfigMap" => Some(&CONFIG_MAP),
        "Event" => Some(&EVENT),
        "Namespace" => Some(&NAMESPACE),
        "ResourceQuota" => Some(&RESOURCE_QUOTA),
        "Secret" => Some(&SECRET),
        "ServiceAccount" => Some(&NAME_AND_AGE),
        _ => None,
    }
}

static CONFIG_MAP: Sheet = Sheet {
    columns: &[NAME, string("Data", field(core_message!("ConfigMap"), "data")), AGE],
    cells: |o, now| vec![name(o), (size(o, "data") + size(o, "binaryData")).into(), age(o, now)],
    ..Sheet::BARE
};

static SECRET: Sheet = Sheet {
    columns: &[
        NAME,
        string("Type", field(core_message!("Secret"), "type")),
        string("Data", field(core_message!("Secret"), "data")),
        AGE,
    ],
    cells: |o, now| vec![name(o), o.str_at(&["type"]).into(), size(o, "data").into(), age(o, now)],
    ..Sheet::BARE
};

fn size(o: &Value, member: &str) -> i64 {
    members(o, &[member]).map_or(0, |m| m.len() as i64)
}

static NAMESPACE: Sheet = Sheet {
    columns: &[NAME, string("Status", text("Active, or Terminating while it is emptied.")), AGE],
    cells: |o, now| vec![name(o), o.str_at(&["status", "phase"]).into(), age(o, now)],
    ..Sheet::BARE
};

static RESOURCE_QUOTA: Sheet = Sheet {
    columns: &[
        NAME,
        string("Request", text("Used and allowed amounts of what is counted or requested.")),
        string("Limit", text("Used and allowed amounts of limits.")),
        AGE,
    ],
    cells: |o, now| vec![name(o), quotas(o, false).into(), quotas(o, true).into(), age(o, now)],
    ..Sheet::BARE
};

/// `resource: used/hard` of the limits or of everything else, by name.
fn quotas(o: &Value, limits: bool) -> String {
    let Some(hard) = members(o, &["status", "hard"]) else { return String::new() };
    let mut names: Vec<&str> = hard.keys().filter(|k| k.starts_with("limits.") == limits).collect();
    names.sort_unstable();
    let amount = |half: &str, name: &str| quantity(o, &["status", half, name]).to_owned();
    let parts = names.iter().map(|name| format!("{name}: {}/{}", amount("used", name), amount("hard", name)));
    parts.collect::<Vec<_>>().join(", ")
}

/// Both `v1` and `events.k8s.io/v1` events; the cells look for the fields of either.
static EVENT: Sheet = Sheet {
    columns: &[
        string("Last Seen", field(core_message!("Event"), "lastTimestamp")),
        string("Type", field(core_message!("Event"), "type")),
        string("Reason", field(core_message!("Event"), "reason")),
        string("Object", field(core_message!("Event"), "involvedObject")),
        wide("Subobject", field(core_message!("ObjectReference"), "fieldPath")),
        wide("Source", field(core_message!("Event"), "source")),
        string("Message", field(core_message!("Event"), "message")),
        wide("First Seen", field(core_message!("Event"), "firstTimestamp")),
        wide("Count", field(core_message!("Event"), "count")),
        Column { format: "name", ..wide("Name", metadata("name")) },
    ],
    cells: event,
    ..Sheet::BARE
};

fn event(o: &Value, now: i64) -> Vec<Value> {
    let either = |old: &str, new: &str| {
        if o.get(old).is_some_and(|v| !v.is_null()) { o.at(&[old]) } else { o.at(&[new]) }
    };
    let object = either("involvedObject", "regarding");
    let time = |old: &str, new: &str| Some(either(old, new)).filter(|t| !t.is_null());
    let first = time("firstTimestamp", "deprecatedFirstTimestamp").unwrap_or_else(|| o.at(&["eventTime"]));
    let last = time("lastTimestamp", "deprecatedLastTimestamp").unwrap_or(first);
    let series = o.at(&["series"]);
    let (last, count) = if series.is_null() {
        (last, either("count", "deprecatedCount").as_i64().filter(|n| *n != 0).unwrap_or(1))
    } else {
        (series.at(&["lastObservedTime"]), int(series, &["count"]))
    };
    vec![
        since(last, now).into(),
        o.str_at(&["type"]).into(),
        o.str_at(&["reason"]).into(),
        target(object).into(),
        object.str_at(&["fieldPath"]).into(),
        source(o, either("source", "deprecatedSource")).into(),
        either("message", "note").as_str().unwrap_or("").trim().into(),
        since(first, now).into(),
        count.into(),
        name(o),
    ]
}

fn target(object: &Value) -> String {
    let kind = object.str_at(&["kind"]).to_lowercase();
    match object.str_at(&["name"]) {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

/// Component and host of the source, or the reporting controller and instance where the source says nothing.
fn source(o: &Value, source: &Value) -> String {
    let controller = or(o, &["reportingComponent"], o.str_at(&["reportingController"]));
    let component = or(source, &["component"], controller);
    match or(source, &["host"], o.str_at(&["reportingInstance"])) {
        "" => component.to_owned(),
        host => format!("{component}, {host}"),
    }
}
