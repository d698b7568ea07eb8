//! A stream of bytes cut into JSON values, with the lines they stand on.
//!
//! Entry point: [`Pieces::next`].  INVARIANT: no more than [`MOST_BYTES`] are held; a value that is longer is entered
//! and its parts are taken one by one.

use std::io::{self, Read};
use std::ops::Range;

use super::scan::{Extent, value_end};

/// The longest single event, in bytes, that is read.
pub const MOST_BYTES: usize = 32 << 20;
const FIRST_BUFFER: usize = 1 << 20;

/// A part of the stream; ranges are into [`Pieces::bytes`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A line that looks like one whole object.  Nothing has been checked; [`Pieces::take`] moves behind it, and
    /// without that the next piece is found with more care.
    Line(Range<usize>),
    /// A whole value.
    Value(Range<usize>),
    /// A line that does not begin as JSON.
    Text(Range<usize>),
    /// A value that breaks off.
    Torn(Range<usize>),
    /// The end.
    End,
}

/// What has been entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    List,
    Object,
}

pub(super) struct Pieces<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    finished: bool,
    line: u64,
    open: Vec<Open>,
}

impl<R: Read> Pieces<R> {
    pub fn new(input: R) -> Self {
        Self {
            input,
            buffer: vec![0; FIRST_BUFFER],
            start: 0,
            end: 0,
            finished: false,
            line: 1,
            open: Vec::new(),
        }
    }

    /// The bytes of a range.
    pub fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.buffer.get(range.clone()).unwrap_or_default()
    }

    /// The line, from 1, of what comes next.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Moves behind a piece, or at least as far as `end`.
    pub fn take(&mut self, end: usize) {
        let passed = self.buffer.get(self.start..end).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.start = end.max(self.start);
    }

    /// The next piece.  All but [`Piece::Line`] are taken by [`Self::take`] too, after they were looked at.
    ///
    /// # Errors
    /// What the input says.
    pub fn next(&mut self, careful: bool) -> io::Result<Piece> {
        loop {
            self.skip_between();
            let Some(first) = self.buffer.get(self.start..self.end).and_then(|b| b.first()).copied() else {
                if self.fill()? {
                    continue;
                }
                return Ok(Piece::End);
            };
            let piece = match (first, self.open.last()) {
                (b'[', _) if self.open.len() < 64 => {
                    self.enter(Open::List);
                    None
                }
                (b']', Some(Open::List)) | (b'}', Some(Open::Object)) => {
                    self.take(self.start + 1);
                    self.open.pop();
                    None
                }
                (b'"', Some(Open::Object)) => self.member()?,
                (b'{', _) if !careful && self.open.is_empty() => self.line_or_value()?,
                (b'{' | b'"', Some(_)) | (b'{', None) => self.value()?,
                _ => self.text()?,
            };
            if let Some(piece) = piece {
                return Ok(piece);
            }
        }
    }

    /// White space, and commas inside of what was entered.
    fn skip_between(&mut self) {
        let held = self.buffer.get(self.start..self.end).unwrap_or_default();
        let inside = !self.open.is_empty();
        // A byte order mark at the start of a file is no text.
        let mark = if self.line == 1 && held.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let rest = held.get(mark..).unwrap_or_default();
        let skipped = rest.iter().position(|b| !(b.is_ascii_whitespace() || (inside && *b == b',')));
        self.take(self.start + mark + skipped.unwrap_or(rest.len()));
    }

    fn enter(&mut self, what: Open) {
        self.take(self.start + 1);
        self.open.push(what);
    }

    fn line_or_value(&mut self) -> io::Result<Option<Piece>> {
        let end = self.line_end()?;
        let range = self.start..end;
        let looks_whole = self.bytes(&range).trim_ascii_end().last() == Some(&b'}');
        if looks_whole { Ok(Some(Piece::Line(range))) } else { self.value() }
    }

    fn text(&mut self) -> io::Result<Option<Piece>> {
        let end = self.line_end()?;
        // A file without lines: what was entered, if anything, is lost.
        self.open.clear();
        Ok(Some(Piece::Text(self.start..end)))
    }

    /// Where this line ends, or the buffer when the line is longer than that may be.
    fn line_end(&mut self) -> io::Result<usize> {
        let mut seen = 0;
        loop {
            let from = self.start + seen;
            let held = self.buffer.get(from..self.end).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', held) {
                return Ok(from + at);
            }
            seen += held.len();
            if !self.fill()? {
                return Ok(self.end);
            }
        }
    }

    /// A whole value, or the way into one that is too long.
    fn value(&mut self) -> io::Result<Option<Piece>> {
        loop {
            let held = self.buffer.get(self.start..self.end).unwrap_or_default();
            match value_end(held) {
                Extent::Ends(len) => return Ok(Some(Piece::Value(self.start..self.start + len))),
                Extent::Torn(_) => return self.torn(),
                Extent::More if self.fill()? => {}
                Extent::More if self.finished => return self.torn(),
                Extent::More if held_first(self.buffer.get(self.start)) == Some(Open::Object) => {
                    self.enter(Open::Object);
                    return Ok(None);
                }
                Extent::More => return self.torn(),
            }
        }
    }

    /// A name and its value in an object that was entered; only lists and objects are of interest.
    fn member(&mut self) -> io::Result<Option<Piece>> {
        let name = match self.value()? {
            Some(Piece::Value(name)) => name,
            other => return Ok(other),
        };
        self.take(name.end);
        loop {
            self.skip_between();
            match self.buffer.get(self.start..self.end).and_then(|b| b.first()).copied() {
                Some(b':') => self.take(self.start + 1),
                Some(b'[') => {
                    self.enter(Open::List);
                    return Ok(None);
                }
                Some(b'{') => return self.value(),
                Some(b'}' | b']') => return Ok(None),
                Some(_) => match self.value()? {
                    Some(Piece::Value(scalar)) => {
                        self.take(scalar.end);
                        return Ok(None);
                    }
                    other => return Ok(other),
                },
                None if self.fill()? => {}
                None => return Ok(None),
            }
        }
    }

    /// The rest of the line on which a value begins that breaks off; reading goes on at the next.
    fn torn(&mut self) -> io::Result<Option<Piece>> {
        let end = self.line_end()?;
        Ok(Some(Piece::Torn(self.start..end)))
    }

    /// Reads more; false when there is nothing more, or no room.
    fn fill(&mut self) -> io::Result<bool> {
        if self.finished {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            if self.buffer.len() >= MOST_BYTES {
                return Ok(false);
            }
            self.buffer.resize((self.buffer.len() * 2).min(MOST_BYTES), 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = loop {
            match self.input.read(room) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        match read {
            Ok(0) => self.finished = true,
            Ok(n) => self.end += n,
            Err(e) => {
                self.finished = true;
                return Err(e);
            }
        }
        Ok(!self.finished)
    }
}

fn held_first(byte: Option<&u8>) -> Option<Open> {
    match byte {
        Some(b'{') => Some(Open::Object),
        Some(b'[') => Some(Open::List),
        _ => None,
    }
}
