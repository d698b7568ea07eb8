//! The objects of one resource as a persistent map, and its secondary indexes.
//!
//! Entry point: [`State`], whose clone costs a few reference counts.

use std::cmp::Ordering;
use std::sync::Arc;

use api::Str;
use imbl::{OrdMap, OrdSet};

use crate::{Name, Object};

/// The objects of one resource at one moment.
#[derive(Clone, Default)]
pub(crate) struct State {
    objects: OrdMap<Name, Arc<Object>>,
    indexes: Vec<Index>,
    /// Bytes of JSON.
    bytes: u64,
}

/// Objects by the value of one selectable field; objects with an empty value are left out.
#[derive(Clone)]
struct Index {
    field: Str,
    entries: OrdMap<Str, OrdSet<ByName>>,
}

/// An object ordered by its name.
#[derive(Clone)]
struct ByName(Arc<Object>);

impl State {
    pub(super) fn new(indexed: &[Str]) -> Self {
        let index = |field: &Str| Index { field: field.clone(), entries: OrdMap::new() };
        Self { indexes: indexed.iter().map(index).collect(), ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.objects.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn get(&self, name: &Name) -> Option<&Arc<Object>> {
        self.objects.get(name)
    }

    /// Puts an object in place of the one of the same name.
    pub(super) fn insert(&mut self, object: &Arc<Object>) {
        for index in &mut self.indexes {
            index.insert(object);
        }
        self.bytes += object.json_bytes().len() as u64;
        if let Some(old) = self.objects.insert(object.key().name.clone(), Arc::clone(object)) {
            self.drop_from_indexes(&old, Some(object));
        }
    }

    /// Takes an object away.
    pub(super) fn remove(&mut self, name: &Name) {
        if let Some(old) = self.objects.remove(name) {
            self.drop_from_indexes(&old, None);
        }
    }

    fn drop_from_indexes(&mut self, old: &Arc<Object>, new: Option<&Arc<Object>>) {
        self.bytes -= old.json_bytes().len() as u64;
        for index in &mut self.indexes {
            index.remove(old, new);
        }
    }

    /// All objects behind `after`, in order of their names.
    pub(crate) fn iter(&self, after: Option<&Name>) -> Box<dyn Iterator<Item = &Arc<Object>> + Send + '_> {
        match after {
            None => Box::new(self.objects.values()),
            Some(after) => {
                let range = (std::ops::Bound::Excluded(after.clone()), std::ops::Bound::Unbounded);
                Box::new(self.objects.range(range).map(|(_, object)| object))
            }
        }
    }

    /// The objects whose indexed field has the value, behind `after`; `None` when there is no such index.
    pub(super) fn by_field<'a: 's, 's>(
        &'a self,
        field: &str,
        value: &str,
        after: Option<&'s Name>,
    ) -> Option<Box<dyn Iterator<Item = &'a Arc<Object>> + Send + 's>> {
        let index = self.indexes.iter().find(|index| index.field == field && !value.is_empty())?;
        let Some(set) = index.entries.get(value) else { return Some(Box::new(std::iter::empty())) };
        Some(Box::new(
            set.iter()
                .map(|by| &by.0)
                .filter(move |object| after.is_none_or(|after| object.key().name > *after)),
        ))
    }
}

impl Index {
    fn value<'a>(&self, object: &'a Object) -> Option<&'a str> {
        object.head().fields.get(&self.field).filter(|value| !value.is_empty())
    }

    fn insert(&mut self, object: &Arc<Object>) {
        let Some(value) = self.value(object) else { return };
        let entry = ByName(Arc::clone(object));
        match self.entries.get_mut(value) {
            Some(set) => drop(set.insert(entry)),
            None => drop(self.entries.insert(value.into(), OrdSet::unit(entry))),
        }
    }

    /// Takes `old` away unless `new` stands in its place by now.
    fn remove(&mut self, old: &Arc<Object>, new: Option<&Arc<Object>>) {
        let Some(value) = self.value(old) else { return };
        if new.is_some_and(|new| self.value(new) == Some(value)) {
            return;
        }
        if let Some(set) = self.entries.get_mut(value) {
            set.remove(&ByName(Arc::clone(old)));
            if set.is_empty() {
                self.entries.remove(value);
            }
        }
    }
}

impl Ord for ByName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.key().name.cmp(&other.0.key().name)
    }
}

impl PartialOrd for ByName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByName {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for ByName {}
