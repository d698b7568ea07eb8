//! Protobuf bytes to values.

use api::{Map, Value};
use schema::{Field, Message, Presence, SchemaOr, Type};

use super::DecodeError;
use super::special;
use super::wire::{Reader, wire_type};

type Result<T> = std::result::Result<T, DecodeError>;

/// How deep messages may nest.  Only schemas of custom resources recurse at all.
const MAX_DEPTH: usize = 250;

/// Reads a message.
pub(super) fn message(bytes: &[u8], message: &'static Message) -> Result<Value> {
    let mut map = Map::new();
    Decoder { depth: 0 }.fields(&mut map, bytes, message, &[])?;
    Ok(Value::Object(map))
}

struct Decoder {
    depth: usize,
}

/// What a number means inside a message, or inside a structure embedded there.
enum Meaning {
    Field(&'static Field),
    Embedded,
}

/// What a number means; `next` is where the field behind the one found last is, which is mostly the one looked for.
fn meaning(message: &'static Message, via: &[u32], number: u32, next: &mut usize) -> Option<Meaning> {
    let length = message.fields.len();
    let candidates = message.fields.iter().enumerate().cycle().skip(*next).take(length);
    for (at, field) in candidates {
        let mut holders = field.via.iter().map(|v| v.number);
        if !via.iter().all(|n| holders.next() == Some(*n)) {
            continue;
        }
        let holder = holders.next();
        if holder.unwrap_or(field.number) == number {
            *next = at + 1;
            return Some(if holder.is_some() { Meaning::Embedded } else { Meaning::Field(field) });
        }
    }
    None
}

impl Decoder {
    /// Reads the fields of a message, or those of the structure that the numbers `via` lead to, into `map`.
    fn fields(&mut self, map: &mut Map, bytes: &[u8], message: &'static Message, via: &[u32]) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(DecodeError::new("proto: exceeded max depth"));
        }
        let mut reader = Reader::new(bytes, message.short_name());
        let mut next = 0;
        while let Some((number, wire_type)) = reader.tag()? {
            match meaning(message, via, number, &mut next) {
                None => reader.skip(wire_type)?,
                Some(Meaning::Field(field)) => self.field(map, &mut reader, field, wire_type)?,
                Some(Meaning::Embedded) => {
                    let inner: Vec<u32> = via.iter().copied().chain([number]).collect();
                    let content = content(&mut reader, wire_type, message.short_name())?;
                    self.fields(map, content, message, &inner)?;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn field(
        &mut self,
        map: &mut Map,
        reader: &mut Reader,
        field: &'static Field,
        wire_type: u8,
    ) -> Result<()> {
        let name = go_name(field);
        match &field.ty {
            Type::List(item) => self.item(map.entry(field.name), reader, item, wire_type, name),
            Type::Map(item) => self.entry(map.entry(field.name), reader, item, wire_type, name),
            ty => {
                let value = self.single(reader, ty, wire_type, name, map.get_mut(field.name))?;
                // What `omitempty` leaves out; canonicalisation would do it later.
                let kept = field.presence != Presence::OmitEmpty || field.pointer;
                if kept || matches!(ty, Type::IntOrString) || !is_zero(&value) {
                    map.insert(field.name, value);
                }
                Ok(())
            }
        }
    }

    /// Reads one item of a list, or a packed run of them.
    fn item(
        &mut self,
        list: &mut Value,
        reader: &mut Reader,
        ty: &Type,
        wire_type: u8,
        name: &str,
    ) -> Result<()> {
        if list.is_null() {
            *list = Value::Array(Vec::new());
        }
        let Some(items) = list.as_array_mut() else { return Ok(()) };
        let packed = wire_type == wire_type::BYTES && matches!(ty, Type::Bool | Type::Int32 | Type::Int64);
        if !packed {
            items.push(self.single(reader, ty, wire_type, name, None)?);
            return Ok(());
        }
        let mut run = Reader::new(reader.bytes()?, "");
        while !run.is_empty() {
            items.push(integer(run.varint()?, ty));
        }
        Ok(())
    }

    /// Reads one entry of a map.
    fn entry(
        &mut self,
        map: &mut Value,
        reader: &mut Reader,
        ty: &Type,
        wire_type: u8,
        name: &str,
    ) -> Result<()> {
        let mut entry = Reader::new(content(reader, wire_type, name)?, "");
        let mut key = api::Str::default();
        let mut value = None;
        while let Some((number, wire_type)) = entry.tag()? {
            match number {
                1 => key = special::repaired(content(&mut entry, wire_type, name)?),
                2 => value = Some(self.single(&mut entry, ty, wire_type, name, None)?),
                _ => entry.skip(wire_type)?,
            }
        }
        map.make_object().insert(key, value.map_or_else(|| zero(ty), Ok)?);
        Ok(())
    }

    /// Reads a value that is neither list nor map.  A structure that came before is added to.
    fn single(
        &mut self,
        reader: &mut Reader,
        ty: &Type,
        wire_type: u8,
        name: &str,
        before: Option<&mut Value>,
    ) -> Result<Value> {
        match ty {
            Type::Bool | Type::Int32 | Type::Int64 => {
                expect(wire_type, wire_type::VARINT, name)?;
                Ok(integer(reader.varint()?, ty))
            }
            Type::Double => {
                expect(wire_type, wire_type::FIXED64, name)?;
                let number = f64::from_bits(reader.fixed64()?);
                if !number.is_finite() {
                    return Err(DecodeError::new(format!("json: unsupported value: {number}")));
                }
                Ok(Value::Float(number))
            }
            ty => {
                let content = content(reader, wire_type, name)?;
                match ty {
                    Type::String => Ok(Value::String(special::repaired(content))),
                    Type::Bytes => Ok(special::to_base64(content)),
                    Type::Message(inner) => self.structure(content, inner, before),
                    Type::StringList => strings(content),
                    Type::JsonSchemaOr(alternative, inner) => self.schema_or(content, *alternative, inner),
                    special => special::decode(content, special),
                }
            }
        }
    }

    fn structure(
        &mut self,
        bytes: &[u8],
        message: &'static Message,
        before: Option<&mut Value>,
    ) -> Result<Value> {
        let mut value = before.map(Value::take).unwrap_or_default();
        self.fields(value.make_object(), bytes, message, &[])?;
        Ok(value)
    }

    fn schema_or(&mut self, bytes: &[u8], alternative: SchemaOr, inner: &'static Message) -> Result<Value> {
        let schema_number = if alternative == SchemaOr::Bool { 2 } else { 1 };
        let mut reader = Reader::new(bytes, "JSONSchemaPropsOr");
        let (mut schema, mut list, mut allows) = (None, Vec::new(), false);
        while let Some((number, wire_type)) = reader.tag()? {
            match (number, alternative) {
                (n, _) if n == schema_number => {
                    let content = content(&mut reader, wire_type, "Schema")?;
                    schema = Some(self.structure(content, inner, schema.as_mut())?);
                }
                (1, SchemaOr::Bool) => {
                    expect(wire_type, wire_type::VARINT, "Allows")?;
                    allows = reader.varint()? != 0;
                }
                (2, SchemaOr::Array) => {
                    let content = content(&mut reader, wire_type, "JSONSchemas")?;
                    list.push(self.structure(content, inner, None)?);
                }
                (2, SchemaOr::StringArray) => {
                    list.push(special::repaired(content(&mut reader, wire_type, "Property")?).into());
                }
                _ => reader.skip(wire_type)?,
            }
        }
        Ok(match (alternative, schema) {
            (SchemaOr::Bool, schema) => schema.unwrap_or(Value::Bool(allows)),
            (_, _) if !list.is_empty() => Value::Array(list),
            (_, schema) => schema.unwrap_or_default(),
        })
    }
}

/// The name of a field in errors: that of its type where Go embeds it.
fn go_name(field: &'static Field) -> &'static str {
    match &field.ty {
        Type::Message(message) if field.name == "metadata" => message.short_name(),
        _ => field.name,
    }
}

/// The bytes of a length-delimited field.
fn content<'a>(reader: &mut Reader<'a>, wire_type: u8, name: &str) -> Result<&'a [u8]> {
    expect(wire_type, wire_type::BYTES, name)?;
    reader.bytes()
}

fn expect(wire_type: u8, expected: u8, name: &str) -> Result<()> {
    if wire_type == expected {
        return Ok(());
    }
    let mut letters = name.chars();
    let first = letters.next().unwrap_or_default().to_ascii_uppercase();
    Err(DecodeError::new(format!(
        "proto: wrong wireType = {wire_type} for field {first}{}",
        letters.as_str()
    )))
}

fn integer(v: u64, ty: &Type) -> Value {
    match ty {
        Type::Bool => Value::Bool(v != 0),
        // As Go, which takes the low half.
        Type::Int32 => Value::Int(i64::from(v as i32)),
        _ => Value::Int(v.cast_signed()),
    }
}

fn strings(bytes: &[u8]) -> Result<Value> {
    let mut items = Vec::new();
    let mut reader = Reader::new(bytes, "Items");
    while let Some((number, wire_type)) = reader.tag()? {
        match number {
            1 => items.push(Value::String(special::repaired(content(&mut reader, wire_type, "Items")?))),
            _ => reader.skip(wire_type)?,
        }
    }
    Ok(Value::Array(items))
}

/// The value of a map entry that has none on the wire.
fn zero(ty: &Type) -> Result<Value> {
    Ok(match ty {
        Type::Bool => false.into(),
        Type::Int32 | Type::Int64 => 0.into(),
        Type::Double => 0.0.into(),
        Type::String | Type::Bytes => "".into(),
        Type::StringList => Value::Array(Vec::new()),
        Type::List(_) | Type::Map(_) => Value::Null,
        Type::Message(_) => Value::object(),
        Type::JsonSchemaOr(SchemaOr::Bool, _) => false.into(),
        Type::Quantity => "0".into(),
        special => special::decode(&[], special)?,
    })
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) | Value::Int(0) => true,
        Value::Float(f) => *f == 0.0,
        Value::String(s) => s.is_empty(),
        _ => false,
    }
}
