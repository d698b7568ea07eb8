//! Values to protobuf bytes.

use api::{Map, Value};
use schema::{Field, Message, SchemaOr, Type};

use super::EncodeError;
use super::special;
use super::wire::{put_bytes, put_int, put_nested, put_tag, wire_type};

type Result<T = ()> = std::result::Result<T, EncodeError>;

/// A field of a message and what the value has for it.
type Slot<'a> = (&'static Field, Option<&'a Value>);

static NULL: Value = Value::Null;

/// Writes the fields of a message; `Null` is a structure whose fields are all zero.
pub(super) fn message(out: &mut Vec<u8>, value: &Value, message: &'static Message) -> Result {
    let mut slots: Vec<Slot> = message.fields.iter().map(|f| (f, None)).collect();
    match value {
        Value::Null => {}
        Value::Object(map) => fill(&mut slots, map),
        other => return Err(EncodeError::new("a structure", other.type_name())),
    }
    if !slots.is_sorted_by(|a, b| wire_path(a.0).le(wire_path(b.0))) {
        slots.sort_by(|a, b| wire_path(a.0).cmp(wire_path(b.0)));
    }
    fields(out, &slots, 0)
}

/// Puts each member of the value where its field is.  Canonical values have them in the same order.
fn fill<'a>(slots: &mut [Slot<'a>], map: &'a Map) {
    let mut next = 0;
    for (name, value) in map.iter() {
        let ahead = slots.iter().skip(next).position(|(f, _)| f.name == name).map(|at| next + at);
        let Some(at) = ahead.or_else(|| slots.iter().position(|(f, _)| f.name == name)) else { continue };
        if let Some(slot) = slots.get_mut(at) {
            slot.1 = Some(value);
        }
        next = at + 1;
    }
}

/// Where a field stands on the wire: the numbers of the structures that hold it, then its own.
fn wire_path(field: &Field) -> impl Iterator<Item = u32> {
    field.via.iter().map(|via| via.number).chain([field.number])
}

/// Writes fields that share the first `depth` embedded structures.
fn fields(out: &mut Vec<u8>, slots: &[Slot], depth: usize) -> Result {
    // An embedded structure is a group of all its fields, any other field one of its own.
    let holder = |slot: &Slot| slot.0.via.get(depth).map(|via| via.number);
    for group in slots.chunk_by(|a, b| holder(a).is_some() && holder(a) == holder(b)) {
        let Some(first) = group.first() else { continue };
        match holder(first) {
            Some(0) => {}
            Some(number) => put_nested(out, number, |out| fields(out, group, depth + 1))?,
            None if first.0.number == 0 => {}
            None => field(out, first.0, first.1).map_err(|e| e.inside(first.0.name))?,
        }
    }
    Ok(())
}

fn field(out: &mut Vec<u8>, field: &'static Field, value: Option<&Value>) -> Result {
    let number = field.number;
    match (&field.ty, value.unwrap_or(&NULL)) {
        // An empty alternative to a schema is `null` in JSON, but it is there.
        (ty @ Type::JsonSchemaOr(..), Value::Null) if value.is_some() => single(out, number, &NULL, ty),
        (_, Value::Null) if field.pointer => Ok(()),
        (Type::List(_) | Type::StringList | Type::Map(_) | Type::Bytes, Value::Null) => Ok(()),
        (Type::List(item), Value::Array(items)) => {
            items.iter().try_for_each(|v| single(out, number, v, item))
        }
        (Type::Map(item), Value::Object(map)) => entries(out, number, map, item),
        (Type::List(_), other) => Err(EncodeError::new("a list", other.type_name())),
        (Type::Map(_), other) => Err(EncodeError::new("a map", other.type_name())),
        (ty, value) => single(out, number, value, ty),
    }
}

/// Writes a value that is neither list nor map, zero values included.
fn single(out: &mut Vec<u8>, number: u32, value: &Value, ty: &Type) -> Result {
    match (ty, value) {
        (Type::Bool, Value::Null) => put_int(out, number, 0),
        (Type::Bool, Value::Bool(b)) => put_int(out, number, i64::from(*b)),
        (Type::Int32 | Type::Int64, Value::Null) => put_int(out, number, 0),
        (Type::Int32 | Type::Int64, Value::Int(i)) => put_int(out, number, *i),
        (Type::Double, value) => {
            let float = if value.is_null() { Some(0.0) } else { value.as_f64() };
            put_tag(out, number, wire_type::FIXED64);
            let float = float.ok_or_else(|| EncodeError::new("a number", value.type_name()))?;
            out.extend_from_slice(&float.to_bits().to_le_bytes());
        }
        (Type::String, Value::Null) => put_bytes(out, number, b""),
        (Type::String, Value::String(s)) => put_bytes(out, number, s.as_bytes()),
        (Type::Bytes, value) => put_bytes(out, number, &special::from_base64(value)?),
        (Type::Message(inner), value) => return put_nested(out, number, |out| message(out, value, inner)),
        (Type::StringList, value) => return put_nested(out, number, |out| strings(out, 1, value)),
        (Type::JsonSchemaOr(alternative, inner), value) => {
            return put_nested(out, number, |out| schema_or(out, value, *alternative, inner));
        }
        (Type::List(_) | Type::Map(_), _) => {
            return Err(EncodeError::new("no list of lists", value.type_name()));
        }
        (Type::Bool, other) => return Err(EncodeError::new("a bool", other.type_name())),
        (Type::Int32 | Type::Int64, other) => return Err(EncodeError::new("an integer", other.type_name())),
        (Type::String, other) => return Err(EncodeError::new("a string", other.type_name())),
        (special, value) => return put_nested(out, number, |out| special::encode(out, value, special)),
    }
    Ok(())
}

/// Writes a map as one message an entry, sorted by key.
fn entries(out: &mut Vec<u8>, number: u32, map: &Map, item: &Type) -> Result {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    for (key, value) in entries {
        put_nested(out, number, |out| {
            put_bytes(out, 1, key.as_bytes());
            if matches!(item, Type::Bytes) && value.is_null() {
                return Ok(());
            }
            single(out, 2, value, item)
        })?;
    }
    Ok(())
}

fn strings(out: &mut Vec<u8>, number: u32, value: &Value) -> Result {
    match value {
        Value::Null => Ok(()),
        Value::Array(items) => items.iter().try_for_each(|item| single(out, number, item, &Type::String)),
        other => Err(EncodeError::new("a list", other.type_name())),
    }
}

/// The unions of `JSONSchemaProps`: number 1 and 2 are a schema and its alternative, the other way round for booleans.
fn schema_or(out: &mut Vec<u8>, value: &Value, alternative: SchemaOr, inner: &'static Message) -> Result {
    let schema_number = if alternative == SchemaOr::Bool { 2 } else { 1 };
    if alternative == SchemaOr::Bool {
        put_int(out, 1, i64::from(!matches!(value, Value::Bool(false) | Value::Null)));
    }
    match (alternative, value) {
        (_, Value::Object(_)) => put_nested(out, schema_number, |out| message(out, value, inner)),
        (SchemaOr::Array, Value::Array(schemas)) => {
            schemas.iter().try_for_each(|schema| single(out, 2, schema, &Type::Message(inner)))
        }
        (SchemaOr::StringArray, list @ Value::Array(_)) => strings(out, 2, list),
        (_, Value::Null) | (SchemaOr::Bool, Value::Bool(_)) => Ok(()),
        (_, other) => Err(EncodeError::new("a schema or its alternative", other.type_name())),
    }
}
