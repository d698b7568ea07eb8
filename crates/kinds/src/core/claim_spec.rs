//! The spec of a volume claim, in claims and in the templates of claims.
//!
//! Entry points: [`validate`], [`validate_template`] and [`warnings`].

use api::field::Errors;

use crate::core::pod_spec::warnings::fractional;
use crate::meta;
use crate::selectors;
use crate::{Cursor, amounts, names};

/// What old objects may hold that new ones may not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lax {
    /// Bad values in the label selector.
    pub(crate) selector_values: bool,
    /// Bad API groups of data sources.
    pub(crate) source_groups: bool,
}

const ACCESS_MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// All failures of the spec of a claim.
pub(crate) fn validate(spec: &Cursor, lax: Lax, errors: &mut Errors) {
    if spec.child("accessModes").is_empty() {
        spec.child("accessModes").required(errors, "at least 1 access mode is required");
    }
    selectors::label_selector(&spec.child("selector"), lax.selector_values, errors);
    access_modes(&spec.child("accessModes"), errors);
    storage(spec, errors);
    class_name(&spec.child("storageClassName"), errors);
    let mode = spec.child("volumeMode");
    if mode.is_set() {
        mode.one_of(errors, &["Block", "Filesystem"]);
    }
    for name in ["dataSource", "dataSourceRef"] {
        if spec.has(name) {
            data_source(&spec.child(name), lax, errors);
        }
    }
    same_sources(spec, errors);
    class_name(&spec.child("volumeAttributesClassName"), errors);
}

fn access_modes(modes: &Cursor, errors: &mut Errors) {
    let has = |wanted: fn(&str) -> bool| modes.items().any(|mode| wanted(mode.str()));
    for mode in modes.items().filter(|mode| !ACCESS_MODES.contains(&mode.str())) {
        errors.not_supported(&modes.path(), &mode.str().into(), &ACCESS_MODES);
    }
    let single = "ReadWriteOncePod";
    if has(|mode| mode == "ReadWriteOncePod")
        && has(|mode| mode != "ReadWriteOncePod" && ACCESS_MODES.contains(&mode))
    {
        modes.forbidden(errors, &format!("may not use {single} with other access modes"));
    }
}

fn storage(spec: &Cursor, errors: &mut Errors) {
    let resources = spec.child("resources");
    let (requests, shown) = (resources.child("requests"), resources.key("storage"));
    let storage = requests.key("storage");
    if !storage.is_set() {
        return shown.required(errors, "");
    }
    let amount = amounts::quantity(&storage);
    if amount.sign() <= 0 {
        shown.bad(errors, amounts::shown(&amount), "must be greater than zero");
    }
}

fn class_name(name: &Cursor, errors: &mut Errors) {
    if !name.is_empty() {
        name.faults(errors, &names::dns1123_subdomain(name.str()));
    }
}

fn data_source(source: &Cursor, lax: Lax, errors: &mut Errors) {
    source.require(errors, &["name", "kind"]);
    let (group, kind, namespace) = (source.child("apiGroup"), source.text("kind"), source.child("namespace"));
    if group.is_empty() && kind != "PersistentVolumeClaim" {
        source.bad(errors, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
    }
    if !group.is_empty() && !lax.source_groups {
        group.faults(errors, &names::dns1123_subdomain(group.str()));
    }
    if !namespace.is_empty() {
        namespace.faults(errors, &names::dns1123_label(namespace.str()));
    }
}

/// Both ways to name a source must say the same; the older one cannot cross namespaces.
fn same_sources(spec: &Cursor, errors: &mut Errors) {
    let (source, reference) = (spec.child("dataSource"), spec.child("dataSourceRef"));
    if !source.is_set() || !reference.is_set() {
        return;
    }
    if !reference.text("namespace").is_empty() {
        spec.bad(
            errors,
            api::Value::object(),
            "may not be specified when dataSourceRef.namespace is specified",
        );
    } else if ["apiGroup", "kind", "name"]
        .iter()
        .any(|name| source.child(name).value() != reference.child(name).value())
    {
        spec.bad(errors, api::Value::object(), "must match dataSourceRef");
    }
}

/// Members of the metadata that a template of a claim may not have, in upstream's order and spelling.
const NOT_IN_TEMPLATES: [(&str, &str); 13] = [
    ("name", "name"),
    ("generateName", "generateName"),
    ("namespace", "namespace"),
    ("selfLink", "selfLink"),
    ("uid", "uID"),
    ("resourceVersion", "resourceVersion"),
    ("generation", "generation"),
    ("creationTimestamp", "creationTimestamp"),
    ("deletionTimestamp", "deletionTimestamp"),
    ("deletionGracePeriodSeconds", "deletionGracePeriodSeconds"),
    ("ownerReferences", "ownerReferences"),
    ("finalizers", "finalizers"),
    ("managedFields", "managedFields"),
];

/// All failures of the metadata of a template: labels and annotations alone may be set.
pub(crate) fn template_metadata(metadata: &Cursor, errors: &mut Errors) {
    for (name, check) in [("annotations", meta::annotations as fn(&_, &_, &mut _)), ("labels", meta::labels)]
    {
        let map = metadata.child(name);
        check(map.value(), &map.path(), errors);
    }
    for (name, shown) in NOT_IN_TEMPLATES.iter().filter(|(name, _)| metadata.has(name)) {
        metadata.child_as(name, shown).forbidden(errors, "cannot be set");
    }
}

/// All failures of a template of a claim inside a pod.
pub(crate) fn validate_template(template: &Cursor, errors: &mut Errors) {
    template_metadata(&template.child("metadata"), errors);
    validate(&template.child("spec"), Lax::default(), errors);
}

/// Amounts of storage that are no whole bytes.
pub(crate) fn warnings(spec: &Cursor) -> Vec<String> {
    let resources = spec.child("resources");
    let amounts = ["requests", "limits"].map(|part| fractional(&resources.child(part).key("storage")));
    amounts.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{Value, object};

    fn failures(spec: &Value) -> Vec<String> {
        let mut errors = Errors::new();
        validate(&Cursor::at("spec", spec), Lax::default(), &mut errors);
        errors.0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sound_claim() {
        let resources = object! { "requests" => object! { "storage" => "1Gi" } };
        let source = object! { "kind" => "PersistentVolumeClaim", "name" => "a" };
        let spec = object! {
            "accessModes" => vec!["ReadWriteOnce"], "resources" => resources, "volumeMode" => "Block",
            "dataSource" => source.clone(), "dataSourceRef" => source,
        };
        assert_eq!(failures(&spec), [""; 0]);
    }

    #[test]
    fn what_can_be_wrong() {
        let spec = object! {
            "accessModes" => vec!["ReadWriteOncePod", "ReadWriteOnce", "x"], "volumeMode" => "File",
            "resources" => object! { "requests" => object! { "storage" => "0" } }, "storageClassName" => "A",
            "dataSource" => object! { "kind" => "Pod", "name" => "a" }, "dataSourceRef" => object! { "kind" => "Pod" },
        };
        let failures = failures(&spec);
        let fields: Vec<&str> = failures.iter().filter_map(|f| f.split(": ").next()).collect();
        assert_eq!(
            fields,
            [
                "spec.accessModes",
                "spec.accessModes",
                "spec.resources[storage]",
                "spec.storageClassName",
                "spec.volumeMode",
                "spec.dataSource",
                "spec.dataSourceRef.name",
                "spec.dataSourceRef",
                "spec",
            ]
        );
    }
}
