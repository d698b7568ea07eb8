//! Equality of objects as upstream's `apiequality.Semantic` sees it.
//!
//! Entry points: [`semantic`], [`immutable`].

use api::{Map, Value, field};

use crate::{Cursor, meta};

/// True when two values mean the same: a missing member, `null` and an empty list are one.
///
/// Both sides are expected in canonical form, so that zero values that Go leaves out, empty maps included, are gone
/// already; an empty object that is left is a structure somebody set and differs from a missing one.
pub fn semantic(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => members(x, y),
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| semantic(x, y))
        }
        _ => a == b || (is_empty(a) && is_empty(b)),
    }
}

/// Reports a value that differs from the one it had.
pub(crate) fn immutable(new: &Cursor, old: &Value, errors: &mut field::Errors) {
    if !semantic(new.value(), old) {
        new.invalid(errors, meta::IMMUTABLE);
    }
}

fn members(a: &Map, b: &Map) -> bool {
    let common = a.iter().all(|(key, value)| match b.get(key) {
        Some(other) => semantic(value, other),
        None => is_empty(value),
    });
    common && b.iter().all(|(key, value)| is_empty(value) || a.contains_key(key))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn empties_are_equal_and_values_are_not() {
        let a = object! { "n" => 1, "l" => Vec::<i64>::new(), "z" => Value::Null };
        assert!(semantic(&a, &object! { "n" => 1 }));
        assert!(semantic(&object! { "n" => 1 }, &a));
        assert!(!semantic(&a, &object! { "n" => 2 }));
        assert!(!semantic(&a, &object! { "n" => 1, "b" => false }));
        assert!(!semantic(&object! { "selector" => object! {} }, &Value::object()));
        assert!(!semantic(&vec![1, 2].into(), &vec![1].into()));
    }
}
