//! The inside of JSON strings: finding the end quickly, escapes, and the repair of what is not Unicode.

use super::SyntaxError;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// How many bytes stand before the first quote, backslash or control character.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let mut length = 0;
    let (words, _) = bytes.as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        let special = zero_bytes(word ^ (ONES * 0x22))
            | zero_bytes(word ^ (ONES * 0x5c))
            | (word.wrapping_sub(ONES * 0x20) & !word & HIGHS);
        if special != 0 {
            return length + (special.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    let tail = bytes.get(length..).unwrap_or_default();
    length + tail.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20).unwrap_or(tail.len())
}

/// A high bit for each zero byte; bits above the lowest true one may be false.
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// Reads a string from behind its opening quote; answers it and where the text goes on behind the closing one.
pub(super) fn unescape(bytes: &[u8], start: usize) -> Result<(String, usize), SyntaxError> {
    let mut text = String::new();
    let mut at = start;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let plain = rest.get(..plain_length(rest)).unwrap_or_default();
        push_repaired(&mut text, plain);
        at += plain.len();
        match bytes.get(at) {
            None => return Err(SyntaxError::end(bytes.len())),
            Some(b'"') => return Ok((text, at + 1)),
            Some(b'\\') => at = escape(&mut text, bytes, at + 1)?,
            Some(&byte) => return Err(SyntaxError::unexpected(byte, at, "in string literal")),
        }
    }
}

/// Appends bytes as text, each byte that is not part of valid UTF-8 as U+FFFD.
fn push_repaired(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
}

/// Reads what follows a backslash; answers where the text goes on.
fn escape(text: &mut String, bytes: &[u8], at: usize) -> Result<usize, SyntaxError> {
    // Go feeds its scanner a space at the end of the text.
    let byte = bytes.get(at).copied().unwrap_or(b' ');
    let plain = match byte {
        b'"' | b'\\' | b'/' => char::from(byte),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(text, bytes, at + 1),
        _ => return Err(SyntaxError::unexpected(byte, at, "in string escape code")),
    };
    text.push(plain);
    Ok(at + 1)
}

/// Reads the four digits of `\uXXXX` at `at`, and the second half of a surrogate pair when it follows.
fn unicode_escape(text: &mut String, bytes: &[u8], at: usize) -> Result<usize, SyntaxError> {
    let unit = hex4(bytes, at)?;
    let next = at + 4;
    let (Some(b'\\'), Some(b'u'), 0xd800..0xdc00) = (bytes.get(next), bytes.get(next + 1), unit) else {
        text.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
        return Ok(next);
    };
    let low = hex4(bytes, next + 2)?;
    if (0xdc00..0xe000).contains(&low) {
        let scalar = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        text.push(char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER));
        return Ok(next + 6);
    }
    // A first half alone is replaced; what follows is read for itself.
    text.push(char::REPLACEMENT_CHARACTER);
    Ok(next)
}

fn hex4(bytes: &[u8], at: usize) -> Result<u32, SyntaxError> {
    let mut unit = 0;
    for i in at..at + 4 {
        let byte = bytes.get(i).copied().unwrap_or(b' ');
        let Some(digit) = char::from(byte).to_digit(16) else {
            return Err(SyntaxError::unexpected(byte, i, "in \\u hexadecimal character escape"));
        };
        unit = unit * 16 + digit;
    }
    Ok(unit)
}
