//! Literals and the escapes of their texts.

use super::{Parser, Step};
use crate::ast::{Expr, Kind, Literal};
use crate::lexer::Tok;

impl Parser<'_> {
    pub(super) fn literal(&mut self) -> Step {
        let start = self.token(0);
        let negative = start.kind == Tok::Minus;
        if negative {
            if !matches!(self.la(1), Tok::Int | Tok::Float) {
                return Err(self.no_viable(1));
            }
            self.consume_matched();
        }
        let token = self.token(0);
        let text = self.token_text(token);
        self.consume_matched();
        match read(token.kind, text, negative) {
            Ok(literal) => Ok(Expr { id: self.id(start.offset), kind: Kind::Literal(literal) }),
            Err(message) => Ok(self.late_error(start.offset, message)),
        }
    }
}

fn read(kind: Tok, text: &str, negative: bool) -> Result<Literal, String> {
    let sign = if negative { "-" } else { "" };
    match kind {
        Tok::True => Ok(Literal::Bool(true)),
        Tok::False => Ok(Literal::Bool(false)),
        Tok::Null => Ok(Literal::Null),
        Tok::Int => {
            let (digits, base) = text.strip_prefix("0x").map_or((text, 10), |hex| (hex, 16));
            let number = i64::from_str_radix(&format!("{sign}{digits}"), base);
            number.map(Literal::Int).map_err(|_| "invalid int literal".to_owned())
        }
        Tok::Uint => {
            let text = text.trim_end_matches(['u', 'U']);
            let (digits, base) = text.strip_prefix("0x").map_or((text, 10), |hex| (hex, 16));
            u64::from_str_radix(digits, base)
                .map(Literal::Uint)
                .map_err(|_| "invalid uint literal".to_owned())
        }
        Tok::Float => match format!("{sign}{text}").parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Literal::Double(number)),
            _ => Err("invalid double literal".to_owned()),
        },
        Tok::Bytes => unquote(text.get(1..).unwrap_or(""), true).map(|b| Literal::Bytes(b.into())),
        _ => {
            let bytes = unquote(text, false)?;
            String::from_utf8(bytes)
                .map(|s| Literal::String(s.into()))
                .map_err(|_| "unable to unescape string".to_owned())
        }
    }
}

/// The bytes between the quotes, escapes resolved.
fn unquote(text: &str, bytes: bool) -> Result<Vec<u8>, String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (text, raw) = text.strip_prefix(['r', 'R']).map_or((text.as_str(), false), |t| (t, true));
    let quotes =
        if text.len() >= 6 && (text.starts_with("\"\"\"") || text.starts_with("'''")) { 3 } else { 1 };
    let inner = text.get(quotes..text.len().saturating_sub(quotes)).ok_or("unable to unescape string")?;
    if raw || !inner.contains('\\') {
        return Ok(inner.as_bytes().to_vec());
    }
    let (mut out, mut rest) = (Vec::with_capacity(inner.len()), inner);
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(rest.get(..at).unwrap_or("").as_bytes());
        rest = unescape(rest.get(at + 1..).unwrap_or(""), bytes, &mut out)?;
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

/// Resolves one escape (its backslash is gone) and gives what is behind it.
fn unescape<'a>(text: &'a str, bytes: bool, out: &mut Vec<u8>) -> Result<&'a str, String> {
    let bad = || "unable to unescape string".to_owned();
    let mut chars = text.chars();
    let c = chars.next().ok_or("unable to unescape string, found '\\' as last character")?;
    let simple = match c {
        'a' => Some(7),
        'b' => Some(8),
        'f' => Some(12),
        'n' => Some(10),
        'r' => Some(13),
        't' => Some(9),
        'v' => Some(11),
        '\\' | '\'' | '"' | '`' | '?' => Some(c as u8),
        _ => None,
    };
    if let Some(byte) = simple {
        out.push(byte);
        return Ok(chars.as_str());
    }
    let (skip, count, base) = match c {
        'x' | 'X' => (1, 2, 16),
        'u' => (1, 4, 16),
        'U' => (1, 8, 16),
        '0'..='3' => (0, 3, 8),
        _ => return Err(bad()),
    };
    if bytes && matches!(c, 'u' | 'U') {
        return Err(bad());
    }
    let digits = text.get(skip..skip + count).ok_or_else(bad)?;
    let value = u32::from_str_radix(digits, base).map_err(|_| bad())?;
    if bytes {
        out.push(value as u8);
    } else {
        let c = char::from_u32(value).ok_or("invalid unicode code point")?;
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    text.get(skip + count..).ok_or_else(bad)
}
