//! What is given beside objects: configuration, facts, exports, reports.

use std::sync::Arc;

use api::Value;
use evidence::{Object, Origin, Problem, ProblemKind};

use crate::catalogue::Kind;
use crate::rows;

/// A text that is no object of a cluster.  What it means is for the views in `sources/`.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it tells of.
    pub kind: Kind,
    /// What stands in it.
    pub value: Value,
    /// Where it was found.
    pub origin: Origin,
}

/// Groups of objects that are configuration files, not objects of a cluster: what they tell of.
const CONFIGURATION: &[(&str, &str, Kind)] = &[
    ("", "Config", Kind::Kubeconfig),
    ("abac.authorization.kubernetes.io", "", Kind::ControlPlane),
    ("apiserver.config.k8s.io", "", Kind::ControlPlane),
    ("apiserver.k8s.io", "", Kind::ControlPlane),
    ("audit.k8s.io", "Policy", Kind::AuditPolicy),
    ("eventratelimit.admission.k8s.io", "", Kind::ControlPlane),
    ("kubelet.config.k8s.io", "", Kind::Kubelet),
    ("kubeproxy.config.k8s.io", "", Kind::Kubelet),
    ("kubescheduler.config.k8s.io", "", Kind::ControlPlane),
    ("pod-security.admission.config.k8s.io", "", Kind::ControlPlane),
    ("posture.sumun.io", "AccessExpectation", Kind::Expectation),
    ("posture.sumun.io", "Attestation", Kind::Attestation),
    ("posture.sumun.io", "HostFacts", Kind::Host),
    ("posture.sumun.io", "Rights", Kind::Attestation),
];

impl Document {
    /// Reads documents in YAML or JSON, JSON values a line each, or a table in CSV.
    ///
    /// # Errors
    /// Where the text is broken.
    pub fn parse(kind: Kind, name: &str, text: &[u8]) -> Result<Vec<Self>, Problem> {
        let source: Arc<str> = name.into();
        let origin = |line, document| Origin { source: source.clone(), line, document };
        match values(name, text) {
            Ok(values) => {
                let document = |(line, value)| Self { kind, value, origin: origin(line, 1) };
                Ok(values.into_iter().map(document).collect())
            }
            Err((line, text)) => Err(Problem { origin: origin(line, 0), kind: ProblemKind::Broken, text }),
        }
    }

    /// The object as a document, when it is configuration; else the object.
    pub(crate) fn of(object: Object) -> Result<Self, Object> {
        let (group, kind) = (object.group(), object.kind());
        let fits = |(g, k, _): &&(&str, &str, Kind)| *g == group && (k.is_empty() || *k == kind);
        match CONFIGURATION.iter().find(fits) {
            Some((_, _, kind)) => Ok(Self { kind: *kind, value: object.value, origin: object.origin }),
            None => Err(object),
        }
    }
}

/// Values with the lines on which they begin, or the line of what is wrong.
type Values = Result<Vec<(usize, Value)>, (usize, String)>;

fn values(name: &str, text: &[u8]) -> Values {
    if is_table(name) {
        return rows::parse(text).map(|table| vec![(1, table)]);
    }
    let mut all = Vec::new();
    for (part, before) in parts(text) {
        let values =
            json(part).unwrap_or_else(|| yaml(part)).map_err(|(line, text)| (before + line, text))?;
        all.extend(values.into_iter().map(|(line, value)| (before + line, value)));
    }
    Ok(all)
}

fn yaml(text: &[u8]) -> Values {
    match codec::yaml::parse(text) {
        Ok(parsed) if parsed.value.is_null() => Ok(Vec::new()),
        Ok(parsed) => Ok(vec![(1, parsed.value)]),
        Err(why) => Err(match codec::json::parse(text) {
            // What is written as JSON is told as JSON.
            Err(why) if text.trim_ascii_start().starts_with(b"{\"") => {
                (1 + lines(text.get(..why.offset()).unwrap_or(text)), why.to_string())
            }
            _ => (why.line(), why.to_string()),
        }),
    }
}

/// JSON values one after the other, on lines of their own or not; `None` when the first is none.
fn json(text: &[u8]) -> Option<Values> {
    let mut all = Vec::new();
    let (mut rest, mut line) = (text, 1);
    loop {
        let start = rest.iter().position(|b| !b.is_ascii_whitespace());
        let Some(start) = start else { return (!all.is_empty()).then_some(Ok(all)) };
        let (space, value) = rest.split_at_checked(start)?;
        line += lines(space);
        if all.is_empty() && !value.starts_with(b"{") && !value.starts_with(b"[") {
            return None;
        }
        let why = match codec::json::parse(value) {
            Ok(parsed) => {
                all.push((line, parsed.value));
                return Some(Ok(all));
            }
            Err(why) => why,
        };
        // The value ends where something stands that does not belong to it.
        let (head, tail) = value.split_at_checked(why.offset().saturating_sub(1))?;
        match codec::json::parse(head) {
            Ok(parsed) => all.push((line, parsed.value)),
            Err(_) if all.is_empty() => return None,
            Err(_) => return Some(Err((line + lines(head), why.to_string()))),
        }
        line += lines(head);
        rest = tail;
    }
}

fn lines(text: &[u8]) -> usize {
    text.split(|b| *b == b'\n').count() - 1
}

/// True for files that hold a table.
fn is_table(name: &str) -> bool {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    ["csv", "tsv"].iter().any(|table| end.eq_ignore_ascii_case(table))
}

/// The documents of a text that lines of `---` divide, and how many lines are before each.
fn parts(text: &[u8]) -> Vec<(&[u8], usize)> {
    let is_mark = |line: &[u8]| line.strip_prefix(b"---").is_some_and(|rest| rest.trim_ascii().is_empty());
    let (mut all, mut start, mut first, mut at) = (Vec::new(), 0, 0, 0);
    for (i, line) in text.split_inclusive(|b| *b == b'\n').enumerate() {
        if is_mark(line) {
            all.push((text.get(start..at).unwrap_or(&[]), first));
            (start, first) = (at + line.len(), i + 1);
        }
        at += line.len();
    }
    all.push((text.get(start..).unwrap_or(&[]), first));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, text: &str) -> Vec<(usize, String)> {
        let all = Document::parse(Kind::Attestation, name, text.as_bytes()).unwrap();
        let json = |value: &Value| codec::yaml::write(value).trim_end().to_owned();
        all.iter().map(|document| (document.origin.line, json(&document.value))).collect()
    }

    #[test]
    fn one_document_or_several() {
        let one = |line: usize, text: &str| (line, text.to_owned());
        assert_eq!(found("a.yaml", "a: 1\n"), [one(1, "a: 1")]);
        assert_eq!(found("a.yaml", "---\na: 1\n---\n---\nb: 2\n"), [one(2, "a: 1"), one(5, "b: 2")]);
        assert_eq!(found("a.json", "{\"a\": 1}\n{\"b\": 2}\n"), [one(1, "a: 1"), one(2, "b: 2")]);
        assert_eq!(found("a.json", "{\n\"a\": 1\n}{\"b\": 2}"), [one(1, "a: 1"), one(3, "b: 2")]);
        assert_eq!(found("a.yaml", "\"a\": 1\n"), [one(1, "a: 1")]);
        assert!(found("a.yaml", "# nothing\n").is_empty());
        assert_eq!(found("A.CSV", "a,b\n1,2\n"), [one(1, "- - a\n  - b\n- - \"1\"\n  - \"2\"")]);
    }

    #[test]
    fn broken_ones_say_where() {
        let line = |name, text: &str| {
            Document::parse(Kind::Attestation, name, text.as_bytes()).unwrap_err().origin.line
        };
        assert_eq!(line("a.yaml", "a: 1\n---\nb: [\n"), 4);
        assert_eq!(line("a.csv", "a,b\n\"1,2\n"), 2);
        assert_eq!(line("a.json", "{\"a\": 1}\n{\"b\": "), 2);
        assert_eq!(line("a.json", "{\"a\": 1}\n\n more"), 3);
        assert_eq!(line("a.json", "{\"a\": [1,\n2"), 2);
    }
}
