//! Replication controllers.

use api::{Str, Value};

use super::pod_template::{self, WORKLOAD};
use crate::kind::{Kind, default_member};

/// The kind `ReplicationController`.
pub(crate) static REPLICATION_CONTROLLER: Kind = Kind {
    default,
    fields: |object| vec![("status.replicas", count_field(object, "replicas"))],
    orphans: |version| version == "v1",
    ..WORKLOAD
};

/// The labels of the template are the selector and the labels of the object where these are empty.
fn default(object: &mut Value, _version: &str) {
    default_member(object.object_at_mut(&["spec"]), "replicas", 1);
    if object.at(&["spec", "template"]).is_null() {
        return;
    }
    pod_template::fill(object);
    let labels = object.at(&["spec", "template", "metadata", "labels"]).clone();
    if labels.as_object().is_none_or(|labels| labels.is_empty()) {
        return;
    }
    for path in [["spec", "selector"], ["metadata", "labels"]] {
        if object.at(&path).as_object().is_none_or(|map| map.is_empty()) {
            object.set_at(&path, labels.clone());
        }
    }
}

/// A counter of the status as the value of a selectable field.
pub(crate) fn count_field(object: &Value, name: &str) -> Str {
    object.at(&["status", name]).as_i64().unwrap_or(0).to_string().into()
}
