//! Optional values.

use super::{Cost, ONE, Row, any, items, row};
use crate::error::Error;
use crate::value::{Result, Value};

pub(super) static ROWS: &[Row] = &[
    row("optional.of", "optional_of", "(V): optional(V)", ONE, |a| Ok(Value::some(any(a, 0)?.clone()))),
    row("optional.ofNonZeroValue", "optional_ofNonZeroValue", "(V): optional(V)", ONE, |a| {
        let value = any(a, 0)?;
        Ok(if value.is_zero() { Value::Optional(None) } else { Value::some(value.clone()) })
    }),
    row("optional.none", "optional_none", "(): optional(V)", ONE, |_| Ok(Value::Optional(None))),
    row("value", "optional_value", "optional(V).(): V", ONE, |a| match any(a, 0)? {
        Value::Optional(Some(v)) => Ok((**v).clone()),
        Value::Optional(None) => Err(Error::new("optional.none() dereference")),
        _ => Err(Error::no_such_overload()),
    }),
    row("hasValue", "optional_hasValue", "optional(V).(): bool", ONE, |a| match any(a, 0)? {
        Value::Optional(v) => Ok(Value::Bool(v.is_some())),
        _ => Err(Error::no_such_overload()),
    }),
    // The evaluator looks at the second argument only when the first is empty.
    row("or", "optional_or_optional", "optional(V).(optional(V)): optional(V)", Cost::None, |a| {
        match any(a, 0)? {
            Value::Optional(None) => Ok(any(a, 1)?.clone()),
            value => Ok(value.clone()),
        }
    }),
    row("orValue", "optional_orValue_value", "optional(V).(V): V", Cost::None, |a| match any(a, 0)? {
        Value::Optional(None) => Ok(any(a, 1)?.clone()),
        Value::Optional(Some(v)) => Ok((**v).clone()),
        value => Ok(value.clone()),
    }),
    row("last", "list_last", "list(V).(): optional(V)", ONE, |a| end(any(a, 0)?, true)),
    row("first", "list_first", "list(V).(): optional(V)", ONE, |a| end(any(a, 0)?, false)),
    row("optional.unwrap", "optional_unwrap", "(list(optional(V))): list(V)", ONE, |a| unwrap(a)),
    row("unwrapOpt", "optional_unwrapOpt", "list(optional(V)).(): list(V)", ONE, |a| unwrap(a)),
];

/// The first or last item of a list.
fn end<'v>(list: &Value<'v>, last: bool) -> Result<'v> {
    let len = list.list_len().ok_or_else(Error::no_such_overload)?;
    match list.item(if last { len.wrapping_sub(1) } else { 0 }) {
        Some(item) => Ok(Value::some(item?)),
        None => Ok(Value::Optional(None)),
    }
}

fn unwrap<'v>(args: &[Value<'v>]) -> Result<'v> {
    let mut out = Vec::new();
    for item in items(args, 0)? {
        match item {
            Value::Optional(Some(v)) => out.push((*v).clone()),
            Value::Optional(None) => {}
            other => return Err(Error::new(format!("value {other} is not optional"))),
        }
    }
    Ok(Value::list(out))
}
