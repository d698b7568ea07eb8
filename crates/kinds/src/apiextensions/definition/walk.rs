//! The schemas inside of a schema.
//!
//! Entry points: [`inner`] and [`any`].

use api::{Map, Value};

/// Members that hold one schema; some of them may hold a truth value or a list instead.
const ONE: [&str; 4] = ["items", "not", "additionalProperties", "additionalItems"];
const LISTS: [&str; 4] = ["items", "allOf", "anyOf", "oneOf"];
const MAPS: [&str; 4] = ["properties", "patternProperties", "definitions", "dependencies"];

/// The schemas directly inside of one.
pub(super) fn inner(schema: &Value) -> impl Iterator<Item = &Value> {
    let one = ONE.iter().map(|name| schema.at(&[name]));
    let lists = LISTS.iter().flat_map(|name| schema.array_at(&[name]));
    let maps = MAPS.iter().filter_map(|name| schema.at(&[name]).as_object()).flat_map(Map::values);
    one.chain(lists).chain(maps).filter(|value| value.as_object().is_some())
}

/// Whether the schema or one inside of it, however deep, is such.
pub(super) fn any(schema: &Value, wanted: &dyn Fn(&Value) -> bool) -> bool {
    let mut open = vec![schema];
    while let Some(schema) = open.pop() {
        if wanted(schema) {
            return true;
        }
        open.extend(inner(schema));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn all_places_are_searched() {
        let leaf = object! { "title" => "x" };
        for outer in [
            object! { "items" => leaf.clone() },
            object! { "items" => vec![leaf.clone()] },
            object! { "additionalProperties" => leaf.clone() },
            object! { "anyOf" => vec![object! { "not" => leaf.clone() }] },
            object! { "properties" => object! { "p" => object! { "definitions" => object! { "d" => leaf.clone() } } } },
        ] {
            assert!(any(&outer, &|schema| schema.str_at(&["title"]) == "x"));
            assert!(!any(&outer, &|schema| schema.str_at(&["title"]) == "y"));
        }
        assert!(!any(&object! { "additionalProperties" => true }, &|schema| schema.as_bool() == Some(true)));
    }
}
