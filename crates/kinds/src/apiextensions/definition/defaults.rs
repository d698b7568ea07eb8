//! Defaults in a schema: whether they hold fields that the schema does not know.
//!
//! Entry point: [`check`].

use api::{Map, Value, field};

use crate::Cursor;

/// Reports defaults of a structural schema that would lose something when pruned.
pub(super) fn check(root: &Cursor, errors: &mut field::Errors) {
    walk(root, true, false, errors);
}

fn walk(s: &Cursor, is_root: bool, inside_meta: bool, errors: &mut field::Errors) {
    let embedded = is_root || s.flag("x-kubernetes-embedded-resource");
    let inside_meta = inside_meta && !embedded;
    let default = s.child("default");
    if default.is_set() && !inside_meta && !is_pruned(default.value(), Some(s.value()), embedded, false) {
        default.invalid(errors, "must not have unknown fields");
    }
    // There are no defaults inside of additionalProperties.
    let items = s.child("items");
    if items.map().is_some() {
        walk(&items, false, inside_meta, errors);
    }
    for (name, property) in s.child("properties").entries() {
        let meta = inside_meta || (embedded && is_meta(name));
        walk(&property, false, meta, errors);
    }
}

fn is_meta(name: &str) -> bool {
    matches!(name, "metadata" | "apiVersion" | "kind")
}

/// True when the schema specifies every field of the value.  `keep` lets others stay, as `preserve-unknown-fields` does.
fn is_pruned(value: &Value, schema: Option<&Value>, embedded: bool, keep: bool) -> bool {
    let flag = |name: &str| schema.is_some_and(|schema| schema.at(&[name]).as_bool() == Some(true));
    let preserve = keep || flag("x-kubernetes-preserve-unknown-fields");
    let embedded = embedded || flag("x-kubernetes-embedded-resource");
    let inner = |schema: &'_ Value| schema.as_object().is_some();
    match value {
        Value::Object(map) => {
            let Some(schema) = schema else { return map.is_empty() };
            let additional = schema.at(&["additionalProperties"]);
            let field = |(name, value): (&str, &Value)| {
                if embedded && is_meta(name) {
                    return true;
                }
                match schema.at(&["properties", name]) {
                    Value::Null if additional.is_null() => preserve,
                    Value::Null => {
                        is_pruned(value, Some(additional).filter(|schema| inner(schema)), false, false)
                    }
                    property => is_pruned(value, Some(property), false, false),
                }
            };
            Map::iter(map).all(field)
        }
        Value::Array(items) => {
            let schema = schema.map(|schema| schema.at(&["items"])).filter(|schema| inner(schema));
            (preserve && schema.is_none())
                || items.iter().all(|item| is_pruned(item, schema, false, preserve))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    fn faults(schema: &Value) -> Vec<String> {
        let mut errors = field::Errors::new();
        check(&Cursor::at("s", schema), &mut errors);
        errors.0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn unknown_fields_in_defaults() {
        let spec = |extra: &[(&str, Value)], default: Value| {
            let mut spec = object! { "properties" => object! { "a" => object! { "type" => "string" } } };
            extra.iter().for_each(|(name, value)| spec.set_at(&[name], value.clone()));
            spec.set_at(&["default"], default);
            object! { "properties" => object! { "spec" => spec } }
        };
        assert_eq!(faults(&spec(&[], object! { "a" => "x" })), [""; 0]);
        let bad = faults(&spec(&[], object! { "b" => "x" }));
        assert_eq!(
            bad,
            ["s.properties[spec].default: Invalid value: {\"b\":\"x\"}: must not have unknown fields"]
        );
        let preserve = [("x-kubernetes-preserve-unknown-fields", Value::from(true))];
        assert_eq!(faults(&spec(&preserve, object! { "b" => "x" })), [""; 0]);
        let embedded = [("x-kubernetes-embedded-resource", Value::from(true))];
        assert_eq!(faults(&spec(&embedded, object! { "kind" => "x" })), [""; 0]);
    }
}
