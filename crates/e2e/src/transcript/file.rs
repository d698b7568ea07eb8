//! The text of a session: steps of a command and its answer.  [`parse`] reads it, [`Step::write`] writes it again.

use std::fmt::Write as _;

use super::lines::{lines_fit, normalize};
use crate::Output;

/// A command and what it must answer.
pub(super) struct Step {
    /// Remarks and blank lines above it, as they are.
    above: String,
    /// Lines for the shell.
    pub(super) command: String,
    pub(super) expected: Answer,
}

/// What a command answered, line by line, or must answer.
#[derive(Default)]
pub(super) struct Answer {
    stdout: Vec<String>,
    stderr: Vec<String>,
    /// None when a signal ended it.
    pub(super) code: Option<i32>,
    /// It failed and yet the store changed.
    pub(super) changes: bool,
}

pub(super) fn parse(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut above = String::new();
    let mut after_blank = true;
    for line in text.lines() {
        let remark = after_blank && (line.starts_with("# ") || line == "#");
        after_blank = line.is_empty() || remark;
        if let Some(command) = line.strip_prefix("$ ") {
            let expected = Answer { code: Some(0), ..Answer::default() };
            steps.push(Step { above: std::mem::take(&mut above), command: command.to_owned(), expected });
        } else if remark {
            let _ = writeln!(above, "{line}");
        } else if let Some(step) = steps.last_mut() {
            step.line(line);
        } else {
            let _ = writeln!(above, "{line}");
        }
    }
    for step in &mut steps {
        trim(&mut step.expected.stdout);
    }
    steps
}

impl Step {
    /// Takes a line that follows the command's first one.
    fn line(&mut self, line: &str) {
        if let Some(more) = line.strip_prefix("> ").or_else(|| (line == ">").then_some("")) {
            let _ = write!(self.command, "\n{more}");
        } else if let Some(error) = line.strip_prefix("! ").or_else(|| (line == "!").then_some("")) {
            self.expected.stderr.push(error.to_owned());
        } else if let Some(code) = line.strip_prefix("? ") {
            let (code, changes) = code.split_once(", ").map_or((code, false), |(code, _)| (code, true));
            self.expected.code = code.parse().ok();
            self.expected.changes = changes;
        } else {
            self.expected.stdout.push(line.to_owned());
        }
    }

    /// Writes the step as the file has it, with this answer.
    pub(super) fn write(&self, answer: &Answer, to: &mut String) {
        let command = self.command.replace("\n\n", "\n>\n").replace('\n', "\n> ").replace("> >\n", ">\n");
        let _ = write!(to, "{}$ {command}\n{answer}\n", self.above);
    }
}

impl Answer {
    pub(super) fn of(output: &Output) -> Self {
        let lines = |text: &str| {
            let mut lines: Vec<_> = normalize(text).lines().map(|line| line.trim_end().to_owned()).collect();
            trim(&mut lines);
            lines
        };
        Self {
            stdout: lines(&output.stdout),
            stderr: lines(&output.stderr),
            code: output.code,
            changes: false,
        }
    }

    pub(super) fn fits(&self, actual: &Self) -> bool {
        self.code == actual.code
            && self.changes == actual.changes
            && lines_fit(&self.stdout, &actual.stdout)
            && lines_fit(&self.stderr, &actual.stderr)
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.stdout {
            writeln!(to, "{line}")?;
        }
        for line in &self.stderr {
            writeln!(to, "{}", format!("! {line}").trim_end())?;
        }
        let changes = if self.changes { ", changes" } else { "" };
        match self.code {
            Some(0) => Ok(()),
            Some(code) => writeln!(to, "? {code}{changes}"),
            None => writeln!(to, "? killed{changes}"),
        }
    }
}

/// Removes blank lines at the end.
fn trim(lines: &mut Vec<String>) {
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "# About.\n\n# More.\n$ one \\\n> two\n>\n> four\nout\n\n# A remark.\n$ three\n! bad\n? 1, changes\n";

    #[test]
    fn a_session_is_read_and_written_back() {
        let steps = parse(FILE);
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[0].command, "one \\\ntwo\n\nfour");
        assert_eq!(steps[0].expected.stdout, ["out"]);
        assert_eq!(steps[1].expected.stderr, ["bad"]);
        assert_eq!(steps[1].expected.code, Some(1));
        assert!(steps[1].expected.changes);
        let mut text = String::new();
        steps.iter().for_each(|step| step.write(&step.expected, &mut text));
        assert_eq!(text.trim_end(), FILE.trim_end());
    }
}
