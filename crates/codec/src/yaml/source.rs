//! The characters of a stream: its encoding, what may not occur in it, and a cursor that knows line and column.

use std::borrow::Cow;

use super::error;
use crate::SyntaxError;

/// The text of a stream in UTF-8 or, with a byte order mark, UTF-16.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, SyntaxError> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(utf8(rest)?),
        plain => Cow::Borrowed(utf8(plain)?),
    };
    if text.chars().all(is_allowed) {
        Ok(text)
    } else {
        Err(error::plain("control characters are not allowed"))
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, SyntaxError> {
    std::str::from_utf8(bytes).map_err(|e| {
        let rest = bytes.get(e.valid_up_to()..).unwrap_or_default();
        error::plain(match (e.error_len(), rest) {
            (None, _) => "incomplete UTF-8 octet sequence",
            (_, [0x80..=0xbf | 0xf8.., ..]) => "invalid leading UTF-8 octet",
            (_, [0xc0 | 0xc1, 0x80..=0xbf, ..] | [0xe0 | 0xf0, 0x80..=0xbf, 0x80..=0xbf, ..]) => {
                "invalid length of a UTF-8 sequence"
            }
            (_, [0xed | 0xf4.., 0x80..=0xbf, 0x80..=0xbf, ..]) => "invalid Unicode character",
            _ => "invalid trailing UTF-8 octet",
        })
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, SyntaxError> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(error::plain("incomplete UTF-16 character"));
    }
    let decoded = char::decode_utf16(units.iter().map(|pair| unit(*pair)));
    decoded.collect::<Result<_, _>>().map_err(|e| {
        let low = (0xdc00..0xe000).contains(&e.unpaired_surrogate());
        error::plain(if low { "unexpected low surrogate area" } else { "expected low surrogate area" })
    })
}

fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

/// A place in the text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    /// Characters before it.
    pub(super) index: usize,
    /// Lines before it.
    pub(super) line: usize,
    /// Characters before it in its line.
    pub(super) column: usize,
}

/// The text from some place on.
pub(super) struct Source<'a> {
    text: &'a str,
    at: usize,
    pub(super) mark: Mark,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, mark: Mark::default() }
    }

    /// Bytes before what comes next.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// The byte `n` bytes ahead, 0 behind the end (the text itself has none).
    pub(super) fn byte(&self, n: usize) -> u8 {
        self.text.as_bytes().get(self.at + n).copied().unwrap_or(0)
    }

    pub(super) fn is_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// How many bytes the line break `n` bytes ahead takes, 0 when there is none.
    pub(super) fn break_width(&self, n: usize) -> usize {
        match (self.byte(n), self.byte(n + 1), self.byte(n + 2)) {
            (b'\r' | b'\n', _, _) => 1,
            (0xc2, 0x85, _) => 2,
            (0xe2, 0x80, 0xa8 | 0xa9) => 3,
            _ => 0,
        }
    }

    /// A space or tab?
    pub(super) fn is_blank(&self, n: usize) -> bool {
        matches!(self.byte(n), b' ' | b'\t')
    }

    /// A line break or the end?
    pub(super) fn is_break_or_end(&self, n: usize) -> bool {
        self.byte(n) == 0 || self.break_width(n) > 0
    }

    /// Space, tab, line break or the end?
    pub(super) fn is_blank_or_end(&self, n: usize) -> bool {
        self.is_blank(n) || self.is_break_or_end(n)
    }

    /// `---` or `...` alone at the beginning of a line?
    pub(super) fn is_document_indicator(&self) -> bool {
        let first = self.byte(0);
        self.mark.column == 0
            && matches!(first, b'-' | b'.')
            && self.byte(1) == first
            && self.byte(2) == first
            && self.is_blank_or_end(3)
    }

    /// Passes over one character that is no line break.
    pub(super) fn skip(&mut self) {
        if self.byte(0).is_ascii() {
            self.at += usize::from(self.at < self.text.len());
            self.mark.index += 1;
            self.mark.column += 1;
            return;
        }
        let c = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        self.at += c.map_or(0, char::len_utf8);
        self.mark.index += 1;
        self.mark.column += 1;
    }

    /// Passes over one character and appends it.
    pub(super) fn read(&mut self, out: &mut String) {
        out.extend(self.text.get(self.at..).and_then(|rest| rest.chars().next()));
        self.skip();
    }

    /// Passes over ASCII characters, no line breaks among them, as long as they are wanted, and appends them.
    pub(super) fn read_run(&mut self, out: &mut String, wanted: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|b| (0x20..0x7f).contains(*b) && wanted(**b)).count();
        out.push_str(self.text.get(self.at..self.at + length).unwrap_or_default());
        self.at += length;
        self.mark.index += length;
        self.mark.column += length;
    }

    /// Passes over spaces and tabs.
    pub(super) fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.skip();
        }
    }

    /// Passes over a comment when there is one.
    pub(super) fn skip_comment(&mut self) {
        if self.byte(0) == b'#' {
            while !self.is_break_or_end(0) {
                self.skip();
            }
        }
    }

    /// Passes over a line break when there is one.
    pub(super) fn skip_line(&mut self) {
        let crlf = self.byte(0) == b'\r' && self.byte(1) == b'\n';
        let width = if crlf { 2 } else { self.break_width(0) };
        if width > 0 {
            self.at += width;
            self.mark.index += if crlf { 2 } else { 1 };
            self.mark.line += 1;
            self.mark.column = 0;
        }
    }

    /// Passes over a line break and appends it, most of them as a newline.
    pub(super) fn read_line(&mut self, out: &mut String) {
        match self.break_width(0) {
            0 => {}
            3 => out.extend(self.text.get(self.at..).and_then(|rest| rest.chars().next())),
            _ => out.push('\n'),
        }
        self.skip_line();
    }

    /// The end of the text counts as a line of its own.
    pub(super) fn end_line(&mut self) {
        if self.mark.column != 0 {
            self.mark.column = 0;
            self.mark.line += 1;
        }
    }
}
