//! Event of the core group; `events.k8s.io` shows the same objects under other field names.

use api::{Str, Value, field};

use crate::kind::{Kind, text_field};
use crate::names;

/// Longest instance, action and reason, in bytes.
const SHORT: usize = 128;
/// Longest message, in bytes.
const LONG: usize = 1024;
const OTHER_NAMESPACE: &str = "does not match event.namespace";

pub(crate) static EVENT: Kind = Kind {
    create_on_update: true,
    checks_metadata: false,
    update_checks: &[],
    validate: |event, _, errors| legacy(event, &Names::CORE, errors),
    validate_update: |new, _, _, errors| legacy(new, &Names::CORE, errors),
    fields: selectable,
    ..Kind::PLAIN
};

/// How a version names the members that the checks are about.
pub(crate) struct Names {
    involved: &'static str,
    message: &'static str,
    controller: &'static str,
}

impl Names {
    pub(crate) const CORE: Names =
        Names { involved: "involvedObject", message: "message", controller: "reportingComponent" };
    pub(crate) const NEWER: Names =
        Names { involved: "regarding", message: "note", controller: "reportingController" };
}

/// The checks every event passes; paths are those of the core group, but for the controller's.
pub(crate) fn legacy(event: &Value, names: &Names, errors: &mut field::Errors) {
    let text = |member: &str| event.str_at(&[member]);
    let namespace = event.str_at(&["metadata", "namespace"]);
    let involved = event.str_at(&[names.involved, "namespace"]);
    let old_style = event.at(&["eventTime"]).is_null();
    let agrees = match (involved.is_empty(), old_style) {
        (true, true) => matches!(namespace, "" | "default"),
        (true, false) => matches!(namespace, "default" | "kube-system"),
        (false, true) => namespace == involved,
        (false, false) => true,
    };
    if !agrees {
        errors.invalid(&field::Path::new("involvedObject.namespace"), &involved.into(), OTHER_NAMESPACE);
    }
    if !old_style {
        let path = field::Path::new(names.controller);
        let controller = text(names.controller);
        if controller.is_empty() {
            errors.required(&path, "");
        }
        names::report(errors, &path, controller, &names::qualified_name(controller));
        for member in ["reportingInstance", "action", "reason"] {
            if text(member).is_empty() {
                errors.required(&field::Path::new(member), "");
            }
            bounded(text(member), member, SHORT, errors);
        }
        bounded(text(names.message), "message", LONG, errors);
    }
    names::report(errors, &field::Path::new("namespace"), namespace, &names::dns1123_subdomain(namespace));
}

fn bounded(text: &str, member: &str, max: usize, errors: &mut field::Errors) {
    if text.len() > max {
        errors.invalid(&field::Path::new(member), &"".into(), format!("can have at most {max} characters"));
    }
}

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
