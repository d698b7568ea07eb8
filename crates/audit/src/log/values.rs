//! Small values out of JSON text; what is not of the wanted shape is empty.

use std::borrow::Cow;

use super::scan::{Cursor, Malformed, string};

/// The first string of a list, or the string itself; `""` when there is none.
pub(crate) fn first(text: &[u8]) -> Cow<'_, str> {
    if text.first() == Some(&b'"') {
        return string(text);
    }
    let mut first = None;
    // Walking ends at the first item.
    let _ = Cursor::new(text).list(|item| {
        first = Some(string(item));
        Err(Malformed)
    });
    first.unwrap_or_default()
}

/// A string among the members of an object, `""` when there is none.
pub(crate) fn member<'a>(text: &'a [u8], name: &str) -> Cow<'a, str> {
    let mut found = None;
    let _ = Cursor::new(text).object(|key, value| {
        if key == name.as_bytes() {
            found = Some(string(value));
            return Err(Malformed);
        }
        Ok(())
    });
    found.unwrap_or_default()
}

/// A list of strings.
pub(crate) fn strings(text: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    let read = Cursor::new(text).list(|item| {
        all.push(string(item).into_owned());
        Ok(())
    });
    if read.is_ok() { all } else { Vec::new() }
}

/// A map of lists of strings.
pub(crate) fn string_lists(text: &[u8]) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    let read = Cursor::new(text).object(|key, value| {
        let quoted = [b"\"", key, b"\""].concat();
        all.push((string(&quoted).into_owned(), strings(value)));
        Ok(())
    });
    if read.is_ok() { all } else { Vec::new() }
}
