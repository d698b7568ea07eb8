//! The members of a JSON object in document order, with lookups that stay cheap however many members there are.

use std::collections::HashMap;

use crate::{Str, Value};

/// From this many members on a map carries an index, so that hostile bodies with a huge map cost no quadratic time.
const INDEX_FROM: usize = 24;

/// An insertion-ordered string map.
///
/// Small maps are scanned; from 24 members on an index is kept.  `insert`, `get` and `entry` are O(1) then; `remove`
/// keeps order and is O(n): remove many with [`Map::retain`].  Equality ignores order.
#[derive(Clone, Debug, Default)]
pub struct Map {
    entries: Vec<(Str, Value)>,
    /// INVARIANT: `Some` exactly when `entries.len() >= INDEX_FROM`, and then maps each key to its position.
    #[expect(
        clippy::box_collection,
        reason = "a map is in every value; the index must cost 8 bytes when absent"
    )]
    index: Option<Box<HashMap<Str, usize>>>,
}

impl Map {
    /// An empty map; allocates nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty map with room for `n` members.
    pub fn with_capacity(n: usize) -> Self {
        Self { entries: Vec::with_capacity(n), index: None }
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when there is no member.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.position(key).and_then(|i| self.entries.get(i)).map(|(_, v)| v)
    }

    /// The value of `key`, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.position(key).and_then(|i| self.entries.get_mut(i)).map(|(_, v)| v)
    }

    /// True when `key` is a member.
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Sets `key`, in place when it exists, else at the end; returns what it held.
    pub fn insert(&mut self, key: impl Into<Str> + AsRef<str>, value: Value) -> Option<Value> {
        if let Some(slot) = self.get_mut(key.as_ref()) {
            return Some(std::mem::replace(slot, value));
        }
        self.push_new(key.into(), value);
        None
    }

    /// The value of `key`, made as `Null` at the end when missing.
    pub fn entry(&mut self, key: &str) -> &mut Value {
        let at = self.position(key).unwrap_or_else(|| self.push_new(key.into(), Value::Null));
        match self.entries.get_mut(at) {
            Some((_, v)) => v,
            None => unreachable!("position is inside the map"),
        }
    }

    /// Removes `key`, keeping the order of the others; O(n).
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.position(key)?;
        let (_, value) = self.entries.remove(at);
        self.reindex();
        Some(value)
    }

    /// Removes `key` and puts the last member in its place; O(1).  For where order does not matter.
    pub fn swap_remove(&mut self, key: &str) -> Option<Value> {
        let at = self.position(key)?;
        if let Some(index) = &mut self.index {
            index.remove(key);
        }
        let (_, value) = self.entries.swap_remove(at);
        if self.entries.len() < INDEX_FROM {
            self.index = None;
        } else if let (Some(index), Some((moved, _))) = (&mut self.index, self.entries.get(at)) {
            index.insert(moved.clone(), at);
        }
        Some(value)
    }

    /// Keeps the members that `keep` answers true for; O(n) however many go.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Value) -> bool) {
        self.entries.retain_mut(|(k, v)| keep(k, v));
        self.reindex();
    }

    /// Sorts the members by key, bytewise, as Go writes maps.
    pub fn sort(&mut self) {
        self.entries.sort_by(|a, b| a.0.cmp(&b.0));
        self.reindex();
    }

    /// Sorts the members by a rank of their keys; equal ranks keep their order.
    pub fn sort_by_rank<K: Ord>(&mut self, rank: impl Fn(&str) -> K) {
        self.entries.sort_by_cached_key(|(k, _)| rank(k));
        self.reindex();
    }

    /// Lets `change` rearrange the members as a list, for code that knows where each belongs.  It must not bring in a
    /// key twice.
    pub fn rearrange(&mut self, change: impl FnOnce(&mut Vec<(Str, Value)>)) {
        change(&mut self.entries);
        self.reindex();
    }

    /// The members in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> + DoubleEndedIterator {
        self.entries.iter().map(|(k, v)| (k.as_str(), v))
    }

    /// The members in order, values to change.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&str, &mut Value)> {
        self.entries.iter_mut().map(|(k, v)| (k.as_str(), v))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.iter().map(|(k, _)| k.as_str())
    }

    /// The values in order.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.entries.iter().map(|(_, v)| v)
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.entries.iter().position(|(k, _)| k == key),
        }
    }

    #[inline]
    fn push_new(&mut self, key: Str, value: Value) -> usize {
        let at = self.entries.len();
        self.entries.push((key, value));
        if at + 1 >= INDEX_FROM {
            self.index_last();
        }
        at
    }

    /// Brings the index up to date with the last member, or makes it.
    #[cold]
    fn index_last(&mut self) {
        match (&mut self.index, self.entries.last()) {
            (Some(index), Some((key, _))) => {
                index.insert(key.clone(), self.entries.len() - 1);
            }
            _ => self.reindex(),
        }
    }

    fn reindex(&mut self) {
        self.index = (self.entries.len() >= INDEX_FROM)
            .then(|| Box::new(self.entries.iter().enumerate().map(|(i, (k, _))| (k.clone(), i)).collect()));
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(k, v)| other.get(k) == Some(v))
    }
}

impl IntoIterator for Map {
    type Item = (Str, Value);
    type IntoIter = std::vec::IntoIter<(Str, Value)>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

/// Later members of the same key win.
impl<K: Into<Str> + AsRef<str>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let mut map = Map::new();
        for (k, v) in iter {
            map.insert(k, v.into());
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_finds_at_every_size() {
        let mut map = Map::new();
        for i in (0..100).rev() {
            assert!(map.insert(format!("k{i}"), Value::Int(i)).is_none());
            assert_eq!(map.get(&format!("k{i}")), Some(&Value::Int(i)));
        }
        assert_eq!(map.keys().next(), Some("k99"));
        assert_eq!(map.remove("k50"), Some(Value::Int(50)));
        assert_eq!(map.get("k49"), Some(&Value::Int(49)));
        map.retain(|_, v| v.as_i64() < Some(10));
        assert_eq!(map.len(), 10);
        assert_eq!(map.get("k3"), Some(&Value::Int(3)));
        map.sort();
        assert_eq!(map.keys().next(), Some("k0"));
    }

    #[test]
    fn swap_remove_keeps_the_index_right() {
        let mut map: Map = (0..100).map(|i| (format!("k{i}"), Value::Int(i))).collect();
        for i in (0..100).step_by(3) {
            assert_eq!(map.swap_remove(&format!("k{i}")), Some(Value::Int(i)));
            assert_eq!(map.swap_remove(&format!("k{i}")), None);
        }
        assert_eq!(map.len(), 66);
        for i in 0..100 {
            assert_eq!(map.get(&format!("k{i}")).is_some(), i % 3 != 0, "k{i}");
        }
        (0..100).filter(|i| i % 3 != 0).for_each(|i| assert!(map.swap_remove(&format!("k{i}")).is_some()));
        assert!(map.is_empty());
    }

    #[test]
    fn equality_ignores_order() {
        let a: Map = [("a", 1), ("b", 2)].into_iter().collect();
        let b: Map = [("b", 2), ("a", 1)].into_iter().collect();
        assert_eq!(a, b);
    }
}
