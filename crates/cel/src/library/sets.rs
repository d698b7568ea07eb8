//! Lists as sets.

use super::{Cost, Row, SingleCost, any, items, operators, row};
use crate::error::Error;
use crate::value::Value;

pub(super) static ROWS: &[Row] = &[
    row("sets.contains", "list_sets_contains_list", "(list(T), list(T)): bool", cost(1.0), |a| {
        Ok(Value::Bool(contains(any(a, 0)?, any(a, 1)?)?))
    }),
    row("sets.equivalent", "list_sets_equivalent_list", "(list(T), list(T)): bool", cost(2.0), |a| {
        let (a, b) = (any(a, 0)?, any(a, 1)?);
        Ok(Value::Bool(contains(a, b)? && contains(b, a)?))
    }),
    row("sets.intersects", "list_sets_intersects_list", "(list(T), list(T)): bool", cost(1.0), |a| {
        let other = any(a, 1)?;
        for item in items(a, 0)? {
            if holds(other, &item)? {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }),
];

const fn cost(factor: f64) -> Cost {
    Cost::Single(SingleCost::Sets(factor))
}

fn holds<'v>(list: &Value<'v>, item: &Value<'v>) -> Result<bool, Error> {
    operators::is_in(item, list)?.as_bool().ok_or_else(Error::no_such_overload)
}

/// Whether a list has every item of another.
fn contains(list: &Value<'_>, part: &Value<'_>) -> Result<bool, Error> {
    if list.list_len().is_none() {
        return Err(Error::no_such_overload());
    }
    for item in part.items()? {
        if !holds(list, &item)? {
            return Ok(false);
        }
    }
    Ok(true)
}
