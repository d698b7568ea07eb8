//! JSON for people, as `?pretty=true` answers it: Go's `MarshalIndent` with two spaces.

use api::Value;

/// Appends the indented JSON text of a value, without a final newline.  Empty objects and lists stay on one line.
pub fn write_pretty(out: &mut Vec<u8>, value: &Value) {
    write(out, value, 0);
}

fn write(out: &mut Vec<u8>, value: &Value, depth: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push(b'{');
            for (i, (key, item)) in map.iter().enumerate() {
                new_line(out, depth + 1, i > 0);
                api::json::write_str(out, key);
                out.extend_from_slice(b": ");
                write(out, item, depth + 1);
            }
            new_line(out, depth, false);
            out.push(b'}');
        }
        Value::Array(items) if !items.is_empty() => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                new_line(out, depth + 1, i > 0);
                write(out, item, depth + 1);
            }
            new_line(out, depth, false);
            out.push(b']');
        }
        plain => api::json::write(out, plain),
    }
}

fn new_line(out: &mut Vec<u8>, depth: usize, comma: bool) {
    if comma {
        out.push(b',');
    }
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', 2 * depth));
}
