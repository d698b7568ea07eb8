//! Documents of a text to objects: lists are taken apart, problems get their place.
//!
//! Entry points: [`Documents`] for a text, [`Document`] for one document of it, whose items may come one by one so that
//! a list of any length is read in little memory.

use std::ops::ControlFlow;
use std::sync::Arc;

use api::Value;

use crate::origin::{Origin, Problem, ProblemKind};
use crate::reader::{Found, Object};

/// Goes on, or stops because nobody wants more.
pub(crate) type Flow = ControlFlow<()>;

/// One text and whoever wants what is in it.
pub(crate) struct Documents<'a> {
    source: Arc<str>,
    /// The most bytes of a document, or of an item of a list.
    pub(crate) limit: usize,
    document: usize,
    template: bool,
    found: &'a mut dyn FnMut(Found) -> Flow,
}

/// What is known of a document while it is read.
#[derive(Default)]
pub(crate) struct Document {
    /// Items that do not say what they are.
    held: Vec<(Value, usize)>,
    held_bytes: usize,
    passed_on: bool,
}

impl<'a> Documents<'a> {
    pub(crate) fn new(source: Arc<str>, limit: usize, found: &'a mut dyn FnMut(Found) -> Flow) -> Self {
        Self { source, limit, document: 0, template: false, found }
    }

    /// Counts the next document.
    pub(crate) fn begin(&mut self) -> Document {
        self.document += 1;
        Document::default()
    }

    pub(crate) fn problem(&mut self, line: usize, kind: ProblemKind, text: impl Into<String>) -> Flow {
        let problem = Problem { origin: self.origin(line), kind, text: text.into() };
        (self.found)(Found::Problem(problem))
    }

    /// A text that is filled in later, told once.
    pub(crate) fn template(&mut self, line: usize) -> Flow {
        if std::mem::replace(&mut self.template, true) {
            return Flow::Continue(());
        }
        let text = "a template ({{ … }}), no YAML yet: give what comes of it, such as `helm template` writes";
        self.problem(line, ProblemKind::Broken, text)
    }

    pub(crate) fn too_large(&mut self, line: usize) -> Flow {
        let text = format!("more than {} MiB in one piece; it is not read", self.limit >> 20);
        self.problem(line, ProblemKind::TooLarge, text)
    }

    /// An item of a list; `bytes` is the length of its text.
    pub(crate) fn item(&mut self, document: &mut Document, value: Value, line: usize, bytes: usize) -> Flow {
        if is_object(&value) {
            document.passed_on = true;
            return self.emit(value, line, bytes);
        }
        document.held_bytes += bytes;
        if document.held_bytes > self.limit {
            return self.too_large(line);
        }
        document.held.push((value, line));
        Flow::Continue(())
    }

    /// The end of a document; `rest` is all of it but the items.
    pub(crate) fn end(&mut self, document: Document, mut rest: Value, line: usize, bytes: usize) -> Flow {
        let Document { held, passed_on, .. } = document;
        // Items in brackets come with the rest.
        let whole = rest.array_at(&["items"]).is_empty();
        let empty = held.is_empty() && !passed_on;
        if let Some((kind, version)) = list_of(&rest).filter(|_| whole && !(empty && is_named(&rest))) {
            for (mut item, line) in held {
                if item.as_object().is_some() {
                    name(&mut item, &kind, &version);
                }
                self.emit(item, line, bytes)?;
            }
            return Flow::Continue(());
        }
        if !held.is_empty() {
            let items: Vec<Value> = held.into_iter().map(|(item, _)| item).collect();
            rest.set_at(&["items"], items);
        } else if passed_on && !is_object(&rest) {
            return Flow::Continue(());
        }
        self.emit(rest, line, bytes)
    }

    /// A whole value: an object, or a list, or a sequence of objects.
    pub(crate) fn emit(&mut self, value: Value, line: usize, bytes: usize) -> Flow {
        match value {
            Value::Null => Flow::Continue(()),
            Value::Array(items) => items.into_iter().try_for_each(|item| self.emit(item, line, bytes)),
            mut value if list_of(&value).is_some() && value.at(&["items"]).as_array().is_some() => {
                let items = value.remove_at(&["items"]);
                let mut document = Document::default();
                for item in items.as_ref().and_then(Value::as_array).unwrap_or_default() {
                    self.item(&mut document, item.clone(), line, 0)?;
                }
                self.end(document, value, line, bytes)
            }
            value if list_of(&value).is_some() && !is_named(&value) => Flow::Continue(()),
            value if is_object(&value) => {
                let origin = self.origin(line);
                (self.found)(Found::Object(Object { value, origin }, bytes))
            }
            _ => self.problem(
                line,
                ProblemKind::NotAnObject,
                "no apiVersion and kind: not a Kubernetes object",
            ),
        }
    }

    fn origin(&self, line: usize) -> Origin {
        Origin { source: Arc::clone(&self.source), line, document: self.document }
    }
}

fn is_object(value: &Value) -> bool {
    !value.str_at(&["kind"]).is_empty() && !value.str_at(&["apiVersion"]).is_empty()
}

/// Lists have no names: what has one is of a kind whose own name ends so.
fn is_named(value: &Value) -> bool {
    !value.str_at(&["metadata", "name"]).is_empty()
}

/// Kind and version of the items of a list, both empty when they say so themselves.
fn list_of(value: &Value) -> Option<(String, String)> {
    if !is_object(value) {
        return None;
    }
    let kind = value.str_at(&["kind"]).strip_suffix("List")?;
    let version = if kind.is_empty() { "" } else { value.str_at(&["apiVersion"]) };
    Some((kind.to_owned(), version.to_owned()))
}

fn name(item: &mut Value, kind: &str, version: &str) {
    for (key, text) in [("kind", kind), ("apiVersion", version)] {
        if !text.is_empty() && item.str_at(&[key]).is_empty() {
            item.set_at(&[key], text);
        }
    }
}
