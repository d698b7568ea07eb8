//! Between values and stored bytes.

use api::{ApiError, GroupVersion, Map, Value, json};
use store::{Draft, Fields, Head, Object};

use crate::catalog::Served;

/// To be raised whenever the same object would get other selectable fields.
const HEADS_VERSION: u32 = 1;

/// Members of `metadata` that upstream writes before `resourceVersion`.
const BEFORE_VERSION: [&str; 5] = ["name", "generateName", "namespace", "selfLink", "uid"];

/// A stored object as a value.
pub(crate) fn parse(object: &Object) -> Result<Value, ApiError> {
    match codec::json::parse(object.json_bytes()) {
        Ok(parsed) => Ok(parsed.value),
        Err(error) => {
            Err(ApiError::internal(format!("stored object {} cannot be read: {error}", object.key())))
        }
    }
}

/// An object in another version of its kind.
pub(crate) fn convert(served: &Served, object: Value, to: &GroupVersion) -> Result<Value, ApiError> {
    let from = object.str_at(&["apiVersion"]);
    if from == to.to_string() {
        return Ok(object);
    }
    let from = GroupVersion::parse(from).unwrap_or_else(|| served.stored_version());
    Ok(kinds::convert(object, &from, to, served.table.kind))
}

/// What the store keeps of an object, which is in its stored version afterwards.
pub(super) fn draft(served: &Served, object: &mut Value) -> Result<Draft, ApiError> {
    if served.strategy_version() != served.stored_version() {
        *object = convert(served, object.take(), &served.stored_version())?;
    }
    object.remove_at(&["metadata", "resourceVersion"]);
    object.set_at(&["apiVersion"], served.stored_version().to_string());
    object.set_at(&["kind"], served.table.kind);
    schema::canonicalize(object, served.stored_message);
    let head = head(served, object);
    let (text, splice_at, rest_at) = write(object.as_object().unwrap_or(&Map::new()));
    Draft::new(head, text, splice_at, rest_at).map_err(|e| ApiError::internal(format!("{e:?}")))
}

/// How the store makes heads again when their content has changed with a release.
pub(crate) fn heads() -> store::Heads {
    store::Heads { version: HEADS_VERSION, read: std::sync::Arc::new(|_, _| None) }
}

fn head(served: &Served, object: &Value) -> Head {
    let labels = object.at(&["metadata", "labels"]).as_object();
    Head {
        uid: object.str_at(&["metadata", "uid"]).into(),
        labels: labels
            .into_iter()
            .flat_map(Map::iter)
            .map(|(k, v)| (k.into(), v.as_str().unwrap_or("").into()))
            .collect(),
        fields: Fields::new(served.stored_strategy.selectable_fields(object)),
        expires: 0,
    }
}

/// The JSON text, where `resourceVersion` belongs in it, and where it goes on behind kind and version.
fn write(object: &Map) -> (Vec<u8>, usize, usize) {
    let mut out = Vec::with_capacity(1024);
    let (mut splice_at, mut rest_at) = (0, 0);
    out.push(b'{');
    for (key, value) in object.iter() {
        if out.len() > 1 {
            out.push(b',');
        }
        if rest_at == 0 && !matches!(key, "kind" | "apiVersion") {
            rest_at = out.len();
        }
        json::write_str(&mut out, key);
        out.push(b':');
        match value {
            Value::Object(metadata) if key == "metadata" => splice_at = write_metadata(&mut out, metadata),
            value => json::write(&mut out, value),
        }
    }
    out.push(b'}');
    (out, splice_at, rest_at)
}

fn write_metadata(out: &mut Vec<u8>, metadata: &Map) -> usize {
    out.push(b'{');
    let mut splice_at = out.len();
    for (i, (key, value)) in metadata.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        json::write_str(out, key);
        out.push(b':');
        json::write(out, value);
        if BEFORE_VERSION.contains(&key) {
            splice_at = out.len();
        }
    }
    out.push(b'}');
    splice_at
}
