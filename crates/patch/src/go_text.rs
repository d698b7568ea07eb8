//! Values as Go's `fmt` prints them with `%v` and `%s`: upstream's strategic-merge errors show maps this way.
//!
//! Entry point: [`go_text`].

use std::fmt::Write as _;

use api::{Map, Value};

/// A value as Go's `%v` prints it: `map[a:1 b:[x y]]`, members sorted by key.
pub fn go_text(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, false);
    out
}

/// A value as Go's `%s` prints it: strings bare, other scalars as `%!s(int64=1)`.
pub(crate) fn go_string_text(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, true);
    out
}

/// The Go type that holds a value once decoded without a schema.
pub(crate) fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int64",
        Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

fn write(out: &mut String, value: &Value, verb_s: bool) {
    match value {
        Value::String(s) => out.push_str(s),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                write(out, item, verb_s);
            }
            out.push(']');
        }
        Value::Object(map) => write_map(out, map, verb_s),
        Value::Null => out.push_str(if verb_s { "%!s(<nil>)" } else { "<nil>" }),
        scalar if verb_s => {
            let _ = write!(out, "%!s({}=", go_type(scalar));
            write(out, scalar, false);
            out.push(')');
        }
        Value::Bool(b) => {
            let _ = write!(out, "{b}");
        }
        Value::Int(i) => {
            let _ = write!(out, "{i}");
        }
        Value::Float(f) => write_float(out, *f),
    }
}

fn write_map(out: &mut String, map: &Map, verb_s: bool) {
    let mut members: Vec<_> = map.iter().collect();
    members.sort_by_key(|(key, _)| *key);
    out.push_str("map[");
    for (i, (key, value)) in members.into_iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        out.push_str(key);
        out.push(':');
        write(out, value, verb_s);
    }
    out.push(']');
}

/// `%v` of a float64: the shortest digits, with an exponent below 1e-4 and from 1e6 on (1e21 is JSON's bound).
fn write_float(out: &mut String, f: f64) {
    let abs = f.abs();
    if abs != 0.0 && !(1e-4..1e6).contains(&abs) {
        let text = format!("{f:e}");
        if let Some((mantissa, exponent)) = text.split_once('e') {
            let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |d| ('-', d));
            let _ = write!(out, "{mantissa}e{sign}{digits:0>2}");
        }
    } else {
        let _ = write!(out, "{f}");
    }
}

#[cfg(test)]
mod tests {
    use api::object;

    use super::*;

    #[test]
    fn prints_as_go() {
        let v = object! {
            "b" => vec![Value::from("x"), Value::Null, Value::from(true)], "a" => object! { "n" => 1 }, "c" => 1e21,
            "d" => 0.00001, "e" => 2.5, "f" => 123_456.0,
        };
        assert_eq!(go_text(&v), "map[a:map[n:1] b:[x <nil> true] c:1e+21 d:1e-05 e:2.5 f:123456]");
        assert_eq!(go_string_text(&Value::from(1)), "%!s(int64=1)");
        assert_eq!(go_string_text(&Value::from("m")), "m");
    }
}
