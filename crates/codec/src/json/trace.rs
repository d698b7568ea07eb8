//! A second reading of a text already known to be JSON, for the paths of what is wrong with it.
//!
//! Only bodies that have findings pay for it: the parser notices that there are any, this pass says where.

use std::borrow::Cow;
use std::collections::HashSet;

use api::field::go_quote;
use schema::{Message, Type};

use super::SyntaxError;
use super::scan::Scanner;

/// How many findings are reported at most, as upstream's decoder does.
pub const MAX_FINDINGS: usize = 100;

/// How many bytes all findings together may take; what comes later is not reported.
const MAX_BYTES: usize = 256 * 1024;

/// The paths of members that stand more than once, in document order.
pub(super) fn duplicates(bytes: &[u8]) -> Result<Vec<String>, SyntaxError> {
    let found = trace(bytes, Shape::Free)?;
    Ok(found.into_iter().map(|finding| finding.path).collect())
}

/// What upstream's strict decoder says about a body of a built-in kind, in document order: members that stand more
/// than once and members that the kind does not have.
pub(crate) fn strict(bytes: &[u8], message: &'static Message) -> Result<Vec<String>, SyntaxError> {
    let found = trace(bytes, Shape::Message(message))?;
    let text = |finding: Finding| {
        let what = if finding.unknown { "unknown" } else { "duplicate" };
        format!("{what} field {}", go_quote(&finding.path))
    };
    Ok(found.into_iter().map(text).collect())
}

fn trace(bytes: &[u8], shape: Shape) -> Result<Vec<Finding>, SyntaxError> {
    let mut tracer =
        Tracer { scanner: Scanner::new(bytes), path: String::new(), found: Vec::new(), bytes: 0 };
    tracer.value(shape)?;
    Ok(tracer.found)
}

#[derive(PartialEq)]
struct Finding {
    path: String,
    /// The kind does not have the member; else it stands there twice.
    unknown: bool,
}

/// What is looked for in a value.
#[derive(Clone, Copy)]
enum Shape {
    /// Duplicates at any depth.
    Free,
    Message(&'static Message),
    Type(&'static Type),
    /// Nothing: unknown members, and types that upstream decodes on their own.
    Opaque,
}

impl Shape {
    /// What a structure has under a name, `None` for nothing.
    fn member(self, name: &str) -> Option<Self> {
        match self {
            Self::Free => Some(Self::Free),
            Self::Opaque | Self::Type(Type::List(_)) => Some(Self::Opaque),
            Self::Message(message) => message.field(name).map(|field| Self::Type(&field.ty)),
            Self::Type(Type::Message(message)) => message.field(name).map(|field| Self::Type(&field.ty)),
            Self::Type(Type::Map(item)) => Some(Self::Type(item)),
            Self::Type(_) => Some(Self::Opaque),
        }
    }

    fn item(self) -> Self {
        match self {
            Self::Free => Self::Free,
            Self::Type(Type::List(item)) => Self::Type(item),
            _ => Self::Opaque,
        }
    }

    /// Are members that stand twice to be told?
    fn counts_members(self) -> bool {
        matches!(self, Self::Free | Self::Message(_) | Self::Type(Type::Message(_) | Type::Map(_)))
    }
}

struct Tracer<'a> {
    scanner: Scanner<'a>,
    /// The path of the value being read.
    path: String,
    found: Vec<Finding>,
    /// Length of all paths found.
    bytes: usize,
}

impl Tracer<'_> {
    fn value(&mut self, shape: Shape) -> Result<(), SyntaxError> {
        match self.scanner.peek() {
            Some(b'{') => self.object(shape),
            Some(b'[') => self.array(shape),
            Some(b'"') => self.scanner.string().map(drop),
            Some(b't') => self.scanner.literal("true"),
            Some(b'f') => self.scanner.literal("false"),
            Some(b'n') => self.scanner.literal("null"),
            _ => self.scanner.number().map(drop),
        }
    }

    fn object(&mut self, shape: Shape) -> Result<(), SyntaxError> {
        let outer = self.path.len();
        let mut seen: HashSet<Cow<'_, str>> = HashSet::new();
        self.scanner.advance();
        while self.scanner.peek() != Some(b'}') {
            let key = self.scanner.key()?;
            if outer > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            let member = shape.member(&key);
            if member.is_none() {
                self.add(true);
            } else if shape.counts_members() && !seen.insert(key) {
                self.add(false);
            }
            self.value(member.unwrap_or(Shape::Opaque))?;
            self.path.truncate(outer);
            self.skip_comma();
        }
        self.scanner.advance();
        Ok(())
    }

    fn array(&mut self, shape: Shape) -> Result<(), SyntaxError> {
        let outer = self.path.len();
        let item = shape.item();
        self.scanner.advance();
        let mut index = 0_usize;
        while self.scanner.peek() != Some(b']') {
            self.path.push_str(&format!("[{index}]"));
            self.value(item)?;
            self.path.truncate(outer);
            self.skip_comma();
            index += 1;
        }
        self.scanner.advance();
        Ok(())
    }

    fn skip_comma(&mut self) {
        if self.scanner.peek() == Some(b',') {
            self.scanner.advance();
        }
    }

    /// Remembers the current path, once for each sort of finding.
    fn add(&mut self, unknown: bool) {
        if self.found.len() < MAX_FINDINGS && self.bytes + self.path.len() <= MAX_BYTES {
            let finding = Finding { path: self.path.clone(), unknown };
            if !self.found.contains(&finding) {
                self.bytes += self.path.len();
                self.found.push(finding);
            }
        }
    }
}
