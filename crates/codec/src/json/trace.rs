//! A second reading of a text already known to be JSON, for the paths of what is wrong with it.
//!
//! Only bodies that have findings pay for it: the parser notices that there are any, this pass says where.

use std::borrow::Cow;
use std::collections::HashSet;

use super::SyntaxError;
use super::scan::Scanner;

/// How many findings are reported at most, as upstream's decoder does.
pub const MAX_FINDINGS: usize = 100;

/// How many bytes all paths together may take; what comes later is not reported.
const MAX_PATH_BYTES: usize = 256 * 1024;

/// The paths of members that stand more than once, in document order.
pub(super) fn duplicates(bytes: &[u8]) -> Result<Vec<String>, SyntaxError> {
    let mut tracer = Tracer { scanner: Scanner::new(bytes), path: String::new(), found: Found::default() };
    tracer.value()?;
    Ok(tracer.found.paths)
}

/// Paths in the order they were found, each once.
#[derive(Default)]
struct Found {
    paths: Vec<String>,
    bytes: usize,
}

impl Found {
    fn add(&mut self, path: &str) {
        let fits = self.paths.len() < MAX_FINDINGS && self.bytes + path.len() <= MAX_PATH_BYTES;
        if fits && !self.paths.iter().any(|p| p == path) {
            self.bytes += path.len();
            self.paths.push(path.to_owned());
        }
    }
}

struct Tracer<'a> {
    scanner: Scanner<'a>,
    /// The path of the value being read.
    path: String,
    found: Found,
}

impl Tracer<'_> {
    fn value(&mut self) -> Result<(), SyntaxError> {
        match self.scanner.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.scanner.string().map(drop),
            Some(b't') => self.scanner.literal("true"),
            Some(b'f') => self.scanner.literal("false"),
            Some(b'n') => self.scanner.literal("null"),
            _ => self.scanner.number().map(drop),
        }
    }

    fn object(&mut self) -> Result<(), SyntaxError> {
        let outer = self.path.len();
        let mut seen: HashSet<Cow<'_, str>> = HashSet::new();
        self.scanner.advance();
        while self.scanner.peek() != Some(b'}') {
            let key = self.scanner.key()?;
            if outer > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            if !seen.insert(key) {
                self.found.add(&self.path);
            }
            self.value()?;
            self.path.truncate(outer);
            self.skip_comma();
        }
        self.scanner.advance();
        Ok(())
    }

    fn array(&mut self) -> Result<(), SyntaxError> {
        let outer = self.path.len();
        self.scanner.advance();
        let mut index = 0_usize;
        while self.scanner.peek() != Some(b']') {
            self.path.push_str(&format!("[{index}]"));
            self.value()?;
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
}
