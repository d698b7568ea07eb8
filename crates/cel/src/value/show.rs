//! Values as text: as an expression would write them, and numbers as Go writes them.

use std::fmt::{self, Write as _};

use api::time::Timestamp;

use super::Value;

impl fmt::Display for Value<'_> {
    /// The value as an expression would write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Int(i) => write!(f, "{i}"),
            Value::Uint(u) => write!(f, "{u}u"),
            Value::Double(d) if d.is_nan() => f.write_str("double(\"NaN\")"),
            Value::Double(d) if d.is_infinite() => {
                write!(f, "double(\"{}Infinity\")", if *d < 0.0 { "-" } else { "" })
            }
            Value::Double(d) => {
                let text = go_general(*d, 21);
                let whole = !text.contains(['.', 'e']);
                write!(f, "{text}{}", if whole { ".0" } else { "" })
            }
            Value::Duration(d) => write!(f, "duration(\"{}\")", seconds(*d)),
            Value::Timestamp(t) => write!(f, "timestamp(\"{}\")", rfc3339(*t)),
            Value::Str(s) => f.write_str(&api::field::go_quote(s)),
            Value::Text(s) => f.write_str(&api::field::go_quote(s)),
            Value::Bytes(b) => {
                f.write_str("b\"")?;
                for byte in b.iter() {
                    write!(f, "\\{byte:03o}")?;
                }
                f.write_char('"')
            }
            Value::Type(t) => f.write_str(t.runtime_name()),
            Value::Optional(None) => f.write_str("optional.none()"),
            Value::Optional(Some(v)) => write!(f, "optional.of({v})"),
            Value::Fields(fields) => f.write_str(fields.type_name()),
            Value::Composed => f.write_str("kubernetes.variables"),
            Value::Struct(s) => {
                write!(f, "{}{{", s.type_name)?;
                for (i, (k, v)) in s.fields.iter().enumerate() {
                    write!(f, "{}{k}: {v}", if i > 0 { ", " } else { "" })?;
                }
                f.write_char('}')
            }
            Value::Ext(e) => f.write_str(&e.text()),
            list if list.list_len().is_some() => {
                f.write_char('[')?;
                for (i, v) in list.items().unwrap_or_default().iter().enumerate() {
                    write!(f, "{}{v}", if i > 0 { ", " } else { "" })?;
                }
                f.write_char(']')
            }
            map => {
                f.write_char('{')?;
                for (i, (k, v)) in map.entries().unwrap_or_default().iter().enumerate() {
                    write!(f, "{}{k}: {v}", if i > 0 { ", " } else { "" })?;
                }
                f.write_char('}')
            }
        }
    }
}

/// A key or index as errors name it: texts bare.
pub(crate) fn bare(value: &Value<'_>) -> String {
    match (value, value.as_str()) {
        (_, Some(text)) => text.to_owned(),
        (Value::Uint(u), _) => u.to_string(),
        _ => value.to_string(),
    }
}

/// A double as Go's `%g` writes it, with an exponent from `large` digits on.
pub(crate) fn go_general(d: f64, large: i32) -> String {
    if d.is_nan() {
        return "NaN".to_owned();
    }
    if d.is_infinite() {
        return if d > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    let scientific = format!("{d:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..large).contains(&power) {
        return format!("{d}");
    }
    format!("{mantissa}e{}{:02}", if power < 0 { '-' } else { '+' }, power.unsigned_abs())
}

/// A duration as decimal seconds: `1.5s`.
pub(crate) fn seconds(nanos: i64) -> String {
    let whole = (nanos / 1_000_000_000) as f64;
    let fraction = (nanos % 1_000_000_000) as f64 / 1e9;
    format!("{}s", whole + fraction)
}

/// An instant with as many digits of its fraction as it has.
pub(crate) fn rfc3339(t: Timestamp) -> String {
    let text = t.text();
    if t.nanos() == 0 {
        return text.into();
    }
    let fraction = format!("{:09}", t.nanos());
    format!("{}.{}Z", text.trim_end_matches('Z'), fraction.trim_end_matches('0'))
}
