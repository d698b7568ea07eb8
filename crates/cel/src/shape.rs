//! How a schema wants JSON to be read: numbers that are always floating-point, texts that are instants, lists whose
//! order does not matter.
//!
//! Entry point: [`Shape`].  Where there is no shape, JSON is read as what it looks like.

use std::borrow::Cow;
use std::collections::HashMap;

use api::time::Timestamp;

use crate::ast::Name;
use crate::error::Error;
use crate::value::{self, Result, Value};

/// How to read a value and what is inside it.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// What it is.
    pub read: Read,
    /// Whether `null` is allowed.
    pub nullable: bool,
    /// The declared members of an object, by their names in the object.
    pub fields: HashMap<Name, Shape>,
    /// The items of a list, or the values of a map.
    pub items: Option<Box<Shape>>,
    /// What makes lists equal, and what `+` does to them.
    pub list: ListKind,
}

/// What a value of JSON stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Read {
    /// What it looks like.
    #[default]
    Plain,
    /// An object with declared members; others are not seen, and a member that is `null` is not there.
    Object,
    /// An object whose members are all alike.
    Map,
    /// A list.
    List,
    /// A text.
    String,
    /// A signed number.
    Int,
    /// A boolean.
    Bool,
    /// A signed number or a text.
    IntOrString,
    /// A floating-point number, even when it is written as an integer.
    Double,
    /// An instant (`format: date-time`).
    DateTime,
    /// A day (`format: date`).
    Date,
    /// A span of time (`format: duration`).
    Duration,
    /// Base64 (`format: byte`).
    Bytes,
}

/// What kind of list it is (`x-kubernetes-list-type`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ListKind {
    /// An ordinary list.
    #[default]
    Atomic,
    /// Without order, each item once.
    Set,
    /// Without order, items told apart by these members.
    Map(Vec<Name>),
}

impl Shape {
    /// The shape of a member that can be seen.
    #[inline]
    pub(crate) fn field(&self, name: &str) -> Option<&Shape> {
        match self.read {
            Read::Map => self.items.as_deref(),
            _ => self.fields.get(name),
        }
    }

    /// The shape of the items.
    pub(crate) fn items(&self) -> Option<&Shape> {
        self.items.as_deref()
    }

    /// A member of an object; a name that cannot be written in an expression may be escaped.
    pub(crate) fn member<'v>(&'v self, object: &'v api::Map, name: &str) -> Option<Result<'v>> {
        let plain;
        let name = match name.contains("__") && self.read != Read::Map && !self.fields.contains_key(name) {
            true => {
                plain = crate::escape::unescape(name)?;
                plain.as_str()
            }
            false => name,
        };
        let value = object.get(name)?;
        self.seen(name, value).map(|shape| shape.read(value))
    }

    /// The shape of a member that expressions see.
    fn seen(&self, name: &str, value: &api::Value) -> Option<&Shape> {
        self.field(name).filter(|_| !value.is_null() || self.read == Read::Map)
    }

    /// The members that expressions see, with the names they have there.
    pub(crate) fn members<'v>(
        &'v self,
        object: &'v api::Map,
    ) -> impl Iterator<Item = (Cow<'v, str>, Result<'v>)> + use<'v> {
        object.iter().filter_map(|(name, value)| {
            let shape = self.seen(name, value)?;
            let escaped = if self.read == Read::Map { None } else { escape_needed(name) };
            Some((escaped.map_or(Cow::Borrowed(name), Cow::Owned), shape.read(value)))
        })
    }

    /// Whether the members that expressions do not see are equal where both objects have them.
    pub(crate) fn unseen_equal(
        &self,
        mine: &api::Map,
        other: &Value<'_>,
    ) -> std::result::Result<bool, Error> {
        for (name, value) in mine.iter().filter(|(name, _)| self.field(name).is_none()) {
            let Value::Object(theirs, _) = other else { return Err(Error::no_such_overload()) };
            if theirs.get(name).is_some_and(|other| other != value) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads a value.
    #[inline]
    pub(crate) fn read<'v>(&'v self, json: &'v api::Value) -> Result<'v> {
        match (self.read, json) {
            (Read::String | Read::IntOrString, api::Value::String(s)) => Ok(Value::Str(s)),
            (Read::Int | Read::IntOrString, api::Value::Int(i)) => Ok(Value::Int(*i)),
            (Read::Object | Read::Map, api::Value::Object(m)) => Ok(Value::Object(m, Some(self))),
            (Read::List, api::Value::Array(a)) => Ok(Value::Array(a, Some(self))),
            (Read::Bool, api::Value::Bool(b)) => Ok(Value::Bool(*b)),
            (Read::Plain, json) => Ok(Value::json(json)),
            (_, json) => self.read_more(json),
        }
    }

    #[inline(never)]
    fn read_more<'v>(&'v self, json: &'v api::Value) -> Result<'v> {
        match (self.read, json) {
            (_, api::Value::Null) if self.nullable => Ok(Value::Null),
            (_, api::Value::Null) => Err(Error::new("invalid data, got null for schema with nullable=false")),
            (Read::Double, api::Value::Int(i)) => Ok(Value::Double(*i as f64)),
            (Read::Double, api::Value::Float(f)) => Ok(Value::Double(*f)),
            (Read::DateTime | Read::Date | Read::Duration | Read::Bytes, api::Value::String(s)) => {
                self.read.text(s)
            }
            _ => Err(self.read.mismatch(json)),
        }
    }

    /// Equality of lists without order; `None` for ordinary ones.
    pub(crate) fn equal_unordered(
        &self,
        a: &Value<'_>,
        b: &Value<'_>,
    ) -> Option<std::result::Result<bool, Error>> {
        if self.list == ListKind::Atomic {
            return None;
        }
        Some((|| {
            let mine = a.items()?;
            for item in b.items()? {
                let found = match &self.list {
                    ListKind::Map(keys) => mine.iter().find(|m| same_keys(keys, m, &item)),
                    _ => mine.iter().find(|m| m.equals(&item)),
                };
                match found {
                    Some(m) if value::equal(m, &item)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        })())
    }

    /// `a + b` of lists without order; `None` for ordinary ones.
    pub(crate) fn union<'v>(
        &self,
        a: &Value<'v>,
        b: &Value<'v>,
    ) -> Option<std::result::Result<Vec<Value<'v>>, Error>> {
        if self.list == ListKind::Atomic {
            return None;
        }
        Some((|| {
            let mut all = a.items()?;
            for item in b.items()? {
                let found = match &self.list {
                    ListKind::Map(keys) => all.iter_mut().find(|m| same_keys(keys, m, &item)),
                    _ => all.iter_mut().find(|m| m.equals(&item)),
                };
                match found {
                    Some(slot) => *slot = item,
                    None => all.push(item),
                }
            }
            Ok(all)
        })())
    }
}

fn same_keys(keys: &[Name], a: &Value<'_>, b: &Value<'_>) -> bool {
    keys.iter().all(|key| match (a.member(key), b.member(key)) {
        (Some(Ok(a)), Some(Ok(b))) => a.equals(&b),
        (None, None) => true,
        _ => false,
    })
}

impl Read {
    fn text(self, text: &str) -> Result<'_> {
        match self {
            Read::DateTime => Timestamp::parse(text)
                .map(Value::Timestamp)
                .map_err(|e| Error::new(format!("Invalid date-time formatted string {text}: {e}"))),
            Read::Date => Timestamp::parse(&format!("{text}T00:00:00Z"))
                .map(Value::Timestamp)
                .map_err(|e| Error::new(format!("Invalid date formatted string {text}: {e}"))),
            Read::Duration => api::time::duration::parse(text)
                .map(Value::Duration)
                .map_err(|e| Error::new(format!("Invalid duration {text}: {e}"))),
            Read::Bytes => crate::library::base64(text)
                .map(|b| Value::Bytes(b.into()))
                .ok_or_else(|| Error::new(format!("Invalid byte formatted string {text}: invalid base64"))),
            _ => Ok(Value::Str(text)),
        }
    }

    /// Data that is not what the schema says.
    #[cold]
    fn mismatch(self, json: &api::Value) -> Error {
        let wanted = match self {
            Read::Object | Read::Map => "a map for the provided schema with type=object",
            Read::List => "an array for the provided schema with type=array",
            Read::IntOrString => "XIntOrString value to be either a string or integer",
            Read::Int => "int",
            Read::Bool => "bool",
            Read::Double => "float",
            _ => "string",
        };
        let structure = matches!(self, Read::Object | Read::Map | Read::List | Read::IntOrString);
        let got = if structure { String::new() } else { format!(", got {}", go_type(json)) };
        Error::new(format!("invalid data, expected {wanted}{got}"))
    }
}

/// What Go's decoder makes of JSON.
fn go_type(json: &api::Value) -> &'static str {
    match json {
        api::Value::Null => "<nil>",
        api::Value::Bool(_) => "bool",
        api::Value::Int(_) => "int64",
        api::Value::Float(_) => "float64",
        api::Value::String(_) => "string",
        api::Value::Array(_) => "[]interface {}",
        api::Value::Object(_) => "map[string]interface {}",
    }
}

/// The escaped name, if it differs from the name.
fn escape_needed(name: &str) -> Option<String> {
    crate::escape::escape(name).filter(|escaped| escaped != name)
}
