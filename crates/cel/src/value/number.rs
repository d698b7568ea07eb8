//! Numbers of different types compared by value.

use std::cmp::Ordering;

use super::Value;
use crate::error::Error;

/// Equality of two numbers; `None` when one is none.
pub(super) fn equal(a: &Value<'_>, b: &Value<'_>) -> Option<bool> {
    numeric(a, b).map(|order| order == Some(Ordering::Equal))
}

/// The order of two numbers; inner `None` when one is not a number.
fn numeric(a: &Value<'_>, b: &Value<'_>) -> Option<Option<Ordering>> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Uint(a), Value::Uint(b)) => Some(a.cmp(b)),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Uint(a), Value::Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Double(a), Value::Int(b)) => double_int(*a, *b),
        (Value::Int(a), Value::Double(b)) => double_int(*b, *a).map(Ordering::reverse),
        (Value::Double(a), Value::Uint(b)) => double_uint(*a, *b),
        (Value::Uint(a), Value::Double(b)) => double_uint(*b, *a).map(Ordering::reverse),
        _ => return None,
    })
}

fn double_int(d: f64, i: i64) -> Option<Ordering> {
    match d {
        d if d < i64::MIN as f64 => Some(Ordering::Less),
        d if d > i64::MAX as f64 => Some(Ordering::Greater),
        d => d.partial_cmp(&(i as f64)),
    }
}

fn double_uint(d: f64, u: u64) -> Option<Ordering> {
    match d {
        d if d < 0.0 => Some(Ordering::Less),
        d if d > u64::MAX as f64 => Some(Ordering::Greater),
        d => d.partial_cmp(&(u as f64)),
    }
}

/// The order of two values of types that have one.
#[inline]
pub(crate) fn compare(a: &Value<'_>, b: &Value<'_>) -> Result<Ordering, Error> {
    if let Some(order) = numeric(a, b) {
        return order.ok_or_else(|| Error::new("NaN values cannot be ordered"));
    }
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Ok(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Ok(a.cmp(b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => Ok(a.cmp(b)),
        (Value::Bytes(a), Value::Bytes(b)) => Ok(a.cmp(b)),
        _ => match (a.as_str(), b.as_str()) {
            (Some(a), Some(b)) => Ok(a.cmp(b)),
            _ => Err(Error::no_such_overload()),
        },
    }
}

/// A double as a signed number, its fraction cut off.
pub(crate) fn double_to_int(d: f64) -> Option<i64> {
    (d.is_finite() && d > i64::MIN as f64 && d < i64::MAX as f64).then_some(d as i64)
}

/// A double as an unsigned number, its fraction cut off.
pub(crate) fn double_to_uint(d: f64) -> Option<u64> {
    (d.is_finite() && d >= 0.0 && d < u64::MAX as f64).then_some(d as u64)
}
