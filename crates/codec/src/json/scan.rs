//! Tokens of a JSON text; the parser and the tracer of findings read through [`Scanner`].

use std::borrow::Cow;

use super::{SyntaxError, strings};

/// Where the next byte is read.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    /// The same bytes as text, or `""` when they are not valid UTF-8 (then strings take the repairing way).
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, text: std::str::from_utf8(bytes).unwrap_or(""), at: 0 }
    }

    /// The next byte that is no white space, left unread; `None` at the end.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.bytes.get(self.at) {
            if byte > b' ' || !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Reads the byte last peeked.
    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    /// The error for what was last peeked.
    #[cold]
    pub(super) fn refuse(&self, peeked: Option<u8>, context: &str) -> SyntaxError {
        match peeked {
            Some(byte) => SyntaxError::unexpected(byte, self.at, context),
            None => SyntaxError::end(self.bytes.len()),
        }
    }

    /// Only white space may follow.
    pub(super) fn finish(&mut self) -> Result<(), SyntaxError> {
        match self.peek() {
            None => Ok(()),
            more => Err(self.refuse(more, "after top-level value")),
        }
    }

    /// Reads the name of a member and the colon behind it.
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        match self.peek() {
            Some(b'"') => {}
            other => return Err(self.refuse(other, "looking for beginning of object key string")),
        }
        let key = self.string()?;
        match self.peek() {
            Some(b':') => self.advance(),
            other => return Err(self.refuse(other, "after object key")),
        }
        Ok(key)
    }

    /// Reads a string; the next byte is its opening quote.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, SyntaxError> {
        let start = self.at + 1;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let plain = start + strings::plain_length(rest);
        if self.bytes.get(plain) == Some(&b'"')
            && let Some(text) = self.text.get(start..plain)
        {
            self.at = plain + 1;
            return Ok(Cow::Borrowed(text));
        }
        let (text, end) = strings::unescape(self.bytes, start)?;
        self.at = end;
        Ok(Cow::Owned(text))
    }

    /// Reads `true`, `false` or `null`; the next byte is its first letter.
    pub(super) fn literal(&mut self, word: &'static str) -> Result<(), SyntaxError> {
        for expected in word.bytes().skip(1) {
            self.at += 1;
            // Go feeds its scanner a space at the end of the text.
            let byte = self.bytes.get(self.at).copied().unwrap_or(b' ');
            if byte != expected {
                let context = format!("in literal {word} (expecting '{}')", char::from(expected));
                return Err(self.refuse(Some(byte), &context));
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Reads a number; the next byte is its first.  Answers its text and whether it is written as an integer.
    pub(super) fn number(&mut self) -> Result<(&'a str, bool), SyntaxError> {
        let start = self.at;
        if self.next_is(b'-') {
            self.at += 1;
        }
        if self.next_is(b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        let mut integer = true;
        if self.next_is(b'.') {
            integer = false;
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if self.next_is(b'e') || self.next_is(b'E') {
            integer = false;
            self.at += 1;
            if self.next_is(b'+') || self.next_is(b'-') {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        let text = self.bytes.get(start..self.at).unwrap_or_default();
        Ok((std::str::from_utf8(text).unwrap_or_default(), integer))
    }

    fn next_is(&self, byte: u8) -> bool {
        self.bytes.get(self.at) == Some(&byte)
    }

    fn digits(&mut self, context: &str) -> Result<(), SyntaxError> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at > start {
            return Ok(());
        }
        // Go feeds its scanner a space at the end of the text.
        let byte = self.bytes.get(self.at).copied().unwrap_or(b' ');
        Err(self.refuse(Some(byte), context))
    }
}
