//! Event of `events.k8s.io`: the objects of the core group's Event under other field names.

use api::{Str, Value};

use crate::kind::{Kind, text_field};

pub(crate) static EVENT: Kind = Kind { create_on_update: true, fields: selectable, ..Kind::PLAIN };

fn selectable(event: &Value) -> Vec<(&'static str, Str)> {
    let regarding = |member| text_field(event, &["regarding", member]);
    vec![
        ("reason", text_field(event, &["reason"])),
        ("regarding.kind", regarding("kind")),
        ("regarding.namespace", regarding("namespace")),
        ("regarding.name", regarding("name")),
        ("regarding.uid", regarding("uid")),
        ("regarding.apiVersion", regarding("apiVersion")),
        ("regarding.resourceVersion", regarding("resourceVersion")),
        ("regarding.fieldPath", regarding("fieldPath")),
        ("reportingController", text_field(event, &["reportingController"])),
        ("type", text_field(event, &["type"])),
    ]
}
