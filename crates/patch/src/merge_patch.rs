//! JSON merge patch (RFC 7386).
//!
//! Entry point: [`merge_patch()`].

use std::collections::HashSet;

use api::{ApiError, Map, Value};

use crate::sort_deep;

/// Applies a merge patch: members of the patch replace those of the document, `null` removes, objects merge.
///
/// Time is linear in the document and the patch.  Members of every object the patch reaches come out sorted by key, as
/// upstream writes them (its decode errors show the patched text).  A list as patch becomes the result as it is.
///
/// # Errors
/// 400 when the patch is neither an object nor a list.
pub fn merge_patch(doc: Value, patch: Value) -> Result<Value, ApiError> {
    match (doc, patch) {
        (Value::Object(mut doc), Value::Object(patch)) => {
            merge_members(&mut doc, patch);
            Ok(Value::Object(doc))
        }
        (_, mut patch @ (Value::Object(_) | Value::Array(_))) => {
            prune(&mut patch);
            sort_deep(&mut patch);
            Ok(patch)
        }
        _ => Err(ApiError::bad_request("Invalid JSON Patch")),
    }
}

fn merge_members(doc: &mut Map, patch: Map) {
    // Removed in one go at the end, because removing one by one is quadratic.
    let mut removed = HashSet::new();
    for (key, change) in patch {
        match (doc.get_mut(&key), change) {
            (None, Value::Null) => {}
            (Some(_), Value::Null) => {
                removed.insert(key);
            }
            (Some(Value::Object(inner)), Value::Object(change)) => merge_members(inner, change),
            // Upstream keeps nulls nested in what replaces an object, and only there.
            (Some(slot @ Value::Object(_)), change) => *slot = change,
            (Some(slot), change) => *slot = added(change),
            (None, change) => {
                doc.insert(key, added(change));
            }
        }
    }
    if !removed.is_empty() {
        doc.retain(|key, _| !removed.contains(key));
    }
    doc.sort();
}

/// A value the document did not have: without the nulls in its objects.
fn added(mut value: Value) -> Value {
    prune(&mut value);
    sort_deep(&mut value);
    value
}

/// Removes `null` members of objects at any depth; `null` items of lists stay.
fn prune(value: &mut Value) {
    match value {
        Value::Object(map) => map.retain(|_, v| {
            prune(v);
            !v.is_null()
        }),
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use api::{json, object};

    use super::*;

    fn check(doc: Value, patch: Value, expect: &str) {
        let got = merge_patch(doc, patch).map(|v| json::to_string(&v)).unwrap_or_else(|e| e.message);
        assert_eq!(got, expect);
    }

    #[test]
    fn merges_replaces_and_removes() {
        let doc = || object! { "b" => object! { "x" => 1, "y" => 2 }, "a" => vec![1, 2], "n" => Value::Null };
        check(doc(), object! {}, r#"{"a":[1,2],"b":{"x":1,"y":2},"n":null}"#);
        check(
            doc(),
            object! { "b" => object! { "x" => Value::Null, "z" => 3 } },
            r#"{"a":[1,2],"b":{"y":2,"z":3},"n":null}"#,
        );
        check(
            doc(),
            object! { "a" => vec![9], "b" => Value::Null, "c" => Value::Null },
            r#"{"a":[9],"n":null}"#,
        );
        check(
            doc(),
            object! { "n" => object! { "p" => Value::Null, "o" => 1 } },
            r#"{"a":[1,2],"b":{"x":1,"y":2},"n":{"o":1}}"#,
        );
        check(doc(), object! { "b" => 7 }, r#"{"a":[1,2],"b":7,"n":null}"#);
    }

    #[test]
    fn a_patch_that_is_no_object() {
        check(object! {}, Value::Null, "Invalid JSON Patch");
        check(object! {}, Value::from("x"), "Invalid JSON Patch");
        check(object! { "a" => 1 }, vec![object! { "b" => Value::Null }, Value::Null].into(), "[{},null]");
    }

    #[test]
    fn huge_maps_take_linear_time() {
        let doc: Map = (0..200_000).map(|i| (format!("k{i}"), Value::from(i))).collect();
        let patch: Map = (0..199_999).map(|i| (format!("k{i}"), Value::Null)).collect();
        check(doc.into(), patch.into(), r#"{"k199999":199999}"#);
    }
}
