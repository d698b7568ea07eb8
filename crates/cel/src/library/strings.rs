//! Texts: the language's own functions and the string extensions, counting code points.

use super::{Cost, ONE, Row, SingleCost, any, int, items, regexes, room_for, row, text};
use crate::error::Error;
use crate::value::{Result, Value, show};

const BY_SIZE: Cost = Cost::Single(SingleCost::First);

pub(super) static STANDARD: &[Row] = &[
    row("contains", "contains_string", "string.(string): bool", Cost::Single(SingleCost::Product), |a| {
        Ok(Value::Bool(text(a, 0)?.contains(text(a, 1)?)))
    }),
    row("endsWith", "ends_with_string", "string.(string): bool", BY_SIZE, |a| {
        Ok(Value::Bool(text(a, 0)?.ends_with(text(a, 1)?)))
    }),
    row("startsWith", "starts_with_string", "string.(string): bool", BY_SIZE, |a| {
        Ok(Value::Bool(text(a, 0)?.starts_with(text(a, 1)?)))
    }),
    row("matches", "matches", "(string, string): bool", ONE, regexes::matches),
    row(
        "matches",
        "matches_string",
        "string.(string): bool",
        Cost::Single(SingleCost::Regex),
        regexes::matches,
    ),
];

/// Walking over the receiver once, or once and making the result.
const WALK: Cost = Cost::First(0.1);
const COPY: Cost = Cost::First(0.2);

pub(super) static ROWS: &[Row] = &[
    row("charAt", "string_char_at_int", "string.(int): string", ONE, char_at),
    row("indexOf", "string_index_of_string", "string.(string): int", Cost::Walk, index_of),
    row("indexOf", "string_index_of_string_int", "string.(string, int): int", Cost::Walk, index_of),
    row("lastIndexOf", "string_last_index_of_string", "string.(string): int", Cost::Walk, last_index_of),
    row(
        "lastIndexOf",
        "string_last_index_of_string_int",
        "string.(string, int): int",
        Cost::Walk,
        last_index_of,
    ),
    row("lowerAscii", "string_lower_ascii", "string.(): string", WALK, |a| {
        Ok(Value::text(&text(a, 0)?.to_ascii_lowercase()))
    }),
    row("upperAscii", "string_upper_ascii", "string.(): string", WALK, |a| {
        Ok(Value::text(&text(a, 0)?.to_ascii_uppercase()))
    }),
    row("replace", "string_replace_string_string", "string.(string, string): string", COPY, replace),
    row("replace", "string_replace_string_string_int", "string.(string, string, int): string", COPY, replace),
    row("split", "string_split_string", "string.(string): list(string)", COPY, split),
    row("split", "string_split_string_int", "string.(string, int): list(string)", COPY, split),
    row("substring", "string_substring_int", "string.(int): string", WALK, substring),
    row("substring", "string_substring_int_int", "string.(int, int): string", WALK, substring),
    row("trim", "string_trim", "string.(): string", WALK, |a| {
        Ok(Value::text(text(a, 0)?.trim_matches(is_space)))
    }),
    row("join", "list_join", "list(string).(): string", Cost::Outcome(0.2), join),
    row("join", "list_join_string", "list(string).(string): string", Cost::Outcome(0.2), join),
    row("strings.quote", "strings_quote", "(string): string", BY_SIZE, |a| {
        Ok(Value::text(&quote(text(a, 0)?)))
    }),
];

/// Known only where patches are made.
pub(super) static JSON_PATCH: &[Row] =
    &[row("jsonpatch.escapeKey", "string_jsonpatch_escapeKey_string", "(string): string", WALK, |a| {
        Ok(Value::text(&text(a, 0)?.replace('~', "~0").replace('/', "~1")))
    })];

/// What Go calls white space.
fn is_space(c: char) -> bool {
    c.is_whitespace()
}

fn out_of_range(index: i64) -> Error {
    Error::new(format!("index out of range: {index}"))
}

fn char_at<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let (text, index) = (text(args, 0)?, int(args, 1)?);
    let at = usize::try_from(index).map_err(|_| out_of_range(index))?;
    match text.chars().nth(at) {
        Some(c) => Ok(Value::text(c.encode_utf8(&mut [0; 4]))),
        None if at == text.chars().count() => Ok(Value::text("")),
        None => Err(out_of_range(index)),
    }
}

fn index_of<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    if any(args, 0)?.list_len().is_some() {
        return super::lists::index_of(args);
    }
    let (text, part) = (text(args, 0)?, text(args, 1)?);
    let offset = if args.len() > 2 { int(args, 2)? } else { 0 };
    if part.is_empty() {
        return Ok(Value::Int(offset));
    }
    let from = usize::try_from(offset).map_err(|_| out_of_range(offset))?;
    let Some((start, _)) = text.char_indices().nth(from) else { return Ok(Value::Int(-1)) };
    let rest = text.get(start..).unwrap_or("");
    let found =
        rest.find(part).and_then(|at| rest.get(..at)).map(|before| (from + before.chars().count()) as i64);
    Ok(Value::Int(found.unwrap_or(-1)))
}

fn last_index_of<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    if any(args, 0)?.list_len().is_some() {
        return super::lists::last_index_of(args);
    }
    let (text, part) = (text(args, 0)?, text(args, 1)?);
    let length = text.chars().count();
    let offset = if args.len() > 2 { Some(int(args, 2)?) } else { None };
    if part.is_empty() {
        return Ok(Value::Int(offset.unwrap_or(length as i64)));
    }
    let last = match offset {
        None => length.saturating_sub(1),
        Some(offset) => usize::try_from(offset).map_err(|_| out_of_range(offset))?,
    };
    if last >= length || part.len() > text.len() {
        return Ok(Value::Int(-1));
    }
    // Matches may begin at `last`, so that the text to search ends where such a match would.
    let size = part.chars().count();
    let end = text.char_indices().nth(last + size).map_or(text.len(), |(i, _)| i);
    let head = text.get(..end).unwrap_or(text);
    let found = head.rfind(part).and_then(|at| head.get(..at)).map(|before| before.chars().count() as i64);
    Ok(Value::Int(found.unwrap_or(-1)))
}

fn replace<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let (text, old, new) = (text(args, 0)?, text(args, 1)?, text(args, 2)?);
    let limit = if args.len() > 3 { int(args, 3)? } else { -1 };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let count = text.matches(old).count().min(limit);
    room_for(text.len().saturating_add(count.saturating_mul(new.len())))?;
    Ok(Value::text(&text.replacen(old, new, count)))
}

fn split<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let (text, by) = (text(args, 0)?, text(args, 1)?);
    let limit = if args.len() > 2 { int(args, 2)? } else { -1 };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if limit == 0 {
        return Ok(Value::list(Vec::new()));
    }
    if !by.is_empty() {
        return Ok(Value::strings(text.splitn(limit, by)));
    }
    let mut parts = Vec::new();
    let mut rest = text.chars();
    while parts.len() + 1 < limit {
        let Some(c) = rest.next() else { return Ok(Value::strings(parts)) };
        parts.push(c.to_string());
    }
    if !rest.as_str().is_empty() {
        parts.push(rest.as_str().to_owned());
    }
    Ok(Value::strings(parts))
}

fn substring<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let (text, start) = (text(args, 0)?, int(args, 1)?);
    let length = text.chars().count() as i64;
    let end = if args.len() > 2 { int(args, 2)? } else { length };
    if args.len() > 2 && start > end {
        return Err(Error::new(format!("invalid substring range. start: {start}, end: {end}")));
    }
    for index in [start, end] {
        if index < 0 || index > length {
            return Err(out_of_range(index));
        }
    }
    let taken: String = text.chars().skip(start as usize).take((end - start) as usize).collect();
    Ok(Value::text(&taken))
}

fn join<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let separator = if args.len() > 1 { text(args, 1)? } else { "" };
    let mut out = String::new();
    for (i, item) in items(args, 0)?.iter().enumerate() {
        if i > 0 {
            out.push_str(separator);
        }
        let fault = || Error::new(format!("join: invalid input: {}", show::bare(item)));
        out.push_str(item.as_str().ok_or_else(fault)?);
        room_for(out.len())?;
    }
    Ok(Value::text(&out))
}

/// The text in quotes, with the escapes an expression would need.
fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
