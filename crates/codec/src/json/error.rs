//! The one error of the JSON decoder, with Go's texts.

use std::fmt;

/// Why a text is not JSON; `Display` is Go's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError(Box<Detail>);

/// Boxed, so that a result of the parser fits a register.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Detail {
    message: Box<str>,
    offset: usize,
    line: usize,
}

impl SyntaxError {
    pub(crate) fn new(message: impl Into<Box<str>>, offset: usize) -> Self {
        Self(Box::new(Detail { message: message.into(), offset, line: 0 }))
    }

    /// The same with the line it is about, counted from 1.
    pub(crate) fn on_line(mut self, line: usize) -> Self {
        self.0.line = line;
        self
    }

    /// `byte`, read as the one at `at`, cannot stand there.
    pub(crate) fn unexpected(byte: u8, at: usize, context: &str) -> Self {
        Self::new(format!("invalid character {} {context}", quote(byte)), at + 1)
    }

    /// The text ended too early.
    pub(crate) fn end(length: usize) -> Self {
        Self::new("unexpected end of JSON input", length)
    }

    /// How many bytes had been read, the offending one included.
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// The line of a YAML text it is about, counted from 1, which the text itself does not always tell rightly (it has
    /// upstream's numbers); 0 when it is about no line, and for JSON, which has [`SyntaxError::offset`].
    pub fn line(&self) -> usize {
        self.0.line
    }
}

/// A byte as Go's scanner shows it: taken for a Latin-1 character and quoted.
fn quote(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        0xa0 | 0xad => format!("'\\u00{byte:x}'"),
        _ => format!("'{}'", api::field::go_quote(&char::from(byte).to_string()).trim_matches('"')),
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for SyntaxError {}
