//! Tokens to a tree.

use api::{Map, Value};

use super::scan::Scanner;
use super::{MAX_DEPTH, SyntaxError};

/// What was met on the way besides the value.
#[derive(Default)]
pub(super) struct Facts {
    /// Some object has two members of the same name.
    pub(super) duplicates: bool,
    /// The first number beyond the range of a float.
    pub(super) out_of_range: Option<String>,
}

/// Reads a whole document.
pub(super) fn document(bytes: &[u8]) -> Result<(Value, Facts), SyntaxError> {
    let mut parser = Parser { scanner: Scanner::new(bytes), facts: Facts::default(), depth: 0 };
    let value = parser.value()?;
    parser.scanner.finish()?;
    Ok((value, parser.facts))
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    facts: Facts,
    depth: usize,
}

impl Parser<'_> {
    fn value(&mut self) -> Result<Value, SyntaxError> {
        match self.scanner.peek()? {
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => self.scanner.string().map(Value::String),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.scanner.literal("true", Value::Bool(true)),
            b'f' => self.scanner.literal("false", Value::Bool(false)),
            b'n' => self.scanner.literal("null", Value::Null),
            byte => Err(self.scanner.unexpected(byte, "looking for beginning of value")),
        }
    }

    /// Steps into an array or object, the bracket of which is peeked.
    fn enter(&mut self, bracket: u8) -> Result<(), SyntaxError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.scanner.unexpected(bracket, "exceeded max depth"));
        }
        self.scanner.advance();
        Ok(())
    }

    /// Steps out of an array or object, the closing bracket of which is peeked.
    fn leave(&mut self) {
        self.depth -= 1;
        self.scanner.advance();
    }

    fn object(&mut self) -> Result<Value, SyntaxError> {
        self.enter(b'{')?;
        let mut map = Map::new();
        let mut next = self.scanner.peek()?;
        while next != b'}' || !map.is_empty() {
            let key = self.scanner.key(next)?;
            let value = self.value()?;
            self.facts.duplicates |= map.insert(key, value).is_some();
            match self.scanner.peek()? {
                b',' => self.scanner.advance(),
                b'}' => break,
                byte => return Err(self.scanner.unexpected(byte, "after object key:value pair")),
            }
            next = self.scanner.peek()?;
        }
        self.leave();
        Ok(Value::Object(map))
    }

    fn array(&mut self) -> Result<Value, SyntaxError> {
        self.enter(b'[')?;
        let mut items = Vec::new();
        while self.scanner.peek()? != b']' || !items.is_empty() {
            items.push(self.value()?);
            match self.scanner.peek()? {
                b',' => self.scanner.advance(),
                b']' => break,
                byte => return Err(self.scanner.unexpected(byte, "after array element")),
            }
        }
        self.leave();
        Ok(Value::Array(items))
    }

    fn number(&mut self) -> Result<Value, SyntaxError> {
        let (text, integer) = self.scanner.number()?;
        if integer && let Ok(i) = text.parse() {
            return Ok(Value::Int(i));
        }
        let float: f64 = text.parse().unwrap_or(f64::INFINITY);
        if float.is_infinite() && self.facts.out_of_range.is_none() {
            self.facts.out_of_range = Some(text.to_owned());
        }
        Ok(Value::Float(float))
    }
}
