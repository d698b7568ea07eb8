//! Base64 as Go's decoder reads it: line breaks anywhere, bits left over in the last character are ignored.  Entry
//! points: [`canonical`] and [`encode`].

use api::Str;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The six bits each byte stands for, 255 for none.
static VALUES: [u8; 256] = values();

#[expect(clippy::indexing_slicing, reason = "evaluated at build time")]
const fn values() -> [u8; 256] {
    let mut table = [255; 256];
    let mut i = 0;
    while i < 64 {
        table[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    table
}

/// Checks a text: `None` when it is already as an encoder would write it, else how it would.
///
/// The error is the position of the byte Go's decoder stops at.
pub(super) fn canonical(text: &str) -> Result<Option<Str>, usize> {
    let end = check(text.as_bytes())?;
    let plain = end.spare_bits == 0 && !text.contains(['\r', '\n']);
    Ok(if plain { None } else { Some(rewrite(text, end)) })
}

/// What is known of the end of a text that could be read.
#[derive(Clone, Copy)]
struct End {
    /// Bits of the last character before the padding that encode nothing.
    spare_bits: u8,
}

fn value(byte: u8) -> u8 {
    VALUES.get(usize::from(byte)).copied().unwrap_or(255)
}

fn check(text: &[u8]) -> Result<End, usize> {
    let mut in_group = 0;
    let mut last = 0;
    for (at, &byte) in text.iter().enumerate() {
        match value(byte) {
            255 if is_break(byte) => {}
            255 if byte == b'=' => return padding(text, at, in_group, last),
            255 => return Err(at),
            bits => {
                last = bits;
                in_group = (in_group + 1) % 4;
            }
        }
    }
    // Go counts an unfinished group's characters back from the end.
    if in_group == 0 { Ok(End { spare_bits: 0 }) } else { Err(text.len() - in_group) }
}

/// What follows the first `=`, at `at`, after `in_group` characters of a group.
fn padding(text: &[u8], at: usize, in_group: usize, last: u8) -> Result<End, usize> {
    let mut next = at + 1;
    let skip = |mut i: usize| {
        while text.get(i).copied().is_some_and(is_break) {
            i += 1;
        }
        i
    };
    match in_group {
        2 => {
            next = skip(next);
            match text.get(next) {
                None => return Err(text.len()),
                Some(b'=') => next += 1,
                Some(_) => return Err(next - 1),
            }
        }
        3 => {}
        _ => return Err(at),
    }
    let next = skip(next);
    if next < text.len() {
        return Err(next);
    }
    Ok(End { spare_bits: last & if in_group == 2 { 0b1111 } else { 0b11 } })
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// The same bytes as an encoder writes them.
fn rewrite(text: &str, end: End) -> Str {
    let mut out: Str = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    if end.spare_bits != 0 {
        let data = out.trim_end_matches('=').len();
        let padding = out.len() - data;
        let last = out.as_bytes().get(data.wrapping_sub(1)).map_or(0, |b| value(*b));
        out.truncate(data.saturating_sub(1));
        out.push(char::from(ALPHABET.get(usize::from(last ^ end.spare_bits)).copied().unwrap_or(b'A')));
        out.extend(std::iter::repeat_n('=', padding));
    }
    out
}

/// The text of some bytes.
pub(super) fn encode(bytes: &[u8]) -> Str {
    let mut out = Str::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let index = (bits >> (18 - 6 * i) & 63) as usize;
            let c = if i <= group.len() { ALPHABET.get(index).copied().unwrap_or(b'A') } else { b'=' };
            out.push(char::from(c));
        }
    }
    out
}
