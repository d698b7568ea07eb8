//! Which part of an object before a change is the same part as one after it.
//!
//! Entry points: [`Keyed`] for items of lists, [`Pair`] for whether anything changed.

use std::cell::Cell;
use std::collections::HashMap;

use api::Value;

use super::Structural;

/// The items of an old list by their keys; empty for lists whose items have none.
pub(super) struct Keyed<'a> {
    schema: &'a Structural,
    items: HashMap<String, &'a Value>,
}

impl<'a> Keyed<'a> {
    pub(super) fn new(schema: &'a Structural, old: &'a [Value]) -> Self {
        let mut items = HashMap::new();
        if &*schema.list_type == "map" && &*schema.ty == "array" && !schema.list_keys.is_empty() {
            for item in old {
                if let Some(key) = key(schema, item) {
                    // The first of several counts.
                    items.entry(key).or_insert(item);
                }
            }
        }
        Self { schema, items }
    }

    /// The old item with the keys of a new one.
    pub(super) fn find(&self, item: &Value) -> Option<&'a Value> {
        if self.items.is_empty() { None } else { self.items.get(&key(self.schema, item)?).copied() }
    }
}

/// The keys of an item as one text; `None` unless all are there and plain.
fn key(schema: &Structural, item: &Value) -> Option<String> {
    let mut out = String::new();
    for name in &schema.list_keys {
        let value = item.get(name)?;
        if matches!(value, Value::Null | Value::Array(_) | Value::Object(_)) {
            return None;
        }
        out.push_str(&api::json::to_string(value));
        out.push('\0');
    }
    Some(out)
}

/// A part of an object after a change and the same part before it.
pub(super) struct Pair<'a> {
    schema: &'a Structural,
    new: &'a Value,
    old: &'a Value,
    same: Cell<Option<bool>>,
    keyed: std::cell::OnceCell<Keyed<'a>>,
}

impl<'a> Pair<'a> {
    pub(super) fn new(schema: &'a Structural, new: &'a Value, old: &'a Value) -> Self {
        Self { schema, new, old, same: Cell::new(None), keyed: std::cell::OnceCell::new() }
    }

    /// A member that is in both, if the schema knows it.
    pub(super) fn member(&self, name: &str) -> Option<Self> {
        let (new, old) = (self.new.get(name)?, self.old.get(name)?);
        let named = self.schema.properties.get(name);
        Some(Self::new(named.or(self.schema.additional.schema())?, new, old))
    }

    /// An item that was in the list before, known by its keys.
    pub(super) fn item(&self, i: usize) -> Option<Self> {
        let new = self.new.as_array()?.get(i)?;
        let keyed =
            self.keyed.get_or_init(|| Keyed::new(self.schema, self.old.as_array().unwrap_or_default()));
        Some(Self::new(self.schema.items.as_ref()?, new, keyed.find(new)?))
    }

    /// Whether nothing changed that the schema knows of; the order of items with keys does not matter.
    pub(super) fn same(&self) -> bool {
        if let Some(known) = self.same.get() {
            return known;
        }
        let same = match (self.new, self.old) {
            (Value::Array(new), Value::Array(old)) => new.len() == old.len() && self.same_items(new),
            (Value::Object(new), Value::Object(old)) => {
                new.len() == old.len()
                    && new.keys().all(|name| self.member(name).is_some_and(|pair| pair.same()))
            }
            (new, old) => new == old,
        };
        self.same.set(Some(same));
        same
    }

    fn same_items(&self, new: &[Value]) -> bool {
        if &*self.schema.list_type != "map" {
            return self.new == self.old;
        }
        (0..new.len()).all(|i| self.item(i).is_some_and(|pair| pair.same()))
    }
}
