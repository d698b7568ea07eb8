//! Durations as Go writes and reads them: `1h2m3.5s`, `300ms`.
//!
//! Entry points: [`parse`] and [`format`]; both count nanoseconds in an `i64`.

use std::fmt;

use crate::Str;

/// Why a text is no duration; displays as Go's error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError(String);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "time: {}", self.0)
    }
}

impl std::error::Error for ParseError {}

/// Reads a duration: signed decimal numbers, each with a unit (`ns`, `us`, `ms`, `s`, `m`, `h`).
pub fn parse(text: &str) -> Result<i64, ParseError> {
    let fault = |what: &str| ParseError(format!("{what} {}", go_time_quote(text.as_bytes())));
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(fault("invalid duration"));
    }
    let mut total = 0u64;
    while !rest.is_empty() {
        let step = Step::take(rest).map_err(|what| fault(&what))?;
        total =
            total.checked_add(step.nanos).filter(|n| *n <= LIMIT).ok_or_else(|| fault("invalid duration"))?;
        rest = step.rest;
    }
    if text.starts_with('-') {
        return Ok((total as i64).wrapping_neg());
    }
    i64::try_from(total).map_err(|_| fault("invalid duration"))
}

/// Writes nanoseconds as Go does, `0s` for none.
pub fn format(nanos: i64) -> Str {
    let size = nanos.unsigned_abs();
    let sign = if nanos < 0 { "-" } else { "" };
    let mut out = Str::from(sign);
    match size {
        0 => out.push_str("0s"),
        1..1_000 => push_unit(&mut out, size, 0, "ns"),
        1_000..1_000_000 => push_unit(&mut out, size, 3, "µs"),
        1_000_000..1_000_000_000 => push_unit(&mut out, size, 6, "ms"),
        _ => {
            let seconds = size / SECOND;
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            if hours > 0 {
                out.push_str(&format!("{hours}h"));
            }
            if hours > 0 || minutes > 0 {
                out.push_str(&format!("{minutes}m"));
            }
            push_unit(&mut out, seconds % 60 * SECOND + size % SECOND, 9, "s");
        }
    }
    out
}

/// One more than the largest duration: its negative can still be held.
const LIMIT: u64 = 1 << 63;
const SECOND: u64 = 1_000_000_000;

/// `n / 10^precision` without trailing zeros, and the unit.
fn push_unit(out: &mut Str, n: u64, precision: usize, unit: &str) {
    let scale = 10u64.pow(precision as u32);
    out.push_str(&(n / scale).to_string());
    if !n.is_multiple_of(scale) {
        let fraction = format!("{:0precision$}", n % scale);
        out.push('.');
        out.push_str(fraction.trim_end_matches('0'));
    }
    out.push_str(unit);
}

/// One number with its unit.
struct Step<'a> {
    nanos: u64,
    rest: &'a str,
}

impl<'a> Step<'a> {
    /// Takes the first number and unit; the error is Go's text without the value.
    fn take(text: &'a str) -> Result<Self, String> {
        let invalid = || "invalid duration".to_owned();
        let (whole, rest) = digits(text);
        let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
        let number = number(whole).ok_or_else(invalid)?;
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = rest.bytes().position(|b| b == b'.' || b.is_ascii_digit()).unwrap_or(rest.len());
        let (unit_name, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if unit_name.is_empty() {
            return Err("missing unit in duration".to_owned());
        }
        let unit = unit(unit_name)
            .ok_or_else(|| format!("unknown unit {} in duration", go_time_quote(unit_name.as_bytes())))?;
        let whole = number.checked_mul(unit).filter(|n| *n <= LIMIT).ok_or_else(invalid)?;
        let nanos = whole.checked_add(part(fraction, unit)).filter(|n| *n <= LIMIT).ok_or_else(invalid)?;
        Ok(Self { nanos, rest })
    }
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn number(digits: &str) -> Option<u64> {
    digits
        .bytes()
        .try_fold(0u64, |n, b| n.checked_mul(10)?.checked_add(u64::from(b - b'0')).filter(|n| *n <= LIMIT))
}

/// The fraction of a unit, in nanoseconds; digits beyond 63 bits add nothing.
fn part(fraction: &str, unit: u64) -> u64 {
    let (mut n, mut scale) = (0u64, 1f64);
    for b in fraction.bytes() {
        if n > (LIMIT - 1) / 10 {
            break;
        }
        let next = n * 10 + u64::from(b - b'0');
        if next > LIMIT {
            break;
        }
        n = next;
        scale *= 10.0;
    }
    (n as f64 * (unit as f64 / scale)) as u64
}

fn unit(name: &str) -> Option<u64> {
    Some(match name {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3600 * SECOND,
        _ => return None,
    })
}

/// A text in quotes as Go's time package writes it: everything outside printable ASCII as `\x` bytes.
pub(super) fn go_time_quote(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for &b in text {
        match b {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(b));
            }
            b' '..0x80 => out.push(char::from(b)),
            _ => out.push_str(&format!("\\x{b:02x}")),
        }
    }
    out.push('"');
    out
}
