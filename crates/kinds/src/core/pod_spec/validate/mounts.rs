//! Where containers see the volumes of their pod.
//!
//! Entry points: [`mounts`] and [`devices`].

use std::collections::BTreeSet;

use api::field::Errors;

use super::Facts;
use crate::Cursor;
use crate::core::volume_sources::{has_backsteps, local_descending_path};

/// All failures of `volumeMounts`.
pub(super) fn mounts(container: &Cursor, facts: &Facts, errors: &mut Errors) {
    let (list, devices) = (container.child("volumeMounts"), container.child("volumeDevices"));
    let mut seen = BTreeSet::new();
    for mount in list.items() {
        let (name, path) = (mount.child("name"), mount.child("mountPath"));
        if name.is_empty() {
            name.required(errors, "");
        }
        if !facts.volumes.contains_key(name.str()) {
            name.not_found(errors);
        }
        if path.is_empty() {
            path.required(errors, "");
        }
        if !seen.insert(path.str()) {
            path.bad(errors, path.str(), "must be unique");
        }
        if devices.items().any(|device| device.text("name") == name.str()) {
            name.bad(errors, name.str(), "must not already exist in volumeDevices");
        }
        if last_paths(&devices, "devicePath").contains(path.str()) {
            path.bad(errors, path.str(), "must not already exist as a path in volumeDevices");
        }
        parts(&mount, &list, errors);
        propagation(&mount, &list, container, errors);
        recursive_read_only(&mount, &list, errors);
    }
}

/// The paths of a list by name; of two with the same name upstream knows the last.
fn last_paths<'a>(list: &Cursor<'a, '_>, path: &str) -> BTreeSet<&'a str> {
    let items = list.list();
    let is_last =
        |i: usize, name: &str| !items.iter().skip(i + 1).any(|later| later.str_at(&["name"]) == name);
    let last = items.iter().enumerate().filter(|(i, item)| is_last(*i, item.str_at(&["name"])));
    last.map(|(_, item)| item.str_at(&[path])).collect()
}

/// Failures below stand at the list, as upstream has it, but for one.
fn parts(mount: &Cursor, list: &Cursor, errors: &mut Errors) {
    let path = list.path().to_string();
    let at = Cursor::at(&path, mount.value());
    let (part, expression) = (mount.text("subPath"), mount.text("subPathExpr"));
    if !part.is_empty() {
        local_descending_path(&at.child("subPath"), errors);
    }
    if !expression.is_empty() {
        if !part.is_empty() {
            let why = "subPathExpr and subPath are mutually exclusive";
            mount.child("subPathExpr").bad(errors, expression, why);
        }
        local_descending_path(&at.child("subPathExpr"), errors);
    }
}

fn propagation(mount: &Cursor, list: &Cursor, container: &Cursor, errors: &mut Errors) {
    let path = list.path().to_string();
    let at = Cursor::at(&path, mount.value());
    let mode = at.child("mountPropagation");
    if !mode.is_set() {
        return;
    }
    mode.one_of(errors, &["Bidirectional", "HostToContainer", "None"]);
    if mode.str() == "Bidirectional" && !container.child("securityContext").flag("privileged") {
        mode.forbidden(errors, "Bidirectional mount propagation is available only to privileged containers");
    }
}

fn recursive_read_only(mount: &Cursor, list: &Cursor, errors: &mut Errors) {
    let path = list.path().to_string();
    let at = Cursor::at(&path, mount.value());
    let mode = at.child("recursiveReadOnly");
    if !mode.is_set() {
        return;
    }
    mode.one_of(errors, &["Disabled", "Enabled", "IfPossible"]);
    if !matches!(mode.str(), "Enabled" | "IfPossible") {
        return;
    }
    if !mount.flag("readOnly") {
        mode.forbidden(errors, "may only be specified when readOnly is true");
    }
    if mount.has("mountPropagation") && mount.text("mountPropagation") != "None" {
        mode.forbidden(errors, "may only be specified when mountPropagation is None or not specified");
    }
}

/// All failures of `volumeDevices`.
pub(super) fn devices(container: &Cursor, facts: &Facts, errors: &mut Errors) {
    let (list, mounts) = (container.child("volumeDevices"), container.child("volumeMounts"));
    let (mut paths, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for device in list.items() {
        let (name, path) = (device.child("name"), device.child("devicePath"));
        if name.is_empty() {
            name.required(errors, "");
        }
        if seen.contains(name.str()) {
            name.bad(errors, name.str(), "must be unique");
        }
        match facts.volumes.get(name.str()) {
            None => name.not_found(errors),
            Some(volume)
                if volume.get("persistentVolumeClaim").is_none() && volume.get("ephemeral").is_none() =>
            {
                let why =
                    "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                name.bad(errors, name.str(), why);
            }
            Some(_) => {}
        }
        if path.is_empty() {
            path.required(errors, "");
        }
        if paths.contains(path.str()) {
            path.bad(errors, path.str(), "must be unique");
        }
        if has_backsteps(path.str()) {
            path.bad(errors, path.str(), "can not contain backsteps ('..')");
        } else {
            paths.insert(path.str());
        }
        if mounts.items().any(|mount| mount.text("name") == name.str()) {
            name.bad(errors, name.str(), "must not already exist in volumeMounts");
        }
        if last_paths(&mounts, "mountPath").contains(path.str()) {
            path.bad(errors, path.str(), "must not already exist as a path in volumeMounts");
        }
        if !name.is_empty() {
            seen.insert(name.str());
        }
    }
}
