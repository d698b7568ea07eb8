//! Values put into a text: in the place of others, as new members and items.

use api::{Value, object};
use codec::yaml::{Content, Located};

use super::path::Step;
use super::text::{Style, byte, column, ends_line, indentation, inline, line_end, splice};

/// Puts a value into the place of another one, in its quotes where it has some.
pub(super) fn replace(text: &str, node: &Located, value: &Value, style: Style) -> String {
    let quoted = match (value, byte(text, node.span.start)) {
        (Value::String(new), Some(b'\'')) => format!("'{}'", new.replace('\'', "''")),
        (Value::String(_), Some(b'"')) => api::json::to_string(value),
        _ => inline(value, style.json),
    };
    // A value that nobody wrote begins right behind its colon or dash.
    let space = if node.span.is_empty() { " " } else { "" };
    splice(text, node.span.clone(), &format!("{space}{quoted}"))
}

/// Puts a new member into a mapping, or a new item behind the last of a list.
///
/// # Errors
/// Why there is no place for it.
pub(super) fn insert(
    text: &str,
    node: &Located,
    step: &Step,
    value: &Value,
    style: Style,
) -> Result<String, String> {
    let (first, last) = match &node.content {
        Content::Mapping(members) => (members.first().map(|(key, _)| key), members.last().map(|(_, v)| v)),
        Content::Sequence(items) => (items.first(), items.last()),
        _ => (None, None),
    };
    match (first, last) {
        (Some(first), Some(last)) if node.is_flow(text) => {
            Ok(in_braces(text, first, last, step, value, style))
        }
        (Some(first), Some(last)) => in_lines(text, node, first, last, step, value, style),
        _ => in_empty_braces(text, node, step, value, style),
    }
}

/// A member or item as it stands in braces or brackets.
fn entry(step: &Step, value: &Value, style: Style) -> String {
    let Step::Key(key) = step else { return inline(value, style.json) };
    let whole = inline(&object! { key.as_str() => value.clone() }, style.json);
    let inside = whole.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let inside = inside.unwrap_or(&whole);
    // JSON is written without spaces; people put one behind the colon.
    let name =
        if style.json { api::json::to_string(&Value::from(key.as_str())) + ":" } else { String::new() };
    match inside.strip_prefix(&name) {
        Some(rest) if style.json => format!("{name} {rest}"),
        _ => inside.to_owned(),
    }
}

fn in_braces(
    text: &str,
    first: &Located,
    last: &Located,
    step: &Step,
    value: &Value,
    style: Style,
) -> String {
    let entry = entry(step, value, style);
    // One a line where the first is on a line of its own.
    let before = match indentation_of_entry(text, first) {
        Some(indent) => format!(",{}{indent}", style.line_end),
        None => ", ".to_owned(),
    };
    splice(text, last.span.end..last.span.end, &format!("{before}{entry}"))
}

/// The white space before an entry that begins a line.
fn indentation_of_entry<'a>(text: &'a str, entry: &Located) -> Option<&'a str> {
    let start = super::text::line_start(text, entry.span.start);
    text.get(start..entry.span.start).filter(|before| start > 0 && before.trim().is_empty())
}

fn in_empty_braces(
    text: &str,
    node: &Located,
    step: &Step,
    value: &Value,
    style: Style,
) -> Result<String, String> {
    let inside = text.get(node.span.start + 1..node.span.end.saturating_sub(1)).unwrap_or("#");
    if inside.contains('#') {
        return Err("a comment stands in its braces".to_owned());
    }
    let entry = entry(step, value, style);
    let filled = if matches!(step, Step::Key(_)) { format!("{{{entry}}}") } else { format!("[{entry}]") };
    Ok(splice(text, node.span.clone(), &filled))
}

/// In block style: lines of its own behind those of the last member or item.
fn in_lines(
    text: &str,
    node: &Located,
    first: &Located,
    last: &Located,
    step: &Step,
    value: &Value,
    style: Style,
) -> Result<String, String> {
    let (margin, lines) = match step {
        Step::Key(key) => (first.span.start, codec::yaml::write(&object! { key.as_str() => value.clone() })),
        Step::Item(_) => (node.span.start, codec::yaml::write(&Value::Array(vec![value.clone()]))),
    };
    if !ends_line(text, last.span.end) {
        return Err("something else stands behind it in the same line".to_owned());
    }
    let indent = match indentation(text, margin) {
        Some(indent) => indent.to_owned(),
        None => " ".repeat(column(text, margin)),
    };
    let end = line_end(text, last.span.end);
    let mut new = String::new();
    for line in lines.lines() {
        new.push_str(style.line_end);
        new.push_str(&indent);
        new.push_str(line);
    }
    Ok(splice(text, end..end, &new))
}
