//! Where items stand in a list.
//!
//! Entry point: [`Order`].

use std::collections::{HashMap, HashSet};

use api::{ApiError, Value, json};

use crate::strategic::{DIRECTIVE, no_merge_key, wrong_type};

/// The first position of each item in a list, by its merge key or by itself.
pub(super) struct Order(pub(super) HashMap<String, usize>);

impl Order {
    pub(super) fn of_scalars(items: &[Value]) -> Self {
        let mut places = HashMap::new();
        for (at, item) in items.iter().enumerate() {
            places.entry(id(item)).or_insert(at);
        }
        Self(places)
    }

    /// Items without the key have no position.
    pub(super) fn of_keyed(items: &[Value], key: &str) -> Self {
        let mut places = HashMap::new();
        for (at, item) in items.iter().enumerate() {
            if let Some(v) = item.get(key) {
                places.entry(id(v)).or_insert(at);
            }
        }
        Self(places)
    }

    /// The places that upstream's list has in memory after `patch` was merged into `doc`, for as many items as `doc` had:
    /// deleted items are closed up, what is new takes the places that this freed, and the last item stays visible in
    /// those that are still free.  Upstream orders by these rather than by those before.
    pub(super) fn after(doc: &[Value], patch: &[Value], key: &str) -> Self {
        let doc: Vec<Option<String>> = doc.iter().map(|item| item.get(key).map(id)).collect();
        let mut alive = vec![true; doc.len()];
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, name) in doc.iter().enumerate() {
            places.entry(name.as_deref().unwrap_or_default()).or_default().push(at);
        }
        let (deletes, changes): (Vec<&Value>, Vec<&Value>) =
            patch.iter().partition(|item| item.get(DIRECTIVE).and_then(Value::as_str) == Some("delete"));
        let (mut last, mut stale) = (doc.len(), Vec::new());
        for name in deletes.iter().filter_map(|item| item.get(key).map(id)) {
            for at in places.remove(name.as_str()).unwrap_or_default() {
                stale.push(last.checked_sub(1).and_then(|at| doc.get(at)).cloned().flatten());
                if let Some(alive) = alive.get_mut(at) {
                    *alive = false;
                }
                while last > 0 && alive.get(last - 1) == Some(&false) {
                    last -= 1;
                }
            }
        }
        let mut names: Vec<Option<String>> =
            doc.iter().zip(&alive).filter(|(_, alive)| **alive).map(|(name, _)| name.clone()).collect();
        let replaces = changes.iter().any(|item| item.get(DIRECTIVE).is_some());
        let fresh = changes.iter().filter_map(|item| item.get(key).map(id)).filter(|_| !replaces);
        let mut seen = HashSet::new();
        for name in fresh.filter(|name| !places.contains_key(name.as_str())) {
            if names.len() < doc.len() && seen.insert(name.clone()) {
                names.push(Some(name));
            }
        }
        let free = doc.len() - names.len();
        names.extend(stale.into_iter().take(free).rev());
        let mut first = HashMap::new();
        for (at, name) in names.into_iter().enumerate() {
            if let Some(name) = name {
                first.entry(name).or_insert(at);
            }
        }
        Self(first)
    }

    /// Every item must be an object with the key.
    pub(super) fn of_objects<'a>(
        items: impl IntoIterator<Item = &'a Value>,
        key: &str,
    ) -> Result<Self, ApiError> {
        let mut places = HashMap::new();
        for (at, item) in items.into_iter().enumerate() {
            if item.as_object().is_none() {
                return Err(wrong_type(&Value::object(), item));
            }
            places.entry(id(item.get(key).ok_or_else(|| no_merge_key(item, key))?)).or_insert(at);
        }
        Ok(Self(places))
    }

    pub(super) fn has(&self, item: &Value) -> bool {
        self.0.contains_key(&id(item))
    }

    pub(super) fn place(&self, item: &Value, key: Option<&str>) -> Option<usize> {
        let value = key.map_or(Some(item), |k| item.get(k))?;
        self.0.get(&id(value)).copied()
    }
}

/// What makes two keys equal: their type and value.
pub(super) fn id(value: &Value) -> String {
    json::to_string(value)
}
