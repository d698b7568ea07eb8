//! A stream of JSON values; the items of a list come one by one.
//!
//! Entry point: [`read`].  Here only brackets and strings are followed, to find where values end; whether they are JSON
//! is for the codec to say.

use crate::bytes::{Bytes, Text};
use crate::documents::{Document, Documents, Flow};
use crate::origin::ProblemKind;

/// Reads values until the text ends.
pub(crate) fn read(input: &mut Bytes, documents: &mut Documents) -> Flow {
    loop {
        skip_between(input);
        let line = input.line();
        let read = match input.peek() {
            None => return Flow::Continue(()),
            Some(b'{') => object(input, documents)?,
            Some(b'[') => array(input, documents)?,
            Some(_) => Err("a JSON object is wanted here"),
        };
        if let Err(what) = read {
            let line = input.line().max(line);
            return documents.problem(line, ProblemKind::Broken, format!("not JSON: {what}"));
        }
    }
}

/// What is wrong with the brackets.
type Read = Result<(), &'static str>;

/// Where an object goes on.
enum Next {
    Member,
    End,
}

fn object(input: &mut Bytes, documents: &mut Documents) -> Go {
    let line = input.line();
    let mut document = documents.begin();
    let mut rest = Text::new(documents.limit);
    input.next();
    rest.push(b'{');
    let mut any = false;
    loop {
        match member(input, any) {
            Ok(Next::Member) => {}
            Ok(Next::End) => break,
            Err(what) => return Go::Continue(Err(what)),
        }
        let mut key = Text::new(documents.limit);
        if let Err(what) = string(input, &mut key).and_then(|()| colon(input)) {
            return Go::Continue(Err(what));
        }
        if key.bytes() == b"\"items\"" && input.peek() == Some(b'[') {
            if let Err(what) = items(input, documents, &mut document)? {
                return Go::Continue(Err(what));
            }
            continue;
        }
        if any {
            rest.push(b',');
        }
        any = true;
        rest.extend(key.bytes());
        rest.push(b':');
        if let Err(what) = value(input, &mut rest) {
            return Go::Continue(Err(what));
        }
    }
    rest.push(b'}');
    if let Some(value) = parse(documents, &rest, line)? {
        documents.end(document, value, line, rest.bytes().len())?;
    }
    Go::Continue(Ok(()))
}

/// Goes on with what was read, or stops because nobody wants more.
type Go = std::ops::ControlFlow<(), Read>;

/// What stands before a member or behind the last one.  A missing comma is taken for one: the items before it may be
/// passed on already.
fn member(input: &mut Bytes, _any: bool) -> Result<Next, &'static str> {
    skip_space(input);
    if input.peek() == Some(b',') {
        input.next();
        skip_space(input);
    }
    match input.peek() {
        Some(b'"') => Ok(Next::Member),
        Some(b'}') => {
            input.next();
            Ok(Next::End)
        }
        Some(_) => Err("a member of an object must begin with a string"),
        None => Err("the text ends within an object"),
    }
}

fn colon(input: &mut Bytes) -> Read {
    skip_space(input);
    if input.peek() != Some(b':') {
        return Err("a colon is missing behind the name of a member");
    }
    input.next();
    skip_space(input);
    Ok(())
}

fn array(input: &mut Bytes, documents: &mut Documents) -> Go {
    let line = input.line();
    let mut document = documents.begin();
    let read = items(input, documents, &mut document)?;
    if read.is_ok() {
        documents.end(document, api::object! {"kind" => "List", "apiVersion" => "v1"}, line, 0)?;
    }
    Go::Continue(read)
}

fn items(input: &mut Bytes, documents: &mut Documents, document: &mut Document) -> Go {
    input.next();
    let mut text = Text::new(documents.limit);
    loop {
        skip_space(input);
        match input.peek() {
            None => return Go::Continue(Err("the text ends within a list")),
            Some(b']') => {
                input.next();
                return Go::Continue(Ok(()));
            }
            Some(b',') => {
                input.next();
                continue;
            }
            Some(_) => {}
        }
        let line = input.line();
        text.clear();
        if let Err(what) = value(input, &mut text) {
            return Go::Continue(Err(what));
        }
        if let Some(item) = parse(documents, &text, line)? {
            documents.item(document, item, line, text.bytes().len())?;
        }
    }
}

/// The value of a text; what is wrong with it is told.
fn parse(
    documents: &mut Documents,
    text: &Text,
    line: usize,
) -> std::ops::ControlFlow<(), Option<api::Value>> {
    if text.is_over() {
        documents.too_large(line)?;
        return std::ops::ControlFlow::Continue(None);
    }
    match codec::json::parse(text.bytes()) {
        Ok(parsed) => {
            if let Some(path) = parsed.duplicates.first() {
                documents.problem(
                    line,
                    ProblemKind::Repeated,
                    format!("field {path:?} stands twice; the last one counts"),
                )?;
            }
            std::ops::ControlFlow::Continue(Some(parsed.value))
        }
        Err(error) => {
            let before = text.bytes().get(..error.offset().saturating_sub(1)).unwrap_or_default();
            let line = line + before.iter().filter(|b| **b == b'\n').count();
            documents.problem(line, ProblemKind::Broken, format!("not JSON: {error}"))?;
            std::ops::ControlFlow::Continue(None)
        }
    }
}

/// Copies one value.
fn value(input: &mut Bytes, out: &mut Text) -> Read {
    let mut depth = 0usize;
    loop {
        match input.peek() {
            None => return Err("the text ends within a value"),
            Some(b'"') => string(input, out)?,
            Some(open @ (b'{' | b'[')) => {
                depth += 1;
                out.push(open);
                input.next();
                continue;
            }
            Some(b'}' | b']' | b',') if depth == 0 => return Ok(()),
            Some(byte) => {
                depth -= usize::from(matches!(byte, b'}' | b']'));
                out.push(byte);
                input.next();
                // A word or number at the top ends where something else begins.
                if depth == 0 && !matches!(byte, b'}' | b']') {
                    continue;
                }
            }
        }
        if depth == 0 {
            return Ok(());
        }
    }
}

/// Copies a string with its quotes.
fn string(input: &mut Bytes, out: &mut Text) -> Read {
    let mut escaped = true;
    while let Some(byte) = input.next() {
        out.push(byte);
        match byte {
            b'"' if !escaped => return Ok(()),
            b'\\' if !escaped => escaped = true,
            _ => escaped = false,
        }
    }
    Err("the text ends within a string")
}

fn skip_space(input: &mut Bytes) {
    while matches!(input.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        input.next();
    }
}

/// Passes over what may stand between two values: space and the `---` of YAML.
fn skip_between(input: &mut Bytes) {
    while matches!(input.peek(), Some(b' ' | b'\t' | b'\r' | b'\n' | b'-')) {
        input.next();
    }
}
