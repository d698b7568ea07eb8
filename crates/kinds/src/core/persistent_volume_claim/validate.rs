//! What is wrong with a changed PersistentVolumeClaim.
//!
//! Entry points: [`change`] and [`status`].

use api::quantity::Quantity;
use api::{Value, field};

use super::CLASS_ANNOTATION;
use crate::core::claim_spec::{self, Lax};
use crate::shown::{Holds, Member, internal, pointer, text};
use crate::{Cursor, amounts, diff, equal, meta, names, selectors};

const RESIZE_STATUSES: [&str; 5] = [
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
    "NodeResizePending",
];
const AMOUNTS: [Member; 2] = [pointer("limits", "Limits"), pointer("requests", "Requests")];
const SOURCE: [Member; 3] = [pointer("apiGroup", "APIGroup"), text("kind", "Kind"), text("name", "Name")];
const REFERENCE: [Member; 4] = [
    pointer("apiGroup", "APIGroup"),
    text("kind", "Kind"),
    text("name", "Name"),
    pointer("namespace", "Namespace"),
];
const SPEC: [Member; 9] = [
    pointer("accessModes", "AccessModes"),
    pointer("selector", "Selector"),
    Member { name: "resources", go: "Resources", holds: Holds::Plain(&AMOUNTS) },
    text("volumeName", "VolumeName"),
    pointer("storageClassName", "StorageClassName"),
    pointer("volumeMode", "VolumeMode"),
    Member { name: "dataSource", go: "DataSource", holds: Holds::Structure(&SOURCE) },
    Member { name: "dataSourceRef", go: "DataSourceRef", holds: Holds::Structure(&REFERENCE) },
    pointer("volumeAttributesClassName", "VolumeAttributesClassName"),
];
const STORAGE: [&str; 4] = ["spec", "resources", "requests", "storage"];
const CLASS: [&str; 2] = ["spec", "storageClassName"];
const ATTRIBUTES: [&str; 2] = ["spec", "volumeAttributesClassName"];

/// All failures of a claim that changed.
pub(super) fn change(new: &Value, old: &Value, errors: &mut field::Errors) {
    let root = Cursor::root(new);
    let spec = root.child("spec");
    claim_spec::validate(&spec, lax(old), errors);
    check_spec(new, old, errors);
    check_size(&spec, new, old, errors);
    let mode = ["spec", "volumeMode"];
    equal::immutable(&Cursor::at("volumeMode", new.at(&mode)), old.at(&mode), errors);
    let class = spec.child("volumeAttributesClassName");
    let current = !old.at(&["status", "currentVolumeAttributesClassName"]).is_null();
    if current && !equal::semantic(class.value(), old.at(&ATTRIBUTES)) && class.is_empty() {
        let what = if class.is_set() { "empty string" } else { "nil" };
        let why =
            format!("update to {what} is forbidden when status.currentVolumeAttributesClassName is not nil");
        class.forbidden(errors, &why);
    }
}

fn lax(old: &Value) -> Lax {
    let mut found = field::Errors::new();
    selectors::label_selector(&Cursor::at("", old.at(&["spec", "selector"])), false, &mut found);
    let bad_group = |member: &str| {
        let group = old.str_at(&["spec", member, "apiGroup"]);
        !group.is_empty() && !names::dns1123_subdomain(group).is_empty()
    };
    Lax {
        selector_values: !found.is_empty(),
        source_groups: bad_group("dataSource") || bad_group("dataSourceRef"),
    }
}

/// The spec stays, but for what a binding fills in and what may change once the claim is bound.
fn check_spec(new: &Value, old: &Value, errors: &mut field::Errors) {
    let (mut wanted, mut was) = (new.at(&["spec"]).clone(), old.at(&["spec"]).clone());
    if was.str_at(&["volumeName"]).is_empty() {
        keep(&mut was, &wanted, &["volumeName"]);
    }
    check_class(new, old, &mut wanted, errors);
    if new.str_at(&["status", "phase"]) == "Bound" {
        if !wanted.at(&["resources", "requests"]).is_null() {
            keep(&mut wanted, old.at(&["spec"]), &["resources", "requests", "storage"]);
        }
        keep(&mut wanted, old.at(&["spec"]), &["volumeAttributesClassName"]);
    }
    if !equal::semantic(&wanted, &was) {
        let changed = diff::unified(&internal(&was, &SPEC), &internal(&wanted, &SPEC));
        let why = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound \
                   claims";
        errors.forbidden(&field::Path::new("spec"), format!("{why}\n{changed}"));
    }
}

/// A class may move from the annotation to the spec, and be filled in once.
fn check_class(new: &Value, old: &Value, wanted: &mut Value, errors: &mut field::Errors) {
    let annotation = ["metadata", "annotations", CLASS_ANNOTATION];
    let (noted, was_noted) = (new.at(&annotation), old.at(&annotation));
    let unnamed = old.at(&CLASS).is_null();
    let class = new.at(&CLASS);
    if unnamed && !was_noted.is_null() && class == was_noted && (noted.is_null() || noted == was_noted) {
        wanted.remove_at(&["storageClassName"]);
        return;
    }
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    if text(noted) != text(was_noted) {
        let path = field::Path::new("metadata.annotations").child(CLASS_ANNOTATION);
        errors.invalid(&path, &text(noted).into(), meta::IMMUTABLE);
    }
    if unnamed && !class.is_null() && (was_noted.is_null() || class == was_noted) {
        wanted.remove_at(&["storageClassName"]);
    }
}

fn keep(to: &mut Value, from: &Value, path: &[&str]) {
    match from.at(path) {
        Value::Null => drop(to.remove_at(path)),
        value => to.set_at(path, value.clone()),
    }
}

/// A claim shrinks only as far as the volume has not grown yet (KEP-1790).
fn check_size(spec: &Cursor, new: &Value, old: &Value, errors: &mut field::Errors) {
    let amount = |claim: &Value, path: &[&str]| amounts::quantity(&Cursor::at("", claim.at(path)));
    let (wanted, was): (Quantity, Quantity) = (amount(new, &STORAGE), amount(old, &STORAGE));
    if wanted < was && wanted <= amount(old, &["status", "capacity", "storage"]) {
        let path = spec.path().child("resources").child("requests").child("storage");
        errors.forbidden(&path, "field can not be less than status.capacity");
    }
}

/// All failures of a changed status.
pub(super) fn status(new: &Value, errors: &mut field::Errors) {
    if new.str_at(&["metadata", "resourceVersion"]).is_empty() {
        errors.required(&field::Path::new("resourceVersion"), "");
    }
    if new.array_at(&["spec", "accessModes"]).is_empty() {
        errors.required(&field::Path::new("Spec.accessModes"), "");
    }
    let root = Cursor::root(new);
    let status = root.child("status");
    for (_, amount) in status.child("capacity").entries() {
        amounts::not_negative(&amount, &amounts::quantity(&amount), errors);
    }
    let statuses = status.child("allocatedResourceStatuses");
    for (name, state) in statuses.entries() {
        resource_name(&statuses, name, errors);
        if !RESIZE_STATUSES.contains(&state.str()) {
            let mut known = RESIZE_STATUSES;
            known.sort_unstable();
            errors.not_supported(&statuses.path(), &name.into(), &known);
        }
    }
    let allocated = status.child("allocatedResources");
    for (name, amount) in allocated.entries() {
        let before = errors.len();
        resource_name(&allocated, name, errors);
        if errors.len() == before {
            amounts::not_negative(&amount, &amounts::quantity(&amount), errors);
        }
    }
}

/// Reports a name that is ill-formed, or a native one other than `storage`.
fn resource_name(at: &Cursor, name: &str, errors: &mut field::Errors) {
    let faults = names::qualified_name(name);
    names::report(errors, &at.path(), name, &faults);
    if faults.is_empty() && amounts::is_native(name) && name != "storage" {
        errors.not_supported(&at.path(), &name.into(), &["storage"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    fn claim(class: Value, storage: &str, phase: &str) -> Value {
        let requests = object! { "storage" => storage };
        object! {
            "spec" => object! {
                "accessModes" => vec!["ReadWriteOnce"], "resources" => object! { "requests" => requests },
                "storageClassName" => class,
            },
            "status" => object! { "phase" => phase, "capacity" => object! { "storage" => "5Gi" } },
        }
    }

    fn faults(new: &Value, old: &Value) -> Vec<String> {
        let mut errors = field::Errors::new();
        change(new, old, &mut errors);
        errors.0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_bound_claims_grow() {
        let old = claim("fast".into(), "10Gi", "Bound");
        assert_eq!(faults(&claim("fast".into(), "20Gi", "Bound"), &old), [""; 0]);
        assert_eq!(faults(&claim("fast".into(), "6Gi", "Bound"), &old), [""; 0]);
        let shrunk = faults(&claim("fast".into(), "5Gi", "Bound"), &old);
        let why = "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity";
        assert_eq!(shrunk, [why]);
        let pending = claim("fast".into(), "10Gi", "Pending");
        let grown = faults(&claim("fast".into(), "20Gi", "Pending"), &pending);
        assert!(grown[0].starts_with("spec: Forbidden: spec is immutable after creation"), "{grown:?}");
        assert!(grown[0].contains("\n-   \"storage\": \"10Gi\"\n+   \"storage\": \"20Gi\"\n"), "{grown:?}");
    }

    #[test]
    fn a_class_is_filled_in_once() {
        let old = claim(Value::Null, "1Gi", "Pending");
        let named = claim("fast".into(), "1Gi", "Pending");
        assert_eq!(faults(&named, &old), [""; 0]);
        assert_eq!(faults(&claim("slow".into(), "1Gi", "Pending"), &named).len(), 1);
    }
}
