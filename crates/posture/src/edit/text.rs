//! What the lines of a text look like.

use std::ops::Range;

use api::Value;
use codec::yaml::{Content, Located};

/// How a document is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Keys in quotes, as JSON has them.
    pub json: bool,
    /// What ends a line.
    pub line_end: &'static str,
}

impl Style {
    pub(super) fn of(text: &str, root: &Located) -> Self {
        let first = match &root.content {
            Content::Mapping(members) => members.first().map(|(key, _)| key),
            Content::Sequence(items) => items.first(),
            _ => None,
        };
        let quoted = first.is_some_and(|node| matches!(byte(text, node.span.start), Some(b'"' | b'{')));
        let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Self { json: root.is_flow(text) && quoted, line_end }
    }
}

/// The parts of a file that are documents with something in them, in their order.
pub(crate) fn documents(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut at, mut has_content) = (0, 0, false);
    for line in text.split_inclusive('\n') {
        if is_marker(line) {
            if has_content {
                found.push(start..at);
            }
            (start, has_content) = (at, false);
        }
        let behind = if is_marker(line) { line.get(3..).unwrap_or("") } else { line };
        let behind = behind.trim_start_matches('\u{feff}').trim();
        let counts = !line.starts_with("...") && !line.starts_with('%') && !behind.starts_with('#');
        has_content |= counts && !behind.is_empty();
        at += line.len();
    }
    if has_content {
        found.push(start..text.len());
    }
    found
}

fn is_marker(line: &str) -> bool {
    (line.starts_with("---") || line.starts_with("..."))
        && line.as_bytes().get(3).is_none_or(u8::is_ascii_whitespace)
}

pub(super) fn byte(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at).copied()
}

/// Where the line begins that a place is in.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |n| n + 1)
}

/// Where the line ends that a place is in, before what ends it.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |n| at + n);
    if end > at && byte(text, end - 1) == Some(b'\r') { end - 1 } else { end }
}

/// Where the next line begins.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |n| at + n + 1)
}

/// The spaces before a place, when nothing else is before it in its line.
pub(super) fn indentation(text: &str, at: usize) -> Option<&str> {
    text.get(line_start(text, at)..at).filter(|before| before.bytes().all(|b| b == b' '))
}

/// How many characters stand before a place in its line.
pub(super) fn column(text: &str, at: usize) -> usize {
    text.get(line_start(text, at)..at)
        .map_or(0, |before| before.trim_start_matches('\u{feff}').chars().count())
}

/// True when only a comment stands between a place and the end of its line.
pub(super) fn ends_line(text: &str, at: usize) -> bool {
    let rest = text.get(at..line_end(text, at)).unwrap_or("");
    let comment = rest.trim_start();
    comment.is_empty() || (comment.starts_with('#') && comment.len() < rest.len())
}

/// The text with a part of it replaced.
pub(super) fn splice(text: &str, part: Range<usize>, new: &str) -> String {
    let (before, after) = (text.get(..part.start).unwrap_or(""), text.get(part.end..).unwrap_or(""));
    format!("{before}{new}{after}")
}

/// A value in one line.
pub(super) fn inline(value: &Value, json: bool) -> String {
    if json {
        return api::json::to_string(value);
    }
    match value {
        Value::Object(map) => {
            let members = map.iter().map(|(key, v)| format!("{}: {}", word(key), inline(v, json)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| inline(item, json)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) => word(text),
        other => api::json::to_string(other),
    }
}

/// A string in as few quotes as a reader lets it have, in braces too.
fn word(text: &str) -> String {
    let plain = codec::yaml::write(&Value::from(text));
    let plain = plain.trim_end_matches('\n');
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@');
    let quoted = plain.starts_with('"') || plain.starts_with('\'');
    if quoted && !plain.contains('\n') || (plain == text && text.chars().all(safe) && !text.ends_with(':')) {
        plain.to_owned()
    } else {
        api::json::to_string(&Value::from(text))
    }
}
