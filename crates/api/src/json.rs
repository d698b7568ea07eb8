//! JSON text of a [`Value`], byte for byte as Go's `encoding/json` writes it with its HTML escaping on, which is how
//! Kubernetes uses it.
//!
//! Entry points: [`write`] and [`to_string`].

use std::io::Write as _;

use crate::Value;

/// The compact JSON text of a value; members keep their order.
pub fn to_string(value: &Value) -> String {
    // What is written is text: strings are UTF-8 already and the rest is ASCII.
    String::from_utf8(to_vec(value)).unwrap_or_default()
}

/// The bytes of the compact JSON text of a value; members keep their order.
pub fn to_vec(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write(&mut out, value);
    out
}

/// Appends the compact JSON text of a value.  A number that JSON cannot express becomes `null`.
pub fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(i) => {
            let _ = write!(out, "{i}");
        }
        Value::Float(f) => write_float(out, *f),
        Value::String(s) => write_str(out, s),
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(out, item);
            }
            out.push(b']');
        }
        Value::Object(map) => {
            out.push(b'{');
            for (i, (key, item)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_str(out, key);
                out.push(b':');
                write(out, item);
            }
            out.push(b'}');
        }
    }
}

/// For each byte: 0 when a string may hold it as it is, else the letter of its escape, or one of the two below.
#[expect(clippy::indexing_slicing, reason = "the compiler runs this and checks the bounds")]
static ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut control = 0;
    while control < 0x20 {
        table[control] = UNICODE;
        control += 1;
    }
    table[b'<' as usize] = UNICODE;
    table[b'>' as usize] = UNICODE;
    table[b'&' as usize] = UNICODE;
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table[b'\n' as usize] = b'n';
    table[b'\r' as usize] = b'r';
    table[b'\t' as usize] = b't';
    table[0x08] = b'b';
    table[0x0c] = b'f';
    table[0xe2] = SEPARATOR;
    table
};

/// Written as `\u00XX`.
const UNICODE: u8 = b'u';

/// Might begin U+2028 or U+2029, the line separators that JavaScript cannot hold in a string.
const SEPARATOR: u8 = 1;

/// Appends a JSON string with the escapes of Go's encoder, those of HTML characters included.
pub fn write_str(out: &mut Vec<u8>, s: &str) {
    let bytes = s.as_bytes();
    out.push(b'"');
    let mut start = 0;
    for (i, byte) in bytes.iter().enumerate() {
        let escape = ESCAPES.get(usize::from(*byte)).copied().unwrap_or(0);
        if escape == 0 {
            continue;
        }
        let rest = bytes.get(i..).unwrap_or_default();
        if escape == SEPARATOR && !matches!(rest, [_, 0x80, 0xa8 | 0xa9, ..]) {
            continue;
        }
        out.extend_from_slice(bytes.get(start..i).unwrap_or_default());
        start = i + write_escape(out, escape, rest);
    }
    out.extend_from_slice(bytes.get(start..).unwrap_or_default());
    out.push(b'"');
}

/// Appends the escape of what `rest` begins with; answers how many bytes it stands for.
fn write_escape(out: &mut Vec<u8>, escape: u8, rest: &[u8]) -> usize {
    match (escape, rest) {
        (SEPARATOR, [_, _, last, ..]) => {
            out.extend_from_slice(if *last == 0xa8 { b"\\u2028" } else { b"\\u2029" });
            3
        }
        (UNICODE, [byte, ..]) => {
            let _ = write!(out, "\\u{byte:04x}");
            1
        }
        _ => {
            out.extend_from_slice(&[b'\\', escape]);
            1
        }
    }
}

/// Go's shortest form: plain between 1e-6 and 1e21, else with an exponent.
fn write_float(out: &mut Vec<u8>, f: f64) {
    let abs = f.abs();
    let _ = if !f.is_finite() {
        out.write_all(b"null")
    } else if abs == 0.0 || (1e-6..1e21).contains(&abs) {
        out.write_all(even_digit(f, format!("{f}")).as_bytes())
    } else {
        let text = scientific(f);
        out.write_all(if abs < 1.0 { text } else { text.replace('e', "e+") }.as_bytes())
    };
}

/// The shortest digits that read back as the same float, with an exponent always: `1.5e-7`.
pub fn scientific(f: f64) -> String {
    even_digit(f, format!("{f:e}"))
}

/// Where two shortest texts are equally near, Go takes the even last digit and Rust the greater one.
fn even_digit(f: f64, text: String) -> String {
    let end = text.find('e').unwrap_or(text.len());
    let (Some(digits), Some(exponent)) = (text.get(..end), text.get(end..)) else { return text };
    let Some((head, last)) = digits.split_at_checked(digits.len().saturating_sub(1)) else { return text };
    let Some(odd @ (1 | 3 | 5 | 7 | 9)) = last.parse::<u8>().ok() else { return text };
    let lower = format!("{head}{}{exponent}", odd - 1);
    let exact = || format!("{head}{}5{exponent}", odd - 1);
    let tie = digits.contains('.') && lower.parse() == Ok(f) && same_amount(f, &exact());
    if tie { lower } else { text }
}

/// Is the decimal text exactly the float?  Both have few digits, so that their differences would show.
fn same_amount(f: f64, text: &str) -> bool {
    let digits = |t: &str| {
        let mantissa = t.split('e').next().unwrap_or_default();
        mantissa.chars().filter(char::is_ascii_digit).collect::<String>().trim_start_matches('0').to_owned()
    };
    let exact = digits(&format!("{f:.60e}"));
    let text = digits(text);
    exact.trim_end_matches('0') == text.trim_end_matches('0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;

    #[test]
    fn writes_as_go_does() {
        let v = object! { "a" => "x<\u{1}\n\"é", "b" => vec![1, 2], "c" => 1.5, "d" => object! {} };
        assert_eq!(to_string(&v), "{\"a\":\"x\\u003c\\u0001\\n\\\"é\",\"b\":[1,2],\"c\":1.5,\"d\":{}}");
    }

    #[test]
    fn floats_take_the_shortest_form() {
        let cases =
            [(1e21, "1e+21"), (1e20, "100000000000000000000"), (1e-7, "1e-7"), (-1.5e-10, "-1.5e-10")];
        for (f, text) in cases {
            assert_eq!(to_string(&Value::Float(f)), text);
        }
        assert_eq!(to_string(&Value::Float(1e-6)), "0.000001");
        assert_eq!(to_string(&Value::Float(1e100)), "1e+100");
        assert_eq!(to_string(&Value::Float(f64::NAN)), "null");
        assert_eq!(to_string(&Value::Float(f64::from_bits(0x431a_d1be_f352_81f5))), "1887241862684797.2");
        assert_eq!(to_string(&Value::Float(0.3)), "0.3");
    }

    #[test]
    fn every_character_that_must_be_escaped_is() {
        let text = "\u{8}\u{c}\r\t\\/&>\u{7f}\u{2028}\u{2029}\u{2030}\u{0}";
        let want = "\"\\b\\f\\r\\t\\\\/\\u0026\\u003e\u{7f}\\u2028\\u2029\u{2030}\\u0000\"";
        assert_eq!(to_string(&text.into()), want);
    }
}
