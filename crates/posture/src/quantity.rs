//! Amounts of resources.

use api::Value;
use api::quantity::Quantity;

/// True when both stand for the same amount.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    let amount = |value: &Value| match value {
        Value::Int(i) => Quantity::parse(&i.to_string()).ok(),
        Value::Float(f) => Quantity::parse(&f.to_string()).ok(),
        other => Quantity::parse(other.as_str()?).ok(),
    };
    match (amount(a), amount(b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}
