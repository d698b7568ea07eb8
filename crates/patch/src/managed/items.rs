//! How the items of a list are told apart: the path element of each, and the items grouped by it.
//!
//! Entry points: [`element_of`], [`grouped`].

use api::Value;

use super::{
    element::Element,
    view::{Relation, TypeView},
};

/// The path element of an item of the list `list`.
///
/// # Errors
/// Says why the item cannot be told apart.
pub(super) fn element_of<V: TypeView>(
    list: V,
    item: V,
    relation: Relation,
    value: &Value,
) -> Result<Element, String> {
    match (relation, value) {
        (Relation::Atomic, _) => Err("invalid indexing of non-associative list".to_owned()),
        (Relation::Keyed, Value::Object(_)) => keyed(list, item, value),
        (Relation::Keyed, Value::Null) => {
            Err("associative list with keys may not have a null element".to_owned())
        }
        (Relation::Keyed, _) => Err("associative list with keys may not have non-map elements".to_owned()),
        (Relation::Set, Value::Object(_)) => {
            Err("associative list without keys has an element that's a map type".to_owned())
        }
        (Relation::Set, Value::Array(_)) => {
            Err("not supported: associative list with lists as elements".to_owned())
        }
        (Relation::Set, Value::Null) => {
            Err("associative list without keys has an element that's an explicit null".to_owned())
        }
        (Relation::Set, scalar) => Ok(Element::Item(scalar.clone())),
    }
}

fn keyed<V: TypeView>(list: V, item: V, value: &Value) -> Result<Element, String> {
    let mut members = Vec::with_capacity(2);
    let mut names = Vec::new();
    while let Some(name) = list.list_key(names.len()) {
        if let Some(value) = value.get(&name).cloned().or_else(|| item.key_default(&name)) {
            members.push((name.clone(), value));
        }
        names.push(name);
    }
    if members.is_empty() && !names.is_empty() {
        let names = names.iter().map(|n| api::field::go_quote(n)).collect::<Vec<_>>().join(" ");
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{names}] (and doesn't have default \
             values for any key fields)"
        ));
    }
    Ok(Element::key(members))
}

/// The items of a list by their element, in order of the elements; items of one element keep their order.
pub(super) fn grouped<V: TypeView>(
    list: V,
    item: V,
    relation: Relation,
    values: &[Value],
) -> Result<Vec<(Element, Vec<&Value>)>, String> {
    let mut items = Vec::with_capacity(values.len());
    for (i, value) in values.iter().enumerate() {
        items.push((
            element_of(list, item, relation, value).map_err(|e| format!("element {i}: {e}"))?,
            vec![value],
        ));
    }
    items.sort_by(|a, b| a.0.cmp(&b.0));
    items.dedup_by(|later, earlier| {
        let equal = later.0 == earlier.0;
        if equal {
            earlier.1.append(&mut later.1);
        }
        equal
    });
    Ok(items)
}
