//! Annotations that mean something for pods.
//!
//! Entry points: [`pod_specific`], [`match_fields`] (a profile given twice must be the same) and [`changed`].

use api::field::{self, Errors};
use api::{Map, Value};

use super::super::CONTAINER_LISTS;
use super::{Options, each_container};
use crate::Cursor;
use crate::core::pod::app_armor::KEY_PREFIX as APP_ARMOR_PREFIX;
use crate::core::volume_sources;

/// Marks a pod that a kubelet mirrors from a file of its own.
pub(crate) const MIRROR: &str = "kubernetes.io/config.mirror";

const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_PREFIX: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// All failures of the annotations at `path` that mean something for the pod spec.
pub(crate) fn pod_specific(
    annotations: &Value,
    path: &field::Path,
    spec: &Value,
    options: &Options,
    errors: &mut Errors,
) {
    if let Some(mirror) = annotations.get(MIRROR)
        && spec.str_at(&["nodeName"]).is_empty()
    {
        errors.invalid(&path.key(MIRROR), mirror, "must set spec.nodeName if mirror pod annotation is set");
    }
    if !options.lax_deletion_cost && !is_deletion_cost_sound(annotations) {
        errors.invalid(&path.key(DELETION_COST), annotations.at(&[DELETION_COST]), "must be a 32bit integer");
    }
    seccomp_profiles(annotations, path, errors);
    app_armor_profiles(annotations, path, spec, errors);
}

/// True unless there is a deletion cost that is no 32-bit number in plain notation.
pub(crate) fn is_deletion_cost_sound(annotations: &Value) -> bool {
    let Some(cost) = annotations.at(&[DELETION_COST]).as_str() else { return true };
    let plain = cost == "0" || cost.starts_with(|c: char| c == '-' || ('1'..='9').contains(&c));
    plain && cost.parse::<i32>().is_ok()
}

fn members(annotations: &Value) -> impl Iterator<Item = (&str, &str)> {
    let members = annotations.as_object().into_iter().flat_map(Map::iter);
    members.map(|(key, value)| (key, value.as_str().unwrap_or("")))
}

fn seccomp_profiles(annotations: &Value, path: &field::Path, errors: &mut Errors) {
    let pod = members(annotations).filter(|(key, _)| *key == SECCOMP_POD);
    let containers = members(annotations).filter(|(key, _)| key.starts_with(SECCOMP_PREFIX));
    for (key, profile) in pod.chain(containers) {
        let at = path.child(key);
        if matches!(profile, "runtime/default" | "docker/default" | "unconfined") {
            continue;
        }
        match profile.strip_prefix("localhost/") {
            Some(file) => {
                let file = Value::from(file);
                volume_sources::local_descending_path(&Cursor::at(&at.to_string(), &file), errors);
            }
            None => errors.invalid(&at, &profile.into(), "must be a valid seccomp profile"),
        }
    }
}

fn app_armor_profiles(annotations: &Value, path: &field::Path, spec: &Value, errors: &mut Errors) {
    for (key, profile) in members(annotations) {
        let Some(container) = key.strip_prefix(APP_ARMOR_PREFIX) else { continue };
        let mut all = CONTAINER_LISTS.iter().flat_map(|list| spec.array_at(&[list]));
        if !all.any(|c| c.str_at(&["name"]) == container) {
            errors.invalid(&path.key(key), &container.into(), "container not found");
        }
        if !matches!(profile, "" | "runtime/default" | "unconfined") && !profile.starts_with("localhost/") {
            let why = format!("invalid AppArmor profile name: {}", field::go_quote(profile));
            errors.invalid(&path.key(key), &profile.into(), why);
        }
    }
}

/// Reports profiles that an annotation and a field name differently.
pub(crate) fn match_fields(annotations: &Value, spec: &Cursor, errors: &mut Errors) {
    if annotations.as_object().is_none_or(Map::is_empty) {
        return;
    }
    let security = spec.child("securityContext");
    if let Some(given) = annotations.at(&[SECCOMP_POD]).as_str() {
        same_profile(given, &security.child("seccompProfile"), Profile::Seccomp, errors);
    }
    each_container(spec, |container| {
        let key = format!("{SECCOMP_PREFIX}{}", container.text("name"));
        if let Some(given) = annotations.at(&[&key]).as_str() {
            let context = container.child("securityContext");
            same_profile(given, &context.child("seccompProfile"), Profile::Seccomp, errors);
        }
    });
    if spec.value().str_at(&["os", "name"]) != "windows" {
        app_armor_matches(annotations, spec, errors);
    }
}

/// A container without a profile of its own has the pod's.
fn app_armor_matches(annotations: &Value, spec: &Cursor, errors: &mut Errors) {
    let of_pod = spec.value().at(&["securityContext", "appArmorProfile"]);
    each_container(spec, |container| {
        let key = format!("{APP_ARMOR_PREFIX}{}", container.text("name"));
        let Some(given) = annotations.at(&[&key]).as_str() else { return };
        let context = container.child("securityContext");
        let own = context.child("appArmorProfile");
        let path = own.path().to_string();
        let used = if own.is_set() { own.value() } else { of_pod };
        same_profile(given, &Cursor::at(&path, used), Profile::AppArmor, errors);
    });
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Profile {
    Seccomp,
    AppArmor,
}

fn same_profile(given: &str, profile: &Cursor, of: Profile, errors: &mut Errors) {
    let name = if of == Profile::Seccomp { "seccomp" } else { "apparmor" };
    let (kind, file) = (profile.child("type"), profile.child("localhostProfile"));
    let same_kind = match kind.str() {
        "Unconfined" => given == "unconfined",
        "RuntimeDefault" => {
            given == "runtime/default" || (of == Profile::Seccomp && given == "docker/default")
        }
        "Localhost" => given.starts_with("localhost/"),
        _ => return,
    };
    if !same_kind {
        kind.forbidden(errors, &format!("{name} type in annotation and field must match"));
    } else if kind.str() == "Localhost" && given.strip_prefix("localhost/") != file.value().as_str() {
        file.forbidden(errors, &format!("{name} profile in annotation and field must match"));
    }
}

/// Reports annotations that may not change on a pod; both maps stand at `path`.
pub(crate) fn changed(new: &Value, old: &Value, path: &field::Path, errors: &mut Errors) {
    let fixed = |key: &str| match key {
        MIRROR => Some("mirror pod annotation"),
        _ if key.starts_with(APP_ARMOR_PREFIX) => Some("AppArmor annotations"),
        _ => None,
    };
    for (key, value) in members(old).filter(|(key, value)| new.at(&[key]).as_str() != Some(value)) {
        if let Some(what) = fixed(key) {
            let _ = value;
            errors.forbidden(&path.key(key), format!("may not remove or update {what}"));
        }
    }
    for (key, _) in members(new).filter(|(key, _)| old.get(key).is_none()) {
        if let Some(what) = fixed(key) {
            errors.forbidden(&path.key(key), format!("may not add {what}"));
        }
    }
}
