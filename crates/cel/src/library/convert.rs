//! Conversions: `int(x)`, `string(x)` and so on.

use std::sync::Arc;

use super::{Cost, ONE, Row, SingleCost, any, row, time};
use crate::error::Error;
use crate::types::Type;
use crate::value::{Result, Value, double_to_int, double_to_uint, show};

const BY_SIZE: Cost = Cost::Single(SingleCost::First);

pub(super) static ROWS: &[Row] = &[
    row("type", "type", "(A): type(A)", ONE, |a| Ok(Value::Type(Arc::new(any(a, 0)?.type_of())))),
    row("dyn", "to_dyn", "(A): dyn", ONE, same),
    row("bool", "bool_to_bool", "(bool): bool", ONE, same),
    row("bool", "string_to_bool", "(string): bool", ONE, to_bool),
    row("bytes", "bytes_to_bytes", "(bytes): bytes", ONE, same),
    row("bytes", "string_to_bytes", "(string): bytes", BY_SIZE, to_bytes),
    row("double", "double_to_double", "(double): double", ONE, same),
    row("double", "int64_to_double", "(int): double", ONE, to_double),
    row("double", "string_to_double", "(string): double", ONE, to_double),
    row("double", "uint64_to_double", "(uint): double", ONE, to_double),
    row("duration", "duration_to_duration", "(duration): duration", ONE, same),
    row("duration", "int64_to_duration", "(int): duration", ONE, to_duration),
    row("duration", "string_to_duration", "(string): duration", ONE, to_duration),
    row("int", "int64_to_int64", "(int): int", ONE, same),
    row("int", "double_to_int64", "(double): int", ONE, to_int),
    row("int", "duration_to_int64", "(duration): int", ONE, to_int),
    row("int", "string_to_int64", "(string): int", ONE, to_int),
    row("int", "timestamp_to_int64", "(timestamp): int", ONE, to_int),
    row("int", "uint64_to_int64", "(uint): int", ONE, to_int),
    row("string", "string_to_string", "(string): string", ONE, same),
    row("string", "bool_to_string", "(bool): string", ONE, to_string),
    row("string", "bytes_to_string", "(bytes): string", BY_SIZE, to_string),
    row("string", "double_to_string", "(double): string", ONE, to_string),
    row("string", "duration_to_string", "(duration): string", ONE, to_string),
    row("string", "int64_to_string", "(int): string", ONE, to_string),
    row("string", "timestamp_to_string", "(timestamp): string", ONE, to_string),
    row("string", "uint64_to_string", "(uint): string", ONE, to_string),
    row("timestamp", "timestamp_to_timestamp", "(timestamp): timestamp", ONE, same),
    row("timestamp", "int64_to_timestamp", "(int): timestamp", ONE, to_timestamp),
    row("timestamp", "string_to_timestamp", "(string): timestamp", ONE, to_timestamp),
    row("uint", "uint64_to_uint64", "(uint): uint", ONE, same),
    row("uint", "double_to_uint64", "(double): uint", ONE, to_uint),
    row("uint", "int64_to_uint64", "(int): uint", ONE, to_uint),
    row("uint", "string_to_uint64", "(string): uint", ONE, to_uint),
];

fn same<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    args.first_mut().map(std::mem::take).ok_or_else(Error::no_such_overload)
}

/// The text of the argument could not be read as a type.
fn refuse(from: &Value<'_>, to: &Type) -> Error {
    let from = from.type_of();
    Error::new(format!("type conversion error from '{}' to '{}'", from.runtime_name(), to.runtime_name()))
}

fn to_bool<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let value = any(args, 0)?;
    match value.as_str() {
        Some("1" | "t" | "T" | "TRUE" | "true" | "True") => Ok(Value::Bool(true)),
        Some("0" | "f" | "F" | "FALSE" | "false" | "False") => Ok(Value::Bool(false)),
        _ => Err(refuse(value, &Type::Bool)),
    }
}

fn to_bytes<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    Ok(Value::Bytes(super::text(args, 0)?.as_bytes().into()))
}

fn to_double<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let value = any(args, 0)?;
    let double = match value {
        Value::Int(i) => Some(*i as f64),
        Value::Uint(u) => Some(*u as f64),
        other => other.as_str().and_then(go_float),
    };
    double.map(Value::Double).ok_or_else(|| refuse(value, &Type::Double))
}

/// A float as Go reads one; texts too large for a double are refused.
fn go_float(text: &str) -> Option<f64> {
    let bare = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    let named = matches!(bare.as_str(), "inf" | "infinity" | "nan");
    let value: f64 = text.parse().ok()?;
    (named || value.is_finite()).then_some(value)
}

fn to_duration<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let value = any(args, 0)?;
    match value {
        Value::Int(nanos) => Ok(Value::Duration(*nanos)),
        other => {
            let parsed = other.as_str().and_then(|t| api::time::duration::parse(t).ok());
            parsed.map(Value::Duration).ok_or_else(|| refuse(value, &Type::Duration))
        }
    }
}

fn to_int<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let value = any(args, 0)?;
    let overflow = || Error::new("integer overflow");
    match value {
        Value::Double(d) => double_to_int(*d).map(Value::Int).ok_or_else(overflow),
        Value::Uint(u) => i64::try_from(*u).map(Value::Int).map_err(|_| overflow()),
        Value::Duration(d) => Ok(Value::Int(*d)),
        Value::Timestamp(t) => Ok(Value::Int(t.seconds())),
        other => {
            let number = other.as_str().and_then(|t| t.parse().ok());
            number.map(Value::Int).ok_or_else(|| refuse(value, &Type::Int))
        }
    }
}

fn to_uint<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let value = any(args, 0)?;
    let overflow = || Error::new("unsigned integer overflow");
    match value {
        Value::Double(d) => double_to_uint(*d).map(Value::Uint).ok_or_else(overflow),
        Value::Int(i) => u64::try_from(*i).map(Value::Uint).map_err(|_| overflow()),
        other => {
            let digits = other.as_str().filter(|t| t.starts_with(|c: char| c.is_ascii_digit()));
            let number = digits.and_then(|t| t.parse().ok());
            number.map(Value::Uint).ok_or_else(|| refuse(value, &Type::Uint))
        }
    }
}

fn to_string<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let value = any(args, 0)?;
    Ok(match value {
        Value::Bool(b) => Value::text(if *b { "true" } else { "false" }),
        Value::Bytes(b) => {
            let text = std::str::from_utf8(b);
            Value::text(text.map_err(|_| Error::new("invalid UTF-8 in bytes, cannot convert to string"))?)
        }
        Value::Double(d) => Value::text(&show::go_general(*d, 6)),
        Value::Duration(d) => Value::text(&show::seconds(*d)),
        Value::Int(i) => Value::text(&i.to_string()),
        Value::Timestamp(t) => Value::text(&show::rfc3339(*t)),
        Value::Uint(u) => Value::text(&u.to_string()),
        _ => return Err(refuse(value, &Type::String)),
    })
}

fn to_timestamp<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let value = any(args, 0)?;
    match value {
        Value::Int(seconds) => time::at_second(*seconds),
        other => match other.as_str().map(time::parse_timestamp) {
            Some(Ok(t)) if time::in_range(t.seconds()) => Ok(Value::Timestamp(t)),
            Some(Ok(_)) => Err(Error::new("timestamp overflow")),
            _ => Err(refuse(value, &Type::Timestamp)),
        },
    }
}

/// The text of a library's value.
pub(super) fn ext_to_string<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    Ok(Value::text(&super::extension(args, 0)?.text()))
}
