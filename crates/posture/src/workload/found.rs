//! Pods in objects of kinds that are not Kubernetes' own: rollouts, services of Knative, jobs of operators, templates,
//! and built-in kinds under a version that is none.  Entry points: [`may_hold`], [`pods_in`].

use admission::pod_security::Pod;
use api::Value;
use evidence::Object;

use crate::edit::{Path, Step};

/// How deep a pod may be buried.
const MAX_DEPTH: usize = 32;

/// How many pods of one object are looked at.
const MAX_PODS: usize = 256;

/// Groups whose objects describe pods without making any: patterns of policies, schemas.
const DESCRIBING: [&str; 8] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "constraints.gatekeeper.sh",
    "kyverno.io",
    "mutations.gatekeeper.sh",
    "policies.kubewarden.io",
    "policies.kyverno.io",
    "templates.gatekeeper.sh",
];

/// A pod, and the way to its specification.
pub(crate) struct Found<'a> {
    pub path: Path,
    pub pod: Pod<'a>,
}

impl Found<'_> {
    /// The way as the name of a field.
    pub(crate) fn name(&self) -> String {
        let mut name = String::new();
        for step in &self.path {
            match step {
                Step::Item(i) => name.push_str(&format!("[{i}]")),
                Step::Key(key) if name.is_empty() => name.push_str(key),
                Step::Key(key) => name.extend([".", key]),
            }
        }
        name
    }
}

/// False for objects that speak of pods and make none.
pub(super) fn may_hold(object: &Object) -> bool {
    !DESCRIBING.contains(&object.group())
}

/// Every pod specification in an object, in the order of the text.
pub(crate) fn pods_in(value: &Value) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    let Value::Object(map) = value else { return found };
    let mut path = Path::new();
    members(map, map.get("metadata").unwrap_or(&Value::Null), &mut path, &mut found);
    found
}

/// `metadata` is what stands beside a specification.
fn members<'a>(map: &'a api::Map, metadata: &'a Value, path: &mut Path, found: &mut Vec<Found<'a>>) {
    for (key, value) in map.iter() {
        // What the object says of itself, and what others say of it.
        if path.is_empty() && (key == "metadata" || key == "status") {
            continue;
        }
        let metadata = if key == "spec" { metadata } else { &Value::Null };
        step(Step::Key(key.to_owned()), value, metadata, path, found);
    }
}

fn step<'a>(step: Step, value: &'a Value, metadata: &'a Value, path: &mut Path, found: &mut Vec<Found<'a>>) {
    if path.len() >= MAX_DEPTH || found.len() >= MAX_PODS {
        return;
    }
    path.push(step);
    match value {
        Value::Object(_) if is_pod_spec(value, path) => {
            found.push(Found { path: path.clone(), pod: Pod { metadata, spec: value } });
        }
        Value::Object(map) => members(map, map.get("metadata").unwrap_or(&Value::Null), path, found),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                self::step(Step::Item(i), item, &Value::Null, path, found);
            }
        }
        _ => {}
    }
    path.pop();
}

/// A list of containers, at least one with an image; in a template names are enough.
fn is_pod_spec(value: &Value, path: &[Step]) -> bool {
    let containers = value.array_at(&["containers"]);
    let have = |member: &'static str| move |container: &Value| !container.str_at(&[member]).is_empty();
    containers.iter().all(|container| container.as_object().is_some())
        && (containers.iter().any(have("image"))
            || !containers.is_empty() && in_template(path) && containers.iter().all(have("name")))
}

fn in_template(path: &[Step]) -> bool {
    match path {
        [.., Step::Key(template), Step::Key(spec)] => {
            spec == "spec" && template.to_ascii_lowercase().ends_with("template")
        }
        _ => false,
    }
}
