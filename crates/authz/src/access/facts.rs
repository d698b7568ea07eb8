//! What must be so for a condition to hold, as far as its text shows: `request.user == 'bob' && …` is about Bob alone.
//!
//! Entry points: [`Facts::learn`], [`Facts::allow`].  A rule whose facts do not fit need not be evaluated, which is what
//! makes a hundred rules cost about as much as the one that matters.
//!
//! INVARIANT: when a fact does not fit, the condition is false; it does not fail.

use std::sync::Arc;

use cel::ast::{Call, Expr, Kind, Literal};

use crate::authorizer::{Attributes, Target};

/// What the conditions of a rule show.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    list: Vec<Fact>,
    /// Whether `request.resourceAttributes` is read, and whether it is asked if it is there.
    resource: Reads,
    /// The same for `request.nonResourceAttributes`.
    path: Reads,
}

#[derive(Clone, Copy, Debug, Default)]
struct Reads {
    read: bool,
    asked: bool,
}

/// A part of the request is one of these texts; for the groups, one of them is.
#[derive(Clone, Debug)]
struct Fact {
    part: Part,
    values: Vec<Arc<str>>,
}

/// A part of a request that a fact may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    User,
    Group,
    Verb,
    ApiGroup,
    Resource,
    Subresource,
    Namespace,
    Name,
}

const PARTS: [(&str, Part); 8] = [
    ("request.user", Part::User),
    ("request.groups", Part::Group),
    ("request.resourceAttributes.verb", Part::Verb),
    ("request.resourceAttributes.group", Part::ApiGroup),
    ("request.resourceAttributes.resource", Part::Resource),
    ("request.resourceAttributes.subresource", Part::Subresource),
    ("request.resourceAttributes.namespace", Part::Namespace),
    ("request.resourceAttributes.name", Part::Name),
];

impl Facts {
    /// Takes in a condition; all conditions of a rule must hold.
    pub fn learn(&mut self, condition: &Expr) {
        self.look(condition);
        let mut todo = vec![condition];
        while let Some(expr) = todo.pop() {
            if let Kind::Call(call) = &expr.kind {
                match &*call.function {
                    "_&&_" => todo.extend(&call.args),
                    _ => self.list.extend(fact(call)),
                }
            }
        }
    }

    /// Notes what is read and what is asked for.
    fn look(&mut self, condition: &Expr) {
        let mut todo = vec![condition];
        while let Some(expr) = todo.pop() {
            let (field, asked) = match &expr.kind {
                Kind::Select(s) => (Some(&*s.field), s.test_only),
                // `request.?resourceAttributes` asks, too.
                Kind::Call(c) if &*c.function == "_?._" => (c.args.get(1).and_then(text), true),
                _ => (None, false),
            };
            let reads = match field {
                Some("resourceAttributes") => Some(&mut self.resource),
                Some("nonResourceAttributes") => Some(&mut self.path),
                _ => None,
            };
            if let Some(reads) = reads {
                reads.read |= !asked;
                reads.asked |= asked;
            }
            todo.extend(expr.children());
        }
    }

    /// True when the conditions can say something about such a target.  Conditions that read what only resources have,
    /// without asking whether it is there, are about resources; and the same for paths.
    pub fn suit(&self, target: Target) -> bool {
        let only = |a: Reads, b: Reads| a.read && !a.asked && !b.read && !b.asked;
        match target {
            Target::Resource(_) => !only(self.path, self.resource),
            Target::Path(_) => !only(self.resource, self.path),
        }
    }

    /// False when a condition is false for certain.
    pub fn allow(&self, attributes: &Attributes) -> bool {
        self.list.iter().all(|fact| fact.fits(attributes))
    }

    /// The texts that a part must be one of, `None` for any.
    pub fn values(&self, part: Part) -> Option<&[Arc<str>]> {
        self.list.iter().find(|f| f.part == part).map(|f| f.values.as_slice())
    }
}

impl Fact {
    fn fits(&self, attributes: &Attributes) -> bool {
        let among = |text: &str| self.values.iter().any(|v| **v == *text);
        let user = attributes.user;
        match (self.part, attributes.target) {
            (Part::User, _) => among(&user.name),
            (Part::Group, _) => user.groups.iter().any(|g| among(g)),
            // To read what is not there fails.
            (_, Target::Path(_)) => true,
            (Part::Verb, Target::Resource(_)) => among(attributes.verb),
            (Part::ApiGroup, Target::Resource(r)) => among(r.group),
            (Part::Resource, Target::Resource(r)) => among(r.resource),
            (Part::Subresource, Target::Resource(r)) => among(r.subresource),
            (Part::Namespace, Target::Resource(r)) => among(r.namespace),
            (Part::Name, Target::Resource(r)) => among(r.name),
        }
    }
}

/// `part == 'text'`, `part in ['text', …]`, `'group' in request.groups`.
fn fact(call: &Call) -> Option<Fact> {
    let [left, right] = call.args.as_slice() else { return None };
    match &*call.function {
        "_==_" => {
            let (named, value) = text(right).map(|v| (left, v)).or_else(|| Some((right, text(left)?)))?;
            let part = part(named).filter(|p| *p != Part::Group)?;
            Some(Fact { part, values: vec![value.into()] })
        }
        "@in" => match (text(left), &right.kind) {
            (Some(value), _) => {
                part(right).filter(|p| *p == Part::Group)?;
                Some(Fact { part: Part::Group, values: vec![value.into()] })
            }
            (None, Kind::List(items)) => {
                let part = part(left).filter(|p| *p != Part::Group)?;
                let texts = items.iter().map(|i| text(&i.value).filter(|_| !i.optional).map(Arc::from));
                Some(Fact { part, values: texts.collect::<Option<_>>()? })
            }
            _ => None,
        },
        _ => None,
    }
}

fn part(expr: &Expr) -> Option<Part> {
    let name = expr.qualified_name()?;
    PARTS.into_iter().find(|(n, _)| *n == name).map(|(_, part)| part)
}

fn text(expr: &Expr) -> Option<&str> {
    if let Some(Literal::String(text)) = expr.as_literal() { Some(text) } else { None }
}
