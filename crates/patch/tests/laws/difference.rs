//! The strategic merge patch that leads from one object to another, as a client would work it out.

use api::{Map, Value, object};
use schema::{Field, Message, Type};

/// What no patch can say: raw JSON is seen as a structure without members, and maps only hold scalars.
#[derive(Debug)]
pub struct Unspeakable;

/// The patch from `old` to `new`, which hold no nulls.
pub fn between(old: &Value, new: &Value, message: &'static Message) -> Result<Value, Unspeakable> {
    let empty = Map::new();
    let (old, new) = (old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty));
    let mut patch = Map::new();
    let names: Vec<&str> = old.keys().chain(new.keys().filter(|name| !old.contains_key(name))).collect();
    for name in names {
        let Some(field) = message.field(name) else { return Err(Unspeakable) };
        match (old.get(name), new.get(name)) {
            (Some(before), Some(after)) if before == after => {}
            (Some(before), Some(after)) => member(&mut patch, field, before, after)?,
            (None, Some(after)) => drop(patch.insert(name, after.clone())),
            _ => drop(patch.insert(name, Value::Null)),
        }
    }
    Ok(patch.into())
}

fn member(patch: &mut Map, field: &'static Field, old: &Value, new: &Value) -> Result<(), Unspeakable> {
    let value = match (&field.ty, old, new) {
        (Type::List(item), Value::Array(old), Value::Array(new)) if field.patch.merge => {
            return list(patch, field, item, old, new);
        }
        (Type::RawExtension | Type::Json | Type::FieldsV1 | Type::JsonSchemaOr(..), ..) => {
            return Err(Unspeakable);
        }
        _ if field.patch.replace => new.clone(),
        (Type::Message(message), Value::Object(_), Value::Object(members)) => {
            let mut patch = between(old, new, message)?;
            if field.patch.retain_keys {
                patch.set_at(&["$retainKeys"], members.keys().map(Value::from).collect::<Vec<_>>());
            }
            patch
        }
        (Type::Map(item), Value::Object(old), Value::Object(new)) => entries(item, old, new)?,
        _ => new.clone(),
    };
    patch.insert(field.name, value);
    Ok(())
}

fn entries(item: &'static Type, old: &Map, new: &Map) -> Result<Value, Unspeakable> {
    let mut patch = Map::new();
    for name in old.keys().filter(|name| !new.contains_key(name)) {
        patch.insert(name, Value::Null);
    }
    for (name, after) in new.iter().filter(|(name, after)| old.get(name) != Some(*after)) {
        let value = match (item, old.get(name)) {
            (
                Type::Message(_)
                | Type::Map(_)
                | Type::List(_)
                | Type::StringList
                | Type::Json
                | Type::RawExtension,
                Some(_),
            ) => {
                return Err(Unspeakable);
            }
            _ => after.clone(),
        };
        patch.insert(name, value);
    }
    Ok(patch.into())
}

fn list(
    patch: &mut Map,
    field: &Field,
    item: &'static Type,
    old: &[Value],
    new: &[Value],
) -> Result<(), Unspeakable> {
    let key = field.patch.merge_key;
    if key.is_empty() {
        let gone: Vec<Value> = old.iter().filter(|item| !new.contains(item)).cloned().collect();
        let come: Vec<Value> = new.iter().filter(|item| !old.contains(item)).cloned().collect();
        if !gone.is_empty() {
            patch.insert(format!("$deleteFromPrimitiveList/{}", field.name), gone.into());
        }
        if !come.is_empty() {
            patch.insert(field.name, come.into());
        }
        patch.insert(format!("$setElementOrder/{}", field.name), new.to_vec().into());
        return Ok(());
    }
    let Type::Message(message) = item else { return Err(Unspeakable) };
    let find =
        |items: &[Value], wanted: &Value| items.iter().find(|item| item.get(key) == wanted.get(key)).cloned();
    let named = |item: &Value| object! { key => item.get(key).cloned().unwrap_or_default() };
    if old.iter().chain(new).any(|item| item.get(key).is_none()) {
        return Err(Unspeakable);
    }
    let mut items = Vec::new();
    for item in new {
        match find(old, item) {
            Some(before) if before == *item => {}
            Some(before) => {
                let mut change = between(&before, item, message)?;
                change.set_at(&[key], item.get(key).cloned().unwrap_or_default());
                items.push(change);
            }
            None => items.push(item.clone()),
        }
    }
    for item in old.iter().filter(|item| find(new, item).is_none()) {
        let mut gone = named(item);
        gone.set_at(&["$patch"], "delete");
        items.push(gone);
    }
    if !items.is_empty() {
        patch.insert(field.name, items.into());
    }
    let order: Vec<Value> = new.iter().map(named).collect();
    patch.insert(format!("$setElementOrder/{}", field.name), order.into());
    Ok(())
}
