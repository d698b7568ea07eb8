//! A stream of YAML documents; the items of a list come one by one.
//!
//! Entry point: [`read`].  Documents are told apart by their markers and the items of a list by their indentation, so
//! that no more than one of them is in memory; what they hold is for the codec to say.

use api::Value;

use crate::bytes::{Bytes, Text};
use crate::documents::{Document, Documents, Flow};
use crate::origin::ProblemKind;

/// Reads documents until the text ends.
pub(crate) fn read(input: &mut Bytes, documents: &mut Documents) -> Flow {
    let mut line = Text::new(documents.limit);
    let mut chunk = Chunk::new(documents, input.line());
    loop {
        let number = input.line();
        line.clear();
        if !input.next_line(&mut line) {
            return chunk.finish(documents);
        }
        if marker(line.bytes()) {
            if chunk.content.is_some() {
                chunk.finish(documents)?;
                chunk = Chunk::new(documents, number);
            } else if chunk.marked {
                chunk = Chunk::new(documents, number);
            }
            if line.bytes().starts_with(b".") {
                continue;
            }
            chunk.marked = true;
        }
        chunk.line(documents, &line, number)?;
    }
}

/// Where in a document the reader is.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Members,
    /// Right behind `items:`.
    Items,
    /// In an item whose dash stands behind so many spaces.
    Item(usize),
}

/// A document while it is read.
struct Chunk {
    document: Document,
    /// All of it but the items.
    rest: Text,
    /// The line of the text it begins on.
    first: usize,
    /// Lines in `rest`, and the line of the text that the first one behind the items has.
    lines: usize,
    gap: Option<(usize, usize)>,
    /// The line of the first thing that is no comment.
    content: Option<usize>,
    marked: bool,
    place: Place,
    item: Text,
    item_line: usize,
}

impl Chunk {
    fn new(documents: &Documents, first: usize) -> Self {
        Self {
            document: Document::default(),
            rest: Text::new(documents.limit),
            first,
            lines: 0,
            gap: None,
            content: None,
            marked: false,
            place: Place::Members,
            item: Text::new(documents.limit),
            item_line: 0,
        }
    }

    fn line(&mut self, documents: &mut Documents, line: &Text, number: usize) -> Flow {
        let shape = Shape::of(line.bytes());
        if shape.is_content && self.content.is_none() {
            self.content = Some(number);
            self.document = documents.begin();
        }
        self.place = match self.place {
            Place::Items if shape.dash => {
                self.start_item(line, number);
                Place::Item(shape.indent)
            }
            Place::Item(indent) if shape.is_blank || shape.indent > indent => {
                append(&mut self.item, line);
                Place::Item(indent)
            }
            Place::Item(indent) if shape.dash && shape.indent == indent => {
                self.end_item(documents)?;
                self.start_item(line, number);
                Place::Item(indent)
            }
            before => {
                if let Place::Item(_) = before {
                    self.end_item(documents)?;
                    self.gap = Some((self.lines, number));
                }
                append(&mut self.rest, line);
                self.lines += 1;
                match before {
                    _ if shape.items => Place::Items,
                    Place::Items if shape.is_blank => Place::Items,
                    _ => Place::Members,
                }
            }
        };
        Flow::Continue(())
    }

    fn start_item(&mut self, line: &Text, number: usize) {
        self.item.clear();
        append(&mut self.item, line);
        self.item_line = number;
    }

    fn end_item(&mut self, documents: &mut Documents) -> Flow {
        let line = self.item_line;
        let parsed = parse(documents, &self.item, |n| line + n.max(1) - 1, line)?;
        let items = parsed.as_ref().and_then(Value::as_array).unwrap_or_default();
        for item in items {
            documents.item(&mut self.document, item.clone(), line, self.item.bytes().len())?;
        }
        Flow::Continue(())
    }

    fn finish(&mut self, documents: &mut Documents) -> Flow {
        if let Place::Item(_) = self.place {
            self.end_item(documents)?;
        }
        let Some(line) = self.content else { return Flow::Continue(()) };
        let (first, gap) = (self.first, self.gap);
        let place = |n: usize| match gap {
            Some((before, behind)) if n > before => behind + n - before - 1,
            _ => first + n.max(1) - 1,
        };
        if let Some(value) = parse(documents, &self.rest, place, line)? {
            let bytes = self.rest.bytes().len();
            documents.end(std::mem::take(&mut self.document), value, line, bytes)?;
        }
        Flow::Continue(())
    }
}

fn append(to: &mut Text, line: &Text) {
    to.extend(line.bytes());
    if line.is_over() {
        to.overflow();
    }
}

/// The value of a text; `place` is the line of the file that a line of the text is.
fn parse(
    documents: &mut Documents,
    text: &Text,
    place: impl Fn(usize) -> usize,
    line: usize,
) -> std::ops::ControlFlow<(), Option<Value>> {
    use std::ops::ControlFlow::Continue;
    if text.is_over() {
        documents.too_large(line)?;
        return Continue(None);
    }
    match codec::yaml::parse(text.bytes()) {
        Ok(parsed) => {
            for (line, what) in parsed.duplicates.iter().flat_map(|text| complaints(text)) {
                let text = format!("{what}; the last one counts");
                documents.problem(place(line), ProblemKind::Repeated, text)?;
            }
            Continue(Some(parsed.value))
        }
        Err(_) if text.bytes().windows(2).any(|two| two == b"{{") => {
            documents.template(line)?;
            Continue(None)
        }
        Err(error) => {
            let line = if error.line() == 0 { line } else { place(error.line()) };
            documents.problem(
                line,
                ProblemKind::Broken,
                format!("not YAML: {}", bare(&error.to_string())),
            )?;
            Continue(None)
        }
    }
}

/// The text of an error without its own idea of the line.
fn bare(text: &str) -> &str {
    let text = text.strip_prefix("yaml: ").unwrap_or(text);
    match text.strip_prefix("line ").and_then(|rest| rest.split_once(": ")) {
        Some((number, rest)) if number.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => text,
    }
}

/// The lines and texts of complaints about keys that are set twice.
fn complaints(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().skip(1).filter_map(|line| {
        let (number, what) = line.trim_start().strip_prefix("line ")?.split_once(": ")?;
        Some((number.parse().ok()?, what))
    })
}

/// What a line looks like.
struct Shape {
    indent: usize,
    /// Nothing, or a comment.
    is_blank: bool,
    /// Neither blank nor a marker or directive alone.
    is_content: bool,
    /// An item of a list begins.
    dash: bool,
    /// `items:` at the margin, and nothing behind it.
    items: bool,
}

impl Shape {
    fn of(line: &[u8]) -> Self {
        let body = line.trim_ascii_end();
        let indent = body.iter().take_while(|b| **b == b' ').count();
        let text = body.get(indent..).unwrap_or_default();
        let is_blank = text.is_empty() || text.starts_with(b"#");
        let marks = marker(line) && is_nothing(line.get(3..).unwrap_or_default());
        let directive = line.starts_with(b"%");
        let items = line.strip_prefix(b"items:").is_some_and(is_nothing);
        let dash = !marks && (text == b"-" || text.starts_with(b"- "));
        Self { indent, is_blank, is_content: !is_blank && !marks && !directive, dash, items }
    }
}

/// Only space and a comment.
fn is_nothing(rest: &[u8]) -> bool {
    let text = rest.trim_ascii();
    text.is_empty() || (text.starts_with(b"#") && rest.first().is_some_and(u8::is_ascii_whitespace))
}

/// `---` or `...` at the margin, alone or before a space: a document ends or begins.
fn marker(line: &[u8]) -> bool {
    matches!(line.get(..3), Some(b"---" | b"...")) && line.get(3).is_none_or(u8::is_ascii_whitespace)
}
