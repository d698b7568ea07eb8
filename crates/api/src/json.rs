//! JSON text of a [`Value`], written as Go's `encoding/json` writes it (HTML escaping off, as Kubernetes sets it on
//! only for `<`, `>` and `&`).

use std::fmt::Write as _;

use crate::Value;

/// The compact JSON text of a value; members keep their order.
pub fn to_string(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

/// Appends the compact JSON text of a value.
pub fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Int(i) => {
            let _ = write!(out, "{i}");
        }
        Value::Float(f) => write_float(out, *f),
        Value::String(s) => write_str(out, s),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (i, (key, item)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_str(out, key);
                out.push(':');
                write_value(out, item);
            }
            out.push('}');
        }
    }
}

/// Appends a JSON string with the escapes Go's encoder uses, HTML characters included.
pub fn write_str(out: &mut String, s: &str) {
    out.push('"');
    let mut start = 0;
    for (i, c) in s.char_indices() {
        let escape: &str = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '<' => "\\u003c",
            '>' => "\\u003e",
            '&' => "\\u0026",
            '\u{2028}' => "\\u2028",
            '\u{2029}' => "\\u2029",
            c if (c as u32) < 0x20 => "",
            _ => continue,
        };
        out.push_str(s.get(start..i).unwrap_or(""));
        if escape.is_empty() {
            let _ = write!(out, "\\u{:04x}", c as u32);
        } else {
            out.push_str(escape);
        }
        start = i + c.len_utf8();
    }
    out.push_str(s.get(start..).unwrap_or(""));
    out.push('"');
}

/// Go's shortest form: plain between 1e-6 and 1e21, else with an exponent.
fn write_float(out: &mut String, f: f64) {
    if !f.is_finite() {
        out.push_str("null");
        return;
    }
    let abs = f.abs();
    if abs != 0.0 && !(1e-6..1e21).contains(&abs) {
        let text = format!("{f:e}");
        match text.split_once('e') {
            Some((mantissa, exp)) if !exp.starts_with('-') => {
                let _ = write!(out, "{mantissa}e+{exp:0>2}");
            }
            Some((mantissa, exp)) => {
                let _ =
                    write!(out, "{mantissa}e-{:0>2}", exp.trim_start_matches('-').trim_start_matches('0'));
            }
            None => out.push_str(&text),
        }
    } else {
        let _ = write!(out, "{f}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;

    #[test]
    fn writes_as_go_does() {
        let v = object! { "a" => "x<\u{1}\n\"é", "b" => vec![1, 2], "c" => 1.5, "d" => object! {} };
        assert_eq!(to_string(&v), "{\"a\":\"x\\u003c\\u0001\\n\\\"é\",\"b\":[1,2],\"c\":1.5,\"d\":{}}");
        assert_eq!(to_string(&Value::Float(1e21)), "1e+21");
        assert_eq!(to_string(&Value::Float(1e20)), "100000000000000000000");
        assert_eq!(to_string(&Value::Float(1e-7)), "1e-07");
    }
}
