//! Environment variables, and the fields of a pod and its resources that they and files can show.
//!
//! Entry points: [`variables`] and [`sources`] (`env` and `envFrom`), [`file_of_pod`] and [`resource_field`] for
//! volumes, [`file_volumes`] for variables read from files (KEP-3721).

use api::Value;
use api::field::Errors;

use super::each_container;
use crate::core::volume_sources::no_backsteps;
use crate::{Cursor, amounts, names};

/// Fields of a pod that a variable can show.
const VARIABLE_FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Fields of a pod that a file can show.
const FILE_FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

/// Fields of a pod that have a name in the API, whether or not they can be shown.
const KNOWN_FIELDS: [&str; 14] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Resources of a container that can be shown.
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

const UNITS: [&str; 13] = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// All failures of `env`.
pub(super) fn variables(variables: &Cursor, errors: &mut Errors) {
    for variable in variables.items() {
        let name = variable.child("name");
        if name.is_empty() {
            name.required(errors, "");
        } else {
            name.faults(errors, &names::env_var_name(name.str()));
        }
        let source = variable.child("valueFrom");
        if source.is_set() {
            value_from(&source, !variable.text("value").is_empty(), errors);
        }
    }
}

type Check = fn(&Cursor, &mut Errors);

fn value_from(source: &Cursor, has_value: bool, errors: &mut Errors) {
    let kinds: [(&str, Check); 5] = [
        ("fieldRef", |at, errors| field_of_pod(at, &VARIABLE_FIELDS, errors)),
        ("resourceFieldRef", |at, errors| resource_field(at, false, errors)),
        ("configMapKeyRef", object_key),
        ("secretKeyRef", object_key),
        ("fileKeyRef", file_key),
    ];
    let mut count = 0;
    for (name, check) in kinds.iter().filter(|(name, _)| source.has(name)) {
        count += 1;
        check(&source.child(name), errors);
    }
    if count == 0 {
        let why = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
        source.bad(errors, "", why);
    } else if has_value {
        source.bad(errors, "", "may not be specified when `value` is not empty");
    } else if count > 1 {
        source.bad(errors, "", "may not have more than one field specified at a time");
    }
}

/// A field of the pod, shown as a file.
pub(super) fn file_of_pod(reference: &Cursor, errors: &mut Errors) {
    field_of_pod(reference, &FILE_FIELDS, errors);
}

fn field_of_pod(reference: &Cursor, allowed: &[&str], errors: &mut Errors) {
    let (version, path) = (reference.child("apiVersion"), reference.child("fieldPath"));
    if version.is_empty() {
        return version.required(errors, "");
    }
    if path.is_empty() {
        return path.required(errors, "");
    }
    let fail = |errors: &mut Errors, why: String| {
        path.bad(errors, path.str(), &format!("error converting fieldPath: {why}"));
    };
    if version.str() != "v1" {
        return fail(errors, format!("unsupported pod version: {}", version.str()));
    }
    match subscript(path.str()) {
        Some(("metadata.annotations", key)) => {
            let key = key.to_lowercase();
            names::report(errors, &reference.path(), &key, &names::qualified_name(&key));
        }
        Some(("metadata.labels", key)) => {
            names::report(errors, &reference.path(), key, &names::qualified_name(key));
        }
        Some(_) => fail(errors, format!("field label does not support subscript: {}", path.str())),
        None => {
            // The name of old for the node.
            let name = if path.str() == "spec.host" { "spec.nodeName" } else { path.str() };
            if !KNOWN_FIELDS.contains(&name) {
                fail(errors, format!("field label not supported: {name}"));
            } else if !allowed.contains(&name) {
                errors.not_supported(&path.path(), &name.into(), allowed);
            }
        }
    }
}

/// Takes `metadata.labels['key']` apart.
fn subscript(path: &str) -> Option<(&str, &str)> {
    path.strip_suffix("']")?.split_once("['").filter(|(path, _)| !path.is_empty())
}

/// A resource of a container; in a file the container must be named.
pub(super) fn resource_field(reference: &Cursor, in_file: bool, errors: &mut Errors) {
    let (container, resource) = (reference.child("containerName"), reference.child("resource"));
    let name = resource.str();
    let huge_pages = name.starts_with("limits.hugepages-") || name.starts_with("requests.hugepages-");
    if in_file && container.is_empty() {
        container.required(errors, "");
    } else if name.is_empty() {
        resource.required(errors, "");
    } else if !RESOURCES.contains(&name) && !huge_pages {
        resource.not_supported(errors, &RESOURCES);
    }
    divisor(&reference.child("divisor"), name, errors);
}

fn divisor(divisor: &Cursor, resource: &str, errors: &mut Errors) {
    let amount = amounts::quantity(divisor);
    if amount.is_zero() {
        return;
    }
    let (units, named): (&[&str], &str) = match resource {
        "limits.cpu" | "requests.cpu" => (&["1m", "1"], "cpu"),
        "limits.memory" | "requests.memory" => (&UNITS, "memory"),
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => (&UNITS, "local ephemeral storage"),
        _ if resource.starts_with("limits.hugepages-") || resource.starts_with("requests.hugepages-") => {
            (&UNITS, "hugepages")
        }
        _ => return,
    };
    if !units.contains(&amount.canonical().as_str()) {
        let list = if units.len() == 2 { "1m and 1".to_owned() } else { units.join(", ") };
        divisor.bad(
            errors,
            resource,
            &format!("only divisor's values {list} are supported with the {named} resource"),
        );
    }
}

fn object_key(reference: &Cursor, errors: &mut Errors) {
    let (name, key) = (reference.child("name"), reference.child("key"));
    name.faults(errors, &names::dns1123_subdomain(name.str()));
    if key.is_empty() {
        key.required(errors, "");
    } else {
        key.faults(errors, &names::config_map_key(key.str()));
    }
}

fn file_key(reference: &Cursor, errors: &mut Errors) {
    let (key, volume, path) =
        (reference.child("key"), reference.child("volumeName"), reference.child("path"));
    if key.is_empty() {
        key.required(errors, "");
    } else {
        key.faults(errors, &names::env_var_name(key.str()));
    }
    if volume.is_empty() {
        volume.required(errors, "");
    } else {
        volume.faults(errors, &names::dns1123_label(volume.str()));
    }
    if path.is_empty() {
        path.required(errors, "");
    } else {
        no_backsteps(&path, errors);
    }
}

/// All failures of `envFrom`; what is wrong with the number of sources stands at the list, as upstream has it.
pub(super) fn sources(list: &Cursor, errors: &mut Errors) {
    for source in list.items() {
        let prefix = source.child("prefix");
        if !prefix.is_empty() {
            prefix.faults(errors, &names::env_var_name(prefix.str()));
        }
        let mut count = 0;
        for kind in ["configMapRef", "secretRef"].iter().filter(|kind| source.has(kind)) {
            count += 1;
            object_name(&source.child(kind), errors);
        }
        if count == 0 {
            list.bad(errors, "", "must specify one of: `configMapRef` or `secretRef`");
        } else if count > 1 {
            list.bad(errors, "", "may not have more than one field specified at a time");
        }
    }
}

/// Checked as a prefix, as upstream does.
fn object_name(reference: &Cursor, errors: &mut Errors) {
    let name = reference.child("name");
    if name.is_empty() {
        name.required(errors, "");
    } else {
        name.faults(errors, &names::object_name(crate::NameRule::Subdomain, name.str(), true));
    }
}

/// Variables read from files need a volume that containers can write.
pub(super) fn file_volumes(spec: &Cursor, errors: &mut Errors) {
    let volumes = spec.value().array_at(&["volumes"]);
    each_container(spec, |container| {
        for variable in container.child("env").items() {
            let source = variable.child("valueFrom");
            let file = source.child("fileKeyRef");
            if !file.is_set() {
                continue;
            }
            let name = file.child("volumeName");
            let named = |volume: &&Value| volume.str_at(&["name"]) == name.str();
            match volumes.iter().rev().find(named) {
                None => name.not_found(errors),
                Some(volume) if volume.at(&["emptyDir"]).is_null() => {
                    name.bad(errors, name.str(), "referenced volume must be of type emptyDir");
                }
                Some(_) => {}
            }
        }
    });
}
