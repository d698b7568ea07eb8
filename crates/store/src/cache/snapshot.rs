//! What a LIST reads: the objects of one resource at one revision.
//!
//! Entry point: [`Snapshot`].

use std::sync::Arc;

use api::Str;

use super::State;
use crate::{Event, Name, Object};

/// Which objects of a resource a read or a watch is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All of them.
    #[default]
    All,
    /// Those of a namespace.
    Namespace(Str),
    /// One object.
    Name(Name),
    /// Those whose selectable field (name, value) has this value, such as `spec.nodeName` `n1`.
    Field(Str, Str),
}

/// The objects of one resource at one revision.  Cheap to make and to clone; never changes.
#[derive(Clone)]
pub struct Snapshot {
    revision: u64,
    state: State,
}

impl Scope {
    /// True for objects it is about.
    pub fn contains(&self, object: &Object) -> bool {
        match self {
            Self::All => true,
            Self::Namespace(namespace) => object.namespace() == namespace,
            Self::Name(name) => object.key().name == *name,
            Self::Field(field, value) => object.head().fields.get(field) == Some(value),
        }
    }

    /// True for events about such an object, as it is or as it was before.
    pub fn touches(&self, event: &Event) -> bool {
        let previous = || event.previous.as_ref().is_some_and(|object| self.contains(object));
        self.contains(&event.object) || (matches!(self, Self::Field(..)) && previous())
    }
}

impl Snapshot {
    pub(super) fn new(revision: u64, state: State) -> Self {
        Self { revision, state }
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// The revision: everything up to it is in, nothing behind it.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// One object.
    pub fn get(&self, name: &Name) -> Option<&Arc<Object>> {
        self.state.get(name)
    }

    /// How many objects there are, whatever their namespace.
    pub fn len(&self) -> usize {
        self.state.len()
    }

    /// True when there is no object.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of all objects' JSON.
    pub fn bytes(&self) -> u64 {
        self.state.bytes()
    }

    /// The objects of a scope behind `after` (exclusive), in the order of [`Name`].
    ///
    /// Starting costs a look-up, each object a step; only [`Scope::Field`] of a field without an index looks at every
    /// object.
    pub fn iter<'a: 's, 's>(
        &'a self,
        scope: &'s Scope,
        after: Option<&'s Name>,
    ) -> Box<dyn Iterator<Item = &'a Arc<Object>> + Send + 's> {
        match scope {
            Scope::All => self.state.iter(after),
            Scope::Namespace(namespace) => self.namespace(namespace, after),
            Scope::Name(name) => {
                let object = self.state.get(name).filter(|_| after.is_none_or(|after| name > after));
                Box::new(object.into_iter())
            }
            Scope::Field(field, value) => {
                let scan = || Box::new(self.state.iter(after).filter(|object| scope.contains(object)));
                self.state.by_field(field, value, after).unwrap_or_else(|| scan())
            }
        }
    }

    fn namespace<'a: 's, 's>(
        &'a self,
        namespace: &'s str,
        after: Option<&Name>,
    ) -> Box<dyn Iterator<Item = &'a Arc<Object>> + Send + 's> {
        // No object has an empty name, so all of the namespace stand behind it.
        let start = Name::new(namespace, "");
        let after = after.filter(|after| **after > start).unwrap_or(&start);
        Box::new(self.state.iter(Some(after)).take_while(move |object| object.namespace() == namespace))
    }
}
