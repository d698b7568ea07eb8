//! The set of fields an object mentions, and field sets brought in line with a schema.
//!
//! Entry points: [`field_set`], [`FieldSet::with_named_fields`], [`FieldSet::reconcile`].

use api::{Map, Value};

use super::{
    element::Element,
    items::grouped,
    set::{FieldSet, Node},
    view::{Atom, List, Object, Relation, TypeView},
};

/// The fields an object mentions: its leaves, the items of its lists, and the members no schema declares.
pub fn field_set<V: TypeView>(view: V, value: &Value) -> FieldSet {
    walk(view, value).1
}

/// Whether the value is a leaf itself, and the fields below it.
fn walk<V: TypeView>(view: V, value: &Value) -> (bool, FieldSet) {
    let atom = view.atom().deduce(Some(value));
    match (atom.map, atom.scalar, atom.list) {
        (Some(object), ..) => members(view, object, value),
        (None, Some(_), _) => (true, FieldSet::new()),
        (None, None, Some(list)) => items(view, list, value),
        (None, None, None) => (false, FieldSet::new()),
    }
}

fn members<V: TypeView>(view: V, object: Object<V>, value: &Value) -> (bool, FieldSet) {
    if object.atomic {
        return (true, FieldSet::new());
    }
    let Some(map) = value.as_object() else { return (false, FieldSet::new()) };
    let mut nodes = Vec::with_capacity(map.len());
    for (name, value) in map.iter() {
        let declared = view.field(name);
        let Some(ty) = declared.or(object.other) else { continue };
        let (leaf, children) = walk(ty, value);
        let empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
        let member = leaf || empty || declared.is_none();
        nodes.push(Node { element: Element::field(name), member, children });
    }
    (false, FieldSet::from_nodes(nodes))
}

fn items<V: TypeView>(view: V, list: List<V>, value: &Value) -> (bool, FieldSet) {
    if list.relation == Relation::Atomic {
        return (true, FieldSet::new());
    }
    let values = value.as_array().unwrap_or(&[]);
    let groups = grouped(view, list.item, list.relation, values).unwrap_or_default();
    let nodes = groups.into_iter().map(|(element, values)| {
        let children = match values.as_slice() {
            [one] => walk(list.item, one).1,
            _ => FieldSet::new(),
        };
        Node { element, member: true, children }
    });
    (false, FieldSet::from_nodes(nodes.collect()))
}

impl FieldSet {
    /// The set with every declared member it has fields below of, as upstream counts them when it removes fields.
    #[must_use]
    pub fn with_named_fields<V: TypeView>(mut self, view: V) -> Self {
        let atom = view.atom();
        self.retain_nodes(|node| {
            if node.children.is_empty() {
                return;
            }
            let below = match (&node.element, &atom) {
                (Element::Field(name), Atom { map: Some(object), .. }) => {
                    let declared = view.field(name);
                    node.member |= declared.is_some();
                    declared.or(object.other)
                }
                (Element::Key(_), Atom { list: Some(list), .. }) => Some(list.item),
                _ => None,
            };
            if let Some(below) = below {
                node.children = std::mem::take(&mut node.children).with_named_fields(below);
            }
        });
        self
    }

    /// Brings the set in line with a schema in which something has become one value since: the claims below it turn
    /// into a claim of the whole.
    pub fn reconcile<V: TypeView>(&mut self, view: V) {
        if is_deduced(view) {
            return;
        }
        let atom = view.atom();
        self.retain_nodes(|node| {
            let below = match (&atom.map, atom.scalar, &atom.list, &node.element) {
                _ if node.children.is_empty() => None,
                (Some(object), _, _, Element::Field(name)) => view.field(name).or(object.other),
                (Some(object), ..) => object.other,
                (None, None, Some(list), _) => Some(list.item),
                _ => None,
            };
            let Some(below) = below else { return };
            if is_one_value(below) {
                node.member = true;
                node.children = Self::new();
            } else {
                node.children.reconcile(below);
            }
        });
    }
}

fn is_deduced<V: TypeView>(view: V) -> bool {
    view.atom().map.is_some_and(|object| object.deduced)
}

fn is_one_value<V: TypeView>(view: V) -> bool {
    match view.atom() {
        Atom { map: Some(object), .. } => object.atomic && !object.deduced,
        Atom { scalar: None, list: Some(list), .. } => list.relation == Relation::Atomic,
        _ => false,
    }
}
