//! The object tree every stage works on: JSON's data model with document order kept.
//!
//! Entry point: [`Value`].  Integers and floats stay apart as Kubernetes keeps them apart (int64 or float64), and
//! object members keep the order they were written in, because upstream reports problems in that order.

use crate::Map;

/// The string of a [`Value`] and the key of a [`Map`]; up to 24 bytes live inline.
pub type Str = compact_str::CompactString;

/// One JSON value.
///
/// Equality is JSON's: member order does not matter; `Int(1)` and `Float(1.0)` differ, because the schema walk decides
/// which of the two a field holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// JSON `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number written without fraction or exponent that fits 64 bits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    String(Str),
    /// A list.
    Array(Vec<Value>),
    /// An object.
    Object(Map),
}

static NULL: Value = Value::Null;

impl Value {
    /// An empty object.
    pub fn object() -> Self {
        Value::Object(Map::new())
    }

    /// The kind of value in JSON's words, as Go's decoder names it in errors.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::Float(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        }
    }

    /// True for `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(s) = self { Some(s) } else { None }
    }

    /// The value of an integer.
    pub fn as_i64(&self) -> Option<i64> {
        if let Value::Int(i) = self { Some(*i) } else { None }
    }

    /// The value of any number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Int(i) => Some(*i as f64),
            Value::Float(f) => Some(*f),
            _ => None,
        }
    }

    /// The value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(b) = self { Some(*b) } else { None }
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&Map> {
        if let Value::Object(m) = self { Some(m) } else { None }
    }

    /// The members of an object, to change.
    pub fn as_object_mut(&mut self) -> Option<&mut Map> {
        if let Value::Object(m) = self { Some(m) } else { None }
    }

    /// The items of a list.
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Value::Array(a) = self { Some(a) } else { None }
    }

    /// The items of a list, to change.
    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Value>> {
        if let Value::Array(a) = self { Some(a) } else { None }
    }

    /// The member `key` of an object; `None` for anything else.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_object().and_then(|m| m.get(key))
    }

    /// The member `key` of an object, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.as_object_mut().and_then(|m| m.get_mut(key))
    }

    /// What lies at the end of a path of object members, `Null` when a step is missing.
    ///
    /// ```
    /// # use sumun_api::{Value, object};
    /// let pod = object! { "spec" => object! { "nodeName" => "a" } };
    /// assert_eq!(pod.at(&["spec", "nodeName"]).as_str(), Some("a"));
    /// assert!(pod.at(&["spec", "none", "deeper"]).is_null());
    /// ```
    pub fn at(&self, path: &[&str]) -> &Value {
        path.iter().try_fold(self, |v, key| v.get(key)).unwrap_or(&NULL)
    }

    /// The string at the end of a path, `""` when it is missing or no string (Go's zero value).
    pub fn str_at(&self, path: &[&str]) -> &str {
        self.at(path).as_str().unwrap_or("")
    }

    /// The list at the end of a path, empty when it is missing or no list.
    pub fn array_at(&self, path: &[&str]) -> &[Value] {
        self.at(path).as_array().unwrap_or(&[])
    }

    /// The object at `path`, made (with every step before it) when missing or null; a step that holds something else
    /// is replaced.
    pub fn object_at_mut(&mut self, path: &[&str]) -> &mut Map {
        let mut here = self.make_object();
        for key in path {
            here = here.entry(key).make_object();
        }
        here
    }

    /// Sets the value at the end of a path, making the objects on the way.
    pub fn set_at(&mut self, path: &[&str], value: impl Into<Value>) {
        if let Some((last, parents)) = path.split_last() {
            self.object_at_mut(parents).insert(*last, value.into());
        } else {
            *self = value.into();
        }
    }

    /// Removes the value at the end of a path and returns it.
    pub fn remove_at(&mut self, path: &[&str]) -> Option<Value> {
        let (last, parents) = path.split_last()?;
        let parent = parents.iter().try_fold(self, |v, key| v.get_mut(key))?;
        parent.as_object_mut()?.remove(last)
    }

    /// This value as an object, replaced by an empty one when it is none.
    pub fn make_object(&mut self) -> &mut Map {
        if !matches!(self, Value::Object(_)) {
            *self = Value::object();
        }
        match self {
            Value::Object(m) => m,
            _ => unreachable!("just made an object"),
        }
    }

    /// Takes the value out and leaves `Null`.
    pub fn take(&mut self) -> Value {
        std::mem::take(self)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Value::Bool(b)
    }
}
impl From<i64> for Value {
    fn from(i: i64) -> Self {
        Value::Int(i)
    }
}
impl From<i32> for Value {
    fn from(i: i32) -> Self {
        Value::Int(i64::from(i))
    }
}
impl From<f64> for Value {
    fn from(f: f64) -> Self {
        Value::Float(f)
    }
}
impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Value::String(s.into())
    }
}
impl From<String> for Value {
    fn from(s: String) -> Self {
        Value::String(s.into())
    }
}
impl From<Str> for Value {
    fn from(s: Str) -> Self {
        Value::String(s)
    }
}
impl From<Map> for Value {
    fn from(m: Map) -> Self {
        Value::Object(m)
    }
}
impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(v: Vec<T>) -> Self {
        Value::Array(v.into_iter().map(Into::into).collect())
    }
}

/// Builds a [`Value::Object`]: `object! { "a" => 1, "b" => object! {} }`.
#[macro_export]
macro_rules! object {
    ($($key:expr => $value:expr),* $(,)?) => {{
        #[allow(unused_mut)]
        let mut map = $crate::Map::new();
        $(map.insert($key, $crate::Value::from($value));)*
        $crate::Value::Object(map)
    }};
}
