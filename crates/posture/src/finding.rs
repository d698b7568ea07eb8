//! What a check found.

use std::sync::Arc;

use evidence::{Object, Origin};

use crate::catalogue::Check;
use crate::document::Document;
use crate::exceptions::Exception;
use crate::words::Said;

/// How a check came out for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// As it should be.
    Pass,
    /// It is about something that is not there.
    NotApplicable,
    /// What it needs was not given; never a pass.
    NotEvaluated,
    /// A person has to look.
    Manual,
    /// Somebody has taken the risk, for a time.
    Excepted,
    /// It should be better.
    Warn,
    /// Not as it should be.
    Fail,
}

/// What a finding is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// API version, `""` for what is no object.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Namespace, `""` for none.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// Something that a finding can be about, and where it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub subject: Subject,
    pub origin: Option<Origin>,
}

/// Something that is not as it should be.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which check.
    pub check: &'static Check,
    /// [`Status::Fail`] or [`Status::Warn`]; [`Status::Excepted`] while an exception covers it.
    pub status: Status,
    /// In what.
    pub subject: Subject,
    /// Where that was found.
    pub origin: Option<Origin>,
    /// The field, such as `spec.template.spec.hostNetwork`; `""` when no field is to blame.
    pub field: String,
    /// Why.
    pub reason: Said,
    /// The exception that covers it, or did until it ended.
    pub exception: Option<Arc<Exception>>,
    /// Whether a baseline has it; `None` without a baseline.
    pub known: Option<bool>,
}

impl Status {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::NotApplicable => "not-applicable",
            Self::NotEvaluated => "not-evaluated",
            Self::Manual => "manual",
            Self::Excepted => "excepted",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

impl Subject {
    /// An object.
    pub fn of(object: &Object) -> Self {
        Self {
            api_version: object.value.str_at(&["apiVersion"]).to_owned(),
            kind: object.kind().to_owned(),
            namespace: object.namespace().to_owned(),
            name: object.name().to_owned(),
        }
    }
}

impl Place {
    /// The cluster as a whole.
    pub(crate) fn cluster() -> Self {
        let subject =
            Subject { kind: "Cluster".to_owned(), name: "cluster".to_owned(), ..Subject::default() };
        Self { subject, origin: None }
    }

    /// Something that is no object: `kind` such as `File`, `name` such as its path.
    pub(crate) fn named(kind: &str, name: impl Into<String>, origin: &Origin) -> Self {
        let subject = Subject { kind: kind.to_owned(), name: name.into(), ..Subject::default() };
        Self { subject, origin: Some(origin.clone()) }
    }
}

impl From<&Object> for Place {
    fn from(object: &Object) -> Self {
        Self { subject: Subject::of(object), origin: Some(object.origin.clone()) }
    }
}

impl From<&Document> for Place {
    /// The document by its own kind and name; by its source when it has none.
    fn from(document: &Document) -> Self {
        let text = |path: &[&str]| document.value.str_at(path).to_owned();
        let (kind, name) = (text(&["kind"]), text(&["metadata", "name"]));
        let kind = if kind.is_empty() { document.kind.words().en.to_owned() } else { kind };
        let name = if name.is_empty() { document.origin.source.to_string() } else { name };
        let subject = Subject { kind, name, ..Subject::default() };
        Self { subject, origin: Some(document.origin.clone()) }
    }
}

/// `Kind namespace/name`.
impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, namespace, name, .. } = self;
        if namespace.is_empty() { write!(f, "{kind} {name}") } else { write!(f, "{kind} {namespace}/{name}") }
    }
}
