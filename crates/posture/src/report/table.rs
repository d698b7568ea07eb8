//! Tables: CSV (RFC 4180) and Markdown.

use std::fmt::Write as _;

use super::{Report, Terms, remark};
use crate::finding::Finding;
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
    let text =
        if cell.starts_with(['=', '+', '-', '@', '\t']) { format!("'{cell}") } else { cell.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
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
            let origin = finding.origin.as_ref().map(|o| format!("`{o}` ")).unwrap_or_default();
            let field =
                if finding.field.is_empty() { String::new() } else { format!(" (`{}`)", finding.field) };
            let reason = cell_of_markdown(&finding.reason.of(language));
            let remark = cell_of_markdown(&remark(finding, language));
            let remark = if remark.is_empty() { remark } else { format!(" — {remark}") };
            let _ = writeln!(
                out,
                "- {origin}{}: {reason}{field}{remark}",
                cell_of_markdown(&finding.subject.to_string())
            );
        }
    }
    out
}

fn cell_of_markdown(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}
