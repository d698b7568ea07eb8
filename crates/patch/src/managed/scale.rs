//! Managed fields of the `scale` subresource: those of the parent that own its number of replicas, as owners of
//! `spec.replicas` of the scale.
//!
//! Entry points: [`entries_of_scale`] before the scale is written, [`entries_of_parent`] after.

use api::{Str, Value};

use super::{
    element::Element,
    entries::{Entry, Managed},
    set::FieldSet,
};

const SCALE_VERSION: &str = "autoscaling/v1";

/// Where a version of the parent has its number of replicas: its `apiVersion` and the names on the way.
pub type ReplicasPath<'a> = (&'a str, &'a [&'a str]);

fn steps(path: &[&str]) -> Vec<Element> {
    path.iter().map(|name| Element::field(*name)).collect()
}

fn path_in(version: &str, paths: &[ReplicasPath]) -> Option<Vec<Element>> {
    paths.iter().find(|(known, _)| *known == version).map(|(_, path)| steps(path))
}

fn replicas_of_scale() -> Vec<Element> {
    steps(&["spec", "replicas"])
}

fn set_of(path: &[Element]) -> FieldSet {
    let mut set = FieldSet::new();
    set.insert(path);
    set
}

/// `metadata.managedFields` of a scale, from that of its parent; `None` when nobody owns the replicas.
///
/// # Errors
/// Says why the parent's entries cannot be read.
pub fn entries_of_scale(parent: &Value, paths: &[ReplicasPath]) -> Result<Option<Value>, String> {
    let mut scale = Managed::default();
    for entry in Managed::decode(parent)?.entries {
        let Some(path) = path_in(&entry.api_version, paths) else { continue };
        if !path.is_empty() && entry.fields.has(&path) {
            let fields = set_of(&replicas_of_scale());
            scale.entries.push(Entry { api_version: SCALE_VERSION.into(), fields, ..entry });
        }
    }
    Ok(scale.encode())
}

/// `metadata.managedFields` of a parent in `version`, after its scale was written and has the entries `scale`.
///
/// # Errors
/// Says why entries cannot be read.
pub fn entries_of_parent(
    parent: &Value,
    scale: &Value,
    version: &str,
    paths: &[ReplicasPath],
) -> Result<Option<Value>, String> {
    let mut scale = Managed::decode(scale)?.entries;
    let mut out = Managed::default();
    let parent = Managed::decode(parent)?;
    for mut entry in parent.entries.iter().cloned() {
        let Some(path) = path_in(&entry.api_version, paths) else { continue };
        if !path.is_empty() && entry.fields.has(&path) {
            match scale.iter().position(|e| e.manager == entry.manager) {
                Some(at) => drop(scale.swap_remove(at)),
                // Somebody else wrote the replicas.
                None => entry.fields = entry.fields.difference(&set_of(&path)),
            }
        }
        if !entry.fields.is_empty() {
            out.set(entry);
        }
    }
    let Some(path) = path_in(version, paths) else { return Ok(out.encode()) };
    for entry in scale.into_iter().filter(|e| e.fields.has(&replicas_of_scale())) {
        let time: Option<Str> = parent.get(&entry.manager).and_then(|e| e.time.clone());
        out.set(Entry { api_version: version.into(), fields: set_of(&path), time, ..entry });
    }
    Ok(out.encode())
}
