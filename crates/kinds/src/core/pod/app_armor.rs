//! AppArmor profiles given by the annotation of old.
//!
//! Entry points: [`fields_from_annotations`] copies them into the fields of today (KEP-24), [`warnings`] says so.

use api::{Value, object};

use super::super::pod_spec::CONTAINER_LISTS;
use crate::edit::objects_mut;

/// What comes before the container's name in the key.
pub(crate) const KEY_PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Longest name of a profile on the node, in bytes.
const PROFILE_MAX: usize = 4095;

/// Gives each container without a profile the one its annotation names, unless the pod's profile is the same.
pub(super) fn fields_from_annotations(pod: &mut Value) {
    if pod.str_at(&["spec", "os", "name"]) == "windows" || !has_annotation(pod) {
        return;
    }
    let annotations = pod.at(&["metadata", "annotations"]).clone();
    let of_pod = pod.at(&["spec", "securityContext", "appArmorProfile"]).clone();
    for list in CONTAINER_LISTS {
        for container in objects_mut(pod, &["spec", list]) {
            let given = annotations.str_at(&[&key(container)]);
            let own = container.at(&["securityContext", "appArmorProfile"]).is_null();
            if let Some(profile) = profile(given).filter(|profile| own && *profile != of_pod) {
                container.set_at(&["securityContext", "appArmorProfile"], profile);
            }
        }
    }
}

/// Texts for annotations that are used, or that make no profile; `pod` has been through
/// [`fields_from_annotations`].
pub(super) fn warnings(pod: &Value) -> Vec<String> {
    if pod.str_at(&["spec", "os", "name"]) == "windows" || !has_annotation(pod) {
        return Vec::new();
    }
    let containers = CONTAINER_LISTS.iter().flat_map(|list| pod.array_at(&["spec", list]));
    let outdated = containers.filter(|container| {
        let given = pod.at(&["metadata", "annotations", &key(container)]);
        let used = container.at(&["securityContext", "appArmorProfile"]);
        let named = given.as_str().map(profile);
        named.is_some_and(|named| named.map_or(used.is_null(), |named| *used == named))
    });
    outdated
        .map(|c| {
            format!(
                "metadata.annotations[{}]: deprecated since v1.30; use the \"appArmorProfile\" field instead",
                key(c)
            )
        })
        .collect()
}

fn has_annotation(pod: &Value) -> bool {
    let annotations = pod.at(&["metadata", "annotations"]).as_object();
    annotations.is_some_and(|map| map.keys().any(|key| key.starts_with(KEY_PREFIX)))
}

fn key(container: &Value) -> String {
    format!("{KEY_PREFIX}{}", container.str_at(&["name"]))
}

/// The profile an annotation names, if it names a sound one.
pub(crate) fn profile(annotation: &str) -> Option<Value> {
    match annotation {
        "unconfined" => Some(object! { "type" => "Unconfined" }),
        "runtime/default" => Some(object! { "type" => "RuntimeDefault" }),
        _ => {
            let name = annotation.strip_prefix("localhost/")?;
            let sound = !name.is_empty() && name.trim() == name && name.len() <= PROFILE_MAX;
            sound.then(|| object! { "type" => "Localhost", "localhostProfile" => name })
        }
    }
}
