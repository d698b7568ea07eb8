//! Tokens to a tree.

use api::Value;

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

/// What becomes of members of the same name.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Repeated {
    /// The last one stands.
    Replace,
    /// Objects and lists that come later are read into what is there, as Go reads into structures.
    Merge,
}

/// Reads a whole document.
pub(super) fn document(bytes: &[u8], repeated: Repeated) -> Result<(Value, Facts), SyntaxError> {
    let mut parser = Parser { scanner: Scanner::new(bytes), facts: Facts::default(), depth: 0, repeated };
    let mut value = Value::Null;
    parser.value(&mut value)?;
    parser.scanner.finish()?;
    Ok((value, parser.facts))
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    facts: Facts,
    depth: usize,
    repeated: Repeated,
}

impl Parser<'_> {
    /// Reads a value into its place in the tree; moving finished values around costs more than reading them.
    fn value(&mut self, place: &mut Value) -> Result<(), SyntaxError> {
        match self.scanner.peek() {
            Some(b'{') => self.object(place),
            Some(b'[') => self.array(place),
            Some(b'"') => {
                *place = Value::String(self.scanner.string()?.into());
                Ok(())
            }
            Some(b'-' | b'0'..=b'9') => self.number(place),
            Some(b't') => self.literal("true", Value::Bool(true), place),
            Some(b'f') => self.literal("false", Value::Bool(false), place),
            Some(b'n') => self.literal("null", Value::Null, place),
            other => Err(self.scanner.refuse(other, "looking for beginning of value")),
        }
    }

    fn literal(&mut self, word: &'static str, value: Value, place: &mut Value) -> Result<(), SyntaxError> {
        *place = value;
        self.scanner.literal(word)
    }

    /// Steps into an array or object, the bracket of which is peeked.
    fn enter(&mut self, bracket: u8) -> Result<(), SyntaxError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.scanner.refuse(Some(bracket), "exceeded max depth"));
        }
        self.scanner.advance();
        Ok(())
    }

    /// Steps out of an array or object, the closing bracket of which is peeked.
    fn leave(&mut self) {
        self.depth -= 1;
        self.scanner.advance();
    }

    fn object(&mut self, place: &mut Value) -> Result<(), SyntaxError> {
        self.enter(b'{')?;
        if self.repeated == Repeated::Replace {
            *place = Value::Null;
        }
        let map = place.make_object();
        if self.scanner.peek() != Some(b'}') {
            loop {
                let key = self.scanner.key()?;
                let known = map.len();
                let member = map.entry(&key);
                self.value(member)?;
                self.facts.duplicates |= map.len() == known;
                match self.scanner.peek() {
                    Some(b',') => self.scanner.advance(),
                    Some(b'}') => break,
                    other => return Err(self.scanner.refuse(other, "after object key:value pair")),
                }
            }
        }
        self.leave();
        Ok(())
    }

    fn array(&mut self, place: &mut Value) -> Result<(), SyntaxError> {
        self.enter(b'[')?;
        let mut items = Vec::new();
        if self.repeated == Repeated::Merge
            && let Value::Array(before) = place
        {
            items = std::mem::take(before);
        }
        let mut length = 0;
        if self.scanner.peek() != Some(b']') {
            loop {
                if items.len() == length {
                    items.push(Value::Null);
                }
                if let Some(item) = items.get_mut(length) {
                    self.value(item)?;
                }
                length += 1;
                match self.scanner.peek() {
                    Some(b',') => self.scanner.advance(),
                    Some(b']') => break,
                    other => return Err(self.scanner.refuse(other, "after array element")),
                }
            }
        }
        self.leave();
        items.truncate(length);
        *place = Value::Array(items);
        Ok(())
    }

    fn number(&mut self, place: &mut Value) -> Result<(), SyntaxError> {
        let (text, integer) = self.scanner.number()?;
        if integer && let Ok(i) = text.parse() {
            *place = Value::Int(i);
            return Ok(());
        }
        let float: f64 = text.parse().unwrap_or(f64::INFINITY);
        if float.is_infinite() && self.facts.out_of_range.is_none() {
            self.facts.out_of_range = Some(text.to_owned());
        }
        *place = Value::Float(float);
        Ok(())
    }
}
