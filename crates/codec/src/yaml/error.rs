//! The texts of what goes wrong while reading YAML.

use crate::SyntaxError;

/// A failure that has no place.
pub(super) fn plain(problem: &str) -> SyntaxError {
    SyntaxError::new(format!("yaml: {problem}"), 0)
}

/// A token cannot be read at `line`, which counts from 0.  Upstream shows no number for the first line.
pub(super) fn scanning(line: usize, problem: &str) -> SyntaxError {
    let error = if line == 0 { plain(problem) } else { plain(&format!("line {}: {problem}", line + 1)) };
    error.on_line(line + 1)
}

/// A token at `line` stands where it cannot.  Upstream shows the line counted from 0, unless it is the first.
pub(super) fn parsing(line: usize, problem: &str) -> SyntaxError {
    let error = if line == 0 { plain(problem) } else { plain(&format!("line {line}: {problem}")) };
    error.on_line(line + 1)
}
