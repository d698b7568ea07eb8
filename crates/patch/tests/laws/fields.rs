//! The fields of an object by the rules of the documentation, worked out without the code under test: a second opinion
//! on who owns what.

use std::collections::{BTreeMap, BTreeSet};

use api::{Map, Value, json};
use schema::{Field, ListType, Message, Type};

/// A path as `fieldsV1` spells it: `f:spec`, `k:{"name":"a"}`, `v:"x"`.
pub type Path = Vec<String>;

/// What lies at a path: a value that is owned as a whole, or `None` for an item or map entry with fields of its own.
pub type Fields = BTreeMap<Path, Option<Value>>;

/// Members that nobody owns.
const UNOWNED: &[&[&str]] = &[
    &["f:apiVersion"],
    &["f:kind"],
    &["f:metadata"],
    &["f:metadata", "f:name"],
    &["f:metadata", "f:namespace"],
    &["f:metadata", "f:creationTimestamp"],
    &["f:metadata", "f:uid"],
    &["f:metadata", "f:managedFields"],
];

/// All fields of an object that can be owned, but for objects without members.  Members of no type (raw JSON) are left out, with what is below them.
pub fn of(object: &Value, message: &'static Message) -> Fields {
    let mut out = Fields::new();
    if let Some(map) = object.as_object() {
        members(map, message, &mut Vec::new(), &mut out);
    }
    let empty = |value: &Option<Value>| value.as_ref().and_then(Value::as_object).is_some_and(Map::is_empty);
    out.retain(|path, value| !empty(value) && !UNOWNED.iter().any(|unowned| path == unowned));
    out
}

/// True when a path leads to or into a member of no type.
pub fn is_free(path: &[String], message: &'static Message) -> bool {
    let mut ty = Type::Message(message);
    for step in path {
        ty = match (ty, step.strip_prefix("f:")) {
            (Type::Message(message), Some(name)) => match message.field(name) {
                Some(field) => field.ty,
                None => return true,
            },
            (Type::Map(item), Some(_)) => *item,
            (Type::List(item), None) => *item,
            _ => return false,
        };
        if no_type(&ty) {
            return true;
        }
    }
    false
}

fn no_type(ty: &Type) -> bool {
    matches!(ty, Type::FieldsV1 | Type::RawExtension | Type::Json | Type::JsonSchemaOr(..))
        || matches!(ty, Type::Map(inner) | Type::List(inner) if no_type(inner))
}

fn members(map: &Map, message: &'static Message, path: &mut Path, out: &mut Fields) {
    for (name, value) in map.iter() {
        let Some(field) = message.field(name) else { continue };
        path.push(format!("f:{name}"));
        field_value(value, field, path, out);
        path.pop();
    }
}

fn field_value(value: &Value, field: &'static Field, path: &mut Path, out: &mut Fields) {
    match (&field.ty, field.list, value) {
        (ty, ..) if no_type(ty) => {}
        (Type::List(item), ListType::Map(keys), Value::Array(items)) => {
            for value in items {
                path.push(key(value, item, keys));
                if matches!(item, Type::Message(message) if message.atomic) {
                    out.insert(path.clone(), Some(value.clone()));
                } else {
                    out.insert(path.clone(), None);
                    inside(value, item, path, out);
                }
                path.pop();
            }
        }
        (Type::List(_) | Type::StringList, ListType::Set, Value::Array(items)) => {
            for value in items {
                path.push(format!("v:{}", json::to_string(value)));
                out.insert(path.clone(), Some(value.clone()));
                path.pop();
            }
        }
        (Type::Message(_) | Type::Map(_), ListType::Atomic, _) => {
            out.insert(path.clone(), Some(value.clone()));
        }
        (Type::Message(message), list, _) if message.atomic && list != ListType::Granular => {
            out.insert(path.clone(), Some(value.clone()));
        }
        (Type::Message(_), _, Value::Object(map)) | (Type::Map(_), _, Value::Object(map))
            if !map.is_empty() =>
        {
            inside(value, &field.ty, path, out);
        }
        _ => {
            out.insert(path.clone(), Some(value.clone()));
        }
    }
}

/// What is inside of a structure or a map.
fn inside(value: &Value, ty: &'static Type, path: &mut Path, out: &mut Fields) {
    let Some(map) = value.as_object() else { return };
    match ty {
        Type::Message(message) => members(map, message, path, out),
        Type::Map(item) => {
            for (name, value) in map.iter() {
                path.push(format!("f:{name}"));
                let structured = matches!((item, value), (Type::Message(_) | Type::Map(_), Value::Object(m)) if !m.is_empty());
                out.insert(path.clone(), (!structured).then(|| value.clone()));
                inside(value, item, path, out);
                path.pop();
            }
        }
        _ => {}
    }
}

fn key(value: &Value, item: &Type, keys: &[&str]) -> String {
    let mut map = Map::new();
    for key in keys {
        let default = || match item {
            Type::Message(message) => {
                let text = message.field(key).and_then(|field| field.default);
                text.map_or(Value::Null, |text| text.trim_matches('"').into())
            }
            _ => Value::Null,
        };
        let value = value.get(key).cloned().unwrap_or_else(default);
        if !value.is_null() {
            map.insert(*key, value);
        }
    }
    map.sort();
    format!("k:{}", json::to_string(&map.into()))
}

/// The paths of a `fieldsV1`.
pub fn paths(fields_v1: &Value) -> BTreeSet<Path> {
    let mut out = BTreeSet::new();
    collect(fields_v1, &mut Vec::new(), &mut out);
    out
}

fn collect(node: &Value, path: &mut Path, out: &mut BTreeSet<Path>) {
    for (step, below) in node.as_object().into_iter().flat_map(Map::iter) {
        if step == "." {
            out.insert(path.clone());
            continue;
        }
        path.push(step.to_owned());
        if below.as_object().is_some_and(Map::is_empty) {
            out.insert(path.clone());
        }
        collect(below, path, out);
        path.pop();
    }
}

/// The paths that a manager owns in an object, by operation; empty when it has no entry.
pub fn owned(object: &Value, manager: &str, operation: &str) -> BTreeSet<Path> {
    let entries = object.array_at(&["metadata", "managedFields"]);
    let mine =
        |entry: &&Value| entry.str_at(&["manager"]) == manager && entry.str_at(&["operation"]) == operation;
    entries.iter().find(mine).map(|entry| paths(entry.at(&["fieldsV1"]))).unwrap_or_default()
}
