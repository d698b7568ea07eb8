//! Lists and maps: Kubernetes' own functions, the list extensions, and how loops add to maps.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Cost, ONE, Row, SingleCost, add, any, int, items, row};
use crate::error::Error;
use crate::value::{self, MapValue, Result, Value, show};

/// One row for each type of item.
macro_rules! each {
    ($name:literal, $middle:literal, $same:literal, $cost:expr, $call:expr, $($ty:literal),*) => {
        &[$(row($name, concat!("list_", $ty, $middle, $ty), concat!("list(", $ty, ").(): ", $ty), $cost, $call)),*]
    };
}

macro_rules! each_to {
    ($name:literal, $suffix:literal, $result:literal, $cost:expr, $call:expr, $($ty:literal),*) => {
        &[$(row($name, concat!("list_", $ty, $suffix), concat!("list(", $ty, ").(): ", $result), $cost, $call)),*]
    };
}

pub(super) static IS_SORTED: &[Row] = each_to!(
    "isSorted",
    "_is_sorted_bool",
    "bool",
    Cost::Walk,
    is_sorted,
    "int",
    "uint",
    "double",
    "bool",
    "duration",
    "timestamp",
    "string",
    "bytes"
);
pub(super) static SUM: &[Row] = &[
    row("sum", "list_int_sum_int", "list(int).(): int", Cost::Walk, |a| sum(a, Value::Int(0))),
    row("sum", "list_uint_sum_uint", "list(uint).(): uint", Cost::Walk, |a| sum(a, Value::Uint(0))),
    row("sum", "list_double_sum_double", "list(double).(): double", Cost::Walk, |a| {
        sum(a, Value::Double(0.0))
    }),
    row("sum", "list_duration_sum_duration", "list(duration).(): duration", Cost::Walk, |a| {
        sum(a, Value::Duration(0))
    }),
];
pub(super) static MAX: &[Row] = each!(
    "max",
    "_max_",
    "",
    Cost::Walk,
    |a| extreme(a, "max", Ordering::Less),
    "int",
    "uint",
    "double",
    "bool",
    "duration",
    "timestamp",
    "string",
    "bytes"
);
pub(super) static MIN: &[Row] = each!(
    "min",
    "_min_",
    "",
    Cost::Walk,
    |a| extreme(a, "min", Ordering::Greater),
    "int",
    "uint",
    "double",
    "bool",
    "duration",
    "timestamp",
    "string",
    "bytes"
);

macro_rules! sorting {
    ($($ty:literal),*) => {
        &[$(
            row("sort", concat!("list_", $ty, "_sort"), concat!("list(", $ty, ").(): list(", $ty, ")"),
                Cost::Single(SingleCost::Sorted(0)), |a| { let all = items(a, 0)?; sort(all.clone(), &all) }),
            row("@sortByAssociatedKeys", concat!("list_", $ty, "_sortByAssociatedKeys"),
                concat!("list(T).(list(", $ty, ")): list(T)"),
                Cost::Single(SingleCost::Sorted(1)), |a| sort(items(a, 0)?, &items(a, 1)?)),
        )*]
    };
}

pub(super) static SORT: &[Row] =
    sorting!("int", "uint", "double", "bool", "duration", "google.protobuf.Timestamp", "string", "bytes");

const MADE: Cost = Cost::Single(SingleCost::Made);
const FLAT: Cost = Cost::Single(SingleCost::Flattened);

pub(super) static ROWS: &[Row] = &[
    row("indexOf", "list_a_index_of_int", "list(A).(A): int", Cost::Walk, index_of),
    row("lastIndexOf", "list_a_last_index_of_int", "list(A).(A): int", Cost::Walk, last_index_of),
    row("slice", "list_slice", "list(T).(int, int): list(T)", MADE, slice),
    row("flatten", "list_flatten", "list(list(T)).(): list(T)", FLAT, |a| {
        let mut out = Vec::new();
        flatten(&items(a, 0)?, 1, &mut out)?;
        Ok(Value::list(out))
    }),
    row("flatten", "list_flatten_int", "list(dyn).(int): list(dyn)", FLAT, flatten_to),
    row("lists.range", "lists_range", "(int): list(int)", Cost::Single(SingleCost::Range), range),
    row("reverse", "list_reverse", "list(T).(): list(T)", MADE, |a| {
        Ok(Value::list(items(a, 0)?.into_iter().rev().collect()))
    }),
    row("distinct", "list_distinct", "list(T).(): list(T)", Cost::Single(SingleCost::Sorted(0)), distinct),
    row("cel.@mapInsert", "@mapInsert_map_key_value", "(map(K, V), K, V): map(K, V)", ONE, |a| {
        let [map, key, value] = a else { return Err(Error::no_such_overload()) };
        let mut map = to_map(std::mem::take(map))?;
        insert(&mut map, std::mem::take(key), std::mem::take(value))?;
        Ok(Value::Map(map))
    }),
    row("cel.@mapInsert", "@mapInsert_map_map", "(map(K, V), map(K, V)): map(K, V)", ONE, |a| {
        let [map, more] = a else { return Err(Error::no_such_overload()) };
        let mut map = to_map(std::mem::take(map))?;
        for (key, value) in more.entries()? {
            insert(&mut map, key, value)?;
        }
        Ok(Value::Map(map))
    }),
];

fn to_map<'v>(value: Value<'v>) -> std::result::Result<Arc<MapValue<'v>>, Error> {
    if let Value::Map(map) = value {
        return Ok(map);
    }
    let mut map = MapValue::default();
    for (key, value) in value.entries()? {
        map.insert(key, value);
    }
    Ok(Arc::new(map))
}

fn insert<'v>(
    map: &mut Arc<MapValue<'v>>,
    key: Value<'v>,
    value: Value<'v>,
) -> std::result::Result<(), Error> {
    if map.get(&key).is_some() {
        return Err(Error::new(format!("insert failed: key {} already exists", show::bare(&key))));
    }
    Arc::make_mut(map).insert(key, value);
    Ok(())
}

fn is_sorted<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let mut before: Option<Value<'_>> = None;
    for item in items(args, 0)? {
        if let Some(before) = &before
            && value::compare(before, &item)? == Ordering::Greater
        {
            return Ok(Value::Bool(false));
        }
        before = Some(item);
    }
    Ok(Value::Bool(true))
}

/// The sum of the items, `zero` for none.
fn sum<'v>(args: &[Value<'v>], zero: Value<'v>) -> Result<'v> {
    let all = items(args, 0)?;
    all.into_iter().try_fold(zero, |total, item| match (&total, &item) {
        (Value::Int(_), Value::Int(_))
        | (Value::Uint(_), Value::Uint(_))
        | (Value::Double(_), Value::Double(_))
        | (Value::Duration(_), Value::Duration(_)) => add(total, item),
        _ => Err(Error::no_such_overload()),
    })
}

/// The item that no other exceeds in one direction.
fn extreme<'v>(args: &[Value<'v>], name: &str, replaced_when: Ordering) -> Result<'v> {
    let mut best: Option<Value<'v>> = None;
    for item in items(args, 0)? {
        best = match best {
            Some(b) if value::compare(&b, &item)? != replaced_when => Some(b),
            _ => Some(item),
        };
    }
    best.ok_or_else(|| Error::new(format!("{name} called on empty list")))
}

pub(super) fn index_of<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let wanted = any(args, 1)?;
    let at = items(args, 0)?.iter().position(|v| v.equals(wanted));
    Ok(Value::Int(at.map_or(-1, |i| i as i64)))
}

pub(super) fn last_index_of<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let wanted = any(args, 1)?;
    let at = items(args, 0)?.iter().rposition(|v| v.equals(wanted));
    Ok(Value::Int(at.map_or(-1, |i| i as i64)))
}

fn slice<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let (list, start, end) = (items(args, 0)?, int(args, 1)?, int(args, 2)?);
    let fault = |why: String| Error::new(format!("cannot slice({start}, {end}), {why}"));
    if start < 0 || end < 0 {
        return Err(fault("negative indexes not supported".to_owned()));
    }
    if start > end {
        return Err(fault("start index must be less than or equal to end index".to_owned()));
    }
    let part = list.get(start as usize..end as usize);
    part.map(|p| Value::list(p.to_vec())).ok_or_else(|| fault(format!("list is length {}", list.len())))
}

/// Puts the items of inner lists, `depth` levels down, into one.
fn flatten<'v>(list: &[Value<'v>], depth: i64, out: &mut Vec<Value<'v>>) -> std::result::Result<(), Error> {
    for item in list {
        if depth > 0 && item.list_len().is_some() {
            flatten(&item.items()?, depth - 1, out)?;
        } else {
            out.push(item.clone());
        }
    }
    Ok(())
}

fn flatten_to<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let depth = int(args, 1)?;
    if depth < 0 {
        return Err(Error::new("level must be non-negative"));
    }
    let mut out = Vec::new();
    flatten(&items(args, 0)?, depth, &mut out)?;
    Ok(Value::list(out))
}

/// How long a list `lists.range` makes; the limits of Kubernetes allow half as much.
const LONGEST_RANGE: i64 = 2_000_000;

fn range<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let end = int(args, 0)?;
    if end > LONGEST_RANGE {
        return Err(Error::of(crate::error::Cause::CostLimit));
    }
    Ok(Value::list((0..end).map(Value::Int).collect()))
}

fn distinct<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let mut out: Vec<Value<'v>> = Vec::new();
    for item in items(args, 0)? {
        if !out.iter().any(|o| item.equals(o)) {
            out.push(item);
        }
    }
    Ok(Value::list(out))
}

/// A list in the order of its keys.
fn sort<'v>(list: Vec<Value<'v>>, keys: &[Value<'v>]) -> Result<'v> {
    if list.len() != keys.len() {
        let message = format!(
            "@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got {} and {} \
             elements respectively",
            list.len(),
            keys.len()
        );
        return Err(Error::new(message));
    }
    if let Some(first) = keys.first() {
        value::compare(first, first).map_err(|_| Error::new("list elements must be comparable"))?;
        if keys.iter().any(|k| k.type_of() != first.type_of()) {
            return Err(Error::new("list elements must have the same type"));
        }
    }
    let mut order: Vec<(usize, Value<'v>)> = list.into_iter().enumerate().collect();
    order.sort_by(|(a, _), (b, _)| match (keys.get(*a), keys.get(*b)) {
        (Some(a), Some(b)) => value::compare(a, b).unwrap_or(Ordering::Equal),
        _ => Ordering::Equal,
    });
    Ok(Value::list(order.into_iter().map(|(_, v)| v).collect()))
}
