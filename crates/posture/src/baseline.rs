//! What was found before: only what is new since then counts.
//!
//! Entry points: [`Baseline::of`] takes it down, [`Baseline::compare`] marks the findings of a later report.  A finding
//! is known again by check, object and field, not by its place in a file, in a list or by its reason.

use std::collections::BTreeMap;

use api::{Value, object};
use evidence::{Origin, Problem, ProblemKind};

use crate::finding::{Finding, Status, Subject};
use crate::report::Report;

const VERSION: &str = "posture.sumun.io/v1";
const KIND: &str = "Baseline";

/// What a finding is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint {
    /// The check.
    pub check: String,
    /// In what.
    pub subject: Subject,
    /// The field, without the numbers of items.
    pub field: String,
}

/// Findings of an earlier scan, and how often there was each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    known: BTreeMap<Fingerprint, usize>,
}

impl Baseline {
    /// Everything that fails or warns in a report.
    pub fn of(report: &Report) -> Self {
        let mut known = BTreeMap::new();
        for finding in report.findings().into_iter().filter(|finding| finding.status >= Status::Warn) {
            *known.entry(Fingerprint::of(finding)).or_insert(0) += 1;
        }
        Self { known }
    }

    /// Reads what [`Baseline::write`] wrote.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(name: &str, text: &[u8]) -> Result<Self, Problem> {
        let problem = |line: usize, text: String| {
            let origin = Origin { source: name.into(), line, document: 0 };
            Problem { origin, kind: ProblemKind::Broken, text }
        };
        let value = codec::yaml::parse(text).map_err(|why| problem(why.line(), why.to_string()))?.value;
        if value.str_at(&["apiVersion"]) != VERSION || value.str_at(&["kind"]) != KIND {
            let text = format!("not a baseline: apiVersion must be {VERSION}, kind {KIND}");
            return Err(problem(1, text));
        }
        let known = value.array_at(&["findings"]).iter().map(|item| {
            let text = |key: &str| item.str_at(&[key]).to_owned();
            let (kind, namespace, name) = (text("kind"), text("namespace"), text("name"));
            let subject = Subject { kind, namespace, name, ..Subject::default() };
            let count = item.at(&["count"]).as_i64().and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
            (Fingerprint { check: text("check"), subject, field: text("field") }, count)
        });
        Ok(Self { known: known.collect() })
    }

    /// The baseline as sorted JSON, so that versions of it can be compared line by line.
    pub fn write(&self) -> String {
        let findings: Vec<Value> = self
            .known
            .iter()
            .map(|(known, count)| {
                object! {
                    "check" => known.check.as_str(),
                    "kind" => known.subject.kind.as_str(),
                    "namespace" => known.subject.namespace.as_str(),
                    "name" => known.subject.name.as_str(),
                    "field" => known.field.as_str(),
                    "count" => i64::try_from(*count).unwrap_or(i64::MAX),
                }
            })
            .collect();
        let all = object! { "apiVersion" => VERSION, "kind" => KIND, "findings" => findings };
        let mut out = Vec::new();
        codec::json::write_pretty(&mut out, &all);
        String::from_utf8_lossy(&out).into_owned() + "\n"
    }

    /// Marks what is known and what is new, and gives back what is gone; a check that was not evaluated tells nothing
    /// of what became of its findings.
    pub fn compare(&self, report: &mut Report) -> Vec<Fingerprint> {
        let mut left = self.known.clone();
        for outcome in &mut report.outcomes {
            for finding in &mut outcome.findings {
                let count = left.get_mut(&Fingerprint::of(finding)).filter(|count| **count > 0);
                finding.known = Some(count.is_some());
                if let Some(count) = count {
                    *count -= 1;
                }
            }
            if outcome.status == Status::NotEvaluated {
                left.retain(|known, _| known.check != outcome.check.id);
            }
        }
        left.into_iter().filter(|(_, count)| *count > 0).map(|(known, _)| known).collect()
    }
}

impl Fingerprint {
    fn of(finding: &Finding) -> Self {
        Self {
            check: finding.check.id.to_owned(),
            // An object stays what it is when its version changes.
            subject: Subject { api_version: String::new(), ..finding.subject.clone() },
            field: without_numbers(&finding.field),
        }
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.check, self.subject, self.field)
    }
}

/// `containers[0].env[12].value` without the numbers, which move when something is put before.
fn without_numbers(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    for (i, piece) in field.split('[').enumerate() {
        if i > 0 {
            out.push('[');
        }
        match piece.split_once(']') {
            Some((inside, rest)) if !inside.is_empty() && inside.bytes().all(|b| b.is_ascii_digit()) => {
                out.push(']');
                out.push_str(rest);
            }
            _ => out.push_str(piece),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Input;
    use crate::settings::Settings;
    use evidence::Object;

    fn report(containers: &str) -> Report {
        let text = format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{containers: [{containers}]}}}}"
        );
        let value = codec::yaml::parse(text.as_bytes()).unwrap().value;
        let mut input = Input::default();
        input.add(Object { value, origin: Origin::whole("p.yaml") });
        crate::scan(&input, &Settings::default())
    }

    fn new(report: &Report, id: &str) -> Vec<String> {
        let findings = report.findings().into_iter();
        let new = findings.filter(|f| f.check.id == id && f.known == Some(false));
        new.map(|f| f.field.clone()).collect()
    }

    #[test]
    fn what_moves_is_known_and_what_is_added_is_new() {
        let before = report("{name: a, securityContext: {readOnlyRootFilesystem: false}}");
        let baseline = Baseline::of(&before);
        let read = Baseline::parse("b.json", baseline.write().as_bytes()).unwrap();
        assert_eq!(read, baseline);
        let mut same = report("{name: a, image: x, securityContext: {readOnlyRootFilesystem: false}}");
        read.compare(&mut same);
        assert!(new(&same, "POD-022").is_empty());
        let mut moved = report("{name: x, securityContext: {readOnlyRootFilesystem: true}}, {name: a}");
        read.compare(&mut moved);
        assert!(new(&moved, "POD-022").is_empty());
        let mut more = report("{name: a}, {name: b}");
        read.compare(&mut more);
        assert_eq!(new(&more, "POD-022").len(), 1);
    }

    #[test]
    fn what_is_mended_is_gone_but_not_what_was_not_looked_at() {
        let baseline = Baseline::of(&report("{name: a}"));
        let mut better = report("{name: a, securityContext: {readOnlyRootFilesystem: true}}");
        let gone: Vec<_> = baseline.compare(&mut better).into_iter().map(|known| known.check).collect();
        assert!(gone.contains(&"POD-022".to_owned()) && !gone.contains(&"POD-016".to_owned()));
        let mut nothing = crate::scan(&Input::default(), &Settings::default());
        assert!(baseline.compare(&mut nothing).is_empty());
    }

    #[test]
    fn other_files_are_refused() {
        for text in ["[", "{}", "kind: Baseline"] {
            assert!(Baseline::parse("b", text.as_bytes()).is_err(), "{text}");
        }
        assert_eq!(without_numbers("a[0].b[*].c[x/1][12]"), "a[].b[*].c[x/1][]");
    }
}
