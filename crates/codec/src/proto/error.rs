//! The errors of both directions.

use std::fmt;

/// Why bytes are not the message they were taken for; `Display` is upstream's text where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError(Box<str>);

impl DecodeError {
    pub(super) fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The bytes ended inside a value.
    pub(super) fn truncated() -> Self {
        Self::new("unexpected EOF")
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DecodeError {}

/// A value does not have the shape of the message it was to be written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeError {
    /// Where the value lies, innermost member first.
    path: Vec<&'static str>,
    expected: &'static str,
    found: &'static str,
}

impl EncodeError {
    pub(super) fn new(expected: &'static str, found: &'static str) -> Self {
        Self { path: Vec::new(), expected, found }
    }

    pub(super) fn inside(mut self, member: &'static str) -> Self {
        self.path.push(member);
        self
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path: Vec<&str> = self.path.iter().rev().copied().collect();
        write!(f, "`{}` holds a {} where protobuf has {}", path.join("."), self.found, self.expected)
    }
}

impl std::error::Error for EncodeError {}
