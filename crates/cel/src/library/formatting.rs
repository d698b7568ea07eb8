//! `"%s".format([…])`: the clauses, and what is wrong with one that is written out.
//!
//! Entry points: [`ROWS`] and [`check_format`].

use super::{Cost, Row, SingleCost, any, room_for, row, text};
use crate::ast::{Expr, Kind, Literal};
use crate::checker::Checked;
use crate::error::Error;
use crate::source::Issues;
use crate::types::Type;
use crate::value::{Result, Value, show};

pub(super) static ROWS: &[Row] =
    &[row("format", "string_format", "string.(list(dyn)): string", Cost::Single(SingleCost::First), format)];

/// One piece of a format.
enum Clause {
    Text(String),
    Argument(char, Option<usize>),
}

/// The next piece of a format and what is behind it; `argument` tells whether there is one to print.
fn next(
    format: &str,
    argument: impl FnOnce() -> std::result::Result<(), String>,
) -> std::result::Result<(Clause, &str), String> {
    let Some(rest) = format.strip_prefix('%') else {
        let end = format.find('%').unwrap_or(format.len());
        let (text, rest) = format.split_at_checked(end).unwrap_or((format, ""));
        return Ok((Clause::Text(text.to_owned()), rest));
    };
    if let Some(rest) = rest.strip_prefix('%') {
        return Ok((Clause::Text("%".to_owned()), rest));
    }
    argument()?;
    if rest.is_empty() {
        return Err("unexpected end of string".to_owned());
    }
    let parsing = |what: String| format!("could not parse formatting clause: {what}");
    let precision = |what: &str| parsing(format!("error while parsing precision: {what}"));
    let (digits, rest) = match rest.strip_prefix('.') {
        None => (None, rest),
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit());
            let end = end.ok_or_else(|| precision("could not find end of precision specifier"))?;
            let digits = rest.get(..end).unwrap_or("");
            let number: usize = digits.parse().map_err(|_| {
                let reason = if digits.is_empty() { "invalid syntax" } else { "value out of range" };
                precision(&format!(
                    "error while converting precision to integer: strconv.Atoi: parsing \"{digits}\": {reason}"
                ))
            })?;
            (Some(number), rest.get(end..).unwrap_or(""))
        }
    };
    let mut chars = rest.chars();
    match chars.next() {
        Some(c @ ('s' | 'd' | 'f' | 'e' | 'b' | 'x' | 'X' | 'o')) => {
            Ok((Clause::Argument(c, digits), chars.as_str()))
        }
        other => Err(parsing(format!("unrecognized formatting clause \"{}\"", other.unwrap_or('\0')))),
    }
}

/// The largest precision; more would only print zeros.
const MOST_DIGITS: usize = 1_000;

fn format<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let list = any(args, 1)?;
    let (mut rest, mut out, mut used) = (text(args, 0)?, String::new(), 0);
    let count = list.list_len().ok_or_else(Error::no_such_overload)?;
    while !rest.is_empty() {
        let present = || if used < count { Ok(()) } else { Err(format!("index {used} out of range")) };
        let (clause, after) = next(rest, present).map_err(Error::new)?;
        rest = after;
        match clause {
            Clause::Text(text) => out.push_str(&text),
            Clause::Argument(verb, precision) => {
                let value = list.item(used).unwrap_or(Ok(Value::Null))?;
                used += 1;
                let shown = print(verb, precision.map(|p| p.min(MOST_DIGITS)), &value);
                out.push_str(&shown.map_err(|e| Error::new(format!("error during formatting: {e}")))?);
                room_for(out.len())?;
            }
        }
    }
    Ok(Value::text(&out))
}

type Printed = std::result::Result<String, String>;

fn print(verb: char, precision: Option<usize>, value: &Value<'_>) -> Printed {
    let wrong = || Err(complaint(verb, value.type_of().runtime_name()));
    match (verb, value) {
        ('s', _) => plain(value, false),
        ('d', Value::Int(i)) => Ok(i.to_string()),
        ('d', Value::Uint(u)) => Ok(u.to_string()),
        ('f', value) => double(value).map_or_else(wrong, |d| Ok(fixed(d, precision.unwrap_or(6)))),
        ('e', value) => double(value).map_or_else(wrong, |d| Ok(scientific(d, precision.unwrap_or(6)))),
        ('b', Value::Bool(b)) => Ok(u8::from(*b).to_string()),
        (_, Value::Int(i)) if verb != 'd' => {
            Ok(format!("{}{}", if *i < 0 { "-" } else { "" }, radix(verb, i.unsigned_abs())))
        }
        (_, Value::Uint(u)) if verb != 'd' => Ok(radix(verb, *u)),
        ('x' | 'X', Value::Bytes(b)) => Ok(hex(verb, b)),
        ('x' | 'X', value) => value.as_str().map_or_else(wrong, |s| Ok(hex(verb, s.as_bytes()))),
        _ => wrong(),
    }
}

/// What is wrong with a type for a clause.
fn complaint(verb: char, given: &str) -> String {
    let what = match verb {
        's' => {
            "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, \
             and timestamps"
        }
        'd' => "decimal clause can only be used on integers",
        'f' => "fixed-point clause can only be used on doubles",
        'e' => "scientific clause can only be used on doubles",
        'b' => "only integers and bools can be formatted as binary",
        'o' => "octal clause can only be used on integers",
        _ => "only integers, byte buffers, and strings can be formatted as hex",
    };
    format!("{what}, was given {given}")
}

fn double(value: &Value<'_>) -> Option<f64> {
    match (value, value.as_str()) {
        (Value::Double(d), _) => Some(*d),
        (_, Some("NaN")) => Some(f64::NAN),
        (_, Some("Infinity")) => Some(f64::INFINITY),
        (_, Some("-Infinity")) => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn radix(verb: char, n: u64) -> String {
    match verb {
        'b' => format!("{n:b}"),
        'o' => format!("{n:o}"),
        'x' => format!("{n:x}"),
        _ => format!("{n:X}"),
    }
}

fn hex(verb: char, bytes: &[u8]) -> String {
    bytes.iter().map(|b| if verb == 'x' { format!("{b:02x}") } else { format!("{b:02X}") }).collect()
}

fn special(d: f64) -> Option<&'static str> {
    match d {
        d if d.is_nan() => Some("NaN"),
        d if d == f64::INFINITY => Some("∞"),
        d if d == f64::NEG_INFINITY => Some("-∞"),
        _ => None,
    }
}

/// A double with commas between thousands.
fn fixed(d: f64, precision: usize) -> String {
    if let Some(name) = special(d) {
        return name.to_owned();
    }
    let text = format!("{d:.precision$}");
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |t| ("-", t));
    let (whole, fraction) =
        digits.split_at_checked(digits.find('.').unwrap_or(digits.len())).unwrap_or((digits, ""));
    let mut out = String::from(sign);
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out + fraction
}

/// A double as `1.234568×10⁰⁴`; the number behind the point of the clause is a width.
fn scientific(d: f64, width: usize) -> String {
    if let Some(name) = special(d) {
        return name.to_owned();
    }
    let text = format!("{d:.6e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    let digits = format!("{:02}", power.unsigned_abs());
    let raised: String =
        digits.chars().filter_map(|c| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(c.to_digit(10)? as usize)).collect();
    let out = format!("{mantissa}×10{}{raised}", if power < 0 { "⁻" } else { "" });
    let pad = width.saturating_sub(out.chars().count());
    " ".repeat(pad) + &out
}

/// A value as `%s` prints it; inside lists and maps it is written as an expression would.
fn plain(value: &Value<'_>, inside: bool) -> Printed {
    if let Some(text) = value.as_str() {
        return Ok(if inside { api::field::go_quote(text) } else { text.to_owned() });
    }
    Ok(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Uint(u) => u.to_string(),
        Value::Double(d) if inside && d.is_finite() => format!("{d:.6}"),
        Value::Double(d) if inside => format!("\"{}\"", show::go_general(*d, 6)),
        Value::Double(d) => show::go_general(*d, 6),
        Value::Bytes(b) => {
            let text = std::str::from_utf8(b)
                .map_err(|_| "invalid UTF-8 in bytes, cannot convert to string".to_owned())?;
            if inside { format!("b{}", api::field::go_quote(text)) } else { text.to_owned() }
        }
        Value::Duration(d) if inside => format!("duration(\"{}\")", show::seconds(*d)),
        Value::Duration(d) => show::seconds(*d),
        Value::Timestamp(t) if inside => format!("timestamp(\"{}\")", show::rfc3339(*t)),
        Value::Timestamp(t) => show::rfc3339(*t),
        Value::Type(t) => t.runtime_name().to_owned(),
        list if list.list_len().is_some() => {
            let items = list.items().map_err(|e| e.to_string())?;
            let parts: std::result::Result<Vec<_>, _> = items.iter().map(|v| plain(v, true)).collect();
            format!("[{}]", parts?.join(", "))
        }
        map if map.map_len().is_some() => {
            let entries = map.entries().map_err(|e| e.to_string())?;
            let mut parts = Vec::with_capacity(entries.len());
            for (k, v) in &entries {
                parts.push((plain(k, true)?, plain(v, true)?));
            }
            parts.sort();
            let parts: Vec<String> = parts.into_iter().map(|(k, v)| format!("{k}:{v}")).collect();
            format!("{{{}}}", parts.join(", "))
        }
        other if inside => {
            return Err(format!("no formatting function for {}", other.type_of().runtime_name()));
        }
        other => return Err(complaint('s', other.type_of().runtime_name())),
    })
}

/// Reports what is wrong with a format that is written out together with its arguments.
pub(crate) fn check_format(checked: &Checked, node: &Expr, issues: &mut Issues) {
    let Kind::Call(call) = &node.kind else { return };
    let (Some(Literal::String(format)), [list]) =
        (call.target.as_ref().and_then(Expr::as_literal), call.args.as_slice())
    else {
        return;
    };
    let Kind::List(items) = &list.kind else { return };
    if &*call.function != "format" {
        return;
    }
    let (mut rest, mut used) = (&**format, 0);
    while !rest.is_empty() {
        // An argument for a clause that is cut off is not missed.
        let present = || {
            if used < items.len() || rest == "%" { Ok(()) } else { Err(format!("index {used} out of range")) }
        };
        match next(rest, present) {
            Err(message) => return issues.report(checked.offsets.get(node.id as usize).copied(), message),
            Ok((Clause::Text(_), after)) => rest = after,
            Ok((Clause::Argument(verb, _), after)) => {
                rest = after;
                if let Some(bad) = items.get(used).and_then(|e| misfit(checked, verb, &e.value)) {
                    let message = complaint(verb, checked.type_of(bad).runtime_name());
                    let offset = checked.offsets.get(bad as usize).copied();
                    return issues.report(offset, format!("error during formatting: {message}"));
                }
                used += 1;
            }
        }
    }
    if items.len() > used {
        let count = items.len();
        let message = format!("too many arguments supplied to string.format (expected {used}, got {count})");
        issues.report(checked.offsets.get(node.id as usize).copied(), message);
    }
}

/// The node whose type a clause cannot print.
fn misfit(checked: &Checked, verb: char, arg: &Expr) -> Option<u32> {
    let ty = checked.type_of(arg.id);
    let good = match (verb, ty) {
        (_, Type::Dyn) => true,
        ('s', ty) => !matches!(ty, Type::Opaque(..) | Type::Struct(_) | Type::Error),
        ('d' | 'o', Type::Int | Type::Uint) => true,
        ('f' | 'e', Type::Double) => true,
        ('b', Type::Bool | Type::Int | Type::Uint) => true,
        ('x' | 'X', Type::Int | Type::Uint | Type::String | Type::Bytes) => true,
        _ => false,
    };
    if !good {
        return Some(arg.id);
    }
    match &arg.kind {
        Kind::List(_) | Kind::Map(_) if verb == 's' => {
            arg.children().into_iter().find_map(|c| misfit(checked, 's', c))
        }
        _ => None,
    }
}
