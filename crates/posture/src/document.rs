//! What is given beside objects: configuration, facts, exports, reports.

use std::sync::Arc;

use api::Value;
use codec::SyntaxError;
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
        let document = |value, line| {
            let origin = Origin { source: source.clone(), line, document: 1 };
            Self { kind, value, origin }
        };
        let problem = |line, why: &SyntaxError| Problem {
            origin: Origin { source: source.clone(), line, document: 0 },
            kind: ProblemKind::Broken,
            text: why.to_string(),
        };
        if is_table(name) {
            let broken = |(line, text)| {
                let origin = Origin { source: source.clone(), line, document: 0 };
                Problem { origin, kind: ProblemKind::Broken, text }
            };
            return rows::parse(text).map(|table| vec![document(table, 1)]).map_err(broken);
        }
        let parts = parts(text);
        if parts.len() > 1 {
            let mut all = Vec::new();
            for (part, line) in parts {
                let parsed = codec::yaml::parse(part).map_err(|why| problem(line + why.line(), &why))?;
                all.extend((!parsed.value.is_null()).then(|| document(parsed.value, line + 1)));
            }
            return Ok(all);
        }
        let whole = match codec::yaml::parse(text) {
            Ok(parsed) if parsed.value.is_null() => return Ok(Vec::new()),
            Ok(parsed) => return Ok(vec![document(parsed.value, 1)]),
            Err(why) => why,
        };
        let lines = text.split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty());
        let mut all = Vec::new();
        for (i, line) in lines {
            match codec::json::parse(line) {
                Ok(parsed) => all.push(document(parsed.value, i + 1)),
                // Not even the first line is a value of its own: it is one document, and broken.
                Err(_) if all.is_empty() => return Err(problem(whole.line(), &whole)),
                Err(why) => return Err(problem(i + 1, &why)),
            }
        }
        Ok(all)
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

    fn lines(name: &str, text: &str) -> Vec<(usize, String)> {
        let all = Document::parse(Kind::Attestation, name, text.as_bytes()).unwrap();
        let json = |value: &Value| codec::yaml::write(value).trim_end().to_owned();
        all.iter().map(|document| (document.origin.line, json(&document.value))).collect()
    }

    #[test]
    fn one_document_or_several() {
        let one = |line: usize, text: &str| (line, text.to_owned());
        assert_eq!(lines("a.yaml", "a: 1\n"), [one(1, "a: 1")]);
        assert_eq!(lines("a.yaml", "---\na: 1\n---\n---\nb: 2\n"), [one(2, "a: 1"), one(5, "b: 2")]);
        assert_eq!(lines("a.json", "{\"a\": 1}\n{\"b\": 2}\n"), [one(1, "a: 1"), one(2, "b: 2")]);
        assert_eq!(lines("A.CSV", "a,b\n1,2\n"), [one(1, "- - a\n  - b\n- - \"1\"\n  - \"2\"")]);
    }

    #[test]
    fn broken_ones_say_where() {
        let line = |name, text: &str| {
            Document::parse(Kind::Attestation, name, text.as_bytes()).unwrap_err().origin.line
        };
        assert_eq!(line("a.yaml", "a: 1\n---\nb: [\n"), 4);
        assert_eq!(line("a.csv", "a,b\n\"1,2\n"), 2);
        assert_eq!(line("a.json", "{\"a\": 1}\n{\"b\": \n"), 2);
    }
}
