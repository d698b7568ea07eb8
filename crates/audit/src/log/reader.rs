//! Files to events.
//!
//! Entry point: [`Reader::read`], as often as there are files.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use crate::event::Event;

use super::extract::{Extract, Form};
use super::pieces::{Piece, Pieces};
use super::text;

/// How many problems are kept word for word; the others are counted.
const MOST_PROBLEMS: usize = 100;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Something in a file that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 for the whole file.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

/// What was read, over all files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Events handed on.
    pub events: u64,
    /// Bytes of JSON they were in, after decompression.
    pub bytes: u64,
    /// Lines or values that are broken.
    pub broken: u64,
    /// Lines or values that are whole, but no audit events.
    pub other: u64,
    /// Events by how they were wrapped.
    pub forms: BTreeMap<Form, u64>,
    /// The first hundred problems: what is broken, and the first value of each file that is no event.
    pub problems: Vec<Problem>,
}

/// Streams events to a function.
pub struct Reader<'s> {
    sink: &'s mut dyn FnMut(&Event),
    summary: Summary,
}

impl<'s> Reader<'s> {
    /// A reader that hands every event to `sink`.
    pub fn new(sink: &'s mut dyn FnMut(&Event)) -> Self {
        Self { sink, summary: Summary::default() }
    }

    /// Reads one file, compressed or not.  What is broken in it is part of the summary, whatever it is.
    pub fn read(&mut self, file: &str, input: impl Read) {
        let mut input = BufReader::with_capacity(1 << 18, input);
        let outcome = match input.fill_buf() {
            Ok(start) if start.starts_with(&GZIP) => self.pieces(file, MultiGzDecoder::new(input)),
            Ok(_) => self.pieces(file, input),
            Err(error) => Err((0, error)),
        };
        if let Err((line, error)) = outcome {
            self.broken(file, line, error.to_string());
        }
    }

    /// What was read.
    pub fn finish(self) -> Summary {
        self.summary
    }

    fn pieces(&mut self, file: &str, input: impl Read) -> Result<(), (u64, io::Error)> {
        let mut pieces = Pieces::new(input);
        let mut state = State { file, others: 0, careful: false };
        loop {
            let line = pieces.line();
            let piece = pieces.next(state.careful).map_err(|e| (pieces.line().max(line), e))?;
            let line = pieces.line();
            let end = match &piece {
                Piece::End => return Ok(()),
                Piece::Line(range) | Piece::Value(range) => {
                    let whole = matches!(piece, Piece::Value(_));
                    let bytes = pieces.bytes(range);
                    if !self.value(&mut state, line, bytes, whole) {
                        state.careful = true;
                        continue;
                    }
                    range.end
                }
                Piece::Text(range) => {
                    let bytes = pieces.bytes(range);
                    self.text(&mut state, line, bytes);
                    range.end
                }
                Piece::Torn(range) => {
                    self.broken(file, line, "breaks off in the middle of a JSON value".to_owned());
                    range.end
                }
            };
            state.careful = false;
            self.summary.bytes += (end - start(&piece)) as u64;
            pieces.take(end);
        }
    }

    /// False when a line that looked whole is not.
    fn value(&mut self, state: &mut State, line: u64, bytes: &[u8], whole: bool) -> bool {
        let forms = &mut self.summary.forms;
        let mut extract = Extract { sink: &mut *self.sink, forms, file: state.file, line };
        match extract.value(bytes) {
            Ok(found) => {
                self.summary.events += found.events;
                for _ in 0..found.broken {
                    let what = "a message in it begins as JSON and is none".to_owned();
                    self.broken(state.file, line, what);
                }
                if found.events == 0 && found.broken == 0 {
                    self.other(state, line);
                }
            }
            Err(_) if !whole => return false,
            Err(_) => self.broken(state.file, line, "is not JSON".to_owned()),
        }
        true
    }

    fn text(&mut self, state: &mut State, line: u64, bytes: &[u8]) {
        if bytes.trim_ascii().is_empty() {
            return;
        }
        match text::object_in(bytes) {
            Some(object) => {
                self.value(state, line, &object, true);
            }
            None => self.other(state, line),
        }
    }

    fn other(&mut self, state: &mut State, line: u64) {
        self.summary.other += 1;
        state.others += 1;
        if state.others == 1 {
            self.problem(state.file, line, "is no audit event (the first such in this file)".to_owned());
        }
    }

    fn broken(&mut self, file: &str, line: u64, what: String) {
        self.summary.broken += 1;
        self.problem(file, line, what);
    }

    fn problem(&mut self, file: &str, line: u64, what: String) {
        if self.summary.problems.len() < MOST_PROBLEMS {
            self.summary.problems.push(Problem { file: file.to_owned(), line, what });
        }
    }
}

/// Where in a file we are.
struct State<'f> {
    file: &'f str,
    others: u64,
    /// The line ahead looked whole and is not: find out with care what it is.
    careful: bool,
}

fn start(piece: &Piece) -> usize {
    match piece {
        Piece::Line(r) | Piece::Value(r) | Piece::Text(r) | Piece::Torn(r) => r.start,
        Piece::End => 0,
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}:{line}: {}", self.file, self.what),
        }
    }
}
