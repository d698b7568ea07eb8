//! One page that stands alone: no script, no font, no picture from anywhere.

use std::fmt::Write as _;

use super::junit::escape;
use super::{Outcome, Report, Terms, missing, remark};
use crate::finding::Status;
use crate::frameworks::Framework;
use crate::shown::visible;
use crate::words::Language;

/// A check with more findings is folded, so that the next one is in sight.
const MOST_OPEN: usize = 10;

const STYLE: &str = include_str!("page.css");

/// The report as a page.
pub fn html(report: &Report, language: Language) -> String {
    let terms = Terms::of(language);
    let tag = if language == Language::Korean { "ko" } else { "en" };
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{0}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{0}</h1>\n",
        terms.title
    );
    counts(&mut out, report, terms);
    areas(&mut out, report, language);
    for outcome in report.flawed() {
        check(&mut out, outcome, language);
    }
    unknown(&mut out, report, language);
    for framework in &report.frameworks {
        guideline(&mut out, report, *framework, language);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn counts(out: &mut String, report: &Report, terms: &Terms) {
    out.push_str("<ul class=\"counts\">\n");
    for status in [Status::Fail, Status::Warn, Status::Pass, Status::NotEvaluated] {
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "<li class=\"{}\"><b>{}</b> {}</li>",
            status.name(),
            report.count(status),
            terms.status(status)
        );
    }
    out.push_str("</ul>\n");
}

fn areas(out: &mut String, report: &Report, language: Language) {
    let terms = Terms::of(language);
    let _ = writeln!(
        out,
        "<table>\n<thead><tr><th>{}</th><th>{}</th><th>{}</th><th>{}</th><th>{}</th><th>{}</th></tr></thead>\n<tbody>",
        terms.area,
        terms.score,
        terms.status(Status::Fail),
        terms.status(Status::Warn),
        terms.status(Status::Pass),
        terms.coverage
    );
    for area in report.areas() {
        let score = area.score().map_or_else(
            || "-".to_owned(),
            |score| format!("{score} <meter min=\"0\" max=\"100\" low=\"50\" high=\"80\" optimum=\"100\" value=\"{score}\"></meter>"),
        );
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{score}</td><td>{}</td><td>{}</td><td>{}</td><td>{}%</td></tr>",
            escape(area.area.words().of(language)),
            area.failed,
            area.warned,
            area.passed,
            area.coverage()
        );
    }
    out.push_str("</tbody>\n</table>\n");
}

fn check(out: &mut String, outcome: &Outcome, language: Language) {
    let (terms, check) = (Terms::of(language), outcome.check);
    let is_open = outcome.status == Status::Fail && outcome.findings.len() <= MOST_OPEN;
    let open = if is_open { " open" } else { "" };
    let _ = writeln!(
        out,
        "<details class=\"{}\"{open}>\n<summary><span class=\"badge\">{}</span> <code>{}</code> {} <span class=\"severity {}\">{}</span> <span class=\"number\">{}</span></summary>",
        outcome.status.name(),
        terms.status(outcome.status),
        check.id,
        escape(check.title.of(language)),
        check.severity,
        terms.severity(check.severity),
        outcome.findings.len()
    );
    let _ = writeln!(out, "<p class=\"remedy\">{}</p>\n<ul>", escape(check.remedy.of(language)));
    for finding in &outcome.findings {
        let origin =
            finding.origin.as_ref().map(|o| format!(" <small>{}</small>", escape(&visible(&o.to_string()))));
        let field = (!finding.field.is_empty())
            .then(|| format!(" <code>{}</code>", escape(&visible(&finding.field))));
        let remark = Some(remark(finding, language)).filter(|remark| !remark.is_empty());
        let remark = remark.map(|remark| format!("<br><small>{}</small>", escape(&remark)));
        let _ = writeln!(
            out,
            "<li><b>{}</b>{}<br>{}{}{}</li>",
            escape(&visible(&finding.subject.to_string())),
            origin.unwrap_or_default(),
            escape(&visible(&finding.reason.of(language))),
            field.unwrap_or_default(),
            remark.unwrap_or_default()
        );
    }
    let mut references: Vec<String> = check.items.iter().map(|item| (*item).to_owned()).collect();
    references.extend(check.cis.iter().map(|item| format!("CIS {item}")));
    references.extend(check.nsa.iter().map(|item| format!("NSA {item}")));
    if !check.pss.is_empty() {
        references.push(format!("PSS {}", check.pss));
    }
    let _ =
        writeln!(out, "</ul>\n<p class=\"references\">{}</p>\n</details>", escape(&references.join(" · ")));
}

fn unknown(out: &mut String, report: &Report, language: Language) {
    let missing = missing(report, language);
    if missing.is_empty() {
        return;
    }
    let _ = writeln!(out, "<h2>{}</h2>\n<ul class=\"unknown\">", Terms::of(language).needs);
    for (needs, ids) in missing {
        let _ = writeln!(out, "<li>{} <code>{}</code></li>", escape(&needs), ids.join(" "));
    }
    out.push_str("</ul>\n");
}

fn guideline(out: &mut String, report: &Report, framework: Framework, language: Language) {
    let terms = Terms::of(language);
    let _ = writeln!(
        out,
        "<h2>{}</h2>\n<table class=\"items\">\n<tbody>",
        escape(framework.title().of(language))
    );
    for outcome in report.by_item(framework) {
        let _ = writeln!(
            out,
            "<tr class=\"{}\"><th scope=\"row\">{}</th><td><span class=\"badge\">{}</span></td><td>{}</td><td><code>{}</code></td></tr>",
            outcome.status.name(),
            escape(outcome.item.id),
            terms.status(outcome.status),
            escape(&outcome.title(language)),
            outcome.checks().join(" ")
        );
    }
    out.push_str("</tbody>\n</table>\n");
}
