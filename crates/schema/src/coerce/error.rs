//! Where the walk is, and Go's text for a value that does not belong there.

use std::fmt;

use api::{Value, json};

use crate::types::{Field, Message};

/// A value whose type does not fit its field; displays as Go's decoder words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeError {
    text: Box<str>,
    number: Option<Box<Number>>,
}

/// The number a failure shows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Number {
    place: Vec<Place>,
    shown: String,
}

/// One step to a value inside a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The member of this name.
    Member(String),
    /// The item at this position.
    Item(usize),
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for TypeError {}

impl TypeError {
    /// Where the number lies that the text shows, when its digits may have been written in another way (`1e3`, more
    /// digits than a float holds).  Who has the document can look and call [`TypeError::with_digits`].
    pub fn number(&self) -> Option<&[Place]> {
        self.number.as_ref().map(|n| n.place.as_slice())
    }

    /// The same failure with the number as it was written.
    #[must_use]
    pub fn with_digits(mut self, digits: &str) -> Self {
        if let Some(number) = self.number.take() {
            self.text = self.text.replacen(&number.shown, &format!("number {digits}"), 1).into();
        }
        self
    }

    /// A failure that says nothing of the field.
    pub(super) fn plain(text: impl fmt::Display) -> Self {
        Self { text: text.to_string().into(), number: None }
    }

    /// A value where `go_type` is expected.
    pub(super) fn mismatch(value: &Value, go_type: &str, here: Here<'_>) -> Self {
        Self::worded(value.type_name(), go_type, here)
    }

    /// A number where `go_type`, a type for other numbers, is expected.
    pub(super) fn unfit_number(value: &Value, go_type: &str, here: Here<'_>) -> Self {
        if !matches!(value, Value::Int(_) | Value::Float(_)) {
            return Self::mismatch(value, go_type, here);
        }
        let shown = number_text(value);
        let error = Self::worded(&shown, go_type, here);
        let inexact = matches!(value, Value::Float(_));
        Self { number: inexact.then(|| Box::new(Number { place: here.place(), shown })), ..error }
    }

    fn worded(found: &str, go_type: &str, here: Here<'_>) -> Self {
        Self::plain(match here.go_field() {
            Some(field) => {
                format!("json: cannot unmarshal {found} into Go struct field {field} of type {go_type}")
            }
            None => format!("json: cannot unmarshal {found} into Go value of type {go_type}"),
        })
    }
}

/// A number as it shows where another sort of number was expected.
fn number_text(value: &Value) -> String {
    match value {
        // The digits that were written are gone; a whole number had a point or an exponent.
        Value::Float(f) if f.fract() == 0.0 && f.abs() < 1e15 => format!("number {f:.1}"),
        other => format!("number {}", json::to_string(other)),
    }
}

/// One step down the tree.
pub(super) enum Step<'a> {
    Field(&'static Message, &'static Field),
    Index(usize),
    Key(&'a str),
    /// Into a part that is decoded on its own.
    Union,
}

/// The way from the root: a list of steps on the stack, which costs nothing unless something is to be reported.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    last: Option<(&'a Step<'a>, &'a Here<'a>)>,
}

impl<'a> Here<'a> {
    pub(super) const ROOT: Here<'static> = Here { last: None };

    /// One step further.
    pub(super) fn then(&'a self, step: &'a Step<'a>) -> Here<'a> {
        Here { last: Some((step, self)) }
    }

    /// The steps from the root on.
    fn steps(&self) -> Vec<&Step<'_>> {
        let mut steps = Vec::new();
        let mut here = self;
        while let Some((step, before)) = here.last {
            steps.push(step);
            here = before;
        }
        steps.reverse();
        steps
    }

    fn place(&self) -> Vec<Place> {
        let place = |step: &Step<'_>| match step {
            Step::Field(_, field) => Some(Place::Member(field.name.to_owned())),
            Step::Key(key) => Some(Place::Member((*key).to_owned())),
            Step::Index(i) => Some(Place::Item(*i)),
            Step::Union => None,
        };
        self.steps().into_iter().filter_map(place).collect()
    }

    /// The path of a member as the strict decoder prints it: `spec.containers[0].bogus`.
    pub(super) fn member_path(&self, key: &str) -> String {
        let mut path = String::new();
        for step in self.steps() {
            match step {
                Step::Field(_, field) => push_name(&mut path, field.name),
                Step::Key(key) => push_name(&mut path, key),
                Step::Index(i) => path.push_str(&format!("[{i}]")),
                Step::Union => {}
            }
        }
        push_name(&mut path, key);
        path
    }

    /// The field as decode errors name it: the structure that holds it and the names on the way, embedded structures
    /// by their Go names, list positions and map keys left out.  Parts that are decoded on their own go by the
    /// structure around them.
    fn go_field(&self) -> Option<String> {
        let steps = self.steps();
        let around = steps.iter().position(|s| matches!(s, Step::Union)).unwrap_or(steps.len());
        let holder = steps.get(..around)?.iter().rev().find_map(|s| match s {
            Step::Field(message, _) => Some(message.short_name()),
            _ => None,
        })?;
        let mut text = holder.to_owned();
        for step in &steps {
            if let Step::Field(_, field) = step {
                for embedded in field.via {
                    push_name(&mut text, embedded.name);
                }
                push_name(&mut text, field.name);
            }
        }
        Some(text)
    }
}

fn push_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}
