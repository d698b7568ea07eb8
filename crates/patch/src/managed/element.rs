//! One step of a path into an object: a member, a list item told apart by its keys, by its value or by its place.
//!
//! Entry point: [`Element`], with its order, its text in paths (`.spec`, `[name="a"]`) and its text in `FieldsV1`
//! (`f:spec`, `k:{"name":"a"}`).

use std::{cmp::Ordering, fmt};

use api::{Map, Str, Value, field::go_quote, json};

use crate::go_text::go_text;

/// One step of a path.  Elements are ordered as upstream writes them: members, keyed items, items by value, indices.
#[derive(Clone, Debug)]
pub enum Element {
    /// A member of an object.
    Field(Str),
    /// The item of a list that has these members.  INVARIANT: sorted by name.
    Key(Box<[(Str, Value)]>),
    /// The item of a set.
    Item(Value),
    /// The item at a place; only read, never made.
    Index(i64),
}

impl Element {
    /// The member `name`.
    pub fn field(name: impl Into<Str>) -> Self {
        Self::Field(name.into())
    }

    /// The item with these keys, in any order.
    pub fn key(mut members: Vec<(Str, Value)>) -> Self {
        members.sort_by(|a, b| a.0.cmp(&b.0));
        Self::Key(members.into())
    }

    /// Its text as a member name of `FieldsV1`.
    pub fn to_fields_v1(&self) -> Str {
        match self {
            Self::Field(name) => {
                let mut out = Str::with_capacity(name.len() + 2);
                out.push_str("f:");
                out.push_str(name);
                out
            }
            Self::Key(members) => {
                let members: Map = members.iter().cloned().collect();
                format!("k:{}", json::to_string(&members.into())).into()
            }
            Self::Item(value) => format!("v:{}", json::to_string(value)).into(),
            Self::Index(at) => format!("i:{at}").into(),
        }
    }

    /// Reads a member name of `FieldsV1`; `None` for a type of element a later version may know.
    ///
    /// # Errors
    /// Says what is wrong with the name.
    pub fn from_fields_v1(text: &str) -> Result<Option<Self>, String> {
        let (tag, rest) = text.split_at_checked(2).ok_or("key must be 2 characters long:")?;
        if !tag.ends_with(':') {
            return Err(format!("missing colon: {text}"));
        }
        Ok(Some(match tag {
            "f:" => Self::Field(rest.into()),
            "v:" => Self::Item(number_as_float(parse(rest)?)),
            "k:" => match parse(rest)? {
                Value::Object(map) => Self::key(keys(map)),
                Value::Null => Self::Key(Box::default()),
                _ => return Err(format!("expected an object of keys: {text}")),
            },
            "i:" => Self::Index(rest.parse().map_err(|_| format!("invalid index: {text}"))?),
            _ => return Ok(None),
        }))
    }
}

fn parse(text: &str) -> Result<Value, String> {
    let parsed = codec::json::parse(text.as_bytes()).map_err(|e| e.to_string())?;
    match parsed.out_of_range {
        None => Ok(parsed.value),
        Some(number) => Err(format!("json: cannot unmarshal number {number} into Go value of type float64")),
    }
}

fn keys(map: Map) -> Vec<(Str, Value)> {
    map.into_iter().map(|(name, value)| (name, number_as_float(value))).collect()
}

/// Upstream reads every number of `FieldsV1` as a float, which shows in the paths of conflicts.
fn number_as_float(value: Value) -> Value {
    match value {
        Value::Int(i) => Value::Float(i as f64),
        other => other,
    }
}

impl Ord for Element {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.cmp(b),
            (Self::Key(a), Self::Key(b)) => compare_keys(a, b),
            (Self::Item(a), Self::Item(b)) => compare_values(a, b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl Element {
    fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Item(_) => 2,
            Self::Index(_) => 3,
        }
    }
}

impl PartialOrd for Element {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Element {}

fn compare_keys(a: &[(Str, Value)], b: &[(Str, Value)]) -> Ordering {
    let pairs = a.iter().zip(b).map(|((an, av), (bn, bv))| an.cmp(bn).then_with(|| compare_values(av, bv)));
    pairs.fold(Ordering::Equal, Ordering::then).then(a.len().cmp(&b.len()))
}

/// A total order of values: numbers by size, then strings, booleans, lists, objects, null.
fn compare_values(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            let number = |v: &Value| v.as_f64().unwrap_or(0.0);
            number(a).partial_cmp(&number(b)).unwrap_or(Ordering::Equal)
        }
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let items = a.iter().zip(b).map(|(a, b)| compare_values(a, b));
            items.fold(Ordering::Equal, Ordering::then).then(a.len().cmp(&b.len()))
        }
        (Value::Object(a), Value::Object(b)) => compare_keys(&sorted(a), &sorted(b)),
        _ => value_rank(a).cmp(&value_rank(b)),
    }
}

fn sorted(map: &Map) -> Vec<(Str, Value)> {
    let mut members: Vec<_> = map.iter().map(|(k, v)| (Str::from(k), v.clone())).collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    members
}

fn value_rank(value: &Value) -> u8 {
    match value {
        Value::Int(_) | Value::Float(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}

/// True when two values are equal; `1` and `1.0` are.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, v)| b.get(key).is_some_and(|w| same(v, w)))
        }
        (Value::Int(_), Value::Float(_)) | (Value::Float(_), Value::Int(_)) => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

/// As in the paths of conflicts: `.spec`, `[containerPort=80,protocol="TCP"]`, `[="a"]`, `[3]`.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(members) => {
                f.write_str("[")?;
                for (i, (name, value)) in members.iter().enumerate() {
                    let comma = if i > 0 { "," } else { "" };
                    write!(f, "{comma}{name}={}", show(value))?;
                }
                f.write_str("]")
            }
            Self::Item(value) => write!(f, "[={}]", show(value)),
            Self::Index(at) => write!(f, "[{at}]"),
        }
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(s) => go_quote(s),
        Value::Array(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(",")),
        Value::Object(map) => map.iter().map(|(k, v)| format!("{k}={}", show(v))).collect(),
        scalar => go_text(scalar),
    }
}
