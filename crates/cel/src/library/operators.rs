//! Operators: logic, arithmetic with its overflows, comparison, indexing.

use std::cmp::Ordering;
use std::sync::Arc;

use api::time::Timestamp;

use super::{Cost, ONE, Row, SingleCost, any, row};
use crate::error::Error;
use crate::value::{self, Result, Value};

/// Evaluated by the evaluator itself, which need not look at all arguments.
fn special<'v>(_: &mut [Value<'v>]) -> Result<'v> {
    Err(Error::no_such_overload())
}

pub(super) static LOGIC: &[Row] = &[
    row("_?_:_", "conditional", "(bool, A, A): A", Cost::None, special),
    row("_&&_", "logical_and", "(bool, bool): bool", Cost::None, special),
    row("_||_", "logical_or", "(bool, bool): bool", Cost::None, special),
    row("!_", "logical_not", "(bool): bool", ONE, |a| Ok(Value::Bool(!super::boolean(a, 0)?))),
    row("@not_strictly_false", "not_strictly_false", "(bool): bool", ONE, special),
    row("_==_", "equals", "(A, A): bool", Cost::None, special),
    row("_!=_", "not_equals", "(A, A): bool", Cost::None, special),
];

const BOTH: Cost = Cost::Single(SingleCost::Both);

pub(super) static ARITHMETIC: &[Row] = &[
    row("_+_", "add_bytes", "(bytes, bytes): bytes", BOTH, plus),
    row("_+_", "add_double", "(double, double): double", ONE, plus),
    row("_+_", "add_duration_duration", "(duration, duration): duration", ONE, plus),
    row("_+_", "add_duration_timestamp", "(duration, timestamp): timestamp", ONE, plus),
    row("_+_", "add_timestamp_duration", "(timestamp, duration): timestamp", ONE, plus),
    row("_+_", "add_int64", "(int, int): int", ONE, plus),
    row("_+_", "add_list", "(list(A), list(A)): list(A)", ONE, plus),
    row("_+_", "add_string", "(string, string): string", BOTH, plus),
    row("_+_", "add_uint64", "(uint, uint): uint", ONE, plus),
    row("_/_", "divide_double", "(double, double): double", ONE, |a| two(a, Arithmetic::Divide)),
    row("_/_", "divide_int64", "(int, int): int", ONE, |a| two(a, Arithmetic::Divide)),
    row("_/_", "divide_uint64", "(uint, uint): uint", ONE, |a| two(a, Arithmetic::Divide)),
    row("_%_", "modulo_int64", "(int, int): int", ONE, |a| two(a, Arithmetic::Modulo)),
    row("_%_", "modulo_uint64", "(uint, uint): uint", ONE, |a| two(a, Arithmetic::Modulo)),
    row("_*_", "multiply_double", "(double, double): double", ONE, |a| two(a, Arithmetic::Multiply)),
    row("_*_", "multiply_int64", "(int, int): int", ONE, |a| two(a, Arithmetic::Multiply)),
    row("_*_", "multiply_uint64", "(uint, uint): uint", ONE, |a| two(a, Arithmetic::Multiply)),
    row("-_", "negate_double", "(double): double", ONE, |a| negate(any(a, 0)?)),
    row("-_", "negate_int64", "(int): int", ONE, |a| negate(any(a, 0)?)),
    row("_-_", "subtract_double", "(double, double): double", ONE, |a| two(a, Arithmetic::Subtract)),
    row("_-_", "subtract_duration_duration", "(duration, duration): duration", ONE, |a| {
        two(a, Arithmetic::Subtract)
    }),
    row("_-_", "subtract_int64", "(int, int): int", ONE, |a| two(a, Arithmetic::Subtract)),
    row("_-_", "subtract_timestamp_duration", "(timestamp, duration): timestamp", ONE, |a| {
        two(a, Arithmetic::Subtract)
    }),
    row("_-_", "subtract_timestamp_timestamp", "(timestamp, timestamp): duration", ONE, |a| {
        two(a, Arithmetic::Subtract)
    }),
    row("_-_", "subtract_uint64", "(uint, uint): uint", ONE, |a| two(a, Arithmetic::Subtract)),
];

/// The rows of one comparison; texts and bytes cost what the smaller of them does.
macro_rules! comparison {
    ($name:literal, $word:literal, $call:expr) => {
        [
            row($name, concat!($word, "_bool"), "(bool, bool): bool", ONE, $call),
            row($name, concat!($word, "_int64"), "(int, int): bool", ONE, $call),
            row($name, concat!($word, "_int64_double"), "(int, double): bool", ONE, $call),
            row($name, concat!($word, "_int64_uint64"), "(int, uint): bool", ONE, $call),
            row($name, concat!($word, "_uint64"), "(uint, uint): bool", ONE, $call),
            row($name, concat!($word, "_uint64_double"), "(uint, double): bool", ONE, $call),
            row($name, concat!($word, "_uint64_int64"), "(uint, int): bool", ONE, $call),
            row($name, concat!($word, "_double"), "(double, double): bool", ONE, $call),
            row($name, concat!($word, "_double_int64"), "(double, int): bool", ONE, $call),
            row($name, concat!($word, "_double_uint64"), "(double, uint): bool", ONE, $call),
            row(
                $name,
                concat!($word, "_string"),
                "(string, string): bool",
                Cost::Single(SingleCost::Smaller),
                $call,
            ),
            row(
                $name,
                concat!($word, "_bytes"),
                "(bytes, bytes): bool",
                Cost::Single(SingleCost::Smaller),
                $call,
            ),
            row($name, concat!($word, "_timestamp"), "(timestamp, timestamp): bool", ONE, $call),
            row($name, concat!($word, "_duration"), "(duration, duration): bool", ONE, $call),
        ]
    };
}

const COMPARISONS: [[Row; 14]; 4] = [
    comparison!("_<_", "less", |a| Comparison::Less.apply(any(a, 0)?, any(a, 1)?)),
    comparison!("_<=_", "less_equals", |a| Comparison::LessEquals.apply(any(a, 0)?, any(a, 1)?)),
    comparison!("_>_", "greater", |a| Comparison::Greater.apply(any(a, 0)?, any(a, 1)?)),
    comparison!("_>=_", "greater_equals", |a| Comparison::GreaterEquals.apply(any(a, 0)?, any(a, 1)?)),
];

static COMPARISON_ROWS: [[Row; 14]; 4] = COMPARISONS;
pub(super) static COMPARISON: &[Row] = COMPARISON_ROWS.as_flattened();

pub(super) static CONTAINERS: &[Row] = &[
    row("_[_]", "index_list", "(list(A), int): A", Cost::None, special),
    row("_[_]", "index_map", "(map(A, B), A): B", Cost::None, special),
    row("_[_]", "optional_list_index_int", "(optional(list(V)), int): optional(V)", Cost::None, special),
    row("_[_]", "optional_map_index_value", "(optional(map(K, V)), K): optional(V)", Cost::None, special),
    row("_[?_]", "list_optindex_optional_int", "(list(V), int): optional(V)", Cost::None, special),
    row(
        "_[?_]",
        "optional_list_optindex_optional_int",
        "(optional(list(V)), int): optional(V)",
        Cost::None,
        special,
    ),
    row("_[?_]", "map_optindex_optional_value", "(map(K, V), K): optional(V)", Cost::None, special),
    row(
        "_[?_]",
        "optional_map_optindex_optional_value",
        "(optional(map(K, V)), K): optional(V)",
        Cost::None,
        special,
    ),
    row("@in", "in_list", "(A, list(A)): bool", Cost::Single(SingleCost::Search), |a| {
        is_in(any(a, 0)?, any(a, 1)?)
    }),
    row("@in", "in_map", "(A, map(A, B)): bool", ONE, |a| is_in(any(a, 0)?, any(a, 1)?)),
    row("size", "size_bytes", "(bytes): int", ONE, size),
    row("size", "bytes_size", "bytes.(): int", ONE, size),
    row("size", "size_list", "(list(A)): int", ONE, size),
    row("size", "list_size", "list(A).(): int", ONE, size),
    row("size", "size_map", "(map(A, B)): int", ONE, size),
    row("size", "map_size", "map(A, B).(): int", ONE, size),
    row("size", "size_string", "(string): int", ONE, size),
    row("size", "string_size", "string.(): int", ONE, size),
];

fn size<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let value = any(args, 0)?;
    let sized = value.as_str().is_some()
        || matches!(value, Value::Bytes(_))
        || value.list_len().is_some()
        || value.map_len().is_some();
    if sized { Ok(Value::Int(value.size() as i64)) } else { Err(Error::no_such_overload()) }
}

/// Whether a value is an item of a list or a key of a map.
pub(super) fn is_in<'v>(value: &Value<'v>, container: &Value<'v>) -> Result<'v> {
    if let Some(len) = container.list_len() {
        for i in 0..len {
            if let Some(item) = container.item(i)
                && value.equals(&item?)
            {
                return Ok(Value::Bool(true));
            }
        }
        return Ok(Value::Bool(false));
    }
    if container.map_len().is_none() {
        return Err(Error::no_such_overload());
    }
    Ok(Value::Bool(value::find(container, value).is_some()))
}

/// The order operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    LessEquals,
    Greater,
    GreaterEquals,
}

impl Comparison {
    #[inline]
    pub(crate) fn apply<'v>(self, a: &Value<'v>, b: &Value<'v>) -> Result<'v> {
        let order = value::compare(a, b)?;
        Ok(Value::Bool(match self {
            Self::Less => order == Ordering::Less,
            Self::LessEquals => order != Ordering::Greater,
            Self::Greater => order == Ordering::Greater,
            Self::GreaterEquals => order != Ordering::Less,
        }))
    }
}

/// The operators on numbers, and `-` on instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

fn plus<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let [a, b] = args else { return Err(Error::no_such_overload()) };
    add(std::mem::take(a), std::mem::take(b))
}

fn two<'v>(args: &[Value<'v>], op: Arithmetic) -> Result<'v> {
    op.apply(any(args, 0)?, any(args, 1)?)
}

const INT: &str = "integer overflow";
const UINT: &str = "unsigned integer overflow";
const DURATION: &str = "duration overflow";

fn checked<'v, T>(value: Option<T>, make: fn(T) -> Value<'v>, overflow: &'static str) -> Result<'v> {
    value.map(make).ok_or_else(|| Error::new(overflow))
}

/// `a + b`; a list that nobody else holds is extended in place.
pub(crate) fn add<'v>(a: Value<'v>, b: Value<'v>) -> Result<'v> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => checked(a.checked_add(b), Value::Int, INT),
        (Value::Uint(a), Value::Uint(b)) => checked(a.checked_add(b), Value::Uint, UINT),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a + b)),
        (Value::Duration(a), Value::Duration(b)) => checked(a.checked_add(b), Value::Duration, INT),
        (Value::Timestamp(t), Value::Duration(d)) | (Value::Duration(d), Value::Timestamp(t)) => {
            shift(t, i128::from(d))
        }
        (Value::Bytes(a), Value::Bytes(b)) => Ok(Value::Bytes([&*a, &*b].concat().into())),
        (Value::List(mut a), b) => {
            match b {
                Value::List(b) => {
                    let more = Arc::try_unwrap(b).unwrap_or_else(|b| b.to_vec());
                    Arc::make_mut(&mut a).extend(more);
                }
                b => Arc::make_mut(&mut a).extend(b.items()?),
            }
            Ok(Value::List(a))
        }
        (a @ Value::Array(..), b) if b.list_len().is_some() => {
            if let Value::Array(_, Some(shape)) = &a
                && let Some(all) = shape.union(&a, &b)
            {
                return all.map(Value::list);
            }
            let mut all = a.items()?;
            all.extend(b.items()?);
            Ok(Value::list(all))
        }
        (a, b) => match (a.as_str(), b.as_str()) {
            (Some(a), Some(b)) => {
                super::room_for(a.len() + b.len())?;
                Ok(Value::text(&[a, b].concat()))
            }
            _ => Err(Error::no_such_overload()),
        },
    }
}

/// `-a`.
fn negate<'v>(a: &Value<'v>) -> Result<'v> {
    match a {
        Value::Int(a) => checked(a.checked_neg(), Value::Int, INT),
        Value::Double(a) => Ok(Value::Double(-a)),
        Value::Duration(a) => checked(a.checked_neg(), Value::Duration, INT),
        _ => Err(Error::no_such_overload()),
    }
}

impl Arithmetic {
    #[inline]
    pub(crate) fn apply<'v>(self, a: &Value<'v>, b: &Value<'v>) -> Result<'v> {
        match (a, b) {
            (Value::Int(a), Value::Int(b)) => self.ints(*a, *b),
            (Value::Uint(a), Value::Uint(b)) => self.uints(*a, *b),
            (Value::Double(a), Value::Double(b)) => self.doubles(*a, *b),
            _ if self == Self::Subtract => subtract_times(a, b),
            _ => Err(Error::no_such_overload()),
        }
    }

    fn ints<'v>(self, a: i64, b: i64) -> Result<'v> {
        let value = match self {
            Self::Subtract => a.checked_sub(b),
            Self::Multiply => a.checked_mul(b),
            Self::Divide if b == 0 => return Err(Error::new("division by zero")),
            Self::Divide => a.checked_div(b),
            Self::Modulo if b == 0 => return Err(Error::new("modulus by zero")),
            Self::Modulo => a.checked_rem(b),
        };
        checked(value, Value::Int, INT)
    }

    fn uints<'v>(self, a: u64, b: u64) -> Result<'v> {
        let value = match self {
            Self::Subtract => a.checked_sub(b),
            Self::Multiply => a.checked_mul(b),
            Self::Divide if b == 0 => return Err(Error::new("division by zero")),
            Self::Divide => a.checked_div(b),
            Self::Modulo if b == 0 => return Err(Error::new("modulus by zero")),
            Self::Modulo => a.checked_rem(b),
        };
        checked(value, Value::Uint, UINT)
    }

    fn doubles<'v>(self, a: f64, b: f64) -> Result<'v> {
        Ok(Value::Double(match self {
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Modulo => return Err(Error::no_such_overload()),
        }))
    }
}

fn subtract_times<'v>(a: &Value<'v>, b: &Value<'v>) -> Result<'v> {
    match (a, b) {
        (Value::Duration(a), Value::Duration(b)) => checked(a.checked_sub(*b), Value::Duration, INT),
        (Value::Timestamp(t), Value::Duration(d)) => shift(*t, -i128::from(*d)),
        (Value::Timestamp(a), Value::Timestamp(b)) => {
            checked(i64::try_from(nanos(*a) - nanos(*b)).ok(), Value::Duration, DURATION)
        }
        _ => Err(Error::no_such_overload()),
    }
}

fn nanos(t: Timestamp) -> i128 {
    i128::from(t.seconds()) * 1_000_000_000 + i128::from(t.nanos())
}

fn shift<'v>(t: Timestamp, by: i128) -> Result<'v> {
    let all = nanos(t) + by;
    let seconds = i64::try_from(all.div_euclid(1_000_000_000)).ok().filter(|s| super::time::in_range(*s));
    let seconds = seconds.ok_or_else(|| Error::new("timestamp overflow"))?;
    Ok(Value::Timestamp(Timestamp::new(seconds, all.rem_euclid(1_000_000_000) as u32)))
}
