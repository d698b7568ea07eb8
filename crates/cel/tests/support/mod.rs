//! What several tests need.

use serde_json::Value as Json;

/// The object tree of JSON.
pub(crate) fn convert(json: &Json) -> api::Value {
    match json {
        Json::Null => api::Value::Null,
        Json::Bool(b) => api::Value::Bool(*b),
        Json::Number(n) => n.as_i64().map_or_else(|| api::Value::Float(n.as_f64().unwrap()), api::Value::Int),
        Json::String(s) => s.as_str().into(),
        Json::Array(a) => api::Value::Array(a.iter().map(convert).collect()),
        Json::Object(m) => api::Value::Object(m.iter().map(|(k, v)| (k.as_str(), convert(v))).collect()),
    }
}
