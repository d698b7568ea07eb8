//! A file of rules: YAML documents, each an object of kind `AccessRule`, or JSON.
//!
//! Entry point: [`parse`].

use std::collections::HashMap;
use std::fmt;

use api::field::Errors;

use super::AccessRule;

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// The line, from 1; 0 when the text tells it.
    pub line: usize,
    /// What is wrong, with the name of the rule where there is one.
    pub why: String,
}

/// Reads every rule of a file.
///
/// # Errors
/// Everything that is wrong, each with its line; then none of the rules should be used.
pub fn parse(text: &str) -> Result<Vec<AccessRule>, Vec<FileError>> {
    let (mut rules, mut errors) = (Vec::new(), Vec::new());
    let mut lines_of = HashMap::new();
    for document in documents(text) {
        match document.read() {
            Ok(None) => {}
            Ok(Some(rule)) => match lines_of.insert(rule.name.clone(), document.first) {
                None => rules.push(rule),
                Some(line) => errors.push(FileError {
                    line: document.first,
                    why: format!("access rule `{}` stands already in line {line}", rule.name),
                }),
            },
            Err(more) => errors.extend(more),
        }
    }
    if errors.is_empty() { Ok(rules) } else { Err(errors) }
}

/// One document with the number of its first line.
struct Document<'a> {
    first: usize,
    lines: Vec<&'a str>,
}

fn documents(text: &str) -> Vec<Document<'_>> {
    let mut all = vec![Document { first: 1, lines: Vec::new() }];
    for (number, line) in (1..).zip(text.lines()) {
        let rest = line.strip_prefix("---").filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
        if rest.is_some() {
            all.push(Document { first: number + 1, lines: Vec::new() });
        } else if let Some(document) = all.last_mut() {
            document.lines.push(line);
        }
    }
    all.retain(|d| d.lines.iter().any(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#')));
    for document in &mut all {
        let blank = document.lines.iter().take_while(|l| l.trim().is_empty() || l.starts_with('#')).count();
        document.first += blank;
        document.lines.drain(..blank);
    }
    all
}

impl Document<'_> {
    fn read(&self) -> Result<Option<AccessRule>, Vec<FileError>> {
        // Blank lines in front make the parser count as the reader of the file does.
        let padded = "\n".repeat(self.first - 1) + &self.lines.join("\n");
        let parsed = codec::yaml::parse(padded.as_bytes())
            .map_err(|e| vec![FileError { line: 0, why: e.to_string() }])?;
        if let Some(duplicates) = parsed.duplicates {
            return Err(vec![FileError { line: 0, why: duplicates }]);
        }
        if parsed.value.is_null() {
            return Ok(None);
        }
        let named = match parsed.value.str_at(&["metadata", "name"]) {
            "" => String::new(),
            name => format!("access rule `{name}`: "),
        };
        AccessRule::compile(&parsed.value).map(Some).map_err(|errors| self.errors(&named, &errors))
    }

    fn errors(&self, named: &str, errors: &Errors) -> Vec<FileError> {
        let error = |e: &api::field::Error| FileError {
            line: self.first + self.line_of(&e.field.to_string()),
            why: format!("{named}{e}"),
        };
        errors.0.iter().map(error).collect()
    }

    /// The line, from 0, where a field stands; that of what it would stand in when it is missing or not written a
    /// member a line.
    fn line_of(&self, field: &str) -> usize {
        let mut at = 0;
        for (depth, step) in steps(field).into_iter().enumerate() {
            // The members of the document itself may stand on its first line.
            let from = if depth == 0 { 0 } else { at };
            let mut below = self.lines.iter().enumerate().skip(from);
            let found = match step {
                Step::Member(name) => below.find(|(_, line)| member(line) == Some(name)).map(|(i, _)| i),
                Step::Item(n) => {
                    let mut items = below.skip(1).filter(|(_, line)| line.trim_start().starts_with('-'));
                    let first = items.next();
                    let indent = first.map_or(0, |(_, line)| indent(line));
                    first
                        .into_iter()
                        .chain(items.filter(|(_, l)| indent_of_item(l) == Some(indent)))
                        .nth(n)
                        .map(|(i, _)| i)
                }
            };
            match found {
                Some(line) => at = line,
                None => break,
            }
        }
        at
    }
}

enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

/// `spec.match[1].verbs` taken apart.
fn steps(field: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    for part in field.split('.') {
        let mut pieces = part.split('[');
        steps.extend(pieces.next().filter(|name| !name.is_empty()).map(Step::Member));
        steps.extend(pieces.filter_map(|n| n.trim_end_matches(']').parse().ok()).map(Step::Item));
    }
    steps
}

/// The name of the member that a line begins, as an item of a list, too.
fn member(line: &str) -> Option<&str> {
    let text = line.trim_start_matches([' ', '-']);
    text.split_once(':').map(|(name, _)| name.trim_matches(['"', '\'', ' ']))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn indent_of_item(line: &str) -> Option<usize> {
    line.trim_start().starts_with('-').then(|| indent(line))
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.why),
            line => write!(f, "line {line}: {}", self.why),
        }
    }
}

impl std::error::Error for FileError {}
