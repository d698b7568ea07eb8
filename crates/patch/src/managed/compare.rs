//! What changed between two objects, as sets of fields, found in one walk over both.
//!
//! Entry point: [`compare`].

use api::{Map, Value};

use super::{
    element::{Element, same},
    items::grouped,
    set::{FieldSet, Node},
    view::{Atom, List, Object, Relation, TypeView},
};

/// The fields in which a new object differs from an old one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Fields that are new or have another value.
    pub changed: FieldSet,
    /// Fields that are gone.
    pub removed: FieldSet,
}

impl Comparison {
    /// True when the objects are equal.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.removed.is_empty()
    }
}

/// Compares two objects of one type.
///
/// # Errors
/// Says which list has items that cannot be told apart, or which field the schema does not know.
pub fn compare<V: TypeView>(view: V, old: &Value, new: &Value) -> Result<Comparison, String> {
    let mut sides = Sides::default();
    walk(view, Some(old), Some(new), &mut sides)?;
    Ok(Comparison {
        changed: FieldSet::from_nodes(sides.changed),
        removed: FieldSet::from_nodes(sides.removed),
    })
}

/// What happened to a field itself, besides what happened below it.
#[derive(Clone, Copy, PartialEq)]
enum Own {
    Kept,
    Changed,
    Removed,
}

/// What happened below a field.
#[derive(Default)]
struct Sides {
    changed: Vec<Node>,
    removed: Vec<Node>,
}

impl Sides {
    /// Notes what happened to the child `element` and below it.
    fn add(&mut self, element: impl FnOnce() -> Element, own: Own, below: Sides) {
        let changed = own == Own::Changed || !below.changed.is_empty();
        let removed = own == Own::Removed || !below.removed.is_empty();
        if !changed && !removed {
            return;
        }
        let element = element();
        if removed {
            let children = FieldSet::from_nodes(below.removed);
            self.removed.push(Node { element: element.clone(), member: own == Own::Removed, children });
        }
        if changed {
            let children = FieldSet::from_nodes(below.changed);
            self.changed.push(Node { element, member: own == Own::Changed, children });
        }
    }
}

/// Compares the child `element` and notes the outcome in `sides`.
fn child<V: TypeView>(
    view: V,
    element: impl FnOnce() -> Element,
    old: Option<&Value>,
    new: Option<&Value>,
    sides: &mut Sides,
) -> Result<(), String> {
    let mut below = Sides::default();
    match walk(view, old, new, &mut below) {
        Ok(own) => sides.add(element, own, below),
        Err(text) => return Err(under(&element(), &text)),
    }
    Ok(())
}

/// An error's text with the step that leads to it.
fn under(element: &Element, text: &str) -> String {
    let glue = if text.starts_with(['.', '[']) { "" } else { ": " };
    format!("{element}{glue}{text}")
}

fn walk<V: TypeView>(
    view: V,
    old: Option<&Value>,
    new: Option<&Value>,
    sides: &mut Sides,
) -> Result<Own, String> {
    let atom = view.atom();
    let (old_atom, new_atom) = (atom.deduce(old), atom.deduce(new));
    match (old, new) {
        (_, None) => form(view, old_atom, old, new, sides),
        (None, _) => form(view, new_atom, old, new, sides),
        _ if old_atom.same_forms(&new_atom) => form(view, new_atom, old, new, sides),
        _ => {
            // The value took another form: both are walked, and the outcomes united.
            let mut other = Sides::default();
            let before = form(view, old_atom, old, new, sides)?;
            let after = form(view, new_atom, old, new, &mut other)?;
            unite(&mut sides.changed, other.changed);
            unite(&mut sides.removed, other.removed);
            Ok(if before == Own::Kept { after } else { before })
        }
    }
}

fn unite(nodes: &mut Vec<Node>, more: Vec<Node>) {
    if !more.is_empty() {
        let united = FieldSet::from_nodes(std::mem::take(nodes)).union(FieldSet::from_nodes(more));
        nodes.extend(united.into_nodes());
    }
}

fn form<V: TypeView>(
    view: V,
    atom: Atom<V>,
    old: Option<&Value>,
    new: Option<&Value>,
    sides: &mut Sides,
) -> Result<Own, String> {
    if let Some(object) = atom.map {
        objects(view, object, old, new, sides)
    } else if atom.scalar.is_some() {
        Ok(leaf(old, new))
    } else if let Some(list) = atom.list {
        lists(view, list, old, new, sides)
    } else {
        Err("schema error: invalid atom: inlined".to_owned())
    }
}

/// A field that is compared as one value.
fn leaf(old: Option<&Value>, new: Option<&Value>) -> Own {
    match (old, new) {
        (None, _) => Own::Changed,
        (_, None) => Own::Removed,
        (Some(old), Some(new)) if same(old, new) => Own::Kept,
        _ => Own::Changed,
    }
}

/// A field whose parts are compared: it changes itself only by coming and going.
fn branch(old: Option<&Value>, new: Option<&Value>) -> Own {
    match (old, new) {
        (None, _) => Own::Changed,
        (_, None) => Own::Removed,
        _ => Own::Kept,
    }
}

fn objects<V: TypeView>(
    view: V,
    object: Object<V>,
    old: Option<&Value>,
    new: Option<&Value>,
    sides: &mut Sides,
) -> Result<Own, String> {
    let (before, after) = (members(old), members(new));
    let empty = |map: Option<&Map>| map.is_none_or(Map::is_empty);
    // Nothing on both sides is one value, so that null and empty stay apart.
    if object.atomic || (empty(before) && empty(after)) {
        return Ok(leaf(old, new));
    }
    let known = |name: &str| {
        let unknown = || format!(".{name}: field not declared in schema");
        view.field(name).or(object.other).ok_or_else(unknown)
    };
    for (name, value) in before.into_iter().flat_map(Map::iter) {
        let changed = after.and_then(|map| map.get(name));
        child(known(name)?, || Element::field(name), Some(value), changed, sides)?;
    }
    for (name, value) in after.into_iter().flat_map(Map::iter) {
        if before.is_none_or(|map| !map.contains_key(name)) {
            child(known(name)?, || Element::field(name), None, Some(value), sides)?;
        }
    }
    Ok(branch(old, new))
}

fn members(value: Option<&Value>) -> Option<&Map> {
    value.and_then(Value::as_object)
}

fn lists<V: TypeView>(
    view: V,
    list: List<V>,
    old: Option<&Value>,
    new: Option<&Value>,
    sides: &mut Sides,
) -> Result<Own, String> {
    let (before, after) = (array(old), array(new));
    if list.relation == Relation::Atomic || (before.is_empty() && after.is_empty()) {
        return Ok(leaf(old, new));
    }
    if before.len() != after.len() || !before.iter().zip(after).all(|(a, b)| same(a, b)) {
        items_of(view, list, before, after, sides)?;
    }
    Ok(branch(old, new))
}

fn array(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).unwrap_or(&[])
}

fn items_of<V: TypeView>(
    view: V,
    list: List<V>,
    before: &[Value],
    after: &[Value],
    sides: &mut Sides,
) -> Result<(), String> {
    let mut before = grouped(view, list.item, list.relation, before)?.into_iter().peekable();
    let mut after = grouped(view, list.item, list.relation, after)?.into_iter().peekable();
    loop {
        let order = match (before.peek(), after.peek()) {
            (Some((a, _)), Some((b, _))) => a.cmp(b),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => return Ok(()),
        };
        let old = if order.is_le() { before.next() } else { None };
        let new = if order.is_ge() { after.next() } else { None };
        let (old_items, new_items) = (group(&old), group(&new));
        if let Some((element, _)) = old.as_ref().or(new.as_ref()) {
            same_element(list.item, element, old_items, new_items, sides)?;
        }
    }
}

fn group<'a>(group: &'a Option<(Element, Vec<&'a Value>)>) -> &'a [&'a Value] {
    group.as_ref().map_or(&[], |(_, values)| values)
}

/// Compares the items of one element.  Items that are not alone cannot be told apart and count as one value.
fn same_element<V: TypeView>(
    item: V,
    element: &Element,
    old: &[&Value],
    new: &[&Value],
    sides: &mut Sides,
) -> Result<(), String> {
    let name = || element.clone();
    match (old, new) {
        ([] | [_], [] | [_]) => child(item, name, old.first().copied(), new.first().copied(), sides),
        ([_, _, ..], [_, _, ..]) => {
            let equal = old.len() == new.len() && old.iter().zip(new).all(|(a, b)| same(a, b));
            sides.add(name, if equal { Own::Kept } else { Own::Changed }, Sides::default());
            Ok(())
        }
        (_, [] | [_]) => {
            if let [one] = new {
                child(item, name, None, Some(one), sides)?;
            }
            sides.add(name, Own::Removed, Sides::default());
            Ok(())
        }
        ([] | [_], _) => {
            if let [one] = old {
                child(item, name, Some(one), None, sides)?;
            }
            sides.add(name, Own::Changed, Sides::default());
            Ok(())
        }
    }
}
