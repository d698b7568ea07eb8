//! LimitRange: bounds and defaults for what objects of a namespace may ask for.

use api::{Map, Value};

use crate::kind::{Kind, each};

pub(crate) static LIMIT_RANGE: Kind = Kind {
    create_on_update: true,
    default: |range, _| each(range, &["spec", "limits"], default_limits),
    ..Kind::PLAIN
};

/// For containers the default limit follows `max`, the default request follows the default limit, then `min`.
fn default_limits(limit: &mut Map) {
    if limit.get("type").and_then(Value::as_str) == Some("Container") {
        fill(limit, "max", "default");
        fill(limit, "default", "defaultRequest");
        fill(limit, "min", "defaultRequest");
    }
}

fn fill(limit: &mut Map, from: &str, to: &str) {
    let Some(source) = limit.get(from).and_then(Value::as_object).cloned() else { return };
    let target = limit.entry(to).make_object();
    for (key, value) in source {
        if !target.contains_key(&key) {
            target.insert(key, value);
        }
    }
}
