//! An applied configuration laid over a live object: the configuration's leaves win, nothing is removed.
//!
//! Entry point: [`merge`].

use std::collections::{BTreeMap, BTreeSet};

use api::{Map, Value};

use super::{
    element::Element,
    items::element_of,
    view::{Atom, List, Object, Relation, TypeView},
};

/// Lays `config` over `live`.  Lists take the configuration's order, what only the live list has stays in its place
/// between the items both have.
///
/// # Errors
/// Says which list has items that cannot be told apart, or double ones in the configuration.
pub(super) fn merge<V: TypeView>(view: V, live: &Value, config: &Value) -> Result<Value, String> {
    walk(view, Some(live), Some(config)).map(Option::unwrap_or_default)
}

/// The merged value, `None` for nothing at all.
fn walk<V: TypeView>(view: V, live: Option<&Value>, config: Option<&Value>) -> Result<Option<Value>, String> {
    let atom = view.atom();
    let (live_atom, config_atom) = (atom.deduce(live), atom.deduce(config));
    match (live, config) {
        (_, None) => form(view, live_atom, live, config),
        // When the value takes another form, the configuration's is what is left.
        _ => form(view, config_atom, live, config),
    }
}

fn form<V: TypeView>(
    view: V,
    atom: Atom<V>,
    live: Option<&Value>,
    config: Option<&Value>,
) -> Result<Option<Value>, String> {
    if let Some(object) = atom.map {
        objects(view, object, live, config)
    } else if atom.scalar.is_some() {
        Ok(leaf(live, config))
    } else if let Some(list) = atom.list {
        lists(view, list, live, config)
    } else {
        Err("schema error: invalid atom: inlined".to_owned())
    }
}

fn leaf(live: Option<&Value>, config: Option<&Value>) -> Option<Value> {
    config.or(live).cloned()
}

fn objects<V: TypeView>(
    view: V,
    object: Object<V>,
    live: Option<&Value>,
    config: Option<&Value>,
) -> Result<Option<Value>, String> {
    let (before, after) = (live.and_then(Value::as_object), config.and_then(Value::as_object));
    let empty = |map: Option<&Map>| map.is_none_or(Map::is_empty);
    if object.atomic || (empty(before) && empty(after)) {
        return Ok(leaf(live, config));
    }
    let mut out = Map::new();
    let mut put = |name: &str, old: Option<&Value>, new: Option<&Value>| {
        let unknown = || format!(".{name}: field not declared in schema");
        let ty = view.field(name).or(object.other).ok_or_else(unknown)?;
        if let Some(value) = walk(ty, old, new)? {
            out.insert(name, value);
        }
        Ok::<(), String>(())
    };
    for (name, value) in before.into_iter().flat_map(Map::iter) {
        put(name, Some(value), after.and_then(|map| map.get(name)))?;
    }
    for (name, value) in after.into_iter().flat_map(Map::iter) {
        if before.is_none_or(|map| !map.contains_key(name)) {
            put(name, None, Some(value))?;
        }
    }
    Ok((!out.is_empty()).then_some(Value::Object(out)))
}

fn lists<V: TypeView>(
    view: V,
    list: List<V>,
    live: Option<&Value>,
    config: Option<&Value>,
) -> Result<Option<Value>, String> {
    let items = |value: Option<&'_ Value>| value.and_then(Value::as_array).map_or(0, <[Value]>::len);
    if list.relation == Relation::Atomic || items(live) + items(config) == 0 {
        return Ok(leaf(live, config));
    }
    let before = Side::new(view, list, live, true)?;
    let after = Side::new(view, list, config, false)?;
    let merged = weave(list.item, &before, &after)?;
    Ok((!merged.is_empty()).then_some(Value::Array(merged)))
}

/// The items of one side of a list.
struct Side<'a> {
    items: Vec<(Element, &'a Value)>,
    /// The item of each element; null for one that stands more than once, because such items are not merged.
    by_element: BTreeMap<Element, &'a Value>,
}

static NULL: Value = Value::Null;

impl<'a> Side<'a> {
    fn new<V: TypeView>(
        view: V,
        list: List<V>,
        value: Option<&'a Value>,
        doubles: bool,
    ) -> Result<Self, String> {
        let mut side = Self { items: Vec::new(), by_element: BTreeMap::new() };
        for (i, value) in value.and_then(Value::as_array).unwrap_or(&[]).iter().enumerate() {
            let element = element_of(view, list.item, list.relation, value);
            let element = element.map_err(|text| format!("element {i}: {text}"))?;
            if side.by_element.insert(element.clone(), value).is_some() {
                if !doubles {
                    return Err(format!("duplicate entries for key {element}"));
                }
                side.by_element.insert(element.clone(), &NULL);
            }
            side.items.push((element, value));
        }
        Ok(side)
    }

    fn get(&self, element: &Element) -> Option<&'a Value> {
        self.by_element.get(element).copied()
    }
}

/// Merges two lists as upstream orders them: runs of items only the live list has are emitted as they come, items both
/// have when the configuration's turn comes.
fn weave<V: TypeView>(item: V, live: &Side, config: &Side) -> Result<Vec<Value>, String> {
    let mut out = Vec::with_capacity(live.items.len().max(config.items.len()));
    let mut emit = |old: Option<&Value>, new: Option<&Value>| {
        out.extend(walk(item, old, new)?);
        Ok::<(), String>(())
    };
    let mut done = BTreeSet::new();
    let mut shared = config.items.iter().map(|(element, _)| element).filter(|e| live.get(e).is_some());
    let mut next_shared = shared.next();
    let (mut lefts, mut rights) = (live.items.iter().peekable(), config.items.iter().peekable());
    loop {
        match (lefts.peek(), rights.peek()) {
            (None, None) => return Ok(out),
            (Some((left, _)), Some((right, value))) if left == right => {
                done.insert(left);
                emit(live.get(left), Some(value))?;
                next_shared = shared.next();
                lefts.next();
                rights.next();
                continue;
            }
            (Some((left, _)), Some(_))
                if config.get(left).is_some() && next_shared.is_some_and(|next| next != left) =>
            {
                // The configuration has it too, but at another place.
                lefts.next();
                continue;
            }
            _ => {}
        }
        if let Some((left, value)) = lefts.peek() {
            if config.get(left).is_none() {
                emit(Some(value), None)?;
                lefts.next();
                continue;
            }
            if done.contains(left) {
                lefts.next();
            }
        }
        if let Some((right, value)) = rights.next() {
            done.insert(right);
            emit(live.get(right), Some(value))?;
            if next_shared == Some(right) {
                next_shared = shared.next();
            }
        }
    }
}
