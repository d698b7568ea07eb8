//! RE2 patterns.

mod translate;

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
/// What Go says of the pattern.
pub(crate) fn compile(pattern: &str) -> std::result::Result<Regex, Error> {
    let translated = translate::translate(pattern).map_err(Error::new)?;
    let built = RegexBuilder::new(&translated).size_limit(LARGEST).build();
    built.map_err(|e| {
        let what = match e {
            regex::Error::CompiledTooBig(_) => "expression too large",
            _ => "invalid character class range",
        };
        Error::new(format!("error parsing regexp: {what}: `{pattern}`"))
    })
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
