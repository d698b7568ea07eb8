//! The types that are a text or a number in JSON and a message of their own in protobuf: times, quantities, and what
//! holds raw JSON.

use api::quantity::Quantity;
use api::time::{Timestamp, duration};
use api::{Str, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schema::Type;

use super::wire::{Reader, put_bytes, put_int, wire_type};
use super::{DecodeError, EncodeError};
use crate::json;

/// Writes the content of the message that stands for a value; `Null` stands for Go's zero value.
pub(super) fn encode(out: &mut Vec<u8>, value: &Value, ty: &Type) -> Result<(), EncodeError> {
    match ty {
        Type::Time => time(out, value, Timestamp::parse, |_| 0),
        Type::MicroTime => time(out, value, Timestamp::parse_micro, |t| t.nanos() / 1000 * 1000),
        Type::Duration => {
            let nanos =
                if value.is_null() { 0 } else { duration::parse(text(value)?).map_err(|_| bad(value))? };
            put_int(out, 1, nanos);
            Ok(())
        }
        Type::Quantity => {
            put_bytes(out, 1, if value.is_null() { "0" } else { text(value)? }.as_bytes());
            Ok(())
        }
        Type::IntOrString => int_or_string(out, value),
        _ => {
            // FieldsV1, RawExtension, JSON: `null` is the absence of bytes.
            if !value.is_null() {
                put_bytes(out, 1, &api::json::to_vec(value));
            }
            Ok(())
        }
    }
}

fn text(value: &Value) -> Result<&str, EncodeError> {
    value.as_str().ok_or_else(|| bad(value))
}

fn bad(value: &Value) -> EncodeError {
    EncodeError::new("a text of its own form", value.type_name())
}

fn time<E>(
    out: &mut Vec<u8>,
    value: &Value,
    parse: impl Fn(&str) -> Result<Timestamp, E>,
    nanos: impl Fn(Timestamp) -> u32,
) -> Result<(), EncodeError> {
    if value.is_null() {
        return Ok(());
    }
    let instant = parse(text(value)?).map_err(|_| bad(value))?;
    if !instant.is_zero() {
        put_int(out, 1, instant.seconds());
        put_int(out, 2, i64::from(nanos(instant)));
    }
    Ok(())
}

fn int_or_string(out: &mut Vec<u8>, value: &Value) -> Result<(), EncodeError> {
    let (ty, int, text) = match value {
        Value::Null => (0, 0, ""),
        Value::Int(i) => (0, *i, ""),
        Value::String(s) => (1, 0, s.as_str()),
        _ => return Err(EncodeError::new("an integer or a string", value.type_name())),
    };
    put_int(out, 1, ty);
    put_int(out, 2, int);
    put_bytes(out, 3, text.as_bytes());
    Ok(())
}

/// Reads the content of the message that stands for a value.
pub(super) fn decode(bytes: &[u8], ty: &Type) -> Result<Value, DecodeError> {
    match ty {
        Type::Time => Ok(instant(bytes)?.map_or(Value::Null, |t| t.text().into())),
        Type::MicroTime => Ok(instant(bytes)?.map_or(Value::Null, |t| t.micro_text().into())),
        Type::Duration => Ok(duration::format(number(bytes, "Duration", 1)?).into()),
        Type::Quantity => {
            let text = piece(bytes, "Quantity", 1)?.map(repaired).unwrap_or_default();
            let quantity = Quantity::parse(&text).map_err(|e| DecodeError::new(e.to_string()))?;
            Ok(quantity.canonical().into())
        }
        Type::IntOrString => match number(bytes, "IntOrString", 1)? {
            0 => Ok(Value::Int(number(bytes, "IntOrString", 2)? as i32 as i64)),
            1 => Ok(Value::String(piece(bytes, "IntOrString", 3)?.map(repaired).unwrap_or_default())),
            _ => Err(DecodeError::new("impossible IntOrString.Type")),
        },
        _ => raw_json(piece(bytes, "RawExtension", 1)?),
    }
}

fn raw_json(raw: Option<&[u8]>) -> Result<Value, DecodeError> {
    let Some(raw) = raw.filter(|raw| !raw.is_empty()) else { return Ok(Value::Null) };
    match json::parse(raw) {
        Ok(json::Parsed { out_of_range: Some(number), .. }) => Err(DecodeError::new(format!(
            "json: cannot unmarshal number {number} into Go value of type float64"
        ))),
        Ok(parsed) => Ok(parsed.value),
        Err(e) => Err(DecodeError::new(e.to_string())),
    }
}

/// A `Timestamp` message; empty is Go's zero time.
fn instant(bytes: &[u8]) -> Result<Option<Timestamp>, DecodeError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let seconds = number(bytes, "Timestamp", 1)?;
    let nanos = number(bytes, "Timestamp", 2)? as i32;
    let instant = Timestamp::new(seconds, u32::try_from(nanos).unwrap_or(0));
    if !instant.has_text() {
        return Err(DecodeError::new("proto: Timestamp: year outside of range [0,9999]"));
    }
    Ok((!instant.is_zero()).then_some(instant))
}

/// The last varint of field `number`, 0 when there is none.
fn number(bytes: &[u8], message: &'static str, number: u32) -> Result<i64, DecodeError> {
    let mut reader = Reader::new(bytes, message);
    let mut found = 0;
    while let Some((n, wire_type)) = reader.tag()? {
        if n == number && wire_type == wire_type::VARINT {
            found = reader.varint()?;
        } else {
            reader.skip(wire_type)?;
        }
    }
    Ok(found.cast_signed())
}

/// The last bytes of field `number`.
fn piece<'a>(bytes: &'a [u8], message: &'static str, number: u32) -> Result<Option<&'a [u8]>, DecodeError> {
    let mut reader = Reader::new(bytes, message);
    let mut found = None;
    while let Some((n, wire_type)) = reader.tag()? {
        if n == number && wire_type == wire_type::BYTES {
            found = Some(reader.bytes()?);
        } else {
            reader.skip(wire_type)?;
        }
    }
    Ok(found)
}

/// Bytes as text, each byte that is not part of valid UTF-8 as U+FFFD, as Go's JSON encoder would show them.
pub(super) fn repaired(bytes: &[u8]) -> Str {
    let mut out = Str::default();
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    out
}

/// The bytes behind base64 text.
pub(super) fn from_base64(value: &Value) -> Result<Vec<u8>, EncodeError> {
    let wrong = || EncodeError::new("base64 text", value.type_name());
    STANDARD.decode(value.as_str().ok_or_else(wrong)?).map_err(|_| wrong())
}

/// The base64 text of bytes.
pub(super) fn to_base64(bytes: &[u8]) -> Value {
    STANDARD.encode(bytes).into()
}
