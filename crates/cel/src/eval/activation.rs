//! What the variables of an expression hold.
//!
//! Entry point: [`Activation`].

use std::sync::Arc;

use crate::ast::Name;
use crate::env::Env;
use crate::error::{Cause, Error};
use crate::value::Value;

/// The values of the declared variables.
///
/// ```
/// use cel::{Activation, Env, Program, Type, Value};
/// let env = Env::kubernetes().variable("object", Type::Dyn);
/// let program = Program::new(&env.compile("object.replicas <= 5").unwrap()).unwrap();
/// let object = api::object! { "replicas" => 3 };
/// let vars = Activation::new(&env).set("object", Value::json(&object));
/// assert!(program.evaluate(&vars, &Default::default()).value.unwrap().equals(&Value::Bool(true)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Activation<'v> {
    names: Arc<[Name]>,
    slots: Vec<Slot<'v>>,
}

#[derive(Clone, Debug, Default)]
pub(super) enum Slot<'v> {
    #[default]
    Missing,
    Unknown,
    Known(Value<'v>),
    /// It has a value, but for these parts.
    Partial(Value<'v>, Arc<[Unknown]>),
    /// It has a value, which cannot be read.
    Failed(Error),
}

impl<'v> Activation<'v> {
    /// No variable has a value yet.
    pub fn new(env: &Env) -> Self {
        let names = env.names();
        let slots = names.iter().map(|_| Slot::Missing).collect();
        Self { names, slots }
    }

    /// Sets a variable; names that are not declared are ignored.
    #[must_use]
    pub fn set(mut self, name: &str, value: Value<'v>) -> Self {
        self.put(name, Slot::Known(value));
        self
    }

    /// Says that a variable is not known yet: what depends on it fails with [`Cause::Unknown`].
    #[must_use]
    pub fn unknown(mut self, name: &str) -> Self {
        self.put(name, Slot::Unknown);
        self
    }

    /// Says that a part of a variable, such as `request.options`, is not known yet.  What depends on it, or on the
    /// variable as a whole, fails with [`crate::Cause::Unknown`], which names the part.
    #[must_use]
    pub fn unknown_part(mut self, name: &str, keys: &[&str]) -> Self {
        let part = Unknown::new(name, keys);
        let at = self.names.iter().position(|n| &**n == name);
        if let Some(slot) = at.and_then(|i| self.slots.get_mut(i)) {
            let (value, parts) = match std::mem::take(slot) {
                Slot::Known(value) => (value, Vec::new()),
                Slot::Partial(value, parts) => (value, parts.to_vec()),
                other => {
                    *slot = other;
                    return self;
                }
            };
            *slot = Slot::Partial(value, parts.into_iter().chain([part]).collect());
        }
        self
    }

    /// Sets a variable to what was read; reading it in an expression fails if that did.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: crate::value::Result<'v>) -> Self {
        self.put(name, value.map_or_else(Slot::Failed, Slot::Known));
        self
    }

    pub(super) fn slot(&self, at: usize) -> Option<&Slot<'v>> {
        self.slots.get(at)
    }

    fn put(&mut self, name: &str, value: Slot<'v>) {
        let at = self.names.iter().position(|n| &**n == name);
        if let Some(slot) = at.and_then(|i| self.slots.get_mut(i)) {
            *slot = value;
        }
    }
}

/// A part of a variable that is not known.
#[derive(Clone, Debug)]
pub(super) struct Unknown {
    keys: Vec<Name>,
    /// The part as failures name it.
    name: Name,
}

impl Unknown {
    fn new(variable: &str, keys: &[&str]) -> Self {
        let name = keys.iter().fold(variable.to_owned(), |name, key| format!("{name}.{key}")).into();
        Self { keys: keys.iter().map(|key| Name::from(*key)).collect(), name }
    }

    /// Whether what a path leads to is in the part or around it.
    pub(super) fn meets(&self, path: &[Name]) -> bool {
        self.keys.iter().zip(path).all(|(mine, other)| mine == other)
    }

    pub(super) fn error(&self) -> Error {
        Error::of(Cause::Unknown(vec![self.name.clone()]))
    }
}
