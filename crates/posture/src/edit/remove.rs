//! Members and items taken out of a text, with the comments behind them in their lines.

use std::ops::Range;

use codec::yaml::{Content, Located};

use super::path::Step;
use super::text::{byte, ends_line, indentation, line_start, next_line, splice};

/// Takes out what a path leads to.
///
/// # Errors
/// Why it cannot be taken out alone.
pub(super) fn remove(text: &str, root: &Located, path: &[Step]) -> Result<String, String> {
    let (last, parents) = path.split_last().ok_or("there is nothing to remove")?;
    let mut parent = root;
    for step in parents {
        parent = super::child(parent, step)?.ok_or("the place is not there")?;
    }
    let (entries, index) = entries(text, parent, last)?;
    let entry = entries.get(index).cloned().ok_or("the place is not there")?;
    let part = if entries.len() == 1 {
        // What stays is empty, and says so.
        let empty = if matches!(last, Step::Key(_)) { "{}" } else { "[]" };
        return Ok(splice(text, parent.span.clone(), empty));
    } else if parent.is_flow(text) {
        match (index.checked_sub(1).and_then(|i| entries.get(i)), entries.get(index + 1)) {
            (Some(before), _) => before.end..entry.end,
            (None, Some(after)) => entry.start..after.start,
            (None, None) => entry,
        }
    } else {
        lines_of(text, &entry, entries.get(index + 1))?
    };
    Ok(splice(text, part, ""))
}

/// Where the members or items of a collection stand, and which of them is meant.
fn entries(text: &str, parent: &Located, step: &Step) -> Result<(Vec<Range<usize>>, usize), String> {
    match (&parent.content, step) {
        (Content::Mapping(members), Step::Key(name)) => {
            let is_it = |(key, _): &(Located, Located)| key.content == Content::Scalar(name.clone());
            let index = members.iter().position(is_it).ok_or("the place is not there")?;
            let range = |(key, value): &(Located, Located)| key.span.start..value.span.end.max(key.span.end);
            Ok((members.iter().map(range).collect(), index))
        }
        (Content::Sequence(items), Step::Item(index)) => {
            let is_flow = parent.is_flow(text);
            let range = |item: &Located| {
                let start = if is_flow { item.span.start } else { dash(text, item)? };
                Ok(start..item.span.end)
            };
            Ok((items.iter().map(range).collect::<Result<_, String>>()?, *index))
        }
        (Content::Alias, _) => Err("it stands behind an alias".to_owned()),
        _ => Err("a list stands where a mapping is expected, or the other way round".to_owned()),
    }
}

/// Where the dash of an item stands.
fn dash(text: &str, item: &Located) -> Result<usize, String> {
    let before = text.get(..item.span.start).unwrap_or("").trim_end();
    let at = before.len().checked_sub(1).filter(|at| byte(text, *at) == Some(b'-'));
    at.ok_or_else(|| "an anchor, a tag or a comment stands before it".to_owned())
}

/// The lines of an entry in block style; only itself when it stands behind a dash, where the next one takes its place.
fn lines_of(text: &str, entry: &Range<usize>, next: Option<&Range<usize>>) -> Result<Range<usize>, String> {
    if !ends_line(text, entry.end) {
        return Err("something else stands behind it in the same line".to_owned());
    }
    if indentation(text, entry.start).is_some() {
        return Ok(line_start(text, entry.start)..next_line(text, entry.end));
    }
    let next = next.ok_or("it is alone behind its dash")?;
    if text.get(entry.end..next.start).is_none_or(|between| between.contains('#')) {
        return Err("a comment stands between it and what follows".to_owned());
    }
    Ok(entry.start..next.start)
}
