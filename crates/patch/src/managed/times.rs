//! Writes that change nothing but the times of managed fields.
//!
//! Entry point: [`keep_times`].

use api::Value;

/// Puts the old times back when `new` differs from `old` in nothing but the times of its managed fields, so that the
/// write turns out to change nothing.  Call it after the kind's strategy prepared `new`, with both encoded.
pub fn keep_times(old: &Value, new: &mut Value) {
    const PATH: [&str; 2] = ["metadata", "managedFields"];
    let (before, after) = (old.array_at(&PATH), new.array_at(&PATH));
    if before.len() != after.len()
        || before == after
        || !before.iter().zip(after).all(|(a, b)| same_but_time(a, b))
    {
        return;
    }
    let before = Value::Array(before.to_vec());
    let slot = new.object_at_mut(&["metadata"]).entry("managedFields");
    let after = std::mem::replace(slot, before);
    if new != old {
        *new.object_at_mut(&["metadata"]).entry("managedFields") = after;
    }
}

fn same_but_time(a: &Value, b: &Value) -> bool {
    let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else { return false };
    let covers =
        |a: &api::Map, b: &api::Map| a.iter().all(|(name, v)| name == "time" || b.get(name) == Some(v));
    covers(a, b) && covers(b, a)
}
