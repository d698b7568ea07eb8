//! `admissionregistration.k8s.io`: webhooks and policies that admit or change requests.

use api::Value;

use crate::kind::{default_member, each};

pub(crate) mod bindings;
pub(crate) mod policies;
mod rules;
pub(crate) mod webhooks;

/// Fills `matchConstraints` or `matchResources`.
fn default_match(resources: Option<&mut Value>) {
    let Some(resources) = resources else { return };
    if let Some(map) = resources.as_object_mut() {
        default_member(map, "matchPolicy", "Equivalent");
        default_member(map, "namespaceSelector", Value::object());
        default_member(map, "objectSelector", Value::object());
    }
    default_rules(resources.get_mut("resourceRules"));
    default_rules(resources.get_mut("excludeResourceRules"));
}

/// A rule that names no scope means all.
fn default_rules(rules: Option<&mut Value>) {
    if let Some(rules) = rules {
        each(rules, &[], |rule| default_member(rule, "scope", "*"));
    }
}

/// Names with this ending belong to policies that the server reads from files.
fn static_suffix_warning(object: &Value) -> Vec<String> {
    if !object.str_at(&["metadata", "name"]).ends_with(".static.k8s.io") {
        return Vec::new();
    }
    let why = "are reserved for static manifest-based configurations and cannot be managed via the API";
    vec![format!("metadata.name: names ending with \".static.k8s.io\" {why}")]
}
