//! Event of the core group; `events.k8s.io` shows the same objects under other field names.

use api::{Str, Value};

use crate::kind::{Kind, text_field};

pub(crate) static EVENT: Kind = Kind { create_on_update: true, fields: selectable, ..Kind::PLAIN };

fn selectable(event: &Value) -> Vec<(&'static str, Str)> {
    let involved = |member| text_field(event, &["involvedObject", member]);
    let component = text_field(event, &["source", "component"]);
    let controller = text_field(event, &["reportingComponent"]);
    vec![
        ("involvedObject.kind", involved("kind")),
        ("involvedObject.namespace", involved("namespace")),
        ("involvedObject.name", involved("name")),
        ("involvedObject.uid", involved("uid")),
        ("involvedObject.apiVersion", involved("apiVersion")),
        ("involvedObject.resourceVersion", involved("resourceVersion")),
        ("involvedObject.fieldPath", involved("fieldPath")),
        ("reason", text_field(event, &["reason"])),
        ("reportingComponent", controller.clone()),
        ("source", if component.is_empty() { controller } else { component }),
        ("type", text_field(event, &["type"])),
    ]
}
