//! Small values out of JSON text; what is not of the wanted shape is empty.

use super::scan::{Cursor, string};

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
