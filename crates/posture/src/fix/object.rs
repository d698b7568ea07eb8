//! An object in the text of a document: alone, in a list, or in a sequence.

use api::Value;
use codec::yaml::locate;
use evidence::Origin;

use crate::edit::{Path, Step};
use crate::finding::Subject;

/// How deep lists of lists are looked into.
const DEEPEST: usize = 8;

/// Finds an object in a document that begins at a place of a text: its path, and itself.
///
/// # Errors
/// Why it is not found, or not found alone.
pub(super) fn find(
    document: &str,
    subject: &Subject,
    origin: &Origin,
    text: &str,
    start: usize,
) -> Result<(Path, Value), String> {
    let whole = codec::yaml::parse(document.as_bytes()).map_err(|why| why.to_string())?.value;
    let mut found = Vec::new();
    search(&whole, subject, Vec::new(), &mut found);
    if found.len() > 1 {
        // Several of one name: the line tells which.
        let root = locate(document).map_err(|why| why.to_string())?.ok_or("the document is empty")?;
        let before = text.get(..start).map_or(0, |head| head.matches('\n').count());
        found.retain(|path| {
            let node = path.iter().try_fold(&root, |node, step| match step {
                Step::Key(key) => node.member(key),
                Step::Item(i) => node.item(*i),
            });
            node.is_some_and(|node| node.line + before == origin.line)
        });
    }
    match <[Path; 1]>::try_from(found) {
        Ok([path]) => {
            let value = name_kind(value_at(&whole, &path)?, subject);
            Ok((path, value))
        }
        Err(none) if none.is_empty() => Err("the object is not found again".to_owned()),
        Err(_) => Err("the document holds several objects of that name".to_owned()),
    }
}

fn search(value: &Value, subject: &Subject, path: Path, found: &mut Vec<Path>) {
    let is_list = value.str_at(&["kind"]).ends_with("List") && value.at(&["items"]).as_array().is_some();
    let (items, prefix) = match value {
        Value::Array(items) => (items.as_slice(), path),
        _ if is_list => {
            let mut inside = path;
            inside.push(Step::Key("items".to_owned()));
            (value.array_at(&["items"]), inside)
        }
        _ if is_subject(value, subject) => return found.push(path),
        _ => return,
    };
    if prefix.len() > DEEPEST {
        return;
    }
    for (i, item) in items.iter().enumerate() {
        let mut inside = prefix.clone();
        inside.push(Step::Item(i));
        search(item, subject, inside, found);
    }
}

/// Items of a typed list need not name their kind.
fn is_subject(value: &Value, subject: &Subject) -> bool {
    let kind = value.str_at(&["kind"]);
    let metadata = value.at(&["metadata"]);
    (kind == subject.kind || kind.is_empty())
        && metadata.str_at(&["name"]) == subject.name
        && metadata.str_at(&["namespace"]) == subject.namespace
}

/// The value at a path.
///
/// # Errors
/// A path that leads nowhere.
pub(super) fn value_at<'a>(value: &'a Value, path: &[Step]) -> Result<&'a Value, String> {
    let step = |value: &'a Value, step: &Step| match step {
        Step::Key(key) => value.get(key),
        Step::Item(i) => value.as_array().and_then(|items| items.get(*i)),
    };
    path.iter().try_fold(value, step).ok_or_else(|| "the object is not found again".to_owned())
}

/// The object at a path of a text.
pub(super) fn at(document: &str, path: &[Step], like: &Value) -> Result<Value, String> {
    let whole = codec::yaml::parse(document.as_bytes()).map_err(|why| why.to_string())?.value;
    let mut value = value_at(&whole, path)?.clone();
    for key in ["apiVersion", "kind"] {
        if value.at(&[key]).is_null() {
            value.set_at(&[key], like.at(&[key]).clone());
        }
    }
    Ok(value)
}

/// The object with its kind and version, which an item of a typed list leaves to the list.
pub(super) fn name_kind(value: &Value, subject: &Subject) -> Value {
    let mut value = value.clone();
    for (key, text) in [("apiVersion", &subject.api_version), ("kind", &subject.kind)] {
        if value.at(&[key]).is_null() {
            value.set_at(&[key], text.as_str());
        }
    }
    value
}

/// True when something in it is filled in later.
pub(super) fn is_template(value: &Value) -> bool {
    let marked = |text: &str| text.contains("{{") || text.contains("<%");
    match value {
        Value::String(text) => marked(text),
        Value::Array(items) => items.iter().any(is_template),
        Value::Object(map) => map.iter().any(|(key, value)| marked(key) || is_template(value)),
        _ => false,
    }
}
