//! The quick way for YAML that is JSON, as most bodies of server-side apply are.

use api::Value;

use super::compose::number;

/// The value of a text that reads the same as JSON and as YAML; `None` sends it the long way.
///
/// That excludes what YAML refuses, reports or reads otherwise: repeated members, `\/` and surrogates, keys beyond 1024
/// characters, and all but printable ASCII.
pub(super) fn parse(bytes: &[u8]) -> Option<Value> {
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace())?;
    let ascii = |b: &u8| matches!(b, b' '..=b'~' | b'\n');
    if !matches!(first, b'{' | b'[') || !bytes.iter().all(ascii) || has_foreign_escape(bytes) {
        return None;
    }
    let parsed = crate::json::parse(bytes).ok()?;
    if !parsed.duplicates.is_empty() || parsed.out_of_range.is_some() {
        return None;
    }
    let mut value = parsed.value;
    settle(&mut value).then_some(value)
}

/// Escapes that JSON and YAML may disagree about.
fn has_foreign_escape(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| matches!(pair, [b'\\', b'/' | b'u']))
}

/// Sorts members and makes whole floats integers; false when a key is too long.
fn settle(value: &mut Value) -> bool {
    match value {
        Value::Float(f) => {
            *value = number(*f);
            true
        }
        Value::Array(items) => items.iter_mut().all(settle),
        Value::Object(map) => {
            if !map.keys().is_sorted() {
                map.sort();
            }
            map.iter_mut().all(|(key, member)| key.len() < 1000 && settle(member))
        }
        _ => true,
    }
}
