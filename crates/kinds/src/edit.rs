//! Small edits of objects that preparation and defaulting share.

use api::{Map, Value};

/// The items of the list at the end of a path, to change.
pub(crate) fn objects_mut<'a>(value: &'a mut Value, path: &[&str]) -> impl Iterator<Item = &'a mut Value> {
    let list = path.iter().try_fold(value, |v, key| v.get_mut(key)).and_then(Value::as_array_mut);
    list.into_iter().flatten()
}

/// The object member `name` of a map, to change; `None` when it is missing or null.
pub(crate) fn member_mut<'a>(map: &'a mut Map, name: &str) -> Option<&'a mut Map> {
    map.get_mut(name).and_then(Value::as_object_mut)
}

/// Gives `new` the value that `old` has at a path, or none when `old` has none.
pub(crate) fn carry_over(new: &mut Value, old: &Value, path: &[&str]) {
    let kept = old.at(path);
    if kept.is_null() {
        new.remove_at(path);
    } else {
        new.set_at(path, kept.clone());
    }
}

/// Sets the generation.
pub(crate) fn set_generation(object: &mut Value, generation: i64) {
    object.set_at(&["metadata", "generation"], generation);
}
