//! Whether an applied configuration conforms to the schema, with upstream's texts.
//!
//! Entry point: [`validate`].

use std::collections::BTreeSet;

use api::Value;

use super::{
    element::Element,
    items::element_of,
    scalar,
    view::{List, Object, Relation, TypeView},
};

/// Checks that `value` conforms to its type, lists without double items included: all failures with their paths.
pub(super) fn validate<V: TypeView>(view: V, value: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    check(view, value, &mut String::new(), &mut errors);
    errors
}

/// All failures in upstream's one text.
pub(super) fn join_errors(errors: &[String]) -> String {
    match errors {
        [one] => one.clone(),
        many => format!("errors:\n  {}", many.join("\n  ")),
    }
}

fn check<V: TypeView>(view: V, value: &Value, path: &mut String, errors: &mut Vec<String>) {
    let atom = view.atom().deduce(Some(value));
    match (atom.map, atom.scalar, atom.list) {
        (Some(object), ..) => check_object(view, object, value, path, errors),
        (None, Some(scalar), _) => {
            if let Some(text) = scalar::mismatch(scalar, value) {
                report(path, &text, errors);
            }
        }
        (None, None, Some(list)) => check_list(view, list, value, path, errors),
        (None, None, None) => report(path, "schema error: invalid atom: inlined", errors),
    }
}

fn report(path: &str, text: &str, errors: &mut Vec<String>) {
    errors.push(if path.is_empty() { text.to_owned() } else { format!("{path}: {text}") });
}

fn check_object<V: TypeView>(
    view: V,
    object: Object<V>,
    value: &Value,
    path: &mut String,
    errors: &mut Vec<String>,
) {
    let map = match value {
        Value::Object(map) => map,
        Value::Null => return,
        other => return report(path, &format!("expected map, got {}", scalar::go_value(other)), errors),
    };
    for (name, value) in map.iter() {
        let depth = path.len();
        path.push('.');
        path.push_str(name);
        match view.field(name).or(object.other) {
            Some(ty) => check(ty, value, path, errors),
            None => {
                report(path, "field not declared in schema", errors);
                path.truncate(depth);
                return;
            }
        }
        path.truncate(depth);
    }
}

fn check_list<V: TypeView>(
    view: V,
    list: List<V>,
    value: &Value,
    path: &mut String,
    errors: &mut Vec<String>,
) {
    let values = match value {
        Value::Array(values) => values,
        Value::Null => return,
        other => return report(path, &format!("expected list, got {}", scalar::go_value(other)), errors),
    };
    let mut seen = BTreeSet::new();
    for (i, value) in values.iter().enumerate() {
        let element = match list.relation {
            Relation::Atomic => Ok(Element::Index(i64::try_from(i).unwrap_or(i64::MAX))),
            relation => element_of(view, list.item, relation, value),
        };
        let element = match element {
            Ok(element) => element,
            Err(text) => return report(path, &format!("element {i}: {text}"), errors),
        };
        if list.relation != Relation::Atomic && seen.contains(&element) {
            report(path, &format!("duplicate entries for key {element}"), errors);
        }
        let depth = path.len();
        path.push_str(&element.to_string());
        check(list.item, value, path, errors);
        path.truncate(depth);
        seen.insert(element);
    }
}
