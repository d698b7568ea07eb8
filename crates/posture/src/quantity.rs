//! Amounts of resources.

use api::Value;
use api::quantity::Quantity;

fn amount(value: &Value) -> Option<Quantity> {
    match value {
        Value::Int(i) => Quantity::parse(&i.to_string()).ok(),
        Value::Float(f) => Quantity::parse(&f.to_string()).ok(),
        other => Quantity::parse(other.as_str()?).ok(),
    }
}

/// True for an amount that is not given, cannot be read, or is zero.
pub(crate) fn is_nothing(value: &Value) -> bool {
    amount(value).is_none_or(|amount| Quantity::parse("0").is_ok_and(|zero| amount == zero))
}

/// True when both stand for the same amount.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (amount(a), amount(b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_many_forms() {
        let value = |text: &str| codec::yaml::parse(text.as_bytes()).unwrap().value;
        for nothing in ["0", "\"0\"", "0.0", "0Mi", "0e3", "null", "lots", "[1]"] {
            assert!(is_nothing(&value(nothing)), "{nothing}");
        }
        for something in ["1", "\"1m\"", "0.1", "1Ki", "1e3"] {
            assert!(!is_nothing(&value(something)), "{something}");
        }
    }
}
