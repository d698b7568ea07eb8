//! A value and where it stands in its object: what validation walks with.
//!
//! Entry point: [`Cursor`].  Its path is a chain of borrowed steps and becomes text only when a failure is reported,
//! so walking a sound object allocates nothing.

use api::{Map, Value, field};

use crate::names;

static NULL: Value = Value::Null;

/// A value inside an object (`'v`), and the borrowed steps (`'s`) that lead to it.  What is read from it lives as long as
/// the object, not as the cursor.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'v, 's> {
    value: &'v Value,
    parent: Option<&'s Cursor<'v, 's>>,
    step: Step<'s>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'s> {
    /// The start, a path of its own; `""` for the object itself.
    Start(&'s str),
    Member(&'s str),
    Index(usize),
    Key(&'s str),
}

impl<'v, 's> Cursor<'v, 's> {
    /// The whole object.
    pub fn root(object: &'v Value) -> Self {
        Self::at("", object)
    }

    /// A value that stands at `path`, which may hold dots and indices.
    pub fn at(path: &'s str, value: &'v Value) -> Self {
        Self { value, parent: None, step: Step::Start(path) }
    }

    /// A member of the object; `null` when it is missing.
    pub fn child<'b>(&'b self, name: &'b str) -> Cursor<'v, 'b> {
        self.with(Step::Member(name), self.value.get(name).unwrap_or(&NULL))
    }

    /// A member by another name in the path than in the object, where upstream's paths differ from its JSON.
    pub fn child_as<'b>(&'b self, name: &str, shown: &'b str) -> Cursor<'v, 'b> {
        self.with(Step::Member(shown), self.value.get(name).unwrap_or(&NULL))
    }

    /// The same value with one more step in its path.
    pub fn named<'b>(&'b self, shown: &'b str) -> Cursor<'v, 'b> {
        self.with(Step::Member(shown), self.value)
    }

    /// A map entry; `null` when it is missing.
    pub fn key<'b>(&'b self, key: &'b str) -> Cursor<'v, 'b> {
        self.with(Step::Key(key), self.value.get(key).unwrap_or(&NULL))
    }

    /// A list item; `null` when it is missing.
    pub fn index(&self, i: usize) -> Cursor<'v, '_> {
        self.with(Step::Index(i), self.list().get(i).unwrap_or(&NULL))
    }

    /// The items of a list.
    pub fn items<'b>(
        &'b self,
    ) -> impl DoubleEndedIterator<Item = Cursor<'v, 'b>> + ExactSizeIterator + use<'v, 's, 'b> {
        self.list().iter().enumerate().map(|(i, item)| self.with(Step::Index(i), item))
    }

    /// The entries of a map, each with its key.
    pub fn entries<'b>(&'b self) -> impl Iterator<Item = (&'v str, Cursor<'v, 'b>)> + use<'v, 's, 'b> {
        self.map().into_iter().flat_map(Map::iter).map(|(key, value)| (key, self.with(Step::Key(key), value)))
    }

    fn with<'b>(&'b self, step: Step<'b>, value: &'v Value) -> Cursor<'v, 'b> {
        Cursor { value, parent: Some(self), step }
    }

    /// The value itself.
    pub fn value(&self) -> &'v Value {
        self.value
    }

    /// True unless the value is missing or `null`.
    pub fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    /// True when the object has this member and it is not `null`.
    pub fn has(&self, name: &str) -> bool {
        self.value.get(name).is_some_and(|v| !v.is_null())
    }

    /// The text, `""` when there is none.
    pub fn str(&self) -> &'v str {
        self.value.as_str().unwrap_or("")
    }

    /// The text of a member, `""` when there is none.
    pub fn text(&self, name: &str) -> &'v str {
        self.value.get(name).and_then(Value::as_str).unwrap_or("")
    }

    /// The integer, 0 when there is none.
    pub fn int(&self) -> i64 {
        self.value.as_i64().unwrap_or(0)
    }

    /// The truth value, false when there is none.
    pub fn bool(&self) -> bool {
        self.value.as_bool().unwrap_or(false)
    }

    /// The truth value of a member, false when there is none.
    pub fn flag(&self, name: &str) -> bool {
        self.value.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The list, empty when there is none.
    pub fn list(&self) -> &'v [Value] {
        self.value.as_array().unwrap_or(&[])
    }

    /// The map, if it is one.
    pub fn map(&self) -> Option<&'v Map> {
        self.value.as_object()
    }

    /// How many items or members there are.
    pub fn len(&self) -> usize {
        self.map().map_or(self.list().len(), Map::len)
    }

    /// True when there is no text, item or member.
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.str().is_empty()
    }

    /// Where the value stands.
    pub fn path(&self) -> field::Path {
        let above = || self.parent.map(Cursor::path).unwrap_or_default();
        match self.step {
            Step::Start(path) => field::Path::new(path),
            Step::Member(name) => above().child(name),
            Step::Index(i) => above().index(i),
            Step::Key(key) => above().key(key),
        }
    }

    /// The value is missing.
    pub fn required(&self, errors: &mut field::Errors, detail: &str) {
        errors.required(&self.path(), detail);
    }

    /// Reports those of the members that are missing or empty.
    pub fn require(&self, errors: &mut field::Errors, names: &[&str]) {
        for name in names {
            let member = self.child(name);
            if member.is_empty() {
                member.required(errors, "");
            }
        }
    }

    /// The value may not be given here.
    pub fn forbidden(&self, errors: &mut field::Errors, detail: &str) {
        errors.forbidden(&self.path(), detail);
    }

    /// The value cannot be accepted.  A missing value shows as `null`; see [`Cursor::bad`].
    pub fn invalid(&self, errors: &mut field::Errors, detail: &str) {
        errors.invalid(&self.path(), self.value, detail);
    }

    /// The value, shown as `shown`, cannot be accepted.
    pub fn bad(&self, errors: &mut field::Errors, shown: impl Into<Value>, detail: &str) {
        errors.invalid(&self.path(), &shown.into(), detail);
    }

    /// The text cannot be accepted, for each of these reasons.
    pub fn faults(&self, errors: &mut field::Errors, faults: &[String]) {
        if !faults.is_empty() {
            names::report(errors, &self.path(), self.str(), faults);
        }
    }

    /// The number cannot be accepted, for each of these reasons.
    pub fn number_faults(&self, errors: &mut field::Errors, faults: &[String]) {
        faults.iter().for_each(|fault| self.bad(errors, self.int(), fault));
    }

    /// The value stands here a second time.
    pub fn duplicate(&self, errors: &mut field::Errors) {
        errors.duplicate(&self.path(), self.value);
    }

    /// What the text names does not exist.
    pub fn not_found(&self, errors: &mut field::Errors) {
        errors.not_found(&self.path(), &self.str().into());
    }

    /// The text is none of the allowed ones, which are shown in this order.
    pub fn not_supported(&self, errors: &mut field::Errors, allowed: &[&str]) {
        errors.not_supported(&self.path(), &self.str().into(), allowed);
    }

    /// Reports the text unless it is one of the allowed ones.
    pub fn one_of(&self, errors: &mut field::Errors, allowed: &[&str]) {
        if !allowed.contains(&self.str()) {
            self.not_supported(errors, allowed);
        }
    }

    /// Reports a number below zero.
    pub fn not_negative(&self, errors: &mut field::Errors) {
        if self.int() < 0 {
            self.bad(errors, self.int(), crate::meta::NOT_NEGATIVE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    #[test]
    fn paths_and_values() {
        let pod = object! { "spec" => object! { "containers" => vec![object! { "name" => "a" }], "m" => object! { "k" => 1 } } };
        let root = Cursor::root(&pod);
        let spec = root.child("spec");
        let mut errors = field::Errors::new();
        for container in spec.child("containers").items() {
            assert_eq!(container.text("name"), "a");
            container.child("image").required(&mut errors, "");
            container.child("name").bad(&mut errors, "x", "no");
        }
        for (key, entry) in spec.child("m").entries() {
            assert_eq!((key, entry.int()), ("k", 1));
            entry.invalid(&mut errors, "odd");
        }
        let texts: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "spec.containers[0].image: Required value",
                "spec.containers[0].name: Invalid value: \"x\": no",
                "spec.m[k]: Invalid value: 1: odd",
            ]
        );
        assert!(!spec.child("none").is_set() && spec.child("none").is_empty());
        assert_eq!(Cursor::at("a.b[0]", &pod).child("spec").path().to_string(), "a.b[0].spec");
    }
}
