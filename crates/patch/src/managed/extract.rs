//! What one manager applied, taken out of an object.
//!
//! Entry point: [`extract`].

use api::{Map, Value};

use super::{entries::Managed, entries::Operation, remove::keep, view::TypeView};

/// The part of `object` that `manager` applied through `subresource` (`""` for the object itself), with `apiVersion`
/// and `kind`; `None` when it has applied nothing.
///
/// # Errors
/// Says why the object's managed fields cannot be read.
pub fn extract<V: TypeView>(
    view: V,
    object: &Value,
    manager: &str,
    subresource: &str,
) -> Result<Option<Value>, String> {
    let managed = Managed::decode(object.at(&["metadata", "managedFields"]))?;
    let entry = managed.entries.into_iter().find(|entry| {
        let by = &entry.manager;
        by.operation == Operation::Apply && by.name == manager && by.subresource == subresource
    });
    let Some(entry) = entry else { return Ok(None) };
    let part = keep(view, object.clone(), &entry.fields.leaves());
    let mut out = Map::new();
    for name in ["apiVersion", "kind"] {
        out.insert(name, object.at(&[name]).clone());
    }
    if let Value::Object(members) = part {
        for (name, value) in members {
            out.insert(name, value);
        }
    }
    Ok(Some(Value::Object(out)))
}
