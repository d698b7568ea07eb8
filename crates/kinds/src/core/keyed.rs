//! What ConfigMaps and Secrets have in common: data under keys that become file names.

use api::{Value, field};

use crate::{Cursor, equal, names};

/// Most bytes the values of one object may have together.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// Reports a key that cannot name a file.
pub(super) fn key(entry: &Cursor, key: &str, errors: &mut field::Errors) {
    for fault in names::config_map_key(key) {
        entry.bad(errors, key, &fault);
    }
}

/// How many bytes the base64 texts of a map stand for.
pub(super) fn decoded_size(map: &Cursor) -> usize {
    let size = |text: &str| text.len() / 4 * 3 - text.bytes().rev().take(2).filter(|b| *b == b'=').count();
    map.entries().filter(|(_, entry)| !entry.str().is_empty()).map(|(_, entry)| size(entry.str())).sum()
}

/// Reports changes of `members` of an object that was declared immutable.
pub(super) fn frozen(new: &Value, old: &Value, members: &[&str], errors: &mut field::Errors) {
    let is_frozen = |object: &Value| object.at(&["immutable"]).as_bool() == Some(true);
    if !is_frozen(old) {
        return;
    }
    let why = "field is immutable when `immutable` is set";
    if !is_frozen(new) {
        errors.forbidden(&field::Path::new("immutable"), why);
    }
    for member in members.iter().filter(|member| !equal::semantic(new.at(&[member]), old.at(&[member]))) {
        errors.forbidden(&field::Path::new(member), why);
    }
}
