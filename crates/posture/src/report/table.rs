//! Tables: CSV (RFC 4180) and Markdown.

use std::fmt::Write as _;

use super::{Report, Terms, remark};
use crate::finding::Finding;
use crate::shown::visible;
use crate::words::Language;

const HEADINGS: [&str; 10] =
    ["check", "severity", "status", "kind", "namespace", "name", "source", "field", "reason", "remark"];

fn row(finding: &Finding, language: Language) -> [String; 10] {
    [
        finding.check.id.to_owned(),
        finding.check.severity.name().to_owned(),
        finding.status.name().to_owned(),
        finding.subject.kind.clone(),
        finding.subject.namespace.clone(),
        finding.subject.name.clone(),
        finding.origin.as_ref().map(ToString::to_string).unwrap_or_default(),
        finding.field.clone(),
        finding.reason.of(language),
        remark(finding, language),
    ]
}

/// One line a finding.
pub fn csv(report: &Report, language: Language) -> String {
    let mut out = HEADINGS.join(",") + "\r\n";
    for finding in report.findings() {
        let cells = row(finding, language).map(|cell| cell_of_csv(&cell));
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    }
    out
}

/// Quoted where it must be; what a spreadsheet would take for a formula is text.
fn cell_of_csv(cell: &str) -> String {
    let cell = visible(cell);
    let formula = cell.trim_start().starts_with(['=', '+', '-', '@']);
    let text = if formula { format!("'{cell}") } else { cell.into_owned() };
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// A summary by area and a table of findings.
pub fn markdown(report: &Report, language: Language) -> String {
    let terms = Terms::of(language);
    let mut out = format!(
        "# {}\n\n| {} | {} | fail | warn | pass | {} |\n",
        terms.title, terms.area, terms.score, terms.coverage
    );
    out.push_str("| --- | ---: | ---: | ---: | ---: | ---: |\n");
    for area in report.areas() {
        let score = area.score().map_or_else(|| "-".to_owned(), |score| score.to_string());
        let name = area.area.words().of(language);
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "| {name} | {score} | {} | {} | {} | {}% |",
            area.failed,
            area.warned,
            area.passed,
            area.coverage()
        );
    }
    for outcome in report.flawed() {
        let check = outcome.check;
        let _ = writeln!(
            out,
            "\n## {} {} ({}, {})\n\n{}\n",
            check.id,
            check.title.of(language),
            terms.status(outcome.status),
            terms.severity(check.severity),
            check.remedy.of(language)
        );
        for finding in &outcome.findings {
            let _ = writeln!(out, "{}", line_of_markdown(finding, language));
        }
    }
    out
}

fn line_of_markdown(finding: &Finding, language: Language) -> String {
    let origin = finding.origin.as_ref().map(|o| code(&o.to_string()) + " ").unwrap_or_default();
    let subject = plain(&finding.subject.to_string());
    let reason = plain(&finding.reason.of(language));
    let field = if finding.field.is_empty() { String::new() } else { format!(" ({})", code(&finding.field)) };
    let remark = plain(&remark(finding, language));
    let remark = if remark.is_empty() { remark } else { format!(" — {remark}") };
    format!("- {origin}{subject}: {reason}{field}{remark}")
}

/// Text that Markdown takes for nothing but text: no markup, no HTML, no link, nobody who is called.
fn plain(text: &str) -> String {
    let text = visible(text);
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let inside = before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '@' if !before.is_alphanumeric() => out.push_str("&#64;"),
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '$' => out.extend(['\\', c]),
            // In the middle of a word it marks nothing.
            '_' if !inside => out.push_str("\\_"),
            _ => out.push(c),
        }
        before = c;
    }
    out
}

/// Text in backticks, more of them than it has itself.
fn code(text: &str) -> String {
    let text = visible(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_no_second_line() {
        for (text, cell) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            (" +1,2", "\"' +1,2\""),
            ("a\r\n=b", r"a\r\n=b"),
            ("a \"b\"", "\"a \"\"b\"\"\""),
            ("spec.a[0]", "spec.a[0]"),
        ] {
            assert_eq!(cell_of_csv(text), cell);
        }
    }

    #[test]
    fn markdown_takes_text_for_text() {
        for (text, shown) in [
            ("<img src=x>", "&lt;img src=x>"),
            ("a|b `c` *d* [e](f)", r"a\|b \`c\` \*d\* \[e\](f)"),
            ("NET_RAW _x_", r"NET_RAW \_x\_"),
            ("@team a@sha256:1", "&#64;team a@sha256:1"),
            ("a\n# b", r"a\\n# b"),
        ] {
            assert_eq!(plain(text), shown);
        }
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("spec.a"), "`spec.a`");
    }
}
