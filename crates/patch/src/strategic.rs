//! Strategic merge patch: a merge patch that knows which lists are merged by key, and takes directives.
//!
//! Entry point: [`strategic_merge`].  Directives are `$patch: replace|delete` in an object or list item,
//! `$deleteFromPrimitiveList/field`, `$setElementOrder/field` and `$retainKeys`.

mod list;
mod lookup;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use api::{ApiError, Map, Value};
use schema::{Message, Type};

use crate::{
    go_text::{go_string_text, go_text, go_type},
    plain_error,
};
use list::merge_list;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_ITEMS: &str = "$deleteFromPrimitiveList";
const SET_ORDER: &str = "$setElementOrder";

/// Applies a strategic merge patch to a document of kind `message`.
///
/// Directives and dropped nulls are taken out of `patch` on the way; what is left, as [`crate::go_text`] prints it, is
/// what upstream shows when the patched document cannot be decoded.
///
/// # Errors
/// 400 for a malformed directive or a patch that is no object, 422 for lists of lists, 500 with upstream's text for
/// anything else that cannot be merged.
pub fn strategic_merge(doc: Value, patch: &mut Value, message: &'static Message) -> Result<Value, ApiError> {
    let patch = match patch {
        Value::Null => return Ok(doc),
        Value::Object(patch) => patch,
        other => {
            let what = other.type_name();
            let text =
                format!("json: cannot unmarshal {what} into Go value of type map[string]interface {{}}");
            return Err(ApiError::bad_request(text));
        }
    };
    let Value::Object(doc) = doc else { return Err(plain_error("invalid JSON document")) };
    merge_object(doc, patch, Type::Message(message)).map(Value::Object)
}

fn merge_object(mut doc: Map, patch: &mut Map, ty: Type) -> Result<Map, ApiError> {
    if let Some(directive) = patch.get(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => {
                patch.remove(DIRECTIVE);
                Ok(patch.clone())
            }
            Some("delete") => Ok(Map::new()),
            _ => Err(unknown_directive(&Value::Object(patch.clone()))),
        };
    }
    retain_keys(&mut doc, patch)?;
    list::merge_ordered(&mut doc, patch, ty)?;
    let mut removed = HashSet::new();
    for (key, change) in patch.iter_mut() {
        let (name, deletes) = match directive_target(key, DELETE_ITEMS) {
            None => (key, false),
            Some(Some(name)) => (name, true),
            Some(None) => return Err(ApiError::bad_request("invalid patch format of primitive list")),
        };
        if change.is_null() {
            removed.insert(name.to_owned());
        } else {
            if removed.remove(name) {
                doc.remove(name);
            }
            merge_member(&mut doc, name, change, ty, deletes)?;
        }
    }
    // All at once, because removing one by one is quadratic.
    if !removed.is_empty() {
        doc.retain(|key, _| !removed.contains(key));
    }
    Ok(doc)
}

/// Merges `change` into the member `name`; `deletes` when it lists scalars to take out.
fn merge_member(
    doc: &mut Map,
    name: &str,
    change: &mut Value,
    ty: Type,
    deletes: bool,
) -> Result<(), ApiError> {
    let merged = match (doc.get_mut(name).map(Value::take), &mut *change) {
        (Some(Value::Object(old)), Value::Object(change)) => {
            let field = lookup::field(ty, name)?;
            if field.patch.replace {
                Some(Value::Object(change.clone()))
            } else {
                Some(Value::Object(merge_object(old, change, field.ty)?))
            }
        }
        (Some(Value::Array(old)), Value::Array(change)) => {
            let (strategy, item) = lookup::list(ty, name)?;
            Some(Value::Array(merge_list(old, change, item, strategy, deletes)?))
        }
        (Some(old), _) if deletes => Some(old),
        (None, _) if deletes => return Ok(()),
        _ => new_value(change),
    };
    match merged {
        Some(value) => {
            doc.insert(name, value);
        }
        None => {
            doc.remove(name);
        }
    }
    Ok(())
}

/// The value that `change` adds where there was none to merge with; `None` when it is a directive itself.
fn new_value(change: &mut Value) -> Option<Value> {
    drop_nulls(change);
    match change {
        // Items that are directives stay in the patch, for what is shown of it.
        Value::Array(items) => {
            let kept = items.iter_mut().filter_map(|item| drop_directives(item).then(|| item.clone()));
            Some(Value::Array(kept.collect()))
        }
        change => drop_directives(change).then(|| change.clone()),
    }
}

/// Removes null members of objects at any depth.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => map.retain(|_, v| {
            drop_nulls(v);
            !v.is_null()
        }),
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Removes objects that carry a directive, at any depth; false when `value` itself is one.
fn drop_directives(value: &mut Value) -> bool {
    match value {
        Value::Object(map) if map.contains_key(DIRECTIVE) => return false,
        Value::Object(map) => map.retain(|_, v| drop_directives(v)),
        Value::Array(items) => items.retain_mut(drop_directives),
        _ => {}
    }
    true
}

/// `Some(Some(field))` for `prefix/field`, `Some(None)` for another key that begins with `prefix`.
fn directive_target<'a>(key: &'a str, prefix: &str) -> Option<Option<&'a str>> {
    let rest = key.strip_prefix(prefix)?;
    Some(rest.strip_prefix('/'))
}

/// Applies `$retainKeys`: members of the document that the directive does not list go.
fn retain_keys(doc: &mut Map, patch: &mut Map) -> Result<(), ApiError> {
    let Some(directive) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let malformed = || ApiError::bad_request("invalid patch format of retainKeys");
    let keys: HashSet<&str> =
        directive.as_array().ok_or_else(malformed)?.iter().filter_map(Value::as_str).collect();
    let listed = patch.iter().all(|(key, value)| {
        value.is_null() || key.starts_with(DELETE_ITEMS) || key.starts_with(SET_ORDER) || keys.contains(key)
    });
    if !listed {
        return Err(malformed());
    }
    doc.retain(|key, _| keys.contains(key));
    Ok(())
}

fn unknown_directive(map: &Value) -> ApiError {
    let directive = go_string_text(map.at(&[DIRECTIVE]));
    plain_error(format!("unknown patch type: {directive} in map: {}", go_text(map)))
}

fn no_merge_key(map: &Value, key: &str) -> ApiError {
    plain_error(format!("map: {} does not contain declared merge key: {key}", go_text(map)))
}

fn wrong_type(expected: &Value, actual: &Value) -> ApiError {
    plain_error(format!("expected a {}, but received a {}", go_type(expected), go_type(actual)))
}
