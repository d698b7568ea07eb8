//! JSON Patch (RFC 6902) with the limits and the leniencies upstream has.
//!
//! Entry points: [`json_patch()`] applies, [`unknown_fields`] is what strict field validation asks for.

mod pointer;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt};

use api::{ApiError, Value, field::go_quote, json};

use crate::rejected;
use pointer::{add, container, peek, remove, replace};

/// How many operations a patch may hold.
pub const MAX_OPERATIONS: usize = 10_000;

/// How many bytes of JSON the `copy` operations of one patch may copy.
pub const MAX_COPIED_BYTES: usize = 3 * 1024 * 1024;

/// How deep the patched document may be nested, as deep as the decoders accept.
const MAX_DEPTH: usize = codec::json::MAX_DEPTH;

/// Why a patch was not applied.  [`fmt::Display`] is upstream's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonPatchError {
    /// The patch is no list of operations: 400.
    Malformed(String),
    /// The patch has more than [`MAX_OPERATIONS`] operations: 413.
    TooManyOperations(usize),
    /// An operation failed: 422.  Upstream does not tell clients which.
    Failed(String),
}

impl fmt::Display for JsonPatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(text) | Self::Failed(text) => f.write_str(text),
            Self::TooManyOperations(n) => {
                write!(f, "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {n}")
            }
        }
    }
}

impl std::error::Error for JsonPatchError {}

impl From<JsonPatchError> for ApiError {
    fn from(error: JsonPatchError) -> Self {
        match error {
            JsonPatchError::Malformed(text) => Self::bad_request(text),
            JsonPatchError::TooManyOperations(_) => Self::too_large(error),
            JsonPatchError::Failed(_) => rejected(),
        }
    }
}

/// Applies the operations of `patch` to `doc`, all or none.
///
/// As upstream: negative indices count from the end, `replace` of a member that is missing adds it, `copy` of a missing
/// member copies `null`, `test` of a missing member against `null` holds, and whatever stands before the first `/` of a
/// path is ignored.  Members of every object a path runs through come out sorted by key, as upstream writes them.
///
/// # Errors
/// See [`JsonPatchError`].
pub fn json_patch(mut doc: Value, patch: &Value) -> Result<Value, JsonPatchError> {
    let operations = operations(patch)?;
    if operations.len() > MAX_OPERATIONS {
        return Err(JsonPatchError::TooManyOperations(operations.len()));
    }
    let mut run = Run { copied: 0, depth: depth(&doc), touched: BTreeSet::new() };
    for operation in operations {
        run.apply(&mut doc, operation).map_err(JsonPatchError::Failed)?;
    }
    for parent in &run.touched {
        pointer::sort_along(&mut doc, parent);
    }
    Ok(doc)
}

/// What strict decoding finds in a patch: texts such as `json patch unknown field "[0].foo"`, at most 100.
///
/// # Errors
/// 400 when the patch, or the type of one of its members, is wrong; upstream tells this only when it decodes strictly
/// (field validation `Warn` or `Strict`), so call this first then.
pub fn unknown_fields(patch: &Value) -> Result<Vec<String>, JsonPatchError> {
    let malformed = |text: String| JsonPatchError::Malformed(format!("error decoding patch: {text}"));
    let items = match patch {
        Value::Null => &[],
        Value::Array(items) => items.as_slice(),
        other => return Err(malformed(cannot_unmarshal(other, "Go value of type []handlers.jsonPatchOp"))),
    };
    let mut unknown = Vec::new();
    for (i, item) in items.iter().enumerate() {
        match item {
            Value::Null => {}
            Value::Object(members) => {
                for (key, value) in members.iter() {
                    match (key, value) {
                        ("op" | "path" | "from", Value::String(_) | Value::Null) | ("value", _) => {}
                        ("op" | "path" | "from", other) => {
                            let place = format!("Go struct field jsonPatchOp.{key} of type string");
                            return Err(malformed(cannot_unmarshal(other, &place)));
                        }
                        _ => unknown
                            .push(format!("json patch unknown field {}", go_quote(&format!("[{i}].{key}")))),
                    }
                }
            }
            other => return Err(malformed(cannot_unmarshal(other, "Go value of type handlers.jsonPatchOp"))),
        }
    }
    unknown.truncate(100);
    Ok(unknown)
}

fn cannot_unmarshal(value: &Value, place: &str) -> String {
    format!("json: cannot unmarshal {} into {place}", value.type_name())
}

fn operations(patch: &Value) -> Result<&[Value], JsonPatchError> {
    let items = match patch {
        Value::Null => &[],
        Value::Array(items) => items.as_slice(),
        other => {
            return Err(JsonPatchError::Malformed(cannot_unmarshal(
                other,
                "Go value of type jsonpatch.Patch",
            )));
        }
    };
    match items.iter().find(|item| !matches!(item, Value::Object(_) | Value::Null)) {
        Some(other) => {
            Err(JsonPatchError::Malformed(cannot_unmarshal(other, "Go value of type jsonpatch.Operation")))
        }
        None => Ok(items),
    }
}

/// The state of a patch that is being applied.
struct Run<'a> {
    /// Bytes of JSON copied so far.
    copied: usize,
    /// INVARIANT: the document is nested at most this deep.
    depth: usize,
    /// The parents of all paths, whose objects are sorted at the end.
    touched: BTreeSet<&'a str>,
}

const MISSING: &str = "missing value";

impl<'a> Run<'a> {
    fn apply(&mut self, doc: &mut Value, op: &'a Value) -> Result<(), String> {
        match op.str_at(&["op"]) {
            "add" => self.add(doc, op),
            "remove" => self.remove(doc, op),
            "replace" => self.replace(doc, op),
            "move" => self.relocate(doc, op),
            "test" => self.test(doc, op),
            "copy" => self.copy(doc, op),
            kind => {
                let known = op.get("op").is_some_and(|v| v.as_str().is_some());
                Err(format!("Unexpected kind: {}", if known { kind } else { "unknown" }))
            }
        }
    }

    /// The member `name` of an operation, noting the objects it runs through.
    fn path(&mut self, op: &'a Value, name: &str) -> Result<&'a str, String> {
        let path = match op.get(name) {
            Some(Value::String(path)) => path.as_str(),
            None | Some(Value::Null) if name == "from" => {
                return Err(format!("operation, missing from field: {MISSING}"));
            }
            None | Some(Value::Null) => return Err(format!("operation missing {name} field: {MISSING}")),
            Some(other) => return Err(cannot_unmarshal(other, "Go value of type string")),
        };
        self.touched.insert(path.rsplit_once('/').map_or("", |(parent, _)| parent));
        Ok(path)
    }

    fn add(&mut self, doc: &mut Value, op: &'a Value) -> Result<(), String> {
        let path =
            self.path(op, "path").map_err(|_| format!("add operation failed to decode path: {MISSING}"))?;
        let value = value_of(op);
        let inner = depth(&value);
        self.put(doc, path, value, inner)
            .ok_or_else(|| {
                format!("add operation does not apply: doc is missing path: {}: {MISSING}", quoted(path))
            })?
            .map_err(|e| format!("error in add for path: '{path}': {e}"))
    }

    /// Puts a value nested at most `inner` deep at `path`; `None` when the document has no such place.
    fn put(&mut self, doc: &mut Value, path: &str, value: Value, inner: usize) -> Option<Result<(), String>> {
        let (parent, key) = container(doc, path)?;
        Some(add(parent, &key, value).and_then(|()| self.deepen(doc, tokens(path) + inner)))
    }

    /// Notes that the document may now be nested `reached` deep.  The bound is made exact only when it runs out, so
    /// that operations which nest what others have nested cost no walk each.
    fn deepen(&mut self, doc: &Value, reached: usize) -> Result<(), String> {
        self.depth = self.depth.max(reached);
        if self.depth > MAX_DEPTH {
            self.depth = depth(doc);
        }
        if self.depth > MAX_DEPTH { Err("exceeded max depth".to_owned()) } else { Ok(()) }
    }

    fn remove(&mut self, doc: &mut Value, op: &'a Value) -> Result<(), String> {
        let path = self
            .path(op, "path")
            .map_err(|_| format!("remove operation failed to decode path: {MISSING}"))?;
        let (parent, key) = container(doc, path).ok_or_else(|| {
            format!("remove operation does not apply: doc is missing path: {}: {MISSING}", quoted(path))
        })?;
        remove(parent, &key).map(drop).map_err(|e| format!("error in remove for path: '{path}': {e}"))
    }

    fn replace(&mut self, doc: &mut Value, op: &'a Value) -> Result<(), String> {
        let path =
            self.path(op, "path").map_err(|e| format!("replace operation failed to decode path: {e}"))?;
        if path.is_empty() {
            return match op.get("value") {
                Some(value @ (Value::Object(_) | Value::Array(_))) => {
                    *doc = value.clone();
                    self.deepen(doc, depth(value))
                }
                _ => Err("replace operation value must be object or array: %!w(<nil>)".to_owned()),
            };
        }
        let (parent, key) = container(doc, path).ok_or_else(|| {
            format!("replace operation does not apply: doc is missing path: {path}: {MISSING}")
        })?;
        let value = value_of(op);
        let reached = tokens(path) + depth(&value);
        replace(parent, &key, value).ok_or_else(|| {
            format!("replace operation does not apply: doc is missing key: {path}: {MISSING}")
        })?;
        self.deepen(doc, reached)
    }

    fn relocate(&mut self, doc: &mut Value, op: &'a Value) -> Result<(), String> {
        let from = self.path(op, "from").map_err(|e| format!("move operation failed to decode from: {e}"))?;
        let (parent, key) = container(doc, from).ok_or_else(|| {
            format!("move operation does not apply: doc is missing from path: {from}: {MISSING}")
        })?;
        let value = remove(parent, &key).map_err(|e| format!("error in move for path: '{key}': {e}"))?;
        let path = self.path(op, "path").map_err(|e| format!("move operation failed to decode path: {e}"))?;
        let inner = self.depth.saturating_sub(tokens(from));
        self.put(doc, path, value, inner)
            .ok_or_else(|| {
                format!("move operation does not apply: doc is missing destination path: {path}: {MISSING}")
            })?
            .map_err(|e| format!("error in move for path: '{path}': {e}"))
    }

    fn test(&mut self, doc: &mut Value, op: &'a Value) -> Result<(), String> {
        let path = self.path(op, "path").map_err(|e| format!("test operation failed to decode path: {e}"))?;
        let failed = || Err(format!("testing value {path} failed: test failed"));
        let expected = op.get("value").unwrap_or(&Value::Null);
        if path.is_empty() {
            return if doc == expected { Ok(()) } else { failed() };
        }
        let (parent, key) = container(doc, path)
            .ok_or_else(|| format!("test operation does not apply: is missing path: {path}: {MISSING}"))?;
        let value = peek(parent, &key).map_err(|e| format!("error in test for path: '{path}': {e}"))?;
        if value.unwrap_or(&Value::Null) == expected { Ok(()) } else { failed() }
    }

    fn copy(&mut self, doc: &mut Value, op: &'a Value) -> Result<(), String> {
        let from = self.path(op, "from").map_err(|e| format!("copy operation failed to decode from: {e}"))?;
        let (parent, key) = container(doc, from).ok_or_else(|| {
            format!("copy operation does not apply: doc is missing from path: {from}: {MISSING}")
        })?;
        let value = peek(parent, &key).map_err(|e| format!("error in copy for from: '{from}': {e}"))?;
        let copied = self.copied + value.map_or(0, |v| json::to_string(v).len());
        let value = if copied > MAX_COPIED_BYTES { None } else { value.cloned() };
        let path =
            self.path(op, "path").map_err(|_| format!("copy operation failed to decode path: {MISSING}"))?;
        let missing =
            || format!("copy operation does not apply: doc is missing destination path: {path}: {MISSING}");
        container(doc, path).ok_or_else(missing)?;
        if copied > MAX_COPIED_BYTES {
            return Err(format!(
                "Unable to complete the copy, the accumulated size increase of copy is {copied}, exceeding the limit \
                 {MAX_COPIED_BYTES}"
            ));
        }
        self.copied = copied;
        let inner = self.depth.saturating_sub(tokens(from));
        self.put(doc, path, value.unwrap_or_default(), inner)
            .ok_or_else(missing)?
            .map_err(|e| format!("error while adding value during copy: {e}"))
    }
}

fn value_of(op: &Value) -> Value {
    op.get("value").cloned().unwrap_or_default()
}

fn quoted(path: &str) -> String {
    format!("\"{path}\"")
}

/// How many steps a path takes from the root.
fn tokens(path: &str) -> usize {
    path.bytes().filter(|b| *b == b'/').count()
}

/// How deep a value is nested: 0 for a scalar.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
