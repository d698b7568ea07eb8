//! RE2 patterns.

use regex::{Regex, RegexBuilder};

use super::{Cost, Row, int, row, text};
use crate::error::Error;
use crate::value::{Result, Value};

pub(super) static ROWS: &[Row] = &[
    row("find", "string_find_string", "string.(string): string", Cost::Regex, |a| {
        find(&compiled(text(a, 1)?)?, a)
    }),
    row("findAll", "string_find_all_string", "string.(string): list(string)", Cost::Regex, |a| {
        find_all(&compiled(text(a, 1)?)?, a)
    }),
    row("findAll", "string_find_all_string_int", "string.(string, int): list(string)", Cost::Regex, |a| {
        find_all(&compiled(text(a, 1)?)?, a)
    }),
];

/// How large a compiled pattern may get, in bytes.
const LARGEST: usize = 2 << 20;

/// Compiles a pattern.
///
/// # Errors
///
/// The text names the fault as RE2 does where it is a common one.
pub(crate) fn compile(pattern: &str) -> std::result::Result<Regex, Error> {
    RegexBuilder::new(pattern).size_limit(LARGEST).build().map_err(|e| Error::new(complaint(pattern, &e)))
}

fn complaint(pattern: &str, fault: &regex::Error) -> String {
    let text = fault.to_string();
    let known = [
        ("unclosed group", "missing closing )", pattern),
        ("unopened group", "unexpected )", pattern),
        (
            "unclosed character class",
            "missing closing ]",
            pattern.find('[').and_then(|i| pattern.get(i..)).unwrap_or(pattern),
        ),
    ];
    if let Some((_, re2, part)) = known.iter().find(|(ours, ..)| text.contains(ours)) {
        return format!("error parsing regexp: {re2}: `{part}`");
    }
    if text.contains("repetition operator missing expression") {
        let op: String = pattern.chars().skip_while(|c| !matches!(c, '*' | '+' | '?')).take(1).collect();
        return format!("error parsing regexp: missing argument to repetition operator: `{op}`");
    }
    format!("error parsing regexp: invalid pattern: `{pattern}`")
}

fn compiled(pattern: &str) -> std::result::Result<Regex, Error> {
    compile(pattern).map_err(|e| Error::new(format!("Illegal regex: {e}")))
}

pub(super) fn matches<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    Ok(Value::Bool(compile(text(args, 1)?)?.is_match(text(args, 0)?)))
}

/// The first match, empty when there is none.
pub(crate) fn find<'v>(pattern: &Regex, args: &[Value<'v>]) -> Result<'v> {
    Ok(Value::text(pattern.find(text(args, 0)?).map_or("", |m| m.as_str())))
}

/// All matches, or as many as the third argument allows.
pub(crate) fn find_all<'v>(pattern: &Regex, args: &[Value<'v>]) -> Result<'v> {
    let limit = if args.len() > 2 { int(args, 2)? } else { -1 };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(Value::strings(pattern.find_iter(text(args, 0)?).take(limit).map(|m| m.as_str())))
}
