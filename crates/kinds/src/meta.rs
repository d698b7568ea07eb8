//! `metadata` of any object: what is wrong with it when it is new and when it changes.
//!
//! Entry points: [`validate`] and [`validate_change`] (k8s.io/apimachinery `api/validation`).  Kinds do not call them
//! for their own metadata: [`crate::check_create`] and [`crate::check_update`] do, in upstream's order.

use std::collections::BTreeSet;

use api::{GroupVersion, Map, Value, field};

use crate::names::{self, Faults};

/// Most bytes all annotations of an object may have together, keys included.
pub const ANNOTATIONS_MAX: usize = 256 * 1024;
/// Longest name of a field manager, in bytes.
const MANAGER_MAX: usize = 128;
/// Longest name of a subresource in `managedFields`, in bytes.
const SUBRESOURCE_MAX: usize = 256;
/// What upstream says of a field that may not change.
pub const IMMUTABLE: &str = "field is immutable";
/// What upstream says of a number below zero.
pub const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

/// All failures of the `metadata` at `path`.  `name_faults` is the kind's rule: a name, and whether it is a prefix.
pub fn validate(
    metadata: &Value,
    namespaced: bool,
    name_faults: &dyn Fn(&str, bool) -> Faults,
    path: &field::Path,
    errors: &mut field::Errors,
) {
    let (name, prefix) = (metadata.str_at(&["name"]), metadata.str_at(&["generateName"]));
    if !prefix.is_empty() {
        names::report(errors, &path.child("generateName"), prefix, &name_faults(prefix, true));
    }
    if name.is_empty() {
        errors.required(&path.child("name"), "name or generateName is required");
    } else {
        names::report(errors, &path.child("name"), name, &name_faults(name, false));
    }
    namespace(metadata.str_at(&["namespace"]), namespaced, &path.child("namespace"), errors);
    not_negative(metadata.at(&["generation"]), &path.child("generation"), errors);
    parts(metadata, true, path, errors);
}

/// All failures of the change from `old` to `new`, both the `metadata` at `path`.
pub fn validate_change(new: &Value, old: &Value, path: &field::Path, errors: &mut field::Errors) {
    if !old.at(&["deletionTimestamp"]).is_null() {
        no_new_finalizers(new.array_at(&["finalizers"]), old.array_at(&["finalizers"]), path, errors);
    }
    if new.str_at(&["resourceVersion"]).is_empty() {
        errors.invalid(&path.child("resourceVersion"), &"".into(), "must be specified for an update");
    }
    let generation = |meta: &Value| meta.at(&["generation"]).as_i64().unwrap_or(0);
    if generation(new) < generation(old) {
        errors.invalid(&path.child("generation"), &generation(new).into(), "must not be decremented");
    }
    for (name, text) in [("name", true), ("namespace", true), ("uid", true)].into_iter().chain(
        ["creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"].map(|name| (name, false)),
    ) {
        let (new, old) = (new.at(&[name]), old.at(&[name]));
        let same = new == old || (text && new.as_str().unwrap_or("") == old.as_str().unwrap_or(""));
        if !same {
            let shown = if text && new.is_null() { &Value::from("") } else { new };
            errors.invalid(&path.child(name), shown, IMMUTABLE);
        }
    }
    parts(new, false, path, errors);
}

/// The members that both checks look at; `finalizers` only the first does, in this place.
fn parts(metadata: &Value, new_object: bool, path: &field::Path, errors: &mut field::Errors) {
    labels(metadata.at(&["labels"]), &path.child("labels"), errors);
    annotations(metadata.at(&["annotations"]), &path.child("annotations"), errors);
    owners(metadata.at(&["ownerReferences"]), &path.child("ownerReferences"), errors);
    if new_object {
        finalizers(metadata.at(&["finalizers"]), &path.child("finalizers"), errors);
    }
    managers(metadata.array_at(&["managedFields"]), &path.child("managedFields"), errors);
}

fn namespace(namespace: &str, namespaced: bool, path: &field::Path, errors: &mut field::Errors) {
    match (namespaced, namespace) {
        (true, "") => errors.required(path, ""),
        (true, _) => names::report(errors, path, namespace, &names::dns1123_label(namespace)),
        (false, "") => {}
        (false, _) => errors.forbidden(path, "not allowed on this type"),
    }
}

/// A number (or nothing) that must not be negative.
pub fn not_negative(value: &Value, path: &field::Path, errors: &mut field::Errors) {
    if value.as_i64().is_some_and(|n| n < 0) {
        errors.invalid(path, value, NOT_NEGATIVE);
    }
}

/// The key of a label or selector.
pub fn label_name(name: &str, path: &field::Path, errors: &mut field::Errors) {
    names::report(errors, path, name, &names::qualified_name(name));
}

/// A map of labels.
pub fn labels(labels: &Value, path: &field::Path, errors: &mut field::Errors) {
    for (key, value) in members(labels) {
        label_name(key, path, errors);
        names::report(errors, path, value, &names::label_value(value));
    }
}

/// A map of annotations.
pub fn annotations(annotations: &Value, path: &field::Path, errors: &mut field::Errors) {
    for (key, _) in members(annotations) {
        names::report(errors, path, key, &names::qualified_name(&key.to_lowercase()));
    }
    let size: usize = members(annotations).map(|(key, value)| key.len() + value.len()).sum();
    if size > ANNOTATIONS_MAX {
        errors.too_long(path, ANNOTATIONS_MAX);
    }
}

fn members(map: &Value) -> impl Iterator<Item = (&str, &str)> {
    map.as_object().into_iter().flat_map(Map::iter).map(|(key, value)| (key, value.as_str().unwrap_or("")))
}

/// A list of owner references.
pub fn owners(list: &Value, path: &field::Path, errors: &mut field::Errors) {
    let mut controller: Option<String> = None;
    for owner in list.as_array().unwrap_or(&[]) {
        owner_reference(owner, path, errors);
        if owner.at(&["controller"]).as_bool() != Some(true) {
            continue;
        }
        let name = format!("{}/{}", owner.str_at(&["kind"]), owner.str_at(&["name"]));
        match &controller {
            Some(first) => {
                let why =
                    "Only one reference can have Controller set to true. Found \"true\" in references for";
                errors.invalid(path, list, format!("{why} {first} and {name}"));
            }
            None => controller = Some(name),
        }
    }
}

fn owner_reference(owner: &Value, path: &field::Path, errors: &mut field::Errors) {
    let (api_version, kind) = (owner.str_at(&["apiVersion"]), owner.str_at(&["kind"]));
    let gv = GroupVersion::parse(api_version).unwrap_or_default();
    if gv.version.is_empty() {
        errors.invalid(&path.child("apiVersion"), &api_version.into(), "version must not be empty");
    }
    for name in ["kind", "name", "uid"] {
        if owner.str_at(&[name]).is_empty() {
            errors.invalid(&path.child(name), &"".into(), "must not be empty");
        }
    }
    if gv.group.is_empty() && gv.version == "v1" && kind == "Event" {
        errors.invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner");
    }
}

/// A list of finalizers.
pub fn finalizers(list: &Value, path: &field::Path, errors: &mut field::Errors) {
    let texts = || list.as_array().unwrap_or(&[]).iter().filter_map(Value::as_str);
    for text in texts() {
        names::report(errors, path, text, &names::qualified_name(text));
    }
    let has = |wanted: &str| texts().any(|text| text == wanted);
    if has("foregroundDeletion") && has("orphan") {
        errors.invalid(path, list, "finalizer orphan and foregroundDeletion cannot be both set");
    }
}

/// A finalizer is qualified by a domain unless it is one that Kubernetes itself knows.
pub fn known_finalizer(name: &str, path: &field::Path, errors: &mut field::Errors) {
    if !name.contains('/') && !matches!(name, "kubernetes" | "orphan" | "foregroundDeletion") {
        let why = "name is neither a standard finalizer name nor is it fully qualified";
        errors.invalid(path, &name.into(), why);
    }
}

fn no_new_finalizers(new: &[Value], old: &[Value], path: &field::Path, errors: &mut field::Errors) {
    let texts =
        |list: &[Value]| list.iter().map(|v| v.as_str().unwrap_or("").to_owned()).collect::<BTreeSet<_>>();
    let (new, old) = (texts(new), texts(old));
    let extra: Vec<String> = new.difference(&old).map(|text| field::go_quote(text)).collect();
    if !extra.is_empty() {
        let why = "no new finalizers can be added if the object is being deleted, found new finalizers";
        errors.forbidden(&path.child("finalizers"), format!("{why} []string{{{}}}", extra.join(", ")));
    }
}

fn managers(list: &[Value], path: &field::Path, errors: &mut field::Errors) {
    for (i, entry) in list.iter().enumerate() {
        let path = path.index(i);
        let (operation, fields_type) = (entry.str_at(&["operation"]), entry.str_at(&["fieldsType"]));
        if !matches!(operation, "Apply" | "Update") {
            errors.invalid(&path.child("operation"), &operation.into(), "must be `Apply` or `Update`");
        }
        if !matches!(fields_type, "" | "FieldsV1") {
            errors.invalid(&path.child("fieldsType"), &fields_type.into(), "must be `FieldsV1`");
        }
        manager(entry.str_at(&["manager"]), &path.child("manager"), errors);
        if entry.str_at(&["subresource"]).len() > SUBRESOURCE_MAX {
            errors.too_long(&path.child("subresource"), SUBRESOURCE_MAX);
        }
    }
}

/// The name of a field manager.
pub fn manager(name: &str, path: &field::Path, errors: &mut field::Errors) {
    if name.len() > MANAGER_MAX {
        errors.too_long(path, MANAGER_MAX);
    }
    for (at, c) in name.char_indices().filter(|(_, c)| !is_printable(*c)) {
        errors.invalid(
            path,
            &name.into(),
            format!("invalid character U+{:04X} (at position {at})", c as u32),
        );
    }
}

/// Letters, marks, numbers, punctuation, symbols and the ASCII space, as Go's `unicode.IsPrint`.
fn is_printable(c: char) -> bool {
    // `escape_debug` of a text leaves just those alone, once quotes, backslashes and leading marks are set aside.
    matches!(c, '"' | '\'' | '\\') || ['x', c].iter().collect::<String>().escape_debug().count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    fn failures(metadata: &Value, namespaced: bool) -> Vec<String> {
        let mut errors = field::Errors::new();
        let rule = |name: &str, prefix: bool| names::object_name(crate::NameRule::Subdomain, name, prefix);
        validate(metadata, namespaced, &rule, &field::Path::new("metadata"), &mut errors);
        errors.0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sound_one_passes() {
        let owner = object! { "apiVersion" => "apps/v1", "kind" => "Deployment", "name" => "d", "uid" => "1", "controller" => true };
        let meta = object! {
            "name" => "a", "namespace" => "b", "labels" => object! { "x/y" => "z" }, "ownerReferences" => vec![owner],
            "annotations" => object! { "A/b" => "any thing" }, "finalizers" => vec!["x/y", "orphan"],
        };
        assert_eq!(failures(&meta, true), [""; 0]);
    }

    #[test]
    fn every_part_is_checked() {
        let owner = object! { "apiVersion" => "v1", "kind" => "Event", "name" => "e", "uid" => "1", "controller" => true };
        let meta = object! {
            "namespace" => "b", "generation" => -1, "labels" => object! { "x" => "-" },
            "annotations" => object! { "/" => "v" }, "finalizers" => vec!["orphan", "foregroundDeletion"],
            "ownerReferences" => vec![owner.clone(), owner],
            "managedFields" => vec![object! { "operation" => "Apply", "manager" => "a\u{7}" }, object! {}],
        };
        let failures = failures(&meta, false);
        let fields: Vec<&str> = failures.iter().filter_map(|f| f.split(": ").next()).collect();
        assert_eq!(
            fields,
            [
                "metadata.name",
                "metadata.namespace",
                "metadata.generation",
                "metadata.labels",
                "metadata.annotations",
                "metadata.annotations",
                "metadata.annotations",
                "metadata.ownerReferences",
                "metadata.ownerReferences",
                "metadata.ownerReferences",
                "metadata.finalizers",
                "metadata.managedFields[0].manager",
                "metadata.managedFields[1].operation",
            ]
        );
        assert!(
            failures.iter().any(|f| f.ends_with("invalid character U+0007 (at position 1)")),
            "{failures:?}"
        );
    }

    #[test]
    fn changes() {
        let old = object! { "name" => "a", "uid" => "1", "deletionTimestamp" => "2020-01-01T00:00:00Z", "finalizers" => vec!["a/a"] };
        let mut new = old.clone();
        new.set_at(&["resourceVersion"], "5");
        let check = |new: &Value| {
            let mut errors = field::Errors::new();
            validate_change(new, &old, &field::Path::new("metadata"), &mut errors);
            errors.0.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(check(&new), [""; 0]);
        new.set_at(&["finalizers"], vec!["a/c", "a/a", "a/b"]);
        new.set_at(&["uid"], "2");
        new.remove_at(&["deletionTimestamp"]);
        assert_eq!(
            check(&new),
            [
                "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found \
                 new finalizers []string{\"a/b\", \"a/c\"}",
                "metadata.uid: Invalid value: \"2\": field is immutable",
                "metadata.deletionTimestamp: Invalid value: null: field is immutable",
            ]
        );
    }
}
