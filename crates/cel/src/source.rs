//! The text of an expression, places in it, and what is wrong with it, shown as cel-go shows it.
//!
//! Entry points: [`Source`] and [`Issues`].

use std::fmt::{self, Write as _};

/// The longest line that is repeated under an error, in bytes.
const LONGEST_SNIPPET: usize = 16_384;
/// How many errors are kept; further ones are counted.
const MOST_ISSUES: usize = 100;

/// The text of an expression with its lines; offsets count code points.
#[derive(Clone, Debug)]
pub struct Source {
    text: String,
    /// Where each line after the first begins.
    lines: Vec<u32>,
}

impl Source {
    /// Takes a text.
    pub fn new(text: &str) -> Self {
        let breaks = text.chars().zip(1u32..).filter(|(c, _)| *c == '\n');
        Self { text: text.to_owned(), lines: breaks.map(|(_, next)| next).collect() }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of an offset, both from one.
    pub fn line_and_column(&self, offset: u32) -> (usize, u32) {
        let before = self.lines.partition_point(|start| *start <= offset);
        let start = before.checked_sub(1).and_then(|i| self.lines.get(i)).copied().unwrap_or(0);
        (before + 1, offset - start + 1)
    }

    fn snippet(&self, line: usize) -> Option<&str> {
        self.text.split('\n').nth(line.checked_sub(1)?).filter(|_| !self.text.is_empty())
    }
}

/// One thing that is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Where, in code points from the start; `None` for the expression as a whole.
    pub offset: Option<u32>,
    /// What, in cel-go's words.
    pub message: String,
}

/// Everything that is wrong with an expression; displays as cel-go does, each error with its line and a caret.
#[derive(Clone, Debug)]
pub struct Issues {
    source: Source,
    list: Vec<Issue>,
    count: usize,
}

impl Issues {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, list: Vec::new(), count: 0 }
    }

    pub(crate) fn report(&mut self, offset: Option<u32>, message: impl Into<String>) {
        self.count += 1;
        if self.list.len() < MOST_ISSUES {
            self.list.push(Issue { offset, message: message.into() });
        }
    }

    /// True when nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The errors in the order they were found.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Issue> {
        self.list.iter()
    }

    fn show(&self, f: &mut fmt::Formatter<'_>, issue: &Issue) -> fmt::Result {
        let Some(offset) = issue.offset else {
            return write!(f, "ERROR: <input>:-1:0: {}", issue.message);
        };
        let (line, column) = self.source.line_and_column(offset);
        // An empty text has no columns.
        let shown = if self.source.text.is_empty() { 0 } else { column };
        write!(f, "ERROR: <input>:{line}:{shown}: {}", issue.message)?;
        let Some(snippet) = self.source.snippet(line).filter(|s| s.len() <= LONGEST_SNIPPET) else {
            return Ok(());
        };
        let snippet = snippet.replace('\t', " ");
        write!(f, "\n | {snippet}\n | ")?;
        let mut rest = snippet.chars();
        for c in rest.by_ref().take(column as usize - 1) {
            f.write_char(if c.is_ascii() { '.' } else { '\u{ff0e}' })?;
        }
        f.write_char(if rest.next().is_none_or(|c| c.is_ascii()) { '^' } else { '\u{ff3e}' })
    }
}

impl fmt::Display for Issues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted: Vec<&Issue> = self.list.iter().collect();
        sorted.sort_by_key(|i| i.offset);
        for (i, issue) in sorted.into_iter().enumerate() {
            if i > 0 {
                f.write_char('\n')?;
            }
            self.show(f, issue)?;
        }
        if self.count > self.list.len() {
            write!(f, "\n{} more errors were truncated", self.count - self.list.len())?;
        }
        Ok(())
    }
}

impl std::error::Error for Issues {}
