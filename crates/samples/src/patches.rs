//! Patches of all sorts for an object, right and wrong ones.
//!
//! Entry points: [`merge`], [`strategic`], [`json`].

use api::{Map, Value, object};
use schema::{Field, Message, Type};

use crate::{Dice, anything};

/// A merge patch made of another object of the same kind.
pub fn merge(dice: &mut Dice<'_>, mut other: Value) -> Value {
    thin(dice, &mut other);
    other
}

/// A strategic merge patch for `doc`, with directives, made of another object of the same kind.
pub fn strategic(dice: &mut Dice<'_>, doc: &Value, mut other: Value, message: &'static Message) -> Value {
    thin(dice, &mut other);
    direct(dice, doc, &mut other, message);
    other
}

/// The operations of a JSON patch for `doc`; most of their pointers lead somewhere.
pub fn json(dice: &mut Dice<'_>, doc: &Value) -> Value {
    (0..1 + dice.below(4)).map(|_| operation(dice, doc)).collect::<Vec<_>>().into()
}

/// Leaves members out of an object and sets others to null.
pub fn thin(dice: &mut Dice<'_>, value: &mut Value) {
    match value {
        Value::Object(map) => {
            let key =
                |name: &str| matches!(name, "name" | "kind" | "apiVersion" | "metadata" | "uid" | "type");
            map.retain(|name, _| key(name) || !dice.one_in(3));
            for (name, value) in map.iter_mut() {
                if !key(name) && dice.one_in(8) {
                    *value = Value::Null;
                }
                thin(dice, value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| thin(dice, item)),
        _ => {}
    }
}

/// Puts directives of a strategic merge patch in.
fn direct(dice: &mut Dice<'_>, doc: &Value, patch: &mut Value, message: &'static Message) {
    let Value::Object(map) = patch else { return };
    let mut more = Map::new();
    for (name, value) in map.iter_mut() {
        let Some(field) = message.field(name) else { continue };
        let there = doc.get(name).cloned().unwrap_or_default();
        match (&field.ty, &mut *value) {
            (Type::Message(inner), Value::Object(_)) => direct(dice, &there, value, inner),
            (Type::List(item), Value::Array(items)) if field.patch.merge => {
                direct_items(dice, field, item, there.as_array().unwrap_or(&[]), items, &mut more);
            }
            _ => {}
        }
    }
    for (name, value) in more {
        map.insert(name, value);
    }
    if dice.one_in(16) {
        map.insert("$patch", dice.pick(&["replace", "delete", "merge"]).into());
    }
    if dice.one_in(12) {
        let names: Vec<Value> = map.keys().filter(|name| !name.starts_with('$')).map(Value::from).collect();
        map.insert("$retainKeys", names.into());
    }
}

fn direct_items(
    dice: &mut Dice<'_>,
    field: &Field,
    item: &'static Type,
    there: &[Value],
    items: &mut Vec<Value>,
    more: &mut Map,
) {
    let key = field.patch.merge_key;
    let name = |item: &Value| match key {
        "" => Some(item.clone()),
        _ => item.get(key).map(|value| object! { key => value.clone() }),
    };
    let mut order: Vec<Value> = Vec::new();
    for item in there.iter().chain(items.iter()).filter_map(name) {
        if !order.contains(&item) {
            order.push(item);
        }
    }
    if dice.one_in(3) {
        if dice.one_in(2) {
            dice.shuffle(&mut order);
        }
        more.insert(format!("$setElementOrder/{}", field.name), order.into());
    }
    if key.is_empty() {
        if dice.one_in(3) && !there.is_empty() {
            let gone = vec![dice.pick(there)];
            more.insert(format!("$deleteFromPrimitiveList/{}", field.name), gone.into());
        }
        return;
    }
    let Type::Message(message) = item else { return };
    for item in items.iter_mut() {
        let same = there.iter().find(|other| other.get(key) == item.get(key)).cloned().unwrap_or_default();
        direct(dice, &same, item, message);
        if dice.one_in(8) {
            item.set_at(&["$patch"], dice.pick(&["delete", "delete", "replace"]));
        }
    }
    if dice.one_in(10) {
        let at = dice.below(items.len() + 1);
        items.insert(at, object! { "$patch" => "replace" });
    }
}

fn operation(dice: &mut Dice<'_>, doc: &Value) -> Value {
    let op = dice.pick(&["add", "remove", "replace", "move", "copy", "test"]);
    let mut operation = object! { "op" => op, "path" => pointer(dice, doc) };
    if matches!(op, "move" | "copy") {
        operation.set_at(&["from"], pointer(dice, doc));
    }
    if matches!(op, "add" | "replace" | "test") && !dice.one_in(12) {
        let value = if dice.one_in(4) { Value::Null } else { anything(dice, 2) };
        operation.set_at(&["value"], value);
    }
    operation
}

fn pointer(dice: &mut Dice<'_>, doc: &Value) -> String {
    let (mut path, mut here) = (String::new(), doc);
    loop {
        if dice.one_in(6) {
            return path;
        }
        match here {
            Value::Object(map) => {
                let mut names: Vec<&str> = map.keys().collect();
                names.push("new");
                let name = dice.pick(&names);
                path.push_str(&format!("/{}", name.replace('~', "~0").replace('/', "~1")));
                let Some(next) = map.get(name) else { return path };
                here = next;
            }
            Value::Array(items) => {
                let at = dice.below(items.len() + 1);
                let spelled = if dice.one_in(5) {
                    dice.pick(&["-", "-1", "01", "x"]).to_owned()
                } else {
                    at.to_string()
                };
                path.push_str(&format!("/{spelled}"));
                match items.get(at) {
                    Some(next) if spelled == at.to_string() => here = next,
                    _ => return path,
                }
            }
            _ => return path,
        }
    }
}
