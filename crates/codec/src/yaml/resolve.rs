//! What the text of a scalar says, as goyaml v2 resolves YAML 1.1: booleans of six spellings, octal and underscored
//! numbers, but no base-60 ones.

use std::borrow::Cow;

use base64::Engine as _;

use super::error;
use super::nodes::Scalar;
use super::scan::Result;

/// A scalar that was resolved.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Resolved<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// Beyond 63 bits.
    Uint(u64),
    Float(f64),
    Text(Cow<'a, str>),
}

const CORE: &str = "tag:yaml.org,2002:";

/// The value of a scalar with its tag.
pub(super) fn resolve(scalar: &Scalar) -> Result<Resolved<'_>> {
    let text = scalar.text.as_str();
    let Some(tag) = &scalar.tag else {
        return Ok(if scalar.implicit { plain(text) } else { Resolved::Text(text.into()) });
    };
    let Some(tag) = tag.strip_prefix(CORE) else { return Ok(Resolved::Text(text.into())) };
    let resolved = plain(text);
    match (tag, resolved) {
        ("binary", _) => binary(text),
        ("bool", resolved @ Resolved::Bool(_))
        | ("null", resolved @ Resolved::Null)
        | ("int", resolved @ (Resolved::Int(_) | Resolved::Uint(_)))
        | ("float", resolved @ Resolved::Float(_)) => Ok(resolved),
        ("float", Resolved::Int(i)) => Ok(Resolved::Float(i as f64)),
        ("bool" | "null" | "int" | "float", other) => {
            Err(error::plain(&format!("cannot decode !!{} `{text}` as a !!{tag}", other.tag())))
        }
        // `!!str`, `!!timestamp` and what nobody knows.
        _ => Ok(Resolved::Text(text.into())),
    }
}

fn binary(text: &str) -> Result<Resolved<'_>> {
    // Go's decoder passes over line breaks.
    let packed: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    match base64::engine::general_purpose::STANDARD.decode(packed) {
        Ok(bytes) => Ok(Resolved::Text(String::from_utf8_lossy(&bytes).into_owned().into())),
        Err(_) => Err(error::plain("!!binary value contains invalid base64 data")),
    }
}

/// The value of a text without quotes and tag.
pub(super) fn plain(text: &str) -> Resolved<'_> {
    let found = match text.as_bytes().first() {
        None => Some(Resolved::Null),
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text),
        Some(b'.') => special_float(text).or_else(|| float(&without_separators(text)?)),
        Some(b'+' | b'-' | b'0'..=b'9') => special_float(text).or_else(|| number(text)),
        Some(_) => None,
    };
    found.unwrap_or(Resolved::Text(text.into()))
}

fn word(text: &str) -> Option<Resolved<'static>> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Resolved::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Resolved::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Resolved::Null,
        _ => return None,
    })
}

fn special_float(text: &str) -> Option<Resolved<'static>> {
    Some(Resolved::Float(match text {
        ".nan" | ".NaN" | ".NAN" => f64::NAN,
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => f64::INFINITY,
        "-.inf" | "-.Inf" | "-.INF" => f64::NEG_INFINITY,
        _ => return None,
    }))
}

fn number(text: &str) -> Option<Resolved<'static>> {
    let digits: Cow<str> = if text.contains('_') { text.replace('_', "").into() } else { text.into() };
    integer(&digits).or_else(|| float(&digits)).or_else(|| signed_binary(&digits))
}

/// A sign behind `0b`, which goyaml lets pass.
fn signed_binary(text: &str) -> Option<Resolved<'static>> {
    i64::from_str_radix(text.strip_prefix("0b")?, 2).ok().map(Resolved::Int)
}

/// A text without its underscores, which may only stand between digits.
fn without_separators(text: &str) -> Option<Cow<'_, str>> {
    let digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    let between = |at: usize| digit(bytes.get(at.wrapping_sub(1))) && digit(bytes.get(at + 1));
    let fits = text.match_indices('_').all(|(at, _)| between(at));
    fits.then(|| if text.contains('_') { text.replace('_', "").into() } else { text.into() })
}

/// Go's integers: a sign, a prefix (`0x`, `0o`, `0b`, or `0` for octal), digits.
fn integer(text: &str) -> Option<Resolved<'static>> {
    let (sign, rest) = match text.as_bytes().first() {
        Some(b'+') => ("", text.get(1..)?),
        Some(b'-') => ("-", text.get(1..)?),
        _ => ("", text),
    };
    let (digits, radix) = match rest.as_bytes() {
        [b'0', b'x' | b'X', ..] => (rest.get(2..)?, 16),
        [b'0', b'o' | b'O', ..] => (rest.get(2..)?, 8),
        [b'0', b'b' | b'B', ..] => (rest.get(2..)?, 2),
        [b'0', _, ..] => (rest.get(1..)?, 8),
        _ => (rest, 10),
    };
    // Rust would take another sign here.
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    match i64::from_str_radix(&format!("{sign}{digits}"), radix) {
        Ok(i) => Some(Resolved::Int(i)),
        Err(_) if rest.len() < text.len() => None,
        Err(_) => u64::from_str_radix(digits, radix).ok().map(Resolved::Uint),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?` within the range of a float.
fn float(text: &str) -> Option<Resolved<'static>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => digits(mantissa) && !mantissa.is_empty(),
    };
    if !mantissa_fits || exponent.is_some_and(|e| e.is_empty() || !digits(e)) {
        return None;
    }
    text.parse::<f64>().ok().filter(|f| f.is_finite()).map(Resolved::Float)
}

impl Resolved<'_> {
    /// The short name of the tag it has.
    fn tag(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Uint(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "str",
        }
    }
}
