//! The bytes of a text, one at a time, with the number of the line they stand on.

use std::io::{self, Read};

const PIECE: usize = 64 << 10;

/// A text that is read piece by piece.
pub(crate) struct Bytes<'a> {
    input: &'a mut dyn Read,
    piece: Vec<u8>,
    at: usize,
    line: usize,
    failed: Option<io::Error>,
}

/// Bytes that are kept up to a limit.
pub(crate) struct Text {
    bytes: Vec<u8>,
    limit: usize,
    over: bool,
}

impl<'a> Bytes<'a> {
    pub(crate) fn new(input: &'a mut dyn Read) -> Self {
        Self { input, piece: Vec::new(), at: 0, line: 1, failed: None }
    }

    /// The line of the next byte, counted from 1.
    pub(crate) fn line(&self) -> usize {
        self.line
    }

    /// Why reading ended early.
    pub(crate) fn failure(&self) -> Option<&io::Error> {
        self.failed.as_ref()
    }

    /// What is in memory from the next byte on; empty at the end only.
    pub(crate) fn ahead(&mut self) -> &[u8] {
        if self.at >= self.piece.len() {
            self.fill();
        }
        self.piece.get(self.at..).unwrap_or_default()
    }

    /// The next byte, which stays.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        self.ahead().first().copied()
    }

    /// Passes over `n` bytes of [`Bytes::ahead`].
    pub(crate) fn skip(&mut self, n: usize) {
        let passed = self.piece.get(self.at..self.at + n).unwrap_or_default();
        self.line += passed.iter().filter(|b| **b == b'\n').count();
        self.at += n;
    }

    /// Takes the next byte.
    pub(crate) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        self.line += usize::from(byte == b'\n');
        Some(byte)
    }

    /// Takes a line with its end; false at the end of the text.
    pub(crate) fn next_line(&mut self, out: &mut Text) -> bool {
        let mut any = false;
        loop {
            let ahead = self.ahead();
            if ahead.is_empty() {
                return any;
            }
            any = true;
            let end = ahead.iter().position(|b| *b == b'\n');
            let n = end.map_or(ahead.len(), |at| at + 1);
            out.extend(ahead.get(..n).unwrap_or_default());
            self.skip(n);
            if end.is_some() {
                return true;
            }
        }
    }

    /// Everything that is left, at most `limit` bytes; `None` when there is more.
    pub(crate) fn rest(&mut self, limit: usize) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            let ahead = self.ahead();
            if ahead.is_empty() {
                return Some(all);
            }
            if all.len() + ahead.len() > limit {
                return None;
            }
            all.extend_from_slice(ahead);
            let n = ahead.len();
            self.skip(n);
        }
    }

    fn fill(&mut self) {
        self.at = 0;
        self.piece.resize(PIECE, 0);
        let got = loop {
            match self.input.read(&mut self.piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failed.get_or_insert(error);
                    break 0;
                }
                Ok(got) => break got,
            }
        };
        self.piece.truncate(got);
    }
}

impl Text {
    pub(crate) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, over: false }
    }

    pub(crate) fn push(&mut self, byte: u8) {
        self.extend(&[byte]);
    }

    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > self.limit {
            self.over = true;
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Notes that something was left out.
    pub(crate) fn overflow(&mut self) {
        self.over = true;
    }

    /// True when something was left out.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.over = false;
    }
}
