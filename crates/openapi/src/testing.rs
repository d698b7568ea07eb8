//! What several tests need: the documents of the reference server, where they are at hand.

use std::{fs, path::PathBuf};

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

pub fn read(path: PathBuf) -> Value {
    from_serde(serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
}
