//! What evaluating costs, to the unit as cel-go with Kubernetes' libraries counts it.
//!
//! Entry point: [`of_call`].  A unit is about one step of evaluation; a walk over ten characters is one.

use crate::library::{Cost, SingleCost};
use crate::value::Value;

/// What making values costs.
pub(crate) const LIST: u64 = 10;
pub(crate) const MAP: u64 = 30;
pub(crate) const STRUCT: u64 = 40;
/// A walk over a text, for each character.
pub(crate) const WALK: f64 = 0.1;
/// Applying a pattern, for each of its characters.
pub(crate) const PATTERN: f64 = 0.25;

/// A size times a factor, rounded up.
#[inline]
pub(crate) fn scaled(size: u64, factor: f64) -> u64 {
    (size as f64 * factor).ceil() as u64
}

fn size(args: &[Value<'_>], i: usize) -> u64 {
    args.get(i).map_or(1, Value::size)
}

/// The smaller of two sizes times a tenth, which is what comparing costs.
#[inline]
pub(crate) fn smaller(a: &Value<'_>, b: &Value<'_>) -> u64 {
    match (a, b) {
        (Value::Int(_) | Value::Bool(_) | Value::Uint(_) | Value::Double(_), b) => {
            scaled(b.size().min(1), WALK)
        }
        (a, b) => scaled(a.size().min(b.size()), WALK),
    }
}

/// Both sizes times a tenth, which is what joining costs.
pub(crate) fn both(a: &Value<'_>, b: &Value<'_>) -> u64 {
    scaled(a.size() + b.size(), WALK)
}

/// A pattern of some length on a text of some length.
pub(crate) fn pattern(text: u64, pattern: u64) -> u64 {
    ((1.0 + text as f64) * WALK).ceil() as u64 * scaled(pattern, PATTERN)
}

/// A selector of some length: its list, reading it, and about one requirement for each two characters.
pub(crate) fn selector(length: u64) -> u64 {
    LIST + scaled(length, WALK) + scaled(scaled(length, 0.5), (LIST + STRUCT) as f64)
}

/// What a call costs; `single` when the checker found one signature.
pub(crate) fn of_call(cost: Cost, single: bool, args: &[Value<'_>], result: Option<&Value<'_>>) -> u64 {
    match cost {
        Cost::Fixed(n) => n,
        Cost::None => 0,
        Cost::First(factor) => scaled(size(args, 0), factor),
        Cost::Walk => args.first().map_or(0, walk),
        Cost::Outcome(factor) => scaled(result.map_or(1, Value::size), factor),
        Cost::Regex => pattern(size(args, 0), size(args, 1)),
        Cost::Selector => selector(size(args, 1)),
        Cost::Contains { range, text } => contains(size(args, 0), size(args, 1), range, text && single),
        Cost::Validate => match args.first() {
            Some(Value::Ext(e)) => pattern(size(args, 1), e.pattern_size()),
            _ => 1,
        },
        Cost::Single(_) if !single => 1,
        Cost::Single(cost) => of_single(cost, args, result),
    }
}

fn contains(range_size: u64, other: u64, range: bool, text: bool) -> u64 {
    let compare = scaled(range_size * 2, WALK);
    let mask = if range { scaled(range_size, WALK) + 1 } else { 0 };
    compare + mask + if text { scaled(other, WALK) } else { 0 }
}

fn of_single(cost: SingleCost, args: &[Value<'_>], result: Option<&Value<'_>>) -> u64 {
    let (a, b) = (size(args, 0), size(args, 1));
    match cost {
        SingleCost::First => scaled(a, WALK),
        SingleCost::Search => b,
        SingleCost::Smaller => scaled(a.min(b), WALK),
        SingleCost::Both => scaled(a + b, WALK),
        SingleCost::Regex => pattern(a, b),
        SingleCost::Product => scaled(a, WALK) * scaled(b, WALK),
        SingleCost::Made => allocating(result.map_or(1, Value::size), 1.0),
        SingleCost::Range => match args.first() {
            Some(Value::Int(n)) => allocating(u64::try_from(*n).unwrap_or(0), 1.0),
            _ => allocating(1, 1.0),
        },
        SingleCost::Flattened => match args.get(1) {
            Some(Value::Int(depth)) => allocating(a, *depth as f64),
            _ => allocating(a, 1.0),
        },
        SingleCost::Sorted(i) => {
            let list = args.get(i);
            let first = list.and_then(|l| l.item(0)).and_then(Result::ok);
            let texts = first.is_some_and(|v| v.as_str().is_some() || matches!(v, Value::Bytes(_)));
            let size = size(args, i);
            allocating(size * size, if texts { 2.0 + WALK } else { 2.0 })
        }
        SingleCost::Sets(factor) => 1 + ((a * b) as f64 * factor) as u64,
    }
}

fn allocating(size: u64, factor: f64) -> u64 {
    // A negative depth makes it less, as upstream.
    ((size as f64 * factor) as i64).wrapping_add(1 + LIST as i64) as u64
}

/// A walk over a value and everything in it.
fn walk(value: &Value<'_>) -> u64 {
    if let Some(text) = value.as_str() {
        return (text.len() as f64 * WALK) as u64;
    }
    match value {
        Value::Bytes(b) => (b.len() as f64 * WALK) as u64,
        v if v.list_len().is_some() => v.items().unwrap_or_default().iter().map(walk).sum(),
        v if v.map_len().is_some() => {
            v.entries().unwrap_or_default().iter().map(|(k, v)| walk(k) + walk(v)).sum()
        }
        _ => 1,
    }
}
