//! Where an event stands, so that somebody can look it up.

use std::fmt;
use std::sync::Arc;

use audit::Event;
use evidence::Origin;

/// An event to look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Its `auditID`, `""` when the log has none.
    pub id: String,
    /// When it was written.
    pub time: String,
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u64,
}

impl Mark {
    pub(crate) fn of(event: &Event, file: &Arc<str>) -> Self {
        // An id is a UUID unless a client chose it, and then it may be of any length.
        let id = event.id.chars().filter(|c| !c.is_control()).take(64).collect();
        Self { id, time: event.time.chars().take(40).collect(), file: Arc::clone(file), line: event.line }
    }

    /// Where it was found.
    pub(crate) fn origin(&self) -> Origin {
        let line = usize::try_from(self.line).unwrap_or(usize::MAX);
        Origin { source: Arc::clone(&self.file), line, document: 0 }
    }
}

/// `id (file:line)`, or the place alone.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id.as_str() {
            "" => write!(f, "{}:{}", self.file, self.line),
            id => write!(f, "{id} ({}:{})", self.file, self.line),
        }
    }
}
