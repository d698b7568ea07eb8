//! Paths and operations, said once for both OpenAPI dialects.  Entry point: [`PathItem`].

use std::borrow::Cow;

use api::{Str, Value, object};

/// One path of the API and what can be done with it.
pub(crate) struct PathItem {
    /// The path, placeholders in braces.
    pub path: String,
    /// Its operations.
    pub operations: Vec<Operation>,
}

/// One method on one path.
pub(crate) struct Operation {
    /// HTTP method in lower case.
    pub method: &'static str,
    /// `operationId`.
    pub id: String,
    /// The one tag.
    pub tag: String,
    /// What it does, in a few words.
    pub summary: String,
    /// `x-kubernetes-action`, `""` for none.
    pub action: &'static str,
    /// The kind it is about.
    pub kind: Option<Kind>,
    /// Parameters in path and query.
    pub params: Vec<Param>,
    /// What the client sends.
    pub body: Option<Body>,
    /// Status codes of success.
    pub codes: &'static [u16],
    /// What a success carries.
    pub answer: Answer,
    /// Media types of a success, in the order of dialect 2.
    pub produces: &'static [&'static str],
    /// Media types of a request without a body, as dialect 2 states them.
    pub consumes: &'static [&'static str],
}

impl Operation {
    /// Names of the schemas of its body and answer.
    pub fn schemas(&self) -> impl Iterator<Item = String> {
        let answer = if let Answer::Schema(name) = &self.answer { Some(name.clone()) } else { None };
        answer.into_iter().chain(self.body.as_ref().map(|b| b.schema.clone()))
    }
}

/// Group, version and kind.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Group.
    pub group: Str,
    /// Version.
    pub version: Str,
    /// Kind.
    pub kind: Str,
}

impl Kind {
    /// As the `x-kubernetes-group-version-kind` extension shows it.
    pub fn value(&self) -> Value {
        object! { "group" => self.group.clone(), "version" => self.version.clone(), "kind" => self.kind.clone() }
    }
}

/// The body of a request.
pub(crate) struct Body {
    /// Name of its schema.
    pub schema: String,
    /// True when it must be there.
    pub required: bool,
    /// Its media types.
    pub content: &'static [&'static str],
}

/// What a success carries.
#[derive(Clone)]
pub(crate) enum Answer {
    /// An object of this schema.
    Schema(String),
    /// Any text.
    Text,
}

/// A parameter in path or query.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Param {
    /// Name.
    pub name: Cow<'static, str>,
    /// True for the path, false for the query.
    pub in_path: bool,
    /// OpenAPI type.
    pub ty: &'static str,
    /// What it does, `""` for nothing said.
    pub description: Cow<'static, str>,
}

impl Param {
    /// The order of parameters: by name, path before query.
    pub fn key(&self) -> (&str, bool) {
        (&self.name, !self.in_path)
    }
}

impl PathItem {
    /// Takes the parameters that every operation has out of them (by name and place), sorted; what is left in the
    /// operations is sorted too.
    pub fn take_common_params(&mut self) -> Vec<Param> {
        for operation in &mut self.operations {
            operation.params.sort_by(|a, b| a.key().cmp(&b.key()));
        }
        let Some((first, others)) = self.operations.split_first() else { return Vec::new() };
        let everywhere = |p: &&Param| others.iter().all(|o| o.params.iter().any(|q| q.key() == p.key()));
        let common: Vec<Param> = first.params.iter().filter(everywhere).cloned().collect();
        for operation in &mut self.operations {
            operation.params.retain(|p| !common.iter().any(|q| q.key() == p.key()));
        }
        common
    }
}
