//! JSON tokens over a slice, without building anything.
//!
//! Entry points: [`value_end`] for the extent of a value that may not be all there yet, [`Cursor`] for walking one that
//! is.

use std::borrow::Cow;

/// How far a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// It ends before this position.
    Ends(usize),
    /// The bytes end first.
    More,
    /// It cannot go on at this position: something else begins inside of it.
    Torn(usize),
}

/// Where the value at the start of `bytes` ends.
///
/// Brackets and strings are matched, nothing else is checked, but for what a torn line looks like: a line break inside
/// of a string, and a `{` at the start of a line where no value can begin.
pub(super) fn value_end(bytes: &[u8]) -> Extent {
    let mut depth = 0_usize;
    // One bit an open bracket, 1 for an object; of more than 128 only the innermost are known, which only makes the
    // recognition of torn lines weaker.
    let mut objects = 0_u128;
    let mut last = 0_u8;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => match string_end(bytes, at + 1) {
                Extent::Ends(end) => at = end,
                other => return other,
            },
            b'{' | b'[' => {
                depth += 1;
                objects = objects << 1 | u128::from(byte == b'{');
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                objects >>= 1;
                at += 1;
            }
            b'\n' if depth > 0 => {
                at += 1;
                if bytes.get(at) == Some(&b'{') && !may_begin(last, objects & 1 == 1) {
                    return Extent::Torn(at);
                }
                continue;
            }
            b' ' | b'\t' | b'\r' => {
                at += 1;
                continue;
            }
            b',' | b':' => at += 1,
            b'\n' => return Extent::Ends(at),
            _ => {
                at += scalar_len(bytes.get(at..).unwrap_or_default());
                if depth == 0 {
                    return if at == bytes.len() { Extent::More } else { Extent::Ends(at) };
                }
            }
        }
        last = byte;
        if depth == 0 {
            return Extent::Ends(at);
        }
    }
    Extent::More
}

/// May a value begin behind `last`, in an object or else in a list?
fn may_begin(last: u8, in_object: bool) -> bool {
    last == b':' || (!in_object && matches!(last, b',' | b'['))
}

/// Behind the closing quote of the string whose inside starts at `at`.
fn string_end(bytes: &[u8], mut at: usize) -> Extent {
    loop {
        let Some(rest) = bytes.get(at..) else { return Extent::More };
        let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', rest) else { return Extent::More };
        at += found;
        match bytes.get(at) {
            Some(b'"') => return Extent::Ends(at + 1),
            Some(b'\\') if bytes.get(at + 1) != Some(&b'\n') => at += 2,
            _ => return Extent::Torn(at),
        }
    }
}

fn scalar_len(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|b| {
            matches!(b, b',' | b':' | b'}' | b']' | b'{' | b'[' | b'"' | b' ' | b'\t' | b'\r' | b'\n')
        })
        .unwrap_or(bytes.len())
        .max(1)
}

/// A place inside of a complete value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next byte that is no white space.
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !byte.is_ascii_whitespace() {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// The next value, whatever it is.
    pub fn value(&mut self) -> Result<&'a [u8], Malformed> {
        self.peek().ok_or(Malformed)?;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let len = match value_end(rest) {
            Extent::Ends(len) => len,
            Extent::More if !matches!(rest.first(), Some(b'{' | b'[' | b'"')) => rest.len(),
            _ => return Err(Malformed),
        };
        self.at += len;
        match rest.first() {
            Some(b',' | b':' | b'}' | b']') | None => Err(Malformed),
            Some(_) => rest.get(..len).ok_or(Malformed),
        }
    }

    /// Calls `member` with each key (as written, without quotes) and value of the object here.
    pub fn object(
        &mut self,
        mut member: impl FnMut(&'a [u8], &'a [u8]) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.open(b'{')?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(Malformed);
            }
            let key = self.value()?;
            self.open(b':')?;
            member(inside(key), self.value()?)?;
            if self.next_item(b'}')? {
                return Ok(());
            }
        }
    }

    /// Calls `item` with each value of the list here.
    pub fn list(&mut self, mut item: impl FnMut(&'a [u8]) -> Result<(), Malformed>) -> Result<(), Malformed> {
        self.open(b'[')?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self.value()?)?;
            if self.next_item(b']')? {
                return Ok(());
            }
        }
    }

    fn open(&mut self, wanted: u8) -> Result<(), Malformed> {
        if self.peek() != Some(wanted) {
            return Err(Malformed);
        }
        self.at += 1;
        Ok(())
    }

    /// True at the end.
    fn next_item(&mut self, close: u8) -> Result<bool, Malformed> {
        let byte = self.peek().ok_or(Malformed)?;
        self.at += 1;
        match byte {
            b',' => Ok(false),
            byte if byte == close => Ok(true),
            _ => Err(Malformed),
        }
    }
}

/// A string's text between its quotes, as written.
pub(super) fn inside(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")).unwrap_or_default()
}

/// The text of a string; anything else is `""`.
pub(super) fn string(text: &[u8]) -> Cow<'_, str> {
    let inside = inside(text);
    if memchr::memchr(b'\\', inside).is_none() {
        return String::from_utf8_lossy(inside);
    }
    let mut out = Vec::new();
    unescape(inside, &mut out);
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// Writes what a string says to `out`, given what stands between its quotes.  Half of a surrogate pair becomes U+FFFD.
pub(super) fn unescape(mut inside: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.reserve(inside.len());
    while let Some(found) = memchr::memchr(b'\\', inside) {
        let (plain, rest) = inside.split_at(found);
        out.extend_from_slice(plain);
        let used = escape(rest, out);
        inside = rest.get(used..).unwrap_or_default();
    }
    out.extend_from_slice(inside);
}

/// Writes what one escape says; answers how long it is.
fn escape(text: &[u8], out: &mut Vec<u8>) -> usize {
    let plain = match text.get(1) {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'u') => return unicode(text, out),
        Some(other) => *other,
        None => return 1,
    };
    out.push(plain);
    2
}

fn unicode(text: &[u8], out: &mut Vec<u8>) -> usize {
    let unit = |at: usize| {
        let digits = std::str::from_utf8(text.get(at..at + 4)?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(2).unwrap_or(0xFFFD);
    let low = (text.get(6..8) == Some(b"\\u")).then(|| unit(8)).flatten();
    let (code, used) = match (first, low) {
        (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
            (0x10000 + ((first - 0xD800) << 10) + (low - 0xDC00), 12)
        }
        _ => (first, 6),
    };
    let found = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes());
    used.min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extents() {
        for (text, want) in [
            (r#"{"a":[1,{"b":"}"}]} x"#, Extent::Ends(19)),
            (r#""a\"b" "#, Extent::Ends(6)),
            ("12,", Extent::Ends(2)),
            ("12", Extent::More),
            (r#"{"a":"#, Extent::More),
            (r#"{"a":"b"#, Extent::More),
            ("{\"a\":\"b\n{\"c\":1}", Extent::Torn(7)),
            ("{\"a\":1\n{\"c\":1}", Extent::Torn(7)),
            ("{\"a\":1,\n{\"c\":1}", Extent::Torn(8)),
            ("{\"a\":[\n{\"c\":1}\n,\n{}]}", Extent::Ends(21)),
            ("[{},\n{}]", Extent::Ends(8)),
            ("[{}\n{}]", Extent::Torn(4)),
            ("{\n\"a\": {\n\"b\":\n{}}\n}", Extent::Ends(19)),
        ] {
            assert_eq!(value_end(text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn strings() {
        for (text, want) in [
            (r#""plain""#, "plain"),
            (r#""a\n\"\\\/\u00e9\ud83d\ude00""#, "a\n\"\\/é😀"),
            (r#""\ud83dx""#, "\u{FFFD}x"),
            (r#""\u12""#, "\u{FFFD}"),
            ("17", ""),
        ] {
            assert_eq!(string(text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn members_and_items() {
        let mut seen = Vec::new();
        let text = br#" { "a" : 1 , "b":[ true,"x"] } "#;
        Cursor::new(text)
            .object(|k, v| {
                seen.push((String::from_utf8_lossy(k).into_owned(), String::from_utf8_lossy(v).into_owned()));
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, [("a".into(), "1".into()), ("b".into(), r#"[ true,"x"]"#.to_owned())]);
        for broken in ["", "[", "{", "{1:2}", r#"{"a"}"#, r#"{"a":}"#, r#"{"a":1,}"#, r#"{"a":1 "b":2}"#] {
            assert_eq!(Cursor::new(broken.as_bytes()).object(|_, _| Ok(())), Err(Malformed), "{broken}");
        }
        assert_eq!(Cursor::new(b"[1 2]").list(|_| Ok(())), Err(Malformed));
    }
}
