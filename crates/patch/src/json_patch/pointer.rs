//! JSON pointers (RFC 6901) into a document, and what an operation does at their end.
//!
//! Entry point: [`container`] walks to the parent of what a path names.

use api::Value;

/// The object or list that holds what `path` names, and the decoded last token.
pub(super) fn container<'a>(doc: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    // What stands before the first slash is ignored, as upstream does.
    let (parents, last) = path.rsplit_once('/')?;
    let mut here = doc;
    for token in parents.split('/').skip(1) {
        here = step(here, &decode(token))?;
    }
    matches!(here, Value::Object(_) | Value::Array(_)).then(|| (here, decode(last)))
}

/// Sorts the members of every object on the way to `parent`, itself included.
pub(super) fn sort_along(doc: &mut Value, parent: &str) {
    let mut here = doc;
    let mut tokens = parent.split('/').skip(1);
    loop {
        if let Value::Object(map) = &mut *here
            && !map.keys().is_sorted()
        {
            map.sort();
        }
        match tokens.next().and_then(|token| step(here, &decode(token))) {
            Some(next) => here = next,
            None => return,
        }
    }
}

/// The value of `key`; `None` when an object does not have it.
pub(super) fn peek<'a>(parent: &'a Value, key: &str) -> Result<Option<&'a Value>, String> {
    match parent {
        Value::Array(items) => position(key, items.len()).map(|at| items.get(at)),
        other => Ok(other.get(key)),
    }
}

/// Inserts before the item `key` of a list, or sets the member `key` of an object.
pub(super) fn add(parent: &mut Value, key: &str, value: Value) -> Result<(), String> {
    match parent {
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => {
            let at = atoi(key).map_err(|e| format!("value was not a proper array index: '{key}': {e}"))?;
            let at = resolve(at, items.len() + 1)?;
            items.insert(at, value);
        }
        Value::Object(map) => {
            map.insert(key, value);
        }
        _ => return Err("missing value".to_owned()),
    }
    Ok(())
}

/// Sets the item or member `key`; `None` when a list has no such item.
pub(super) fn replace(parent: &mut Value, key: &str, value: Value) -> Option<()> {
    match parent {
        Value::Array(items) => {
            let at = position(key, items.len()).ok()?;
            *items.get_mut(at)? = value;
        }
        other => {
            other.as_object_mut()?.insert(key, value);
        }
    }
    Some(())
}

/// Takes the item or member `key` out.
pub(super) fn remove(parent: &mut Value, key: &str) -> Result<Value, String> {
    match parent {
        Value::Array(items) => Ok(items.remove(position(key, items.len())?)),
        other => other
            .as_object_mut()
            .and_then(|map| map.swap_remove(key))
            .ok_or_else(|| format!("Unable to remove nonexistent key: {key}: missing value")),
    }
}

fn step<'a>(here: &'a mut Value, token: &str) -> Option<&'a mut Value> {
    match here {
        Value::Object(map) => map.get_mut(token),
        Value::Array(items) => {
            let at = position(token, items.len()).ok()?;
            items.get_mut(at)
        }
        _ => None,
    }
}

/// The index `key` names in a list of `len` items.
fn position(key: &str, len: usize) -> Result<usize, String> {
    resolve(atoi(key)?, len)
}

/// Checks an index against a list of `len` items; negative ones count from the end.
fn resolve(index: i64, len: usize) -> Result<usize, String> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let at = if index < 0 { index.saturating_add(len) } else { index };
    match usize::try_from(at) {
        Ok(n) if at < len => Ok(n),
        _ => Err(format!("Unable to access invalid index: {index}: invalid index referenced")),
    }
}

/// Go's `strconv.Atoi`.
fn atoi(text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let quoted = api::field::go_quote(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("strconv.Atoi: parsing {quoted}: invalid syntax"));
    }
    text.parse().map_err(|_| format!("strconv.Atoi: parsing {quoted}: value out of range"))
}

/// Undoes `~1` and `~0`, from left to right.
fn decode(token: &str) -> String {
    let mut out = String::with_capacity(token.len());
    let mut rest = token;
    while let Some((before, after)) = rest.split_once('~') {
        out.push_str(before);
        rest = match after.as_bytes().first() {
            Some(b'1') => {
                out.push('/');
                after.get(1..).unwrap_or("")
            }
            Some(b'0') => {
                out.push('~');
                after.get(1..).unwrap_or("")
            }
            _ => {
                out.push('~');
                after
            }
        };
    }
    out.push_str(rest);
    out
}
