//! JUnit's XML, as build servers read it: a suite an area, a case a check.

use std::fmt::Write as _;

use super::{Outcome, Report, remark};
use crate::finding::Status;
use crate::shown::{visible, visible_lines};
use crate::words::Language;

/// The report as JUnit's XML.
pub fn junit(report: &Report, language: Language) -> String {
    let mut out =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"sumun scan\">\n");
    for area in report.areas() {
        let cases: Vec<_> = report.outcomes.iter().filter(|o| o.check.area() == area.area).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">",
            escape(area.area.words().of(language)),
            cases.len(),
            area.failed,
            area.not_evaluated + area.other
        );
        cases.into_iter().for_each(|outcome| case(&mut out, outcome, language));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(out: &mut String, outcome: &Outcome, language: Language) {
    let check = outcome.check;
    let name = escape(&format!("{} {}", check.id, check.title.of(language)));
    let _ = write!(out, "    <testcase classname=\"{}\" name=\"{name}\">", check.area().0);
    let lines: Vec<_> = outcome
        .findings
        .iter()
        .map(|f| {
            let origin = f.origin.as_ref().map(|o| format!("{o}: ")).unwrap_or_default();
            let line = format!("{origin}{}: {} {}", f.subject, f.reason.of(language), f.field);
            let remark = remark(f, language);
            visible(&if remark.is_empty() { line } else { format!("{line} ({remark})") }).into_owned()
        })
        .collect();
    let lines = escape(&lines.join("\n"));
    let _ = match outcome.status {
        Status::Fail => {
            let remedy = escape(check.remedy.of(language));
            write!(out, "<failure type=\"{}\" message=\"{remedy}\">{lines}</failure>", check.severity)
        }
        Status::Warn => write!(out, "<system-out>{lines}</system-out>"),
        Status::Pass => Ok(()),
        Status::Excepted => write!(out, "<skipped message=\"excepted\">{lines}</skipped>"),
        other => write!(out, "<skipped message=\"{}\"/>", other.name()),
    };
    out.push_str("</testcase>\n");
}

/// Text for XML and HTML; what nobody would see, or XML cannot hold, stands there as an escape.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible_lines(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
