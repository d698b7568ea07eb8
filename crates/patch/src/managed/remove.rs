//! Objects without, or with only, the fields of a set.
//!
//! Entry points: [`remove`], [`keep`].

use api::{Map, Value};

use super::{
    element::Element,
    items::element_of,
    set::{FieldSet, Node},
    view::{List, Object, Relation, TypeView},
};

/// `value` without the fields and items of `set`; what becomes empty stays as an empty object or list.
pub(super) fn remove<V: TypeView>(view: V, value: Value, set: &FieldSet) -> Value {
    walk(view, value, set, Mode::Remove)
}

/// `value` with only the fields and items of `set`.
pub(super) fn keep<V: TypeView>(view: V, value: Value, set: &FieldSet) -> Value {
    walk(view, value, set, Mode::Keep)
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Remove,
    Keep,
}

/// What is left of a value; null for nothing.
fn walk<V: TypeView>(view: V, value: Value, set: &FieldSet, mode: Mode) -> Value {
    let atom = view.atom().deduce(Some(&value));
    match (atom.map, atom.scalar, atom.list) {
        (Some(object), ..) => members(view, object, value, set, mode),
        (None, Some(_), _) => value,
        (None, None, Some(list)) => items(view, list, value, set, mode),
        (None, None, None) => Value::Null,
    }
}

/// What is left of a value that is atomic or empty, of which no part can be taken.
fn whole(value: Value, mode: Mode) -> Value {
    if mode == Mode::Keep { value } else { Value::Null }
}

fn members<V: TypeView>(view: V, object: Object<V>, value: Value, set: &FieldSet, mode: Mode) -> Value {
    let map = match value {
        Value::Object(map) if object.atomic || map.is_empty() => return whole(Value::Object(map), mode),
        Value::Object(map) => map,
        _ => return Value::Null,
    };
    let mut out = Map::with_capacity(map.len());
    let mut matched = false;
    for (name, value) in map {
        let left = |value, walk: &dyn Fn(V, Value) -> Value| {
            view.field(&name).or(object.other).map_or(Value::Null, |ty| walk(ty, value))
        };
        match (set.get(&Element::Field(name.clone())), mode) {
            (Some(Node { member: true, .. }), Mode::Remove) | (None, Mode::Keep) => {}
            (None, Mode::Remove) => {
                out.insert(name, value);
            }
            (Some(Node { member: true, .. }), Mode::Keep) => {
                let value = left(value, &|ty, value| walk(ty, value, set, mode));
                out.insert(name, value);
            }
            (Some(node), _) => {
                matched = true;
                let value = left(value, &|ty, value| part(ty, value, &node.children, mode));
                out.insert(name, value);
            }
        }
    }
    if out.is_empty() && !(matched && mode == Mode::Remove) { Value::Null } else { Value::Object(out) }
}

/// What is left of a value parts of which are in the set.
fn part<V: TypeView>(ty: V, value: Value, set: &FieldSet, mode: Mode) -> Value {
    let empty = match &value {
        Value::Object(_) => Value::object(),
        Value::Array(_) => Value::Array(Vec::new()),
        _ => Value::Null,
    };
    match walk(ty, value, set, mode) {
        Value::Null if mode == Mode::Remove => empty,
        left => left,
    }
}

fn items<V: TypeView>(view: V, list: List<V>, value: Value, set: &FieldSet, mode: Mode) -> Value {
    let values = match value {
        Value::Array(values) if list.relation == Relation::Atomic || values.is_empty() => {
            return whole(Value::Array(values), mode);
        }
        Value::Array(values) => values,
        _ => return Value::Null,
    };
    let mut out = Vec::with_capacity(values.len());
    let mut matched = false;
    for value in values {
        let element = element_of(view, list.item, list.relation, &value);
        let node = element.ok().and_then(|element| set.get(&element));
        match (node, mode) {
            (Some(Node { member: true, .. }), Mode::Remove) | (None, Mode::Keep) => {}
            (None, Mode::Remove) => out.push(value),
            (Some(node), _) if node.children.is_empty() => out.push(value),
            (Some(node), _) => {
                matched = true;
                out.push(part(list.item, value, &node.children, mode));
            }
        }
    }
    if out.is_empty() && !(matched && mode == Mode::Remove) { Value::Null } else { Value::Array(out) }
}
