//! Resource amounts.

use std::cmp::Ordering;

use api::quantity::{Format, Quantity};

use super::{Cost, Ext, ONE, Row, any, ext, extension, row, text};
use crate::error::Error;
use crate::value::{Result, Value};

const READ: Cost = Cost::First(0.1);

pub(super) static ROWS: &[Row] = &[
    row("quantity", "string_to_quantity", "(string): kubernetes.Quantity", READ, |a| {
        let parsed = Quantity::parse(text(a, 0)?).map_err(|e| Error::new(e.to_string()))?;
        Ok(ext(Ext::Quantity(parsed)))
    }),
    row("isQuantity", "is_quantity_string", "(string): bool", READ, |a| {
        Ok(Value::Bool(Quantity::parse(text(a, 0)?).is_ok()))
    }),
    row("sign", "quantity_sign", "(kubernetes.Quantity): int", ONE, |a| {
        Ok(Value::Int(i64::from(get(a, 0)?.sign())))
    }),
    row(
        "isGreaterThan",
        "quantity_is_greater_than",
        "kubernetes.Quantity.(kubernetes.Quantity): bool",
        ONE,
        |a| Ok(Value::Bool(compare(a)? == Ordering::Greater)),
    ),
    row("isLessThan", "quantity_is_less_than", "kubernetes.Quantity.(kubernetes.Quantity): bool", ONE, |a| {
        Ok(Value::Bool(compare(a)? == Ordering::Less))
    }),
    row("compareTo", "quantity_compare_to", "kubernetes.Quantity.(kubernetes.Quantity): int", ONE, |a| {
        Ok(Value::Int(compare(a)? as i64))
    }),
    row("asApproximateFloat", "quantity_get_float", "kubernetes.Quantity.(): double", ONE, |a| {
        Ok(Value::Double(get(a, 0)?.approximate_f64()))
    }),
    row("asInteger", "quantity_get_int", "kubernetes.Quantity.(): int", ONE, |a| {
        let whole = get(a, 0)?.as_i64().ok_or_else(|| Error::new("cannot convert value to integer"))?;
        Ok(Value::Int(whole))
    }),
    row("isInteger", "quantity_is_integer", "kubernetes.Quantity.(): bool", ONE, |a| {
        Ok(Value::Bool(get(a, 0)?.as_i64().is_some()))
    }),
    row("add", "quantity_add", "kubernetes.Quantity.(kubernetes.Quantity): kubernetes.Quantity", ONE, |a| {
        sum(a, false)
    }),
    row("add", "quantity_add_int", "kubernetes.Quantity.(int): kubernetes.Quantity", ONE, |a| sum(a, false)),
    row("sub", "quantity_sub", "kubernetes.Quantity.(kubernetes.Quantity): kubernetes.Quantity", ONE, |a| {
        sum(a, true)
    }),
    row("sub", "quantity_sub_int", "kubernetes.Quantity.(int): kubernetes.Quantity", ONE, |a| sum(a, true)),
];

fn get<'a>(args: &'a [Value<'_>], i: usize) -> std::result::Result<&'a Quantity, Error> {
    if let Ext::Quantity(q) = extension(args, i)? { Ok(q) } else { Err(Error::no_such_overload()) }
}

fn compare(args: &[Value<'_>]) -> std::result::Result<Ordering, Error> {
    Ok(get(args, 0)?.cmp(get(args, 1)?))
}

fn sum<'v>(args: &[Value<'v>], minus: bool) -> Result<'v> {
    let mut total = get(args, 0)?.clone();
    let other = match any(args, 1)? {
        Value::Int(n) => Quantity::new(*n, Format::DecimalExponent),
        _ => get(args, 1)?.clone(),
    };
    if minus {
        total.sub(&other);
    } else {
        total.add(&other);
    }
    Ok(ext(Ext::Quantity(total)))
}
