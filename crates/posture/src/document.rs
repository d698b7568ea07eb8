//! What is given beside objects: configuration, facts, exports, reports.

use std::sync::Arc;

use api::Value;
use codec::SyntaxError;
use evidence::{Object, Origin, Problem, ProblemKind};

use crate::catalogue::Kind;

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
];

impl Document {
    /// Reads a document in YAML or JSON, or JSON values a line each.
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
