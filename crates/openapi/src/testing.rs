//! What several tests need: the documents of the reference server, where they are at hand.

use std::{
    fs,
    path::{Path, PathBuf},
};

use api::Value;

/// A directory of reference documents; `None` (with a word why) where it is missing.
pub fn reference(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SUMUN_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let dir = root.join("data").join(name);
    if dir.exists() {
        return Some(dir);
    }
    eprintln!("skipped: no reference documents at {}", dir.display());
    None
}

/// A value of ours out of one of `serde_json`.
pub fn from_serde(v: serde_json::Value) -> Value {
    match v {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(b) => b.into(),
        serde_json::Value::Number(n) => {
            n.as_i64().map_or_else(|| Value::Float(n.as_f64().unwrap()), Value::Int)
        }
        serde_json::Value::String(s) => s.into(),
        serde_json::Value::Array(a) => a.into_iter().map(from_serde).collect::<Vec<_>>().into(),
        serde_json::Value::Object(m) => {
            Value::Object(m.into_iter().map(|(k, v)| (k, from_serde(v))).collect())
        }
    }
}

/// Reads a file of JSON.
pub fn read(path: &Path) -> Value {
    parse(&fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// Reads JSON.
pub fn parse(bytes: &[u8]) -> Value {
    from_serde(serde_json::from_slice(bytes).unwrap())
}

/// Where two values differ: the path of each difference and what lies there, shortened.
pub fn differences(ours: &Value, theirs: &Value) -> Vec<String> {
    let mut out = Vec::new();
    collect(ours, theirs, "", &mut out);
    out
}

fn collect(ours: &Value, theirs: &Value, path: &str, out: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a.iter() {
                collect(value, b.get(key).unwrap_or(&Value::Null), &format!("{path}/{key}"), out);
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(key)) {
                collect(&Value::Null, value, &format!("{path}/{key}"), out);
            }
        }
        (a, b) if a != b => {
            let text = |v: &Value| api::json::to_string(v).chars().take(120).collect::<String>();
            out.push(format!("{path}: {} is not {}", text(a), text(b)));
        }
        _ => {}
    }
}

/// What the two sides are known to differ in: texts are our own, the reference documents were made with enumerations
/// off and CBOR on.
pub fn comparable(value: &Value, ours: bool) -> Value {
    match value {
        Value::Object(map) => {
            let keep = |key: &str, value: &Value| match key {
                "description" => value.as_object().is_some(),
                "enum" => !ours || value.as_object().is_some(),
                _ => ours || !key.contains("cbor"),
            };
            let kept = map.iter().filter(|(k, v)| keep(k, v)).map(|(k, v)| (k, comparable(v, ours)));
            Value::Object(kept.collect())
        }
        Value::Array(items) => {
            let kept = items.iter().filter(|v| ours || !v.as_str().is_some_and(|s| s.contains("cbor")));
            kept.map(|v| comparable(v, ours)).collect::<Vec<_>>().into()
        }
        other => other.clone(),
    }
}
