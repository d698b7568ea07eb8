//! The form Go writes: members in the order of the structure, map keys sorted, zero values left out or filled in as
//! the fields ask for it.  Entry point: [`canonicalize`].

use api::{Map, Str, Value};

use crate::types::{Field, Message, Presence, SchemaOr, Type};

/// Brings an object into exactly the form upstream writes after it was stored: members in upstream's order, map keys
/// sorted, `omitempty` zero values dropped, always-written ones filled in (`status: {}`, `resources: {}`), empty lists
/// and maps as if they were missing, unknown members dropped.  Idempotent.
///
/// The types must fit the catalogue; a value of the wrong type is left alone.
pub fn canonicalize(value: &mut Value, message: &'static Message) {
    canonicalize_with(value, message, Empties::Dropped);
}

/// What becomes of empty lists and maps that were given; in Go an empty slice and none are two things until the object
/// is encoded for the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empties {
    /// They are none at all: the stored form.
    Dropped,
    /// Those of fields without `omitempty` stay: what Go writes of a decoded object.
    Written,
    /// All stay: a decoded object in Go's memory, which validation and defaulting see.
    Held,
}

/// As [`canonicalize`], with a choice about empty lists and maps.
pub fn canonicalize_with(value: &mut Value, message: &'static Message, empties: Empties) {
    structure(value.make_object(), message, empties);
}

/// True when an object holds an empty list or map that [`Empties::Written`] or [`Empties::Dropped`] may take away.
pub fn holds_empties(value: &Value, message: &'static Message) -> bool {
    let Some(map) = value.as_object() else { return false };
    map.iter().any(|(key, value)| message.field(key).is_some_and(|field| empty_inside(value, &field.ty)))
}

fn empty_inside(value: &Value, ty: &Type) -> bool {
    match (ty, value) {
        (Type::Message(message) | Type::JsonSchemaOr(_, message), Value::Object(_)) => {
            holds_empties(value, message)
        }
        (Type::Map(_), Value::Object(map)) if map.is_empty() => true,
        (Type::Map(item), Value::Object(map)) => {
            item.has_members() && map.iter().any(|(_, value)| empty_inside(value, item))
        }
        (Type::List(_) | Type::StringList, Value::Array(items)) if items.is_empty() => true,
        (Type::List(item), Value::Array(items)) => {
            item.has_members() && items.iter().any(|value| empty_inside(value, item))
        }
        _ => false,
    }
}

/// An object as Go writes the zero value of a structure: what is always written, nothing else.
pub fn zero(message: &'static Message) -> Value {
    let mut map = Map::new();
    structure(&mut map, message, Empties::Dropped);
    Value::Object(map)
}

fn structure(map: &mut Map, message: &'static Message, empties: Empties) {
    let mut kept = 0u64;
    let mut in_order = true;
    let mut members = 0u32;
    for (key, value) in map.iter_mut() {
        members += 1;
        if let Some(position) = message.position(key)
            && let Some(field) = message.fields.get(position)
            && keep(value, field, empties)
        {
            let bit = 1u64 << (position as u32 & 63);
            in_order &= kept < bit;
            kept |= bit;
        }
    }
    let wanted = kept | message.index.always;
    if !in_order || kept != wanted || kept.count_ones() != members {
        map.rearrange(|entries| rebuild(entries, message, kept, wanted));
    }
}

/// Puts the members whose bits are in `kept` in order and adds those that are only in `wanted`.
fn rebuild(entries: &mut Vec<(Str, Value)>, message: &'static Message, kept: u64, wanted: u64) {
    let mut sources = [usize::MAX; 64];
    for (i, (key, _)) in entries.iter().enumerate() {
        if let Some(source) = message.position(key).and_then(|p| sources.get_mut(p)) {
            *source = i;
        }
    }
    let mut out = Vec::with_capacity(wanted.count_ones() as usize);
    let places = message.fields.iter().zip(sources).enumerate();
    for (position, (field, source)) in places {
        let bit = 1u64 << (position as u32 & 63);
        if kept & bit != 0
            && let Some(entry) = entries.get_mut(source)
        {
            out.push(std::mem::take(entry));
        } else if wanted & bit != 0 {
            out.push((Str::const_new(field.name), zero_value(field)));
        }
    }
    *entries = out;
}

/// Brings a member's value into form; false when it is not to be written.
fn keep(value: &mut Value, field: &Field, empties: Empties) -> bool {
    settle(value, &field.ty, empties);
    let keeps_empty = match empties {
        Empties::Dropped => false,
        Empties::Written => field.presence != Presence::OmitEmpty,
        Empties::Held => true,
    };
    match value {
        // Upstream holds an empty alternative to a schema apart from none.
        Value::Null => matches!(field.ty, Type::JsonSchemaOr(SchemaOr::Array | SchemaOr::StringArray, _)),
        Value::Bool(false) | Value::Int(0) => field.presence != Presence::OmitEmpty || field.ty.is_struct(),
        Value::Float(f) => *f != 0.0 || field.presence != Presence::OmitEmpty,
        Value::String(s) => !s.is_empty() || field.presence != Presence::OmitEmpty || field.ty.is_struct(),
        Value::Array(items) => !items.is_empty() || field.ty.is_struct() || keeps_empty,
        Value::Object(map) => match field.ty {
            Type::Map(_) => !map.is_empty() || keeps_empty,
            Type::Message(message) if field.presence == Presence::OmitZero => !is_zero(map, message),
            _ => true,
        },
        Value::Bool(true) | Value::Int(_) => true,
    }
}

/// Brings any value into form.
fn settle(value: &mut Value, ty: &Type, empties: Empties) {
    match (ty, &mut *value) {
        (Type::Message(message), Value::Object(map)) => structure(map, message, empties),
        (Type::List(item), Value::Array(items)) if item.has_members() => {
            items.iter_mut().for_each(|i| settle_element(i, item, empties));
        }
        (Type::Map(item), Value::Object(map)) => {
            if item.has_members() {
                map.iter_mut().for_each(|(_, v)| settle_element(v, item, empties));
            }
            if !map.keys().is_sorted() {
                map.sort();
            }
        }
        (Type::JsonSchemaOr(_, message), Value::Object(map)) => structure(map, message, empties),
        (Type::JsonSchemaOr(SchemaOr::Array, message), Value::Array(items)) => {
            items.iter_mut().for_each(|i| settle_element(i, &Type::Message(message), empties));
        }
        _ => {}
    }
    // Neither a schema nor anything else.
    if let (Type::JsonSchemaOr(..), Value::Array(items)) = (ty, &*value)
        && items.is_empty()
    {
        *value = Value::Null;
    }
}

fn settle_element(value: &mut Value, ty: &Type, empties: Empties) {
    if value.is_null() {
        *value = ty.zero_element();
    }
    settle(value, ty, empties);
}

/// True when every member is one that is always written, with its zero value.
fn is_zero(map: &Map, message: &Message) -> bool {
    map.iter().all(|(key, value)| match (message.field(key), value) {
        (Some(Field { ty: Type::Message(inner), pointer: false, .. }), Value::Object(map)) => {
            is_zero(map, inner)
        }
        (Some(field), value) => field.always_written() && *value == zero_value(field),
        (None, _) => true,
    })
}

/// What Go writes for a field that was not set.
fn zero_value(field: &Field) -> Value {
    if field.pointer {
        return Value::Null;
    }
    match &field.ty {
        // Slices and maps that were not set are written as null.
        Type::Bytes | Type::List(_) | Type::StringList | Type::Map(_) => Value::Null,
        Type::Message(message) => zero(message),
        other => other.zero_element(),
    }
}

impl Type {
    /// The zero value as an item of a list or a value of a map.  A structure is an empty object, to be canonicalized.
    pub(crate) fn zero_element(&self) -> Value {
        match self {
            Self::Bool | Self::JsonSchemaOr(SchemaOr::Bool, _) => Value::Bool(false),
            Self::Int32 | Self::Int64 | Self::IntOrString => Value::Int(0),
            Self::Double => Value::Float(0.0),
            Self::String | Self::Bytes => Value::String(Str::default()),
            Self::Duration => Value::String(Str::const_new("0s")),
            Self::Quantity => Value::String(Str::const_new("0")),
            Self::Message(_) => Value::object(),
            Self::Time | Self::MicroTime | Self::FieldsV1 | Self::RawExtension | Self::Json => Value::Null,
            Self::StringList => Value::Array(Vec::new()),
            Self::JsonSchemaOr(..) | Self::List(_) | Self::Map(_) => Value::Null,
        }
    }

    /// True when values of it have something inside to bring into form.
    fn has_members(&self) -> bool {
        matches!(self, Self::Message(_) | Self::List(_) | Self::Map(_) | Self::JsonSchemaOr(..))
    }
}

#[cfg(test)]
mod tests;
