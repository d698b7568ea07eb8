//! Computed maps: entries in the order they were made, found by key whatever number type the key has.

use std::collections::HashMap;

use super::{Result, Value};

/// From this many entries on an index is kept.
const INDEX_FROM: usize = 12;

/// A computed map.
#[derive(Clone, Debug, Default)]
pub struct MapValue<'v> {
    entries: Vec<(Value<'v>, Value<'v>)>,
    index: HashMap<Key, usize>,
}

/// A key as the index knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Bool(bool),
    Number(i128),
    Text(Box<str>),
}

impl Key {
    fn of(value: &Value<'_>) -> Option<Self> {
        Some(match value {
            Value::Bool(b) => Key::Bool(*b),
            Value::Int(i) => Key::Number(i128::from(*i)),
            Value::Uint(u) => Key::Number(i128::from(*u)),
            Value::Double(d) if d.fract() == 0.0 && d.abs() < 2e19 => Key::Number(*d as i128),
            other => Key::Text(other.as_str()?.into()),
        })
    }
}

impl<'v> MapValue<'v> {
    /// The entries in the order they were made.
    pub fn entries(&self) -> &[(Value<'v>, Value<'v>)] {
        &self.entries
    }

    /// The value of a key.
    pub fn get(&self, key: &Value<'_>) -> Option<&Value<'v>> {
        self.entries.get(self.position(key)?).map(|(_, v)| v)
    }

    fn position(&self, key: &Value<'_>) -> Option<usize> {
        if self.entries.len() < INDEX_FROM {
            return match key.as_str() {
                Some(text) => self.entries.iter().position(|(k, _)| k.as_str() == Some(text)),
                None => self.entries.iter().position(|(k, _)| k.equals(key)),
            };
        }
        self.index.get(&Key::of(key)?).copied()
    }

    /// Sets a key, in place when it is there.
    pub fn insert(&mut self, key: Value<'v>, value: Value<'v>) {
        match self.position(&key) {
            Some(at) => {
                if let Some(slot) = self.entries.get_mut(at) {
                    slot.1 = value;
                }
            }
            None => self.push(key, value),
        }
    }

    /// Removes a key.
    pub fn remove(&mut self, key: &Value<'_>) {
        if let Some(at) = self.position(key) {
            self.entries.remove(at);
            self.index = if self.entries.len() >= INDEX_FROM { self.indexed() } else { HashMap::new() };
        }
    }

    fn push(&mut self, key: Value<'v>, value: Value<'v>) {
        let at = self.entries.len();
        let indexed = Key::of(&key);
        self.entries.push((key, value));
        if at + 1 == INDEX_FROM {
            self.index = self.indexed();
        } else if let (true, Some(key)) = (at >= INDEX_FROM, indexed) {
            self.index.insert(key, at);
        }
    }

    fn indexed(&self) -> HashMap<Key, usize> {
        self.entries.iter().enumerate().filter_map(|(i, (k, _))| Some((Key::of(k)?, i))).collect()
    }
}

/// A member of a map or object by any key.
pub(crate) fn find<'v>(map: &Value<'v>, key: &Value<'_>) -> Option<Result<'v>> {
    match map {
        Value::Map(m) => m.get(key).map(|v| Ok(v.clone())),
        _ => map.member(key.as_str()?),
    }
}
