//! Who depends on whom.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::Str;
use store::{Key, Object};

/// Dependents by the uid of their owner, and owners whose deletion is under way.
#[derive(Debug, Default)]
pub(super) struct Index(Mutex<Maps>);

#[derive(Debug, Default)]
struct Maps {
    /// INVARIANT: the reverse of `owners`.
    dependents: HashMap<Str, HashSet<Key>>,
    owners: HashMap<Key, Vec<Str>>,
    going: HashMap<Str, Key>,
}

impl Index {
    /// Notes the owners of an object.
    pub(super) fn set<'a>(&self, key: &Key, owners: impl Iterator<Item = &'a str>) {
        let mut maps = self.lock();
        maps.forget(key);
        let owners: Vec<Str> = owners.filter(|uid| !uid.is_empty()).map(Str::from).collect();
        for owner in &owners {
            maps.dependents.entry(owner.clone()).or_default().insert(key.clone());
        }
        if !owners.is_empty() {
            maps.owners.insert(key.clone(), owners);
        }
    }

    /// Forgets an object as a dependent.
    pub(super) fn remove(&self, key: &Key) {
        let mut maps = self.lock();
        maps.forget(key);
        maps.going.retain(|_, going| going != key);
    }

    /// Notes an object whose deletion is under way.
    pub(super) fn set_going(&self, object: &Object) {
        self.lock().going.insert(Str::from(object.head().uid), object.key().clone());
    }

    /// The object of a uid whose deletion is under way.
    pub(super) fn key_of_going(&self, uid: &str) -> Option<Key> {
        self.lock().going.get(uid).cloned()
    }

    /// What depends on the object of a uid.
    pub(super) fn of_owner(&self, uid: &str) -> Vec<Key> {
        self.lock().dependents.get(uid).map(|keys| keys.iter().cloned().collect()).unwrap_or_default()
    }

    /// Everything that depends on something.
    pub(super) fn dependents(&self) -> Vec<Key> {
        self.lock().owners.keys().cloned().collect()
    }

    /// No code that can panic runs while it is held, so what a poisoned lock holds is whole.
    fn lock(&self) -> MutexGuard<'_, Maps> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Maps {
    fn forget(&mut self, key: &Key) {
        for owner in self.owners.remove(key).unwrap_or_default() {
            if let Some(keys) = self.dependents.get_mut(&owner) {
                keys.remove(key);
                if keys.is_empty() {
                    self.dependents.remove(&owner);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::Resource;

    #[test]
    fn both_directions_agree() {
        let pods = Resource::new("", "pods");
        let (a, b) = (Key::new(&pods, "n", "a"), Key::new(&pods, "n", "b"));
        let index = Index::default();
        index.set(&a, ["x", "y"].into_iter());
        index.set(&b, ["x"].into_iter());
        assert_eq!(index.of_owner("x").len(), 2);
        index.set(&a, ["y"].into_iter());
        assert_eq!((index.of_owner("x"), index.of_owner("y")), (vec![b.clone()], vec![a.clone()]));
        index.remove(&a);
        assert!(index.of_owner("y").is_empty());
        assert_eq!(index.dependents(), [b]);
    }
}
