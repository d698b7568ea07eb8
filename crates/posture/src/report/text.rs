//! For people, in a terminal.

use std::fmt::Write as _;

use super::{Outcome, Report, Terms, missing, remark};
use crate::finding::Status;
use crate::frameworks::Framework;
use crate::shown::visible;
use crate::words::{Language, columns};

/// How many findings of one check are told.
const MOST: usize = 10;
/// How many checks are named that want the same.
const MOST_NAMES: usize = 5;

/// A summary by area, then what is to be mended, the worst first.
pub fn text(report: &Report, language: Language) -> String {
    let mut out = String::new();
    let terms = Terms::of(language);
    for outcome in report.flawed() {
        tell(&mut out, outcome, language);
    }
    if report.flawed().first().is_none_or(|worst| worst.status == Status::Excepted) {
        let _ = writeln!(out, "{}\n", terms.nothing);
    }
    summary(&mut out, report, language);
    wanted(&mut out, report, language);
    for framework in &report.frameworks {
        guideline(&mut out, report, *framework, language);
    }
    out
}

fn tell(out: &mut String, outcome: &Outcome, language: Language) {
    let (terms, check) = (Terms::of(language), outcome.check);
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{} {} [{}] {}",
        terms.status(outcome.status).to_uppercase(),
        check.id,
        terms.severity(check.severity),
        check.title.of(language)
    );
    let mut findings: Vec<_> = outcome.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.status));
    for finding in findings.iter().take(MOST) {
        let origin = finding.origin.as_ref().map(|o| format!("{o}: ")).unwrap_or_default();
        let mild = finding.status != outcome.status;
        let mild = if mild { format!("({}) ", terms.status(finding.status)) } else { String::new() };
        let line = format!("{origin}{mild}{}: {}", finding.subject, finding.reason.of(language));
        let _ = writeln!(out, "  {}", visible(&line));
        for line in [finding.field.clone(), remark(finding, language)] {
            if !line.is_empty() {
                let _ = writeln!(out, "      {}", visible(&line));
            }
        }
    }
    let more = findings.len().saturating_sub(MOST);
    if more > 0 {
        let _ = writeln!(out, "  +{more} {}", terms.more);
    }
    let _ = writeln!(out, "  {}: {}\n", terms.remedy, check.remedy.of(language));
}

/// What would have to be given to decide more.
fn wanted(out: &mut String, report: &Report, language: Language) {
    let missing = missing(report, language);
    if !missing.is_empty() {
        let _ = writeln!(out, "\n{}:", Terms::of(language).needs);
    }
    for (needs, ids) in missing {
        let shown = ids.iter().take(MOST_NAMES).copied().collect::<Vec<_>>().join(" ");
        let more = ids.len().saturating_sub(MOST_NAMES);
        let more = if more > 0 { format!(" +{more}") } else { String::new() };
        let _ = writeln!(out, "  {}: {shown}{more}", visible(&needs));
    }
}

fn summary(out: &mut String, report: &Report, language: Language) {
    let terms = Terms::of(language);
    let mut rows = vec![vec![
        terms.area.to_owned(),
        terms.score.to_owned(),
        terms.status(Status::Fail).to_uppercase(),
        terms.status(Status::Warn).to_uppercase(),
        terms.status(Status::Pass).to_uppercase(),
        terms.coverage.to_owned(),
    ]];
    for area in report.areas() {
        rows.push(vec![
            area.area.words().of(language).to_owned(),
            area.score().map_or_else(|| "-".to_owned(), |score| score.to_string()),
            area.failed.to_string(),
            area.warned.to_string(),
            area.passed.to_string(),
            format!("{}%", area.coverage()),
        ]);
    }
    table(out, &rows);
}

fn guideline(out: &mut String, report: &Report, framework: Framework, language: Language) {
    let terms = Terms::of(language);
    let _ = writeln!(out, "\n{}", framework.title().of(language));
    let mut rows = vec![vec![terms.item.to_owned(), String::new(), terms.checks.to_owned(), String::new()]];
    for outcome in report.by_item(framework) {
        rows.push(vec![
            outcome.item.id.to_owned(),
            terms.status(outcome.status).to_owned(),
            outcome.checks().join(" "),
            outcome.title(language),
        ]);
    }
    // A long list of checks would push everything else off the screen.
    for row in &mut rows {
        if let Some(checks) = row.get_mut(2).filter(|checks| checks.len() > 31) {
            *checks = checks.chars().take(31).collect::<String>().trim_end().to_owned() + " …";
        }
    }
    table(out, &rows);
}

/// Cells in columns, three spaces between them.
fn table(out: &mut String, rows: &[Vec<String>]) {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|c| columns(c)).max().unwrap_or(0);
    let widths: Vec<_> = (0..count).map(width).collect();
    for row in rows {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - columns(cell))));
        let _ = writeln!(out, "{}", cells.collect::<Vec<_>>().join("   ").trim_end());
    }
}
