//! Scalars of the wrong type, in upstream's words, which show Go's inner representation of a value.

use std::fmt::Write as _;

use api::{Value, field::go_quote};

use super::view::Scalar;
use crate::go_text::{go_text, go_type};

/// Why `value` is not a scalar of this form; `None` when it is one, or null.
pub(super) fn mismatch(scalar: Scalar, value: &Value) -> Option<String> {
    let text = match (scalar, value) {
        (_, Value::Null)
        | (Scalar::Numeric, Value::Int(_) | Value::Float(_))
        | (Scalar::String, Value::String(_))
        | (Scalar::Boolean, Value::Bool(_))
        | (Scalar::Any, Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::String(_)) => return None,
        (Scalar::Numeric, _) => format!("expected numeric (int or float), got {}", go_type(value)),
        (Scalar::String, _) => {
            let mut shown = String::new();
            go_syntax(&mut shown, value);
            format!("expected string, got &value.valueUnstructured{{Value:{shown}}}")
        }
        (Scalar::Boolean, _) => format!("expected boolean, got {}", go_value(value)),
        (Scalar::Any, _) => format!("expected any scalar, got {}", go_value(value)),
    };
    Some(text)
}

/// A wrapped value as Go's `%v` prints it.
pub(super) fn go_value(value: &Value) -> String {
    format!("&{{{}}}", go_text(value))
}

/// A value as Go's `%#v` prints it.
fn go_syntax(out: &mut String, value: &Value) {
    match value {
        Value::String(s) => out.push_str(&go_quote(s)),
        Value::Null => out.push_str("interface {}(nil)"),
        Value::Array(items) => {
            out.push_str("[]interface {}{");
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                go_syntax(out, item);
            }
            out.push('}');
        }
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            out.push_str("map[string]interface {}{");
            for (i, (name, item)) in members.into_iter().enumerate() {
                let _ = write!(out, "{}{}:", if i > 0 { ", " } else { "" }, go_quote(name));
                go_syntax(out, item);
            }
            out.push('}');
        }
        scalar => out.push_str(&go_text(scalar)),
    }
}
