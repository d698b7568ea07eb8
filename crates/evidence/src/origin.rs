//! Where something was found, and what could not be read there.

use std::fmt;
use std::sync::Arc;

/// Where an object was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The file, `standard input`, the address of a cluster, or a data directory.
    pub source: Arc<str>,
    /// The line on which it begins, counted from 1; 0 where there are no lines.
    pub line: usize,
    /// Which document of the file it is or is part of, counted from 1; 0 where there are no documents.
    pub document: usize,
}

/// Something that was not read as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub origin: Origin,
    /// What kind of problem.
    pub kind: ProblemKind,
    /// What is wrong.
    pub text: String,
}

/// What kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// A file, directory or resource cannot be read.
    Unreadable,
    /// A text is neither YAML nor JSON.
    Broken,
    /// Something is larger than [`crate::Limits`] allow.
    TooLarge,
    /// A text is well-formed but no object: it has no `apiVersion` or no `kind`.
    NotAnObject,
    /// A key stands twice; the last one counts.
    Repeated,
}

impl ProblemKind {
    /// True when objects may be missing for it.
    pub fn is_loss(self) -> bool {
        matches!(self, Self::Unreadable | Self::Broken | Self::TooLarge)
    }
}

impl Origin {
    /// A place without lines.
    pub fn whole(source: impl Into<Arc<str>>) -> Self {
        Self { source: source.into(), line: 0, document: 0 }
    }
}

/// `file:line`, as compilers print it.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if self.line > 0 { write!(f, ":{}", self.line) } else { Ok(()) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.text)
    }
}

impl std::error::Error for Problem {}
