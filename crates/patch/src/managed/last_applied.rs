//! The annotation client-side `kubectl apply` keeps its last configuration in: it lets `kubectl` move to server-side
//! apply without conflicts, and is kept up to date afterwards.
//!
//! Entry points: [`allowed_conflicts`], [`refresh`].

use api::{Map, Value, json};

use super::{compare::compare, set::FieldSet, to_set::field_set, validate::validate, view::TypeView};

/// The manager that server-side `kubectl apply` names itself.
pub(super) const KUBECTL: &str = "kubectl";

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// How many bytes all annotations of an object may have.
const MAX_ANNOTATIONS: usize = 256 * 1024;

fn last_applied(object: &Value) -> Option<&str> {
    object.at(&["metadata", "annotations", ANNOTATION]).as_str().filter(|text| !text.is_empty())
}

/// The fields of `live` that are as client-side apply left them; `None` when that cannot be told.
pub(super) fn allowed_conflicts<V: TypeView>(view: V, live: &Value, api_version: &str) -> Option<FieldSet> {
    let applied = codec::json::parse(last_applied(live)?.as_bytes()).ok()?.value;
    if applied.str_at(&["apiVersion"]) != api_version || !validate(view, &applied).is_empty() {
        return None;
    }
    let differences = compare(view, &applied, live).ok()?;
    Some(field_set(view, &applied).difference(&differences.changed).difference(&differences.removed))
}

/// Brings the annotation of `object`, if it has one, up to date with the configuration just applied.
pub(super) fn refresh(object: &mut Value, mut config: Value) {
    if last_applied(object).is_none() {
        return;
    }
    without_annotation(&mut config);
    crate::sort_deep(&mut config);
    let mut text = json::to_string(&config);
    text.push('\n');
    let annotations = object.object_at_mut(&["metadata", "annotations"]);
    annotations.insert(ANNOTATION, text.into());
    if size(annotations) > MAX_ANNOTATIONS {
        annotations.remove(ANNOTATION);
    }
}

/// Takes the annotation out of a configuration; null counts as no annotations, and as the empty text of one.
fn without_annotation(config: &mut Value) {
    const PATH: [&str; 2] = ["metadata", "annotations"];
    match config.at(&PATH) {
        Value::Object(_) => config.object_at_mut(&PATH).retain(|name, value| {
            if value.is_null() {
                *value = "".into();
            }
            name != ANNOTATION
        }),
        _ => drop(config.remove_at(&PATH)),
    }
}

fn size(annotations: &Map) -> usize {
    annotations.iter().map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum()
}
