//! Scalars: what each accepts and its canonical form.

use api::quantity::Quantity;
use api::time::{ParseError, Timestamp, duration};
use api::{Str, Value, json};

use super::error::{Here, TypeError};
use super::{Walk, base64};
use crate::types::Type;

impl Walk {
    /// Handles a scalar that is not null.
    pub(super) fn scalar(
        &mut self,
        value: &mut Value,
        ty: &Type,
        go_type: &str,
        here: Here<'_>,
    ) -> Result<(), TypeError> {
        match ty {
            Type::Int32 => self.integer(value, i64::from(i32::MIN)..=i64::from(i32::MAX), go_type, here),
            Type::Int64 => self.integer(value, i64::MIN..=i64::MAX, go_type, here),
            Type::Bool if matches!(value, Value::Bool(_)) => {}
            Type::Double => match value {
                Value::Int(i) => *value = Value::Float(*i as f64),
                Value::Float(f) if f.is_finite() => {}
                Value::Float(_) => self.unfit(value, go_type, here),
                other => self.mismatch(other, go_type, here),
            },
            Type::Bytes => self.bytes(value, go_type, here),
            Type::Time => return time(value, here, &TIME),
            Type::MicroTime => return time(value, here, &MICRO_TIME),
            Type::Duration => return go_duration(value, here),
            Type::Quantity => return quantity(value),
            Type::IntOrString => return int_or_string(value, here),
            _ => self.mismatch(value, go_type, here),
        }
        Ok(())
    }

    /// Remembers a number that does not fit, when it is the first failure.
    fn unfit(&mut self, value: &Value, go_type: &str, here: Here<'_>) {
        self.saved.get_or_insert_with(|| TypeError::unfit_number(value, go_type, here));
    }

    fn integer(
        &mut self,
        value: &Value,
        range: std::ops::RangeInclusive<i64>,
        go_type: &str,
        here: Here<'_>,
    ) {
        match value {
            Value::Int(i) if range.contains(i) => {}
            Value::Int(_) | Value::Float(_) => self.unfit(value, go_type, here),
            other => self.mismatch(other, go_type, here),
        }
    }

    /// Base64 text, or a list of numbers as Go takes it too.
    fn bytes(&mut self, value: &mut Value, go_type: &str, here: Here<'_>) {
        match value {
            Value::String(text) => match base64::canonical(text) {
                Ok(None) => {}
                Ok(Some(canonical)) => *text = canonical,
                Err(at) => {
                    let error = TypeError::plain(format_args!("illegal base64 data at input byte {at}"));
                    self.saved.get_or_insert(error);
                }
            },
            Value::Array(items) => {
                let bytes: Vec<u8> = items.iter().map(|item| self.byte(item, here)).collect();
                *value = Value::String(base64::encode(&bytes));
            }
            other => self.mismatch(other, go_type, here),
        }
    }

    fn byte(&mut self, item: &Value, here: Here<'_>) -> u8 {
        match item {
            Value::Null => return 0,
            Value::Int(i) => {
                if let Ok(byte) = u8::try_from(*i) {
                    return byte;
                }
                self.unfit(item, "uint8", here);
            }
            Value::Float(_) => self.unfit(item, "uint8", here),
            other => self.mismatch(other, "uint8", here),
        }
        0
    }
}

/// The two kinds of instants.
struct Instant {
    parse: fn(&str) -> Result<Timestamp, ParseError>,
    write: fn(Timestamp) -> Str,
    /// What a canonical text looks like, with a `0` for a digit.
    shape: &'static [u8],
}

const TIME: Instant =
    Instant { parse: Timestamp::parse, write: Timestamp::text, shape: b"0000-00-00T00:00:00Z" };

const MICRO_TIME: Instant = Instant {
    parse: Timestamp::parse_micro,
    write: Timestamp::micro_text,
    shape: b"0000-00-00T00:00:00.000000Z",
};

/// An instant; Go's zero time is `null`.
fn time(value: &mut Value, here: Here<'_>, kind: &Instant) -> Result<(), TypeError> {
    let Value::String(text) = value else {
        return Err(TypeError::mismatch(value, "string", here));
    };
    let instant = (kind.parse)(text).map_err(TypeError::plain)?;
    if instant.is_zero() {
        *value = Value::Null;
    } else if !has_shape(text.as_bytes(), kind.shape) {
        *text = (kind.write)(instant);
    }
    Ok(())
}

fn has_shape(text: &[u8], shape: &[u8]) -> bool {
    let fits = |(byte, shape): (&u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == shape };
    text.len() == shape.len() && text.iter().zip(shape).all(fits)
}

fn go_duration(value: &mut Value, here: Here<'_>) -> Result<(), TypeError> {
    let Value::String(text) = value else {
        return Err(TypeError::mismatch(value, "string", here));
    };
    *text = duration::format(duration::parse(text).map_err(TypeError::plain)?);
    Ok(())
}

/// A quantity as text or number.  Upstream reads the JSON text itself, so anything else fails as a malformed one.
fn quantity(value: &mut Value) -> Result<(), TypeError> {
    if let Value::String(text) = value {
        let canonical = Quantity::parse(text.trim()).map_err(TypeError::plain)?.canonical();
        if *text != canonical {
            *text = canonical;
        }
        return Ok(());
    }
    let parsed = Quantity::parse(&json::to_string(value)).map_err(TypeError::plain)?;
    *value = Value::String(parsed.canonical());
    Ok(())
}

fn int_or_string(value: &Value, here: Here<'_>) -> Result<(), TypeError> {
    match value {
        Value::String(_) => Ok(()),
        Value::Int(i) if i32::try_from(*i).is_ok() => Ok(()),
        Value::Int(_) | Value::Float(_) => Err(TypeError::unfit_number(value, "int32", here)),
        other => Err(TypeError::mismatch(other, "int32", here)),
    }
}
