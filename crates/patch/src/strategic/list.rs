//! Lists in a strategic merge patch: scalars are united, objects merged by key, and the order is that of the patch with
//! what only the server has in between.
//!
//! Entry points: [`merge_list`] for a list, [`merge_ordered`] for the lists an object's `$setElementOrder` names.

mod order;
mod sort;

use std::collections::HashSet;

use api::{ApiError, Map, Str, Value, json};
use schema::{PatchStrategy, Type};

use super::{
    DIRECTIVE, SET_ORDER, directive_target, drop_directives, lookup, merge_object, no_merge_key,
    unknown_directive, wrong_type,
};
use crate::{go_text::go_text, plain_error, rejected};
use order::{Order, id};

/// Merges the list `patch` into `doc`, or takes its items out of it when it `deletes`.
pub(super) fn merge_list(
    doc: Vec<Value>,
    patch: &mut Vec<Value>,
    item: Type,
    strategy: PatchStrategy,
    deletes: bool,
) -> Result<Vec<Value>, ApiError> {
    if !(strategy.merge || deletes) {
        return Ok(patch.clone());
    }
    if doc.is_empty() && patch.is_empty() {
        return Ok(doc);
    }
    let key = strategy.merge_key;
    if !holds_objects(&doc, patch)? {
        return match doc.iter().chain(&*patch).next() {
            Some(scalar) if !key.is_empty() && !deletes => Err(wrong_type(&Value::object(), scalar)),
            _ => Ok(merge_scalars(doc, patch, deletes)),
        };
    }
    if key.is_empty() {
        let kind = if matches!(item, Type::Map(_)) { "map" } else { "struct" };
        return Err(plain_error(format!("cannot merge lists without merge key for {kind}")));
    }
    let (doc, patch) = item_directives(doc, patch, key)?;
    let server_order = Order::of_objects(&doc, key)?;
    let patch_order = Order::of_objects(patch.iter().map(|v| &**v), key)?;
    let merged = merge_items(doc, patch, key, item)?;
    weave(merged, &patch_order, &server_order, Some(key))
}

fn merge_scalars(mut doc: Vec<Value>, patch: &[Value], deletes: bool) -> Vec<Value> {
    let patch_order = Order::of_scalars(patch);
    if deletes {
        doc.retain(|v| !patch_order.has(v));
        return doc;
    }
    let server_order = Order::of_scalars(&doc);
    let mut seen = HashSet::new();
    doc.extend(patch.iter().cloned());
    doc.retain(|v| seen.insert(json::to_string(v)));
    weave(doc, &patch_order, &server_order, None).unwrap_or_default()
}

/// Carries out `$patch` in items: the document's items without the deleted ones, and the patch without directives.
fn item_directives<'a>(
    mut doc: Vec<Value>,
    patch: &'a mut [Value],
    key: &str,
) -> Result<(Vec<Value>, Vec<&'a mut Value>), ApiError> {
    let mut deleted = HashSet::new();
    let mut replace = false;
    let mut rest = Vec::with_capacity(patch.len());
    for item in patch {
        match item.get(DIRECTIVE).map(Value::as_str) {
            None => rest.push(item),
            Some(Some("delete")) => {
                deleted.insert(id(item.get(key).ok_or_else(|| no_merge_key(item, key))?));
            }
            Some(Some("replace")) => replace = true,
            Some(Some("merge")) => {
                return Err(plain_error("merging lists cannot yet be specified in the patch"));
            }
            Some(_) => return Err(unknown_directive(item)),
        }
    }
    if replace {
        return Ok((rest.into_iter().map(|v| v.clone()).collect(), Vec::new()));
    }
    if !deleted.is_empty() {
        doc.retain(|item| item.get(key).is_none_or(|v| !deleted.contains(&id(v))));
    }
    Ok((doc, rest))
}

/// Merges each item of the patch into the item of the same key, or appends it.
fn merge_items(
    mut doc: Vec<Value>,
    patch: Vec<&mut Value>,
    key: &str,
    ty: Type,
) -> Result<Vec<Value>, ApiError> {
    let mut places = Order::of_keyed(&doc, key).0;
    for item in patch {
        let value = item.get(key).ok_or_else(|| no_merge_key(item, key))?;
        let at = *places.entry(id(value)).or_insert(doc.len());
        match (doc.get_mut(at), &mut *item) {
            (Some(old), Value::Object(change)) => {
                let members = std::mem::take(old.make_object());
                *old = Value::Object(merge_object(members, change, ty)?);
            }
            _ => doc.push(item.clone()),
        }
    }
    Ok(doc)
}

/// Carries out every `$setElementOrder/field` of a patch and takes it and the list it orders out of the patch.
pub(super) fn merge_ordered(doc: &mut Map, patch: &mut Map, ty: Type) -> Result<(), ApiError> {
    let directives: Vec<Str> = patch.keys().filter(|k| k.starts_with(SET_ORDER)).map(Into::into).collect();
    let mut done: HashSet<&str> = HashSet::new();
    for directive in &directives {
        let order = patch.get_mut(directive).map(Value::take).unwrap_or_default();
        let Value::Array(order) = order else { return Err(wrong_type(&Value::Array(Vec::new()), &order)) };
        let Some(Some(name)) = directive_target(directive, SET_ORDER) else { return Err(bad_order()) };
        done.insert(directive);
        if merge_in_order(doc, patch.get_mut(name), name, &order, ty)? {
            done.insert(name);
        }
    }
    if !done.is_empty() {
        patch.retain(|key, _| !done.contains(key));
    }
    Ok(())
}

/// Merges one list under the order a `$setElementOrder` gives; false when neither side has the list.
fn merge_in_order(
    doc: &mut Map,
    patch: Option<&mut Value>,
    name: &str,
    order: &[Value],
    ty: Type,
) -> Result<bool, ApiError> {
    for list in doc.get(name).into_iter().chain(patch.as_deref()) {
        if list.as_array().is_none() {
            return Err(wrong_type(&Value::Array(Vec::new()), list));
        }
    }
    let (strategy, item) = lookup::list(ty, name)?;
    let key = Some(strategy.merge_key).filter(|k| !k.is_empty());
    let mut none = Vec::new();
    let found_patch = patch.is_some();
    let changes = patch.and_then(Value::as_array_mut).unwrap_or(&mut none);
    check_order(changes, order, key)?;
    let old = doc.get_mut(name).and_then(Value::as_array_mut).map(std::mem::take);
    let found_doc = old.is_some();
    let old = old.unwrap_or_default();
    let objects = match (found_doc, found_patch) {
        (false, false) => return Ok(false),
        _ if old.is_empty() && changes.is_empty() => {
            return Err(plain_error("no elements in any of the given slices"));
        }
        _ => holds_objects(&old, changes)?,
    };
    let server_order =
        if objects { Order::after(&old, changes, key.unwrap_or("")) } else { Order::of_scalars(&old) };
    let first = old.first().cloned();
    let merged = match (found_doc, found_patch) {
        (true, true) => merge_list(old, changes, item, strategy, false)?,
        (true, false) => old,
        (false, _) => {
            changes.retain_mut(drop_directives);
            changes.clone()
        }
    };
    let key = checked_key(&merged, order, first.as_ref(), key, objects)?;
    let wanted = match key {
        Some(key) => Order::of_objects(order, key)?,
        None => Order::of_scalars(order),
    };
    doc.insert(name, Value::Array(weave(merged, &wanted, &server_order, key)?));
    Ok(true)
}

/// The key that tells the items of a list apart which is to be ordered, `None` for scalars.
fn checked_key<'k>(
    merged: &[Value],
    order: &[Value],
    first: Option<&Value>,
    key: Option<&'k str>,
    objects: bool,
) -> Result<Option<&'k str>, ApiError> {
    let nested = |v: &Value| matches!(v, Value::Object(_) | Value::Array(_));
    match (key, merged.first(), first) {
        // Without a key objects cannot be told apart; upstream panics on these.
        (None, ..) if order.iter().chain(merged).any(nested) => Err(bad_order()),
        (None, _, Some(item)) if objects => Err(no_merge_key(item, "")),
        (Some(_), Some(scalar), _) if !objects => Err(wrong_type(&Value::object(), scalar)),
        _ => Ok(key.filter(|_| objects)),
    }
}

fn bad_order() -> ApiError {
    ApiError::bad_request("invalid patch format of setElementOrder list")
}

/// Checks that the items of the patch stand in the order list, in the same order.
fn check_order(patch: &[Value], order: &[Value], key: Option<&str>) -> Result<(), ApiError> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let object = Value::object();
    if key.is_some()
        && let Some(other) = patch.iter().find(|v| v.as_object().is_none())
    {
        return Err(wrong_type(&object, other));
    }
    let deletes =
        |item: &Value| key.is_some() && item.get(DIRECTIVE).and_then(Value::as_str) == Some("delete");
    let mut items = patch.iter().filter(|item| !deletes(item)).peekable();
    let mut wanted = order.iter().peekable();
    while let (Some(item), Some(next)) = (items.peek(), wanted.peek()) {
        if item.get(DIRECTIVE).is_some() {
            items.next();
        } else {
            if same_place(item, next, key)? {
                items.next();
            }
            wanted.next();
        }
    }
    if items.peek().is_none() {
        return Ok(());
    }
    Err(plain_error(format!(
        "The order in patch list:\n{}\n doesn't match {SET_ORDER} list:\n{}\n",
        go_text(&Value::Array(patch.to_vec())),
        go_text(&Value::Array(order.to_vec()))
    )))
}

/// True when an item of the patch is the one an order list names.
fn same_place(item: &Value, named: &Value, key: Option<&str>) -> Result<bool, ApiError> {
    let Some(key) = key else { return Ok(item == named) };
    if named.as_object().is_none() {
        return Err(wrong_type(&Value::object(), named));
    }
    let left = item.get(key).ok_or_else(|| no_merge_key(item, key))?;
    Ok(left == named.get(key).ok_or_else(|| no_merge_key(named, key))?)
}

/// True when the items of both lists are objects, false when they are scalars.
fn holds_objects(a: &[Value], b: &[Value]) -> Result<bool, ApiError> {
    let mut items = a.iter().chain(b);
    let Some(first) = items.next() else { return Ok(false) };
    if first.as_array().is_some() {
        return Err(rejected());
    }
    let kind = std::mem::discriminant(first);
    if first.is_null() || items.any(|v| std::mem::discriminant(v) != kind) {
        let both = Value::Array(vec![Value::Array(a.to_vec()), Value::Array(b.to_vec())]);
        return Err(plain_error(format!("list element types are not identical: {}", go_text(&both))));
    }
    Ok(first.as_object().is_some())
}

/// Orders merged items: those the patch names as it orders them, the others as the server had them, each of these
/// before the first item of the patch that the server had after it.
fn weave(
    items: Vec<Value>,
    patch: &Order,
    server: &Order,
    key: Option<&str>,
) -> Result<Vec<Value>, ApiError> {
    let mut named = Vec::new();
    let mut others = Vec::new();
    for item in items {
        if let Some(key) = key {
            item.get(key).ok_or_else(|| no_merge_key(&item, key))?;
        }
        let there = server.place(&item, key);
        match patch.place(&item, key) {
            Some(at) => named.push((at, there, item)),
            None => others.push((there, item)),
        }
    }
    named.sort_by_key(|(at, ..)| *at);
    sort_by_place(&mut others);
    let mut woven = Vec::with_capacity(named.len() + others.len());
    let mut others = others.into_iter().peekable();
    for (_, there, item) in named {
        while let Some((_, other)) = others.next_if(|(before, _)| before.is_some() && *before < there) {
            woven.push(other);
        }
        woven.push(item);
    }
    woven.extend(others.map(|(_, other)| other));
    Ok(woven)
}

/// Sorts items by their places.  Items without one come from a patch whose `$setElementOrder` is empty; upstream's
/// comparison calls such an item smaller than any other, so that what comes out depends on its way of sorting.
fn sort_by_place(items: &mut [(Option<usize>, Value)]) {
    if items.iter().all(|(place, _)| place.is_some()) {
        return items.sort_by_key(|(place, _)| *place);
    }
    sort::stable(items, &|(a, _), (b, _)| a.is_none() || b.is_none() || a < b);
}
